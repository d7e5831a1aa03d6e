//! Pieces that several scenes show. They read the model and ask it for what is pressed; they know no scene.

pub(super) mod clock;
pub(super) mod day_chooser;
pub(super) mod indicator_hint;
pub(super) mod last_picture;
pub(super) mod notice_text;
pub(super) mod picture_actions;
pub(super) mod pictures;
pub(super) mod preview;
pub(super) mod problems;
pub(super) mod terms_summary;
pub(super) mod totals;
pub(super) mod waiting;
