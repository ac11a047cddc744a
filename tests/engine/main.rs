//! The engine as a whole, with the real network at small sizes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
#[path = "../common/mod.rs"]
mod common;
mod interrupt;
mod losses;
mod margin;
mod painting;
mod stages;
