//! Reads invitations: the link or file with which a client invites a worker to a contract.

use candor_diary::wire::InvitationFile;
use url::Url;

/// The longest invitation, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// The longest address and the longest code, in bytes.
const MAX_PART: usize = 2_000;

/// Where to enrol, with what, and who has to answer there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The back office's address.
    pub server: String,
    /// The code with which one device can be enrolled, once; 1 to 2,000 bytes.
    pub code: String,
    /// The fingerprint of the back office's key, 64 lowercase hex digits: nobody else is enrolled at.
    pub key: String,
}

/// Why a text is no invitation: what was expected, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// It is longer than any invitation.
    #[error("that is too long for an invitation")]
    TooLong,
    /// A file that holds something else.
    #[error("that file is not an invitation: ask the client for a new one")]
    NoInvitationFile,
    /// A file of a form that is not known here.
    #[error("that invitation needs a newer Candor: update Candor, then open it again")]
    Newer,
    /// Neither a link nor a file.
    #[error(
        "that is not an invitation: paste the whole link from the client (candor:… or https://…), or open the file"
    )]
    NoLink,
    /// A link to something else, or a part of one.
    #[error(
        "that link is not an invitation, or a part of it is missing: copy the whole link from the client again"
    )]
    PartMissing,
    /// It does not name the back office's key.
    #[error(
        "that invitation does not say which key the back office has, so it cannot be checked: ask the client for a new invitation"
    )]
    NoKey,
    /// What stands for the key is none.
    #[error(
        "the key in that invitation is damaged (it must be 64 hex digits): ask the client for the invitation again"
    )]
    BadKey,
    /// The address or the code is empty, too long, or holds control characters.
    #[error("the address or the code in that invitation is damaged: ask the client for the invitation again")]
    BadPart,
}

/// Reads a link (`candor:join?server=…&code=…&key=…` or `https://…/join#CODE.KEY`), or the text of an invitation file.
///
/// # Errors
/// If it is neither, or does not say whose key has to answer; says what was expected.
pub fn read(text: &str) -> Result<Invitation, InvitationError> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return Err(InvitationError::TooLong);
    }
    if text.starts_with('{') {
        let Ok(file) = serde_json::from_str::<InvitationFile>(text) else {
            return Err(InvitationError::NoInvitationFile);
        };
        if file.form != InvitationFile::FORM {
            return Err(InvitationError::Newer);
        }
        return whole(file.server, file.code, file.key);
    }
    let Ok(url) = Url::parse(text) else {
        return Err(InvitationError::NoLink);
    };
    let below = url.path().trim_end_matches('/').strip_suffix("/join");
    if let ("https" | "http", Some(prefix), Some(fragment)) =
        (url.scheme(), below, url.fragment().filter(|code| !code.is_empty()))
    {
        let (code, key) = match fragment.split_once('.') {
            Some((code, key)) => (code, Some(key.to_owned())),
            None => (fragment, None),
        };
        let server = url.origin().ascii_serialization() + prefix.trim_end_matches('/');
        return whole(server, code.to_owned(), key);
    }
    let value = |name: &str| {
        let mut values = url.query_pairs().filter(|(n, _)| n == name).map(|(_, v)| v.into_owned());
        // Said twice, it is not said which counts.
        values.next().filter(|_| values.next().is_none())
    };
    match (url.scheme(), url.path().trim_matches('/'), value("server"), value("code")) {
        ("candor", "join", Some(server), Some(code)) => whole(server, code, value("key")),
        _ => Err(InvitationError::PartMissing),
    }
}

/// Returns an invitation from its parts.
///
/// # Errors
/// If a part is missing or damaged.
pub fn whole(server: String, code: String, key: Option<String>) -> Result<Invitation, InvitationError> {
    let Some(key) = key else {
        return Err(InvitationError::NoKey);
    };
    let key = key.trim().to_ascii_lowercase();
    if key.len() != 64 || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(InvitationError::BadKey);
    }
    let bounded = |part: &str| !part.is_empty() && part.len() <= MAX_PART && !part.contains(char::is_control);
    if !bounded(&server) || !bounded(&code) {
        return Err(InvitationError::BadPart);
    }
    Ok(Invitation { server, code, key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_files_are_read_and_nonsense_gets_a_sentence() {
        let key = "5f".repeat(32);
        let wanted =
            Invitation { server: "https://diary.example".into(), code: "7QK2-9F4M".into(), key: key.clone() };
        let link = format!("candor:join?server=https%3A%2F%2Fdiary.example&code=7QK2-9F4M&key={key}");
        assert_eq!(read(&link).unwrap(), wanted);
        assert_eq!(read(&format!("https://diary.example/join#7QK2-9F4M.{key}")).unwrap(), wanted);
        let below =
            read(&format!("https://mara@diary.example:8443/a/candor/join/?x#7QK2-9F4M.{key}")).unwrap();
        assert_eq!(below.server, "https://diary.example:8443/a/candor", "a back office below a path");
        let file = format!(
            r#"{{"candor-invitation":1,"server":"https://diary.example","code":"7QK2-9F4M","key":"{key}"}}"#
        );
        assert_eq!(read(&file).unwrap(), wanted);
        for wrong in [
            "",
            "hello",
            "https://diary.example",
            "https://diary.example/rejoin#7QK2-9F4M",
            "candor:join?code=x",
            "{}",
            "{\"server\":1}",
            &format!("{link}&key={}", "0".repeat(64)),
            &link.replace(&key, "5f"),
            &link.replace("7QK2", "%1b[2J"),
        ] {
            assert!(read(wrong).unwrap_err().to_string().contains("invitation"), "{wrong}");
        }
    }

    #[test]
    fn an_invitation_that_names_no_key_is_refused_and_says_what_to_do() {
        for old in [
            "candor:join?server=https%3A%2F%2Fdiary.example&code=7QK2-9F4M",
            "https://diary.example/join#7QK2-9F4M",
            r#"{"candor-invitation":1,"server":"https://diary.example","code":"7QK2-9F4M"}"#,
        ] {
            let refused = read(old).unwrap_err().to_string();
            assert!(refused.contains("key") && refused.contains("new invitation"), "{refused}");
        }
    }
}
