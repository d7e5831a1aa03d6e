//! The token that a form carries: HMAC-SHA-256 under the cookie that is sent with it. Another site can make a browser
//! send the cookie, but cannot read it, so it knows no token that goes with it.

use hmac::{Hmac, KeyInit, Mac};
use maud::{Markup, html};
use sha2::{Digest, Sha256};

/// What the tokens of this use begin with, and of no other.
const USE: &[u8] = b"candor form 1";

/// The token of the forms that are sent with a cookie.
#[derive(Clone, Debug)]
pub(super) struct FormToken(String);

impl FormToken {
    /// Returns the token that goes with this cookie's value.
    pub(super) fn of(cookie: &str) -> Self {
        Self(hex::encode(mac(cookie).finalize().into_bytes()))
    }

    /// Returns whether what a form carried goes with this cookie's value. In constant time: how much of it is right does
    /// not show.
    pub(super) fn is_of(cookie: &str, carried: &str) -> bool {
        hex::decode(carried).is_ok_and(|carried| mac(cookie).verify_slice(&carried).is_ok())
    }

    /// Returns the hidden field that carries it.
    pub(super) fn field(&self) -> Markup {
        html! { input type="hidden" name="form-token" value=(self.0); }
    }
}

fn mac(cookie: &str) -> Hmac<Sha256> {
    // A key of a whole block, whatever a browser sends.
    let mut key = [0; 64];
    for (to, from) in key.iter_mut().zip(Sha256::digest(cookie.as_bytes())) {
        *to = from;
    }
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(USE);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_with_one_cookie_and_says_nothing_of_it() {
        let (one, other) = ("a".repeat(64), "b".repeat(64));
        let token = FormToken::of(&one).0;
        assert_eq!(token.len(), 64);
        assert_ne!(token, hex::encode(crate::secrets::hash_token(&one)), "not what is kept of a session");
        assert!(FormToken::is_of(&one, &token));
        for wrong in ["", &token[..62], &one, "no hex", &FormToken::of(&other).0] {
            assert!(!FormToken::is_of(&one, wrong), "{wrong}");
        }
    }
}
