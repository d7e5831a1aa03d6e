//! What is known of the agent: whether it answers, its last status, and its clock.

use candor_protocol::Status;

/// Whether there is an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AgentConnection {
    /// It was not asked yet.
    Unknown,
    /// It is being started.
    Starting,
    /// It answered with a status.
    Connected,
    /// It does not answer; why.
    Lost(String),
}

/// The agent's last status, and its clock moved on since.
#[derive(Debug)]
pub(crate) struct AgentSnapshot {
    connection: AgentConnection,
    status: Option<Box<Status>>,
    now: u64,
    /// The window's clock at the last status, in seconds.
    received_at: f64,
}

impl AgentSnapshot {
    /// Creates a snapshot of an agent that was not asked yet.
    pub(crate) fn new() -> Self {
        Self { connection: AgentConnection::Unknown, status: None, now: 0, received_at: 0.0 }
    }

    /// Returns whether there is an agent.
    pub(crate) fn connection(&self) -> &AgentConnection {
        &self.connection
    }

    /// Returns whether the agent answers.
    pub(crate) fn is_connected(&self) -> bool {
        self.connection == AgentConnection::Connected
    }

    /// Returns the last status, also of an agent that is gone.
    pub(crate) fn status(&self) -> Option<&Status> {
        self.status.as_deref()
    }

    /// Returns the agent's clock, in milliseconds since the Unix epoch; 0 before its first status.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Moves the clock on. `time` is the window's clock in seconds.
    pub(crate) fn tick(&mut self, time: f64) {
        if let Some(status) = &self.status {
            self.now = status.now + ((time - self.received_at).max(0.0) * 1_000.0) as u64;
        }
    }

    /// Takes a status that came at `time` by the window's clock in seconds.
    pub(crate) fn set_status(&mut self, status: Box<Status>, time: f64) {
        self.connection = AgentConnection::Connected;
        self.received_at = time;
        self.now = status.now;
        self.status = Some(status);
    }

    /// Takes that the agent does not answer, or not yet.
    pub(crate) fn set_connection(&mut self, connection: AgentConnection) {
        self.connection = connection;
    }
}
