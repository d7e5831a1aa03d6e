//! What a collector or feed wants recorded. It chooses what; the host fills in what it measured itself.

use std::sync::Arc;

use candor_diary::plain_id::PlainId;
use serde::de::IgnoredAny;
use wasmtime::component::Resource;

use crate::bindings::candor::plugin::observations::{self, Observation, Snapshot, WindowFacts};
use crate::grants::Capability;
use crate::handles::FrameHandle;
use crate::instance::InstanceState;
use crate::model::{FrameView, Note, NoteError};
use crate::plugin_hosts::{PerMinute, PluginHosts};

impl observations::Host for InstanceState {
    async fn note(
        &mut self,
        observation: Observation,
    ) -> wasmtime::Result<Result<(), observations::NoteError>> {
        // Made first: a frame is used up whether or not the note is taken.
        let note = self.make_note(observation)?;
        let done = match note {
            Ok(note) => self.hosts.record(note).await,
            Err(e) => Err(e),
        };
        Ok(done.map_err(Into::into))
    }
}

impl PluginHosts {
    async fn record(&self, note: Note) -> Result<(), NoteError> {
        let Some(observations) = &self.observations else { return Err(NoteError::NotTracking) };
        // Counts and pictures are bounded by the host, one a minute and one a segment. They do not count with a
        // flood of the plugin's own making: that would cost the evidence of time that was worked.
        let bounded = matches!(note, Note::Activity { .. } | Note::Snapshot { .. });
        if !bounded && !PerMinute::take_one(&self.notes, self.limits.observations) {
            observations.surplus().await;
            return Err(NoteError::TooMany);
        }
        observations.note(note).await
    }
}

impl InstanceState {
    /// Makes a note of what the plugin wants recorded.
    ///
    /// # Errors
    /// The outer result is an error only if a handle names nothing that the plugin holds.
    fn make_note(&mut self, observation: Observation) -> wasmtime::Result<Result<Note, NoteError>> {
        Ok(match observation {
            Observation::Snapshot(Snapshot { frame, size }) => {
                let frame = self.take_frame(frame)?;
                self.check_granted(Capability::Screen).map(|()| Note::Snapshot { frame, size: size.into() })
            }
            Observation::CameraSnapshot(Snapshot { frame, size }) => {
                let frame = self.take_frame(frame)?;
                self.check_granted(Capability::Camera)
                    .map(|()| Note::CameraSnapshot { frame, size: size.into() })
            }
            Observation::NoSnapshot => self
                .check_granted(Capability::Screen)
                .and_then(|()| self.denied.clone().ok_or(NoteError::Unknown))
                .map(Note::NoSnapshot),
            Observation::Focus(focus) => {
                self.check_granted(Capability::Windows).and_then(|()| self.focus(focus.window, focus.facts))
            }
            Observation::Activity(minute) => {
                self.check_granted(Capability::Activity).map(|()| Note::Activity { minute })
            }
            Observation::Custom(custom) => self.custom(custom),
        })
    }

    fn check_granted(&self, capability: Capability) -> Result<(), NoteError> {
        if self.hosts.capabilities.contains(&capability) { Ok(()) } else { Err(NoteError::NotGranted) }
    }

    fn take_frame(&mut self, frame: Resource<FrameHandle>) -> wasmtime::Result<Arc<dyn FrameView>> {
        let frame = self.table.delete(frame)?.0;
        self.frames = self.frames.saturating_sub(1);
        Ok(frame)
    }

    fn focus(&self, id: u64, facts: WindowFacts) -> Result<Note, NoteError> {
        let layout = self.layout.as_ref().ok_or(NoteError::Unknown)?;
        let windows = &layout.layout().windows;
        let index = windows.iter().position(|w| w.id == id).ok_or(NoteError::Unknown)?;
        let mut window = windows.get(index).cloned().ok_or(NoteError::Unknown)?;
        window.app = window.app.filter(|_| facts.contains(WindowFacts::APP));
        window.title = window.title.filter(|_| facts.contains(WindowFacts::TITLE));
        window.url = window.url.filter(|_| facts.contains(WindowFacts::URL));
        let facts = crate::model::WindowFacts {
            app: facts.contains(WindowFacts::APP),
            title: facts.contains(WindowFacts::TITLE),
            url: facts.contains(WindowFacts::URL),
        };
        Ok(Note::Focus { layout: Arc::clone(layout), index, window, facts })
    }

    fn custom(&self, custom: observations::Custom) -> Result<Note, NoteError> {
        let most = self.hosts.limits.custom_body;
        if !PlainId::is_plain(&custom.kind) {
            return Err(NoteError::Malformed("a kind is 1 to 64 of a-z, 0-9 and `-`".to_owned()));
        }
        if custom.body.len() > most {
            return Err(NoteError::Malformed(format!("a body is at most {most} bytes long")));
        }
        if let Err(e) = serde_json::from_str::<IgnoredAny>(&custom.body) {
            return Err(NoteError::Malformed(format!("the body is no JSON: {e}")));
        }
        Ok(Note::Custom { kind: custom.kind, body: custom.body })
    }
}
