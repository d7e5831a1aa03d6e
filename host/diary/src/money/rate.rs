//! What an hour costs.

use super::amount::Amount;
use super::currency::Currency;
use super::error::MoneyError;
use crate::limits;

/// Minor units an hour, 1 to [`limits::RATE_MINOR_UNITS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    minor_units: u64,
    currency: Currency,
}

impl Rate {
    /// Takes a number of minor units an hour.
    ///
    /// # Errors
    /// [`MoneyError::RateOutOfBounds`].
    pub fn new(minor_units: u64, currency: Currency) -> Result<Self, MoneyError> {
        if (1..=limits::RATE_MINOR_UNITS).contains(&minor_units) {
            Ok(Self { minor_units, currency })
        } else {
            Err(MoneyError::RateOutOfBounds(minor_units))
        }
    }

    /// Returns how many minor units an hour it is.
    #[must_use]
    pub fn minor_units(self) -> u64 {
        self.minor_units
    }

    /// Returns its currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Returns what one hour costs.
    #[must_use]
    pub fn an_hour(self) -> Amount {
        // Its bound lies far below.
        Amount::new(i64::try_from(self.minor_units).unwrap_or(i64::MAX), self.currency)
    }
}
