//! How requests and answers travel: one [`AnyRequest`] a line in, one [`Response`] a line out, both JSON.
//!
//! The table at the end names every request once: its type, its word on the wire, its answer, and how the answer is made
//! fit to be shown. From it come the wire's enum, [`Answered`], and [`AnyRequest::answer_by`], which hands each request to
//! its [`Handle`].

use std::fmt::Debug;

use candor_diary::plain;
use candor_diary::terms::Terms;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent_info::{Check, Exported, Plugin, Verified};
use crate::error::RequestError;
use crate::ledger_info::VerifiedLedger;
use crate::notice::{NoticeAnswer, Preview};
use crate::outbox::{OutboxAnswer, ParcelBytes};
use crate::own_rules::OwnRule;
use crate::preferences::Preferences;
use crate::request::*;
use crate::segment::{Forgotten, Picture, Segment};
use crate::status::{Contract, Status};

/// Something that can be asked of the agent.
pub trait Request: Clone + Debug + Into<AnyRequest> + Send + 'static {
    /// What the agent answers.
    type Answer: Serialize + DeserializeOwned + Debug + Send;

    /// Returns the answer's JSON as it may be shown to a person: titles, memos, names and errors in it come from outside,
    /// and everything in them is made visible. What is changed and sent back, and what has to be exact, stays as it is.
    #[must_use]
    fn visible(answer: Value) -> Value;
}

/// Whoever answers one kind of request: the agent.
pub trait Handle<R: Request> {
    /// Does what is asked.
    ///
    /// # Errors
    /// [`RequestError`] if it is refused.
    fn handle(&self, request: R) -> impl Future<Output = Result<R::Answer, RequestError>> + Send;
}

/// The agent's answer on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// It is done: the request's answer.
    Ok(Value),
    /// It is not done.
    Error(RequestError),
}

impl Response {
    /// Returns the response for an answer of this type.
    #[must_use]
    pub fn of(answer: &impl Serialize) -> Self {
        match serde_json::to_value(answer) {
            Ok(value) => Self::Ok(value),
            Err(error) => Self::Error(RequestError::refused(error)),
        }
    }
}

/// The agent wrote a notice line by line.
fn notice_visible(answer: Value) -> Value {
    let Value::Object(mut notice) = answer else { return plain::visible_json(answer) };
    let text = notice.remove("text");
    let text = text.as_ref().and_then(Value::as_str).map(|text| plain::visible_lines(text).into_owned());
    let Value::Object(mut notice) = plain::visible_json(Value::Object(notice)) else { return Value::Null };
    notice.extend(text.map(|text| ("text".to_owned(), Value::String(text))));
    Value::Object(notice)
}

/// What has to be exact.
fn exact(answer: Value) -> Value {
    answer
}

/// How an answer is made fit to be shown: by the function that the table names, else whole.
macro_rules! shown {
    ($answer:ident) => {
        plain::visible_json($answer)
    };
    ($answer:ident, $shown:ident) => {
        $shown($answer)
    };
}

macro_rules! requests {
    ($( $word:literal: $name:ident -> $answer:ty $(, $shown:ident)?; )*) => {
        /// Any request, as it travels.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "do")]
        pub enum AnyRequest {
            $(
                #[doc = concat!("[`", stringify!($name), "`], on the wire `", $word, "`.")]
                #[serde(rename = $word)]
                $name($name),
            )*
        }

        /// Any request together with its answer.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Answered {
            $(
                #[doc = concat!("[`", stringify!($name), "`] and its answer.")]
                $name($name, Box<$answer>),
            )*
        }

        $(
            impl Request for $name {
                type Answer = $answer;

                fn visible(answer: Value) -> Value {
                    shown!(answer $(, $shown)?)
                }
            }

            impl From<$name> for AnyRequest {
                fn from(request: $name) -> Self {
                    Self::$name(request)
                }
            }
        )*

        impl AnyRequest {
            /// Reads the JSON of this request's answer, to be shown: see [`Request::visible`].
            ///
            /// # Errors
            /// If it is no answer to this request.
            pub fn read_answer(self, answer: Value) -> Result<Answered, serde_json::Error> {
                match self {
                    $(
                        Self::$name(request) => {
                            let answer = serde_json::from_value($name::visible(answer))?;
                            Ok(Answered::$name(request, Box::new(answer)))
                        }
                    )*
                }
            }

            /// Has the request answered.
            pub async fn answer_by<H>(self, handler: &H) -> Response
            where
                $( H: Handle<$name>, )*
            {
                match self {
                    $( Self::$name(request) => response(handler.handle(request).await), )*
                }
            }
        }
    };
}

fn response(answer: Result<impl Serialize, RequestError>) -> Response {
    match answer {
        Ok(answer) => Response::of(&answer),
        Err(error) => Response::Error(error),
    }
}

requests! {
    "status": GetStatus -> Status;
    "start": StartTracking -> ();
    "shows": ReportSigns -> ();
    "stop": StopTracking -> ();
    "pause": PauseTracking -> ();
    "memo": SetMemo -> ();
    "label": SetLabel -> ();
    "idle": AnswerIdle -> ();
    "undo-idle": UndoIdleAnswer -> ();

    "switch": SwitchContract -> ();
    "import": ImportInvitation -> Contract;
    "notice": GetNotice -> NoticeAnswer, notice_visible;
    "accept": AcceptNotice -> ();
    "preview": GetPreview -> Preview;
    "terms": GetTerms -> Terms;

    "segments": GetSegments -> Vec<Segment>;
    "picture": GetPicture -> Picture;
    "edit-segment": EditSegment -> ();
    "remove-picture": RemovePicture -> ();
    "remove-segment": RemoveSegment -> Forgotten;
    "restore": RestoreSegment -> ();
    "remove-notes": RemoveNotes -> u64;
    "forget": ForgetSpan -> Forgotten;
    "would-forget": WouldForgetSpan -> Forgotten;
    "add-manual": AddManualTime -> Forgotten;

    "outbox": GetOutbox -> OutboxAnswer;
    "parcel": GetParcel -> ParcelBytes, exact;
    "cancel": CancelParcel -> ();
    "uncancel": UncancelParcel -> ();
    "send-again": SendAgain -> ();
    "send-now": SendNow -> ();
    "try-now": TryNow -> ();

    "preferences": GetPreferences -> Preferences, exact;
    "set-preferences": SetPreferences -> ();
    "own-rules": GetOwnRules -> Vec<OwnRule>, exact;
    "set-own-rules": SetOwnRules -> ();

    "plugins": GetPlugins -> Vec<Plugin>;
    "doctor": RunDoctor -> Vec<Check>;
    "export": ExportData -> Exported;
    "verify": VerifyJournal -> Verified;
    "verify-ledger": VerifyLedger -> VerifiedLedger;
    "quit": QuitAgent -> ();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::own_rules::{OwnRuleAction, OwnRuleComparison, OwnRuleField};

    #[test]
    fn a_request_is_one_object_with_its_word_and_fields() {
        let cases: [(AnyRequest, Value); 4] = [
            (PauseTracking.into(), json!({ "do": "pause" })),
            (GetStatus { after: None }.into(), json!({ "do": "status" })),
            (StopTracking { at_segment_end: true }.into(), json!({ "do": "stop", "at_segment_end": true })),
            (SetMemo { memo: "x".into() }.into(), json!({ "do": "memo", "memo": "x" })),
        ];
        for (request, wire) in cases {
            assert_eq!(serde_json::to_value(&request).unwrap(), wire);
            assert_eq!(serde_json::from_value::<AnyRequest>(wire).unwrap(), request);
        }
        for nonsense in [json!({ "do": "dance" }), json!({ "do": "stop", "now": 1 }), json!({ "do": "memo" })]
        {
            assert!(serde_json::from_value::<AnyRequest>(nonsense.clone()).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn what_comes_from_outside_is_made_visible_and_what_is_sent_back_stays() {
        let hidden = "a\u{202e}b";
        let rules = vec![OwnRule {
            field: OwnRuleField::Title,
            by: OwnRuleComparison::Exact,
            pattern: hidden.into(),
            action: OwnRuleAction::Fill,
        }];
        let read = AnyRequest::from(GetOwnRules).read_answer(json!(rules)).unwrap();
        assert_eq!(read, Answered::GetOwnRules(GetOwnRules, Box::new(rules)));
        let notice = NoticeAnswer {
            contract: hidden.into(),
            text: "1\n2".into(),
            digest: String::new(),
            accepted: true,
        };
        let shown: NoticeAnswer = serde_json::from_value(GetNotice::visible(json!(notice))).unwrap();
        assert_eq!(shown.text, "1\n2");
        assert!(!shown.contract.contains('\u{202e}'), "{}", shown.contract);
    }
}
