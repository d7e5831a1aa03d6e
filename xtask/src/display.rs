//! The screen that the person sits at, if there is one.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;

/// The display that `DISPLAY` names, if something answers there.
pub(crate) fn of_this_person() -> Option<String> {
    let display = std::env::var("DISPLAY").ok().filter(|display| !display.is_empty())?;
    answers(&display).then_some(display)
}

/// Whether a display server listens there.
fn answers(display: &str) -> bool {
    let Some((host, number)) = display.rsplit_once(':') else { return false };
    let Some(number) = number.split('.').next().and_then(|number| number.parse::<u16>().ok()) else {
        return false;
    };
    if host.is_empty() || host == "unix" {
        return UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).is_ok();
    }
    number.checked_add(6000).is_some_and(|port| TcpStream::connect((host, port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_is_there_only_when_something_answers() {
        assert!(!answers(""));
        assert!(!answers("nonsense"));
        assert!(!answers(":65000"));
        assert!(!answers("unix:no number"));
    }
}
