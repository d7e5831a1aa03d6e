//! What is asked of the agent, one request at a time.
//!
//! Each request has an `impl Handle<…> for Connection` in a file of its topic beside this one; the compiler checks that it
//! returns the request's answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use candor_diary::plain;
use candor_protocol::{AnyRequest, RequestError, Response};
use tokio::sync::{Mutex, Notify};

use crate::context::AgentContext;
use crate::contract::sessions::Sessions;
use crate::signs::SignReporter;

/// The longest message of a refusal, in characters: it may quote a plugin or a server.
const MAX_REFUSAL: usize = 2_000;

/// Does what the control socket is asked.
pub struct Dispatcher {
    sessions: Arc<Sessions>,
    quit: Notify,
    /// Own rules are set one after the other.
    own_rules_lock: Mutex<()>,
    /// Counts up with every stop, pause and change of contract: a start that still waits for a sign is called off by it.
    called_off: AtomicU64,
}

impl Dispatcher {
    /// Answers for these contracts.
    #[must_use]
    pub fn new(sessions: Arc<Sessions>) -> Self {
        Self {
            sessions,
            quit: Notify::new(),
            own_rules_lock: Mutex::default(),
            called_off: AtomicU64::new(0),
        }
    }

    /// The contracts of this device.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Returns when somebody asked the agent to quit.
    pub async fn quit_asked(&self) {
        self.quit.notified().await;
    }

    /// Answers a request of the client behind `shown`; what a refusal quotes is made visible, and cut.
    pub async fn answer(&self, request: AnyRequest, shown: &SignReporter) -> Response {
        match request.answer_by(&Connection { dispatcher: self, shown }).await {
            Response::Error(error) => {
                let RequestError { kind, message, hint } = error.visible();
                Response::Error(RequestError { kind, message: plain::cut(&message, MAX_REFUSAL), hint })
            }
            answer => answer,
        }
    }
}

/// A client's connection: whoever answers what that client asks.
pub(super) struct Connection<'a> {
    dispatcher: &'a Dispatcher,
    /// What the client shows of the recording.
    pub(super) shown: &'a SignReporter,
}

impl Connection<'_> {
    pub(super) fn sessions(&self) -> &Sessions {
        &self.dispatcher.sessions
    }

    pub(super) fn context(&self) -> &Arc<AgentContext> {
        self.sessions().context()
    }

    pub(super) fn own_rules_lock(&self) -> &Mutex<()> {
        &self.dispatcher.own_rules_lock
    }

    pub(super) fn quit(&self) {
        self.dispatcher.quit.notify_one();
    }

    /// Calls off every start that still waits for a sign.
    pub(super) fn call_off_starts(&self) {
        self.dispatcher.called_off.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts the calls of [`Self::call_off_starts`].
    pub(super) fn starts_called_off(&self) -> u64 {
        self.dispatcher.called_off.load(Ordering::Acquire)
    }
}
