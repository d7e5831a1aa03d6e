//! The program itself: help, completions, a reader that goes away, a home that is none.

use super::*;

#[test]
fn every_command_has_help_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    let help = |command: &str| {
        let arguments = if command.is_empty() { vec!["--help"] } else { vec![command, "--help"] };
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{command}");
        String::from_utf8(output.stdout).unwrap()
    };
    let all = help("");
    let commands: Vec<&str> = all
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    for wanted in [
        "status",
        "start",
        "stop",
        "pause",
        "memo",
        "label",
        "contract",
        "outbox",
        "forget",
        "doctor",
        "export",
        "terms",
        "notice",
        "accept",
        "join",
        "today",
        "picture",
        "rules",
        "preferences",
        "tray",
        "completions",
    ] {
        assert!(commands.contains(&wanted), "there is no {wanted}");
    }
    for command in commands {
        let text = help(command);
        assert!(text.contains("Examples:\n  candor"), "{command} has no examples:\n{text}");
    }
}

#[test]
fn completions_name_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = run(folder.path(), &["completions", shell]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("forget") && text.contains("segment-end"), "{shell}");
    }
}

#[test]
fn whoever_stops_reading_breaks_nothing() {
    let agent = Agent::new();
    let mut child =
        candor(agent.data()).arg("status").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_home_that_is_no_folder_is_said_and_not_called_a_broken_connection() {
    for command in ["status", "start"] {
        let mut candor = Command::new(env!("CARGO_BIN_EXE_candor"));
        candor.arg(command).env("HOME", "/dev/null").env_remove("XDG_DATA_HOME").stdin(Stdio::null());
        let output = candor.output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("/dev/null") && error.contains("--data"), "{error}");
        assert!(!error.contains("broke"), "{error}");
    }
}
