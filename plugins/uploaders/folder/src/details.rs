//! What the files of a parcel's details are called.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use candor_diary::plain_id::PlainId;
use serde::Deserialize;

/// What is emptied of a segment that was changed, if nobody remembers what was written of it before.
const USUAL: [&str; 5] = ["activity", "focus", "memo", "picture", "rules"];

/// What else lies in a segment's folder under a name of its own.
const TAKEN: &str = "segment";

/// The payload of an envelope, as far as it names details: whatever else it holds and whatever its version.
#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    details: Vec<NamedDetail>,
}

#[derive(Deserialize)]
struct NamedDetail {
    kind: String,
    #[serde(default)]
    plugin: Option<String>,
    sha256: String,
}

/// Returns the names of the files, without their ending, for details with these digests: by kind and plugin as the
/// envelope has them, otherwise by place. No two are alike.
pub(crate) fn names(envelope: &[u8], digests: &[String]) -> Vec<String> {
    let known = named(envelope).unwrap_or_default();
    let mut names: Vec<String> = Vec::with_capacity(digests.len());
    for (nth, digest) in (1..).zip(digests) {
        let by_kind = known.get(digest).filter(|name| *name != TAKEN && !names.contains(name));
        names.push(by_kind.cloned().unwrap_or_else(|| format!("detail-{nth}")));
    }
    names
}

/// Returns the names of the files to be emptied: what was written of the segment `before`, as far as that is known, and
/// is not among what is written `now`.
pub(crate) fn gone(now: &[String], before: Option<&[String]>, revision: u32) -> Vec<String> {
    let before = match before {
        Some(before) => before.to_vec(),
        None if revision > 0 => USUAL.map(str::to_owned).to_vec(),
        None => Vec::new(),
    };
    before.into_iter().filter(|name| !now.contains(name)).collect()
}

fn named(envelope: &[u8]) -> Option<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct Envelope {
        payload: String,
    }
    let envelope: Envelope = serde_json::from_slice(envelope).ok()?;
    let payload: Payload = serde_json::from_slice(&STANDARD.decode(envelope.payload).ok()?).ok()?;
    let name = |detail: NamedDetail| {
        let name = match detail.plugin {
            Some(plugin) if PlainId::is_plain(&plugin) => format!("{}-{plugin}", detail.kind),
            Some(_) => return None,
            None => detail.kind.clone(),
        };
        PlainId::is_plain(&detail.kind).then_some((detail.sha256, name))
    };
    Some(payload.details.into_iter().filter_map(name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_by(details: &str, digests: &[&str]) -> Vec<String> {
        let payload = STANDARD.encode(format!(r#"{{"id":"a1","details":{details}}}"#));
        let envelope = format!(r#"{{"payload":"{payload}","payloadType":"t","signatures":[]}}"#);
        let digests: Vec<String> = digests.iter().map(|digest| (*digest).to_owned()).collect();
        names(envelope.as_bytes(), &digests)
    }

    #[test]
    fn a_detail_is_called_by_what_it_holds() {
        let details =
            r#"[{"kind":"memo","sha256":"aa","bytes":9},{"kind":"notes","plugin":"git","sha256":"bb"}]"#;
        assert_eq!(named_by(details, &["bb", "aa"]), ["notes-git", "memo"]);
        assert_eq!(named_by(details, &["aa", "cc"]), ["memo", "detail-2"]);
        assert_eq!(names(b"no envelope", &["aa".to_owned()]), ["detail-1"]);
    }

    #[test]
    fn no_name_leads_elsewhere_or_over_another_file() {
        for kind in ["../x", "a/b", "segment", "", "Memo", "parcel.dsse"] {
            let details = format!(r#"[{{"kind":"{kind}","sha256":"aa"}}]"#);
            assert_eq!(named_by(&details, &["aa"]), ["detail-1"], "{kind}");
        }
        let plugin = r#"[{"kind":"notes","plugin":"../x","sha256":"aa"}]"#;
        assert_eq!(named_by(plugin, &["aa"]), ["detail-1"]);
        let twice = r#"[{"kind":"memo","sha256":"aa"},{"kind":"memo","sha256":"bb"}]"#;
        assert_eq!(named_by(twice, &["aa", "bb"]), ["memo", "detail-2"]);
    }

    #[test]
    fn what_a_change_left_out_is_emptied() {
        let list = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
        let before = list(&["activity", "notes-git", "memo"]);
        assert_eq!(gone(&list(&["activity"]), Some(&before), 1), ["notes-git", "memo"]);
        assert_eq!(gone(&before, Some(&before), 1), list(&[]));
        assert_eq!(gone(&list(&["activity"]), None, 0), list(&[]), "nothing was there before");
        assert_eq!(gone(&list(&["activity"]), None, 1), ["focus", "memo", "picture", "rules"]);
    }
}
