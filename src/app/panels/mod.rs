//! The parts of the window. Each draws the state and asks for things; none changes anything.

pub mod about;
pub mod canvas;
pub mod controls;
pub mod curtain;
pub mod curve;
pub mod favourites;
pub mod fields;
pub mod finish;
pub mod gallery;
pub mod mask_layer;
pub mod masks;
pub mod messages;
pub mod naming;
pub mod pictures;
pub mod presets;
pub mod prompt;
pub mod settings;
pub mod shortcuts;
pub mod stir;
pub mod styles;
pub mod timeline;
pub mod toolbar;
pub mod variations;
