//! What can be typed. Each command's help ends with examples.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::window::StartPage;

/// What `candor` is told to do. Without a command, it opens the window.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Show what the tracker does now
    #[command(after_help = "Examples:\n  candor status\n  candor status --json")]
    Status,
    /// Begin tracking; starts the agent where none runs, and ends a pause
    #[command(after_help = "Examples:\n  candor start\n  candor start --memo 'Invoice import'")]
    Start {
        /// What you work on [default: the last memo]
        #[arg(long)]
        memo: Option<String>,
        /// Track even if nothing on the screen shows it, as on a server; the Work Diary says so
        #[arg(long)]
        no_sign: bool,
    },
    /// End tracking
    #[command(after_help = "Examples:\n  candor stop\n  candor stop --at segment-end")]
    Stop {
        /// When
        #[arg(long, value_enum, default_value_t = StopAt::Now)]
        at: StopAt,
    },
    /// Pause for private time: nothing is recorded until `candor start`, the time shows as a gap
    #[command(after_help = "Examples:\n  candor pause\n  candor start      (goes on)")]
    Pause,
    /// Show or set the memo: what you work on
    #[command(
        after_help = "Examples:\n  candor memo\n  candor memo 'Bank rules: match by reference'\n  candor memo ''\n  candor memo --at 09:10 'Planning call'"
    )]
    Memo {
        /// The text; empty clears it
        text: Option<String>,
        /// Change the segment that holds this time instead of the running one
        #[arg(long, value_name = "TIME", requires = "text")]
        at: Option<String>,
    },
    /// Show or choose the client's labels
    #[command(
        after_help = "Examples:\n  candor label\n  candor label Development\n  candor label --none\n  candor label --at 09:10 Meeting"
    )]
    Label {
        /// The label
        #[arg(conflicts_with = "none")]
        label: Option<String>,
        /// Remove the label
        #[arg(long)]
        none: bool,
        /// Change the segment that holds this time instead of the running one
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Answer the question about time without keys, clicks and scrolls
    #[command(
        after_help = "Examples:\n  candor idle leave-out\n  candor idle manual 'Call with Lena'\n  candor idle undo"
    )]
    Idle {
        /// What becomes of the time
        #[command(subcommand)]
        answer: IdleCommand,
    },
    /// List contracts, or switch to another one
    #[command(after_help = "Examples:\n  candor contract\n  candor contract use 01J9")]
    Contract {
        /// What to do [default: list]
        #[command(subcommand)]
        command: Option<ContractCommand>,
    },
    /// Join a contract with an invitation
    #[command(
        after_help = "Examples:\n  candor join 'https://diary.example/join#7QK2-9F4M.5f21…'\n  candor join invitation.candor\n  candor notice && candor accept --by 'Mara Lind'"
    )]
    Join {
        /// A link, a file, or - for the standard input
        #[arg(value_name = "LINK|FILE")]
        invitation: String,
        /// This device's name in the Work Diary [default: the computer's name]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Show what is recorded, in words
    #[command(after_help = "Examples:\n  candor notice\n  candor notice --contract 01J9")]
    Notice {
        /// The contract [default: the current one]
        #[arg(long)]
        contract: Option<String>,
    },
    /// Accept what is recorded; nothing is recorded before
    #[command(
        after_help = "Examples:\n  candor accept                    (shows the notice and asks for your name)\n  candor notice && candor accept --by 'Mara Lind'"
    )]
    Accept {
        /// The contract [default: the current one]
        #[arg(long)]
        contract: Option<String>,
        /// Your name, as you write it; without it you are asked
        #[arg(long)]
        by: Option<String>,
        /// Accept only the notice with this digest, as `candor notice --json` names it
        #[arg(long)]
        digest: Option<String>,
    },
    /// Show the contract's terms
    #[command(after_help = "Examples:\n  candor terms\n  candor terms --contract 01J9 --json")]
    Terms {
        /// The contract [default: the current one]
        #[arg(long)]
        contract: Option<String>,
    },
    /// List a day's segments
    #[command(after_help = "Examples:\n  candor today\n  candor today --day 2026-11-26")]
    Today {
        /// Another day, as 2026-11-26
        #[arg(long, value_name = "DAY")]
        day: Option<String>,
    },
    /// Show, save or remove a segment's picture as the client sees it
    #[command(
        after_help = "Examples:\n  candor picture\n  candor picture --save last.webp\n  candor picture --at 17:53 --remove\n  candor picture --at 17:53 --undo"
    )]
    Picture {
        /// The picture of the segment that holds this time [default: the last one]
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Write it to a new file
        #[arg(long, value_name = "FILE", conflicts_with = "remove")]
        save: Option<PathBuf>,
        /// Remove it
        #[arg(long)]
        remove: bool,
        /// Bring back one that was removed and not sent [default: the last one that was removed]
        #[arg(long, conflicts_with_all = ["remove", "save"])]
        undo: bool,
        /// Remove without asking
        #[arg(long, requires = "remove")]
        yes: bool,
    },
    /// Show notes from plugins, or remove them before they are sent
    #[command(
        after_help = "Examples:\n  candor notes\n  candor notes --at 17:53\n  candor notes --plugin builds --remove"
    )]
    Notes(NotesArgs),
    /// Remove everything recorded in a period; both sides see that it was removed
    #[command(
        after_help = "Examples:\n  candor forget --last 10m\n  candor forget --from 09:10 --to 09:40\n  candor forget --last 1h --yes"
    )]
    Forget {
        /// The span
        #[command(flatten)]
        span: SpanArgs,
        /// Remove without asking
        #[arg(long)]
        yes: bool,
    },
    /// Add manual time, if the terms allow it
    #[command(
        after_help = "Examples:\n  candor manual --from 09:10 --to 09:40 'Planning call'\n  candor manual --from 09:10 --to 09:40 --reason 'On the phone' 'Planning call'"
    )]
    Manual {
        /// Since when
        #[arg(long, value_name = "TIME")]
        from: String,
        /// Until when
        #[arg(long, value_name = "TIME")]
        to: String,
        /// Why it was not tracked; needed where the client is asked about manual time
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// What you did
        memo: String,
    },
    /// Show what waits and what was sent; take it back or send it
    #[command(
        after_help = "Examples:\n  candor outbox\n  candor outbox show 8c1e\n  candor outbox cancel 8c1e\n  candor outbox send\n  candor outbox try\n  candor outbox wait --timeout-s 60"
    )]
    Outbox {
        /// What to do [default: list]
        #[command(subcommand)]
        command: Option<OutboxCommand>,
    },
    /// Show or change your own privacy rules; they can only hide more
    #[command(
        after_help = "Examples:\n  candor rules\n  candor rules add title contains payroll fill\n  candor rules add application exact Messages skip\n  candor rules remove 2"
    )]
    Rules {
        /// What to do [default: list]
        #[command(subcommand)]
        command: Option<RulesCommand>,
    },
    /// Show or change preferences
    #[command(
        after_help = "Examples:\n  candor preferences\n  candor preferences set idle-minutes 15\n  candor preferences set notify-on-capture off"
    )]
    Preferences {
        /// What to do [default: list]
        #[command(subcommand)]
        command: Option<PreferencesCommand>,
    },
    /// List the plugins of the current contract
    #[command(after_help = "Examples:\n  candor plugins\n  candor plugins --json")]
    Plugins,
    /// Check everything that tracking needs, and say what to do
    #[command(after_help = "Examples:\n  candor doctor\n  candor doctor --json")]
    Doctor,
    /// Write all of your own data into a new folder
    #[command(after_help = "Examples:\n  candor export\n  candor export ~/my-work")]
    Export {
        /// The folder; must not exist [default: candor-export-DAY here]
        folder: Option<PathBuf>,
    },
    /// Check that nothing recorded was changed, or a contract's ledger against what was recorded
    #[command(
        after_help = "Examples:\n  candor verify\n  candor verify --ledger candor-export-2026-11-27/ledgers/CONTRACT/ledger.jsonl"
    )]
    Verify {
        /// Check this ledger, from an export or from the client, and that all that was delivered is in it; the network is not used
        #[arg(long, value_name = "FILE")]
        ledger: Option<PathBuf>,
    },
    /// Stop tracking and quit the agent
    #[command(after_help = "Examples:\n  candor quit")]
    Quit,
    /// Show the tray icon and notifications, until it is ended
    #[command(after_help = "Examples:\n  candor tray\n  candor tray &")]
    Tray {
        /// The agent started it, and says over the standard input when it ends
        #[arg(long, hide = true)]
        by_agent: bool,
    },
    /// Open the window, or raise the one that is open
    #[command(
        after_help = "Examples:\n  candor\n  candor window --page outbox\n  candor window invitation.candor"
    )]
    Window {
        /// An invitation to join a contract with: a link or a file
        #[arg(value_name = "LINK|FILE", conflicts_with = "page")]
        invitation: Option<String>,
        /// What it shows first
        #[arg(long, value_enum, default_value_t = StartPage::Now)]
        page: StartPage,
    },
    /// Put Candor into the desktop's menu, and open candor: links and .candor files with it
    #[command(after_help = "Examples:\n  candor desktop\n  candor desktop --remove")]
    Desktop {
        /// Take it out again
        #[arg(long)]
        remove: bool,
    },
    /// Write completions for a shell
    #[command(
        after_help = "Examples:\n  candor completions bash > ~/.local/share/bash-completion/completions/candor\n  candor completions fish > ~/.config/fish/completions/candor.fish"
    )]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// When tracking ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StopAt {
    /// At once.
    Now,
    /// When the running segment ends.
    SegmentEnd,
}

/// Answers to the question about time without keys, clicks and scrolls.
#[derive(Debug, Subcommand)]
pub enum IdleCommand {
    /// Leave the time out
    LeaveOut,
    /// Keep it as manual time, where the terms allow it
    Manual {
        /// What you did
        memo: String,
    },
    /// Undo the last answer, as long as nothing of it was sent: the question is open again
    Undo,
}

/// What can be done with contracts.
#[derive(Debug, Subcommand)]
pub enum ContractCommand {
    /// List them
    List,
    /// Make one the current one; tracking goes on under it
    Use {
        /// Its id or the beginning of it, or its title
        contract: String,
    },
}

/// What can be done with the outbox.
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// List it
    List,
    /// Show the exact bytes of a parcel
    Show {
        /// The parcel's id, or the beginning of it
        id: String,
    },
    /// Take a parcel back before it is sent: nothing of that segment is sent
    Cancel {
        /// The parcel's id, or the beginning of it
        id: String,
    },
    /// Undo `cancel`
    Undo {
        /// The parcel's id, or the beginning of it
        id: String,
    },
    /// Send a parcel again that was refused
    SendAgain {
        /// The parcel's id, or the beginning of it
        id: String,
    },
    /// Send now instead of waiting
    Send {
        /// The parcel's id, or the beginning of it [default: all that are held]
        id: Option<String>,
    },
    /// Try now to send everything that is waiting
    Try,
    /// Wait until everything is delivered
    Wait {
        /// Give up after this many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 120)]
        timeout_s: u64,
    },
}

/// What can be done with one's own rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List them
    List,
    /// Add one
    Add {
        /// What is looked at
        #[arg(value_enum)]
        field: RuleField,
        /// How
        #[arg(value_enum)]
        by: RuleBy,
        /// The text or pattern
        pattern: String,
        /// What happens
        #[arg(value_enum)]
        action: RuleAction,
    },
    /// Remove one
    Remove {
        /// Its number in the list
        number: usize,
    },
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuleField {
    /// The application's name.
    Application,
    /// The window's title.
    Title,
}

/// How a rule compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuleBy {
    /// The whole text.
    Exact,
    /// A part of it.
    Contains,
    /// With * and ?.
    Glob,
    /// A regular expression.
    Regex,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuleAction {
    /// Only the title is left out.
    HideTitle,
    /// The window becomes a few large cells.
    Blur,
    /// The window becomes one flat colour.
    Fill,
    /// No picture at all.
    Skip,
}

/// What can be done with preferences.
#[derive(Debug, Subcommand)]
pub enum PreferencesCommand {
    /// List them
    List,
    /// Change one
    Set {
        /// Its name in the list
        name: String,
        /// on, off, a number, or a word
        value: String,
    },
}

/// Which notes of plugins.
#[derive(Args, Clone, Debug)]
pub struct NotesArgs {
    /// Those of the segment that holds this time [default: today's]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Those of another day, as 2026-11-26
    #[arg(long, value_name = "DAY", conflicts_with = "at")]
    pub day: Option<String>,
    /// Those of this plugin
    #[arg(long)]
    pub plugin: Option<String>,
    /// Remove them
    #[arg(long)]
    pub remove: bool,
    /// Remove without asking
    #[arg(long, requires = "remove")]
    pub yes: bool,
}

/// A span of time.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = true)]
pub struct SpanArgs {
    /// Up to now, this long: 10m, 1h30m
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["from", "to"])]
    pub last: Option<String>,
    /// Since when: 09:10, or 2026-11-26T09:10, with an offset as 09:10+02:00
    #[arg(long, value_name = "TIME", requires = "to")]
    pub from: Option<String>,
    /// Until when
    #[arg(long, value_name = "TIME", requires = "from")]
    pub to: Option<String>,
}
