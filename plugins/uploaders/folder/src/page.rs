//! The page of a day: small, without scripts, readable in any browser from the folder itself.

use std::fmt::Write as _;

use candor_diary::wire::FolderFile;

use crate::names;
use crate::rows::{Day, Row};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;\
color:#1d2327;background:#fff}h1{font-size:1.4rem}section{border-top:1px solid #c8ced3;padding:1rem 0}\
h2{font-size:1rem;margin:0}p{margin:.25rem 0}img{max-width:100%;height:auto;border:1px solid #c8ced3;margin-top:.5rem}\
small{color:#4b5560}@media(prefers-color-scheme:dark){body{color:#e6e9ec;background:#16191c}a{color:#8ab8ff}\
small{color:#a8b0b8}}";

/// The page.
pub(crate) fn render(contract: &str, date: &str, day: &Day) -> String {
    let (contract, mut page) = (escaped(contract), String::with_capacity(4_096));
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{contract}, {date}</title>\
         <style>{STYLE}</style></head>\n<body><h1>{contract}, {date}</h1>\n"
    );
    let about = if day.is_late() {
        "What was delivered or changed after this day's page, index.html, was closed. Times are UTC."
    } else {
        "What Candor recorded on this day. Times are UTC. Covered places were covered before anything was written."
    };
    let _ = writeln!(page, "<p><small>{about}</small></p>");
    for row in day.rows() {
        section(&mut page, row);
    }
    page.push_str("</body></html>\n");
    page
}

fn section(page: &mut String, row: &Row) {
    let (from, to) = (names::clock(row.start), names::clock(row.start.saturating_add(row.length)));
    let _ = writeln!(page, "<section><h2>{from} to {to}</h2>");
    if !row.memo.is_empty() {
        let _ = writeln!(page, "<p>{}</p>", escaped(&row.memo));
    }
    let _ = writeln!(page, "<p>{}</p>", escaped(&row.words.join(" ")));
    let folder = names::time(row.start);
    if let Some(picture) = &row.picture {
        let picture = escaped(picture);
        let _ = writeln!(
            page,
            "<a href=\"{picture}\"><img src=\"{picture}\" loading=\"lazy\" alt=\"The screen between {from} and {to}\"></a>"
        );
    }
    let _ = writeln!(
        page,
        "<p><small><a href=\"{folder}/segment.json\">All that was recorded</a>, \
         <a href=\"{folder}/parcel.dsse.json\">signed parcel</a></small></p></section>"
    );
}

/// The file of the first attachment, without its folder.
pub(crate) fn file_name(put: &[FolderFile]) -> &str {
    put.first().and_then(|put| put.name.rsplit('/').next()).unwrap_or_default()
}

/// Text as it may stand anywhere in a page.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_typed_is_text_and_never_markup() {
        let words = r#"<script>alert("1")</script> & 'more'"#;
        let row = Row {
            start: 34_200_000,
            length: 600_000,
            revision: 0,
            memo: words.to_owned(),
            words: vec![words.to_owned()],
            picture: Some("09-30/picture.webp".to_owned()),
        };
        let mut page = String::new();
        section(&mut page, &row);
        assert!(!page.contains("<script") && !page.contains("alert(\""), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)") && page.contains("&amp; &#39;more&#39;"));
        assert!(page.contains("09:30 to 09:40") && page.contains("src=\"09-30/picture.webp\""));
    }
}
