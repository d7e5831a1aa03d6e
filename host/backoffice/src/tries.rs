//! How often somebody may try a password or a code, so that guessing is slow and nobody can shut out anybody else.
//!
//! Tries that fail are counted over [`limits::TRIES_SPAN`]; one that succeeds is taken back and takes nothing else along.
//!
//! - By address, and by address and account: whoever guesses from one address stops after a few tries, and the account
//!   stays open to all other addresses.
//! - By account, over all addresses from which nobody has signed in to it before: once there were many, each such
//!   address has [`limits::CROWDED_TRIES`] left and is answered late ([`limits::CROWDED_DELAY`]). An address from which
//!   the owner has signed in before notices nothing, and from a new one the right password still opens.
//! - Codes, which name no account, in the same way by address and over all addresses.

use std::time::Duration;

use crate::limits;
use crate::peer::Origin;
use crate::throttle::Throttle;

/// The one name under which something is counted for everybody.
const EVERYBODY: &str = "";

/// Tries to sign in.
#[derive(Debug)]
pub struct SignInTries {
    addresses: Throttle,
    pairs: Throttle,
    accounts: Throttle,
}

impl Default for SignInTries {
    fn default() -> Self {
        let throttle = || Throttle::new(limits::TRIES_SPAN);
        Self { addresses: throttle(), pairs: throttle(), accounts: throttle() }
    }
}

impl SignInTries {
    /// Counts a try for an account, which need not exist. `known` says that somebody signed in to it from there before.
    /// Returns how long to wait with looking at the password.
    ///
    /// # Errors
    /// How long no further try is taken.
    pub fn begin(&self, origin: Origin, account: &str, known: bool) -> Result<Duration, Duration> {
        self.addresses.try_once(&origin.to_string(), limits::SIGN_IN_TRIES_OF_ADDRESS)?;
        let crowded = !known && self.accounts.count(account) >= limits::SIGN_IN_TRIES_OF_ACCOUNT;
        let most = if crowded { limits::CROWDED_TRIES } else { limits::SIGN_IN_TRIES };
        self.pairs.try_once(&pair(origin, account), most)?;
        if !known {
            self.accounts.try_once(account, u32::MAX)?;
        }
        Ok(if crowded { limits::CROWDED_DELAY } else { Duration::ZERO })
    }

    /// Takes back a try that has succeeded; `known` as in [`begin`](Self::begin).
    pub fn succeed(&self, origin: Origin, account: &str, known: bool) {
        self.addresses.give_back(&origin.to_string());
        self.pairs.forget_tries(&pair(origin, account));
        if !known {
            self.accounts.give_back(account);
        }
    }
}

/// Returns the name under which tries for an account are counted: its address in small letters, no longer than addresses
/// are.
#[must_use]
pub fn account_name(email: &str) -> String {
    email.to_lowercase().chars().take(254).collect()
}

fn pair(origin: Origin, account: &str) -> String {
    format!("{origin} {account}")
}

/// Tries to enrol a device.
#[derive(Debug)]
pub struct EnrolTries {
    addresses: Throttle,
    all: Throttle,
}

impl Default for EnrolTries {
    fn default() -> Self {
        let throttle = || Throttle::new(limits::TRIES_SPAN);
        Self { addresses: throttle(), all: throttle() }
    }
}

impl EnrolTries {
    /// Counts a try. Returns how long to wait with looking at the code.
    ///
    /// # Errors
    /// How long no further try is taken from there.
    pub fn begin(&self, origin: Origin) -> Result<Duration, Duration> {
        let crowded = self.all.count(EVERYBODY) >= limits::ENROL_TRIES_OF_ALL;
        let most = if crowded { limits::CROWDED_TRIES } else { limits::ENROL_TRIES };
        self.addresses.try_once(&origin.to_string(), most)?;
        self.all.try_once(EVERYBODY, u32::MAX)?;
        Ok(if crowded { limits::CROWDED_DELAY } else { Duration::ZERO })
    }

    /// Takes back a try that has succeeded.
    pub fn succeed(&self, origin: Origin) {
        self.addresses.give_back(&origin.to_string());
        self.all.give_back(EVERYBODY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(n: u32) -> Origin {
        Origin::of(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n).into())
    }

    #[test]
    fn guessing_from_one_address_leaves_the_account_open_to_others() {
        let tries = SignInTries::default();
        for _ in 0..limits::SIGN_IN_TRIES {
            assert_eq!(tries.begin(origin(1), "a", false), Ok(Duration::ZERO));
        }
        assert!(tries.begin(origin(1), "a", false).is_err());
        assert_eq!(tries.begin(origin(2), "a", false), Ok(Duration::ZERO));
    }

    #[test]
    fn success_with_one_account_gives_no_tries_for_others() {
        let tries = SignInTries::default();
        for n in 0..limits::SIGN_IN_TRIES_OF_ADDRESS {
            assert!(tries.begin(origin(1), &format!("victim {n}"), false).is_ok());
        }
        assert!(tries.begin(origin(1), "victim", false).is_err());
        // Own account, right password, again and again in between.
        let tries = SignInTries::default();
        let mut taken = 0;
        for n in 0..limits::SIGN_IN_TRIES_OF_ADDRESS * 2 {
            if tries.begin(origin(1), "own", true).is_ok() {
                tries.succeed(origin(1), "own", true);
            }
            taken += u32::from(tries.begin(origin(1), &format!("victim {n}"), false).is_ok());
        }
        assert_eq!(taken, limits::SIGN_IN_TRIES_OF_ADDRESS);
        let tries = SignInTries::default();
        for _ in 0..limits::SIGN_IN_TRIES {
            assert!(tries.begin(origin(1), "victim", false).is_ok());
        }
        assert!(tries.begin(origin(1), "own", false).is_ok());
        tries.succeed(origin(1), "own", false);
        assert!(tries.begin(origin(1), "victim", false).is_err());
    }

    #[test]
    fn guessing_from_everywhere_is_slow_and_shuts_nobody_out() {
        let tries = SignInTries::default();
        let mut taken = 0;
        for address in 0..1_000 {
            for _ in 0..limits::SIGN_IN_TRIES {
                taken += u32::from(tries.begin(origin(address), "a", false).is_ok());
            }
        }
        assert!(taken < 1_000 * limits::CROWDED_TRIES + limits::SIGN_IN_TRIES_OF_ACCOUNT, "{taken}");
        assert_eq!(
            tries.begin(origin(5_000), "a", true),
            Ok(Duration::ZERO),
            "the owner, from where they always are"
        );
        assert_eq!(tries.begin(origin(5_001), "a", false), Ok(limits::CROWDED_DELAY), "and from a new place");
        assert_eq!(tries.begin(origin(5_001), "b", false), Ok(Duration::ZERO), "other accounts");
    }

    #[test]
    fn wrong_codes_from_everywhere_stop_nobody_else() {
        let tries = EnrolTries::default();
        for address in 0..1_000 {
            while tries.begin(origin(address)).is_ok() {}
        }
        assert_eq!(tries.begin(origin(5_000)), Ok(limits::CROWDED_DELAY));
        tries.succeed(origin(5_000));
        assert!(tries.begin(origin(1)).is_err());
    }
}
