//! Which program a process runs.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Returns whether a process runs this very file.
pub(crate) fn is_run_by(program: &Path, process: u32) -> bool {
    let file = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino()));
    match (file(program), file(&PathBuf::from(format!("/proc/{process}/exe")))) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_by_the_file_that_it_runs() {
        let this = std::env::current_exe().unwrap();
        assert!(is_run_by(&this, std::process::id()));
        assert!(!is_run_by(Path::new("/bin/sh"), std::process::id()));
        assert!(!is_run_by(Path::new("/nowhere"), std::process::id()));
        assert!(!is_run_by(&this, u32::MAX));
    }
}
