//! Contracts: which there are, taking part in one, and what is recorded in it.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use candor_diary::terms::Mode;
use candor_protocol::{
    AcceptNotice, Contract, GetNotice, ImportInvitation, LONG, NoticeAnswer, Status, SwitchContract, USUAL,
};
use serde_json::{Value, json};

use super::args::ContractCommand;
use super::context::{CommandContext, CommandOutput};
use super::prompt;
use crate::terminal::print_aside;

/// The longest invitation, in bytes.
const MAX_INVITATION: u64 = 64 << 10;

pub(super) fn handle_contract(
    context: &CommandContext,
    command: Option<ContractCommand>,
) -> Result<CommandOutput> {
    let status = context.client.status()?;
    match command {
        None | Some(ContractCommand::List) => Ok(contract_list(&status)),
        Some(ContractCommand::Use { contract }) => {
            let chosen = find_contract(&status.contracts, &contract)?;
            let done = format!("'{}' for {} is the current contract now.", chosen.title, chosen.client);
            context.run_request(&SwitchContract { contract: chosen.id.clone() }, USUAL, done)
        }
    }
}

fn contract_list(status: &Status) -> CommandOutput {
    let mut text = String::new();
    for contract in &status.contracts {
        let mark = if Some(contract.id.as_str()) == status.contract() { "*" } else { " " };
        let state = match (contract.accepted, contract.mode) {
            (false, _) => ", not accepted yet",
            (true, Mode::Monitoring) => ", monitoring",
            (true, Mode::Worklog) => "",
        };
        let _ = writeln!(
            text,
            "{mark} {}  {} · {}{state}, to {}",
            contract.id, contract.title, contract.client, contract.server
        );
    }
    if status.contracts.is_empty() {
        text.push_str("No contract yet. Join one with `candor join LINK`.\n");
    }
    CommandOutput::new(text, json!({ "current": status.contract(), "contracts": status.contracts }))
}

/// The contract that was meant: by its id or a beginning of it, or by its title.
fn find_contract<'a>(contracts: &'a [Contract], meant: &str) -> Result<&'a Contract> {
    if let Some(exact) = contracts.iter().find(|c| c.id == meant) {
        return Ok(exact);
    }
    let fits =
        |c: &&Contract| !meant.is_empty() && (c.id.starts_with(meant) || c.title.eq_ignore_ascii_case(meant));
    let mut fitting = contracts.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => bail!("there is no contract {meant:?}: `candor contract` lists them"),
        (Some(_), Some(_)) => bail!("more than one contract fits {meant:?}: name its whole id"),
    }
}

pub(super) fn join_contract(
    context: &CommandContext,
    invitation: &str,
    device_name: Option<String>,
) -> Result<CommandOutput> {
    let invitation = read_invitation(invitation)?;
    context.ensure_agent()?;
    let (joined, json) = context.ask(&ImportInvitation { invitation, device_name }, LONG)?;
    Ok(CommandOutput::new(
        format!(
            "You joined '{}' for {}. Nothing is recorded yet.\nRead what would be: `candor notice --contract \
             {id}`. To accept it: `candor accept --contract {id}`.",
            joined.title,
            joined.client,
            id = joined.id
        ),
        json,
    ))
}

/// The invitation itself: a link as it is, otherwise what is in the file.
fn read_invitation(given: &str) -> Result<String> {
    let link = ["candor:", "https://", "http://"].iter().any(|start| given.starts_with(start));
    if link {
        return Ok(given.to_owned());
    }
    let mut text = String::new();
    let read = if given == "-" {
        std::io::stdin().lock().take(MAX_INVITATION + 1).read_to_string(&mut text)
    } else {
        let path = Path::new(given);
        let file = std::fs::File::open(path).with_context(|| {
            format!("{given:?} is neither a link (candor:… or https://…) nor a file that can be read")
        })?;
        file.take(MAX_INVITATION + 1).read_to_string(&mut text)
    };
    read.with_context(|| format!("the invitation in {given:?} is not text: ask the client for it again"))?;
    if text.len() as u64 > MAX_INVITATION {
        bail!("{given:?} is too long for an invitation: ask the client for it again");
    }
    if text.trim().is_empty() {
        bail!("{given:?} is empty: ask the client for the invitation again");
    }
    Ok(text.trim().to_owned())
}

fn fetch_notice(context: &CommandContext, contract: Option<String>) -> Result<NoticeAnswer> {
    Ok(context.client.ask(&GetNotice { contract }, LONG)?)
}

pub(super) fn show_notice(context: &CommandContext, contract: Option<String>) -> Result<CommandOutput> {
    let notice = fetch_notice(context, contract)?;
    let state = if notice.accepted {
        "You have accepted this.".to_owned()
    } else {
        format!(
            "Not accepted: nothing is recorded. `candor accept --contract {}` accepts it.",
            notice.contract
        )
    };
    let text = format!("{}\n\n{state}\n", notice.text.trim_end());
    Ok(CommandOutput::new(text, serde_json::to_value(&notice)?))
}

pub(super) fn accept_notice(
    context: &CommandContext,
    contract: Option<String>,
    by: Option<String>,
    digest: Option<&str>,
) -> Result<CommandOutput> {
    let notice = fetch_notice(context, contract)?;
    if digest.is_some_and(|digest| digest != notice.digest) {
        bail!("what is recorded has changed since you read it: read `candor notice` again");
    }
    let by = match by {
        Some(by) => by,
        None => {
            print_aside(&format!("{}\n", notice.text.trim_end()));
            prompt::ask_line(
                "To accept, type your name. To decline, press Enter: ",
                "--by 'YOUR NAME' to accept what `candor notice` shows",
            )?
        }
    };
    if by.trim().is_empty() {
        bail!("not accepted: nothing is recorded");
    }
    let status = context.client.status()?;
    let accepted = status.contracts.iter().find(|c| c.id == notice.contract);
    let (title, client) = accepted.map_or(("", ""), |c| (c.title.as_str(), c.client.as_str()));
    let request =
        AcceptNotice { contract: notice.contract.clone(), digest: notice.digest, by: by.trim().to_owned() };
    context.client.ask(&request, LONG)?;
    let mut text = format!("Accepted for '{}' of {}.", title, client);
    match &status {
        // Whoever accepts a second contract must not think that the first one ended, or that this one began.
        Status { tracking: true, .. } if status.contract() != Some(notice.contract.as_str()) => text
            .push_str(&format!(
                " Tracking goes on for '{}'; `candor contract use {}` switches.",
                status.title(),
                notice.contract
            )),
        Status { tracking: true, .. } => {}
        _ => text.push_str(" Tracking begins when you run `candor start`."),
    }
    Ok(CommandOutput::new(text, Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(id: &str, title: &str) -> Contract {
        Contract {
            id: id.into(),
            title: title.into(),
            client: "Fieldhouse Supply".into(),
            mode: Mode::Worklog,
            accepted: true,
            server: "https://diary.example".into(),
            support: None,
            feedback: None,
        }
    }

    #[test]
    fn a_contract_is_meant_by_its_id_a_beginning_or_its_title() {
        let all = [contract("01a", "Invoice service"), contract("01ab", "Shop"), contract("02", "Shop")];
        for (meant, id) in [
            ("01a", "01a"),
            ("01ab", "01ab"),
            ("0", ""),
            ("02", "02"),
            ("invoice SERVICE", "01a"),
            ("shop", ""),
            ("", ""),
            ("9", ""),
        ] {
            assert_eq!(find_contract(&all, meant).map_or("", |c| &c.id), id, "{meant}");
        }
    }
}
