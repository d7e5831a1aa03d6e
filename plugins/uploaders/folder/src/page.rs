//! The page of a day: small, without scripts, readable in any browser from the folder itself.

use candor_diary::wire::FolderFile;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::names;
use crate::rows::{DayPage, SegmentRow};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;\
color:#1d2327;background:#fff}h1{font-size:1.4rem}section{border-top:1px solid #c8ced3;padding:1rem 0}\
h2{font-size:1rem;margin:0}p{margin:.25rem 0}img{max-width:100%;height:auto;border:1px solid #c8ced3;margin-top:.5rem}\
small{color:#4b5560}@media(prefers-color-scheme:dark){body{color:#e6e9ec;background:#16191c}a{color:#8ab8ff}\
small{color:#a8b0b8}}";

/// The page of a day.
pub(crate) fn render(contract: &str, date: &str, day: &DayPage) -> String {
    let about = if day.is_late() {
        "What was delivered or changed after this day's page, index.html, was closed. Times are UTC."
    } else {
        "What Candor recorded on this day. Times are UTC. Covered places were covered before anything was written."
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (contract) ", " (date) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (contract) ", " (date) }
                p { small { (about) } }
                @for row in day.rows() { (section(row)) }
            }
        }
    };
    page.into_string()
}

fn section(row: &SegmentRow) -> Markup {
    let (from, to) = (names::clock(row.start), names::clock(row.start.saturating_add(row.length)));
    let folder = names::time(row.start);
    html! {
        section {
            h2 { (from) " to " (to) }
            @if !row.memo.is_empty() { p { (row.memo) } }
            p { (row.words.join(" ")) }
            @if let Some(picture) = &row.picture {
                a href=(picture) {
                    img src=(picture) loading="lazy" alt={ "The screen between " (from) " and " (to) };
                }
            }
            p {
                small {
                    a href={ (folder) "/segment.json" } { "All that was recorded" } ", "
                    a href={ (folder) "/parcel.dsse.json" } { "signed parcel" }
                    @for detail in &row.details {
                        ", " a href={ (folder) "/" (detail) ".json" } { (detail) }
                    }
                }
            }
        }
    }
}

/// The name of a file, without its folder.
pub(crate) fn file_name(put: &FolderFile) -> &str {
    put.name.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_typed_is_text_and_never_markup() {
        let words = r#"<script>alert("1")</script> & 'more'"#;
        let row = SegmentRow {
            start: 34_200_000,
            length: 600_000,
            revision: 0,
            memo: words.to_owned(),
            words: vec![words.to_owned()],
            picture: Some("09-30/picture.webp".to_owned()),
            details: vec!["memo".to_owned(), "notes-git".to_owned()],
        };
        let page = section(&row).into_string();
        assert!(!page.contains("<script") && !page.contains("alert(\""), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)") && page.contains("&amp; 'more'"));
        assert!(page.contains("09:30 to 09:40") && page.contains("src=\"09-30/picture.webp\""));
        assert!(page.contains("href=\"09-30/notes-git.json\"") && page.contains(">memo</a>"), "{page}");
    }
}
