//! Between the generated types and [`crate::model`], one `From` for each.

use crate::bindings::candor::plugin as wit;
use crate::bindings::exports::candor::plugin as guest;
use crate::model;

impl From<wit::types::Area> for model::Area {
    fn from(a: wit::types::Area) -> Self {
        Self { x: a.x, y: a.y, width: a.width, height: a.height }
    }
}

impl From<model::Area> for wit::types::Area {
    fn from(a: model::Area) -> Self {
        Self { x: a.x, y: a.y, width: a.width, height: a.height }
    }
}

impl From<model::Known> for wit::types::Known {
    fn from(k: model::Known) -> Self {
        match k {
            model::Known::Yes => Self::Yes,
            model::Known::No => Self::No,
            model::Known::Unknown => Self::Unknown,
        }
    }
}

impl From<&model::Monitor> for wit::types::Monitor {
    fn from(m: &model::Monitor) -> Self {
        Self { name: m.name.clone(), area: m.area.into() }
    }
}

impl From<model::Denied> for wit::types::Denied {
    fn from(d: model::Denied) -> Self {
        match d {
            model::Denied::Skipped(rules) => Self::Skipped(rules),
            model::Denied::RuleFailed => Self::RuleFailed,
            model::Denied::Unsettled => Self::Unsettled,
            model::Denied::Unavailable(why) => Self::Unavailable(why),
            model::Denied::TooMany => Self::TooMany,
            model::Denied::NotTracking => Self::NotTracking,
        }
    }
}

impl From<&model::Window> for wit::windows::Window {
    fn from(w: &model::Window) -> Self {
        Self {
            id: w.id,
            app: w.app.clone(),
            title: w.title.clone(),
            url: w.url.clone(),
            area: w.area.into(),
            monitor: w.monitor.clone(),
            focused: w.focused,
            private: w.private.into(),
        }
    }
}

impl From<&model::Layout> for wit::windows::Layout {
    fn from(l: &model::Layout) -> Self {
        Self { at: l.at, windows: l.windows.iter().map(Into::into).collect() }
    }
}

/// A policy gets no id: it would tell windows of the same title apart over time.
impl From<&model::Window> for wit::scenes::Window {
    fn from(w: &model::Window) -> Self {
        Self {
            app: w.app.clone(),
            title: w.title.clone(),
            url: w.url.clone(),
            area: w.area.into(),
            monitor: w.monitor.clone(),
            focused: w.focused,
            private: w.private.into(),
        }
    }
}

impl From<model::SceneKind> for wit::scenes::Kind {
    fn from(k: model::SceneKind) -> Self {
        match k {
            model::SceneKind::Snapshot => Self::Snapshot,
            model::SceneKind::Camera => Self::Camera,
            model::SceneKind::Focus => Self::Focus,
            model::SceneKind::Custom => Self::Custom,
        }
    }
}

impl From<wit::screen::Scope> for model::Scope {
    fn from(s: wit::screen::Scope) -> Self {
        match s {
            wit::screen::Scope::Desktop => Self::Desktop,
            wit::screen::Scope::ActiveMonitor => Self::ActiveMonitor,
        }
    }
}

impl From<model::Minute> for wit::activity::Minute {
    fn from(m: model::Minute) -> Self {
        Self { start: m.start, keys: m.keys, clicks: m.clicks, scrolls: m.scrolls }
    }
}

impl From<wit::observations::PictureSize> for model::PictureSize {
    fn from(s: wit::observations::PictureSize) -> Self {
        match s {
            wit::observations::PictureSize::Full => Self::Full,
            wit::observations::PictureSize::Half => Self::Half,
        }
    }
}

impl From<model::NoteError> for wit::observations::NoteError {
    fn from(e: model::NoteError) -> Self {
        match e {
            model::NoteError::NotTracking => Self::NotTracking,
            model::NoteError::NotGranted => Self::NotGranted,
            model::NoteError::Unknown => Self::Unknown,
            model::NoteError::Malformed(how) => Self::Malformed(how),
            model::NoteError::TooMany => Self::TooMany,
            model::NoteError::OverBudget => Self::OverBudget,
            model::NoteError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<model::StoreError> for wit::store::StoreError {
    fn from(e: model::StoreError) -> Self {
        match e {
            model::StoreError::Full(quota) => Self::Full(quota),
            model::StoreError::BadKey => Self::BadKey,
            model::StoreError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<guest::collecting::Wake> for model::Wake {
    fn from(w: guest::collecting::Wake) -> Self {
        use guest::collecting::Wake as W;
        match w {
            W::At(at) => Self::At(at),
            W::Every(ms) => Self::Every(ms),
            W::OnWindowChange => Self::OnWindowChange,
            W::OnMinute => Self::OnMinute,
            W::OnSegment => Self::OnSegment,
            W::AtRandomInSegment => Self::AtRandomInSegment,
        }
    }
}

impl From<model::Cause> for guest::collecting::Cause {
    fn from(c: model::Cause) -> Self {
        use model::Cause as C;
        match c {
            C::Started => Self::Started,
            C::At(at) => Self::At(at),
            C::Every(ms) => Self::Every(ms),
            C::WindowChanged => Self::WindowChanged,
            C::Minute(start) => Self::Minute(start),
            C::Segment(start) => Self::Segment(start),
            C::RandomInSegment(start) => Self::RandomInSegment(start),
        }
    }
}

impl From<guest::judging::Verdict> for model::Verdict {
    fn from(v: guest::judging::Verdict) -> Self {
        use guest::judging::Verdict as V;
        match v {
            V::Keep => Self::Keep,
            V::Redact(r) => Self::Redact {
                masks: r.masks.into_iter().map(Into::into).collect(),
                hidings: r.hidings.into_iter().map(Into::into).collect(),
            },
            V::Skip(rules) => Self::Skip(rules),
        }
    }
}

impl From<guest::judging::Mask> for model::Mask {
    fn from(m: guest::judging::Mask) -> Self {
        use guest::judging::Target as T;
        let target = match m.target {
            T::Window(index) => model::Target::Window(index),
            T::TitleBar(index) => model::Target::TitleBar(index),
            T::Region(area) => model::Target::Region(area.into()),
            T::Whole => model::Target::Whole,
        };
        let cover = match m.cover {
            guest::judging::Cover::Fill => model::Cover::Fill,
            guest::judging::Cover::Blur => model::Cover::Blur,
        };
        Self { target, cover, rule: m.rule }
    }
}

impl From<guest::judging::Hiding> for model::Hiding {
    fn from(h: guest::judging::Hiding) -> Self {
        let field = match h.field {
            guest::judging::Field::Title => model::Field::Title,
            guest::judging::Field::Url => model::Field::Url,
        };
        Self { window: h.window, field, rule: h.rule }
    }
}

impl From<model::ParcelToDeliver> for guest::delivering::Parcel {
    fn from(p: model::ParcelToDeliver) -> Self {
        Self {
            id: p.id,
            contract: p.contract,
            segment_start: p.segment_start,
            segment_length: p.segment_length,
            envelope: p.envelope,
        }
    }
}

impl From<guest::delivering::Failure> for model::DeliveryFailure {
    fn from(f: guest::delivering::Failure) -> Self {
        use guest::delivering::Failure as F;
        match f {
            F::Later(later) => Self::Later { after: later.after, reason: later.reason },
            F::Unauthorised => Self::Unauthorised,
            F::Rejected(code) => Self::Rejected(code),
            F::AttachmentRejected(code) => Self::AttachmentRejected(code),
        }
    }
}
