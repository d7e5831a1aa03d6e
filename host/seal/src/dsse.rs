//! DSSE v1 envelopes: a document, its type, and signatures over both.
//!
//! The signature covers the type as well as the bytes (`PAE` of the DSSE protocol), so a receipt can never pass for
//! terms. It covers the exact bytes, so the two sides need not agree on a canonical form of JSON.
//! <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::SealError;
use crate::keys::{PublicKey, SecretKey};
pub use crate::limits::{MAX_ENVELOPE_BYTES, MAX_SIGNATURES};

/// A signed document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The media type of the document.
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// The document's exact bytes. Do not trust them before [`Envelope::verify`].
    #[serde(with = "base64_text")]
    pub payload: Vec<u8>,
    /// The signatures, at most [`MAX_SIGNATURES`].
    pub signatures: Vec<Signature>,
}

/// One signature of an [`Envelope`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// [`PublicKey::key_id`] of the signer; empty if it is not given. Not authenticated: only a hint.
    #[serde(default)]
    pub keyid: String,
    /// The 64 bytes of an ed25519 signature.
    #[serde(with = "base64_text")]
    pub sig: Vec<u8>,
}

impl Envelope {
    /// Signs `payload` as a document of the type `payload_type`.
    #[must_use]
    pub fn sign(payload_type: &str, payload: Vec<u8>, key: &SecretKey) -> Self {
        let sig = key.sign(&pre_authentication_encoding(payload_type, &payload)).to_vec();
        let signatures = vec![Signature { keyid: key.public().key_id(), sig }];
        Self { payload_type: payload_type.to_owned(), payload, signatures }
    }

    /// Returns the envelope as standard DSSE JSON. The same envelope gives the same bytes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::json!({
            "payloadType": self.payload_type,
            "payload": STANDARD.encode(&self.payload),
            "signatures": self
                .signatures
                .iter()
                .map(|s| serde_json::json!({ "keyid": s.keyid, "sig": STANDARD.encode(&s.sig) }))
                .collect::<Vec<_>>(),
        })
        .to_string()
        .into_bytes()
    }

    /// Reads an envelope. Verifies nothing in it.
    ///
    /// # Errors
    /// [`SealError::TooLong`] beyond [`MAX_ENVELOPE_BYTES`]; [`SealError::BadEnvelope`] if it is not an envelope, or
    /// has more than [`MAX_SIGNATURES`] signatures.
    pub fn from_json(json: &[u8]) -> Result<Self, SealError> {
        if json.len() > MAX_ENVELOPE_BYTES {
            return Err(SealError::TooLong(json.len()));
        }
        let envelope: Self =
            serde_json::from_slice(json).map_err(|e| SealError::BadEnvelope(e.to_string()))?;
        if envelope.signatures.len() > MAX_SIGNATURES {
            return Err(SealError::BadEnvelope(format!(
                "{} signatures, more than the {MAX_SIGNATURES} allowed",
                envelope.signatures.len()
            )));
        }
        Ok(envelope)
    }

    /// Returns the document's bytes if it is of the type `payload_type` and `key` signed it.
    ///
    /// # Errors
    /// [`SealError::WrongType`] for another type, [`SealError::NotSigned`] if no signature by `key` verifies.
    pub fn verify(&self, payload_type: &str, key: &PublicKey) -> Result<&[u8], SealError> {
        if self.payload_type != payload_type {
            return Err(SealError::WrongType {
                expected: payload_type.to_owned(),
                found: self.payload_type.clone(),
            });
        }
        let key_id = key.key_id();
        let message = pre_authentication_encoding(payload_type, &self.payload);
        // The key's id only saves work: what counts is that the signature verifies.
        let signed = self
            .signatures
            .iter()
            .take(MAX_SIGNATURES)
            .filter(|s| s.keyid.is_empty() || s.keyid == key_id)
            .any(|s| key.verifies(&message, &s.sig));
        if signed { Ok(&self.payload) } else { Err(SealError::NotSigned { key_id }) }
    }
}

/// `PAE` of DSSE v1: each length comes before what it measures, so no two pairs encode alike.
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut message = Vec::with_capacity(head.len() + payload.len());
    message.extend_from_slice(head.as_bytes());
    message.extend_from_slice(payload);
    message
}

const LENIENT_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT_PADDING);

/// Written in the standard alphabet; read in either, as DSSE asks of a verifier.
mod base64_text {
    use super::*;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(&text).or_else(|_| URL_SAFE.decode(&text)).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "application/vnd.candor.parcel+json";

    fn signed() -> (Envelope, SecretKey) {
        let key = SecretKey::generate().unwrap();
        (Envelope::sign(TYPE, br#"{"hours":3}"#.to_vec(), &key), key)
    }

    #[test]
    fn the_encoding_is_that_of_the_published_test_vector() {
        // DSSE protocol.md, 'Test Vectors'.
        let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn lengths_are_counted_in_bytes() {
        assert_eq!(pre_authentication_encoding("a/é", "ü".as_bytes()), "DSSEv1 4 a/é 2 ü".as_bytes());
        assert_eq!(pre_authentication_encoding("", b""), b"DSSEv1 0  0 ");
    }

    #[test]
    fn the_envelope_of_the_published_test_vector_is_read_and_written() {
        let json = br#"{"payload":"aGVsbG8gd29ybGQ=","payloadType":"http://example.com/HelloWorld","signatures":[{"sig":"A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}"#;
        let envelope = Envelope::from_json(json).unwrap();
        assert_eq!(envelope.payload, b"hello world");
        assert_eq!(envelope.signatures[0].keyid, "");
        assert_eq!(envelope.signatures[0].sig.len(), 64);
        let written: serde_json::Value = serde_json::from_slice(&envelope.to_json()).unwrap();
        assert_eq!(written["payload"], "aGVsbG8gd29ybGQ=");
        assert_eq!(written["payloadType"], "http://example.com/HelloWorld");
    }

    #[test]
    fn a_signed_document_survives_being_sent() {
        let (envelope, key) = signed();
        let received = Envelope::from_json(&envelope.to_json()).unwrap();
        assert_eq!(received, envelope);
        assert_eq!(received.verify(TYPE, &key.public()).unwrap(), br#"{"hours":3}"#);
        assert_eq!(received.signatures[0].keyid, key.public().key_id());
    }

    #[test]
    fn a_document_changed_in_any_bit_is_refused() {
        let (envelope, key) = signed();
        for byte in 0..envelope.payload.len() {
            for bit in 0..8 {
                let mut changed = envelope.clone();
                changed.payload[byte] ^= 1 << bit;
                assert!(changed.verify(TYPE, &key.public()).is_err());
            }
        }
    }

    #[test]
    fn a_signature_changed_in_any_bit_is_refused() {
        let (envelope, key) = signed();
        for byte in 0..64 {
            for bit in 0..8 {
                let mut changed = envelope.clone();
                changed.signatures[0].sig[byte] ^= 1 << bit;
                assert!(changed.verify(TYPE, &key.public()).is_err());
            }
        }
    }

    #[test]
    fn a_document_of_another_type_is_refused() {
        let (mut envelope, key) = signed();
        let other = "application/vnd.candor.receipt+json";
        let error = envelope.verify(other, &key.public()).unwrap_err();
        assert!(matches!(error, SealError::WrongType { .. }), "{error}");
        // The type is under the signature: changing it to what is wanted does not help.
        envelope.payload_type = other.to_owned();
        let error = envelope.verify(other, &key.public()).unwrap_err();
        assert!(matches!(error, SealError::NotSigned { .. }), "{error}");
    }

    #[test]
    fn a_document_signed_by_another_key_is_refused() {
        let (mut envelope, _) = signed();
        let other = SecretKey::generate().unwrap().public();
        assert!(matches!(envelope.verify(TYPE, &other), Err(SealError::NotSigned { .. })));
        // Claiming the other key's id does not help.
        envelope.signatures[0].keyid = other.key_id();
        assert!(matches!(envelope.verify(TYPE, &other), Err(SealError::NotSigned { .. })));
    }

    #[test]
    fn one_good_signature_among_several_is_enough() {
        let (mut envelope, key) = signed();
        let (another, _) = signed();
        envelope.signatures.insert(0, another.signatures[0].clone());
        envelope.signatures.insert(0, Signature { keyid: String::new(), sig: vec![1, 2, 3] });
        assert!(envelope.verify(TYPE, &key.public()).is_ok());
        envelope.signatures.clear();
        assert!(envelope.verify(TYPE, &key.public()).is_err());
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for bad in [
            &b""[..],
            b"[]",
            b"{}",
            br#"{"payloadType":"a","payload":"*","signatures":[]}"#,
            br#"{"payloadType":"a","payload":"","signatures":[{"sig":7}]}"#,
            b"\xff\xff",
        ] {
            assert!(Envelope::from_json(bad).is_err(), "{bad:?}");
        }
        let error = Envelope::from_json(&vec![b' '; MAX_ENVELOPE_BYTES + 1]).unwrap_err();
        assert!(matches!(error, SealError::TooLong(_)), "{error}");
        let (mut envelope, _) = signed();
        envelope.signatures = vec![envelope.signatures[0].clone(); MAX_SIGNATURES + 1];
        assert!(Envelope::from_json(&envelope.to_json()).is_err());
    }

    #[test]
    fn the_url_safe_alphabet_is_read_too() {
        let json = br#"{"payloadType":"a","payload":"-_8","signatures":[]}"#;
        assert_eq!(Envelope::from_json(json).unwrap().payload, [0xfb, 0xff]);
    }
}
