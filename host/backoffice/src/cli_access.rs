//! The commands with which the operator sends away devices and sessions, and gives new passwords.

use anyhow::{Context, anyhow};
use clap::Subcommand;
use serde_json::json;

use crate::cli_shared::{DataFolderArg, open_folder, print_answer, read_password};
use crate::{passwords, secrets};

/// What is done with devices.
#[derive(Debug, Subcommand)]
pub enum DevicesCommand {
    /// List the devices with their contract, what they have delivered last, and what their attachments take.
    #[command(after_help = "Examples:\n  candor-backoffice devices list --data /var/lib/candor\n  \
        candor-backoffice devices list --data /var/lib/candor --contract invoice-service --json")]
    List {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// Only those of this contract.
        #[arg(long)]
        contract: Option<String>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Refuse a device from now on. What it delivered stays. A new code of its contract brings it back.
    #[command(after_help = "Example:\n  candor-backoffice devices revoke --data /var/lib/candor 5f21…\n\n\
        `devices list` has the ids.")]
    Revoke {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// The device's id.
        device: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What is done with sessions.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// List who is signed in, since when.
    #[command(
        after_help = "Example:\n  candor-backoffice sessions list --data /var/lib/candor --email mara@oduya.example"
    )]
    List {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// Only those of this account.
        #[arg(long)]
        email: Option<String>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// End one session, or all of an account.
    #[command(
        after_help = "Examples:\n  candor-backoffice sessions revoke --data /var/lib/candor 0123456789abcdef\n  \
        candor-backoffice sessions revoke --data /var/lib/candor --email mara@oduya.example"
    )]
    Revoke {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// The session, as `sessions list` calls it.
        #[arg(required_unless_present = "email", conflicts_with = "email")]
        session: Option<String>,
        /// All sessions of this account.
        #[arg(long)]
        email: Option<String>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What is done with accounts that are there.
#[derive(Debug, Subcommand)]
pub enum AccountsCommand {
    /// Give an account a new password, drawn here and printed, or read with --password-stdin. All its sessions end.
    #[command(
        after_help = "Examples:\n  candor-backoffice accounts reset-password --data /var/lib/candor mara@oduya.example\n  \
        echo 'a long password' | candor-backoffice accounts reset-password --data /var/lib/candor \\\n      \
        mara@oduya.example --password-stdin"
    )]
    ResetPassword {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// The address that the person signs in with.
        email: String,
        /// Read the password from standard input; its first line counts.
        #[arg(long)]
        password_stdin: bool,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

fn at(ms: u64) -> String {
    let wall = candor_diary::calendar::wall(ms, &jiff::tz::TimeZone::UTC);
    wall.map_or_else(|| ms.to_string(), |at| format!("{} UTC", at.strftime("%Y-%m-%d %H:%M")))
}

pub(crate) async fn run_devices(command: DevicesCommand) -> anyhow::Result<()> {
    match command {
        DevicesCommand::List { data, contract, json } => {
            let (_, store) = open_folder(&data).await?;
            let listed = store.list_devices(contract.as_deref()).await?;
            store.close().await;
            let line = |device: &crate::store::DeviceRow| {
                let state = match (device.revoked_at, device.last_parcel_at) {
                    (Some(when), _) => format!("revoked {}", at(when)),
                    (None, Some(when)) => format!("delivered {}", at(when)),
                    (None, None) => "delivered nothing yet".to_owned(),
                };
                let size = candor_diary::plain::size(device.attachment_bytes);
                format!("{}  {}  {}  {state}  {size}", device.device, device.contract, device.name)
            };
            let lines: Vec<String> = listed.iter().map(line).collect();
            let text = if lines.is_empty() { "No device is enrolled.".to_owned() } else { lines.join("\n") };
            print_answer(json, serde_json::to_value(&listed)?, &text)
        }
        DevicesCommand::Revoke { data, device, json } => {
            let (_, store) = open_folder(&data).await?;
            let revoked = store.revoke_device(&device).await?;
            store.close().await;
            if !revoked {
                return Err(anyhow!("there is no device {device}: `devices list` has their ids"));
            }
            let text = format!("{device} is refused from now on. A new code of its contract brings it back.");
            print_answer(json, json!({ "device": device, "revoked": true }), &text)
        }
    }
}

pub(crate) async fn run_sessions(command: SessionsCommand) -> anyhow::Result<()> {
    match command {
        SessionsCommand::List { data, email, json } => {
            let (_, store) = open_folder(&data).await?;
            let listed = store.list_sessions(email.as_deref()).await?;
            store.close().await;
            let lines: Vec<String> = listed
                .iter()
                .map(|s| format!("{}  {}  since {}, until {}", s.session, s.email, at(s.since), at(s.until)))
                .collect();
            let text = if lines.is_empty() { "Nobody is signed in.".to_owned() } else { lines.join("\n") };
            print_answer(json, serde_json::to_value(&listed)?, &text)
        }
        SessionsCommand::Revoke { data, session, email, json } => {
            let (_, store) = open_folder(&data).await?;
            let ended = match (&session, &email) {
                (_, Some(email)) => {
                    let account = store.account_by_email(email).await?;
                    let account = account.ok_or_else(|| anyhow!("nobody here has the address {email}"))?;
                    store.end_sessions(&account.id).await?
                }
                (Some(session), None) if store.end_named_session(session).await? => 1,
                _ => return Err(anyhow!("there is no such session: `sessions list` has them")),
            };
            store.close().await;
            print_answer(json, json!({ "ended": ended }), &format!("Ended {ended}."))
        }
    }
}

pub(crate) async fn run_accounts(command: AccountsCommand) -> anyhow::Result<()> {
    let AccountsCommand::ResetPassword { data, email, password_stdin, json } = command;
    let (_, store) = open_folder(&data).await?;
    let account = store.account_by_email(&email).await?;
    let account =
        account.ok_or_else(|| anyhow!("nobody here has the address {email}: use add-account first"))?;
    // As long as an enrolment code, and as easy to read out.
    let (password, drawn) =
        if password_stdin { (read_password()?, false) } else { (secrets::new_code()?, true) };
    let hash = passwords::hash_password(&password).context("--password-stdin")?;
    let ended = store.change_password(&account.id, &hash, None).await?;
    store.close().await;
    let mut text = format!("{email} has a new password. Sessions ended: {ended}.");
    if drawn {
        text =
            format!("{password}\n{text} Hand it on safely; its owner can change it on the page 'Account'.");
    }
    let value = json!({ "email": account.email, "password": drawn.then_some(password), "ended": ended });
    print_answer(json, value, &text)
}
