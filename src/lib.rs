//! Pentimento: a desktop studio for optimisation-based neural style transfer.
//!
//! The arrows between the modules point one way: `app` -> [`studio`] -> [`engine`] -> [`recipe`],
//! [`image_io`]. Everything but `app` builds without any GUI crate (`--no-default-features`).

#[cfg(feature = "gui")]
pub mod app;
pub mod cli;
pub mod engine;
pub mod image_io;
pub mod recipe;
pub mod studio;
