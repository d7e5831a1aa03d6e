//! What is sent for a parcel: its envelope, and its details beside it.

use candor_sdk::Part;

/// The pieces of the body, in order: `{"envelope":<the envelope>,"details":[<a detail>,…]}`. Envelope and details are JSON
/// documents whose exact bytes are signed or named by their digest, so they are put in as they are. The host streams the
/// details.
pub(crate) fn parts<'a, D>(envelope: &'a [u8], details: &'a [D]) -> Vec<Part<'a>>
where
    D: Copy,
    Part<'a>: From<D>,
{
    let mut parts =
        vec![Part::Bytes(br#"{"envelope":"#), Part::Bytes(envelope), Part::Bytes(br#","details":["#)];
    for (nth, detail) in details.iter().enumerate() {
        if nth > 0 {
            parts.push(Part::Bytes(b","));
        }
        parts.push(Part::from(*detail));
    }
    parts.push(Part::Bytes(b"]}"));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(envelope: &str, details: &[&[u8]]) -> String {
        let bytes = parts(envelope.as_bytes(), details).into_iter().flat_map(|part| match part {
            Part::Bytes(bytes) => bytes.to_vec(),
            Part::Attachment(_) => unreachable!("there is no host here"),
        });
        String::from_utf8(bytes.collect()).unwrap()
    }

    #[test]
    fn envelope_and_details_come_through_byte_for_byte() {
        let envelope = r#"{"payload": "e30=" }"#;
        assert_eq!(body(envelope, &[]), r#"{"envelope":{"payload": "e30=" },"details":[]}"#);
        let details = [&br#"{"salt":"5d", "detail":{}}"#[..], b"{}", br#"{"memo":"\u0041,]}"}"#];
        assert_eq!(
            body(envelope, &details[..1]),
            r#"{"envelope":{"payload": "e30=" },"details":[{"salt":"5d", "detail":{}}]}"#
        );
        assert_eq!(
            body(envelope, &details),
            r#"{"envelope":{"payload": "e30=" },"details":[{"salt":"5d", "detail":{}},{},{"memo":"\u0041,]}"}]}"#
        );
        let read: serde_json::Value = serde_json::from_str(&body(envelope, &details)).unwrap();
        assert_eq!(read["details"].as_array().map(Vec::len), Some(3));
    }
}
