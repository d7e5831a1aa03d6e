//! What of the day may be tracked, billed and shown: from the world's log and the person's deeds alone.
//!
//! Everything is twofold: what *surely* holds and what *may* hold. Between the two lies what the design leaves open, and
//! nothing else; each of these has its constant below.

use std::collections::BTreeMap;

use super::MINUTE;
use super::driver::{CONTRACTS, Deed, IDLE_MINUTES, Note};
use super::spans::Spans;
use super::world::{Entry, Event, Scene, Timebase};

/// What happens to the computer is seen at the next heartbeat: a lock, a lost display, a clock that was set (design §2,
/// invariant 9: no span is longer than the heartbeats vouch for).
const HEARTBEAT: u64 = 10_000;

/// How long a busy machine may take to run a program that is due, in real milliseconds.
const LATE_REAL: u64 = 300;

/// Records are committed once a second, in real milliseconds: a kill loses what came after (design §2, invariant 9), and
/// the minute that ran then.
const COMMITTED_REAL: u64 = 1_000;

/// How long a title must have stood before it is told, in milliseconds (design §2, invariant 2).
const SETTLES: u64 = 1_500;

/// A stretch in which nobody set the clock.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: u64,
    to: u64,
    ahead: i64,
}

/// What must be told as a gap: when, and as one of which causes.
#[derive(Clone, Debug)]
pub struct Unseen {
    /// What it was, for people.
    pub what: &'static str,
    /// When, by the clock that never sleeps.
    pub when: Spans,
    /// The causes that tell the truth of it.
    pub causes: &'static [&'static str],
}

/// What is true of one contract. Times are by the clock that never sleeps.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// What was surely tracked.
    pub sure: Spans,
    /// Perhaps tracked; nothing else is.
    pub maybe: Spans,
    /// The tracker was on and could perhaps see: what is recorded has a time in here.
    pub open: Spans,
    /// Surely tracked, but for a disk that had no room then: the time, or a gap in its place.
    pub at_least_told: Spans,
    /// What must be told as a gap.
    pub unseen: Vec<Unseen>,
}

/// What is expected of a minute of the wall clock, in milliseconds and presses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Milliseconds tracked at least.
    pub least: u64,
    /// Milliseconds tracked at most.
    pub most: u64,
    /// Presses at least, if the whole minute was surely tracked.
    pub presses_least: u64,
    /// How many presses at most.
    pub presses_most: u64,
    /// Tracked, or told as a gap, at least.
    pub told: u64,
}

/// What may be tracked, billed, shown and sent of the day.
pub struct Model {
    /// The truth by contract.
    pub truths: [Truth; CONTRACTS.len()],
    /// What the clocks are.
    timebase: Timebase,
    pieces: Vec<Piece>,
    presses: Vec<u64>,
    frozen: Spans,
    lost: Spans,
    /// Scenes: when they were shown.
    scenes: Vec<(Scene, u64, u64)>,
    slack: u64,
    end: u64,
}

/// What the log says.
#[derive(Default)]
struct Read {
    presses: Vec<u64>,
    scenes: Vec<(Scene, u64, u64)>,
    pieces: Vec<Piece>,
    jumps: Vec<u64>,
    asleep: Spans,
    locked: Spans,
    lost: Spans,
    frozen: Spans,
    held: Spans,
}

fn read(log: &[Entry], end: u64) -> Read {
    let mut read = Read::default();
    let (mut locked, mut lost, mut frozen, mut held) = (None, None, None, None);
    let mut piece = Piece { from: 0, to: end, ahead: 0 };
    let toggle = |spans: &mut Spans, since: &mut Option<u64>, on: bool, at: u64| {
        if on {
            *since = Some(at);
        } else if let Some(from) = since.take() {
            spans.add(from, at);
        }
    };
    for &Entry { boot, event } in log {
        match event {
            Event::Press => read.presses.push(boot),
            Event::Scene(scene) => {
                if let Some(last) = read.scenes.last_mut() {
                    last.2 = boot;
                }
                read.scenes.push((scene, boot, end));
            }
            Event::Slept(ms) => read.asleep.add(boot, boot + ms),
            Event::Ahead(ahead) => {
                read.pieces.push(Piece { to: boot, ..piece });
                piece = Piece { from: boot, to: end, ahead };
                read.jumps.push(boot);
            }
            Event::Locked(on) => toggle(&mut read.locked, &mut locked, on, boot),
            Event::Lost(on) => toggle(&mut read.lost, &mut lost, on, boot),
            Event::Frozen(on) => toggle(&mut read.frozen, &mut frozen, on, boot),
            Event::Held(on) => toggle(&mut read.held, &mut held, on, boot),
        }
    }
    read.pieces.push(piece);
    read
}

/// When the tracker was on, by contract, and what else the deeds say.
struct Done {
    on_sure: [Spans; CONTRACTS.len()],
    on_maybe: [Spans; CONTRACTS.len()],
    paused_sure: Spans,
    paused_maybe: Spans,
    full: Spans,
    kills: Vec<(u64, usize)>,
}

fn done(notes: &[Note], end: u64) -> Done {
    let mut done = Done {
        on_sure: Default::default(),
        on_maybe: Default::default(),
        paused_sure: Spans::default(),
        paused_maybe: Spans::default(),
        full: Spans::default(),
        kills: Vec::new(),
    };
    // On since when: perhaps, and surely.
    let mut on: Option<(usize, u64, u64)> = None;
    let mut paused: Option<(u64, u64)> = None;
    let mut full = None;
    let off = |on: &mut Option<(usize, u64, u64)>, surely_until: u64, perhaps_until: u64, done: &mut Done| {
        if let Some((contract, maybe, sure)) = on.take() {
            done.on_sure[contract].add(sure, surely_until);
            done.on_maybe[contract].add(maybe, perhaps_until);
        }
    };
    for note in notes.iter().filter(|n| n.refused.is_none()) {
        let (sent, at) = (note.sent, note.done);
        match note.deed {
            Deed::Start => on = Some((note.contract, sent, at)),
            Deed::Pause => paused = Some((sent, at)),
            Deed::Resume | Deed::Stop | Deed::Kill => {
                if let Some((maybe, sure)) = paused.take() {
                    done.paused_maybe.add(maybe, at);
                    done.paused_sure.add(sure, sent);
                }
                if note.deed != Deed::Resume {
                    off(&mut on, sent, at, &mut done);
                }
                if note.deed == Deed::Kill {
                    done.kills.push((sent, note.contract));
                    if let Some(from) = full.take() {
                        done.full.add(from, at);
                    }
                }
            }
            Deed::Switch(_) if on.is_some() => {
                off(&mut on, sent, at, &mut done);
                on = Some((note.contract, sent, at));
            }
            Deed::DiskFull => full = Some(sent),
            Deed::DiskRoom => {
                if let Some(from) = full.take() {
                    done.full.add(from, at);
                }
            }
            _ => {}
        }
    }
    off(&mut on, end, end, &mut done);
    done
}

impl Model {
    /// Thinks the day over. `stalls` are the times in which the machine stood still; `end` is when the day ended.
    #[must_use]
    pub fn of(timebase: Timebase, log: &[Entry], notes: &[Note], stalls: &Spans, end: u64) -> Self {
        let read = read(log, end);
        let done = done(notes, end);
        let slack = LATE_REAL * timebase.speed;
        let mut model = Self {
            truths: Default::default(),
            timebase,
            pieces: read.pieces.clone(),
            presses: read.presses.clone(),
            frozen: read.frozen.clone(),
            lost: read.lost.clone(),
            scenes: read.scenes.clone(),
            slack,
            end,
        };
        let beat = HEARTBEAT + slack;
        let jumps = Spans::all(read.jumps.iter().map(|&at| (at, at + 1))).grown(beat, beat);
        let stalls = stalls.grown(beat, beat);
        let kills = Spans::all(done.kills.iter().map(|&(at, _)| (model.lost_by_kill(at), at)));
        let disk = done.full.grown(MINUTE, MINUTE);
        for contract in 0..CONTRACTS.len() {
            let (on_sure, on_maybe) = (&done.on_sure[contract], &done.on_maybe[contract]);
            let (away_sure, away_maybe) = model.away(on_sure, &read, notes, beat);
            let unsure = [
                &done.paused_maybe.grown(0, slack),
                &read.locked.grown(0, beat),
                &read.lost.grown(0, beat),
                &read.asleep.grown(beat, beat),
                &jumps,
                &stalls,
                &kills,
                &away_maybe,
            ];
            let at_least_told = unsure.iter().fold(on_sure.clone(), |sure, unsure| sure.minus(unsure));
            let locked = read.locked.shrunk(beat, 0);
            let lost = read.lost.shrunk(beat, 0);
            let asleep = read.asleep.shrunk(beat, beat);
            let open = [&done.paused_sure, &locked, &lost, &asleep]
                .into_iter()
                .fold(on_maybe.clone(), |open, shut| open.minus(shut));
            let unseen = [
                ("paused", done.paused_sure.shrunk(0, slack), &["paused"] as &[&str]),
                ("locked", locked.shrunk(0, slack), &["locked"]),
                ("display lost", lost.shrunk(0, slack), &["display-lost", "counter-lost"]),
                ("asleep", asleep, &["asleep", "clock-jump"]),
            ];
            let unseen = unseen.into_iter().map(|(what, when, causes)| Unseen {
                what,
                when: when.and(on_sure).minus(&jumps).minus(&kills),
                causes,
            });
            model.truths[contract] = Truth {
                sure: at_least_told.minus(&disk),
                maybe: open.minus(&away_sure),
                open,
                at_least_told,
                unseen: unseen.collect(),
            };
        }
        model.forget(notes);
        model
    }

    /// From when on a kill may have lost what was recorded.
    fn lost_by_kill(&self, at: u64) -> u64 {
        let committed = at.saturating_sub(COMMITTED_REAL * self.timebase.speed + self.slack);
        let ahead = self.piece(at).ahead;
        committed - self.timebase.wall(committed, ahead) % MINUTE
    }

    fn piece(&self, at: u64) -> Piece {
        let found = self.pieces.iter().find(|p| p.from <= at && at < p.to).or(self.pieces.last());
        found.copied().unwrap_or(Piece { from: 0, to: self.end, ahead: 0 })
    }

    /// When nobody was there for so long that the time is left out: surely, and perhaps.
    fn away(&self, on: &Spans, read: &Read, notes: &[Note], beat: u64) -> (Spans, Spans) {
        let limit = u64::from(IDLE_MINUTES) * MINUTE;
        let (mut sure, mut maybe) = (Spans::default(), Spans::default());
        let between = self.presses.windows(2).map(|w| (w[0], w[1]));
        let last = self.presses.last().map(|last| (*last, self.end));
        for (from, to) in between.chain(last) {
            // Awake: the display's clock for this stands while the computer sleeps.
            let awake = Spans::one(from, to).minus(&read.asleep).ms();
            if awake + beat < limit {
                continue;
            }
            maybe.add(from, to + beat);
            let disturbed =
                notes.iter().any(|n| n.done > from && n.sent < to && !matches!(n.deed, Deed::Say(_)))
                    || [&read.locked, &read.lost, &read.asleep].iter().any(|s| s.ms_within(from, to) > 0)
                    || read.jumps.iter().any(|at| (from..to).contains(at))
                    || on.ms_within(from, to) < to - from;
            // A key that is held down says that somebody is there, until the counts say otherwise.
            let held = read.held.ms_within(from, to) > 0;
            if awake > limit + beat && !disturbed && !held {
                sure.add(from + self.slack, to.saturating_sub(beat));
            }
        }
        (sure, maybe)
    }

    /// What was removed is not there any more; of the minute in which that was done nothing is said.
    fn forget(&mut self, notes: &[Note]) {
        for note in notes.iter().filter(|n| n.refused.is_none()) {
            let Deed::Forget(from, to) = note.deed else { continue };
            let from = from - from % super::SEGMENT;
            let to = to.div_ceil(super::SEGMENT) * super::SEGMENT;
            let mut gone = Spans::default();
            for piece in &self.pieces {
                let (a, b) = (self.boot(from, piece.ahead), self.boot(to, piece.ahead));
                gone.add(a.max(piece.from), b.min(piece.to));
            }
            let before = |at: u64| Spans::one(0, at);
            let surely = gone.and(&before(note.sent.saturating_sub(MINUTE + self.slack)));
            let perhaps = gone.and(&before(note.done + MINUTE + self.slack));
            let truth = &mut self.truths[note.contract];
            truth.sure = truth.sure.minus(&perhaps);
            truth.at_least_told = truth.at_least_told.minus(&perhaps);
            truth.maybe = truth.maybe.minus(&surely);
            for unseen in &mut truth.unseen {
                unseen.when = unseen.when.minus(&perhaps);
            }
        }
    }

    fn boot(&self, wall: u64, ahead: i64) -> u64 {
        wall.saturating_add_signed(-ahead).saturating_sub(self.timebase.epoch)
    }

    /// Every time at which the wall clock showed this, or may be taken to have.
    #[must_use]
    pub fn boots(&self, wall: u64) -> Vec<u64> {
        let beat = HEARTBEAT + self.slack;
        let candidates = self.pieces.iter().filter_map(|piece| {
            let boot = self.boot(wall, piece.ahead);
            (piece.from.saturating_sub(beat) <= boot && boot < piece.to + beat).then_some(boot)
        });
        candidates.collect()
    }

    /// What is expected of a minute of the wall clock.
    #[must_use]
    pub fn minute(&self, contract: usize, start: u64) -> Expected {
        let truth = &self.truths[contract];
        let beat = HEARTBEAT + self.slack;
        let mut expected = Expected::default();
        for piece in &self.pieces {
            let (from, to) = (self.boot(start, piece.ahead), self.boot(start + MINUTE, piece.ahead));
            let (sure_from, sure_to) = (from.max(piece.from), to.min(piece.to));
            let (from, to) = (from.max(piece.from.saturating_sub(beat)), to.min(piece.to + beat));
            if to <= from {
                continue;
            }
            expected.most += truth.maybe.ms_within(from, to);
            expected.presses_most += self.presses_within(from, to, &truth.maybe.grown(0, self.slack));
            // What a frozen counter missed is counted by it when it goes on.
            for (began, thawed) in self.frozen.iter() {
                if thawed + beat + MINUTE > from && thawed < to + beat {
                    expected.presses_most += self.presses_within(began, thawed, &truth.maybe);
                }
            }
            if sure_to > sure_from {
                let least = truth.sure.ms_within(sure_from, sure_to);
                if least >= expected.least {
                    expected.least = least;
                    let counted = truth.sure.minus(&self.frozen.grown(MINUTE, MINUTE));
                    // A counter whose display goes takes the counts of its minute along.
                    let lost = self.lost.grown(self.slack, self.slack).ms_within(from, to) > 0;
                    let whole = least + 1_000 >= MINUTE && !lost;
                    expected.presses_least =
                        if whole { self.presses_within(sure_from, sure_to, &counted) } else { 0 };
                }
                expected.told = expected.told.max(truth.at_least_told.ms_within(sure_from, sure_to));
            }
        }
        expected.most = expected.most.min(MINUTE);
        expected
    }

    fn presses_within(&self, from: u64, to: u64, spans: &Spans) -> u64 {
        let (first, last) =
            (self.presses.partition_point(|p| *p < from), self.presses.partition_point(|p| *p < to));
        let all = self.presses.get(first..last).unwrap_or_default();
        all.iter().filter(|at| spans.holds(**at)).count() as u64
    }

    /// What must be told as a gap within a minute of the wall clock, if the clock showed that minute only once: what it
    /// was, the span of the wall clock, and the causes.
    #[must_use]
    pub fn unseen(
        &self,
        contract: usize,
        start: u64,
    ) -> Vec<(&'static str, u64, u64, &'static [&'static str])> {
        let shown = self.pieces.iter().filter(|piece| {
            let (from, to) = (self.boot(start, piece.ahead), self.boot(start + MINUTE, piece.ahead));
            from < piece.to && to > piece.from
        });
        let [piece] = shown.collect::<Vec<_>>()[..] else { return Vec::new() };
        let (from, to) = (self.boot(start, piece.ahead), self.boot(start + MINUTE, piece.ahead));
        let within = Spans::one(from.max(piece.from), to.min(piece.to));
        let mut all = Vec::new();
        for unseen in &self.truths[contract].unseen {
            for (a, b) in unseen.when.and(&within).iter() {
                let wall = |at| self.timebase.wall(at, piece.ahead);
                all.push((unseen.what, wall(a), wall(b), unseen.causes));
            }
        }
        all
    }

    /// Whether something may have been recorded at this time of the wall clock.
    #[must_use]
    pub fn recordable(&self, contract: usize, wall: u64) -> bool {
        self.boots(wall).iter().any(|boot| self.truths[contract].open.holds(*boot))
    }

    /// Whether the screen showed this open scene about then.
    #[must_use]
    pub fn showed(&self, number: u64, wall: u64) -> bool {
        let around = 2 * SETTLES + self.slack;
        let shown = self.scenes.iter().find(|(scene, ..)| scene.number == number && !scene.private);
        let Some((_, from, to)) = shown else { return false };
        self.boots(wall).iter().any(|boot| from.saturating_sub(around) <= *boot && *boot <= to + around)
    }

    /// Every minute of the wall clock that anything is to be said about.
    #[must_use]
    pub fn minutes(&self) -> Vec<u64> {
        let mut all: BTreeMap<u64, ()> = BTreeMap::new();
        for piece in &self.pieces {
            let (from, to) =
                (self.timebase.wall(piece.from, piece.ahead), self.timebase.wall(piece.to, piece.ahead));
            let mut minute = (from - from % MINUTE).saturating_sub(MINUTE);
            while minute < to + MINUTE {
                all.insert(minute, ());
                minute += MINUTE;
            }
        }
        all.into_keys().collect()
    }
}
