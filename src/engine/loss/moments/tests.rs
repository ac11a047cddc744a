//! The loss and its gradient against their definitions in f64.

use candle_core::Device;

use super::*;
use crate::engine::test_support::{Noise, repeated, thirds};

fn map(values: &[f32], (h, w, c): (usize, usize, usize)) -> Tensor {
    Tensor::from_slice(values, (h, w, c), &Device::Cpu).unwrap()
}

fn target(features: &Tensor) -> Target {
    Target::new(&Moments::of(features, None).unwrap()).unwrap()
}

fn loss(target: &Target, features: &Tensor) -> f64 {
    target.evaluate(1.0, features, None, false, &features.zeros_like().unwrap()).unwrap()
}

#[test]
fn the_mean_is_that_of_every_channel() {
    let (h, w, c) = (23, 31, 5); // more pixels than one run, and no multiple of it
    let values = Noise::new(8).vec(h * w * c);
    let found: Vec<f32> = mean(&map(&values, (h, w, c))).unwrap().to_vec1().unwrap();
    for (channel, found) in found.iter().enumerate() {
        let sum: f64 = values.iter().skip(channel).step_by(c).map(|value| f64::from(*value)).sum();
        assert!((f64::from(*found) - sum / (h * w) as f64).abs() < 1e-6);
    }
}

/// Channels that have nothing to do with each other: there the distance is known without any matrix.
#[test]
fn independent_channels_are_apart_by_means_and_standard_deviations() {
    let (h, w) = (2, 2);
    // Two channels, every sign with every other: no correlation.
    let signs = [[1f32, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
    let picture = |means: [f32; 2], deviations: [f32; 2]| {
        let values: Vec<f32> =
            signs.iter().flat_map(|sign| (0..2).map(move |c| means[c] + deviations[c] * sign[c])).collect();
        map(&values, (h, w, 2))
    };
    let style = target(&picture([3.0, -1.0], [4.0, 7.0]));
    let found = loss(&style, &picture([1.0, 2.0], [5.0, 2.0]));
    let expected = (2f64.powi(2) + 3f64.powi(2) + 1f64.powi(2) + 5f64.powi(2)) / 2.0;
    assert!((found - expected).abs() < 1e-3 * expected, "{found}, expected {expected}");
    assert!(loss(&style, &picture([3.0, -1.0], [4.0, 7.0])).abs() < 1e-3);
}

/// Mean and covariance in f64.
fn moments_in_f64(values: &[f64], channels: usize) -> (Tensor, Tensor) {
    let pixels = values.len() / channels;
    let map = Tensor::from_slice(values, (pixels, channels), &Device::Cpu).unwrap();
    let mean = map.mean(0).unwrap();
    let centred = map.broadcast_sub(&mean).unwrap();
    let covariance = (centred.t().unwrap().matmul(&centred).unwrap() / pixels as f64).unwrap();
    let diagonal = (Tensor::eye(channels, DType::F64, &Device::Cpu).unwrap() * EPSILON).unwrap();
    (mean, (covariance + diagonal).unwrap())
}

/// The loss in f64.
fn definition(style: &[f64], values: &[f64], channels: usize) -> f64 {
    let ((style_mean, style), (mean, found)) = (moments_in_f64(style, channels), moments_in_f64(values, channels));
    let of_style = root(&style).unwrap().value;
    let transported = root(&of_style.matmul(&found).unwrap().matmul(&of_style).unwrap()).unwrap().value;
    let squares: f64 = (mean - style_mean).unwrap().sqr().unwrap().sum_all().unwrap().to_scalar().unwrap();
    let traces = trace(&found).unwrap() + trace(&style).unwrap() - 2.0 * trace(&transported).unwrap();
    (squares + traces) / channels as f64
}

/// Of that in one value, by differences.
fn slope(style: &[f64], values: &[f64], channels: usize, index: usize, step: f64) -> f64 {
    let moved = |by: f64| {
        let mut values = values.to_vec();
        values[index] += by;
        definition(style, &values, channels)
    };
    (moved(step) - moved(-step)) / (2.0 * step)
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

#[test]
fn fewer_pixels_than_channels_leave_loss_and_gradient_finite() {
    // As few in the style: its root is singular, too.
    let shape = (1, 3, 6);
    let mut noise = Noise::new(9);
    let style = target(&map(&noise.vec(18), shape));
    let features = map(&noise.vec(18), shape);
    let gradient = features.zeros_like().unwrap();
    assert!(style.evaluate(3.0, &features, None, false, &gradient).unwrap() >= 0.0);
    assert!(gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|value| value.is_finite()));
}

#[test]
fn loss_and_gradient_match_the_definition_in_f64() {
    for shape in [(5, 7, 4), (3, 9, 6)] {
        let (h, w, c) = shape;
        let mut noise = Noise::new(9);
        let of_style = noise.vec(h * w * c);
        let style = target(&map(&of_style, shape));
        let values: Vec<f32> = noise.vec(h * w * c).iter().map(|value| 0.5 + 2.0 * value).collect();
        let (of_style, in_f64) = (wide(&of_style), wide(&values));
        let features = map(&values, shape);
        let gradient = features.ones_like().unwrap();
        let found = style.evaluate(3.0, &features, None, true, &gradient).unwrap();
        let expected = definition(&of_style, &in_f64, c);
        assert!((found - expected).abs() < 1e-3 * expected, "{shape:?}: {found}, expected {expected}");
        let found: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
        for (i, found) in found.iter().enumerate() {
            let expected = 1.0 + 3.0 * slope(&of_style, &in_f64, c, i, 1e-6);
            assert!((f64::from(*found) - expected).abs() < 1e-2, "{shape:?} at {i}: {found}, {expected}");
        }
    }
}

#[test]
fn fewer_pixels_than_channels_give_the_loss_and_gradient_of_the_definition() {
    for shape in [(1, 4, 6), (2, 3, 40)] {
        let (h, w, c) = shape;
        let mut noise = Noise::new(11);
        // As large as features are: what is added to the diagonal does not count.
        let mut large = |pixels: usize| noise.vec(pixels * c).iter().map(|value| 100.0 * value).collect::<Vec<f32>>();
        let (of_style, values) = (large(60), large(h * w));
        let style = target(&map(&of_style, (6, 10, c)));
        let (of_style, in_f64) = (wide(&of_style), wide(&values));
        let features = map(&values, shape);
        let gradient = features.ones_like().unwrap();
        let found = style.evaluate(3.0, &features, None, true, &gradient).unwrap();
        let expected = definition(&of_style, &in_f64, c);
        assert!((found - expected).abs() < 1e-3 * expected, "{shape:?}: {found}, expected {expected}");
        let found: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
        let expected: Vec<f64> = (0..values.len()).map(|i| 1.0 + 3.0 * slope(&of_style, &in_f64, c, i, 1e-3)).collect();
        let largest = expected.iter().fold(0f64, |largest, value| largest.max(value.abs()));
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!((f64::from(*found) - expected).abs() < 1e-2 * largest, "{shape:?} at {i}: {found}, {expected}");
        }
        // Without accumulating, what was there is gone.
        style.evaluate(3.0, &features, None, false, &gradient).unwrap();
        let alone: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
        assert!(alone.iter().zip(&found).all(|(alone, found)| (alone + 1.0 - found).abs() < 1e-4 * largest as f32));
    }
}

/// In single precision this is a tenth of the gradient's length away from the definition, and far more in the network.
#[test]
fn directions_of_little_variance_do_not_drown_in_those_of_much() {
    const C: usize = 40;
    let mut noise = Noise::new(12);
    let sizes = Tensor::from_vec((0..C).map(|c| 10f32.powf(c as f32 * 3.0 / C as f32)).collect(), (C, 1), &Device::Cpu);
    let mix = Tensor::from_vec(noise.vec(C * C), (C, C), &Device::Cpu).unwrap();
    let mix = mix.broadcast_mul(&sizes.unwrap()).unwrap();
    let mut features = |pixels: usize| {
        let raw = Tensor::from_vec(noise.vec(pixels * C), (pixels, C), &Device::Cpu).unwrap();
        raw.matmul(&mix).unwrap().relu().unwrap().reshape((pixels / 10, 10, C)).unwrap()
    };
    let (of_style, features) = (features(300), features(200));
    let in_f64 = |map: &Tensor| map.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
    let (style, values) = (in_f64(&of_style), in_f64(&features));
    let gradient = features.zeros_like().unwrap();
    target(&of_style).evaluate(1.0, &features, None, false, &gradient).unwrap();
    let found = in_f64(&gradient);
    let rms = (found.iter().map(|value| value * value).sum::<f64>() / found.len() as f64).sqrt();
    for i in (0..found.len()).step_by(577) {
        let expected = slope(&style, &values, C, i, 1e-2);
        assert!((found[i] - expected).abs() < 0.01 * rms, "at {i}: {}, {expected}, root mean square {rms}", found[i]);
    }
}

#[test]
fn a_style_of_one_colour_can_be_compared_with() {
    let shape = (4, 4, 3);
    let style = target(&map(&[2.0; 48], shape));
    let features = map(&Noise::new(10).vec(48), shape);
    let gradient = features.zeros_like().unwrap();
    assert!(style.evaluate(1.0, &features, None, false, &gradient).unwrap().is_finite());
    assert!(gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|value| value.is_finite()));
}

#[test]
fn a_region_has_the_loss_and_the_gradient_of_its_pixels_as_often_as_they_count() {
    // More pixels than channels; fewer, but not when repeated; fewer in both.
    for (shape, of_style) in [((9, 11, 7), (8, 8, 7)), ((3, 4, 14), (8, 8, 14)), ((2, 3, 30), (8, 8, 30))] {
        let (h, w, c) = shape;
        let mut noise = Noise::new(14);
        let mut large = |pixels: usize| noise.vec(pixels * c).iter().map(|v| 50.0 * v + 20.0).collect::<Vec<f32>>();
        let style = target(&map(&large(64), of_style));
        let values = large(h * w);
        let shares = thirds(&mut noise, h * w);
        assert!(shares.contains(&0.0) && shares.iter().any(|share| (0.1..0.9).contains(share)), "{shares:?}");
        let features = map(&values, shape);
        let gradient = features.ones_like().unwrap();
        let found = style.evaluate(3.0, &features, Some(&shares), true, &gradient).unwrap();
        let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();

        let (values, shape) = repeated(&values, c, &shares);
        let features = map(&values, shape);
        let of_each = features.zeros_like().unwrap();
        let expected = style.evaluate(3.0, &features, None, false, &of_each).unwrap();
        assert!((found - expected).abs() < 1e-5 * expected, "{shape:?}: {found}, expected {expected}");
        let mut of_each = of_each.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter();
        let largest = gradient.iter().fold(0f32, |largest, value| largest.max((value - 1.0).abs()));
        for (pixel, share) in gradient.chunks_exact(c).zip(&shares) {
            let mut expected = vec![0.0; c];
            for _ in 0..(share * 3.0).round() as usize {
                expected.iter_mut().for_each(|sum| *sum += of_each.next().unwrap());
            }
            for (found, expected) in pixel.iter().zip(expected) {
                assert!((found - 1.0 - expected).abs() < 1e-4 * largest, "{shape:?}: {found}, 1 + {expected}");
            }
        }
    }
}

#[test]
fn shares_of_another_map_are_refused() {
    let style = target(&map(&Noise::new(3).vec(48), (4, 4, 3)));
    for shape in [(4, 5, 3), (1, 2, 3)] {
        let features = map(&Noise::new(4).vec(shape.0 * shape.1 * 3), shape);
        let gradient = features.zeros_like().unwrap();
        let shares = vec![1.0; shape.0 * shape.1 + 1];
        assert!(style.evaluate(1.0, &features, Some(&shares), false, &gradient).is_err());
    }
}

/// In single precision the square of the mean is a million times as large as what the pixels vary by.
#[test]
fn what_hardly_varies_is_measured_all_the_same() {
    const C: usize = 16;
    let shape = (9, 10, C);
    let mut noise = Noise::new(15);
    let of_style: Vec<f32> = noise.vec(90 * C).iter().map(|value| 300.0 + 100.0 * value).collect();
    let style = target(&map(&of_style, shape));
    for contrast in [0.0, 0.001, 0.005, 0.03] {
        let mut values: Vec<f32> = noise.vec(90 * C).iter().map(|value| 1000.0 * (1.0 + contrast * value)).collect();
        let shares = thirds(&mut noise, 90);
        // A region of nearly one colour beside what is bright.
        for (pixel, share) in values.chunks_exact_mut(C).zip(&shares) {
            pixel.iter_mut().filter(|_| *share == 0.0).for_each(|value| *value *= 3.0);
        }
        let features = map(&values, shape);
        let gradient = features.zeros_like().unwrap();
        let found = style.evaluate(1.0, &features, Some(&shares), false, &gradient).unwrap();
        let (region, size) = repeated(&values, C, &shares);
        let expected = definition(&wide(&of_style), &wide(&region), C);
        assert!((found / expected - 1.0).abs() < 1e-4, "contrast {contrast}: {found}, expected {expected}");
        assert!(size.1 > C && gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|v| v.is_finite()));
    }
}

#[test]
fn parts_have_the_moments_of_the_whole() {
    let mut noise = Noise::new(16);
    let values = noise.vec(12 * 7 * 5);
    let whole = Moments::of(&map(&values, (12, 7, 5)), None).unwrap();
    let (upper, lower) = values.split_at(3 * 7 * 5);
    let mut parts = whole.nothing().unwrap();
    parts.add(0.25, &Moments::of(&map(upper, (3, 7, 5)), None).unwrap()).unwrap();
    parts.add(0.75, &Moments::of(&map(lower, (9, 7, 5)), None).unwrap()).unwrap();
    let ((mean, covariance), (expected_mean, expected)) = (parts.whole().unwrap(), whole.whole().unwrap());
    let apart = |a: &Tensor, b: &Tensor| (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f64>().unwrap();
    assert!(apart(&mean, &expected_mean) < 1e-6 && apart(&covariance, &expected) < 1e-6);
}
