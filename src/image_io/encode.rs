//! Pixels to files, with the recipe inside where the format has room for it.

use std::borrow::Cow;
use std::error::Error;
use std::io::Write;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageBuffer, ImageEncoder, Primitive, Rgba, RgbaImage};
use tiff::encoder::colortype::{RGB8, RGB16};

use super::alpha::rgb_over_white;
use super::colour::srgb_profile;
use super::picture::to_eight;
use super::record::KEYWORD;
use super::{PaintingFormat, PaintingRecord, PictureError, tiff_file, write_atomically};

/// Quality of saved JPEGs, of 100: without visible loss.
pub const JPEG_QUALITY: u8 = 95;

/// 16 bits a channel; colours are not multiplied by their opacity.
pub type Rgba16Image = ImageBuffer<Rgba<u16>, Vec<u16>>;

/// A picture to save, as deep as it is there: sRGB-encoded, colours not multiplied by their opacity.
#[derive(Debug, Clone, Copy)]
pub enum Pixels<'a> {
    /// 8 bits a channel.
    Eight(&'a RgbaImage),
    /// 16 bits a channel.
    Sixteen(&'a Rgba16Image),
}

impl Pixels<'_> {
    /// Whether anything of it is transparent, however little.
    #[must_use]
    pub fn has_transparency(self) -> bool {
        match self {
            Self::Eight(image) => image.pixels().any(|pixel| pixel.0[3] < u8::MAX),
            Self::Sixteen(image) => image.pixels().any(|pixel| pixel.0[3] < u16::MAX),
        }
    }
}

impl<'a> From<&'a RgbaImage> for Pixels<'a> {
    fn from(image: &'a RgbaImage) -> Self {
        Self::Eight(image)
    }
}

impl<'a> From<&'a Rgba16Image> for Pixels<'a> {
    fn from(image: &'a Rgba16Image) -> Self {
        Self::Sixteen(image)
    }
}

/// Saves a painting; the extension picks the format. All are marked as sRGB, and PNGs carry `record` if there is one.
///
/// What the format has no room for is left out: JPEG and WebP keep 8 bits a channel, JPEG lies over white. Whoever must
/// know asks [`PaintingFormat`] before.
///
/// The file is whole or not there, see [`write_atomically`].
///
/// # Errors
/// When the extension is not one of the four, the format cannot hold a picture of this size, or the file cannot be
/// written.
pub fn save_picture<'a>(
    path: &Path,
    pixels: impl Into<Pixels<'a>>,
    record: Option<&PaintingRecord>,
) -> Result<(), PictureError> {
    let format = PaintingFormat::of_path(path)?;
    // Encoding in memory keeps trouble with the format apart from trouble with the disk.
    let bytes = encode(format, pixels.into(), record)
        .map_err(|error| PictureError::Encode { path: path.to_path_buf(), detail: error.to_string() })?;
    write_atomically(path, |file| file.write_all(&bytes))?;
    Ok(())
}

fn encode(
    format: PaintingFormat,
    pixels: Pixels<'_>,
    record: Option<&PaintingRecord>,
) -> Result<Vec<u8>, Box<dyn Error>> {
    match (format, pixels) {
        (PaintingFormat::Png, Pixels::Eight(image)) => {
            let (samples, has_alpha) = channels(image.as_raw());
            png_file(&samples, png::BitDepth::Eight, image.dimensions(), has_alpha, record)
        }
        (PaintingFormat::Png, Pixels::Sixteen(image)) => {
            let (samples, has_alpha) = channels(image.as_raw());
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
            png_file(&bytes, png::BitDepth::Sixteen, image.dimensions(), has_alpha, record)
        }
        (PaintingFormat::Tiff, Pixels::Eight(image)) => {
            let (samples, has_alpha) = channels(image.as_raw());
            Ok(tiff_file::encode::<RGB8>(&samples, image.dimensions(), has_alpha, &srgb_profile()?)?)
        }
        (PaintingFormat::Tiff, Pixels::Sixteen(image)) => {
            let (samples, has_alpha) = channels(image.as_raw());
            Ok(tiff_file::encode::<RGB16>(&samples, image.dimensions(), has_alpha, &srgb_profile()?)?)
        }
        (PaintingFormat::Jpeg, Pixels::Eight(image)) => {
            let samples: Vec<u8> = image.pixels().flat_map(|pixel| rgb_over_white(pixel.0)).collect();
            let mut bytes = Vec::new();
            write(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY), &samples, image.dimensions(), false)?;
            Ok(bytes)
        }
        (PaintingFormat::WebP, Pixels::Eight(image)) => {
            let (samples, has_alpha) = channels(image.as_raw());
            let mut bytes = Vec::new();
            write(WebPEncoder::new_lossless(&mut bytes), &samples, image.dimensions(), has_alpha)?;
            Ok(bytes)
        }
        (PaintingFormat::Jpeg | PaintingFormat::WebP, Pixels::Sixteen(image)) => {
            let eight =
                RgbaImage::from_fn(image.width(), image.height(), |x, y| Rgba(image.get_pixel(x, y).0.map(to_eight)));
            encode(format, Pixels::Eight(&eight), record)
        }
    }
}

/// Three channels where all is opaque, otherwise four; and whether it is four.
fn channels<S: Primitive>(rgba: &[S]) -> (Cow<'_, [S]>, bool) {
    let (pixels, _) = rgba.as_chunks::<4>();
    if pixels.iter().all(|[.., alpha]| *alpha == S::DEFAULT_MAX_VALUE) {
        (pixels.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect(), false)
    } else {
        (rgba.into(), true)
    }
}

/// Hands 8-bit samples to one of `image`'s own encoders, with the profile.
fn write(
    mut encoder: impl ImageEncoder,
    samples: &[u8],
    (width, height): (u32, u32),
    has_alpha: bool,
) -> Result<(), Box<dyn Error>> {
    encoder.set_icc_profile(srgb_profile()?)?;
    let colour = if has_alpha { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
    Ok(encoder.write_image(samples, width, height, colour)?)
}

/// Written with the `png` crate itself, because `image` offers no text chunks. Samples of 16 bits are big-endian.
fn png_file(
    samples: &[u8],
    depth: png::BitDepth,
    (width, height): (u32, u32),
    has_alpha: bool,
    record: Option<&PaintingRecord>,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(if has_alpha { png::ColorType::Rgba } else { png::ColorType::Rgb });
    encoder.set_depth(depth);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    if let Some(record) = record {
        encoder.add_itxt_chunk(KEYWORD.to_owned(), serde_json::to_string(record)?)?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(samples)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Cursor;

    use image::{DynamicImage, ImageDecoder, ImageReader};
    use moxcms::ColorProfile;
    use tempfile::TempDir;

    use super::*;
    use crate::image_io::{Picture, read_record};
    use crate::recipe::{Depth, Preset, Recipe};

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
        for name in ["a.png", "a.webp", "a.tif"] {
            let path = folder.path().join(name);
            save_picture(&path, &image, None).unwrap();
            assert!(PaintingFormat::of_path(&path).unwrap().holds_transparency());
            assert_eq!(image::open(&path).unwrap().as_rgba8(), Some(&image), "{name}");
            assert_eq!(Picture::open(&path).unwrap().to_rgba(), image, "{name}");
        }
        assert!(!PaintingFormat::Jpeg.holds_transparency());
        let path = folder.path().join("a.jpg");
        save_picture(&path, &image, None).unwrap();
        let saved = Picture::open(&path).unwrap().to_rgba();
        assert!(saved.get_pixel(3, 3).0.iter().zip([227, 127, 177]).all(|(a, b)| a.abs_diff(b) <= 3), "{saved:?}");
    }

    #[test]
    fn sixteen_bits_are_written_to_the_last_one() {
        let folder = TempDir::new().unwrap();
        let record = PaintingRecord::new(Recipe::default(), 3);
        for alpha in [u16::MAX, 300] {
            let deep = Rgba16Image::from_fn(7, 5, |x, y| Rgba([x as u16 * 9001, y as u16 * 13_007, 258, alpha]));
            assert_eq!(Pixels::from(&deep).has_transparency(), alpha == 300);
            for name in ["a.png", "a.tif"] {
                let path = folder.path().join(name);
                save_picture(&path, &deep, Some(&record)).unwrap();
                let read = image::open(&path).unwrap();
                match alpha {
                    300 => assert!(matches!(read, DynamicImage::ImageRgba16(_)), "{name}"),
                    _ => assert!(matches!(read, DynamicImage::ImageRgb16(_)), "{name}"),
                }
                assert_eq!(read.into_rgba16(), deep, "{name}");
                assert_eq!(Picture::open(&path).unwrap().to_rgba16().unwrap(), deep, "{name}");
            }
        }
        assert_eq!(read_record(&folder.path().join("a.png")).unwrap(), Some(record));
    }

    #[test]
    fn formats_of_eight_bits_say_so_when_asked_and_round_when_not() {
        let folder = TempDir::new().unwrap();
        let deep = Rgba16Image::from_pixel(8, 8, Rgba([257 * 40 + 128, 257 * 90 + 129, 65_535, 257 * 200]));
        let path = folder.path().join("a.webp");
        save_picture(&path, &deep, None).unwrap();
        assert_eq!(image::open(&path).unwrap().into_rgba8().get_pixel(2, 2).0, [40, 91, 255, 200]);
        for name in ["a.jpg", "a.jpeg", "a.webp"] {
            let error = PaintingFormat::of_path_for(Path::new(name), Depth::Sixteen).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains("8 bits") && error.contains(".png or .tif"), "{error}");
            assert!(PaintingFormat::of_path_for(Path::new(name), Depth::Eight).is_ok());
        }
        for name in ["a.png", "a.tiff"] {
            assert!(PaintingFormat::of_path_for(Path::new(name), Depth::Sixteen).is_ok());
        }
    }

    #[test]
    fn formats_without_a_word_for_srgb_carry_a_small_profile() {
        let folder = TempDir::new().unwrap();
        // In a TIFF smaller than this `image` overlooks profiles.
        let picture = RgbaImage::from_pixel(100, 80, Rgba([10, 20, 30, 255]));
        for name in ["a.jpg", "a.webp", "a.tif"] {
            let path = folder.path().join(name);
            save_picture(&path, &picture, None).unwrap();
            let mut decoder = ImageReader::open(&path).unwrap().into_decoder().unwrap();
            let icc = decoder.icc_profile().unwrap().unwrap_or_else(|| panic!("{name} has no profile"));
            assert!(icc.len() < 1000, "{name}: {} bytes", icc.len());
            let (found, srgb) = (ColorProfile::new_from_slice(&icc).unwrap(), ColorProfile::new_srgb());
            assert!((found.red_colorant.x - srgb.red_colorant.x).abs() < 1e-4, "{name}");
            assert!((found.blue_colorant.y - srgb.blue_colorant.y).abs() < 1e-4, "{name}");
            // Equal pictures are equal files.
            let before = fs::read(&path).unwrap();
            save_picture(&path, &picture, None).unwrap();
            assert_eq!(fs::read(&path).unwrap(), before, "{name}");
        }
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
