//! Pictures in and out: decoding with limits, upright and in sRGB; resampling; encoding with the recipe inside.

mod picture;
mod record;

pub use picture::{Picture, PictureError};
pub use record::{PaintingRecord, read_record, save_picture};
