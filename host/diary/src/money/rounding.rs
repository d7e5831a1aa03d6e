//! What a line of an invoice comes to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::error::MoneyError;
use super::rate::Rate;

/// Minutes in an hour: the denominator of every line.
const HOUR: u128 = 60;

/// How a line is rounded to whole minor units. A rule never changes: a better one gets a name of its own, so that an
/// old invoice still comes to its own figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RoundingRule {
    /// `half-even-1`: to the nearest minor unit; a half to the even one of its two neighbours, so that halves favour
    /// neither side.
    #[default]
    HalfEven1,
}

impl RoundingRule {
    /// All rules.
    pub const ALL: [Self; 1] = [Self::HalfEven1];

    /// Returns its name, which ends in its version.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HalfEven1 => "half-even-1",
        }
    }

    /// Rounds `numerator / HOUR`.
    fn round(self, numerator: u128) -> u128 {
        let (whole, rest) = (numerator / HOUR, numerator % HOUR);
        match self {
            Self::HalfEven1 => {
                let twice = 2 * rest;
                let up = twice > HOUR || (twice == HOUR && whole % 2 == 1);
                whole + u128::from(up)
            }
        }
    }
}

impl FromStr for RoundingRule {
    type Err = MoneyError;

    fn from_str(name: &str) -> Result<Self, MoneyError> {
        let found = Self::ALL.into_iter().find(|rule| rule.name() == name);
        found.ok_or_else(|| MoneyError::UnknownRounding(name.to_owned()))
    }
}

impl TryFrom<String> for RoundingRule {
    type Error = MoneyError;

    fn try_from(name: String) -> Result<Self, MoneyError> {
        name.parse()
    }
}

impl From<RoundingRule> for String {
    fn from(rule: RoundingRule) -> Self {
        rule.name().to_owned()
    }
}

impl fmt::Display for RoundingRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Returns what a line of an invoice comes to: `minutes` at `rate` an hour, rounded once.
///
/// # Errors
/// [`MoneyError::TooLarge`] if it is more minor units than 64 bits hold.
pub fn line_amount(minutes: u64, rate: Rate, rule: RoundingRule) -> Result<Amount, MoneyError> {
    // Two factors of 64 bits fit into 128.
    let exact = u128::from(minutes) * u128::from(rate.minor_units());
    let minor_units = i64::try_from(rule.round(exact)).map_err(|_| MoneyError::TooLarge)?;
    Ok(Amount::new(minor_units, rate.currency()))
}
