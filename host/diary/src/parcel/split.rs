//! Takes a parcel apart into its core and its details, and puts it together again from what is left of them.

use super::core::{Core, CoreMinute, DetailKind, DetailRef, Field, PolicyRef};
use super::detail::{BadDetail, Detail, DetailBody, MinuteCounts, Note};
use super::document::{Manual, MinuteFacts, Parcel, Policy};
use super::evidence::Custom;

impl Parcel {
    /// Takes it apart. `salt` draws 32 random bytes for each detail. A detail that says what one of `before` says, those
    /// of the revision that it takes the place of, stays as it is, byte for byte: so anybody sees that it was not
    /// changed, even when it is erased.
    ///
    /// # Errors
    /// Those of `salt`.
    pub fn split<E>(
        &self,
        before: &[Detail],
        mut salt: impl FnMut() -> Result<[u8; 32], E>,
    ) -> Result<(Core, Vec<Detail>), E> {
        let mut details = Vec::new();
        for body in self.detail_bodies() {
            let same =
                |detail: &&Detail| detail.named.read(&detail.bytes).is_ok_and(|earlier| earlier == body);
            details.push(match before.iter().find(same) {
                Some(unchanged) => unchanged.clone(),
                None => Detail::new(body, salt()?),
            });
        }
        let mut core = self.bare_core();
        core.details = details.iter().map(|detail| detail.named.clone()).collect();
        Ok((core, details))
    }

    /// Puts a parcel together. `bytes` returns those of a detail; none if they are erased.
    ///
    /// # Errors
    /// [`BadDetail`] if bytes are not what the core names.
    pub fn join<'a>(
        core: Core,
        mut bytes: impl FnMut(&DetailRef) -> Option<std::borrow::Cow<'a, [u8]>>,
    ) -> Result<Self, BadDetail> {
        let named = core.details.clone();
        let mut parcel = Self::of_core(core);
        for detail in &named {
            match bytes(detail) {
                Some(bytes) => parcel.add_detail(detail.read(&bytes)?),
                None if !parcel.erased.contains(&detail.kind) => parcel.erased.push(detail.kind),
                None => {}
            }
        }
        if !parcel.erased.contains(&DetailKind::Activity) {
            parcel.erased_totals = None;
        }
        Ok(parcel)
    }

    /// Returns the fields in which `self` differs from the revision that it takes the place of, in order.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Vec<Field> {
        let reason = |parcel: &Self| parcel.manual.as_ref().and_then(|manual| manual.reason.clone());
        let manual = |parcel: &Self| parcel.manual.as_ref().map(|manual| manual.at);
        let tracked = |parcel: &Self| -> Vec<(u64, u32, super::MinuteActivity)> {
            parcel.minutes.iter().map(|m| (m.start, m.tracked_ms, m.activity)).collect()
        };
        let counts =
            |parcel: &Self| -> Vec<_> { parcel.minutes.iter().map(|m| (m.start, m.counts)).collect() };
        let differ = [
            (
                Field::Time,
                tracked(self) != tracked(before)
                    || self.gaps != before.gaps
                    || self.removed != before.removed
                    || manual(self) != manual(before)
                    || self.activity != before.activity,
            ),
            (Field::Memo, self.memo != before.memo || reason(self) != reason(before)),
            (Field::Label, self.label != before.label),
            (Field::Picture, self.snapshot != before.snapshot || self.no_snapshot != before.no_snapshot),
            (Field::Activity, counts(self) != counts(before)),
            (Field::Focus, self.focus != before.focus),
            (Field::Notes, self.custom != before.custom),
            (
                Field::Context,
                self.policy != before.policy
                    || self.dropped != before.dropped
                    || self.no_sign != before.no_sign
                    || self.terms != before.terms
                    || self.length != before.length
                    || (&self.contract, &self.device, &self.server)
                        != (&before.contract, &before.device, &before.server),
            ),
        ];
        differ.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
    }

    /// Returns the core without its details.
    pub(super) fn bare_core(&self) -> Core {
        let minute =
            |m: &MinuteFacts| CoreMinute { start: m.start, tracked_ms: m.tracked_ms, activity: m.activity };
        Core {
            id: self.id.clone(),
            contract: self.contract.clone(),
            server: self.server.clone(),
            terms: self.terms.clone(),
            device: self.device.clone(),
            sequence: self.sequence,
            chain_head: self.chain_head.clone(),
            start: self.start,
            length: self.length,
            revision: self.revision,
            changed: self.changed.clone(),
            removed: self.removed,
            manual: self.manual.as_ref().map(|manual| manual.at),
            activity: self.activity,
            minutes: self.minutes.iter().map(minute).collect(),
            totals: self.erased_totals.or_else(|| self.counted_totals()),
            gaps: self.gaps.clone(),
            no_snapshot: self.no_snapshot.clone(),
            no_sign: self.no_sign,
            dropped: self.dropped.clone(),
            policy: PolicyRef { plugin: self.policy.plugin.clone(), sha256: self.policy.sha256.clone() },
            details: Vec::new(),
        }
    }

    /// Returns what a core alone says.
    fn of_core(core: Core) -> Self {
        let minute = |m: &CoreMinute| MinuteFacts {
            start: m.start,
            tracked_ms: m.tracked_ms,
            activity: m.activity,
            counts: None,
        };
        Self {
            id: core.id,
            contract: core.contract,
            server: core.server,
            terms: core.terms,
            device: core.device,
            sequence: core.sequence,
            chain_head: core.chain_head,
            start: core.start,
            length: core.length,
            revision: core.revision,
            changed: core.changed,
            removed: core.removed,
            manual: core.manual.map(Manual::at),
            activity: core.activity,
            minutes: core.minutes.iter().map(minute).collect(),
            erased_totals: core.totals,
            memo: None,
            label: None,
            focus: Vec::new(),
            snapshot: None,
            no_snapshot: core.no_snapshot,
            no_sign: core.no_sign,
            gaps: core.gaps,
            custom: Vec::new(),
            dropped: core.dropped,
            policy: Policy { plugin: core.policy.plugin, sha256: core.policy.sha256, rules: Vec::new() },
            erased: Vec::new(),
        }
    }

    fn add_detail(&mut self, body: DetailBody) {
        match body {
            DetailBody::Activity { minutes } => {
                for counted in minutes {
                    if let Some(minute) = self.minutes.iter_mut().find(|m| m.start == counted.start) {
                        minute.counts = Some(counted.counts);
                    }
                }
            }
            DetailBody::Focus { entries } => self.focus = entries,
            DetailBody::Memo { memo, label, reason } => {
                (self.memo, self.label) = (memo, label);
                if let Some(manual) = &mut self.manual {
                    manual.reason = reason;
                }
            }
            DetailBody::Picture { snapshot } => self.snapshot = Some(snapshot),
            DetailBody::Notes { plugin, notes } => {
                let note = |Note { at, kind, body }| Custom { at, plugin: plugin.clone(), kind, body };
                self.custom.extend(notes.into_iter().map(note));
                self.custom.sort_by_key(|note| note.at);
            }
            DetailBody::Rules { rules } => self.policy.rules = rules,
        }
    }

    /// Returns what is told beside the core, in order of kind and plugin.
    fn detail_bodies(&self) -> Vec<DetailBody> {
        let mut bodies = Vec::new();
        let counted =
            self.minutes.iter().filter_map(|m| Some(MinuteCounts { start: m.start, counts: m.counts? }));
        let minutes: Vec<_> = counted.collect();
        if !minutes.is_empty() {
            bodies.push(DetailBody::Activity { minutes });
        }
        if !self.focus.is_empty() {
            bodies.push(DetailBody::Focus { entries: self.focus.clone() });
        }
        let reason = self.manual.as_ref().and_then(|manual| manual.reason.clone());
        if self.memo.is_some() || self.label.is_some() || reason.is_some() {
            bodies.push(DetailBody::Memo { memo: self.memo.clone(), label: self.label.clone(), reason });
        }
        if let Some(snapshot) = &self.snapshot {
            bodies.push(DetailBody::Picture { snapshot: snapshot.clone() });
        }
        let mut plugins: Vec<&str> = self.custom.iter().map(|note| note.plugin.as_str()).collect();
        plugins.sort_unstable();
        plugins.dedup();
        for plugin in plugins {
            let own = self.custom.iter().filter(|note| note.plugin == plugin);
            let note = |c: &Custom| Note { at: c.at, kind: c.kind.clone(), body: c.body.clone() };
            bodies.push(DetailBody::Notes { plugin: plugin.to_owned(), notes: own.map(note).collect() });
        }
        if !self.policy.rules.is_empty() {
            bodies.push(DetailBody::Rules { rules: self.policy.rules.clone() });
        }
        bodies
    }
}
