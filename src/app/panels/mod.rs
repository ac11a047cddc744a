//! The parts of the window. Each draws the state and asks for things; none changes anything.

pub mod canvas;
pub mod controls;
pub mod curve;
pub mod favourites;
pub mod finish;
pub mod gallery;
pub mod messages;
pub mod pictures;
pub mod prompt;
pub mod settings;
pub mod shortcuts;
pub mod toolbar;
