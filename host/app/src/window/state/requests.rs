//! What the person wants and the pages need, on its way to the agent.

use candor_protocol::AnyRequest;

use crate::window::intent::Intent;

/// Intents that the window's loop has not carried out yet, and requests that were not answered yet.
#[derive(Debug, Default)]
pub(crate) struct RequestQueue {
    intents: Vec<Intent>,
    pending: Vec<AnyRequest>,
}

impl RequestQueue {
    pub(crate) fn push(&mut self, intent: Intent) {
        self.intents.push(intent);
    }

    /// Asks for something to be read, unless the same is asked for already.
    pub(crate) fn read(&mut self, request: AnyRequest) {
        if !self.pending.contains(&request) {
            self.pending.push(request.clone());
            self.intents.push(Intent::Read(request));
        }
    }

    /// Asks for something to be done, unless the same is asked for already.
    pub(crate) fn perform(&mut self, request: AnyRequest) {
        if !self.pending.contains(&request) {
            self.pending.push(request.clone());
            self.intents.push(Intent::Perform(request));
        }
    }

    /// Takes that a request was answered, or cannot be sent.
    pub(crate) fn settle(&mut self, request: &AnyRequest) {
        self.pending.retain(|pending| pending != request);
    }

    /// Returns whether an invitation is being taken.
    pub(crate) fn is_joining(&self) -> bool {
        self.pending.iter().any(|request| matches!(request, AnyRequest::ImportInvitation(_)))
    }

    /// Takes the intents, in order.
    pub(crate) fn take_intents(&mut self) -> Vec<Intent> {
        std::mem::take(&mut self.intents)
    }
}
