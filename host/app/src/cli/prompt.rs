//! Questions to the person at the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, bail};
use candor_diary::plain;

/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 1_000;

/// Asks a question that is answered with `y` or nothing.
///
/// # Errors
/// If nobody can be asked; says which option goes without asking.
pub(super) fn confirm(question: &str, option: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask you: check what would be removed, then add {option}");
    }
    let answer = read_answer(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line of text.
///
/// # Errors
/// If nobody can be asked; says which option to use instead.
pub(super) fn ask_line(question: &str, option: &str) -> Result<String> {
    if !io::stdin().is_terminal() {
        bail!("no terminal: add {option}");
    }
    read_answer(question)
}

fn read_answer(question: &str) -> Result<String> {
    // The question is no part of the answer that a pipe may read.
    let mut err = io::stderr().lock();
    write!(err, "{}", plain::visible_lines(question))
        .and_then(|()| err.flush())
        .context("the question could not be shown")?;
    let mut answer = String::new();
    io::Read::take(io::stdin().lock(), MAX_ANSWER)
        .read_line(&mut answer)
        .context("the answer could not be read")?;
    Ok(answer.trim().to_owned())
}
