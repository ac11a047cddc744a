//! Brings the colours of a style picture towards those of the photo, before the style is measured (Gatys et al. 2016,
//! *Preserving Color in Neural Artistic Style Transfer*, arXiv 1606.05897, section 3).
//!
//! Each colour `x` becomes `A x + b` with `A = S_photo^(1/2) S_style^(-1/2)` and `b = m_photo - A m_style`, where `m` is
//! the mean and `S` the covariance of a picture's colours: the result has the photo's mean and covariance. The roots are
//! the symmetric ones; the paper calls this the Image Analogies transform and prefers it to Cholesky's.

use super::symmetric::{Matrix3, from_fn, function, product};

/// Smallest variance that counts as colour, in squared levels out of 255. A departure from the paper, which divides by
/// the spread of the style however small it is: a grey style has none in two directions, or only the noise of its
/// compression, and blowing that up to the photo's colours gives speckles, or NaN.
const MIN_VARIANCE: f64 = 4.0;

/// Mean and covariance of a picture's colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Palette {
    mean: [f64; 3],
    covariance: Matrix3,
}

impl Palette {
    /// Measures interleaved RGB; at least one pixel.
    #[must_use]
    pub fn of(rgb: &[f32]) -> Self {
        let count = (rgb.len() / 3) as f64;
        let pixels = || rgb.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]].map(f64::from));
        let mut mean = [0.0; 3];
        for pixel in pixels() {
            mean.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value / count);
        }
        let mut covariance = [[0.0; 3]; 3];
        for pixel in pixels() {
            let from_mean: [f64; 3] = std::array::from_fn(|i| pixel[i] - mean[i]);
            for (row, d) in covariance.iter_mut().zip(from_mean) {
                row.iter_mut().zip(from_mean).for_each(|(sum, e)| *sum += d * e / count);
            }
        }
        Self { mean, covariance }
    }
}

/// Moves the colours of `rgb` (interleaved, 0..255) by a share of `strength`, from 0 to 1, of the way to `photo`'s; what
/// would leave the range of colours stops at its border.
pub fn bring_towards(photo: &Palette, strength: f64, rgb: &mut [f32]) {
    if strength == 0.0 {
        return;
    }
    let style = Palette::of(rgb);
    let spread = |variance: f64| variance.max(MIN_VARIANCE).sqrt();
    let transform =
        product(&function(&photo.covariance, spread), &function(&style.covariance, |variance| 1.0 / spread(variance)));
    let transform = from_fn(|i, j| strength * transform[i][j] + if i == j { 1.0 - strength } else { 0.0 });
    let mean: [f64; 3] = std::array::from_fn(|i| style.mean[i] + strength * (photo.mean[i] - style.mean[i]));
    for pixel in rgb.chunks_exact_mut(3) {
        let from_mean: [f64; 3] = std::array::from_fn(|i| f64::from(pixel[i]) - style.mean[i]);
        for (i, value) in pixel.iter_mut().enumerate() {
            let moved = mean[i] + transform[i].iter().zip(from_mean).map(|(a, d)| a * d).sum::<f64>();
            *value = moved.clamp(0.0, 255.0) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Colours around a middle grey, spread differently in every direction, none near black or white.
    fn colours(seed: f32, spread: f32) -> Vec<f32> {
        (0..400)
            .flat_map(|i| {
                let wave = |pace: f32| (i as f32 * pace + seed).sin();
                let (a, b, c) = (wave(0.37), wave(0.83), wave(1.41));
                [110.0 + spread * a, 120.0 + spread * (0.6 * a + 0.5 * b), 140.0 + spread * (0.2 * a + 0.7 * c)]
            })
            .collect()
    }

    fn matched(photo: &[f32], style: &[f32], strength: f64) -> Vec<f32> {
        let mut style = style.to_vec();
        bring_towards(&Palette::of(photo), strength, &mut style);
        style
    }

    #[track_caller]
    fn close(found: &Palette, expected: &Palette, tolerance: f64) {
        let numbers =
            |palette: &Palette| palette.covariance.into_iter().flatten().chain(palette.mean).collect::<Vec<_>>();
        for (found, expected) in numbers(found).into_iter().zip(numbers(expected)) {
            assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
        }
    }

    #[test]
    fn strength_0_changes_nothing_and_strength_1_gives_the_photos_mean_and_covariance() {
        let (photo, style) = (colours(0.0, 30.0), colours(2.0, 50.0));
        assert_eq!(matched(&photo, &style, 0.0), style);
        close(&Palette::of(&matched(&photo, &style, 1.0)), &Palette::of(&photo), 1e-3);
        // Half the way is the middle between a colour and where it would go.
        let (half, full) = (matched(&photo, &style, 0.5), matched(&photo, &style, 1.0));
        for ((half, full), style) in half.iter().zip(&full).zip(&style) {
            assert!((half - (full + style) / 2.0).abs() < 1e-3);
        }
    }

    #[test]
    fn the_photos_own_colours_stay_as_they_are() {
        for photo in [colours(1.0, 30.0), vec![77.0; 300]] {
            for (found, expected) in matched(&photo, &photo, 1.0).iter().zip(&photo) {
                assert!((found - expected).abs() < 1e-3, "{found} is not {expected}");
            }
        }
    }

    #[test]
    fn a_grey_style_takes_on_a_tint_but_no_speckles() {
        // Black to white, with a compression noise of half a level in the colours.
        let grey: Vec<f32> = (0..512)
            .flat_map(|i| {
                let (level, noise) = ((i / 2) as f32, 0.5 * if i % 2 == 0 { 1.0 } else { -1.0 });
                [level + noise, level, level - noise]
            })
            .collect();
        let photo = colours(0.0, 40.0);
        let found = matched(&photo, &grey, 1.0);
        assert!(found.iter().all(|value| value.is_finite()));
        let tint = Palette::of(&found).mean;
        for (found, expected) in tint.iter().zip(Palette::of(&photo).mean) {
            assert!((found - expected).abs() < 1.0, "{found} is not {expected}");
        }
        // Neighbours differ by their noise only, of half a level to both sides; it grows with the photo's spread over
        // the floor, which is 2 levels, and not over the noise itself.
        let speckles = found.chunks_exact(6).flat_map(|pair| (0..3).map(|i| (pair[i] - pair[i + 3]).abs()));
        let loudest = speckles.fold(0.0, f32::max);
        assert!(loudest < 15.0, "neighbours are {loudest} levels apart");
    }

    #[test]
    fn a_picture_of_one_colour_gives_and_takes_without_nan() {
        let flat = [200.0, 30.0, 90.0].repeat(50);
        let style = colours(0.0, 40.0);
        // A flat photo leaves of a style little more than its colour.
        let found = Palette::of(&matched(&flat, &style, 1.0));
        let expected = Palette::of(&flat).mean;
        assert!(found.mean.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.1));
        assert!((0..3).all(|i| found.covariance[i][i] <= MIN_VARIANCE + 1e-3));
        // A flat style takes on the photo's mean, and stays flat.
        let found = Palette::of(&matched(&style, &flat, 1.0));
        close(&found, &Palette { covariance: [[0.0; 3]; 3], ..Palette::of(&style) }, 1e-3);
        assert!(matched(&flat, &flat, 1.0).iter().all(|value| value.is_finite()));
        assert!(matched(&[255.0; 3], &[0.0; 3], 1.0).iter().all(|value| (value - 255.0).abs() < 1e-3));
    }

    #[test]
    fn colours_stay_in_their_range() {
        let bright: Vec<f32> = colours(0.0, 60.0).iter().map(|value| (value + 100.0).min(255.0)).collect();
        let found = matched(&bright, &colours(1.0, 10.0), 1.0);
        assert!(found.iter().all(|value| (0.0..=255.0).contains(value)));
        assert!(found.contains(&255.0));
    }
}
