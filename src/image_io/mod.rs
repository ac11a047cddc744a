//! Pictures in and out: decoding with limits, upright and in sRGB; resampling; encoding with the recipe inside.
//!
//! Reading goes `decode` (bytes to pixels, with limits) -> `colour` (embedded profile to sRGB; `cmyk` for printing inks) -> [`Picture`] (upright, as
//! deep and as transparent as the file). Writing goes `encode` (pixels to bytes, marked as sRGB) -> `atomic` (bytes to a
//! file that is either whole or not there).

mod alpha;
mod atomic;
mod caption;
mod cmyk;
mod colour;
mod decode;
mod encode;
mod error;
mod film;
mod format;
mod grey;
mod painted_with;
mod picture;
mod record;
mod resample;
pub mod samples;
mod settings;
mod tiff_file;

pub use alpha::{off_white, rgb_over_white};
pub use atomic::{WriteError, try_writing, write_atomically};
pub use caption::{Caption, caption_below, caption_height_px};
pub use encode::{JPEG_QUALITY, Pixels, Rgba16Image, save_picture};
pub use error::PictureError;
pub use film::{FILM_EXTENSION, FILM_SIDE_PX, FilmFrame, is_film, save_film};
pub use format::PaintingFormat;
pub use grey::save_grey;
pub use painted_with::is_painted_with;
pub use picture::Picture;
pub use record::{PaintingRecord, read_record};
pub use resample::{fit_long_side, have_one_shape, resample_rgb_f32};
pub use settings::{read_settings, settings_alone, write_settings};
