//! The two backends for windows, pixels and counts.

use std::fmt;
use std::str::FromStr;

use crate::error::SensorError;
use crate::kind::DisplayKind;

/// Whether this program has the portable backend. On Linux it needs the feature `portable`; elsewhere it is always in.
pub const HAS_PORTABLE: bool = cfg!(any(feature = "portable", not(target_os = "linux")));

/// What to do if this program lacks the portable backend.
pub(crate) const WITHOUT_PORTABLE: &str =
    "this program was built without the portable backend; use 'auto', or build it with `--features portable`";

/// The backend that is asked for. On a command line (`--backend portable`) it is the name in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Backend {
    /// The one that sees more here: X11 if there is an X server, otherwise the portable one.
    #[default]
    Auto,
    /// X11's own protocol, which reports changes by events.
    X11,
    /// `xcap` for windows and pixels, `rdev` for counts.
    Portable,
}

impl Backend {
    /// Returns the backend for such a display, never [`Backend::Auto`].
    ///
    /// # Errors
    /// [`SensorError::Blind`] if no backend can see it; [`SensorError::Backend`] if the one asked for is not available.
    pub fn choose(self, kind: DisplayKind) -> Result<Self, SensorError> {
        if !kind.can_be_seen() {
            return Err(SensorError::Blind(kind));
        }
        match self {
            Self::Auto if kind == DisplayKind::X11 => Ok(Self::X11),
            Self::X11 if kind != DisplayKind::X11 => {
                Err(SensorError::Backend("there is no X11 here; use the backend 'auto' or 'portable'"))
            }
            Self::X11 => Ok(Self::X11),
            Self::Auto | Self::Portable if HAS_PORTABLE => Ok(Self::Portable),
            Self::Auto | Self::Portable => Err(SensorError::Backend(WITHOUT_PORTABLE)),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::X11 => "x11",
            Self::Portable => "portable",
        })
    }
}

impl FromStr for Backend {
    type Err = SensorError;

    fn from_str(word: &str) -> Result<Self, SensorError> {
        [Self::Auto, Self::X11, Self::Portable]
            .into_iter()
            .find(|backend| backend.to_string() == word)
            .ok_or(SensorError::Backend("there is no such backend; say 'auto', 'x11' or 'portable'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_backend_is_known_by_its_word() {
        for backend in [Backend::Auto, Backend::X11, Backend::Portable] {
            assert_eq!(backend.to_string().parse::<Backend>().expect("its own word"), backend);
        }
        assert!("X11".parse::<Backend>().is_err());
    }

    #[test]
    fn what_sees_more_is_chosen_and_nothing_is_chosen_where_nothing_is_seen() {
        use Backend::{Auto, Portable, X11};
        for backend in [Auto, X11, Portable] {
            for kind in [DisplayKind::XWayland, DisplayKind::Wayland, DisplayKind::None] {
                assert!(matches!(backend.choose(kind), Err(SensorError::Blind(of)) if of == kind));
            }
        }
        assert_eq!(Auto.choose(DisplayKind::X11).expect("seen"), X11);
        assert_eq!(X11.choose(DisplayKind::X11).expect("seen"), X11);
        assert!(X11.choose(DisplayKind::Native).is_err());
        for (backend, kind) in
            [(Portable, DisplayKind::X11), (Portable, DisplayKind::Native), (Auto, DisplayKind::Native)]
        {
            assert_eq!(backend.choose(kind).ok(), HAS_PORTABLE.then_some(Portable));
        }
    }
}
