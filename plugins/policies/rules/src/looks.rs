//! What a text looks like to a reader, whatever it is written with: the forms under which texts are compared.
//!
//! A title is written by whoever is to be hidden, or by somebody who wants to be seen in spite of a rule. `se­cret` with a
//! soft hyphen, `ｓｅｃｒｅｔ` in full width or `sеcret` with a Cyrillic `е` read as `secret`, so a rule about `secret` means
//! them. Rules and texts are brought into the same forms, and one that agrees is enough: to cover too much is safe.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection::skeleton;

/// All forms of a text, the plainest first, each once: composed and without what nobody sees; and with letters of other
/// scripts as the Latin ones that they look like, without accents.
#[must_use]
pub fn forms(text: &str) -> Vec<Cow<'_, str>> {
    if is_plain(text) {
        return vec![Cow::Borrowed(text)];
    }
    // A text whose direction is overridden shows the other way round.
    if let Some(shown) = turned(text) {
        let written = text.replace(is_override, "");
        let all = forms(&shown).into_iter().chain(forms(&written));
        return all.map(|form| Cow::Owned(form.into_owned())).collect();
    }
    // A space that is no ordinary one may be as narrow as nothing, so it counts both as a space and as nothing.
    let mut all: Vec<Cow<'_, str>> = Vec::with_capacity(4);
    for odd_spaces in [true, false] {
        let canonical = canonical(text, odd_spaces);
        for form in [latin(&canonical), canonical].into_iter().rev() {
            if !all.contains(&Cow::Borrowed(form.as_str())) {
                all.push(Cow::Owned(form));
            }
        }
    }
    all
}

fn is_override(c: char) -> bool {
    matches!(c, '\u{202d}' | '\u{202e}')
}

/// What stands behind an override to the left shows from its end; none if there is none.
fn turned(text: &str) -> Option<String> {
    let (before, rest) = text.split_once('\u{202e}')?;
    let end = rest.find(['\u{202c}', '\n']).unwrap_or(rest.len());
    let (inside, after) = rest.split_at(end);
    let inside: String = inside.replace(is_override, "").chars().rev().collect();
    let after = after.replace(is_override, "");
    Some(format!("{}{inside}{after}", before.replace(is_override, "")))
}

/// Whether no form of it differs from itself.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b)) && !text.contains("  ")
}

/// Compatibility composition (NFKC), without what nobody sees, with one space for any white space.
#[must_use]
pub fn canonical(text: &str, odd_spaces: bool) -> String {
    let seen = text.chars().filter_map(|c| match c {
        ' ' | '\t' | '\n' | '\r' => Some(' '),
        c if is_odd_space(c) => odd_spaces.then_some(' '),
        c if is_invisible(c) => None,
        c => Some(c),
    });
    let mut all = String::with_capacity(text.len());
    // Some compatibility forms have white space or marks in them that show only now.
    for c in seen.nfkc().filter(|c| !is_invisible(*c)) {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c != ' ' || !all.ends_with(' ') {
            all.push(c);
        }
    }
    all
}

/// A canonical text with each letter of another script as the Latin one that it looks like (UTS 39), without accents.
#[must_use]
pub fn latin(canonical: &str) -> String {
    if canonical.is_ascii() {
        return canonical.to_owned();
    }
    let letters =
        canonical.chars().flat_map(|c| like_latin(c).chars().collect::<Vec<_>>()).collect::<String>();
    letters.nfd().filter(|c| !is_combining_mark(*c)).nfc().collect()
}

/// The letter in a square or a filled circle.
fn framed(c: char) -> Option<char> {
    let code = u32::from(c);
    let nth = match code {
        0x1_f130..=0x1_f149 => code - 0x1_f130,
        0x1_f150..=0x1_f169 => code - 0x1_f150,
        0x1_f170..=0x1_f189 => code - 0x1_f170,
        _ => return None,
    };
    char::from_u32(u32::from('A') + nth)
}

/// Phonetic and small capital letters of which the Unicode list of look-alikes says nothing.
fn unlisted(c: char) -> Option<char> {
    Some(match c {
        'ᴀ' => 'a',
        'ʙ' => 'b',
        'ᴅ' => 'd',
        'ᴇ' | 'є' | 'ɛ' => 'e',
        'ɢ' => 'g',
        'ʜ' => 'h',
        'ɪ' => 'i',
        'ᴊ' => 'j',
        'ᴋ' => 'k',
        'ʟ' => 'l',
        'ᴍ' => 'm',
        'ɴ' => 'n',
        'ᴘ' => 'p',
        'ʀ' => 'r',
        'ʂ' => 's',
        'ᴛ' => 't',
        'ʏ' => 'y',
        _ => return None,
    })
}

/// What a character looks like, if that is plain ASCII; else itself.
fn like_latin(c: char) -> Cow<'static, str> {
    if !c.is_ascii() {
        if let Some(letter) = framed(c).or_else(|| unlisted(c)) {
            return Cow::Owned(letter.to_string());
        }
        // Accents are left out later, and a letter with one has no look-alike of its own.
        let base: String = c.nfd().filter(|c| !is_combining_mark(*c)).collect();
        // A stroke through a letter is a mark of its own there.
        let like: String = skeleton(&base).filter(|c| !is_combining_mark(*c)).collect();
        if like == "l" && base.chars().all(char::is_uppercase) {
            // A capital that looks like an I does to whoever reads it among capitals.
            return Cow::Borrowed("I");
        }
        if !like.is_empty() && like.is_ascii() {
            return Cow::Owned(like);
        }
    }
    Cow::Owned(c.to_string())
}

/// White space that is no ordinary space, and letters that show as one.
fn is_odd_space(c: char) -> bool {
    (c.is_whitespace() && !c.is_ascii())
        || matches!(c, '\u{b}' | '\u{c}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// What leaves no mark: control characters and those that Unicode lets a display ignore (`Default_Ignorable_Code_Point`,
/// Unicode 16), and what is not assigned to any character.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            u32::from(c),
            0xad | 0x34f
                | 0x61c
                | 0x115f..=0x1160
                | 0x17b4..=0x17b5
                | 0x180b..=0x180f
                | 0x200b..=0x200f
                | 0x202a..=0x202e
                | 0x2060..=0x206f
                | 0xfe00..=0xfe0f
                | 0xfeff
                | 0xfff0..=0xfffb
                | 0x1bca0..=0x1bca3
                | 0x1d173..=0x1d17a
                | 0xe0000..=0xe0fff
        )
}

/// A glob or regular expression in the form in which texts are compared: what is written with other than ASCII is
/// brought there, and a sign that would mean something to the pattern stands for itself.
#[must_use]
pub fn pattern(source: &str, latin_form: bool) -> String {
    let mut all = String::with_capacity(source.len());
    for c in source.nfc().filter(|c| c.is_ascii() || !is_invisible(*c)) {
        if c.is_ascii() {
            all.push(c);
            continue;
        }
        let form = canonical(c.encode_utf8(&mut [0; 4]), true);
        let form = if latin_form { latin(&form) } else { form };
        for c in form.chars() {
            if c.is_ascii_punctuation() {
                all.push('\\');
            }
            all.push(c);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a reader takes the one for the other, by any form.
    fn alike(a: &str, b: &str) -> bool {
        let (a, b) = (forms(a), forms(b));
        a.iter().any(|a| b.contains(a))
    }

    #[test]
    fn what_reads_the_same_has_a_form_in_common() {
        for text in [
            "se\u{200b}cret",
            "se\u{200d}cr\u{2060}et",
            "\u{feff}secret",
            "se\u{ad}cret",
            "s\u{34f}ecret",
            "secret\u{fe0f}",
            "se\u{e0063}cret",
            "se\u{202e}cret\u{202c}",
            "se\u{1}cret",
            "se\u{a0}cret",
            "se\u{200a}cret",
            "se\u{2800}cret",
            "ｓｅｃｒｅｔ",
            "𝐬𝐞𝐜𝐫𝐞𝐭",
            "ⓢⓔⓒⓡⓔⓣ",
            "sеcrеt",
            "ѕесrеt",
            "s\u{332}e\u{332}cret",
            "sécret",
            "se\u{301}cret",
            "\u{202e}terces",
            "s\u{202e}terce\u{202c}",
            "ʂecret",
            "sєcret",
            "ꜱᴇᴄʀᴇᴛ",
        ] {
            assert!(alike(text, "secret"), "{text:?}: {:?}", forms(text));
        }
        assert!(alike("e\u{301}te\u{301}", "été"));
        assert!(alike("pay\u{a0}roll", "pay roll") && alike("pay \t roll", "pay roll"));
        assert!(alike("Ваnk", "Bank"), "a Cyrillic capital");
        assert!(alike("ﬁle", "file"));
        assert!(alike("ІBAN", "IBAN") && alike("ΙBAN", "IBAN"), "a Cyrillic and a Greek capital");
        assert!(alike("🆂🅴🅲🆁🅴🆃", "SECRET") && alike("payrołł", "payroll"));
        for other in ["secrets", "sacred", "секрет", ""] {
            assert!(!alike(other, "secret"), "{other:?}");
        }
    }

    #[test]
    fn plain_texts_are_not_copied() {
        assert!(matches!(&forms("plain: text, 1")[..], [Cow::Borrowed(_)]));
        assert_eq!(forms("сор"), ["сор", "cop"], "as it is, and as it looks");
    }

    #[test]
    fn a_pattern_keeps_its_signs() {
        assert_eq!(pattern(r"^se\s*(cret)$", true), r"^se\s*(cret)$");
        assert_eq!(pattern("（secret）*", false), r"\(secret\)*");
        assert_eq!(pattern("sе\u{200b}cret", true), "secret");
        assert_eq!(pattern("sе\u{200b}cret", false), "sеcret");
    }
}
