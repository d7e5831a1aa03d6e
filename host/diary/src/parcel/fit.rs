//! Makes a parcel fit what both sides take, whatever was recorded.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Parcel;
use super::evidence::{Dropped, DroppedBecause, Focus, Gap, OTHERS};
use super::picture::NoSnapshot;
use crate::limits::{
    ATTACHMENT_BYTES, CORE_BYTES, CUSTOM_BODY_BYTES, DETAILS_BYTES, DROPPED, ENTRIES, EVIDENCE_BYTES, GAPS,
    NOTING_PLUGINS, REDACTIONS, RULE_BYTES, RULES, RULES_BYTES, TEXT_BYTES, json_bytes, shares, shorten,
};
use crate::memo::{MAX_LABEL, MAX_MEMO};
use crate::plain;
use crate::plain_id::PlainId;
use crate::segment::minute_of;

/// What stands in for the rules that are beyond the number of those told.
const MORE_RULES: &str = "more rules, whose words are not told";

/// Bytes that stay free for what a parcel gets after it was made to fit: id, place in the chain, names of details.
const CORE_RESERVE: usize = 12 * 1024;

impl Parcel {
    /// Trims what was recorded to what a parcel may hold, and says in [`Parcel::dropped`] what went. Minutes stay as they
    /// are, and so does what is billed of them.
    ///
    /// Texts are made visible: what a window's title or a memo holds that nobody sees, or that would turn the direction
    /// of what stands beside it, is written as what it is.
    ///
    /// A parcel whose identifiers and minutes are well formed passes [`Parcel::check`] after it; its core is
    /// [`CORE_BYTES`] long at most, its details are [`DETAILS_BYTES`] together.
    pub fn fit(&mut self) {
        let mut gone = Gone::default();
        self.fit_times(&mut gone);
        self.fit_texts(&mut gone);
        self.fit_rules(&mut gone);
        self.fit_gaps(&mut gone);
        self.fit_picture(&mut gone);
        self.fit_evidence(&mut gone);
        if let Some(removed) = &mut self.removed {
            removed.time_ms = removed.time_ms.min(self.length.ms());
        }
        gone.tell(&mut self.dropped);
        // The bounds above leave room to spare. Should they ever not, evidence goes before the parcel is refused.
        if json_bytes(&self.bare_core()) > CORE_BYTES - CORE_RESERVE {
            let mut gone = Gone::default();
            gone.add(None, DroppedBecause::Gaps, self.gaps.len().saturating_sub(1));
            self.gaps.truncate(1);
            gone.tell(&mut self.dropped);
        }
        if json_bytes(self) > DETAILS_BYTES {
            let mut gone = Gone::default();
            gone.add(None, DroppedBecause::OverBudget, self.focus.len() + self.custom.len());
            self.focus.clear();
            self.custom.clear();
            if let Some(snapshot) = &mut self.snapshot {
                gone.add(None, DroppedBecause::Redactions, snapshot.redactions.len());
                snapshot.redactions.clear();
            }
            gone.tell(&mut self.dropped);
        }
    }

    /// Leaves out what says to be of another time than the segment's.
    fn fit_times(&mut self, gone: &mut Gone) {
        let (start, end) = (self.start, self.end());
        let within = |at: u64| (start..end).contains(&at);
        let before = (self.focus.len(), self.custom.len());
        self.focus.retain(|focus| within(focus.at));
        gone.add(None, DroppedBecause::OtherTime, before.0 - self.focus.len());
        self.custom.retain(|note| within(note.at));
        gone.add(None, DroppedBecause::OtherTime, before.1 - self.custom.len());
        self.custom.sort_by(|a, b| (a.at, &a.plugin).cmp(&(b.at, &b.plugin)));
        if let Some(snapshot) = &mut self.snapshot {
            if !within(snapshot.at) {
                self.snapshot = None;
                self.no_snapshot = Some(NoSnapshot::MomentMissed);
            } else if let Some(focus) = &mut snapshot.focus {
                focus.at = focus.at.clamp(start, end.saturating_sub(1));
            }
        }
        self.gaps.retain_mut(|gap| {
            (gap.from, gap.to) = (gap.from.max(start), gap.to.min(end));
            gap.from < gap.to
        });
    }

    fn fit_texts(&mut self, gone: &mut Gone) {
        let mut cut = 0;
        let mut none = None;
        let reason = self.manual.as_mut().map_or(&mut none, |manual| &mut manual.reason);
        for (text, most) in [(&mut self.memo, MAX_MEMO), (&mut self.label, MAX_LABEL), (reason, MAX_MEMO)] {
            let Some(text) = text else { continue };
            make_visible(text);
            if let Some((end, _)) = text.char_indices().nth(most) {
                text.truncate(end);
                cut += 1;
            }
        }
        for focus in self.focus.iter_mut().chain(self.snapshot.iter_mut().filter_map(|s| s.focus.as_mut())) {
            for text in [&mut focus.app, &mut focus.title, &mut focus.url].into_iter().flatten() {
                make_visible(text);
                cut += usize::from(shorten(text, TEXT_BYTES));
            }
        }
        if !PlainId::is_plain(&self.policy.plugin) {
            self.policy.plugin.clear();
        }
        if !super::check::is_hex(&self.policy.sha256, 64) {
            self.policy.sha256.clear();
        }
        gone.add(None, DroppedBecause::Shortened, cut);
    }

    /// A rule is told by its index: one beyond the last that is told points to that.
    fn fit_rules(&mut self, gone: &mut Gone) {
        let rules = &mut self.policy.rules;
        let mut cut = 0;
        if rules.len() > RULES {
            cut += rules.len() - RULES + 1;
            rules.truncate(RULES - 1);
            rules.push(MORE_RULES.to_owned());
        }
        for rule in rules.iter_mut() {
            make_visible(rule);
            cut += usize::from(shorten(rule, RULE_BYTES));
        }
        let needs: Vec<usize> = rules.iter().map(json_bytes).collect();
        let given = shares(&needs, RULES_BYTES);
        for (rule, (need, given)) in rules.iter_mut().zip(needs.into_iter().zip(given)) {
            if given < need {
                // At worst each byte takes six.
                cut += usize::from(shorten(rule, given / 6));
            }
        }
        gone.add(None, DroppedBecause::Shortened, cut);
        let last = u32::try_from(rules.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let told = |indices: &mut Vec<u32>| {
            indices.iter_mut().for_each(|rule| *rule = (*rule).min(last));
            indices.sort_unstable();
            indices.dedup();
        };
        let fronts = self.focus.iter_mut().chain(self.snapshot.iter_mut().filter_map(|s| s.focus.as_mut()));
        fronts.for_each(|focus| told(&mut focus.hidden_by));
        if let Some(NoSnapshot::SkippedByRule { rules }) = &mut self.no_snapshot {
            told(rules);
        }
        let redactions = self.snapshot.iter_mut().flat_map(|s| &mut s.redactions);
        redactions.filter_map(|r| r.rule.as_mut()).for_each(|rule| *rule = (*rule).min(last));
    }

    /// Gaps of one cause that touch the same minute are told as one; of what is still too many, the longest. A segment
    /// counts by whether there is a gap in it, so nothing is billed otherwise.
    fn fit_gaps(&mut self, gone: &mut Gone) {
        if self.gaps.len() <= GAPS {
            return;
        }
        let mut by_cause: BTreeMap<u8, Vec<Gap>> = BTreeMap::new();
        for gap in std::mem::take(&mut self.gaps) {
            by_cause.entry(gap.cause as u8).or_default().push(gap);
        }
        for mut gaps in by_cause.into_values() {
            gaps.sort_by_key(|gap| gap.from);
            for gap in gaps {
                match self.gaps.last_mut() {
                    Some(last)
                        if last.cause == gap.cause
                            && minute_of(gap.from) <= minute_of(last.to.saturating_sub(1)) =>
                    {
                        last.to = last.to.max(gap.to);
                    }
                    _ => self.gaps.push(gap),
                }
            }
        }
        gone.add(None, DroppedBecause::Gaps, self.gaps.len().saturating_sub(GAPS));
        self.gaps.sort_by_key(|gap| std::cmp::Reverse(gap.to - gap.from));
        self.gaps.truncate(GAPS);
        self.gaps.sort_by_key(|gap| gap.from);
    }

    fn fit_picture(&mut self, gone: &mut Gone) {
        let Some(snapshot) = &mut self.snapshot else { return };
        if snapshot.bytes > ATTACHMENT_BYTES {
            self.snapshot = None;
            self.no_snapshot = Some(NoSnapshot::TooLarge);
            return;
        }
        gone.add(None, DroppedBecause::Redactions, snapshot.redactions.len().saturating_sub(REDACTIONS));
        snapshot.redactions.truncate(REDACTIONS);
        self.no_snapshot = None;
    }

    /// Shares the room out among the plugins, so that what one has too much of takes nothing from another.
    fn fit_evidence(&mut self, gone: &mut Gone) {
        for custom in &mut self.custom {
            custom.body = single_line_json(&custom.body);
        }
        let mut plugins = BTreeSet::new();
        self.custom.retain(|custom| {
            let sound = PlainId::is_plain(&custom.plugin)
                && PlainId::is_plain(&custom.kind)
                && custom.body.len() <= CUSTOM_BODY_BYTES
                && (plugins.contains(&custom.plugin) || plugins.len() < NOTING_PLUGINS);
            if sound {
                plugins.insert(custom.plugin.clone());
            } else {
                gone.add(Some(&custom.plugin), DroppedBecause::OverBudget, 1);
            }
            sound
        });
        // The windows seen are a source of their own: which plugin told of them is not kept.
        let mut sources: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
        sources.insert(None, self.focus.iter().map(size_of_focus).collect());
        for custom in &self.custom {
            sources.entry(Some(custom.plugin.clone())).or_default().push(json_bytes(custom) + 1);
        }
        let custom: Vec<usize> =
            sources.iter().map(|(name, sizes)| if name.is_some() { sizes.len() } else { 0 }).collect();
        let mut entries = shares(&custom, ENTRIES);
        if let Some(focus) = entries.first_mut() {
            *focus = ENTRIES;
        }
        let needs: Vec<usize> =
            sources.values().zip(&entries).map(|(sizes, most)| sizes.iter().take(*most).sum()).collect();
        let bytes = shares(&needs, EVIDENCE_BYTES);
        let mut room: BTreeMap<Option<String>, (usize, usize)> =
            sources.into_keys().zip(entries.into_iter().zip(bytes)).collect();
        self.focus.retain(|focus| keep(&mut room, gone, None, size_of_focus(focus)));
        self.custom.retain(|c| keep(&mut room, gone, Some(&c.plugin), json_bytes(c) + 1));
    }
}

/// Makes a text such that a person sees all that is in it.
fn make_visible(text: &mut String) {
    if let std::borrow::Cow::Owned(shown) = plain::visible(text) {
        *text = shown;
    }
}

/// Writes JSON text on one line, with all that nobody sees as escapes.
fn single_line_json(json: &str) -> String {
    plain::escaped_json(json).replace(['\n', '\r', '\t'], " ")
}

fn size_of_focus(focus: &Focus) -> usize {
    json_bytes(focus) + 1
}

/// Whether an entry still fits its source's room.
fn keep(
    room: &mut BTreeMap<Option<String>, (usize, usize)>,
    gone: &mut Gone,
    source: Option<&String>,
    size: usize,
) -> bool {
    let fits = match room.get_mut(&source.cloned()) {
        Some((entries, bytes)) if *entries > 0 && *bytes >= size => {
            *entries -= 1;
            *bytes -= size;
            true
        }
        _ => false,
    };
    if !fits {
        gone.add(source.map(String::as_str), DroppedBecause::OverBudget, 1);
    }
    fits
}

/// What went, added up.
#[derive(Default)]
struct Gone(BTreeMap<(DroppedBecause, Option<String>), u64>);

impl Gone {
    fn add(&mut self, plugin: Option<&str>, because: DroppedBecause, count: usize) {
        if count > 0 {
            let plugin = plugin.map(|name| if PlainId::is_plain(name) { name } else { OTHERS }.to_owned());
            let sum = self.0.entry((because, plugin)).or_default();
            *sum = sum.saturating_add(count as u64);
        }
    }

    /// Adds what was told before, and tells all in one order. Of more plugins than there are lines, the last stands for
    /// the rest.
    fn tell(mut self, dropped: &mut Vec<Dropped>) {
        for mut before in dropped.drain(..) {
            if let Some(plugin) = &mut before.plugin
                && !PlainId::is_plain(plugin)
            {
                OTHERS.clone_into(plugin);
            }
            let sum = self.0.entry((before.because, before.plugin)).or_default();
            *sum = sum.saturating_add(before.count);
        }
        for ((because, plugin), count) in self.0 {
            dropped.push(Dropped { plugin, because, count });
        }
        if dropped.len() > DROPPED {
            let rest = dropped.split_off(DROPPED - 1);
            let count = rest.iter().fold(0u64, |sum, d| sum.saturating_add(d.count));
            dropped.push(Dropped {
                plugin: Some(OTHERS.to_owned()),
                because: DroppedBecause::OverBudget,
                count,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::billing::Facts;
    use crate::example;
    use crate::limits::PLUGIN_BYTES;
    use crate::parcel::Custom;
    use crate::parcel::{Cover, GapCause, Redaction, Snapshot};
    use crate::segment::MINUTE_MS;
    use crate::segment::SegmentLength;

    const START: u64 = 1_795_737_600_000;

    /// Numbers that a seed brings, always the same (xorshift).
    struct Draw(u64);

    impl Draw {
        fn up_to(&mut self, most: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % (most + 1)
        }

        fn count(&mut self, most: u64) -> usize {
            // Small, usual and huge ones alike.
            let most = [0, 3, most / 10, most][usize::try_from(self.up_to(3)).unwrap()];
            usize::try_from(self.up_to(most)).unwrap()
        }

        fn text(&mut self, most: u64) -> String {
            let letter = ['a', '"', '\\', '\u{1}', '\u{7f}', 'é', '漢', '😀', '\n'];
            let one = letter[usize::try_from(self.up_to(8)).unwrap()];
            one.to_string().repeat(self.count(most))
        }

        fn maybe(&mut self, most: u64) -> Option<String> {
            (self.up_to(2) > 0).then(|| self.text(most))
        }
    }

    fn hostile(seed: u64) -> Parcel {
        let mut draw = Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut parcel = example::parcel(START, SegmentLength::new(60).unwrap());
        let at = |draw: &mut Draw| START + draw.up_to(60 * MINUTE_MS);
        parcel.memo = draw.maybe(3_000);
        parcel.label = draw.maybe(300);
        let rules = draw.count(700);
        parcel.policy.rules = (0..rules).map(|_| draw.text(400)).collect();
        parcel.policy.plugin = draw.text(100);
        for _ in 0..draw.count(3_000) {
            parcel.focus.push(Focus {
                at: at(&mut draw),
                app: draw.maybe(50),
                title: draw.maybe(5_000),
                url: draw.maybe(2_000),
                hidden_by: (0..draw.count(300)).map(|n| n as u32 * 3).collect(),
            });
        }
        for _ in 0..draw.count(3_000) {
            let plugin = format!("plugin-{}", draw.up_to(90));
            let longest = if draw.up_to(9) == 0 { 20_000 } else { 300 };
            let (kind, body) = (draw.text(70), draw.text(longest));
            parcel.custom.push(Custom { at: at(&mut draw), plugin, kind, body });
        }
        let causes = [GapCause::Paused, GapCause::CounterLost, GapCause::DisplayLost, GapCause::Damaged];
        for _ in 0..draw.count(5_000) {
            let from = at(&mut draw);
            let cause = causes[usize::try_from(draw.up_to(3)).unwrap()];
            parcel.gaps.push(Gap { from, to: from + 1 + draw.up_to(400), cause });
        }
        if draw.up_to(1) == 0 {
            let redaction = |n: u32| Redaction {
                x: u32::MAX - n,
                y: u32::MAX,
                width: u32::MAX,
                height: u32::MAX,
                cover: Cover::Fill,
                rule: n.is_multiple_of(2).then_some(n),
            };
            parcel.snapshot = Some(Snapshot {
                at: START,
                sha256: "a".repeat(64),
                media_type: "image/webp".to_owned(),
                width: 16,
                height: 9,
                bytes: if draw.up_to(3) == 0 { u64::MAX } else { 100 },
                monitors: 1,
                focus: parcel.focus.first().cloned(),
                redactions: (0..draw.count(9_000)).map(|n| redaction(n as u32)).collect(),
            });
        } else {
            parcel.no_snapshot = Some(NoSnapshot::SkippedByRule { rules: (0..900).collect() });
        }
        for n in 0..draw.count(200) {
            let plugin = Some(format!("{n}{}", draw.text(90)));
            parcel.dropped.push(Dropped { plugin, because: DroppedBecause::OverBudget, count: u64::MAX });
        }
        parcel
    }

    #[test]
    fn invariant_09_whatever_was_recorded_makes_a_parcel_that_both_sides_take() {
        for seed in 0..150 {
            let before = hostile(seed);
            let mut parcel = before.clone();
            parcel.fit();
            assert_eq!(parcel.check(), Ok(()), "seed {seed}");
            let (mut core, details) = parcel.split(&[], || Ok::<_, std::fmt::Error>([7; 32])).unwrap();
            core.sequence = i64::MAX.unsigned_abs();
            core.changed = Vec::new();
            assert_eq!(core.check(), Ok(()), "seed {seed}: {}", json_bytes(&core));
            let bytes: usize = details.iter().map(|detail| detail.bytes.len()).sum();
            assert!(bytes <= DETAILS_BYTES, "seed {seed}: {bytes}");
            let whole = Parcel::join(core, |named| {
                details.iter().find(|d| d.named == *named).map(|d| Cow::from(d.bytes.as_slice()))
            });
            let whole = Parcel { sequence: parcel.sequence, ..whole.unwrap() };
            assert!(whole == parcel, "seed {seed}: nothing is lost on the way");
            assert_eq!(parcel.minutes, before.minutes, "seed {seed}: time is never dropped");
            assert_eq!(Facts::of(&parcel), Facts::of(&before), "seed {seed}: nor billed otherwise");
            let gone =
                (before.focus.len() + before.custom.len() - parcel.focus.len() - parcel.custom.len()) as u64;
            let said = parcel.dropped.iter().filter(|d| d.because == DroppedBecause::OverBudget);
            let said = said.fold(0u64, |sum, d| sum.saturating_add(d.count));
            assert!(said >= gone, "seed {seed}: {said} of {gone} are said");
            let rules = parcel.policy.rules.len() as u32;
            assert!(parcel.focus.iter().flat_map(|f| &f.hidden_by).all(|rule| *rule < rules.max(1)));
            let mut again = parcel.clone();
            again.fit();
            again.dropped.clone_from(&parcel.dropped);
            assert!(parcel == again, "seed {seed}: what fits stays");
        }
    }

    #[test]
    fn invariant_13_what_one_plugin_has_too_much_of_takes_nothing_from_another() {
        let mut parcel = example::parcel(START, SegmentLength::default());
        let note = |plugin: &str, n: usize| Custom {
            at: START + n as u64,
            plugin: plugin.to_owned(),
            kind: "build".to_owned(),
            body: format!("\"{}\"", "x".repeat(CUSTOM_BODY_BYTES - 2)),
        };
        for n in 0..60 {
            parcel.custom.push(note("flood", n));
            parcel.custom.push(note("other-flood", n));
        }
        parcel.custom.extend((0..5).map(|n| Custom { body: "{}".to_owned(), ..note("good", n) }));
        let long = |n: u64| Focus {
            at: START + n,
            app: None,
            title: Some(format!("{n} {}", "t".repeat(4_000))),
            url: None,
            hidden_by: Vec::new(),
        };
        parcel.focus = (0..600).map(long).collect();
        parcel.fit();
        let count = |plugin: &str| parcel.custom.iter().filter(|c| c.plugin == plugin).count();
        assert_eq!(count("good"), 5);
        assert!(count("flood") > 5 && count("flood") == count("other-flood"), "{}", count("flood"));
        assert!(count("flood") * CUSTOM_BODY_BYTES < PLUGIN_BYTES);
        assert!(parcel.focus.len() > 100);
        let sentences: Vec<String> = parcel.dropped.iter().map(Dropped::sentence).collect();
        let flood = format!("{} notes from plugin flood left out: over its limit", 60 - count("flood"));
        assert!(sentences.contains(&flood), "{sentences:?}");
        assert!(
            sentences.contains(&"600 texts shortened: longer than is recorded".to_owned()),
            "{sentences:?}"
        );
    }
}
