//! Who is at the other end of a connection: tries of codes and passwords are counted by it.

use std::net::SocketAddr;

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);
