//! Every limit of the sandbox, in one place, with its unit. Design §5 gives the figures to start with; a test may lower
//! them, a host should not raise them without a reason.

use std::time::Duration;

/// What a plugin may use. [`Limits::default`] holds the figures of the design.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Wall-clock time of one `judge`.
    pub judge: Duration,
    /// Wall-clock time of one `woken`, waiting for a picture included.
    pub collector: Duration,
    /// Wall-clock time of one `deliver`.
    pub uploader: Duration,
    /// Wall-clock time to instantiate a plugin, configure it and ask a policy for its rules.
    pub start: Duration,
    /// How long a plugin computes until it lets others run.
    pub tick: Duration,
    /// Linear memory of one plugin, all its memories together, in bytes.
    pub memory: usize,
    /// Elements of all tables of one plugin.
    pub table_elements: usize,
    /// Core instances, memories and tables that one plugin may have, each.
    pub instances: usize,
    /// Stack of one call, in bytes, of which a guest may use three quarters.
    pub stack: usize,
    /// What a plugin may hand to the host in one call, in bytes.
    pub hostcall: usize,
    /// Host resources (frames, attachments, WASI streams) that a plugin may hold.
    pub handles: usize,
    /// Lines that the log keeps.
    pub log_lines: usize,
    /// Length of a log line, in bytes.
    pub log_line: usize,
    /// Lines that a plugin may log in a second; more are dropped and counted.
    pub log_rate: u32,
    /// Quota of a plugin's store, keys and values, in bytes.
    pub store: u64,
    /// Length of a store key, in bytes.
    pub store_key: usize,
    /// Random bytes in one call.
    pub random: u32,
    /// Observations in a minute.
    pub observations: u32,
    /// Body of an observation of a plugin's own making, in bytes.
    pub custom_body: usize,
    /// Frames that a collector may hold.
    pub frames: u32,
    /// Pixels copied into a plugin in one call, in bytes.
    pub pixels: usize,
    /// Width and height of a thumbnail, in pixels.
    pub thumbnail: u32,
    /// Windows in a scene; with more, the host skips without asking.
    pub scene_windows: usize,
    /// Masks in a verdict, and hidings, each.
    pub verdict: usize,
    /// Rules of a policy.
    pub rules: usize,
    /// Words of a rule, in bytes.
    pub rule_words: usize,
    /// Wakes that a collector may ask for.
    pub wakes: usize,
    /// The shortest interval between wakes, in milliseconds.
    pub shortest_every: u64,
    /// Any other text that a plugin hands over (an error, a place, a reason), in bytes.
    pub text: usize,
    /// Proof that an uploader returns, in bytes.
    pub proof: usize,
    /// Attachments of a parcel: its details, and its pictures.
    pub attachments: usize,
    /// Bytes of an attachment in one read.
    pub attachment_read: u32,
    /// Answer to an HTTP request, in bytes.
    pub http_answer: usize,
    /// Time of an HTTP request, name resolution and body included.
    pub http_time: Duration,
    /// Time in which a host has to accept a connection.
    pub http_connect: Duration,
    /// Headers of a request.
    pub http_headers: usize,
    /// Length of an address, in bytes.
    pub http_url: usize,
    /// All files of a folder granted, in bytes.
    pub folder: u64,
    /// One file in it, in bytes.
    pub folder_file: u64,
    /// Size of a component, in bytes.
    pub component: u64,
    /// Time to compile a component.
    pub compile: Duration,
    /// Address space of the compiler, in bytes.
    pub compile_memory: u64,
    /// Restarts in a row before a plugin is quarantined.
    pub restarts: u32,
    /// Wait before the first restart; each further one waits four times as long.
    pub backoff: Duration,
    /// A plugin that ran this long without failing starts counting restarts anew.
    pub healthy: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        Self {
            judge: Duration::from_millis(250),
            collector: Duration::from_secs(5),
            uploader: Duration::from_secs(60),
            start: Duration::from_secs(2),
            tick: Duration::from_millis(10),
            memory: 64 * MIB,
            table_elements: 100_000,
            instances: 32,
            stack: 2 * MIB,
            hostcall: 16 * MIB,
            handles: 256,
            log_lines: 200,
            log_line: 4 * KIB,
            log_rate: 100,
            store: 64 * KIB as u64,
            store_key: 128,
            random: 4 * KIB as u32,
            observations: candor_diary::limits::NOTES_A_MINUTE,
            custom_body: candor_diary::limits::CUSTOM_BODY_BYTES,
            frames: 2,
            pixels: 16 * MIB,
            thumbnail: 1024,
            scene_windows: 512,
            verdict: 1024,
            rules: candor_diary::limits::POLICY_RULES,
            rule_words: candor_diary::limits::RULE_BYTES,
            wakes: 16,
            shortest_every: 1_000,
            text: 4 * KIB,
            proof: MIB,
            attachments: candor_diary::limits::DETAILS + 64,
            attachment_read: MIB as u32,
            http_answer: 8 * MIB,
            http_time: Duration::from_secs(30),
            http_connect: Duration::from_secs(10),
            http_headers: 64,
            http_url: 8 * KIB,
            folder: 4 * 1024 * MIB as u64,
            folder_file: 64 * MIB as u64,
            component: 64 * MIB as u64,
            compile: Duration::from_secs(300),
            compile_memory: 4 * 1024 * MIB as u64,
            restarts: 3,
            backoff: Duration::from_millis(100),
            healthy: Duration::from_secs(60),
        }
    }
}
