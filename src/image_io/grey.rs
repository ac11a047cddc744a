//! Grey pictures to files: masks.

use std::io::{Cursor, Write};
use std::path::Path;

use image::{GrayImage, ImageFormat};

use super::{PaintingFormat, PictureError, write_atomically};

/// Saves a grey picture; the extension picks the format, as for paintings. The file is whole or not there.
///
/// # Errors
/// When the extension is none that can be written, the format cannot hold a picture of this size, or the file cannot be
/// written.
pub fn save_grey(path: &Path, image: &GrayImage) -> Result<(), PictureError> {
    let format = match PaintingFormat::of_path(path)? {
        PaintingFormat::Png => ImageFormat::Png,
        PaintingFormat::Jpeg => ImageFormat::Jpeg,
        PaintingFormat::WebP => ImageFormat::WebP,
        PaintingFormat::Tiff => ImageFormat::Tiff,
    };
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, format)
        .map_err(|error| PictureError::Encode { path: path.to_path_buf(), detail: error.to_string() })?;
    write_atomically(path, |file| file.write_all(bytes.get_ref()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_io::Picture;

    #[test]
    fn every_format_is_read_again_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let image = GrayImage::from_fn(33, 17, |x, y| image::Luma([(x * 7 + y) as u8]));
        for format in PaintingFormat::ALL {
            let path = folder.path().join("mask").with_extension(format.extensions()[0]);
            save_grey(&path, &image).unwrap();
            let read = Picture::open(&path).unwrap().to_rgba();
            for (before, after) in image.pixels().zip(read.pixels()) {
                let tolerance = if *format == PaintingFormat::Jpeg { 24 } else { 0 };
                assert!(after.0[..3].iter().all(|value| value.abs_diff(before.0[0]) <= tolerance), "{format:?}");
            }
        }
        assert!(save_grey(&folder.path().join("mask.xyz"), &image).is_err());
    }
}
