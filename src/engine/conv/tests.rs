//! The convolution against a direct sum in f64, over odd shapes, in both directions.

use candle_core::{Device, Tensor};

use super::Conv3x3;
use crate::engine::test_support::Noise;

/// `conv(input) + bias` before the ReLU, in f64.
fn reference(h: usize, w: usize, ci: usize, co: usize, x: &[f32], k: &[f32], bias: &[f32]) -> Vec<f64> {
    let mut y = vec![0f64; h * w * co];
    for py in 0..h {
        for px in 0..w {
            for o in 0..co {
                let mut sum = f64::from(bias[o]);
                for dy in 0..3 {
                    for dx in 0..3 {
                        let (sy, sx) = ((py + dy).wrapping_sub(1), (px + dx).wrapping_sub(1));
                        if sy < h && sx < w {
                            for c in 0..ci {
                                let value = f64::from(x[(sy * w + sx) * ci + c]);
                                sum += value * f64::from(k[(o * ci + c) * 9 + dy * 3 + dx]);
                            }
                        }
                    }
                }
                y[(py * w + px) * co + o] = sum;
            }
        }
    }
    y
}

/// The gradient with respect to the input, in f64.
fn reference_gradient(h: usize, w: usize, ci: usize, co: usize, g: &[f32], k: &[f32]) -> Vec<f64> {
    let mut dx_all = vec![0f64; h * w * ci];
    for py in 0..h {
        for px in 0..w {
            for dy in 0..3 {
                for dx in 0..3 {
                    let (sy, sx) = ((py + dy).wrapping_sub(1), (px + dx).wrapping_sub(1));
                    if sy < h && sx < w {
                        for c in 0..ci {
                            for o in 0..co {
                                dx_all[(sy * w + sx) * ci + c] +=
                                    f64::from(g[(py * w + px) * co + o]) * f64::from(k[(o * ci + c) * 9 + dy * 3 + dx]);
                            }
                        }
                    }
                }
            }
        }
    }
    dx_all
}

fn relative_error(found: &[f32], expected: &[f64]) -> f64 {
    let difference: f64 = found.iter().zip(expected).map(|(f, e)| (f64::from(*f) - e).powi(2)).sum();
    let norm: f64 = expected.iter().map(|e| e * e).sum();
    (difference / norm.max(1e-30)).sqrt()
}

fn tensor(values: &[f32], h: usize, w: usize, c: usize) -> Tensor {
    Tensor::from_slice(values, (h, w, c), &Device::Cpu).unwrap()
}

fn read(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

const SHAPES: [(usize, usize, usize, usize); 12] = [
    (1, 1, 16, 16),
    (1, 9, 16, 32),
    (2, 3, 32, 16),
    (4, 4, 64, 64),
    (5, 7, 16, 48),
    (6, 6, 48, 16),
    (13, 18, 64, 128),
    (17, 4, 128, 64),
    (23, 31, 32, 32),
    (8, 8, 512, 256),
    (1, 1, 3, 64),
    (11, 101, 3, 64),
];

#[test]
fn forward_matches_a_direct_sum() {
    for (h, w, ci, co) in SHAPES {
        let mut noise = Noise::new(1);
        let (x, k, b) = (noise.vec(h * w * ci), noise.vec(co * ci * 9), noise.vec(co));
        let conv = Conv3x3::new(ci, co, &k, b.clone());
        let y = tensor(&vec![7.0; h * w * co], h, w, co);
        conv.forward_relu(&tensor(&x, h, w, ci), &y).unwrap();
        let expected: Vec<f64> = reference(h, w, ci, co, &x, &k, &b).iter().map(|v| v.max(0.0)).collect();
        let error = relative_error(&read(&y), &expected);
        assert!(error < 1e-5, "{h} x {w}, {ci} -> {co}: relative error {error:e}");
    }
}

#[test]
fn input_gradient_matches_a_direct_sum() {
    for (h, w, ci, co) in SHAPES {
        let mut noise = Noise::new(2);
        let (g, k) = (noise.vec(h * w * co), noise.vec(co * ci * 9));
        let conv = Conv3x3::new(ci, co, &k, vec![0.0; co]);
        let dx = tensor(&vec![7.0; h * w * ci], h, w, ci);
        conv.input_gradient(&tensor(&g, h, w, co), None, false, &dx).unwrap();
        let error = relative_error(&read(&dx), &reference_gradient(h, w, ci, co, &g, &k));
        assert!(error < 1e-5, "{h} x {w}, {ci} -> {co}: relative error {error:e}");
    }
}

#[test]
fn input_gradient_is_masked_and_accumulated() {
    let (h, w, ci, co) = (9, 10, 32, 16);
    let mut noise = Noise::new(3);
    let (g, k, features, before) =
        (noise.vec(h * w * co), noise.vec(co * ci * 9), noise.vec(h * w * ci), noise.vec(h * w * ci));
    let conv = Conv3x3::new(ci, co, &k, vec![0.0; co]);
    for accumulate in [false, true] {
        let dx = tensor(&before, h, w, ci);
        conv.input_gradient(&tensor(&g, h, w, co), Some(&tensor(&features, h, w, ci)), accumulate, &dx).unwrap();
        let expected: Vec<f64> = reference_gradient(h, w, ci, co, &g, &k)
            .iter()
            .zip(&before)
            .zip(&features)
            .map(|((v, before), f)| match (*f > 0.0, accumulate) {
                (false, _) => 0.0,
                (true, false) => *v,
                (true, true) => v + f64::from(*before),
            })
            .collect();
        let error = relative_error(&read(&dx), &expected);
        assert!(error < 1e-5, "accumulate {accumulate}: relative error {error:e}");
    }
}
