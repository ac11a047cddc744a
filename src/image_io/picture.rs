//! A decoded picture.

use std::path::Path;

use fast_image_resize::FilterType;
use fast_image_resize::pixels::{U8x3, U16x3};
use image::{DynamicImage, ImageBuffer, Rgb, RgbImage, RgbaImage};

use super::resample::{fit_long_side, resample};
use super::{PictureError, decode, samples};
use crate::recipe::PictureSource;

type Rgb16Image = ImageBuffer<Rgb<u16>, Vec<u16>>;

/// A decoded picture: upright, sRGB-encoded, opaque, at least one pixel in size.
///
/// Transparent parts lie over white, as on paper. Pictures with 16 bits a channel keep them.
#[derive(Debug, Clone)]
pub struct Picture {
    pixels: Pixels,
}

#[derive(Debug, Clone)]
enum Pixels {
    Eight(RgbImage),
    Sixteen(Rgb16Image),
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
        decode::decode(&decode::read_file(path)?, path).map(Self::from_image)
    }

    /// Decodes a picture that has been read already; `name` stands for the file in error messages.
    ///
    /// # Errors
    /// When the bytes are no picture, are damaged, or declare more pixels than can be held.
    pub fn decode(bytes: &[u8], name: &str) -> Result<Self, PictureError> {
        decode::decode(bytes, Path::new(name)).map(Self::from_image)
    }

    /// A picture from pixels in memory. An image without pixels becomes a single white one, so that every picture has
    /// a size.
    #[must_use]
    pub fn from_rgba(image: RgbaImage) -> Self {
        Self::from_image(DynamicImage::ImageRgba8(image))
    }

    fn from_image(image: DynamicImage) -> Self {
        if image.width() == 0 || image.height() == 0 {
            return Self { pixels: Pixels::Eight(RgbImage::from_pixel(1, 1, Rgb([u8::MAX; 3]))) };
        }
        let (deep, alpha) =
            (image.color().bits_per_pixel() / u16::from(image.color().channel_count()) > 8, image.color().has_alpha());
        let pixels = match (deep, alpha) {
            (false, false) => Pixels::Eight(image.into_rgb8()),
            (true, false) => Pixels::Sixteen(image.into_rgb16()),
            (false, true) => {
                let image = image.into_rgba8();
                Pixels::Eight(ImageBuffer::from_fn(image.width(), image.height(), |x, y| {
                    Rgb(rgb_over_white(image.get_pixel(x, y).0))
                }))
            }
            (true, true) => {
                let image = image.into_rgba16();
                Pixels::Sixteen(ImageBuffer::from_fn(image.width(), image.height(), |x, y| {
                    let [r, g, b, a] = image.get_pixel(x, y).0;
                    Rgb([r, g, b].map(|v| over_white(v.into(), a.into(), u16::MAX.into()) as u16))
                }))
            }
        };
        Self { pixels }
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
            Pixels::Eight(image) => image.dimensions(),
            Pixels::Sixteen(image) => image.dimensions(),
        }
    }

    /// A small version whose long side is at most `max_side_px`; a picture that is smaller already keeps its size.
    #[must_use]
    pub fn thumbnail(&self, max_side_px: u32) -> RgbaImage {
        let (width, height) = self.size();
        if width.max(height) <= max_side_px {
            return self.to_rgba();
        }
        let to = fit_long_side(width, height, max_side_px);
        let small: Vec<[u8; 3]> = match &self.pixels {
            Pixels::Eight(image) => {
                let pixels: Vec<U8x3> = image.pixels().map(|p| U8x3::new(p.0)).collect();
                resample(&pixels, self.size(), to, FilterType::Lanczos3).iter().map(|p| p.0).collect()
            }
            Pixels::Sixteen(_) => self.resampled(to).iter().map(|p| p.0.map(to_eight)).collect(),
        };
        RgbaImage::from_fn(to.0, to.1, |x, y| {
            let [r, g, b] = small[y as usize * to.0 as usize + x as usize];
            image::Rgba([r, g, b, u8::MAX])
        })
    }

    /// The whole picture with 8 bits a channel; alpha is 255 everywhere.
    #[must_use]
    pub fn to_rgba(&self) -> RgbaImage {
        let (width, height) = self.size();
        RgbaImage::from_fn(width, height, |x, y| {
            let [r, g, b] = match &self.pixels {
                Pixels::Eight(image) => image.get_pixel(x, y).0,
                Pixels::Sixteen(image) => image.get_pixel(x, y).0.map(to_eight),
            };
            image::Rgba([r, g, b, u8::MAX])
        })
    }

    /// Interleaved RGB in 0.0..=255.0, stretched to `width` x `height` with an antialiased Lanczos filter.
    ///
    /// At the picture's own size the values are its own, exactly.
    #[must_use]
    pub fn to_rgb_f32(&self, width: u32, height: u32) -> Vec<f32> {
        match &self.pixels {
            Pixels::Eight(image) if image.dimensions() == (width, height) => {
                image.as_raw().iter().copied().map(f32::from).collect()
            }
            _ => self.resampled((width, height)).iter().flat_map(|p| p.0.map(|v| f32::from(v) / LEVELS)).collect(),
        }
    }

    /// Resamples with 16 bits a channel, so that 8-bit pictures are not rounded twice; their overshoots are clamped
    /// to black and white on the way.
    fn resampled(&self, to: (u32, u32)) -> Vec<U16x3> {
        let pixels: Vec<U16x3> = match &self.pixels {
            Pixels::Eight(image) => image.pixels().map(|p| U16x3::new(p.0.map(|v| u16::from(v) * 257))).collect(),
            Pixels::Sixteen(image) => image.pixels().map(|p| U16x3::new(p.0)).collect(),
        };
        resample(&pixels, self.size(), to, FilterType::Lanczos3)
    }
}

/// Steps of a 16-bit channel to one step of an 8-bit channel: 65535 = 255 * 257.
const LEVELS: f32 = 257.0;

fn to_eight(value: u16) -> u8 {
    // (65535 + 128) / 257 is 255, so it fits.
    ((u32::from(value) + 128) / 257) as u8
}

/// Lays `value` with opacity `alpha` over white, all in 0..=`white`. Done before any resampling: laying over white is
/// linear in the premultiplied colour, so the two commute, and three channels are left to resample instead of four.
fn over_white(value: u32, alpha: u32, white: u32) -> u32 {
    // At most white * white + white / 2, which fits 32 bits for 16-bit channels too.
    (value * alpha + white * (white - alpha) + white / 2) / white
}

/// An 8-bit pixel laid over white.
pub(super) fn rgb_over_white([r, g, b, a]: [u8; 4]) -> [u8; 3] {
    [r, g, b].map(|value| over_white(value.into(), a.into(), u8::MAX.into()) as u8)
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

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
    fn transparency_lies_over_white() {
        let mut image = RgbaImage::from_pixel(2, 1, Rgba([0, 0, 0, 0]));
        image.put_pixel(1, 0, Rgba([200, 0, 100, 128]));
        let picture = Picture::from_rgba(image);
        assert_eq!(picture.to_rgba().get_pixel(0, 0).0, [255, 255, 255, 255]);
        assert_eq!(picture.to_rgba().get_pixel(1, 0).0, [227, 127, 177, 255]);
    }

    #[test]
    fn hidden_colours_of_transparent_pixels_do_not_bleed_when_resampled() {
        // Transparent red beside opaque white: the mixture must stay white.
        let image = RgbaImage::from_fn(8, 8, |x, _| if x < 4 { Rgba([255, 0, 0, 0]) } else { Rgba([255; 4]) });
        let picture = Picture::from_rgba(image);
        assert!(picture.to_rgb_f32(3, 3).iter().all(|&v| v > 254.99));
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
