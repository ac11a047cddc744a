//! Changing the size of pictures and canvases, always antialiased.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::F32x3;
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

/// The size of a picture of `width` x `height` once its long side is `long_side`: the aspect is kept to the nearest
/// pixel, and no side vanishes.
#[must_use]
pub fn fit_long_side(width: u32, height: u32, long_side: u32) -> (u32, u32) {
    let long_side = long_side.max(1);
    let (short, long) = (u64::from(width.min(height).max(1)), u64::from(width.max(height).max(1)));
    let scaled = (short * u64::from(long_side) + long / 2) / long;
    // `scaled` cannot exceed `long_side`, because short <= long; so it fits 32 bits.
    let fitted = u32::try_from(scaled.max(1)).unwrap_or(long_side);
    if width >= height { (long_side, fitted) } else { (fitted, long_side) }
}

/// Whether two pictures of these sizes have the same proportions, as far as whole pixels allow.
#[must_use]
pub fn have_one_shape(one: (u32, u32), other: (u32, u32)) -> bool {
    let aspect = |(width, height): (u32, u32)| width as f32 / height.max(1) as f32;
    let shortest = one.0.min(one.1).min(other.0).min(other.1).max(1);
    (aspect(one) / aspect(other) - 1.0).abs() <= 1.0 / shortest as f32
}

/// Resamples interleaved RGB with a bicubic (Catmull-Rom) filter, widened when shrinking so that nothing aliases.
///
/// For the canvas between two stages: values are neither bounded nor clamped, since the optimiser may hold colours
/// beyond white and black. Catmull-Rom interpolates (a canvas of the same size is returned unchanged) and overshoots
/// less than Lanczos at the hard edges of brush strokes.
///
/// # Panics
/// If `pixels` does not hold exactly `from.0 * from.1` pixels.
#[must_use]
pub fn resample_rgb_f32(pixels: &[f32], from: (u32, u32), to: (u32, u32)) -> Vec<f32> {
    let source: Vec<F32x3> = pixels.chunks_exact(3).map(|p| F32x3::new([p[0], p[1], p[2]])).collect();
    assert_eq!(pixels.len(), source.len() * 3, "interleaved RGB has three values a pixel");
    resample(&source, from, to, FilterType::CatmullRom).iter().flat_map(|p| p.0).collect()
}

/// Resamples pixels of any type with `filter`, widened when shrinking. A colour that comes with its opacity counts by
/// that, so that what is hidden does not bleed.
///
/// # Panics
/// If `pixels` does not hold exactly `from.0 * from.1` pixels.
pub(super) fn resample<P: PixelTrait>(pixels: &[P], from: (u32, u32), to: (u32, u32), filter: FilterType) -> Vec<P> {
    assert_eq!(pixels.len() as u64, u64::from(from.0) * u64::from(from.1), "{from:?} pixels");
    #[expect(clippy::expect_used, reason = "the length was checked in the line above")]
    let source = TypedImageRef::new(from.0, from.1, pixels).expect("as many pixels as the size says");
    let mut target = TypedImage::new(to.0, to.1);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(true);
    #[expect(clippy::expect_used, reason = "the only error there is concerns a crop box, and we do not crop")]
    Resizer::new().resize_typed(&source, &mut target, &options).expect("resizing without a crop box");
    target.pixels().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_side_is_met_exactly_and_the_aspect_is_kept() {
        assert_eq!(fit_long_side(1024, 683, 512), (512, 342));
        assert_eq!(fit_long_side(683, 1024, 512), (342, 512));
        assert_eq!(fit_long_side(300, 300, 512), (512, 512));
        assert_eq!(fit_long_side(100, 50, 4000), (4000, 2000));
    }

    #[test]
    fn no_side_vanishes_and_nothing_overflows() {
        assert_eq!(fit_long_side(1, 5000, 128), (1, 128));
        assert_eq!(fit_long_side(5000, 1, 128), (128, 1));
        assert_eq!(fit_long_side(0, 0, 0), (1, 1));
        assert_eq!(fit_long_side(u32::MAX, u32::MAX, u32::MAX), (u32::MAX, u32::MAX));
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let canvas: Vec<f32> = (0..5 * 4 * 3).map(|i| i as f32 * 7.3 - 90.0).collect();
        assert_eq!(resample_rgb_f32(&canvas, (5, 4), (5, 4)), canvas);
    }

    #[test]
    fn values_beyond_white_and_black_survive_in_every_channel() {
        let canvas = [-80.0, 400.0, 12.5].repeat(6 * 5);
        for to in [(17, 3), (2, 2), (1, 1), (12, 10)] {
            let resampled = resample_rgb_f32(&canvas, (6, 5), to);
            assert_eq!(resampled.len() as u32, to.0 * to.1 * 3);
            for pixel in resampled.chunks_exact(3) {
                for (value, expected) in pixel.iter().zip([-80.0, 400.0, 12.5]) {
                    assert!((value - expected).abs() < 1e-3, "{value} is not {expected} at {to:?}");
                }
            }
        }
    }

    #[test]
    fn shrinking_averages_instead_of_picking() {
        // A one-pixel checkerboard must become grey, not black or white.
        let board: Vec<f32> =
            (0..64 * 64).flat_map(|i| [if (i % 64 + i / 64) % 2 == 0 { 0.0 } else { 255.0 }; 3]).collect();
        let small = resample_rgb_f32(&board, (64, 64), (8, 8));
        assert!(small.iter().all(|v| (v - 127.5).abs() < 8.0), "{small:?}");
    }

    #[test]
    fn enlarging_a_ramp_keeps_it_a_ramp() {
        let ramp: Vec<f32> = (0..8).flat_map(|x| [x as f32; 3]).collect();
        let large = resample_rgb_f32(&ramp, (8, 1), (16, 1));
        // Pixel centres: target x lies at source (x + 0.5) / 2 - 0.5. The outermost ones feel the border.
        for (x, pixel) in large.chunks_exact(3).enumerate().skip(4).take(8) {
            assert!((pixel[0] - (x as f32 / 2.0 - 0.25)).abs() < 1e-4, "x {x}: {}", pixel[0]);
        }
    }

    #[test]
    fn stages_of_one_painting_have_one_shape_and_other_pictures_another() {
        assert!(have_one_shape((128, 85), (512, 342)));
        assert!(have_one_shape((1024, 683), (24, 16)));
        assert!(!have_one_shape((512, 342), (512, 384)));
        assert!(!have_one_shape((512, 342), (342, 512)));
    }
}
