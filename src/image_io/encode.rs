//! Pixels to files, with the recipe inside where the format has room for it.

use std::borrow::Cow;
use std::error::Error;
use std::io::{Cursor, Write};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::tiff::TiffEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbaImage};

use super::picture::rgb_over_white;
use super::record::KEYWORD;
use super::{PaintingRecord, PictureError, write_atomically};

/// Quality of saved JPEGs, of 100: without visible loss.
pub const JPEG_QUALITY: u8 = 95;

/// The formats in which a painting can be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaintingFormat {
    /// Lossless, carries the recipe.
    Png,
    /// Lossy, see [`JPEG_QUALITY`].
    Jpeg,
    /// Lossless.
    WebP,
    /// Lossless.
    Tiff,
}

impl PaintingFormat {
    /// Every format, in the order in which it is offered.
    pub const ALL: &'static [Self] = &[Self::Png, Self::Jpeg, Self::WebP, Self::Tiff];

    /// Name in the window.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Tiff => "TIFF",
        }
    }

    /// File name extensions that mean this format, the usual one first.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::WebP => &["webp"],
            Self::Tiff => &["tif", "tiff"],
        }
    }

    /// The format that a file name asks for. Worth asking before a long painting, not after.
    ///
    /// # Errors
    /// [`PictureError::UnknownExtension`] lists the four there are.
    pub fn of_path(path: &Path) -> Result<Self, PictureError> {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let means = |format: &Self| format.extensions().iter().any(|known| known.eq_ignore_ascii_case(extension));
        let format = Self::ALL.iter().copied().find(means);
        format.ok_or_else(|| PictureError::UnknownExtension { path: path.to_path_buf() })
    }
}

/// Saves a painting; the extension picks the format. PNGs are marked as sRGB and carry `record` if there is one.
///
/// The file is whole or not there, see [`write_atomically`].
///
/// # Errors
/// When the extension is not one of the four, the format cannot hold a picture of this size, or the file cannot be
/// written.
pub fn save_picture(path: &Path, image: &RgbaImage, record: Option<&PaintingRecord>) -> Result<(), PictureError> {
    let format = PaintingFormat::of_path(path)?;
    // Encoding in memory keeps trouble with the format apart from trouble with the disk.
    let bytes = encode(format, image, record)
        .map_err(|error| PictureError::Encode { path: path.to_path_buf(), detail: error.to_string() })?;
    write_atomically(path, |file| file.write_all(&bytes))?;
    Ok(())
}

fn encode(
    format: PaintingFormat,
    image: &RgbaImage,
    record: Option<&PaintingRecord>,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let (width, height) = image.dimensions();
    let opaque = image.pixels().all(|pixel| pixel[3] == u8::MAX);
    // JPEG is the one format of the four without transparency.
    let (pixels, colour): (Cow<'_, [u8]>, _) = if opaque || format == PaintingFormat::Jpeg {
        (image.pixels().flat_map(|pixel| rgb_over_white(pixel.0)).collect(), ExtendedColorType::Rgb8)
    } else {
        (image.as_raw().into(), ExtendedColorType::Rgba8)
    };
    let mut bytes = Vec::new();
    match format {
        PaintingFormat::Png => write_png(&mut bytes, &pixels, image, colour, record)?,
        PaintingFormat::Jpeg => {
            JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).write_image(&pixels, width, height, colour)?;
        }
        PaintingFormat::WebP => WebPEncoder::new_lossless(&mut bytes).write_image(&pixels, width, height, colour)?,
        PaintingFormat::Tiff => {
            TiffEncoder::new(Cursor::new(&mut bytes)).write_image(&pixels, width, height, colour)?;
        }
    }
    Ok(bytes)
}

/// Written with the `png` crate itself, because `image` offers no text chunks.
fn write_png(
    bytes: &mut Vec<u8>,
    pixels: &[u8],
    image: &RgbaImage,
    colour: ExtendedColorType,
    record: Option<&PaintingRecord>,
) -> Result<(), Box<dyn Error>> {
    let mut encoder = png::Encoder::new(bytes, image.width(), image.height());
    let has_alpha = colour == ExtendedColorType::Rgba8;
    encoder.set_color(if has_alpha { png::ColorType::Rgba } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    if let Some(record) = record {
        encoder.add_itxt_chunk(KEYWORD.to_owned(), serde_json::to_string(record)?)?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use image::Rgba;
    use tempfile::TempDir;

    use super::*;
    use crate::image_io::{Picture, read_record};
    use crate::recipe::{Preset, Recipe};

    /// A smooth picture, so that JPEG has no excuse.
    fn gradient() -> RgbaImage {
        RgbaImage::from_fn(40, 30, |x, y| Rgba([x as u8 * 6, y as u8 * 8, 255 - x as u8 * 3, 255]))
    }

    #[test]
    fn every_format_gives_the_picture_back() {
        let folder = TempDir::new().unwrap();
        for name in ["a.png", "a.jpg", "a.JPEG", "a.webp", "a.tif", "a.Tiff"] {
            let path = folder.path().join(name);
            save_picture(&path, &gradient(), None).unwrap();
            let saved = Picture::open(&path).unwrap().to_rgba();
            let tolerance = if PaintingFormat::of_path(&path).unwrap() == PaintingFormat::Jpeg { 6 } else { 0 };
            assert_eq!(saved.dimensions(), (40, 30), "{name}");
            let worst = saved.iter().zip(gradient().iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(worst <= tolerance, "{name}: a channel is off by {worst}");
        }
    }

    #[test]
    fn a_png_carries_its_recipe_and_says_that_it_is_srgb() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("painting.png");
        let record = PaintingRecord::new(Recipe { seed: u64::MAX, ..Recipe::from_preset(Preset::Gatys) }, 321);
        save_picture(&path, &gradient(), Some(&record)).unwrap();
        assert_eq!(read_record(&path).unwrap(), Some(record));

        let reader = png::Decoder::new(Cursor::new(fs::read(&path).unwrap())).read_info().unwrap();
        assert_eq!(reader.info().srgb, Some(png::SrgbRenderingIntent::Perceptual));
        assert_eq!(reader.info().color_type, png::ColorType::Rgb, "nothing is transparent");
    }

    #[test]
    fn without_a_record_there_is_none() {
        let folder = TempDir::new().unwrap();
        for name in ["a.png", "a.jpg"] {
            let path = folder.path().join(name);
            save_picture(&path, &gradient(), None).unwrap();
            assert_eq!(read_record(&path).unwrap(), None);
        }
    }

    #[test]
    fn transparency_is_kept_where_there_is_room_and_white_elsewhere() {
        let folder = TempDir::new().unwrap();
        let image = RgbaImage::from_pixel(8, 8, Rgba([200, 0, 100, 128]));
        for (name, expected) in
            [("a.png", [200, 0, 100, 128]), ("a.webp", [200, 0, 100, 128]), ("a.tif", [200, 0, 100, 128])]
        {
            let path = folder.path().join(name);
            save_picture(&path, &image, None).unwrap();
            assert_eq!(
                image::load_from_memory(&fs::read(&path).unwrap()).unwrap().into_rgba8().get_pixel(3, 3).0,
                expected,
                "{name}"
            );
        }
        let path = folder.path().join("a.jpg");
        save_picture(&path, &image, None).unwrap();
        let saved = Picture::open(&path).unwrap().to_rgba();
        assert!(saved.get_pixel(3, 3).0.iter().zip([227, 127, 177]).all(|(a, b)| a.abs_diff(b) <= 3), "{saved:?}");
    }

    #[test]
    fn an_unknown_extension_is_answered_with_the_four_and_writes_nothing() {
        let folder = TempDir::new().unwrap();
        for name in ["painting", "painting.bmp", "painting.pn", ".png"] {
            let error = save_picture(&folder.path().join(name), &gradient(), None).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("PNG, JPEG, WebP or TIFF"), "{error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_picture_that_the_format_cannot_hold_writes_nothing() {
        let folder = TempDir::new().unwrap();
        let too_wide_for_webp = RgbaImage::from_pixel(16_385, 1, Rgba([1, 2, 3, 255]));
        let error = save_picture(&folder.path().join("a.webp"), &too_wide_for_webp, None).unwrap_err().to_string();
        assert!(error.contains("a.webp") && error.contains("save it as PNG"), "{error}");
        for format in PaintingFormat::ALL {
            let path = folder.path().join("empty").with_extension(format.extensions()[0]);
            assert!(matches!(save_picture(&path, &RgbaImage::new(0, 0), None), Err(PictureError::Encode { .. })));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
