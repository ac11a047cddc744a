//! A decoded picture.

use std::path::Path;

use fast_image_resize::FilterType;
use fast_image_resize::pixels::{U8x3, U16, U16x3, U16x4};
use image::{DynamicImage, GrayImage, ImageBuffer, Rgb, RgbImage, Rgba, RgbaImage};

use super::alpha::rgb16_over_white;
use super::resample::{fit_long_side, resample};
use super::{PictureError, Rgba16Image, decode, samples};
use crate::recipe::PictureSource;

type Rgb16Image = ImageBuffer<Rgb<u16>, Vec<u16>>;

/// A decoded picture: upright, sRGB-encoded, at least one pixel in size, as deep and as transparent as its file.
///
/// Whoever reads its colours as numbers sees what is transparent over white, as on paper.
#[derive(Debug, Clone)]
pub struct Picture {
    pixels: Pixels,
    profile_unused: bool,
}

/// Colours are not multiplied by their opacity.
#[derive(Debug, Clone)]
enum Pixels {
    Rgb8(RgbImage),
    Rgb16(Rgb16Image),
    /// Something is transparent.
    Rgba8(RgbaImage),
    /// Something is transparent.
    Rgba16(Rgba16Image),
}

impl Picture {
    /// Loads a bundled sample or a file.
    ///
    /// # Errors
    /// As [`Picture::open`], or [`PictureError::UnknownSample`].
    pub fn load(source: &PictureSource) -> Result<Self, PictureError> {
        match source {
            PictureSource::Sample(name) => {
                let sample = samples::find(name).ok_or_else(|| PictureError::UnknownSample {
                    name: name.clone(),
                    known: samples::SAMPLES.iter().map(|s| s.name).collect::<Vec<_>>().join(", "),
                })?;
                Self::decode(sample.bytes, &source.to_string())
            }
            PictureSource::File(path) => Self::open(path),
        }
    }

    /// Reads and decodes a file; its content decides the format, not its extension.
    ///
    /// # Errors
    /// When the file cannot be read, is no picture, is damaged, or is too large to hold; the sentence names the file.
    pub fn open(path: &Path) -> Result<Self, PictureError> {
        decode::decode(&decode::read_file(path)?, path).map(Self::from_decoded)
    }

    /// Decodes a picture that has been read already; `name` stands for the file in error messages.
    ///
    /// # Errors
    /// When the bytes are no picture, are damaged, or declare more pixels than can be held.
    pub fn decode(bytes: &[u8], name: &str) -> Result<Self, PictureError> {
        decode::decode(bytes, Path::new(name)).map(Self::from_decoded)
    }

    /// A picture from pixels in memory. An image without pixels becomes a single white one, so that every picture has
    /// a size.
    #[must_use]
    pub fn from_rgba(image: RgbaImage) -> Self {
        Self::from_image(DynamicImage::ImageRgba8(image))
    }

    /// A grey picture from pixels in memory.
    #[must_use]
    pub fn from_grey(image: &GrayImage) -> Self {
        Self::from_image(DynamicImage::ImageLuma8(image.clone()))
    }

    fn from_decoded(decoded: decode::Decoded) -> Self {
        Self { profile_unused: decoded.profile_unused, ..Self::from_image(decoded.image) }
    }

    fn from_image(image: DynamicImage) -> Self {
        if image.width() == 0 || image.height() == 0 {
            let pixels = Pixels::Rgb8(RgbImage::from_pixel(1, 1, Rgb([u8::MAX; 3])));
            return Self { pixels, profile_unused: false };
        }
        let (deep, alpha) =
            (image.color().bits_per_pixel() / u16::from(image.color().channel_count()) > 8, image.color().has_alpha());
        let pixels = match (deep, alpha) {
            (false, false) => Pixels::Rgb8(image.into_rgb8()),
            (true, false) => Pixels::Rgb16(image.into_rgb16()),
            (false, true) => {
                let image = image.into_rgba8();
                let opaque = image.pixels().all(|pixel| pixel.0[3] == u8::MAX);
                if opaque { Pixels::Rgb8(DynamicImage::from(image).into_rgb8()) } else { Pixels::Rgba8(image) }
            }
            (true, true) => {
                let image = image.into_rgba16();
                let opaque = image.pixels().all(|pixel| pixel.0[3] == u16::MAX);
                if opaque { Pixels::Rgb16(DynamicImage::from(image).into_rgb16()) } else { Pixels::Rgba16(image) }
            }
        };
        Self { pixels, profile_unused: false }
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.size().0
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.size().1
    }

    fn size(&self) -> (u32, u32) {
        match &self.pixels {
            Pixels::Rgb8(image) => image.dimensions(),
            Pixels::Rgb16(image) => image.dimensions(),
            Pixels::Rgba8(image) => image.dimensions(),
            Pixels::Rgba16(image) => image.dimensions(),
        }
    }

    /// What its owner should know of how it was read, in a clause that goes on from its name.
    #[must_use]
    pub fn remark(&self) -> Option<&'static str> {
        self.profile_unused.then_some("its colour profile cannot be used, so its colours are taken for sRGB")
    }

    /// Whether anything of it is transparent, however little.
    #[must_use]
    pub fn has_transparency(&self) -> bool {
        matches!(self.pixels, Pixels::Rgba8(_) | Pixels::Rgba16(_))
    }

    /// A small version whose long side is at most `max_side_px`, as transparent as the picture; one that is smaller
    /// already keeps its size.
    #[must_use]
    pub fn thumbnail(&self, max_side_px: u32) -> RgbaImage {
        let (width, height) = self.size();
        if width.max(height) <= max_side_px {
            return self.to_rgba();
        }
        let to = fit_long_side(width, height, max_side_px);
        let small: Vec<[u8; 4]> = match &self.pixels {
            Pixels::Rgb8(image) => {
                let pixels: Vec<U8x3> = image.pixels().map(|p| U8x3::new(p.0)).collect();
                let small = resample(&pixels, self.size(), to, self.filter());
                small.iter().map(|p| opaque(p.0)).collect()
            }
            Pixels::Rgb16(_) => self.over_white(to).iter().map(|p| opaque(p.0.map(to_eight))).collect(),
            // Faint colours that are multiplied by their opacity need 16 bits.
            Pixels::Rgba8(image) => self.straight(image.pixels().map(|p| p.0.map(to_sixteen)), to),
            Pixels::Rgba16(image) => self.straight(image.pixels().map(|p| p.0), to),
        };
        RgbaImage::from_fn(to.0, to.1, |x, y| Rgba(small[y as usize * to.0 as usize + x as usize]))
    }

    /// The whole picture with 8 bits a channel.
    #[must_use]
    pub fn to_rgba(&self) -> RgbaImage {
        let (width, height) = self.size();
        RgbaImage::from_fn(width, height, |x, y| {
            Rgba(match &self.pixels {
                Pixels::Rgb8(image) => opaque(image.get_pixel(x, y).0),
                Pixels::Rgb16(image) => opaque(image.get_pixel(x, y).0.map(to_eight)),
                Pixels::Rgba8(image) => image.get_pixel(x, y).0,
                Pixels::Rgba16(image) => image.get_pixel(x, y).0.map(to_eight),
            })
        })
    }

    /// The whole picture with 16 bits a channel, if it has them.
    #[must_use]
    pub fn to_rgba16(&self) -> Option<Rgba16Image> {
        match &self.pixels {
            Pixels::Rgb8(_) | Pixels::Rgba8(_) => None,
            Pixels::Rgb16(image) => Some(DynamicImage::from(image.clone()).into_rgba16()),
            Pixels::Rgba16(image) => Some(image.clone()),
        }
    }

    /// Interleaved RGB in 0.0..=255.0 over white, stretched to `width` x `height` with an antialiased filter.
    ///
    /// At the picture's own size the values are its own, exactly.
    #[must_use]
    pub fn to_rgb_f32(&self, width: u32, height: u32) -> Vec<f32> {
        match &self.pixels {
            Pixels::Rgb8(image) if image.dimensions() == (width, height) => {
                image.as_raw().iter().copied().map(f32::from).collect()
            }
            _ => self.over_white((width, height)).iter().flat_map(|p| p.0.map(|v| f32::from(v) / LEVELS)).collect(),
        }
    }

    /// How opaque the picture is, in 0.0..=1.0, stretched to `width` x `height` exactly as [`Picture::to_rgb_f32`] does;
    /// `None` where it is so everywhere.
    #[must_use]
    pub fn alpha_f32(&self, width: u32, height: u32) -> Option<Vec<f32>> {
        let alpha: Vec<U16> = match &self.pixels {
            Pixels::Rgb8(_) | Pixels::Rgb16(_) => return None,
            Pixels::Rgba8(image) => image.pixels().map(|p| U16::new(to_sixteen(p.0[3]))).collect(),
            Pixels::Rgba16(image) => image.pixels().map(|p| U16::new(p.0[3])).collect(),
        };
        let alpha = resample(&alpha, self.size(), (width, height), self.filter());
        Some(alpha.iter().map(|alpha| f32::from(alpha.0) / f32::from(u16::MAX)).collect())
    }

    /// Laid over white, then resampled, with 16 bits a channel, so that 8-bit pictures are not rounded twice; overshoots
    /// are clamped to black and white on the way.
    fn over_white(&self, to: (u32, u32)) -> Vec<U16x3> {
        let pixels: Vec<U16x3> = match &self.pixels {
            Pixels::Rgb8(image) => image.pixels().map(|p| U16x3::new(p.0.map(to_sixteen))).collect(),
            Pixels::Rgb16(image) => image.pixels().map(|p| U16x3::new(p.0)).collect(),
            Pixels::Rgba8(image) => image.pixels().map(|p| U16x3::new(rgb16_over_white(p.0.map(to_sixteen)))).collect(),
            Pixels::Rgba16(image) => image.pixels().map(|p| U16x3::new(rgb16_over_white(p.0))).collect(),
        };
        resample(&pixels, self.size(), to, self.filter())
    }

    /// Resampled with its transparency, then rounded to 8 bits a channel.
    fn straight(&self, pixels: impl Iterator<Item = [u16; 4]>, to: (u32, u32)) -> Vec<[u8; 4]> {
        let pixels: Vec<U16x4> = pixels.map(U16x4::new).collect();
        resample(&pixels, self.size(), to, self.filter()).iter().map(|p| p.0.map(to_eight)).collect()
    }

    /// Lanczos, the crispest, for what is opaque. Its second lobe would leave a faint veil of the picture beside every
    /// cut edge; Catmull-Rom has but one, which is clamped away.
    fn filter(&self) -> FilterType {
        if self.has_transparency() { FilterType::CatmullRom } else { FilterType::Lanczos3 }
    }
}

/// Steps of a 16-bit channel to one step of an 8-bit channel: 65535 = 255 * 257.
const STEPS_PER_LEVEL: u16 = 257;
/// The same, to divide by.
const LEVELS: f32 = 257.0;

/// A 16-bit channel rounded to 8 bits.
pub(super) fn to_eight(value: u16) -> u8 {
    // (65535 + 128) / 257 is 255, so it fits.
    ((u32::from(value) + 128) / u32::from(STEPS_PER_LEVEL)) as u8
}

fn to_sixteen(value: u8) -> u16 {
    u16::from(value) * STEPS_PER_LEVEL
}

fn opaque([r, g, b]: [u8; 3]) -> [u8; 4] {
    [r, g, b, u8::MAX]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_io::off_white;

    fn sixteen(image: Rgb16Image) -> Picture {
        Picture::from_image(DynamicImage::ImageRgb16(image))
    }

    #[test]
    fn the_own_size_gives_the_own_values() {
        let image = RgbaImage::from_fn(3, 2, |x, y| Rgba([x as u8 * 100, y as u8 * 90, 7, 255]));
        let picture = Picture::from_rgba(image.clone());
        let expected: Vec<f32> = image.pixels().flat_map(|p| [p[0], p[1], p[2]]).map(f32::from).collect();
        assert_eq!(picture.to_rgb_f32(3, 2), expected);
        assert_eq!(picture.to_rgba(), image);
    }

    #[test]
    fn sixteen_bits_survive() {
        // 1000 / 257 lies between two 8-bit levels.
        let picture = sixteen(Rgb16Image::from_pixel(4, 4, Rgb([1000, 40_000, 65_535])));
        for to in [(4, 4), (9, 2)] {
            for pixel in picture.to_rgb_f32(to.0, to.1).chunks_exact(3) {
                for (value, expected) in pixel.iter().zip([1000.0 / 257.0, 40_000.0 / 257.0, 255.0]) {
                    assert!((value - expected).abs() < 0.01, "{value} is not {expected}");
                }
            }
        }
        assert_eq!(picture.thumbnail(2).get_pixel(0, 0).0, [4, 156, 255, 255]);
    }

    #[test]
    fn transparency_is_kept_and_its_colours_are_seen_over_white() {
        let mut image = RgbaImage::from_pixel(2, 1, Rgba([9, 8, 7, 0]));
        image.put_pixel(1, 0, Rgba([200, 0, 100, 128]));
        let picture = Picture::from_rgba(image.clone());
        assert!(picture.has_transparency());
        assert_eq!(picture.to_rgba(), image);
        let values = picture.to_rgb_f32(2, 1);
        assert_eq!(values[..3], [255.0; 3]);
        let share = 128.0 / 255.0;
        for (value, hidden) in values[3..].iter().zip([200.0, 0.0, 100.0]) {
            assert!((value - (hidden * share + 255.0 * (1.0 - share))).abs() < 0.01, "{value}");
        }
        assert_eq!(picture.alpha_f32(2, 1).unwrap(), [0.0, share]);
        let opaque = Picture::from_rgba(RgbaImage::from_pixel(2, 2, Rgba([1, 2, 3, 255])));
        assert!(!opaque.has_transparency() && opaque.alpha_f32(5, 5).is_none());
    }

    #[test]
    fn deep_transparency_keeps_its_depth() {
        let image = Rgba16Image::from_pixel(4, 4, Rgba([1000, 40_000, 65_535, 300]));
        let picture = Picture::from_image(DynamicImage::ImageRgba16(image.clone()));
        assert_eq!(picture.to_rgba16(), Some(image));
        for alpha in picture.alpha_f32(9, 2).unwrap() {
            assert!((alpha * 65_535.0 - 300.0).abs() < 1.01, "{alpha}");
        }
        assert_eq!(picture.thumbnail(2).get_pixel(0, 0).0[3], 1);
        let opaque = Rgba16Image::from_pixel(1, 1, Rgba([1000, 2, 3, u16::MAX]));
        let picture = Picture::from_image(DynamicImage::ImageRgba16(opaque.clone()));
        assert_eq!((picture.has_transparency(), picture.to_rgba16()), (false, Some(opaque)));
    }

    #[test]
    fn hidden_colours_of_transparent_pixels_do_not_bleed_when_resampled() {
        // Transparent red beside opaque white: the mixture must stay white.
        let image = RgbaImage::from_fn(8, 8, |x, _| if x < 4 { Rgba([255, 0, 0, 0]) } else { Rgba([255; 4]) });
        let picture = Picture::from_rgba(image);
        assert!(picture.to_rgb_f32(3, 3).iter().all(|&v| v > 254.99));
        let alpha = picture.alpha_f32(3, 3).unwrap();
        assert!(alpha[0] < 0.01 && (alpha[1] - 0.5).abs() < 0.01 && alpha[2] > 0.99, "{alpha:?}");
        let small = picture.thumbnail(3);
        assert!(small.pixels().all(|p| p.0[3] == 0 || p.0[..3] == [255; 3]), "{small:?}");
        assert_eq!(small.get_pixel(1, 1).0[3], 128);
    }

    #[test]
    fn a_small_version_is_as_transparent_and_of_the_same_colour() {
        let picture = Picture::from_rgba(RgbaImage::from_pixel(30, 20, Rgba([200, 0, 100, 60])));
        let small = picture.thumbnail(10);
        assert_eq!(small.dimensions(), (10, 7));
        assert!(small.pixels().all(|pixel| pixel.0 == [200, 0, 100, 60]), "{:?}", small.get_pixel(0, 0));
    }

    #[test]
    fn a_cut_edge_keeps_its_colour_and_has_no_veil_beside_it() {
        let cut = |x| Rgba(if x < 10 { [0, 0, 0, 0] } else { [20, 90, 160, 255] });
        let picture = Picture::from_rgba(RgbaImage::from_fn(20, 20, |x, _| cut(x)));
        let (alpha, seen) = (picture.alpha_f32(80, 80).unwrap(), picture.to_rgb_f32(80, 80));
        // Two source pixels away from the edge nothing of it is left.
        assert!(alpha.chunks_exact(80).all(|row| row[..32].iter().all(|&a| a == 0.0)));
        assert!(alpha.chunks_exact(80).all(|row| row[48..].iter().all(|&a| a == 1.0)));
        // Off the white again, it is as it was, however faint.
        let mut faint = 0;
        for (&alpha, &seen) in alpha.iter().zip(seen.as_chunks::<3>().0) {
            if (0.02..1.0).contains(&alpha) {
                let found = off_white(seen, alpha);
                let off = found.iter().zip([20.0, 90.0, 160.0]).map(|(value, colour)| (value - colour).abs());
                assert!(off.fold(0.0, f32::max) < 0.5, "{found:?} at {alpha}");
                faint += 1;
            }
        }
        assert!(faint >= 3 * 80, "{faint}");
    }

    #[test]
    fn overshoot_is_clamped() {
        let image = RgbaImage::from_fn(8, 8, |x, _| if x < 4 { Rgba([0, 0, 0, 255]) } else { Rgba([255; 4]) });
        let values = Picture::from_rgba(image).to_rgb_f32(64, 64);
        assert!(values.iter().all(|v| (0.0..=255.0).contains(v)));
        assert!(values.contains(&0.0) && values.contains(&255.0));
    }

    #[test]
    fn thumbnails_keep_the_aspect_and_never_enlarge() {
        let picture = Picture::from_rgba(RgbaImage::from_pixel(300, 100, Rgba([9, 8, 7, 255])));
        assert_eq!(picture.thumbnail(30).dimensions(), (30, 10));
        assert_eq!(picture.thumbnail(30).get_pixel(29, 9).0, [9, 8, 7, 255]);
        assert_eq!(picture.thumbnail(1000).dimensions(), (300, 100));
        let thread = Picture::from_rgba(RgbaImage::new(1, 5000));
        assert_eq!(thread.thumbnail(256).dimensions(), (1, 256));
    }

    #[test]
    fn an_image_without_pixels_becomes_one_white_pixel() {
        let picture = Picture::from_rgba(RgbaImage::new(0, 7));
        assert_eq!((picture.width(), picture.height()), (1, 1));
        assert_eq!(picture.to_rgb_f32(2, 2), [255.0; 12]);
    }

    #[test]
    fn an_unknown_sample_is_answered_with_those_there_are() {
        let error = Picture::load(&PictureSource::Sample("mona-lisa".to_owned())).unwrap_err().to_string();
        assert!(error.contains("mona-lisa") && error.contains("starry-night"), "{error}");
    }
}
