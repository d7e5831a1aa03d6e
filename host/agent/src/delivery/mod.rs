//! From the outbox to the client: [`worker`] hands due parcels to the uploader plugin and believes nothing but a proof.
//! [`ledger_source`] follows the contract's ledger into [`ledger_copy`], and tells if it was rewritten.

pub mod folder_proof;
pub mod ledger_copy;
pub mod ledger_source;
mod loading;
pub mod proof;
pub mod server_clock;
pub mod week;
pub mod worker;
