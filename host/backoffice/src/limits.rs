//! Every bound of the back office in one place, with its unit. A server that faces the network has a bound on all that
//! a stranger can make it hold: bytes, time, connections, tries.

use std::time::Duration;

/// How many trackers of a contract a page speaks of.
pub const TRACKERS: i64 = 100;

/// Largest parcel with its envelope and details, in bytes; the last figure is what is written around them.
pub const PARCEL_BYTES: usize =
    candor_diary::limits::ENVELOPE_BYTES + candor_diary::limits::DETAILS_BYTES + 4 * 1024;
/// Largest attachment, in bytes.
pub const ATTACHMENT_BYTES: u64 = candor_diary::limits::ATTACHMENT_BYTES;
/// Most pixels of a picture: three screens of 5120 × 2880 are 44 million.
pub const PICTURE_PIXELS: u64 = 64_000_000;
/// Most bytes that its pixels may take: four each.
pub const PICTURE_BYTES_DECODED: u64 = 4 * PICTURE_PIXELS;
/// Most bytes that what stands beside the pixels may take when unpacked, such as a colour profile.
pub const PICTURE_BESIDE_BYTES: u64 = 64 * 1024 * 1024;
/// Memory in which pictures are looked at, in MiB: the largest alone takes it all, some smaller ones share it.
pub const PICTURE_MEMORY_MIB: u32 = 512;
/// What each takes of it at least, in MiB.
pub const PICTURE_SHARE_MIB: u32 = 128;
/// Largest body of any other request, in bytes.
pub const SMALL_BODY_BYTES: usize = 16 * 1024;
/// Attachments that a device may have stored without their parcel.
pub const WAITING_ATTACHMENTS: i64 = 256;

/// MiB of attachments that one device may have stored, unless the operator says otherwise: with a picture of 200 kB each
/// ten minutes of work, more than twenty years.
pub const DEVICE_ATTACHMENT_MIB: u64 = 64 * 1024;
/// Parcels that one device may deliver in [`PARCELS_SPAN`], unless the operator says otherwise: two weeks of segments of a
/// minute each.
pub const DEVICE_PARCELS_A_DAY: u32 = 20_000;
/// The day over which they are counted, from the first; a restart begins it anew.
pub const PARCELS_SPAN: Duration = Duration::from_secs(24 * 60 * 60);
/// After how long a device that has stored as much as it may is to try again.
pub const QUOTA_WAIT: Duration = Duration::from_secs(60 * 60);

/// Connections held at once. The next one takes the place of one of the address that holds most.
pub const CONNECTIONS: usize = 512;
/// Connections of one address; more are closed at once. Many trackers and browsers may share one address.
pub const CONNECTIONS_OF_ADDRESS: usize = 64;
/// Connections of trusted proxies held at once; more are closed at once. Twice as many as requests: there is room to
/// refuse one.
pub const PROXY_CONNECTIONS: usize = 2 * REQUESTS;
/// Requests through trusted proxies at once. The next one takes the place of one of the address that asks most.
pub const REQUESTS: usize = 256;
/// Requests through trusted proxies for one address at once; more are answered 503.
pub const REQUESTS_OF_ADDRESS: usize = 64;
/// How long to wait before the next connection is accepted if one could not be.
pub const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// How long the headers of a request may take, from the opening of the connection or the answer before; also how long a
/// connection is kept open for a next request.
pub const HEADERS: Duration = Duration::from_secs(15);
/// Largest headers of a request, in bytes.
pub const HEADER_BYTES: usize = 32 * 1024;
/// For how long the sender of a body, or the taker of an answer, may stand still, and be slower than
/// [`BYTES_A_SECOND`]: shorter than [`REQUEST`].
pub const GRACE: Duration = Duration::from_secs(20);
/// The slowest line that a body may come over or an answer go over in the long run, in bytes a second. The largest
/// picture takes half an hour.
pub const BYTES_A_SECOND: u64 = 8 * 1024;
/// How much of a body is read that is refused before it was read, in bytes, so that its sender hears of it.
pub const UNREAD_BYTES: usize = 4 * 1024 * 1024;
/// For how long.
pub const UNREAD: Duration = Duration::from_secs(5);
/// The longest time from the last byte of a request to the start of its answer.
pub const REQUEST: Duration = Duration::from_secs(30);
/// Attachments that are taken in at once. The next one takes the place of one of the device that sends most.
pub const UPLOADS: usize = 128;
/// Attachments that one device may send at once; more are answered 503.
pub const UPLOADS_OF_DEVICE: usize = 32;
/// How long requests may run on after the server was told to stop.
pub const STOPPING: Duration = Duration::from_secs(10);

/// How long to wait for another process's write to the database.
pub const DATABASE_BUSY: Duration = Duration::from_secs(10);
/// Parcels and attachments that may wait to be written at once; the next one is sent away with 503. As many are
/// committed together at most.
pub const WAITING_WRITES: usize = 256;
/// Pause before the database's log is emptied again: nobody writes meanwhile.
pub const LOG_PAUSE: Duration = Duration::from_secs(1);
/// How long emptying the log waits for whoever reads; writers wait as long.
pub const LOG_WAIT: Duration = Duration::from_millis(100);
/// Entries of a ledger in one answer.
pub const LEDGER_ENTRIES: u32 = 500;
/// Weeks back from now that are looked at for some that are locked and not frozen: a server may have stood still.
pub const WEEKS_LOOKED_AT: u64 = 8;
/// How often that is done.
pub const FREEZE: Duration = Duration::from_secs(60);
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
/// Tries to enrol from everywhere in that span, above which each address has only [`CROWDED_TRIES`].
pub const ENROL_TRIES_OF_ALL: u32 = 100;
/// Tries to sign in to one account from one address in that span.
pub const SIGN_IN_TRIES: u32 = 5;
/// Tries to sign in from one address in that span.
pub const SIGN_IN_TRIES_OF_ADDRESS: u32 = 30;
/// Tries to sign in to one account in that span, from addresses from which nobody has signed in to it before, above which
/// each such address has only [`CROWDED_TRIES`].
pub const SIGN_IN_TRIES_OF_ACCOUNT: u32 = 20;
/// Tries of one address where somebody guesses from everywhere.
pub const CROWDED_TRIES: u32 = 2;
/// How much later these are answered.
pub const CROWDED_DELAY: Duration = Duration::from_secs(5);
/// Addresses from which somebody has signed in to an account that are remembered, of each account the newest.
pub const KNOWN_PLACES: i64 = 32;
/// For how long they are, in milliseconds.
pub const KNOWN_PLACE_MS: u64 = 90 * 24 * 60 * 60 * 1000;
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
