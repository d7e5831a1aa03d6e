//! Passwords: argon2id with the crate's recommended cost, checked a few at a time and off the async threads.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use tokio::sync::Semaphore;

use crate::{limits, secrets};

/// A password cannot be taken or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short to hold off guessing.
    #[error("the password has fewer than {} characters: choose a longer one", limits::PASSWORD_MIN_CHARS)]
    TooShort,
    /// Too long to be typed.
    #[error("the password has more than {} bytes: choose a shorter one", limits::PASSWORD_MAX_BYTES)]
    TooLong,
    /// It could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hashing(String),
    /// The system gave no randomness for the salt.
    #[error(transparent)]
    NoRandomness(#[from] secrets::NoRandomness),
}

/// Hashes a new password. Takes some tens of milliseconds and 19 MiB: not for an async thread.
///
/// # Errors
/// [`PasswordError`] if it is too short, too long or cannot be hashed.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < limits::PASSWORD_MIN_CHARS {
        return Err(PasswordError::TooShort);
    }
    if password.len() > limits::PASSWORD_MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    hash_any(password)
}

/// Turns for hashing.
static TURNS: Semaphore = Semaphore::const_new(limits::PASSWORD_CHECKS);

/// Hashes a new password in its turn, off the async threads.
///
/// # Errors
/// As [`hash_password`].
pub async fn hash_in_turn(password: String) -> Result<String, PasswordError> {
    let failed = |why: &dyn std::fmt::Display| PasswordError::Hashing(why.to_string());
    let _turn = TURNS.acquire().await.map_err(|e| failed(&e))?;
    tokio::task::spawn_blocking(move || hash_password(&password)).await.map_err(|e| failed(&e))?
}

fn hash_any(password: &str) -> Result<String, PasswordError> {
    let salt = SaltString::encode_b64(&secrets::random_bytes::<16>()?)
        .map_err(|e| PasswordError::Hashing(e.to_string()))?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.map_err(|e| PasswordError::Hashing(e.to_string()))?.to_string())
}

fn matches_hash(password: &str, kept: &str) -> bool {
    PasswordHash::new(kept)
        .is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
}

/// Returns whether a password is the kept one. Without a kept one it is checked against nobody's hash, so that the time
/// it takes does not tell who has an account.
pub async fn check_password(password: String, kept: Option<String>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    if password.len() > limits::PASSWORD_MAX_BYTES {
        return false;
    }
    let Ok(_turn) = TURNS.acquire().await else { return false };
    let checked = tokio::task::spawn_blocking(move || match kept {
        Some(kept) => matches_hash(&password, &kept),
        None => {
            let nobody = NOBODY.get_or_init(|| hash_any("nobody has this password").unwrap_or_default());
            matches_hash(&password, nobody);
            false
        }
    });
    checked.await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let kept = hash_password("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$"));
        assert!(check_password("correct horse".to_owned(), Some(kept.clone())).await);
        assert!(!check_password("correct house".to_owned(), Some(kept)).await);
        assert!(!check_password("nobody has this password".to_owned(), None).await);
    }

    #[test]
    fn a_short_or_endless_password_is_refused() {
        assert!(matches!(hash_password("short"), Err(PasswordError::TooShort)));
        assert!(matches!(hash_password(&"x".repeat(300)), Err(PasswordError::TooLong)));
    }
}
