//! Names terms by what they say, the same on every machine.

use candor_seal::sha256_hex;
use serde_json::Value;

use super::document::Terms;
use crate::parcel::TermsRef;

impl Terms {
    /// Returns the digest by which a parcel names the terms that it was recorded under: SHA-256 of the document as JSON
    /// without space and with sorted keys, 64 lowercase hex digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut text = String::new();
        // Texts and numbers under text keys: there is nothing that could not be written down.
        write_sorted(&serde_json::to_value(self).unwrap_or_default(), &mut text);
        sha256_hex(text.as_bytes())
    }

    /// Returns how a parcel names them.
    #[must_use]
    pub fn named(&self) -> TermsRef {
        TermsRef { sequence: self.sequence, digest: self.digest() }
    }
}

/// Whether a map keeps its order depends on how serde_json was built: settings must not get another digest by it.
fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(all) => {
            let mut keys: Vec<_> = all.iter().collect();
            keys.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (nth, (key, value)) in keys.into_iter().enumerate() {
                if nth > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_sorted(value, text);
            }
            text.push('}');
        }
        Value::Array(all) => {
            text.push('[');
            for (nth, value) in all.iter().enumerate() {
                if nth > 0 {
                    text.push(',');
                }
                write_sorted(value, text);
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(settings: &str) -> Terms {
        let json = format!(
            r#"{{"contract":"work","title":"Work","client":"C","worker":"W","sequence":3,"mode":"worklog","segment":10,
            "hold-ms":0,"collectors":[],"uploader":{{"plugin":"backoffice","settings":{settings}}}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn a_digest_depends_on_what_is_said_and_not_on_its_order() {
        let one = terms(r#"{"a":[1,{"x":"\"","y":null}],"b":2}"#);
        assert_eq!(one.digest(), terms(r#"{"b":2,"a":[1,{"y":null,"x":"\""}]}"#).digest());
        assert_ne!(one.digest(), terms(r#"{"b":3,"a":[1,{"y":null,"x":"\""}]}"#).digest());
        assert_eq!(one.named(), TermsRef { sequence: 3, digest: one.digest() });
        assert_eq!(one.digest().len(), 64);
    }
}
