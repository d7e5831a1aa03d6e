//! Why there is no such money.

use crate::limits;
use crate::plain;

/// Why there is no such money.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum MoneyError {
    /// No active currency has this code.
    #[error(
        "'{}' is no currency: use a code of ISO 4217 in capital letters, such as EUR, USD or JPY",
        plain::short_line(.0)
    )]
    UnknownCurrency(String),
    /// An hour costs nothing, or more than anybody's does.
    #[error(
        "a rate of {0} minor units an hour is out of bounds: use 1 to {most}, or no rate at all",
        most = limits::RATE_MINOR_UNITS
    )]
    RateOutOfBounds(u64),
    /// No rule has this name.
    #[error(
        "'{}' is no rounding rule that this version knows: use half-even-1, or update Candor",
        plain::short_line(.0)
    )]
    UnknownRounding(String),
    /// The figure is beyond what is counted.
    #[error("the amount is larger than can be counted: split it into smaller ones")]
    TooLarge,
    /// The two are in different currencies, by code, which nothing here converts.
    #[error("{0} and {1} cannot be added up: make an invoice for each")]
    Currencies(&'static str, &'static str),
}
