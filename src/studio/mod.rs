//! The studio: one painting thread and one file thread, commands in, events out. Knows nothing of windows.

mod message;

pub use message::{Command, Event, Favourite, RunId};
