//! Prints a command's output, or its error as one sentence.

use std::process::ExitCode;

use candor_diary::plain;
use serde_json::json;

use super::context::CommandOutput;
use crate::terminal::{print, print_aside};

/// Prints a command's output, as text or as JSON.
pub(super) fn print_output(output: &CommandOutput, json: bool) -> ExitCode {
    let printed = if json {
        print(plain::escaped_json(&format!("{:#}\n", output.json)).as_bytes())
    } else {
        print(with_line_end(plain::visible_lines(&output.text).into_owned()).as_bytes())
    };
    match printed {
        Ok(()) if !output.found_problem => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Prints in one sentence what went wrong.
#[must_use]
pub fn print_error(error: &anyhow::Error, json: bool) -> ExitCode {
    let sentence = error_sentence(error);
    if json {
        // Nothing more can be done if nobody reads this.
        let _ = print(format!("{:#}\n", json!({ "error": sentence })).as_bytes());
    }
    print_aside(&format!("candor: {sentence}"));
    ExitCode::FAILURE
}

/// Returns the error and its causes as one sentence.
fn error_sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // The system's number for it says nothing to a person.
        let cause = match cause.split_once(" (os error ") {
            Some((words, rest)) => format!("{words}{}", rest.split_once(')').map_or("", |(_, rest)| rest)),
            None => cause,
        };
        // An error that says its source's words itself must not say them twice.
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    if !text.ends_with(['.', '?', '!']) {
        text.push('.');
    }
    // It holds what the agent, a server or the system said.
    plain::visible(&text).into_owned()
}

fn with_line_end(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_sentence_and_says_nothing_twice() {
        let error = anyhow::anyhow!("disk full").context("the file a could not be written (disk full)");
        assert_eq!(error_sentence(&error), "the file a could not be written (disk full).");
        let error = anyhow::anyhow!("disk full").context("the file a could not be written");
        assert_eq!(error_sentence(&error), "the file a could not be written: disk full.");
    }
}
