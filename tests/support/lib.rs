//! What the end-to-end tests need of the agent's library: the simulated computer of the soak. How they drive the programs
//! is `candor-test-driver`, their screen is `candor-test-display`.

pub mod soak;
