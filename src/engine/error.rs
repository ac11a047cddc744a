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
    /// The painting would not fit into memory.
    #[error(
        "painting at {width} x {height} needs about {needed_gb:.1} GB of memory, even in tiles, and there are {free_gb:.1} GB for it; a size of {fitting_long_side} would fit"
    )]
    Memory {
        /// Canvas width in pixels.
        width: u32,
        /// Canvas height in pixels.
        height: u32,
        /// Memory needed, in units of 10^9 bytes.
        needed_gb: f64,
        /// Memory free, in units of 10^9 bytes.
        free_gb: f64,
        /// Long side in pixels that fits.
        fitting_long_side: u32,
    },
    /// The canvas would fit in tiles only, and the recipe asks for something that needs the whole.
    #[error(
        "painting at {width} x {height} does not fit into the memory as a whole, and {what} cannot be measured in tiles yet; paint smaller or without it"
    )]
    NotInTiles {
        /// Canvas width in pixels.
        width: u32,
        /// Canvas height in pixels.
        height: u32,
        /// What needs the whole canvas.
        what: &'static str,
    },
    /// A style picture would not fit into memory at the size at which it is to be read.
    #[error(
        "reading a style picture at {width} x {height} needs about {needed_gb:.1} GB of memory and {free_gb:.1} GB are free; lower the brush size until its long side is at most {fitting_long_side}"
    )]
    StyleMemory {
        /// Width in pixels at which it is to be read.
        width: u32,
        /// Height in pixels at which it is to be read.
        height: u32,
        /// Memory needed, in units of 10^9 bytes.
        needed_gb: f64,
        /// Memory free, in units of 10^9 bytes.
        free_gb: f64,
        /// Long side in pixels that fits.
        fitting_long_side: u32,
    },
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
