//! The studio with a fake painter that does each iteration when the test says so: nothing here sleeps or measures time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic")]

mod bench;
mod depth;
mod files;
mod finish;
mod last_canvas;
mod masks;
mod painting;
mod presets;
mod retouching;
mod sketches;
mod timeline;
