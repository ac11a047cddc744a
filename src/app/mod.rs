//! The window: draws what it knows and asks the studio for everything else. It never computes and never blocks.
//!
//! ```text
//! studio -- Event, Frame --> state -- read by --> panels -- UiCommand --> dispatch -- Command --> studio
//! ```
//!
//! `state` changes by events and by dispatched commands only; a panel sees it through a shared reference. What can be
//! asked for by button or key is listed once, in `action`, with its label, tooltip and shortcut; `command` adds what carries
//! something with it.

mod action;
mod basis;
mod brush;
mod command;
mod desktop;
mod dialogs;
mod dispatch;
mod finish;
mod history;
mod icon;
mod intake;
mod launch;
mod masking;
mod notices;
mod painting;
mod panels;
mod paths;
mod preferences;
mod series;
mod state;
mod steps;
mod textures;
mod theme;
mod variations;
mod view;
mod widgets;
mod window;
mod words;

pub use action::Action;
pub use command::{Exhibit, Slot};
pub use desktop::{Desktop, NativeDesktop, Reply, Response};
pub use dialogs::{Answer, Purpose};
pub use icon::icon;
pub use launch::{AppError, Launch, open_window, run};
pub use notices::Severity;
pub use preferences::Preferences;
pub use window::{App, Opening, waker};
