//! What terms record, in a few sentences with an icon each; and the rules of a notice.

use candor_diary::terms::Terms;
use candor_diary::text::{Reader, RecordedSign, recorded};
use candor_protocol::NoticeAnswer;

use crate::window::widgets::icons::Icon;

/// Returns what the terms record, a line each with its icon.
pub(crate) fn summary_lines(terms: &Terms) -> Vec<(Icon, String)> {
    let icon = |sign| match sign {
        RecordedSign::Clock => Icon::Clock,
        RecordedSign::Screen => Icon::Screen,
        RecordedSign::Nothing => Icon::NoPicture,
        RecordedSign::Texts => Icon::Doc,
        RecordedSign::Camera => Icon::Camera,
    };
    recorded(terms, Reader::Worker).into_iter().map(|line| (icon(line.sign), line.text)).collect()
}

/// Returns the rules as the notice lists them, without their numbers.
pub(crate) fn notice_rules(notice: Option<&NoticeAnswer>) -> Vec<String> {
    let numbered = |line: &str| -> Option<String> {
        let (number, rule) = line.split_once(". ")?;
        (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then(|| rule.to_owned())
    };
    notice.map(|notice| notice.text.lines().filter_map(numbered).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_the_numbered_lines_of_a_notice() {
        let text = "What is recorded\n\nTime is cut. 10 minutes.\nRules, before anything is kept:\n1. Messages are filled\n2. bank.example. Never shown\n";
        let notice =
            NoticeAnswer { contract: "c".into(), text: text.into(), digest: "d".into(), accepted: true };
        assert_eq!(notice_rules(Some(&notice)), ["Messages are filled", "bank.example. Never shown"]);
    }
}
