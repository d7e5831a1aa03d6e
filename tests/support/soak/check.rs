//! The model beside what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::Result;
use candor_protocol::Segment as Listed;
use serde_json::Value;

use super::driver::{CONTRACTS, Deed, Note};
use super::found::{self, Segment};
use super::model::Model;
use super::proxy::Sent;
use super::senses::{HIDDEN_COLOUR, PRIVATE_COLOUR};
use super::spans::Spans;
use super::world::{HIDDEN, OPEN, PRIVATE};
use super::{MINUTE, SEGMENT, SEGMENT_MINUTES};
use candor_test_display::picture::Picture;
use candor_test_driver::leaks;

/// Rounding, in milliseconds: spans are cut at minutes and commands.
const ROUNDED: u64 = 1_500;

/// Something that is not as the model says.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The number of the contract.
    pub contract: usize,
    /// The minute of the wall clock; 0 if none is meant.
    pub minute: u64,
    /// What differs, in words.
    pub what: String,
}

/// All that was found.
pub struct Found<'a> {
    /// All requests that reached the proxy.
    pub sent: &'a [Sent],
    /// The last revision of each segment that the back office took.
    pub segments: BTreeMap<(String, u64), Segment>,
    /// What the back office lists, by contract.
    pub deliveries: Vec<Vec<Value>>,
    /// What the worker's list says, by contract.
    pub listed: Vec<Vec<Listed>>,
    /// How many minutes the back office bills this week, by contract.
    pub billed_minutes: Vec<u64>,
}

impl Found<'_> {
    fn segment(&self, contract: usize, minute: u64) -> Option<&Segment> {
        self.segments.get(&(CONTRACTS.get(contract).copied()?.to_owned(), minute - minute % SEGMENT))
    }
}

/// Returns where the program differs from the model.
#[must_use]
pub fn differences(model: &Model, notes: &[Note], found: &Found<'_>) -> Vec<Difference> {
    let mut all = Vec::new();
    for contract in 0..CONTRACTS.len() {
        let mut say = |minute: u64, what: String| all.push(Difference { contract, minute, what });
        minutes(model, found, contract, &mut say);
        removed_pictures(model, notes, found, contract, &mut say);
        once(found, contract, &mut say);
    }
    all.extend(misplaced(model, found.sent));
    billed(model, notes, found, &mut all);
    all
}

/// Time and counts, minute by minute, and gaps for what could not be seen.
fn minutes(model: &Model, found: &Found<'_>, contract: usize, say: &mut impl FnMut(u64, String)) {
    for minute in model.minutes() {
        let expected = model.minute(contract, minute);
        let segment = found.segment(contract, minute);
        let have = segment.filter(|s| !s.manual()).and_then(|s| s.minute(minute)).unwrap_or_default();
        if segment.is_some_and(Segment::manual) {
            // Typed in: the evidence beside it is gone, as the design says.
            continue;
        }
        if have.tracked + ROUNDED < expected.least {
            say(minute, format!("worked and lost: at least {} ms, found {have:?}", expected.least));
        }
        if have.tracked > expected.most + ROUNDED {
            say(minute, format!("not worked and tracked: at most {} ms, found {have:?}", expected.most));
        }
        let presses = have.presses.unwrap_or(0);
        // One at the very edge of a minute may be counted on its other side; if nobody typed, nobody did.
        let edge = if expected.presses_most > 0 { 2 } else { 0 };
        if presses > expected.presses_most + edge {
            say(minute, format!("at most {} presses, found {have:?}", expected.presses_most));
        }
        if presses + 2 < expected.presses_least {
            say(minute, format!("at least {} presses, found {have:?}", expected.presses_least));
        }
        let gaps = segment.map(Segment::gaps).unwrap_or_default();
        let gapped = Spans::all(gaps.iter().map(|(a, b, _)| (*a, *b))).ms_within(minute, minute + MINUTE);
        if have.tracked + gapped + ROUNDED < expected.told {
            let told = expected.told;
            say(
                minute,
                format!("neither tracked nor told: {told} ms, found {have:?} and {gapped} ms of gaps"),
            );
        }
        if have.tracked > ROUNDED && have.presses.is_none() && gapped == 0 {
            say(minute, format!("not counted, and no gap says so: {have:?}, gaps {gaps:?}"));
        }
        for (what, from, to, causes) in model.unseen(contract, minute) {
            let told = gaps.iter().filter(|(_, _, cause)| causes.contains(&cause.as_str()));
            let told = Spans::all(told.map(|(a, b, _)| (*a, *b))).ms_within(from, to);
            if told + ROUNDED < to - from {
                say(
                    minute,
                    format!("{what} for {} ms, of which {told} ms are told; gaps {gaps:?}", to - from),
                );
            }
        }
    }
    for ((of, start), segment) in &found.segments {
        if CONTRACTS.get(contract) == Some(&of.as_str()) {
            for minute in segment.document["minutes"].as_array().into_iter().flatten() {
                let at = minute["start"].as_u64().unwrap_or(0);
                if at < *start || at >= start + SEGMENT || at % MINUTE != 0 {
                    say(*start, format!("a minute that is none of the segment: {minute}"));
                }
            }
        }
    }
}

/// What has a time of its own, and was recorded when nothing may be, or shows what was not on the screen then.
#[must_use]
pub fn misplaced(model: &Model, sent: &[Sent]) -> Vec<Difference> {
    let mut all = Vec::new();
    for document in found::documents(sent) {
        let (Some(of), Some(start)) = (document["contract"].as_str(), document["start"].as_u64()) else {
            continue;
        };
        let Some(contract) = CONTRACTS.iter().position(|c| *c == of) else { continue };
        let mut say = |what: String| all.push(Difference { contract, minute: start, what });
        let segment =
            Segment { contract: of.to_owned(), start, digest: String::new(), document: document.clone() };
        for (what, at) in segment.moments() {
            if !model.recordable(contract, at) {
                say(format!("recorded at {at}, when nothing may be: {what}"));
            }
        }
        for focus in document["focus"].as_array().into_iter().flatten() {
            let (Some(title), Some(at)) = (focus["title"].as_str(), focus["at"].as_u64()) else { continue };
            let number = title.strip_prefix(OPEN).and_then(|n| n.trim().parse().ok());
            if !number.is_some_and(|n| model.showed(n, at)) {
                say(format!("a title that was not on the screen at {at}: {focus}"));
            }
        }
    }
    all
}

/// A removed picture is gone, and the time stays (which [`minutes`] has checked).
fn removed_pictures(
    model: &Model,
    notes: &[Note],
    found: &Found<'_>,
    contract: usize,
    say: &mut impl FnMut(u64, String),
) {
    let removed = notes.iter().filter(|n| n.contract == contract && n.refused.is_none());
    for start in
        removed.filter_map(|n| if let Deed::RemovePicture(start) = n.deed { Some(start) } else { None })
    {
        let segment = found.segment(contract, start);
        // If the clock showed it twice, it may have another by now.
        let again = [start, start + MINUTE].iter().any(|minute| model.boots(*minute).len() > 1);
        if !again && segment.is_none_or(|s| s.document["snapshot"].is_object()) {
            say(start, format!("its picture was removed, and it is {segment:?}"));
        }
    }
}

/// The back office has each segment once, and it is the last one that it took.
fn once(found: &Found<'_>, contract: usize, say: &mut impl FnMut(u64, String)) {
    let mut starts = BTreeSet::new();
    for delivery in found.deliveries.get(contract).into_iter().flatten() {
        let start = delivery["start"].as_u64().unwrap_or(0);
        if !starts.insert(start) {
            say(start, "it is there twice".into());
        }
        let taken = found.segment(contract, start);
        if taken.is_none_or(|s| delivery["digest"] != s.digest.as_str()) {
            say(start, format!("the back office has {}, and took {taken:?}", delivery["digest"]));
        }
    }
    let taken = found.segments.keys().filter(|(of, _)| CONTRACTS.get(contract) == Some(&of.as_str()));
    for (_, start) in taken.filter(|(_, start)| !starts.contains(start)) {
        say(*start, "the back office took it, and has it no more".into());
    }
}

/// Who is billed for a segment. A rule of its own, from design §8: any activity bills it whole; between two contracts the
/// one with more active minutes has it, and of two with as many the one that began earlier; what was typed in fills what
/// is left.
fn winner(found: &Found<'_>, start: u64) -> Option<usize> {
    let active = |contract: usize| {
        let segment = found.segment(contract, start).filter(|s| !s.removed() && !s.manual())?;
        let minutes = (start..start + SEGMENT).step_by(60_000);
        let all: Vec<_> = minutes.filter_map(|at| Some((at, segment.minute(at)?))).collect();
        let count = all.iter().filter(|(_, m)| m.presses.is_some_and(|p| p > 0)).count();
        let first = all.first().map(|(at, _)| *at)?;
        (count > 0).then_some((std::cmp::Reverse(count), first, contract))
    };
    let tracked = (0..CONTRACTS.len()).filter_map(active).min().map(|(_, _, contract)| contract);
    tracked.or_else(|| (0..CONTRACTS.len()).find(|c| found.segment(*c, start).is_some_and(Segment::manual)))
}

fn billed(model: &Model, notes: &[Note], found: &Found<'_>, all: &mut Vec<Difference>) {
    let starts: BTreeSet<u64> = model.minutes().iter().map(|m| m - m % SEGMENT).collect();
    let typed = notes.iter().any(|n| n.deed == Deed::Answer(true) && n.refused.is_none());
    let mut sums = vec![0; CONTRACTS.len()];
    for start in starts {
        let winner = winner(found, start);
        if let Some(sum) = winner.and_then(|w| sums.get_mut(w)) {
            *sum += SEGMENT_MINUTES;
        }
        let mut surely = Vec::new();
        for contract in 0..CONTRACTS.len() {
            let minutes = [start, start + MINUTE].map(|minute| model.minute(contract, minute));
            let manual = found.segment(contract, start).is_some_and(Segment::manual);
            if minutes.iter().any(|m| m.presses_least > 2) && !manual {
                surely.push(contract);
            }
            if winner == Some(contract) && minutes.iter().all(|m| m.presses_most == 0) && !(manual && typed) {
                all.push(Difference { contract, minute: start, what: "billed, and nobody worked".into() });
            }
            let listed = found.listed.get(contract).into_iter().flatten().find(|s| s.start == start);
            let billed = listed.is_some_and(|s| s.billed_ms > 0);
            let rival = (0..CONTRACTS.len()).any(|c| c != contract && found.segment(c, start).is_some());
            if billed != (winner == Some(contract)) && !rival {
                let sent = found.segment(contract, start);
                let what = format!(
                    "the worker's list bills it: {billed}; billed to {winner:?}; listed {listed:#?}; taken {sent:#?}"
                );
                all.push(Difference { contract, minute: start, what });
            }
        }
        if let Some(contract) = surely.first().copied().filter(|_| winner.is_none()) {
            all.push(Difference { contract, minute: start, what: "worked, and billed to nobody".into() });
        }
    }
    for (contract, (sum, billed)) in sums.into_iter().zip(&found.billed_minutes).enumerate() {
        if sum != *billed {
            let what = format!("the back office bills {billed} minutes, and the parcels come to {sum}");
            all.push(Difference { contract, minute: 0, what });
        }
    }
}

/// What nobody may see is in no file of the agent and in nothing that was sent.
///
/// # Errors
/// If something of it was found, or a picture cannot be read.
pub fn nothing_leaked(folder: &std::path::Path, sent: &[Sent]) -> Result<()> {
    let secrets = [PRIVATE, HIDDEN.rsplit(' ').next().unwrap_or(HIDDEN)];
    for secret in secrets {
        for place in ["agent", "backoffice", "log"] {
            let found = leaks::files_with(&folder.join(place), secret);
            anyhow::ensure!(found.is_empty(), "{secret} stands in {found:?}");
        }
        let document = found::documents(sent).into_iter().find(|d| d.to_string().contains(secret));
        anyhow::ensure!(document.is_none(), "{secret} was sent: {document:#?}");
    }
    let mut pictures = 0;
    for (path, bytes) in found::pictures(sent) {
        let picture = Picture::decode(bytes)?;
        for colour in [PRIVATE_COLOUR, HIDDEN_COLOUR] {
            let shown = picture.close_to(colour);
            anyhow::ensure!(shown < 20, "{shown} pixels of {path} show what nobody may see ({colour:?})");
        }
        pictures += 1;
    }
    anyhow::ensure!(pictures > 0, "no picture proves nothing");
    Ok(())
}

/// The differences, each with what was done around its minute.
#[must_use]
pub fn report(model: &Model, notes: &[Note], differences: &[Difference]) -> String {
    let mut text = String::new();
    for difference in differences.iter().take(40) {
        let minute = difference.minute;
        let contract = CONTRACTS.get(difference.contract).copied().unwrap_or_default();
        let _infallible = writeln!(text, "\n{contract} {minute}: {}", difference.what);
        for boot in model.boots(minute).into_iter().chain(model.boots(minute + MINUTE)) {
            let near = notes.iter().filter(|n| n.done + 4 * MINUTE > boot && n.sent < boot + 2 * MINUTE);
            let _infallible = writeln!(text, "  the wall clock showed that at {boot}; around it:");
            for note in near {
                let (sent, took) = (note.sent, note.done - note.sent);
                let refused =
                    note.refused.as_deref().map(|why| format!(" refused: {why}")).unwrap_or_default();
                let _infallible = writeln!(text, "    {sent} +{took} {:?}{refused}", note.deed);
            }
        }
    }
    text
}
