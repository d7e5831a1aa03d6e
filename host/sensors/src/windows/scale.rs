//! By how much programs scale what they draw, as far as the desktop tells them. X11 has no scale of its own: programs use
//! the resources (`Xft.dpi`), the settings that the desktop's daemon publishes (XSETTINGS) and the environment of their
//! session. If several tell a scale, the largest counts.

/// The range of scales, percent.
const SCALE_RANGE: std::ops::RangeInclusive<u32> = 100..=1_000;
/// Dots per inch of an unscaled screen.
const UNSCALED_DPI: u32 = 96;
/// The most settings that are read; no desktop has more.
const MAX_SETTINGS: u32 = 10_000;

fn clamp_percent(value: u32) -> u32 {
    value.clamp(*SCALE_RANGE.start(), *SCALE_RANGE.end())
}

/// Returns the scale that the resources tell (`RESOURCE_MANAGER` of the root window), percent.
pub(super) fn scale_from_resources(resources: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(resources);
    let dpi = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        matches!(name.trim(), "Xft.dpi" | "Xft*dpi" | "*dpi").then(|| value.trim().parse::<f64>().ok())?
    })?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is too large or too small becomes the largest or smallest number"
    )]
    let scaled = (dpi * 100.0 / f64::from(UNSCALED_DPI)).ceil() as u32;
    Some(clamp_percent(scaled))
}

/// Returns the scale that the desktop's settings tell (`_XSETTINGS_SETTINGS` of their owner), percent. Settings without a
/// scale mean 100.
pub(super) fn scale_from_settings(settings: &[u8]) -> Option<u32> {
    let mut reader = SettingsReader { bytes: settings, least_first: settings.first()? == &0 };
    reader.take(8)?;
    let number = reader.number()?;
    let mut largest = *SCALE_RANGE.start();
    for _ in 0..number.min(MAX_SETTINGS) {
        let head = reader.take(4)?;
        let [kind, _, l0, l1] = *head.first_chunk()?;
        let length =
            if reader.least_first { u16::from_le_bytes([l0, l1]) } else { u16::from_be_bytes([l0, l1]) };
        let name = reader.padded(usize::from(length))?;
        reader.take(4)?;
        match kind {
            0 => {
                let value = reader.number()?;
                largest = largest.max(match name {
                    b"Gdk/WindowScalingFactor" => clamp_percent(value.saturating_mul(100)),
                    // In 1024ths.
                    b"Xft/DPI" | b"Gdk/UnscaledDPI" if value < 1 << 30 => clamp_percent(
                        u32::try_from(u64::from(value) * 100 / u64::from(1_024 * UNSCALED_DPI)).unwrap_or(0),
                    ),
                    _ => 0,
                });
            }
            1 => {
                let length = reader.number()?;
                reader.padded(usize::try_from(length).ok()?)?;
            }
            2 => drop(reader.take(8)?),
            _ => return None,
        }
    }
    Some(largest)
}

/// Returns the scale that the session's environment tells its programs, percent.
pub(super) fn scale_from_environment(variable: impl Fn(&str) -> Option<String>) -> Option<u32> {
    let scales = ["GDK_SCALE", "QT_SCALE_FACTOR", "ELM_SCALE"].into_iter().filter_map(|name| {
        let value: f64 = variable(name)?.trim().parse().ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "what is too large or too small becomes the largest or smallest number"
        )]
        let scale = (value * 100.0).ceil() as u32;
        Some(clamp_percent(scale))
    });
    scales.max()
}

struct SettingsReader<'a> {
    bytes: &'a [u8],
    least_first: bool,
}

impl<'a> SettingsReader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(bytes)?;
        self.bytes = rest;
        Some(taken)
    }

    /// Takes so many bytes, and the padding up to a multiple of four.
    fn padded(&mut self, bytes: usize) -> Option<&'a [u8]> {
        self.take(bytes.checked_next_multiple_of(4)?)?.get(..bytes)
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = *self.take(4)?.first_chunk()?;
        Some(if self.least_first { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(least_first: bool, all: &[(&str, u32)]) -> Vec<u8> {
        let number = |value: u32| if least_first { value.to_le_bytes() } else { value.to_be_bytes() };
        let half = |value: u16| if least_first { value.to_le_bytes() } else { value.to_be_bytes() };
        let padded = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let mut bytes = vec![u8::from(!least_first), 0, 0, 0];
        bytes.extend(number(7));
        bytes.extend(number(u32::try_from(all.len() + 2).unwrap()));
        // A text and a colour come first.
        for (kind, name, value) in [
            (1, "Net/ThemeName", [number(8).to_vec(), padded("Greybird")].concat()),
            (2, "Some/Colour", vec![0; 8]),
        ] {
            bytes.extend([kind, 0]);
            bytes.extend(half(u16::try_from(name.len()).unwrap()));
            bytes.extend([padded(name), number(7).to_vec(), value].concat());
        }
        for (name, value) in all {
            bytes.extend([0, 0]);
            bytes.extend(half(u16::try_from(name.len()).unwrap()));
            bytes.extend([padded(name), number(7).to_vec(), number(*value).to_vec()].concat());
        }
        bytes
    }

    #[test]
    fn the_settings_tell_the_scale() {
        for least_first in [true, false] {
            for (all, scale) in [
                (&[] as &[(&str, u32)], 100),
                (&[("Gdk/WindowScalingFactor", 2)], 200),
                (&[("Xft/DPI", 144 * 1_024)], 150),
                (&[("Gdk/WindowScalingFactor", 2), ("Xft/DPI", 288 * 1_024)], 300),
                (&[("Xft/DPI", u32::MAX)], 100),
                (&[("Gdk/WindowScalingFactor", u32::MAX)], 1_000),
            ] {
                assert_eq!(scale_from_settings(&settings(least_first, all)), Some(scale), "{all:?}");
            }
        }
        let whole = settings(true, &[("Gdk/WindowScalingFactor", 2)]);
        for cut in 0..whole.len() {
            assert_eq!(scale_from_settings(&whole[..cut]), None, "what is cut tells nothing");
        }
    }

    #[test]
    fn the_resources_and_the_environment_tell_the_scale() {
        assert_eq!(scale_from_resources(b"Xft.antialias:\t1\nXft.dpi:\t192\n"), Some(200));
        assert_eq!(scale_from_resources(b"Xft.dpi: 120.5"), Some(126));
        assert_eq!(scale_from_resources(b"XTerm*background: black\n"), None);
        assert_eq!(scale_from_resources(b"Xft.dpi: much"), None);
        let one = |wanted: &'static str, value: &'static str| {
            scale_from_environment(move |name| (name == wanted).then(|| value.to_owned()))
        };
        assert_eq!(one("GDK_SCALE", "2"), Some(200));
        assert_eq!(one("QT_SCALE_FACTOR", "1.25"), Some(125));
        assert_eq!(one("GDK_SCALE", "-3"), Some(100));
        assert_eq!(one("HOME", "2"), None);
    }
}
