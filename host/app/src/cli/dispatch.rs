//! From a command to the function that carries it out.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use candor_protocol::{Client, QuitAgent, USUAL};

use super::args::CliCommand;
use super::context::{CommandContext, CommandOutput};
use super::report::{print_error, print_output};
use super::{contract, desktop, doctor, outbox, own_data, segments, settings, terms, time_input, tracking};
use crate::format;

/// Runs a command on the agent of a data folder, and prints its output. An agent that has to be started is the program
/// `agent`, or the one beside this program. An error is one sentence on the standard error, and the exit code 1.
#[must_use]
pub fn run(command: CliCommand, client: Client, agent: Option<&Path>, json: bool) -> ExitCode {
    let agent = agent.map(Path::to_path_buf);
    let context = CommandContext { client, agent, zone: format::local_zone(), now: time_input::now_ms() };
    match run_command(&context, command) {
        Ok(output) => print_output(&output, json),
        Err(error) => print_error(&error, json),
    }
}

fn run_command(context: &CommandContext, command: CliCommand) -> Result<CommandOutput> {
    match command {
        CliCommand::Status => tracking::show_status(context),
        CliCommand::Start { memo, no_sign } => tracking::start_tracking(context, memo, no_sign),
        CliCommand::Stop { at } => tracking::stop_tracking(context, at),
        CliCommand::Pause => tracking::pause_tracking(context),
        CliCommand::Memo { text, at } => tracking::handle_memo(context, text, at.as_deref()),
        CliCommand::Label { label, none, at } => tracking::handle_label(context, label, none, at.as_deref()),
        CliCommand::Idle { answer } => tracking::answer_idle_question(context, answer),
        CliCommand::Contract { command } => contract::handle_contract(context, command),
        CliCommand::Join { invitation, name } => contract::join_contract(context, &invitation, name),
        CliCommand::Notice { contract } => contract::show_notice(context, contract),
        CliCommand::Accept { contract, by, digest } => {
            contract::accept_notice(context, contract, by, digest.as_deref())
        }
        CliCommand::Terms { contract } => terms::show_terms(context, contract),
        CliCommand::Today { day } => segments::list_day(context, day.as_deref()),
        CliCommand::Picture { at, save, remove, undo, yes } => {
            segments::handle_picture(context, at.as_deref(), save.as_deref(), remove, undo, yes)
        }
        CliCommand::Notes(args) => segments::handle_notes(context, &args),
        CliCommand::Forget { span, yes } => segments::forget_span(context, &span, yes),
        CliCommand::Manual { from, to, reason, memo } => {
            segments::add_manual_time(context, &from, &to, memo, reason)
        }
        CliCommand::Outbox { command } => outbox::handle_outbox(context, command),
        CliCommand::Rules { command } => settings::handle_rules(context, command),
        CliCommand::Preferences { command } => settings::handle_preferences(context, command),
        CliCommand::Plugins => own_data::list_plugins(context),
        CliCommand::Doctor => doctor::run_doctor(context),
        CliCommand::Export { folder } => own_data::export_data(context, folder),
        CliCommand::Verify { ledger: None } => own_data::verify_journal(context),
        CliCommand::Verify { ledger: Some(file) } => own_data::verify_ledger(context, &file),
        CliCommand::Quit => {
            context.run_request(&QuitAgent, USUAL, "The agent ends. Nothing is recorded until it is started.")
        }
        // These are the program's own and do not get here.
        CliCommand::Desktop { remove } => desktop::set_menu_entry(context, remove),
        CliCommand::Tray { .. } | CliCommand::Window { .. } | CliCommand::Completions { .. } => {
            anyhow::bail!("this command is not for the agent")
        }
    }
}
