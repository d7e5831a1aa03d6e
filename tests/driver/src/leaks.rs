//! Searches what a program left on disk for a text that must not be there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what failed by panicking"
)]

use std::path::{Path, PathBuf};

/// The files below a folder that hold the text in some spelling: upper or lower case, in UTF-8 or UTF-16, in base64 or
/// hexadecimal, plain in the file or in its name.
///
/// # Panics
/// If a file cannot be read: what cannot be searched must not pass.
#[must_use]
pub fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let spellings = spellings(text);
    let mut found = Vec::new();
    visit(folder, &mut |path, bytes| {
        let name = path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default();
        if spellings.iter().any(|spelling| holds(bytes, spelling) || holds(&name, spelling)) {
            found.push(path.to_path_buf());
        }
    });
    found
}

/// How many files there are below a folder: a search of none proves nothing.
///
/// # Panics
/// If one cannot be read.
#[must_use]
pub fn count(folder: &Path) -> usize {
    let mut files = 0;
    visit(folder, &mut |_, _| files += 1);
    files
}

fn visit(folder: &Path, each: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let kind = entry.file_type().unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
        if kind.is_dir() {
            visit(&entry.path(), each);
        } else if kind.is_file() {
            let bytes = std::fs::read(entry.path())
                .unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
            each(&entry.path(), &bytes);
        }
    }
}

/// The spellings that are looked for, in lower case if that means the same.
fn spellings(text: &str) -> Vec<Spelling> {
    let utf16: Vec<u8> = text.to_lowercase().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hexadecimal: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![
        Spelling { bytes: text.to_lowercase().into_bytes(), any_case: true },
        Spelling { bytes: utf16, any_case: true },
        Spelling { bytes: hexadecimal.into_bytes(), any_case: true },
    ];
    // Within a longer text, base64 spells it in one of three ways, by where it begins.
    for start in 0..3 {
        let mut padded = vec![0; start];
        padded.extend_from_slice(text.as_bytes());
        let encoded = base64(&padded);
        let first = (start * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        all.push(Spelling { bytes: encoded[first..last].to_vec(), any_case: false });
    }
    all
}

struct Spelling {
    bytes: Vec<u8>,
    any_case: bool,
}

fn holds(bytes: &[u8], spelling: &Spelling) -> bool {
    bytes.windows(spelling.bytes.len()).any(|window| {
        if spelling.any_case {
            window.eq_ignore_ascii_case(&spelling.bytes)
        } else {
            window == spelling.bytes
        }
    })
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|three| {
            let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
            let bits = at(0) << 16 | at(1) << 8 | at(2);
            [18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift & 63) as usize])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_every_spelling() {
        let folder = tempfile::tempdir().unwrap();
        let base64_of_a_sentence = "dGhlIHNlY3JldDogcGF5cm9sbCBvZiBhbGw="; // "the secret: payroll of all"
        for (name, content) in [
            ("plain", b"x secret: payroll y".to_vec()),
            ("upper", b"PAYROLL-7731".to_vec()),
            ("utf16", "payroll".encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("hex", b"7061796726f6c6c 706179726f6c6c".to_vec()),
            ("base64", base64_of_a_sentence.as_bytes().to_vec()),
            ("payroll.txt", Vec::new()),
        ] {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        std::fs::write(folder.path().join("clean"), "pay the roll").unwrap();
        assert_eq!(files_with(folder.path(), "payroll").len(), 6);
        assert_eq!(count(folder.path()), 7);
    }

    #[test]
    fn base64_is_found_wherever_it_begins() {
        for before in ["", "a", "ab", "abc"] {
            let encoded = base64(format!("{before}payroll and more").as_bytes());
            assert!(spellings("payroll").iter().any(|spelling| holds(&encoded, spelling)), "{before:?}");
        }
    }
}
