//! From the outbox to the client: [`worker`] hands due parcels to the uploader plugin and believes nothing but a proof.

pub mod folder_proof;
mod loading;
pub mod server_clock;
pub mod week;
pub mod worker;
