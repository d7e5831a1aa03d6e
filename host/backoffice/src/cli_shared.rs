//! What several commands share: the data folder, passwords that are typed in, and how they answer.

use std::io::{Read, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use candor_diary::plain;

use crate::office_folder::OfficeFolder;
use crate::store::OfficeStore;

/// The folder in which everything is.
#[derive(Debug, clap::Args)]
pub struct DataFolderArg {
    /// The data folder. `serve`, `init` and `add-account` make it if it is missing.
    #[arg(long = "data", value_name = "FOLDER")]
    folder: PathBuf,
}

/// Opens a folder that a back office has: a command that only looks must not find an empty one sound.
pub(crate) async fn open_folder(folder: &DataFolderArg) -> anyhow::Result<(OfficeFolder, OfficeStore)> {
    let there = folder.folder.join(OfficeFolder::DATABASE);
    if !there.is_file() {
        bail!(
            "no back office is in {}: name its folder with --data, or make one with `candor-backoffice init`",
            folder.folder.display()
        );
    }
    open_or_make_folder(folder).await
}

/// Opens a folder; makes it and what belongs in it if it is missing.
pub(crate) async fn open_or_make_folder(
    folder: &DataFolderArg,
) -> anyhow::Result<(OfficeFolder, OfficeStore)> {
    let data = OfficeFolder::open(&folder.folder)?;
    let store = OfficeStore::open(&data.database())
        .await
        .with_context(|| format!("{}", data.database().display()))?;
    Ok((data, store))
}

/// Reads a password from standard input: its first line.
pub(crate) fn read_password() -> anyhow::Result<String> {
    let mut typed = String::new();
    std::io::stdin().take(4096).read_to_string(&mut typed).context("the password on standard input")?;
    Ok(typed.lines().next().unwrap_or_default().to_owned())
}

pub(crate) fn print_answer(json: bool, value: serde_json::Value, text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    if json {
        writeln!(out, "{value}")?
    } else {
        writeln!(out, "{}", plain::visible_lines(text))?
    }
    Ok(())
}
