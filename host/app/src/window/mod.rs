//! The tracker window: shows what the agent does, and puts it in reach of the person at the keyboard.
//!
//! It must never wait for the agent while it draws, never show what the agent did not say, and never hide 'What is
//! recorded'. `app` is the loop, `model` what is shown, `state` what each page keeps, `view` how it is drawn from
//! `widgets`, and `worker` the threads that wait.

mod agent_client;
mod app;
mod day_summary;
mod instance;
mod intent;
mod model;
mod page;
mod recording_indicator;
mod refusal;
mod setup;
mod software;
mod start_page;
mod state;
#[cfg(test)]
mod tests;
mod theme;
mod view;
mod widgets;
mod wording;
mod worker;

pub use app::open_window;
pub use instance::WindowRequest;
pub use setup::WindowSetup;
pub use start_page::StartPage;
