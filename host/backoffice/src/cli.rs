//! The command line. Every command but `serve` may run while the server does.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use candor_diary::plain;
use candor_diary::terms::Terms;
use clap::Parser;
use serde_json::json;

use crate::back_office::{BackOffice, OfficeSettings};
use crate::cli_access::{self, AccountsCommand, DevicesCommand, SessionsCommand};
use crate::cli_shared::{DataFolderArg, open_folder, open_or_make_folder, print_answer, read_password};
use crate::client::TrustedProxy;
use crate::invitation::{Invitation, OfficeAddress};
use crate::public_url::PublicUrl;
use crate::store::{NewAccount, OfficeStore, Role, TermsChange, UserAccount};
use crate::{erase, limits, parcel_list, passwords, serve, sweep, verify};

const EXAMPLES: &str = "\
Examples:
  candor-backoffice serve --data /var/lib/candor
  echo 'a long password' | candor-backoffice add-account --data /var/lib/candor --role client \\
      --name 'Fieldhouse Supply' --email lena@fieldhouse.example --password-stdin
  candor-backoffice add-contract --data /var/lib/candor --terms invoice-service.json \\
      --client lena@fieldhouse.example --worker mara@oduya.example
  candor-backoffice enrolment-code --data /var/lib/candor --contract invoice-service \\
      --server https://diary.example --file mara.candor
  candor-backoffice serve --data /var/lib/candor --public-url https://example.org/candor/ \\
      --trusted-proxy 127.0.0.1
  candor-backoffice devices list --data /var/lib/candor

CANDOR_LOG sets what is logged, such as `debug`.";

/// The client's server: terms, receipts, Work Diary.
#[derive(Debug, Parser)]
#[command(name = "candor-backoffice", version, about, after_help = EXAMPLES)]
pub enum OfficeCommand {
    /// Serve devices and people until Ctrl-C. Prints `listening on http://...` when it is ready.
    Serve {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// Address and port to listen on; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8750")]
        listen: SocketAddr,
        /// The address that people use, where a proxy stands in front, such as `https://diary.example` or
        /// `https://example.org/candor/`. The proxy may take such a path off or leave it: both are served.
        #[arg(long)]
        public_url: Option<PublicUrl>,
        /// A proxy in front of this back office, or a network of them, such as 127.0.0.1 or 10.0.0.0/8; can be given more
        /// than once. Its X-Forwarded-For or Forwarded is believed, so it must set one of them itself, and nobody else may
        /// come from that address. Without it, a proxy counts as one client.
        #[arg(long, value_name = "IP|CIDR")]
        trusted_proxy: Vec<TrustedProxy>,
        /// How much the pictures of one device may take, in MiB. Beyond it they wait on the device until more is allowed.
        #[arg(long, value_name = "MIB", default_value_t = limits::DEVICE_ATTACHMENT_MIB)]
        device_quota_mib: u64,
        /// How many parcels one device may deliver in a day. Beyond it they wait on the device.
        #[arg(long, value_name = "NUMBER", default_value_t = limits::DEVICE_PARCELS_A_DAY)]
        device_parcels_a_day: u32,
    },
    /// List devices, or send one away.
    #[command(subcommand)]
    Devices(DevicesCommand),
    /// List who is signed in, or sign somebody out.
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Give an account a new password.
    #[command(subcommand)]
    Accounts(AccountsCommand),
    /// Make the data folder, its database and the server's key. `serve` does the same.
    Init {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
    },
    /// Add a person who may sign in.
    AddAccount {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// Which side the person is on.
        #[arg(long)]
        role: Role,
        /// The name that the other side reads.
        #[arg(long)]
        name: String,
        /// The address to sign in with.
        #[arg(long)]
        email: String,
        /// The time zone in which the person reads times, such as Europe/Helsinki.
        #[arg(long, default_value = "UTC")]
        zone: String,
        /// Read the password from standard input; its first line counts.
        #[arg(long, required = true)]
        password_stdin: bool,
        /// Leave an account that has this address as it is, and succeed.
        #[arg(long)]
        if_missing: bool,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add a contract, or issue newer terms for one: a file of the same contract with a higher sequence.
    AddContract {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// The terms as JSON.
        #[arg(long)]
        terms: PathBuf,
        /// The client's address.
        #[arg(long)]
        client: String,
        /// The worker's address.
        #[arg(long)]
        worker: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Draw a code with which one device can be enrolled within an hour; with --server also a link to hand on.
    EnrolmentCode {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// The contract's id.
        #[arg(long)]
        contract: String,
        /// The address at which devices reach this back office, such as `https://diary.example`.
        #[arg(long, visible_alias = "public-url", value_name = "URL")]
        server: Option<OfficeAddress>,
        /// Write the invitation into this new file, such as `mara.candor`, which the tracker opens.
        #[arg(long, value_name = "OUT.candor", requires = "server")]
        file: Option<PathBuf>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check what is kept: each contract's ledger, its locked weeks and what devices signed, against the tables. Terms and
    /// decisions about typed-in time are not compared. Changes nothing; ends with 1 if something does not agree.
    #[command(after_help = "Examples:\n  candor-backoffice verify --data /var/lib/candor\n  \
        candor-backoffice verify --data /var/lib/candor --contract invoice-service --json")]
    Verify {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// Only this contract.
        #[arg(long)]
        contract: Option<String>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// List every parcel of a contract, with the place of its picture on this disk.
    Deliveries {
        /// Where everything is.
        #[command(flatten)]
        data: DataFolderArg,
        /// The contract's id.
        #[arg(long)]
        contract: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs a command to its end.
///
/// # Errors
/// What went wrong, in words that say what to do.
pub fn run(command: OfficeCommand) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run_async(command))
}

async fn run_async(command: OfficeCommand) -> anyhow::Result<()> {
    match command {
        OfficeCommand::Serve {
            data,
            listen,
            public_url,
            trusted_proxy,
            device_quota_mib,
            device_parcels_a_day,
        } => {
            let settings = OfficeSettings {
                public_url,
                trusted_proxies: trusted_proxy,
                device_attachment_bytes: device_quota_mib.saturating_mul(1024 * 1024),
                device_parcels_a_day,
            };
            run_server(&data, listen, settings).await
        }
        OfficeCommand::Devices(command) => cli_access::run_devices(command).await,
        OfficeCommand::Sessions(command) => cli_access::run_sessions(command).await,
        OfficeCommand::Accounts(command) => cli_access::run_accounts(command).await,
        OfficeCommand::Init { data } => {
            let (data, store) = open_or_make_folder(&data).await?;
            let key = data.server_key()?;
            let key = key.public();
            let text = format!(
                "Its key's fingerprint is {}. The server's key is {}.",
                key.fingerprint(),
                key.to_hex()
            );
            print_answer(false, json!({}), &text)?;
            store.close().await;
            Ok(())
        }
        OfficeCommand::AddAccount { data, role, name, email, zone, password_stdin: _, if_missing, json } => {
            add_account(&data, AccountArguments { role, name, email, zone, if_missing, json }).await
        }
        OfficeCommand::AddContract { data, terms, client, worker, json } => {
            add_contract(&data, &terms, &client, &worker, json).await
        }
        OfficeCommand::EnrolmentCode { data, contract, server, file, json } => {
            draw_invitation(&data, &contract, server, file.as_deref(), json).await
        }
        OfficeCommand::Verify { data, contract, json } => verify_all(&data, contract, json).await,
        OfficeCommand::Deliveries { data, contract, json } => list_deliveries(&data, &contract, json).await,
    }
}

async fn run_server(
    folder: &DataFolderArg,
    listen: SocketAddr,
    settings: OfficeSettings,
) -> anyhow::Result<()> {
    raise_open_files();
    let (data, store) = open_or_make_folder(folder).await?;
    let _alone = data.serve_alone()?;
    data.clear_incoming()?;
    data.make_picture_folders()?;
    erase::erase_pending(&store, &data).await?;
    let key = data.server_key()?;
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}: choose another with --listen"))?;
    let address = listener.local_addr()?;
    let stop = stop_asked()?;
    let office = BackOffice::new(store.clone(), data, key, settings);
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{address}").and_then(|()| out.flush())?;
    let sweeping = tokio::spawn(sweep::sweep_daily(office.clone()));
    let freezing = tokio::spawn(sweep::freeze_weeks(office.clone()));
    serve::serve(listener, office, stop).await;
    sweeping.abort();
    freezing.abort();
    store.close().await;
    Ok(())
}

/// Lets as many files be open as the system allows: each connection is one, and most systems set fewer than allowed.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let allowed = getrlimit(Resource::Nofile).maximum;
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: allowed, maximum: allowed }) {
        tracing::warn!("the number of open files stays as it is: {error}");
    }
}

/// Resolves at SIGINT or SIGTERM.
fn stop_asked() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}

struct AccountArguments {
    role: Role,
    name: String,
    email: String,
    zone: String,
    if_missing: bool,
    json: bool,
}

async fn add_account(folder: &DataFolderArg, asked: AccountArguments) -> anyhow::Result<()> {
    let AccountArguments { role, name, email, zone, if_missing, json } = asked;
    let (name, email) = (name.trim().to_owned(), email.trim().to_owned());
    if name.is_empty() || name.chars().count() > limits::NAME_CHARS || plain::unseen(&name).is_some() {
        bail!("--name: give a name of 1 to {} characters, all of which can be seen", limits::NAME_CHARS);
    }
    let at = email.find('@').unwrap_or(0);
    if at == 0
        || at + 1 == email.len()
        || email.len() > 254
        || email.chars().any(|c| c.is_whitespace() || plain::is_unseen(c))
    {
        bail!("--email: {email:?} is no address such as name@example.org");
    }
    if candor_diary::calendar::zone(&zone).is_none() {
        bail!("--zone: {zone:?} is no time zone; give one such as Europe/Helsinki or UTC");
    }
    let (_, store) = open_or_make_folder(folder).await?;
    let answer = |account: &UserAccount, added: bool| {
        let mut value = serde_json::to_value(account)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("added".to_owned(), json!(added));
        }
        let what = if added { "Added" } else { "Kept" };
        print_answer(
            json,
            value,
            &format!("{what} {}, {} ({}).", account.name, account.role.word(), account.email),
        )
    };
    if if_missing && let Some(there) = store.account_by_email(&email).await? {
        if there.role != role {
            bail!("{email} is here already, as a {}", there.role.word());
        }
        store.close().await;
        return answer(&there, false);
    }
    let password = passwords::hash_password(&read_password()?)?;
    let added = store.add_account(NewAccount { role, name, email: email.clone(), zone, password }).await?;
    store.close().await;
    let account = added
        .ok_or_else(|| anyhow!("{email} is here already; --if-missing leaves such an account as it is"))?;
    answer(&account, true)
}

async fn add_contract(
    folder: &DataFolderArg,
    file: &Path,
    client: &str,
    worker: &str,
    json: bool,
) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    let terms: Terms =
        serde_json::from_str(&text).with_context(|| format!("{} holds no terms", file.display()))?;
    terms.check().with_context(|| format!("{}", file.display()))?;
    let (_, store) = open_folder(folder).await?;
    let client = find_account(&store, client, Role::Client).await?;
    let worker = find_account(&store, worker, Role::Worker).await?;
    let change = store.issue_terms(&terms, &client, &worker).await?;
    store.close().await;
    let (id, sequence) = (&terms.contract, terms.sequence);
    let (word, text) = match change {
        TermsChange::New => ("added", format!("Added {id} with terms {sequence}.")),
        TermsChange::Newer => ("updated", format!("Terms {sequence} of {id} are in force.")),
        TermsChange::Same => ("kept", format!("Terms {sequence} of {id} are in force already.")),
        TermsChange::NotNewer { in_force } => bail!(
            "terms {in_force} of {id} are in force and say something else: raise the sequence to {} or higher",
            in_force.saturating_add(1)
        ),
        TermsChange::OtherPeople => {
            bail!("{id} is a contract of other people: use another id, or name its own client and worker")
        }
    };
    print_answer(json, json!({ "contract": id, "sequence": sequence, "change": word }), &text)
}

async fn find_account(store: &OfficeStore, email: &str, role: Role) -> anyhow::Result<UserAccount> {
    let account = store.account_by_email(email).await?;
    let account =
        account.ok_or_else(|| anyhow!("nobody here has the address {email}: use add-account first"))?;
    if account.role != role {
        bail!("{email} is a {}, not a {}", account.role.word(), role.word());
    }
    Ok(account)
}

async fn draw_invitation(
    folder: &DataFolderArg,
    contract: &str,
    server: Option<OfficeAddress>,
    file: Option<&Path>,
    json: bool,
) -> anyhow::Result<()> {
    let (data, store) = open_folder(folder).await?;
    let key = data.server_key()?.public();
    let drawn = store.draw_enrolment_code(contract).await?;
    store.close().await;
    let (code, expires_at) = drawn.ok_or_else(|| unknown_contract(contract))?;
    let invitation = server.map(|server| Invitation::new(server, &code, &key));
    if let (Some(invitation), Some(file)) = (&invitation, file) {
        invitation.write(file)?;
    }
    let mut text = format!("{code}\nIt enrols one device within {} minutes.", limits::CODE_MS / 60_000);
    text.push_str(&format!("\nThis back office's key has the fingerprint {}.", key.fingerprint()));
    match &invitation {
        Some(invitation) => text.push_str(&format!("\n{}", invitation.link())),
        None => text.push_str("\nFor a link to hand on, give this back office's address with --server."),
    }
    if let Some(file) = file {
        text.push_str(&format!("\nThe same is in {}, for the tracker to open.", file.display()));
    }
    let answer = json!({
        "contract": contract,
        "code": code,
        "expires_at": expires_at,
        "key": key.fingerprint(),
        "server": invitation.as_ref().map(Invitation::server),
        "link": invitation.as_ref().map(Invitation::link),
        "file": file.map(|file| file.display().to_string()),
    });
    print_answer(json, answer, &text)
}

async fn verify_all(folder: &DataFolderArg, contract: Option<String>, json: bool) -> anyhow::Result<()> {
    let (data, store) = open_folder(folder).await?;
    let key = data.server_key()?.public();
    let contracts = match contract {
        Some(contract) if store.contract(&contract).await?.is_none() => {
            bail!(
                "there is no contract {}: `deliveries` and the pages name those there are",
                plain::visible(&contract)
            )
        }
        Some(contract) => vec![contract],
        None => store.contract_ids().await?,
    };
    let mut checks = Vec::new();
    for contract in contracts {
        if !json {
            eprintln!("checking {contract}");
        }
        checks.push(verify::check_contract(&store, &key, &contract).await?);
    }
    store.close().await;
    let sound = checks.iter().all(|check| check.differences.is_empty());
    let mut lines = Vec::new();
    for check in &checks {
        lines.push(format!(
            "{}: {} entries ({} erased), {} parcels, {} details ({} purged), {} locked weeks: {}",
            check.contract,
            check.entries,
            check.erased_entries,
            check.parcels,
            check.details,
            check.purged_details,
            check.locked_weeks,
            if check.differences.is_empty() { "all agree" } else { "they do not agree" },
        ));
        lines.extend(check.differences.iter().map(|what| format!("  {}", plain::visible(what))));
        if check.more_differences > 0 {
            lines.push(format!("  and {} more", check.more_differences));
        }
    }
    if checks.is_empty() {
        lines.push("There is no contract yet.".to_owned());
    }
    print_answer(json, json!(checks), &lines.join("\n"))?;
    if !sound {
        bail!(
            "what is kept does not agree with the ledger: put a backup back, or ask who had access to the data folder"
        );
    }
    Ok(())
}

async fn list_deliveries(folder: &DataFolderArg, contract: &str, json: bool) -> anyhow::Result<()> {
    let (data, store) = open_folder(folder).await?;
    if store.contract(contract).await?.is_none() {
        return Err(unknown_contract(contract));
    }
    let listed = parcel_list::list_parcels(&store, &data, contract).await?;
    store.close().await;
    let mut text = String::new();
    for parcel in &listed {
        let start = candor_diary::calendar::wall(parcel.start, &jiff::tz::TimeZone::UTC);
        let start =
            start.map_or_else(|| parcel.start.to_string(), |at| at.strftime("%Y-%m-%d %H:%M").to_string());
        let picture = match (&parcel.snapshot, parcel.no_snapshot_because) {
            (Some(snapshot), _) => snapshot.file.as_deref().unwrap_or("picture gone"),
            (None, Some(why)) => why,
            (None, None) if parcel.removed => "removed by worker",
            (None, None) if parcel.manual => "typed in",
            (None, None) => "no picture",
        };
        text.push_str(&format!(
            "{start} UTC  {}  active {}  {picture}\n",
            parcel.parcel, parcel.minutes_active
        ));
    }
    if listed.is_empty() {
        text.push_str("Nothing was delivered yet.\n");
    }
    print_answer(json, serde_json::to_value(&listed)?, text.trim_end())
}

fn unknown_contract(id: &str) -> anyhow::Error {
    anyhow!("there is no contract {id}: use add-contract first")
}
