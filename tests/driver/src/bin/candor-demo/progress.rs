//! What the person is told meanwhile.

/// Tells the person what happens now, as `cargo xtask run` does, of which this is a part.
pub(super) fn print_progress(text: impl std::fmt::Display) {
    eprintln!("xtask: {text}");
}
