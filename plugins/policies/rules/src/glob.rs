//! Globs, turned into regular expressions. Titles are no paths: `*` crosses a slash, and a leading dot is nothing special.

/// The regular expression that matches the same texts as a whole.
///
/// # Errors
/// What is wrong with the pattern, as a sentence.
pub(crate) fn to_regex(pattern: &str) -> Result<String, String> {
    let mut regex = String::from("^(?s:");
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => {
                // `**` is the same text; one repetition is enough.
                while letters.next_if_eq(&'*').is_some() {}
                regex.push_str(".*");
            }
            '?' => regex.push('.'),
            '\\' => match letters.next() {
                Some(next) => push_literal(&mut regex, next),
                None => return Err("The glob ends in a backslash: write `\\\\` for one.".to_owned()),
            },
            '[' => push_class(&mut regex, &mut letters)?,
            other => push_literal(&mut regex, other),
        }
    }
    regex.push_str(")$");
    Ok(regex)
}

fn push_literal(regex: &mut String, letter: char) {
    regex.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
}

/// `[abc]`, `[a-z]`, `[!a-z]`; `]` right at the start stands for itself.
fn push_class(
    regex: &mut String,
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
) -> Result<(), String> {
    let open = || "The glob has a `[` without `]`: write `\\[` for a bracket.".to_owned();
    regex.push('[');
    if letters.next_if(|c| matches!(c, '!' | '^')).is_some() {
        regex.push('^');
    }
    let mut first = true;
    loop {
        let from = match letters.next().ok_or_else(open)? {
            ']' if !first => break,
            '\\' => letters.next().ok_or_else(open)?,
            letter => letter,
        };
        first = false;
        push_class_letter(regex, from);
        if letters.peek() == Some(&'-') {
            let mut ahead = letters.clone();
            ahead.next();
            // A `-` before the closing bracket stands for itself.
            if ahead.peek().is_some_and(|c| *c != ']') {
                letters.next();
                let to = match letters.next().ok_or_else(open)? {
                    '\\' => letters.next().ok_or_else(open)?,
                    letter => letter,
                };
                if to < from {
                    return Err(format!("The glob's range `{from}-{to}` runs backwards."));
                }
                regex.push('-');
                push_class_letter(regex, to);
            }
        }
    }
    regex.push(']');
    Ok(())
}

/// Inside a class a regular expression knows more signs than outside, such as `&&` and `~~`.
fn push_class_letter(regex: &mut String, letter: char) {
    if letter.is_ascii_punctuation() {
        regex.push('\\');
    }
    regex.push(letter);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts() {
        for (glob, yes, no) in [
            ("*.pdf", vec!["a.pdf", ".pdf", "dir/a.pdf", "a\nb.pdf"], vec!["a.pdf - viewer", "apdf"]),
            ("a?c", vec!["abc", "a/c", "aäc"], vec!["ac", "abbc"]),
            ("**", vec!["", "anything"], vec![]),
            ("[abc]x", vec!["ax", "cx"], vec!["dx", "x", "abcx"]),
            ("[!a-c]x", vec!["dx", "ßx"], vec!["ax", "x"]),
            ("[^a]", vec!["b"], vec!["a"]),
            ("[]a]", vec!["]", "a"], vec!["b"]),
            ("[a-]", vec!["a", "-"], vec!["b"]),
            ("[&&~~[]", vec!["&", "~", "["], vec!["a"]),
            (r"[\]\\]", vec!["]", "\\"], vec!["a"]),
            (r"\*a\?", vec!["*a?"], vec!["xay", "*ab"]),
            ("1+1=(2)", vec!["1+1=(2)"], vec!["11=2", "1+1=2"]),
            ("a]", vec!["a]"], vec!["a"]),
            ("{a,b}", vec!["{a,b}"], vec!["a"]),
        ] {
            let regex = regex::Regex::new(&to_regex(glob).unwrap()).unwrap();
            for text in yes {
                assert!(regex.is_match(text), "{glob} should match {text:?}");
            }
            for text in no {
                assert!(!regex.is_match(text), "{glob} should not match {text:?}");
            }
        }
    }

    #[test]
    fn a_malformed_glob_is_refused_with_the_reason() {
        for (glob, reason) in [
            ("[", "The glob has a `[` without `]`: write `\\[` for a bracket."),
            ("[]", "The glob has a `[` without `]`: write `\\[` for a bracket."),
            ("a[b-", "The glob has a `[` without `]`: write `\\[` for a bracket."),
            ("[a\\", "The glob has a `[` without `]`: write `\\[` for a bracket."),
            ("a\\", "The glob ends in a backslash: write `\\\\` for one."),
            ("[z-a]", "The glob's range `z-a` runs backwards."),
        ] {
            assert_eq!(to_regex(glob), Err(reason.to_owned()), "{glob}");
        }
    }
}
