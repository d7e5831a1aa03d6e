//! Every bound of the back office in one place, with its unit. A server that faces the network has a bound on all that
//! a stranger can make it hold: bytes, time, connections, tries.

use std::time::Duration;

/// How many trackers of a contract a page speaks of.
pub const TRACKERS: i64 = 100;

/// Largest envelope of a parcel, in bytes.
pub const PARCEL_BYTES: usize = candor_diary::limits::ENVELOPE_BYTES;
/// Largest attachment, in bytes.
pub const ATTACHMENT_BYTES: u64 = candor_diary::limits::ATTACHMENT_BYTES;
/// Largest body of any other request, in bytes.
pub const SMALL_BODY_BYTES: usize = 16 * 1024;
/// Attachments that a device may have stored without their parcel.
pub const WAITING_ATTACHMENTS: i64 = 256;

/// Connections held at once; more wait to be accepted.
pub const CONNECTIONS: usize = 512;
/// A connection on which nothing came or went for this long is closed.
pub const IDLE_CONNECTION: Duration = Duration::from_secs(60);
/// The longest time from the end of a request's headers to the start of its answer.
pub const REQUEST: Duration = Duration::from_secs(30);
/// The same, for an attachment.
pub const UPLOAD: Duration = Duration::from_secs(120);
/// Attachments that are taken in at once.
pub const UPLOADS: usize = 16;
/// How long an upload waits for its turn before it is sent away with 503.
pub const UPLOAD_TURN: Duration = Duration::from_secs(10);
/// How long requests may run on after the server was told to stop.
pub const STOPPING: Duration = Duration::from_secs(10);

/// How long to wait for another process's write to the database.
pub const DATABASE_BUSY: Duration = Duration::from_secs(10);
/// Pause before the database's log is emptied again if somebody was reading it.
pub const LOG_BUSY: Duration = Duration::from_secs(1);
/// Connections to the database.
pub const DATABASE_CONNECTIONS: u32 = 4;

/// How long an enrolment code can be used, in milliseconds.
pub const CODE_MS: u64 = 60 * 60 * 1000;
/// How long a sign-in lasts, in milliseconds.
pub const SESSION_MS: u64 = 14 * 24 * 60 * 60 * 1000;
/// How long an attachment without its parcel is kept, in milliseconds.
pub const ORPHAN_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// How long a picture may lie in its place without being noted, in milliseconds: longer than any upload takes.
pub const STRAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How often orphans and strays are looked for.
pub const SWEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// Rows that the sweep takes out in one transaction: whoever wants to write meanwhile waits for no more.
pub const SWEEP_BATCH: u32 = 500;
/// Pause of the sweep between two of them.
pub const SWEEP_PAUSE: Duration = Duration::from_millis(20);

/// The span over which tries are counted.
pub const TRIES_SPAN: Duration = Duration::from_secs(15 * 60);
/// Tries to enrol from one address in that span.
pub const ENROL_TRIES: u32 = 10;
/// Tries to sign in to one account from one address in that span.
pub const SIGN_IN_TRIES: u32 = 5;
/// Tries to sign in from one address in that span.
pub const SIGN_IN_TRIES_OF_ADDRESS: u32 = 30;
/// Addresses and accounts whose tries are remembered at once.
pub const TRIES_REMEMBERED: usize = 10_000;
/// Passwords that are checked at once; each takes 19 MiB for some tens of milliseconds.
pub const PASSWORD_CHECKS: usize = 2;

/// Longest name of a device or an account, in characters.
pub const NAME_CHARS: usize = 80;
/// Shortest password, in characters.
pub const PASSWORD_MIN_CHARS: usize = 10;
/// Longest password, in bytes.
pub const PASSWORD_MAX_BYTES: usize = 256;
/// Contracts that one page of the list shows, and the most that the menu of a page shows.
pub const CONTRACTS_ON_PAGE: u32 = 50;
/// Parcels that one day page may show; a day of one-minute segments on two devices.
pub const DAY_PARCELS: i64 = 3_000;
/// Changes that one day page may tell of.
pub const DAY_SUPERSEDED: i64 = 3_000;
/// Versions of terms that are read of one worker's contracts, the newest first.
pub const TERMS_VERSIONS: i64 = 10_000;
