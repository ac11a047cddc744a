//! Backward passes are the adjoints of forward passes, `<A x, g> = <x, A^T g>`, on the smallest maps that take every turn of
//! the kernels: whole tiles and parts of them, whole panels and a rest. Small enough for `scripts/sanitize.sh miri`.

use candle_core::{Device, Tensor};

use super::conv::{COLOURS, Conv3x3, InputKind, Upstream, pool};
use super::loss::gram;
use super::test_support::Noise;
use super::vector::dot;
use crate::recipe::{Edges, Pooling};

/// So much that no ReLU cuts anything off.
const LIFT: f32 = 100.0;

fn noise(seed: u64, shape: (usize, usize, usize)) -> Tensor {
    Tensor::from_vec(Noise::new(seed).vec(shape.0 * shape.1 * shape.2), shape, &Device::Cpu).unwrap()
}

fn full(value: f32, shape: (usize, usize, usize)) -> Tensor {
    Tensor::full(value, shape, &Device::Cpu).unwrap()
}

/// A layer whose bias lifts all sums above zero.
fn layer(inputs: usize, outputs: usize) -> Conv3x3 {
    Conv3x3::new(inputs, outputs, &Noise::new(1).vec(outputs * inputs * 9), vec![LIFT; outputs])
}

/// Holds `<output - LIFT, g>` to `<input, gradient>`, relative to how large they may become.
fn expect_adjoint(what: &str, (output, g): (&Tensor, &Tensor), (input, gradient): (&Tensor, &Tensor)) {
    let lifted = full(LIFT, output.dims3().unwrap());
    let forward = dot(output, g).unwrap() - dot(&lifted, g).unwrap();
    let backward = dot(input, gradient).unwrap();
    let scale = (dot(output, output).unwrap() * dot(g, g).unwrap()).sqrt();
    assert!((forward - backward).abs() < 1e-5 * scale, "{what}: {forward} and {backward}, of at most {scale}");
}

#[test]
fn of_the_inner_convolutions() {
    let (size, channels) = ((5, 6), (16, 16));
    let conv = layer(channels.0, channels.1);
    let x = noise(2, (size.0, size.1, channels.0));
    let g = noise(3, (size.0, size.1, channels.1));
    let y = full(7.0, (size.0, size.1, channels.1));
    conv.forward_relu(&x, &y).unwrap();
    for loss in [None, Some(full(1.0, x.dims3().unwrap()))] {
        let gradient = full(7.0, x.dims3().unwrap());
        conv.input_gradient(Upstream::Map(&g), &gradient, InputKind::Features, loss.as_ref()).unwrap();
        let gradient = if loss.is_some() { (gradient - 1.0).unwrap() } else { gradient };
        expect_adjoint("5 x 6, 16 -> 16", (&y, &g), (&x, &gradient));
    }

    // Through an average pooling, whose square is twice the mean; an odd last row is dropped.
    let pooled = full(7.0, (size.0 / 2, size.1 / 2, channels.1));
    let apart = full(7.0, pooled.dims3().unwrap());
    conv.forward_relu_pool(&x, Pooling::Average, &pooled).unwrap();
    pool(&y, Pooling::Average, &apart).unwrap();
    let marked = pooled.copy().unwrap();
    let gradient = full(7.0, x.dims3().unwrap());
    conv.input_gradient(Upstream::Pooled(&marked, Pooling::Average), &gradient, InputKind::Features, None).unwrap();
    // The pooled map as its own upstream gradient: every square is lifted by twice as much.
    let lifted = full(2.0 * LIFT, pooled.dims3().unwrap());
    let (forward, backward) =
        (dot(&pooled, &pooled).unwrap() - dot(&lifted, &pooled).unwrap(), dot(&x, &gradient).unwrap());
    let scale = dot(&pooled, &pooled).unwrap();
    assert!((forward - backward).abs() < 1e-5 * scale, "pooled: {forward} and {backward}, of at most {scale}");
    assert_eq!(dot(&apart, &pooled).unwrap(), scale);
}

#[test]
fn of_the_convolution_next_to_the_canvas() {
    for (height, width) in [(1, 2), (3, 5)] {
        for edges in [Edges::Zeros, Edges::Replicate] {
            let conv = layer(COLOURS, 16);
            let (x, g) = (noise(2, (height, width, COLOURS)), noise(3, (height, width, 16)));
            let (y, gradient) = (full(7.0, (height, width, 16)), full(7.0, (height, width, COLOURS)));
            conv.forward_canvas(&x, edges, &y).unwrap();
            conv.input_gradient(Upstream::Map(&g), &gradient, InputKind::Canvas(edges), None).unwrap();
            expect_adjoint(&format!("canvas of {height} x {width}, {edges}"), (&y, &g), (&x, &gradient));
        }
    }
}

/// `<F S, F> = N <S, F^T F / N>` for any matrix `S`.
#[test]
fn of_the_gram_matrix() {
    let (height, width, channels) = (3, 4, 22);
    let features = noise(2, (height, width, channels));
    let slope = noise(3, (channels, channels, 1));
    let gram = gram::gram_matrix(&features).unwrap();
    let product = full(7.0, (height, width, channels));
    for accumulate in [false, true] {
        gram::pixelwise_product(&features, &slope, accumulate, &product).unwrap();
        let times = if accumulate { 2.0 } else { 1.0 };
        let expected = times * (height * width) as f64 * dot(&gram, &slope.flatten_all().unwrap()).unwrap();
        let found = dot(&product, &features).unwrap();
        assert!((found - expected).abs() < 1e-4 * expected.abs().max(1.0), "{found} and {expected}");
    }
}
