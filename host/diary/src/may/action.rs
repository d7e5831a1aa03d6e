//! What can be done: one action for each kind of entry of the ledger, and looking.

/// How the time of a new segment came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// A tracker recorded it.
    Tracked,
    /// The worker typed it in.
    TypedIn,
}

/// What a revision changes of its segment; one can change several things
/// ([`edits::changes`](crate::edits::changes)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// There is more time or activity than before.
    TimeAdded,
    /// It is typed in now, or typed in differently.
    TypedIn,
    /// There is less time or activity than before.
    TimeTaken,
    /// There is a picture, another detail or a statement that was not there before.
    DetailsAdded,
    /// A picture or another detail is gone.
    DetailsTaken,
    /// Memo or label are others.
    Words,
}

/// Something that somebody does to a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Issues terms for the worker to answer.
    IssueTerms,
    /// Takes back terms that were issued.
    RevokeTerms,
    /// Accepts terms.
    AcceptTerms,
    /// Refuses terms.
    RefuseTerms,
    /// Delivers the first parcel of a segment.
    Deliver(Recorded),
    /// Delivers a revision of a segment.
    Revise(Change),
    /// Writes the memo of a segment anew.
    WriteMemo,
    /// Chooses another label for a segment.
    ChooseLabel,
    /// Removes a segment with its time.
    RemoveTime,
    /// Removes a picture.
    RemovePicture,
    /// Asks the client to agree to time that was typed in.
    AskForManual,
    /// Agrees to time that was typed in, or does not.
    AnswerManual,
    /// Disputes time: marks it, and changes nothing of it.
    OpenDispute,
    /// Answers or settles a dispute.
    AnswerDispute,
    /// Freezes a week.
    LockWeek,
    /// Accepts what arrived after the lock of its week onto the next invoice.
    AcceptLate,
    /// Issues the invoice of a week.
    IssueInvoice,
    /// Ends the contract.
    CloseContract,
    /// Destroys what is not to be kept any longer.
    Purge,
    /// Keeps something from being purged.
    Hold,
    /// Asks for access to what is recorded, its correction or its erasure.
    MakeRequest,
    /// Answers such a request.
    AnswerRequest,
    /// Reads the Work Diary.
    ViewDiary,
    /// Reads pictures.
    ViewPictures,
    /// Reads the ledger.
    ViewLedger,
    /// Takes a copy of diary and ledger away, and of pictures if they may be viewed.
    Export,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 32] = [
        Self::IssueTerms,
        Self::RevokeTerms,
        Self::AcceptTerms,
        Self::RefuseTerms,
        Self::Deliver(Recorded::Tracked),
        Self::Deliver(Recorded::TypedIn),
        Self::Revise(Change::TimeAdded),
        Self::Revise(Change::TypedIn),
        Self::Revise(Change::TimeTaken),
        Self::Revise(Change::DetailsAdded),
        Self::Revise(Change::DetailsTaken),
        Self::Revise(Change::Words),
        Self::WriteMemo,
        Self::ChooseLabel,
        Self::RemoveTime,
        Self::RemovePicture,
        Self::AskForManual,
        Self::AnswerManual,
        Self::OpenDispute,
        Self::AnswerDispute,
        Self::LockWeek,
        Self::AcceptLate,
        Self::IssueInvoice,
        Self::CloseContract,
        Self::Purge,
        Self::Hold,
        Self::MakeRequest,
        Self::AnswerRequest,
        Self::ViewDiary,
        Self::ViewPictures,
        Self::ViewLedger,
        Self::Export,
    ];

    /// Returns its stable name: that of the ledger's entry where there is one.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::IssueTerms => "terms-issued",
            Self::RevokeTerms => "terms-revoked",
            Self::AcceptTerms => "terms-accepted",
            Self::RefuseTerms => "terms-refused",
            Self::Deliver(Recorded::Tracked) => "parcel: new, tracked",
            Self::Deliver(Recorded::TypedIn) => "parcel: new, typed in",
            Self::Revise(Change::TimeAdded) => "parcel: revision, time added",
            Self::Revise(Change::TypedIn) => "parcel: revision, typed in",
            Self::Revise(Change::TimeTaken) => "parcel: revision, time taken away",
            Self::Revise(Change::DetailsAdded) => "parcel: revision, details added",
            Self::Revise(Change::DetailsTaken) => "parcel: revision, details taken away",
            Self::Revise(Change::Words) => "parcel: revision, words changed",
            Self::WriteMemo => "memo",
            Self::ChooseLabel => "label",
            Self::RemoveTime => "time-removed",
            Self::RemovePicture => "picture-removed",
            Self::AskForManual => "manual-asked",
            Self::AnswerManual => "manual-answered",
            Self::OpenDispute => "dispute-opened",
            Self::AnswerDispute => "dispute-answered",
            Self::LockWeek => "week-locked",
            Self::AcceptLate => "late-accepted",
            Self::IssueInvoice => "invoice-issued",
            Self::CloseContract => "contract-closed",
            Self::Purge => "purged",
            Self::Hold => "hold",
            Self::MakeRequest => "request",
            Self::AnswerRequest => "request-answered",
            Self::ViewDiary => "view-diary",
            Self::ViewPictures => "view-pictures",
            Self::ViewLedger => "view-ledger",
            Self::Export => "export",
        }
    }

    /// Returns whether it leaves no entry.
    #[must_use]
    pub fn only_reads(self) -> bool {
        matches!(self, Self::ViewDiary | Self::ViewPictures | Self::ViewLedger | Self::Export)
    }
}
