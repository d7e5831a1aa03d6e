//! What an answer of the back office means for the parcel.

use std::time::Duration;

use candor_sdk::DeliveryFailure;
use candor_sdk::http::{HttpError, Response};
use serde::Deserialize;

/// How long to wait where the back office does not say. The host waits longer from try to try.
const RETRY: Duration = Duration::from_secs(5);

/// The longest wait that is taken from an answer; beyond it a mistake of the server would stop deliveries for good.
const LONGEST_RETRY: Duration = Duration::from_hours(1);

/// The body of an answer that was accepted, or why it was not.
pub(crate) fn accepted(answer: Result<Response, HttpError>) -> Result<Vec<u8>, DeliveryFailure> {
    let response = match answer {
        Ok(response) => response,
        // Someone has to store the token (again); a retry alone would never help.
        Err(HttpError::NoSecret(_)) => return Err(DeliveryFailure::Unauthorised),
        // Nothing is wrong with the parcel. A missing grant or a mistyped address can be mended, so the parcel waits.
        Err(_) => return Err(DeliveryFailure::RetryAfter(RETRY)),
    };
    match response.status {
        200 | 201 => Ok(response.body),
        401 | 403 => Err(DeliveryFailure::Unauthorised),
        400 | 409 | 410 | 413 | 422 => Err(DeliveryFailure::Rejected(code(&response))),
        // 408, 425, 429, 5xx, and what a back office never answers: a proxy's sign-in page, a redirect, a 404 of
        // something that is no back office. None of that says that the parcel was read and refused.
        _ => Err(DeliveryFailure::RetryAfter(wait(&response))),
    }
}

/// What the server asks to wait, in whole seconds; a date is not understood.
fn wait(response: &Response) -> Duration {
    let asked = response.header("retry-after").and_then(|text| text.trim().parse().ok());
    asked.map_or(RETRY, |seconds| Duration::from_secs(seconds).min(LONGEST_RETRY))
}

/// Why it was refused: the back office's `{"code": "segment-locked"}` where it keeps to the form of a code, else the
/// status.
fn code(response: &Response) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        code: String,
    }
    let well_formed = |code: &String| {
        (1..=64).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    serde_json::from_slice(&response.body)
        .map(|refusal: Refusal| refusal.code)
        .ok()
        .filter(well_formed)
        .unwrap_or_else(|| format!("http-{}", response.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Vec<u8>, DeliveryFailure> {
        accepted(Ok(Response {
            status,
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: body.as_bytes().to_vec(),
        }))
    }

    #[test]
    fn every_answer_has_one_meaning() {
        let retry = |seconds| Err(DeliveryFailure::RetryAfter(Duration::from_secs(seconds)));
        let rejected = |code: &str| Err(DeliveryFailure::Rejected(code.to_owned()));
        let after = |seconds| vec![("Retry-After", seconds)];
        for (status, headers, body, expected) in [
            (200, vec![], "proof", Ok(b"proof".to_vec())),
            (201, vec![], "", Ok(vec![])),
            (401, vec![], "", Err(DeliveryFailure::Unauthorised)),
            (403, vec![], "", Err(DeliveryFailure::Unauthorised)),
            (400, vec![], r#"{"code":"bad-parcel"}"#, rejected("bad-parcel")),
            (409, vec![], r#"{"code":"segment-locked","more":1}"#, rejected("segment-locked")),
            (410, vec![], "gone", rejected("http-410")),
            (413, vec![], "", rejected("http-413")),
            (422, vec![], r#"{"code":"Not A Code"}"#, rejected("http-422")),
            (422, vec![], r#"{"code":""}"#, rejected("http-422")),
            (422, vec![], r#"{"code":7}"#, rejected("http-422")),
            (408, vec![], "", retry(5)),
            (425, vec![], "", retry(5)),
            (429, after("17"), "", retry(17)),
            (429, after("soon"), "", retry(5)),
            (429, after("-1"), "", retry(5)),
            (500, vec![], "", retry(5)),
            (503, after("120"), "", retry(120)),
            (503, after("999999999"), "", retry(3600)),
            (302, vec![], "", retry(5)),
            (404, vec![], "", retry(5)),
            (204, vec![], "", retry(5)),
        ] {
            assert_eq!(answer(status, &headers, body), expected, "{status} {headers:?} {body}");
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
            assert_eq!(accepted(Err(error)), Err(DeliveryFailure::RetryAfter(RETRY)));
        }
        assert_eq!(
            accepted(Err(HttpError::NoSecret("device-token".into()))),
            Err(DeliveryFailure::Unauthorised)
        );
    }
}
