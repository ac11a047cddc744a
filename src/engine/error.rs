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
    Tensor(#[source] candle_core::Error),
    /// A card has no room for what was to be computed next.
    #[error(
        "the memory of the CUDA card does not suffice{0}; paint smaller, close what else uses the card, or paint with --device cpu"
    )]
    CardMemory(String),
    /// The painting would not fit into memory.
    #[error(
        "painting at {width} x {height} needs about {needed_gb:.1} GB of memory, even in tiles, and there are {free_gb:.1} GB for it; {}",
        smaller(*fitting_long_side)
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
        /// Long side in pixels that fits; 0 if none does.
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
        "reading a style picture at {width} x {height} needs about {needed_gb:.1} GB of memory and {free_gb:.1} GB are free; {}",
        smaller_style(*fitting_long_side)
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
        /// Long side in pixels that fits; 0 if none does.
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

impl From<candle_core::Error> for EngineError {
    fn from(error: candle_core::Error) -> Self {
        let words = error.to_string();
        if is_out_of_memory(&words) {
            // Where the engine has asked for the room it knows how much; what else there is to say is for programmers.
            let numbers = words.lines().next().and_then(|line| line.strip_prefix("CUDA_ERROR_OUT_OF_MEMORY: "));
            Self::CardMemory(numbers.map(|numbers| format!(" ({numbers})")).unwrap_or_default())
        } else {
            Self::Tensor(error)
        }
    }
}

/// Whether an error of a card's libraries says that its memory is full.
pub(super) fn is_out_of_memory(words: &str) -> bool {
    ["CUDA_ERROR_OUT_OF_MEMORY", "ALLOC_FAILED", "DEVICE_ALLOCATION_FAILED"].iter().any(|name| words.contains(name))
}

const NOTHING_FITS: &str = "nothing smaller would fit either, so close what else takes memory, or raise --memory";

/// What to do where a size does not fit.
fn smaller(fitting_long_side: u32) -> String {
    match fitting_long_side {
        0 => NOTHING_FITS.to_owned(),
        long_side => format!("a size of {long_side} would fit"),
    }
}

/// What to do where a style picture does not fit.
fn smaller_style(fitting_long_side: u32) -> String {
    match fitting_long_side {
        0 => NOTHING_FITS.to_owned(),
        long_side => format!("lower the brush size until its long side is at most {long_side}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_card_is_told_from_other_faults() {
        let full = candle_core::Error::Msg("CUDA_ERROR_OUT_OF_MEMORY: 1.25 GB more and 0.50 GB free".to_owned());
        let words = EngineError::from(full).to_string();
        assert!(words.contains("(1.25 GB more and 0.50 GB free)") && words.contains("--device cpu"), "{words}");
        for name in ["DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")", "CUBLAS_STATUS_ALLOC_FAILED"] {
            let error = EngineError::from(candle_core::Error::Msg(name.to_owned()));
            assert!(matches!(error, EngineError::CardMemory(_)) && !error.to_string().contains("ERROR"), "{error}");
        }
        let error = EngineError::from(candle_core::Error::Msg("shapes differ".to_owned()));
        assert!(matches!(error, EngineError::Tensor(_)), "{error}");
    }

    #[test]
    fn no_size_is_offered_where_none_fits() {
        let refusal = |fitting_long_side| {
            let error = EngineError::Memory { width: 64, height: 48, needed_gb: 0.6, free_gb: 0.4, fitting_long_side };
            error.to_string()
        };
        assert!(refusal(32).ends_with("; a size of 32 would fit"));
        assert!(
            refusal(0)
                .ends_with("; nothing smaller would fit either, so close what else takes memory, or raise --memory")
        );
        let style = |fitting_long_side| {
            let (needed_gb, free_gb) = (0.6, 0.4);
            EngineError::StyleMemory { width: 64, height: 48, needed_gb, free_gb, fitting_long_side }.to_string()
        };
        assert!(style(32).ends_with("; lower the brush size until its long side is at most 32"));
        assert!(
            style(0)
                .ends_with("; nothing smaller would fit either, so close what else takes memory, or raise --memory")
        );
    }
}
