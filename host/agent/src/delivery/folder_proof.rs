//! What counts as a receipt from a folder.
//!
//! Nobody countersigns for a folder, and the uploader's word is no proof. So its receipt only names the files, and this
//! reads them back from the folder that was granted: the envelope has to be there byte for byte, each attachment with the
//! SHA-256 that the journal has for it. No symbolic link is followed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use candor_diary::wire::FolderProof;
use candor_seal::sha256_hex;
use rustix::fs::{Mode, OFlags};

/// The largest file that is read back, bytes: more than any picture or envelope has.
const LARGEST: u64 = 64 << 20;
/// The largest proof, bytes.
const LARGEST_PROOF: usize = 64 << 10;

/// Why a folder does not hold a parcel.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadProof {
    /// It is no proof of this kind.
    #[error("it does not say where the files are")]
    Malformed,
    /// It is about another parcel.
    #[error("it is about another parcel")]
    Other,
    /// An attachment, be it a picture or a detail, is not named in it.
    #[error("it leaves out a picture or a detail")]
    Incomplete,
    /// A file is missing, cannot be read, or holds something else.
    #[error("what was written cannot be read back from the folder: {0}")]
    NotThere(String),
}

/// Checks that `folder` holds exactly these bytes: the envelope, and every attachment (each SHA-256 in lowercase hex digits,
/// as the journal has it). Blocks: it reads the files.
///
/// # Errors
/// Why it does not. The parcel is not delivered then and has to be handed over again.
pub fn check_folder(
    proof: &[u8],
    folder: &Path,
    parcel_id: &str,
    envelope: &[u8],
    attachments: &[String],
) -> Result<(), BadProof> {
    if proof.len() > LARGEST_PROOF {
        return Err(BadProof::Malformed);
    }
    let proof: FolderProof = serde_json::from_slice(proof).map_err(|_| BadProof::Malformed)?;
    if proof.kind != FolderProof::KIND {
        return Err(BadProof::Malformed);
    }
    if proof.parcel != parcel_id {
        return Err(BadProof::Other);
    }
    if read_back(folder, &proof.envelope)? != envelope {
        return Err(BadProof::NotThere(proof.envelope));
    }
    let named: BTreeMap<&str, &str> =
        proof.attachments.iter().map(|put| (put.sha256.as_str(), put.name.as_str())).collect();
    for sha256 in attachments {
        let name = named.get(sha256.as_str()).ok_or(BadProof::Incomplete)?;
        if sha256_hex(&read_back(folder, name)?) != *sha256 {
            return Err(BadProof::NotThere((*name).to_owned()));
        }
    }
    Ok(())
}

/// The bytes of a file under the folder, each step of its name opened inside the one before.
fn read_back(folder: &Path, name: &str) -> Result<Vec<u8>, BadProof> {
    let not_there = || BadProof::NotThere(name.to_owned());
    let plain = |step: &str| !step.is_empty() && step != "." && step != "..";
    if !name.split('/').all(plain) {
        return Err(not_there());
    }
    let directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = rustix::fs::open(folder, directory, Mode::empty()).map_err(|_| not_there())?;
    let mut steps = name.split('/').peekable();
    while let Some(step) = steps.next() {
        let flags = if steps.peek().is_some() {
            directory | OFlags::NOFOLLOW
        } else {
            // Without waiting: a pipe in the place of a file must not hold up deliveries.
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC
        };
        at = rustix::fs::openat(&at, step, flags, Mode::empty()).map_err(|_| not_there())?;
    }
    let file = File::from(at);
    if !file.metadata().is_ok_and(|data| data.is_file()) {
        return Err(not_there());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(|_| not_there())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn only_what_can_be_read_back_counts() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("c1/day")).unwrap();
        std::fs::write(at("c1/day/parcel.json"), b"signed").unwrap();
        std::fs::write(at("c1/day/picture.webp"), b"webp!").unwrap();
        std::fs::write(at("outside"), b"signed").unwrap();
        std::os::unix::fs::symlink(at("outside"), at("c1/day/link")).unwrap();
        std::os::unix::fs::symlink(at("c1"), at("c2")).unwrap();
        let picture = sha256_hex(b"webp!");
        let proof = |parcel: &str, envelope: &str, sha256: &str, name: &str| {
            format!(
                r#"{{"kind":"folder","parcel":"{parcel}","envelope":"{envelope}","attachments":[{{"sha256":"{sha256}","name":"{name}"}}]}}"#
            )
        };
        let check = |proof: &str, attachments: &[&str]| {
            let attachments: Vec<String> = attachments.iter().map(|sha256| (*sha256).to_owned()).collect();
            check_folder(proof.as_bytes(), folder.path(), ID, b"signed", &attachments)
        };
        let (envelope, name) = ("c1/day/parcel.json", "c1/day/picture.webp");
        let good = proof(ID, envelope, &picture, name);
        assert_eq!(check(&good, &[&picture]), Ok(()));
        assert_eq!(check(&good, &[]), Ok(()));
        assert_eq!(check("200 OK", &[]), Err(BadProof::Malformed));
        assert_eq!(check(&good.replace("folder", "other"), &[]), Err(BadProof::Malformed));
        assert_eq!(check(&proof("another", envelope, &picture, name), &[]), Err(BadProof::Other));
        assert_eq!(check(&good, &[&sha256_hex(b"another")]), Err(BadProof::Incomplete));
        for elsewhere in [
            "c1/day/missing",
            "c1/day/link",
            "c2/day/parcel.json",
            "c1/day",
            "../parcel.json",
            "/etc/passwd",
            "",
            name,
        ] {
            let bad = proof(ID, elsewhere, &picture, name);
            assert_eq!(check(&bad, &[]), Err(BadProof::NotThere(elsewhere.to_owned())), "{elsewhere}");
        }
        // A file that holds something else under the right name.
        std::fs::write(at(name), b"webp?").unwrap();
        assert_eq!(check(&good, &[&picture]), Err(BadProof::NotThere(name.to_owned())));
    }
}
