//! Where the agent keeps its data if nobody says otherwise.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The data folder by the XDG base directory specification: `$XDG_DATA_HOME/candor`, or `~/.local/share/candor`. A variable
/// that is empty or holds no absolute path counts as if it were not set. Returns none if there is no home folder.
#[must_use]
pub fn default_data() -> Option<PathBuf> {
    data_folder(std::env::var_os("XDG_DATA_HOME"), std::env::var_os("HOME"))
}

fn data_folder(xdg: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |named: Option<OsString>| named.map(PathBuf::from).filter(|path| path.is_absolute());
    let share = |home: PathBuf| home.join(Path::new(".local/share"));
    Some(absolute(xdg).or_else(|| absolute(home).map(share))?.join("candor"))
}

/// Why a path cannot stand in a desktop entry.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}: {why}", .path.display())]
pub struct NoExecArgument {
    /// The path that was to stand there.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: &'static str,
}

/// A path as an argument of an `Exec` line (Desktop Entry Specification 1.5, 'The Exec key'): quoted, field codes taken
/// away, and each backslash written twice, because the line is a string value before it is a command.
///
/// # Errors
/// [`NoExecArgument`] if the path is not UTF-8 or has a line break.
pub fn exec_argument(path: &Path) -> Result<String, NoExecArgument> {
    let cannot = |why| NoExecArgument { path: path.to_path_buf(), why };
    let text = path.to_str().ok_or_else(|| cannot("the name is not UTF-8"))?;
    if text.contains(['\n', '\r']) {
        return Err(cannot("a place with a line break in its name cannot be started from"));
    }
    let mut argument = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '`' | '$' | '\\' => argument.extend(['\\', letter]),
            '%' => argument.push_str("%%"),
            _ => argument.push(letter),
        }
    }
    argument.push('"');
    Ok(argument.replace('\\', "\\\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_relative_variable_never_means_the_folder_that_one_stands_in() {
        for (xdg, home, expected) in [
            (Some("/x"), Some("/home/m"), Some("/x/candor")),
            (None, Some("/home/m"), Some("/home/m/.local/share/candor")),
            (Some(""), Some("/home/m"), Some("/home/m/.local/share/candor")),
            (Some("data"), Some("/home/m"), Some("/home/m/.local/share/candor")),
            (None, Some(""), None),
            (Some(""), None, None),
        ] {
            let found = data_folder(xdg.map(OsString::from), home.map(OsString::from));
            assert_eq!(found, expected.map(PathBuf::from), "{xdg:?} {home:?}");
        }
    }
}
