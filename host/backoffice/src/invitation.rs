//! What a client hands to a worker so that a device can take part: the server's address, a code and the fingerprint of
//! the server's key, as a link or a file.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;

use candor_diary::wire::InvitationFile;
use candor_seal::PublicKey;

use crate::public_url::plain_address;

/// Why there is no invitation.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// The address is not one that a device can reach.
    #[error(
        "this is no address of a back office; give one such as https://diary.example, without a question mark or a password"
    )]
    BadServer,
    /// There is a file of this name.
    #[error("--file: {0} is here already: name another file, or remove it first")]
    FileThere(String),
    /// The file could not be written.
    #[error("--file: {path}: {source}")]
    Io {
        /// The file as it was named.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The address at which devices reach the back office: http or https, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeAddress(String);

impl FromStr for OfficeAddress {
    type Err = InvitationError;

    fn from_str(text: &str) -> Result<Self, InvitationError> {
        let url = plain_address(text).ok_or(InvitationError::BadServer)?;
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// An invitation. Whoever has it can enrol one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The back office's address.
    server: OfficeAddress,
    /// The enrolment code, in groups of four.
    code: String,
    /// The fingerprint of this back office's key: a device takes part at no other.
    key: String,
}

impl Invitation {
    /// Makes an invitation to the server that has this key.
    #[must_use]
    pub fn new(server: OfficeAddress, code: &str, key: &PublicKey) -> Self {
        Self { server, code: code.to_owned(), key: key.fingerprint() }
    }

    /// Returns the address that devices are sent to.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server.0
    }

    /// Returns it as a link that the tracker opens:
    /// `candor:join?server=https%3A%2F%2Fdiary.example&code=ABCD-…&key=5f21…`.
    #[must_use]
    pub fn link(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("server", &self.server.0)
            .append_pair("code", &self.code)
            .append_pair("key", &self.key)
            .finish();
        format!("candor:join?{query}")
    }

    /// Writes it into a new file that only its owner may read.
    ///
    /// # Errors
    /// [`InvitationError::FileThere`] if there is a file of that name, [`InvitationError::Io`].
    pub fn write(&self, path: &Path) -> Result<(), InvitationError> {
        let name = || path.display().to_string();
        let io = |source| InvitationError::Io { path: name(), source };
        let file = InvitationFile {
            form: InvitationFile::FORM,
            server: self.server.0.clone(),
            code: self.code.clone(),
            key: Some(self.key.clone()),
        };
        let text = serde_json::to_string_pretty(&file).map_err(|e| io(e.into()))?;
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let mut file = match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(InvitationError::FileThere(name()));
            }
            other => other.map_err(io)?,
        };
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn key() -> PublicKey {
        candor_seal::SecretKey::from_bytes(&[7; 32]).public()
    }

    fn of(server: &str) -> Result<Invitation, InvitationError> {
        Ok(Invitation::new(server.parse()?, "ABCD-EFGH-JKLM-NPQR", &key()))
    }

    #[test]
    fn a_link_and_a_file_carry_the_address_the_code_and_the_key() {
        let invitation = of("https://diary.example:8443/candor/").unwrap();
        assert_eq!(
            invitation.link(),
            format!(
                "candor:join?server=https%3A%2F%2Fdiary.example%3A8443%2Fcandor&code=ABCD-EFGH-JKLM-NPQR&key={}",
                key().fingerprint()
            )
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mara.candor");
        invitation.write(&path).unwrap();
        let read: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let expected = serde_json::json!({
            "candor-invitation": 1, "server": "https://diary.example:8443/candor", "code": "ABCD-EFGH-JKLM-NPQR",
            "key": key().fingerprint()
        });
        assert_eq!(read, expected);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = of("https://other.example").unwrap().write(&path);
        assert!(matches!(again, Err(InvitationError::FileThere(_))), "nothing is overwritten");
        assert!(std::fs::read_to_string(&path).unwrap().contains("diary.example"));
    }

    #[test]
    fn an_address_that_no_device_can_use_is_refused() {
        for bad in [
            "file:///etc/passwd",
            "mailto:a@b.example",
            "https://user@diary.example",
            "https://user:word@diary.example",
            "https://diary.example/?a=b",
            "https://diary.example/#a",
            "diary.example",
            "",
        ] {
            assert!(matches!(of(bad), Err(InvitationError::BadServer)), "{bad}");
        }
        assert_eq!(of("http://127.0.0.1:8750").unwrap().server(), "http://127.0.0.1:8750");
    }
}
