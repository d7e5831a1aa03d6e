//! The one way to the terminal. What comes from outside must not reach it as it is.

use std::io::{self, Write as _};

use candor_diary::plain;

/// Prints text to the standard output, whole. That nobody reads any more (`candor today | head`) is no error.
///
/// # Errors
/// If the standard output does not take it.
pub fn print(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Prints a message to the standard error, beside a command's output. Invisible characters in it are made visible.
pub fn print_aside(text: &str) {
    // Nothing more can be done if nobody reads this.
    let _ = writeln!(io::stderr().lock(), "{}", plain::visible_lines(text));
}
