//! The network as plugins get it: to the hosts granted, at addresses that were looked at, with secrets that they never
//! hold. Nothing here knows WebAssembly.

pub(crate) mod address;
pub(crate) mod client;
pub(crate) mod error_text;
pub(crate) mod headers;
pub(crate) mod message;
pub(crate) mod origin;
pub(crate) mod probe;
pub(crate) mod sign;
pub(crate) mod sigv4;
