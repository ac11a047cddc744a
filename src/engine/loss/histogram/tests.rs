//! The histogram loss against sorted values in f64.

use candle_core::Device;

use super::*;
use crate::engine::test_support::{Noise, repeated, thirds};

/// Features as after a ReLU: about `zeros` of ten are zero, the others spread unevenly.
fn features(seed: u64, (h, w, c): (usize, usize, usize), zeros: f32, scale: f32) -> Vec<f32> {
    let cut = zeros / 5.0 - 1.0;
    Noise::new(seed).vec(h * w * c).iter().map(|v| scale * (v - cut).max(0.0).powi(2)).collect()
}

fn map(values: &[f32], (h, w, c): (usize, usize, usize)) -> Tensor {
    Tensor::from_slice(values, (h, w, c), &Device::Cpu).unwrap()
}

fn loss(values: &[f32], shape: (usize, usize, usize), quantiles: &Tensor) -> f64 {
    let features = map(values, shape);
    evaluate(1.0, &features, None, quantiles, false, &features.zeros_like().unwrap()).unwrap()
}

/// Rank by rank, in f64: the distance between two channels of as many pixels, averaged.
fn definition(found: &[f32], style: &[f32], channels: usize) -> f64 {
    let sorted = |values: &[f32], channel: usize| {
        let mut values: Vec<f64> = values.iter().skip(channel).step_by(channels).map(|v| f64::from(*v)).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let apart = |channel| -> f64 {
        sorted(found, channel).iter().zip(sorted(style, channel)).map(|(a, b)| (a - b).powi(2)).sum()
    };
    (0..channels).map(apart).sum::<f64>() / found.len() as f64
}

const SHAPE: (usize, usize, usize) = (37, 41, 3); // more pixels than one run, and no multiple of it

#[test]
fn the_loss_is_the_distance_of_sorted_values() {
    for (zeros, of_style) in [(0.0, 0.0), (6.0, 3.0), (3.0, 8.0)] {
        let (found, style) = (features(1, SHAPE, zeros, 90.0), features(2, SHAPE, of_style, 150.0));
        let expected = definition(&found, &style, 3);
        let loss = loss(&found, SHAPE, &quantiles(&map(&style, SHAPE)).unwrap());
        assert!((loss / expected - 1.0).abs() < 0.01, "zeros {zeros}, {of_style}: {loss}, expected {expected}");
    }
}

#[test]
fn the_style_itself_is_hardly_apart_from_it() {
    let style = features(3, SHAPE, 5.0, 100.0);
    let other = features(4, SHAPE, 5.0, 200.0);
    let quantiles = quantiles(&map(&style, SHAPE)).unwrap();
    let (itself, other) = (loss(&style, SHAPE, &quantiles), loss(&other, SHAPE, &quantiles));
    assert!(itself < 1e-4 * other, "{itself} against {other}");
}

#[test]
fn gradient_matches_the_definition() {
    let (found, style) = (features(5, SHAPE, 4.0, 90.0), features(6, SHAPE, 6.0, 150.0));
    let quantiles = quantiles(&map(&style, SHAPE)).unwrap();
    let map_of_found = map(&found, SHAPE);
    let gradient = map_of_found.ones_like().unwrap();
    evaluate(5.0, &map_of_found, None, &quantiles, true, &gradient).unwrap();
    let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
    let n = found.len() as f64;
    let (mut apart, mut norm) = (0.0, 0.0);
    for channel in 0..3 {
        let mut order: Vec<usize> = (channel..found.len()).step_by(3).collect();
        order.sort_by(|a, b| found[*a].total_cmp(&found[*b]));
        let mut sorted: Vec<f32> = style.iter().skip(channel).step_by(3).copied().collect();
        sorted.sort_by(f32::total_cmp);
        for (i, goal) in order.into_iter().zip(sorted).filter(|(i, _)| found[*i] > 0.0) {
            let expected = 5.0 * 2.0 / n * f64::from(found[i] - goal);
            apart += (f64::from(gradient[i]) - 1.0 - expected).powi(2);
            norm += expected * expected;
        }
    }
    assert!((apart / norm).sqrt() < 0.02, "relative error {}", (apart / norm).sqrt());
}

#[test]
fn channels_without_any_value_are_left_alone() {
    let shape = (1, 1, 2);
    let quantiles = quantiles(&map(&[3.0, 0.0], shape)).unwrap();
    assert!((loss(&[0.0, 0.0], shape, &quantiles) - 4.5).abs() < 1e-5);
    assert!((loss(&[1.0, 0.0], shape, &quantiles) - 2.0).abs() < 1e-5);
}

#[test]
fn a_region_has_the_loss_and_the_gradient_of_its_pixels_as_often_as_they_count() {
    let (mut found, style) = (features(7, SHAPE, 4.0, 90.0), features(8, SHAPE, 6.0, 150.0));
    let quantiles = quantiles(&map(&style, SHAPE)).unwrap();
    let shares = thirds(&mut Noise::new(9), SHAPE.0 * SHAPE.1);
    // What lies outside is no measure of what lies inside.
    for (pixel, share) in found.chunks_exact_mut(3).zip(&shares) {
        pixel.iter_mut().filter(|_| *share == 0.0).for_each(|value| *value *= 50.0);
    }
    let features = map(&found, SHAPE);
    let gradient = features.ones_like().unwrap();
    let loss = evaluate(5.0, &features, Some(&shares), &quantiles, true, &gradient).unwrap();
    let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();

    let (values, shape) = repeated(&found, 3, &shares);
    let features = map(&values, shape);
    let of_each = features.zeros_like().unwrap();
    let expected = evaluate(5.0, &features, None, &quantiles, false, &of_each).unwrap();
    assert!((loss / expected - 1.0).abs() < 1e-4, "{loss}, expected {expected}");
    let of_each: Vec<f32> = of_each.flatten_all().unwrap().to_vec1().unwrap();
    let largest = of_each.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let mut first = 0;
    for (pixel, share) in gradient.chunks_exact(3).zip(&shares) {
        let times = (share * 3.0).round() as usize;
        for (channel, found) in pixel.iter().enumerate() {
            let expected = if times == 0 { 0.0 } else { times as f32 * of_each[first + channel] };
            assert!((found - 1.0 - expected).abs() < 1e-3 * largest, "{found}, 1 + {expected}");
        }
        first += 3 * times;
    }
    assert!(evaluate(1.0, &features, Some(&shares[1..]), &quantiles, false, &features).is_err());
}
