//! Reads invitations: the link or file with which a client invites a worker to a contract.

use anyhow::{Result, bail};
use serde::Deserialize;
use url::Url;

/// The longest invitation, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Where to enrol, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The back office's address.
    pub server: String,
    /// The one-time code.
    pub code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "candor-invitation")]
    version: u32,
    server: String,
    code: String,
}

/// Reads a link (`candor:join?server=…&code=…` or `https://…/join#CODE`), the text of an invitation file, or the path of one.
///
/// # Errors
/// Where it is neither; says what was expected.
pub fn read(text: &str) -> Result<Invitation> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        bail!("that is too long for an invitation");
    }
    if text.starts_with('{') {
        let Ok(file) = serde_json::from_str::<File>(text) else {
            bail!("that file is no invitation: ask the client for a new one");
        };
        if file.version != 1 {
            bail!("that invitation is of a newer kind: this tracker has to be updated first");
        }
        return Ok(Invitation { server: file.server, code: file.code });
    }
    let Ok(url) = Url::parse(text) else {
        bail!("that is no invitation: paste the link that begins with candor:join, or take the file");
    };
    if let ("https" | "http", "join", Some(code)) =
        (url.scheme(), url.path().trim_matches('/'), url.fragment().filter(|code| !code.is_empty()))
    {
        return Ok(Invitation { server: url.origin().ascii_serialization(), code: code.to_owned() });
    }
    let value = |name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
    match (url.scheme(), url.path().trim_matches('/'), value("server"), value("code")) {
        ("candor", "join", Some(server), Some(code)) => Ok(Invitation { server, code }),
        _ => bail!("that link is no invitation: it has to begin with candor:join and hold server and code"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_files_are_read_and_nonsense_gets_a_sentence() {
        let wanted = Invitation { server: "https://diary.example".into(), code: "7QK2-9F4M".into() };
        let link = "candor:join?server=https%3A%2F%2Fdiary.example&code=7QK2-9F4M";
        assert_eq!(read(link).unwrap(), wanted);
        assert_eq!(read("https://diary.example/join#7QK2-9F4M").unwrap(), wanted);
        let file = r#"{"candor-invitation":1,"server":"https://diary.example","code":"7QK2-9F4M"}"#;
        assert_eq!(read(file).unwrap(), wanted);
        for wrong in ["", "hello", "https://diary.example", "candor:join?code=x", "{}", "{\"server\":1}"] {
            assert!(read(wrong).unwrap_err().to_string().contains("invitation"), "{wrong}");
        }
    }
}
