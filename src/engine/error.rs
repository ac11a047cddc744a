//! What can go wrong in the engine, each with the file, tensor or shape at fault.

use std::path::PathBuf;

use crate::recipe::RecipeError;

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A parameter is out of range.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A weights file that cannot be used.
    #[error("weights file {}: {problem}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// Which tensor, what was found, what was expected.
        problem: String,
    },
    /// The requested device is not there.
    #[error("{0}")]
    Device(String),
    /// A computation failed in the tensor library.
    #[error("computation failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The loss became infinite or NaN again and again.
    #[error(
        "the loss is not a finite number at {width} x {height} even after going back to the last good canvas; lower the style strength"
    )]
    NotFinite {
        /// Canvas width in pixels.
        width: u32,
        /// Canvas height in pixels.
        height: u32,
    },
}
