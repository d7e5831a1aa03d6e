//! Texts as they are drawn, also those that run from right to left. The toolkit shapes the letters of an Arabic or Hebrew word in their order, but puts
//! words one after the other from the left; so they are handed to it in the order in which they are seen.

use std::borrow::Cow;
use std::sync::Arc;

use eframe::egui::{self, Color32, Galley, TextWrapMode, Ui, WidgetText};
use unicode_bidi::{BidiClass, BidiInfo, bidi_class};

use crate::window::theme::TextFace;

/// A text, laid out.
pub(crate) fn galley(
    ui: &Ui,
    face: TextFace,
    text: &str,
    color: Color32,
    room: f32,
    wrap: TextWrapMode,
) -> Arc<Galley> {
    WidgetText::from(face.text(text, color)).into_galley(ui, Some(wrap), room.max(0.0), egui::TextStyle::Body)
}

/// Whether any of it runs from right to left.
pub(crate) fn has_right_to_left(text: &str) -> bool {
    text.chars().any(is_right_to_left)
}

/// Whether its first letter does: then all of it begins at the right.
pub(crate) fn begins_at_the_right(text: &str) -> bool {
    BidiInfo::new(text, None).paragraphs.first().is_some_and(|paragraph| paragraph.level.is_rtl())
}

/// A text of one line with its words in the order in which they are seen. It has the same letters, as many as before.
pub(crate) fn seen(text: &str) -> Cow<'_, str> {
    if !has_right_to_left(text) {
        return Cow::Borrowed(text);
    }
    let info = BidiInfo::new(text, None);
    let mut all = String::with_capacity(text.len());
    for paragraph in &info.paragraphs {
        let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let right_to_left = levels.get(run.start).is_some_and(|level| level.is_rtl());
            let part = text.get(run).unwrap_or_default();
            if right_to_left {
                all.extend(words(part).into_iter().rev());
            } else {
                all.push_str(part);
            }
        }
    }
    Cow::Owned(all)
}

/// The words of a run in their order, and every other sign by itself, as it looks from the other side.
fn words(run: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut in_word = false;
    for letter in run.chars() {
        let goes_on = is_right_to_left(letter) || (in_word && bidi_class(letter) == BidiClass::NSM);
        match parts.last_mut() {
            Some(word) if in_word && goes_on => word.push(letter),
            _ => parts.push(mirrored(letter).to_string()),
        }
        in_word = goes_on;
    }
    parts
}

fn is_right_to_left(letter: char) -> bool {
    matches!(bidi_class(letter), BidiClass::R | BidiClass::AL)
}

fn mirrored(sign: char) -> char {
    match sign {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '«' => '»',
        '»' => '«',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_handed_over_in_the_order_in_which_they_are_seen() {
        for (typed, shown) in [
            ("Bank rules", "Bank rules"),
            ("שלום עולם", "עולם שלום"),
            // Numbers and Latin words keep their own order inside.
            ("חשבונית 42 ללקוח", "ללקוח 42 חשבונית"),
            ("مراجعة Candor API اليوم", "اليوم Candor API مراجعة"),
            ("Call: שלום עולם, then tests", "Call: עולם שלום, then tests"),
            ("שלום, (עולם)", "(עולם) ,שלום"),
            ("", ""),
        ] {
            assert_eq!(seen(typed), shown);
            assert_eq!(seen(typed).chars().count(), typed.chars().count());
        }
        assert!(begins_at_the_right("שלום world") && !begins_at_the_right("world שלום"));
    }
}
