//! Where the agent keeps its data where nobody says otherwise.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The data folder by the XDG base directory specification: `$XDG_DATA_HOME/candor`, or `~/.local/share/candor`. A variable
/// that is empty or holds no absolute path counts as if it were not set. None where there is no home folder.
#[must_use]
pub fn default_data() -> Option<PathBuf> {
    data_folder(std::env::var_os("XDG_DATA_HOME"), std::env::var_os("HOME"))
}

fn data_folder(xdg: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |named: Option<OsString>| named.map(PathBuf::from).filter(|path| path.is_absolute());
    let share = |home: PathBuf| home.join(Path::new(".local/share"));
    Some(absolute(xdg).or_else(|| absolute(home).map(share))?.join("candor"))
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
