//! A currency, by its code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::currencies::{CURRENCIES, Row};
use super::error::MoneyError;

/// A currency of ISO 4217 that something can be paid in.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(&'static Row);

impl Currency {
    /// All of them, in order of their codes.
    pub fn all() -> impl Iterator<Item = Self> {
        CURRENCIES.iter().map(Self)
    }

    /// Returns its alphabetic code, three capital letters such as `EUR`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.0
    }

    /// Returns how many decimal digits its minor unit has, 0 to 4: 2 for EUR, a hundredth; 0 for JPY, which has none.
    #[must_use]
    pub fn digits(self) -> u8 {
        self.0.1
    }

    /// Returns its name in English, such as `Euro`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.2
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    /// Reads a code, exactly as [`Currency::code`] has it.
    fn from_str(code: &str) -> Result<Self, MoneyError> {
        let found = CURRENCIES.binary_search_by(|row| row.0.cmp(code)).ok();
        let row = found.and_then(|nth| CURRENCIES.get(nth));
        row.map(Self).ok_or_else(|| MoneyError::UnknownCurrency(code.to_owned()))
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(code: String) -> Result<Self, MoneyError> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
