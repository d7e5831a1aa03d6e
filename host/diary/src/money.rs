//! Money: whole minor units of a currency, and what a line of an invoice comes to (design §8).
//!
//! There is no fraction of a minor unit and no float anywhere. A line is minutes × rate, rounded once, by a rule that
//! has a name and a version ([`RoundingRule`]); sums are sums of such lines. So both sides, and whoever recomputes an
//! invoice years later, come to the same figure.
//!
//! Rounding each line is not rounding the sum: `n` lines together differ from one line of all their minutes by at most
//! `(n + 1) / 2` minor units. An invoice therefore says which lines it has, and its total is the sum of those.

mod amount;
mod currencies;
mod currency;
mod error;
mod rate;
mod rounding;

pub use amount::Amount;
pub use currency::Currency;
pub use error::MoneyError;
pub use rate::Rate;
pub use rounding::{RoundingRule, line_amount};

#[cfg(test)]
mod tests;
