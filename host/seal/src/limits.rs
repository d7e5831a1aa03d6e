//! How large a signed document may be.

/// The most bytes of JSON that [`Envelope::from_json`](crate::Envelope::from_json) reads: 8 MiB.
pub const MAX_ENVELOPE_BYTES: usize = 8 * 1024 * 1024;

/// The most signatures that an envelope may carry: each costs a verification.
pub const MAX_SIGNATURES: usize = 16;
