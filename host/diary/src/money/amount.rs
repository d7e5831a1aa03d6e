//! An amount of money.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::currency::Currency;
use super::error::MoneyError;

/// Whole minor units of a currency; less than zero is owed the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Amount {
    minor_units: i64,
    currency: Currency,
}

impl Amount {
    /// Takes a number of minor units, such as cents.
    #[must_use]
    pub fn new(minor_units: i64, currency: Currency) -> Self {
        Self { minor_units, currency }
    }

    /// Nothing, in this currency.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Returns how many minor units it is.
    #[must_use]
    pub fn minor_units(self) -> i64 {
        self.minor_units
    }

    /// Returns its currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Adds another amount of the same currency.
    ///
    /// # Errors
    /// [`MoneyError::Currencies`] if it is of another one, [`MoneyError::TooLarge`] beyond 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_add)
    }

    /// Takes another amount of the same currency away.
    ///
    /// # Errors
    /// [`MoneyError::Currencies`] if it is of another one, [`MoneyError::TooLarge`] beyond 64 bits.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_sub)
    }

    /// Adds up amounts; of none it is nothing.
    ///
    /// # Errors
    /// [`MoneyError::Currencies`] if one is not of `currency`, [`MoneyError::TooLarge`] beyond 64 bits.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    fn with(self, other: Self, op: impl Fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Currencies(self.currency.code(), other.currency.code()));
        }
        let minor_units = op(self.minor_units, other.minor_units).ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor_units, currency: self.currency })
    }

    /// Returns the figure alone, with the thousands set apart and as many decimals as the currency has: `1,440.00` in
    /// EUR, `1,440` in JPY.
    #[must_use]
    pub fn figure(self) -> String {
        let digits = usize::from(self.currency.digits());
        // At least one digit stands before the point.
        let written = format!("{:0>1$}", self.minor_units.unsigned_abs(), digits + 1);
        let (whole, part) = written.split_at(written.len() - digits);
        let mut text = String::with_capacity(written.len() + written.len() / 3 + 2);
        if self.minor_units < 0 {
            text.push('-');
        }
        for (nth, digit) in whole.chars().enumerate() {
            if nth > 0 && (whole.len() - nth).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        if digits > 0 {
            text.push('.');
            text.push_str(part);
        }
        text
    }
}

impl fmt::Display for Amount {
    /// The code before the figure, as `EUR 1,440.00`: a sign such as `$` would leave open which dollar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.figure())
    }
}
