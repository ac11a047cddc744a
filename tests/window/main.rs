//! Whole sessions in the window, by the accessible names of its controls, over a painter that the test holds the reins
//! of. No display, no graphics card, no weights.
#![cfg(feature = "gui")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod comparing;
mod finishing;
mod masks;
mod painter;
mod painting;
mod pictures;
mod series;
mod settings;
mod steps;
mod timeline;
mod variations;
