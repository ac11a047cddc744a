//! Pictures in and out: decoding with limits, upright and in sRGB; resampling; encoding with the recipe inside.
//!
//! Reading goes `decode` (bytes to pixels, with limits) -> `colour` (embedded profile to sRGB) -> [`Picture`] (upright,
//! opaque). Writing goes `encode` (pixels to bytes) -> `atomic` (bytes to a file that is either whole or not there).

mod atomic;
mod colour;
mod decode;
mod encode;
mod error;
mod grey;
mod picture;
mod record;
mod resample;
pub mod samples;

pub use atomic::{WriteError, write_atomically};
pub use encode::{JPEG_QUALITY, PaintingFormat, save_picture};
pub use error::PictureError;
pub use grey::save_grey;
pub use picture::Picture;
pub use record::{PaintingRecord, read_record};
pub use resample::{fit_long_side, resample_rgb_f32};
