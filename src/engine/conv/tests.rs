//! The convolution against a direct sum in f64, over odd shapes, in both directions.

use candle_core::{Device, Tensor};

use super::{Conv3x3, InputKind, Upstream, pool, unpool};
use crate::engine::test_support::Noise;
use crate::recipe::{Edges, Pooling};

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

/// A gradient that nothing masks: the features that it replaces are all active.
fn input_gradient(conv: &Conv3x3, gradient: &[f32], h: usize, w: usize, ci: usize, co: usize) -> Vec<f32> {
    let input = tensor(&vec![7.0; h * w * ci], h, w, ci);
    let kind = if ci == 3 { InputKind::Canvas(Edges::Zeros) } else { InputKind::Features };
    conv.input_gradient(Upstream::Map(&tensor(gradient, h, w, co)), &input, kind, None).unwrap();
    read(&input)
}

#[test]
fn input_gradient_matches_a_direct_sum() {
    for (h, w, ci, co) in SHAPES {
        let mut noise = Noise::new(2);
        let (g, k) = (noise.vec(h * w * co), noise.vec(co * ci * 9));
        let conv = Conv3x3::new(ci, co, &k, vec![0.0; co]);
        let found = input_gradient(&conv, &g, h, w, ci, co);
        let error = relative_error(&found, &reference_gradient(h, w, ci, co, &g, &k));
        assert!(error < 1e-5, "{h} x {w}, {ci} -> {co}: relative error {error:e}");
    }
}

#[test]
fn kept_and_remade_kernels_agree_with_the_direct_sum_on_many_channels() {
    // 512 -> 256 channels are remade for every task, 256 -> 256 kept.
    for (ci, co) in [(512, 256), (256, 256)] {
        let (h, w) = (5, 6);
        let mut noise = Noise::new(9);
        let (x, k, b) = (noise.vec(h * w * ci), noise.vec(co * ci * 9), noise.vec(co));
        let y = tensor(&vec![7.0; h * w * co], h, w, co);
        Conv3x3::new(ci, co, &k, b.clone()).forward_relu(&tensor(&x, h, w, ci), &y).unwrap();
        let expected: Vec<f64> = reference(h, w, ci, co, &x, &k, &b).iter().map(|v| v.max(0.0)).collect();
        let error = relative_error(&read(&y), &expected);
        assert!(error < 1e-5, "{ci} -> {co}: relative error {error:e}");
    }
}

#[test]
fn input_gradient_is_masked_and_a_loss_is_added() {
    let (h, w, ci, co) = (9, 10, 32, 16);
    let mut noise = Noise::new(3);
    let (g, k, features, loss) =
        (noise.vec(h * w * co), noise.vec(co * ci * 9), noise.vec(h * w * ci), noise.vec(h * w * ci));
    let conv = Conv3x3::new(ci, co, &k, vec![0.0; co]);
    for with_loss in [false, true] {
        let input = tensor(&features, h, w, ci);
        let loss_gradient = tensor(&loss, h, w, ci);
        let upstream = tensor(&g, h, w, co);
        let loss_gradient = with_loss.then_some(&loss_gradient);
        conv.input_gradient(Upstream::Map(&upstream), &input, InputKind::Features, loss_gradient).unwrap();
        let expected: Vec<f64> = reference_gradient(h, w, ci, co, &g, &k)
            .iter()
            .zip(&loss)
            .zip(&features)
            .map(|((v, loss), f)| match (*f > 0.0, with_loss) {
                (false, _) => 0.0,
                (true, false) => *v,
                (true, true) => v + f64::from(*loss),
            })
            .collect();
        let error = relative_error(&read(&input), &expected);
        assert!(error < 1e-5, "with a loss {with_loss}: relative error {error:e}");
    }
}

/// Pooled value and who hands the gradient on, straight from the definitions.
fn reference_pool(pooling: Pooling, square: [f64; 4]) -> (f64, [f64; 4]) {
    match pooling {
        Pooling::Max => {
            let most = square.iter().copied().fold(0.0, f64::max);
            let first = square.iter().position(|v| *v == most && most > 0.0);
            (most, std::array::from_fn(|i| if Some(i) == first { 1.0 } else { 0.0 }))
        }
        Pooling::Average => {
            let active = square.map(|v| if v > 0.0 { 0.5 } else { 0.0 });
            (square.iter().map(|v| v.max(0.0) * 0.5).sum(), active)
        }
    }
}

#[test]
fn pooling_and_its_gradient_match_their_definitions_on_odd_sizes() {
    for (h, w) in [(2, 2), (5, 7), (8, 11), (13, 6)] {
        for pooling in [Pooling::Max, Pooling::Average] {
            let (ci, co) = (16, 32);
            let mut noise = Noise::new(4);
            let (x, k, b) = (noise.vec(h * w * ci), noise.vec(co * ci * 9), noise.vec(co));
            let conv = Conv3x3::new(ci, co, &k, b.clone());
            let pooled = tensor(&vec![7.0; (h / 2) * (w / 2) * co], h / 2, w / 2, co);
            conv.forward_relu_pool(&tensor(&x, h, w, ci), pooling, &pooled).unwrap();

            let full = reference(h, w, ci, co, &x, &k, &b);
            let upstream = noise.vec((h / 2) * (w / 2) * co);
            let mut expected = Vec::new();
            let mut spread = vec![0f32; h * w * co];
            for (i, gradient) in upstream.iter().enumerate() {
                let (y, x, c) = (i / co / (w / 2), i / co % (w / 2), i % co);
                let at = |index: usize| ((2 * y + index / 2) * w + 2 * x + index % 2) * co + c;
                let (value, shares) = reference_pool(pooling, std::array::from_fn(|index| full[at(index)]));
                expected.push(value);
                for (index, share) in shares.into_iter().enumerate() {
                    spread[at(index)] = gradient * share as f32;
                }
            }
            let found = read(&pooled);
            let error = relative_error(&found, &expected);
            assert!(error < 1e-5, "{pooling} of {h} x {w}: relative error {error:e}");

            // The gradient of the pooled map keeps the marks that the forward pass has left in its place.
            let marked: Vec<f32> = upstream
                .iter()
                .zip(&found)
                .map(|(g, value)| f32::from_bits(g.to_bits() & !15 | value.to_bits() & 15))
                .collect();
            let input = tensor(&vec![1.0; h * w * ci], h, w, ci);
            let marked = tensor(&marked, h / 2, w / 2, co);
            conv.input_gradient(Upstream::Pooled(&marked, pooling), &input, InputKind::Features, None).unwrap();
            let error = relative_error(&read(&input), &reference_gradient(h, w, ci, co, &spread, &k));
            assert!(error < 1e-5, "gradient of {pooling} of {h} x {w}: relative error {error:e}");
        }
    }
}

#[test]
fn a_gradient_that_replaces_a_pooled_map_keeps_its_marks() {
    let (h, w, ci, co) = (6, 5, 16, 32);
    let mut noise = Noise::new(5);
    let (g, k) = (noise.vec(h * w * co), noise.vec(co * ci * 9));
    let conv = Conv3x3::new(ci, co, &k, vec![0.0; co]);
    let before: Vec<f32> = noise.vec(h * w * ci);
    let input = tensor(&before, h, w, ci);
    conv.input_gradient(Upstream::Map(&tensor(&g, h, w, co)), &input, InputKind::Pooled, None).unwrap();
    let found = read(&input);
    assert!(found.iter().zip(&before).all(|(found, before)| found.to_bits() & 15 == before.to_bits() & 15));
    assert!(relative_error(&found, &reference_gradient(h, w, ci, co, &g, &k)) < 1e-5);
}

/// The picture with its outermost pixels repeated once around it.
fn widened(h: usize, w: usize, c: usize, x: &[f32]) -> Vec<f32> {
    let inner = |at: usize, len: usize| at.saturating_sub(1).min(len - 1);
    (0..(h + 2) * (w + 2))
        .flat_map(|i| &x[(inner(i / (w + 2), h) * w + inner(i % (w + 2), w)) * c..][..c])
        .copied()
        .collect()
}

const CANVASES: [(usize, usize); 8] = [(1, 1), (1, 2), (2, 1), (2, 2), (1, 30), (9, 8), (17, 5), (11, 101)];

#[test]
fn a_replicated_edge_is_the_picture_gone_on() {
    for (h, w) in CANVASES {
        let mut noise = Noise::new(6);
        let (x, k, b) = (noise.vec(h * w * 3), noise.vec(16 * 27), noise.vec(16));
        let conv = Conv3x3::new(3, 16, &k, b.clone());
        let output = tensor(&vec![7.0; h * w * 16], h, w, 16);
        conv.forward_canvas(&tensor(&x, h, w, 3), Edges::Replicate, &output).unwrap();
        // The inside of a convolution that sees the wider picture.
        let wide = reference(h + 2, w + 2, 3, 16, &widened(h, w, 3, &x), &k, &b);
        let expected: Vec<f64> = (0..h * w)
            .flat_map(|i| &wide[((i / w + 1) * (w + 2) + i % w + 1) * 16..][..16])
            .map(|value| value.max(0.0))
            .collect();
        let error = relative_error(&read(&output), &expected);
        assert!(error < 1e-5, "{h} x {w}: relative error {error:e}");
    }
}

#[test]
fn the_gradient_of_a_repeated_pixel_flows_back_to_the_edge() {
    for (h, w) in CANVASES {
        let mut noise = Noise::new(7);
        let (g, k) = (noise.vec(h * w * 16), noise.vec(16 * 27));
        let conv = Conv3x3::new(3, 16, &k, vec![0.0; 16]);
        let canvas = tensor(&vec![7.0; h * w * 3], h, w, 3);
        conv.input_gradient(Upstream::Map(&tensor(&g, h, w, 16)), &canvas, InputKind::Canvas(Edges::Replicate), None)
            .unwrap();
        // That of the wider picture, folded back.
        let mut outer = vec![0f32; (h + 2) * (w + 2) * 16];
        for (i, gradient) in g.chunks_exact(16).enumerate() {
            outer[((i / w + 1) * (w + 2) + i % w + 1) * 16..][..16].copy_from_slice(gradient);
        }
        let wide = reference_gradient(h + 2, w + 2, 3, 16, &outer, &k);
        let mut expected = vec![0f64; h * w * 3];
        for (i, gradient) in wide.chunks_exact(3).enumerate() {
            let inner = |at: usize, len: usize| at.saturating_sub(1).min(len - 1);
            let pixel = inner(i / (w + 2), h) * w + inner(i % (w + 2), w);
            expected[pixel * 3..][..3].iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
        }
        let error = relative_error(&read(&canvas), &expected);
        assert!(error < 1e-5, "{h} x {w}: relative error {error:e}");
    }
}

#[test]
fn pooling_by_itself_leaves_the_values_and_marks_of_pooling_with_the_convolution() {
    for (h, w) in [(1, 3), (2, 2), (5, 7), (8, 11)] {
        for pooling in [Pooling::Max, Pooling::Average] {
            let mut noise = Noise::new(8);
            let (x, k, b) = (noise.vec(h * w * 16), noise.vec(32 * 16 * 9), noise.vec(32));
            let conv = Conv3x3::new(16, 32, &k, b);
            let x = tensor(&x, h, w, 16);
            let (features, room) = (tensor(&vec![7.0; h * w * 32], h, w, 32), vec![7.0; (h / 2) * (w / 2) * 32]);
            let (apart, together) = (tensor(&room, h / 2, w / 2, 32), tensor(&room, h / 2, w / 2, 32));
            conv.forward_relu(&x, &features).unwrap();
            pool(&features, pooling, &apart).unwrap();
            conv.forward_relu_pool(&x, pooling, &together).unwrap();
            let bits = |tensor: &Tensor| read(tensor).into_iter().map(f32::to_bits).collect::<Vec<_>>();
            assert_eq!(bits(&apart), bits(&together), "{pooling} of {h} x {w}");
        }
    }
}

#[test]
fn unpooling_spreads_adds_a_loss_and_masks() {
    for (h, w) in [(1, 3), (2, 2), (5, 7), (8, 11)] {
        for (pooling, with_loss) in [(Pooling::Max, true), (Pooling::Average, true), (Pooling::Max, false)] {
            let c = 32;
            let mut noise = Noise::new(9);
            let values: Vec<f32> = noise.vec(h * w * c).iter().map(|value| value.max(0.0)).collect();
            let (upstream, loss) = (noise.vec((h / 2) * (w / 2) * c), noise.vec(h * w * c));
            let features = tensor(&values, h, w, c);
            let pooled = tensor(&vec![0.0; upstream.len()], h / 2, w / 2, c);
            pool(&features, pooling, &pooled).unwrap();
            let mut expected: Vec<f64> = loss.iter().map(|v| if with_loss { f64::from(*v) } else { 0.0 }).collect();
            for (i, gradient) in upstream.iter().enumerate() {
                let (y, x, channel) = (i / c / (w / 2), i / c % (w / 2), i % c);
                let at = |index: usize| ((2 * y + index / 2) * w + 2 * x + index % 2) * c + channel;
                let (_, shares) = reference_pool(pooling, std::array::from_fn(|index| f64::from(values[at(index)])));
                for (index, share) in shares.into_iter().enumerate() {
                    expected[at(index)] += f64::from(*gradient) * share;
                }
            }
            for (expected, value) in expected.iter_mut().zip(&values).filter(|(_, value)| **value <= 0.0) {
                *expected = f64::from(*value);
            }
            let marked: Vec<f32> = upstream
                .iter()
                .zip(read(&pooled))
                .map(|(g, value)| f32::from_bits(g.to_bits() & !15 | value.to_bits() & 15))
                .collect();
            let loss = tensor(&loss, h, w, c);
            let marked = tensor(&marked, h / 2, w / 2, c);
            unpool(&marked, pooling, with_loss.then_some(&loss), &features).unwrap();
            let error = relative_error(&read(&features), &expected);
            assert!(error < 1e-5, "{pooling} of {h} x {w}, loss {with_loss}: relative error {error:e}");
        }
    }
}

#[test]
fn tensors_of_another_size_are_refused() {
    let conv = Conv3x3::new(16, 32, &vec![0.1; 16 * 32 * 9], vec![0.0; 32]);
    let (input, output) = (tensor(&vec![0.0; 480], 5, 6, 16), tensor(&vec![0.0; 960], 6, 5, 32));
    assert!(conv.forward_relu(&input, &output).is_err());
    assert!(conv.forward_relu_pool(&input, Pooling::Max, &output).is_err());
    assert!(conv.forward_canvas(&input, Edges::Replicate, &tensor(&vec![0.0; 960], 5, 6, 32)).is_err());
    assert!(pool(&input, Pooling::Max, &output).is_err());
    assert!(unpool(&output, Pooling::Max, None, &input).is_err());
    assert!(conv.input_gradient(Upstream::Map(&output), &input, InputKind::Features, None).is_err());
    // As high and wide, but with other channels than the layer reads.
    let (narrow, output) = (tensor(&vec![0.0; 30 * 8], 5, 6, 8), tensor(&vec![0.0; 960], 5, 6, 32));
    assert!(conv.forward_relu(&narrow, &output).is_err());
    assert!(conv.input_gradient(Upstream::Map(&output), &narrow, InputKind::Features, None).is_err());
}
