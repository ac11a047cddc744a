//! Pictures in and out: decoding with limits, upright and in sRGB; resampling; encoding with the recipe inside.

mod picture;

pub use picture::{Picture, PictureError};
