//! What an answer of the back office means for the parcel.
//!
//! Between a tracker and its back office stand proxies, firewalls and sign-in pages that answer in its place. So only a
//! refusal in the API's own form is one: JSON with a code that a back office has, under the status that goes with it.
//! All else says nothing of the parcel, and it waits.

use std::time::Duration;

use candor_diary::plain;
use candor_diary::plain_id::PlainId;
use candor_diary::wire::ApiRefusal;
use candor_sdk::DeliveryFailure;
use candor_sdk::http::{HttpError, Response};

use crate::date;

/// How long to wait if the back office does not say. The host waits longer from try to try.
const RETRY: Duration = Duration::from_secs(5);

/// The longest wait that is taken from an answer; beyond it a mistake of the server would stop deliveries for good.
const LONGEST_RETRY: Duration = Duration::from_hours(1);

/// The code under which the back office refuses a parcel that begins later than it is there: it takes it when the time has
/// come.
const CLOCK_AHEAD: &str = "clock-ahead";

/// Refusals that are final: this parcel will never be taken as it is. What may be the way's fault (a body that broke off
/// or came through altered, an attachment that is not there any more) is not among them.
const FINAL: [(u16, &str); 15] = [
    (403, "wrong-device"),
    (409, "parcel-differs"),
    (409, "revision-order"),
    (409, "segment-taken"),
    (409, "sequence-taken"),
    (409, "week-locked"),
    (413, "too-large"),
    (422, "bad-parcel"),
    (422, "bad-signature"),
    // What the terms do not have (`candor_diary::admission`).
    (422, "nothing-is-tracked"),
    (422, "older-terms"),
    (422, "other-segments"),
    (422, "other-terms"),
    (422, "unknown-collector"),
    (422, "unknown-label"),
];

/// The refusal of a picture that is none, or another than the parcel says. Whichever part it answers, the time goes on
/// without the picture.
const BAD_PICTURE: (u16, &str) = (422, "bad-picture");

/// The refusals that say that this device has to enrol again: its token is not known, or the operator has revoked it.
const NOT_ENROLLED: [(u16, &str); 2] = [(401, "unauthorised"), (401, "device-revoked")];

/// Which part of a delivery was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SentPart {
    /// The signed envelope of the parcel.
    Parcel,
    /// One of its attachments.
    Attachment,
}

/// The body of an answer that was accepted, or why it was not. `now` is asked, in milliseconds since the Unix epoch,
/// if the answer names a time and does not say what time it is itself.
pub(crate) fn accepted(
    answer: Result<Response, HttpError>,
    sent: SentPart,
    now: impl FnOnce() -> u64,
) -> Result<Vec<u8>, DeliveryFailure> {
    let response = match answer {
        Ok(response) => response,
        // Someone has to store the token (again); a retry alone would never help.
        Err(HttpError::NoSecret(_)) => return Err(DeliveryFailure::Unauthorised),
        // Nothing is wrong with the parcel. A missing grant or a mistyped address can be mended, so the parcel waits.
        Err(error) => {
            return Err(DeliveryFailure::later(
                RETRY,
                format!("the back office could not be reached: {error}"),
            ));
        }
    };
    let status = response.status;
    if matches!(status, 200 | 201) && is_json(&response) {
        return Ok(response.body);
    }
    let refusal = refusal(&response);
    let Some(ApiRefusal { code, message }) = refusal else {
        return Err(DeliveryFailure::later(wait(&response, now), strange(&response)));
    };
    if NOT_ENROLLED.contains(&(status, code.as_str())) {
        return Err(DeliveryFailure::Unauthorised);
    }
    if (status, code.as_str()) == BAD_PICTURE {
        return Err(DeliveryFailure::AttachmentRejected(code));
    }
    if FINAL.contains(&(status, code.as_str())) {
        return Err(match sent {
            SentPart::Parcel => DeliveryFailure::Rejected(code),
            SentPart::Attachment => DeliveryFailure::AttachmentRejected(code),
        });
    }
    if matches!(status, 409 | 503) && code == CLOCK_AHEAD {
        let now = now();
        return Err(DeliveryFailure::later(wait(&response, || now), clock_ahead(&response, now)));
    }
    let reason = format!("the back office answers {status} ({code}): {}", line(&message));
    Err(DeliveryFailure::later(wait(&response, now), reason))
}

/// What is said if the back office takes no parcel that begins later than it is there.
fn clock_ahead(response: &Response, now: u64) -> String {
    let theirs = response.header("date").and_then(date::seconds);
    let ahead = theirs.map(|theirs| (now / 1_000).saturating_sub(theirs)).filter(|ahead| *ahead > 0);
    let by = ahead.map(|ahead| format!(" by {}", plain::about(ahead))).unwrap_or_default();
    format!(
        "this computer's clock is ahead of the back office's{by}: set it right, otherwise the segment waits until then"
    )
}

fn is_json(response: &Response) -> bool {
    let media = response.header("content-type").unwrap_or_default();
    media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

/// The refusal, if the answer is one in the API's form.
fn refusal(response: &Response) -> Option<ApiRefusal> {
    let refusal: ApiRefusal = serde_json::from_slice(&response.body).ok().filter(|_| is_json(response))?;
    PlainId::is_plain(&refusal.code).then_some(refusal)
}

/// What is said of an answer that no back office gives.
fn strange(response: &Response) -> String {
    let status = response.status;
    let to = response.header("location").map(line).filter(|_| (300..400).contains(&status));
    match to {
        Some(to) => format!(
            "the answer {status} did not come from the back office: it points to {to}. If the back office has moved, join again with a new invitation"
        ),
        None => format!(
            "the answer {status} did not come from the back office: something on the way gave it, such as a proxy or a \
             sign-in page of the network"
        ),
    }
}

/// A text from outside on one line, cut.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

/// What the server asks to wait: seconds, or a date. What has passed is no wait, and none is longer than an hour.
fn wait(response: &Response, now: impl FnOnce() -> u64) -> Duration {
    let Some(asked) = response.header("retry-after").map(str::trim) else { return RETRY };
    let seconds = asked.parse().ok().or_else(|| {
        let until = date::seconds(asked)?;
        // By the server's clock, where it tells: ours may be wrong.
        let from = response.header("date").and_then(date::seconds).unwrap_or_else(|| now() / 1_000);
        Some(until.saturating_sub(from))
    });
    seconds.map_or(RETRY, |seconds| Duration::from_secs(seconds).clamp(RETRY, LONGEST_RETRY))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: (&str, &str) = ("Content-Type", "application/json");
    const HTML: (&str, &str) = ("Content-Type", "text/html");

    fn answer(
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
        sent: SentPart,
    ) -> Result<Vec<u8>, DeliveryFailure> {
        let response = Response {
            status,
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: body.as_bytes().to_vec(),
        };
        accepted(Ok(response), sent, || 784_111_777_000)
    }

    /// For how many seconds it waits; none if it is settled.
    fn waits(status: u16, headers: &[(&str, &str)], body: &str) -> Option<u64> {
        match answer(status, headers, body, SentPart::Parcel) {
            Err(DeliveryFailure::Later { after, .. }) => Some(after.as_secs()),
            _ => None,
        }
    }

    #[test]
    fn only_a_refusal_in_the_apis_own_form_is_final() {
        let rejected = |code: &str| Err(DeliveryFailure::Rejected(code.to_owned()));
        for (status, code) in FINAL {
            let body = format!(r#"{{"code":"{code}","message":"No.","more":1}}"#);
            let utf8 = [("content-type", "application/json; charset=utf-8")];
            assert_eq!(answer(status, &[JSON], &body, SentPart::Parcel), rejected(code));
            assert_eq!(answer(status, &utf8, &body, SentPart::Parcel), rejected(code));
            assert_eq!(
                answer(status, &[JSON], &body, SentPart::Attachment),
                Err(DeliveryFailure::AttachmentRejected(code.to_owned()))
            );
            // Not as JSON; under another status; without a message; in another code.
            assert_eq!(waits(status, &[HTML], &body), Some(5), "{code}");
            assert_eq!(waits(status, &[], &body), Some(5), "{code}");
            assert_eq!(waits(418, &[JSON], &body), Some(5), "{code}");
            assert_eq!(waits(status, &[JSON], &format!(r#"{{"code":"{code}"}}"#)), Some(5));
        }
        let bad_picture = r#"{"code":"bad-picture","message":"No."}"#;
        for sent in [SentPart::Parcel, SentPart::Attachment] {
            assert_eq!(
                answer(422, &[JSON], bad_picture, sent),
                Err(DeliveryFailure::AttachmentRejected("bad-picture".to_owned())),
                "the time goes on without it"
            );
        }
        let revoked = r#"{"code":"device-revoked","message":"No."}"#;
        assert_eq!(answer(401, &[JSON], revoked, SentPart::Parcel), Err(DeliveryFailure::Unauthorised));
        assert_eq!(answer(200, &[JSON], "proof", SentPart::Parcel), Ok(b"proof".to_vec()));
        let unknown = r#"{"code":"unauthorised","message":"No."}"#;
        assert_eq!(answer(401, &[JSON], unknown, SentPart::Parcel), Err(DeliveryFailure::Unauthorised));
        assert_eq!(waits(403, &[JSON], unknown), Some(5));
        assert_eq!(waits(401, &[JSON], r#"{"code":"forbidden","message":"Sign in"}"#), Some(5));
        assert_eq!(waits(422, &[JSON], r#"{"code":"Bad Parcel","message":""}"#), Some(5));
        assert_eq!(waits(422, &[JSON], r#"{"code":"digest-mismatch","message":""}"#), Some(5));
        assert_eq!(waits(409, &[JSON], r#"{"code":"attachment-missing","message":""}"#), Some(5));
    }

    #[test]
    fn whatever_a_proxy_answers_waits_and_is_named() {
        for status in [200, 201, 204, 301, 308, 400, 401, 403, 404, 407, 409, 413, 422, 451, 500, 502, 511] {
            for (headers, body) in [(vec![HTML], "<html>Sign in</html>"), (vec![], ""), (vec![JSON], "{")] {
                if matches!((status, headers.as_slice()), (200 | 201, [JSON])) {
                    // The host looks whether it is a receipt.
                    continue;
                }
                for sent in [SentPart::Parcel, SentPart::Attachment] {
                    let Err(DeliveryFailure::Later { reason, .. }) = answer(status, &headers, body, sent)
                    else {
                        panic!("{status} settles");
                    };
                    assert!(reason.starts_with(&format!("the answer {status} did not come")), "{reason}");
                }
            }
        }
        let moved = answer(308, &[("location", "https://b.example/\n")], "", SentPart::Parcel).unwrap_err();
        assert!(moved.to_string().contains("it points to https://b.example/ ."), "{moved}");
    }

    #[test]
    fn the_wait_asked_for_is_honoured_within_bounds() {
        let after = |text| waits(503, &[("Retry-After", text)], "");
        assert_eq!(after("17"), Some(17));
        assert_eq!(after("0"), Some(5));
        assert_eq!(after("soon"), Some(5));
        assert_eq!(after("-1"), Some(5));
        assert_eq!(after("999999999"), Some(3600));
        assert_eq!(after("99999999999999999999999999"), Some(5));
        assert_eq!(after("Sun, 06 Nov 1994 08:51:37 GMT"), Some(120));
        assert_eq!(after("Sun, 06 Nov 1994 08:00:00 GMT"), Some(5), "it has passed");
        assert_eq!(after("Fri, 31 Dec 9999 23:59:59 GMT"), Some(3600));
        let by_theirs =
            [("Retry-After", "Sun, 06 Nov 1994 08:51:37 GMT"), ("Date", "Sun, 06 Nov 1994 08:51:07 GMT")];
        assert_eq!(waits(429, &by_theirs, ""), Some(30));
        let said = [JSON, ("Retry-After", "40")];
        assert_eq!(waits(503, &said, r#"{"code":"busy","message":"Later."}"#), Some(40));
    }

    #[test]
    fn a_clock_that_is_ahead_is_told_with_by_how_much_and_the_parcel_waits_as_long_as_asked() {
        let body = r#"{"code":"clock-ahead","message":"The segment begins later than it is."}"#;
        let told =
            |status: u16, headers: &[(&str, &str)]| match answer(status, headers, body, SentPart::Parcel) {
                Err(DeliveryFailure::Later { after, reason }) => (after.as_secs(), reason),
                other => panic!("{other:?}"),
            };
        // It is 08:49:37 here.
        for (date, by) in [
            ("Sun, 06 Nov 1994 08:37:30 GMT", " by 12 minutes:"),
            ("Sun, 06 Nov 1994 08:49:07 GMT", " by 30 seconds:"),
            ("Sun, 06 Nov 1994 08:49:36 GMT", " by 1 second:"),
            ("Sun, 06 Nov 1994 05:49:37 GMT", " by 3 hours:"),
            ("Tue, 01 Nov 1994 08:49:37 GMT", " by 120 hours:"),
            ("Sun, 06 Nov 1994 09:49:37 GMT", "back office's:"),
            ("no date", "back office's:"),
        ] {
            for status in [409, 503] {
                let (wait, why) = told(status, &[JSON, ("Retry-After", "720"), ("Date", date)]);
                assert_eq!(wait, 720, "{date}");
                assert!(why.contains(by) && why.contains("set it right"), "{date}: {why}");
            }
        }
        assert_eq!(told(409, &[JSON]).0, 5);
        assert_eq!(
            told(409, &[JSON, ("Retry-After", "864000")]).0,
            3_600,
            "asked again sooner, in case it was set"
        );
        // Not in the API's form, or under another status, it is no such answer.
        for (status, headers) in [(409, &[HTML][..]), (422, &[JSON][..])] {
            assert!(!told(status, headers).1.contains("clock is ahead"), "{status}");
        }
    }

    #[test]
    fn no_answer_is_a_reason_to_try_again_unless_the_secret_is_missing() {
        for error in [
            HttpError::Unresolved,
            HttpError::TimedOut,
            HttpError::TooLarge,
            HttpError::Unreachable("refused".into()),
            HttpError::Broken("reset".into()),
            HttpError::NotGranted("http to 127.0.0.1".into()),
            HttpError::BadUrl("no host".into()),
        ] {
            let words = error.to_string();
            let failure = accepted(Err(error), SentPart::Parcel, || 0).unwrap_err();
            let reason = format!("the back office could not be reached: {words}");
            assert_eq!(failure, DeliveryFailure::later(RETRY, reason));
        }
        assert_eq!(
            accepted(Err(HttpError::NoSecret("device-token".into())), SentPart::Parcel, || 0),
            Err(DeliveryFailure::Unauthorised)
        );
    }
}
