//! What one evaluation of the loss is made of: `cargo bench --bench engine`.
//!
//! Items per second are multiply-adds of the direct convolution, times two: effective FLOP/s, comparable between methods.

#![expect(clippy::expect_used, reason = "a benchmark without memory or weights has nothing to measure")]

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use divan::Bencher;
use divan::counter::ItemsCount;
use pentimento::engine::conv::{Conv3x3, InputKind, Upstream};
use pentimento::engine::loss::gram;
use pentimento::engine::objective::{ContentTarget, DEEPEST_TAP, Objective, StyleTarget};
use pentimento::engine::vgg::{LAYERS, Vgg};
use pentimento::engine::weights::VggWeights;
use pentimento::recipe::{Pooling, Preset, Recipe};

fn main() {
    divan::main();
}

/// Index of a layer and the side of its feature map when the canvas is 512 pixels wide.
const AT_512: [(usize, usize); 9] =
    [(0, 512), (1, 512), (2, 256), (3, 256), (4, 128), (5, 128), (8, 64), (9, 64), (12, 32)];

fn map(side: usize, channels: usize) -> Tensor {
    Tensor::randn(0f32, 1.0, (side, side, channels), &Device::Cpu).expect("memory for a feature map")
}

fn convolution(index: usize) -> Conv3x3 {
    let layer = LAYERS[index];
    let len = layer.in_channels * layer.out_channels * 9;
    let weight: Vec<f32> = (0..len).map(|i| (i * 7919 % 1000) as f32 / 1e4 - 0.05).collect();
    Conv3x3::new(layer.in_channels, layer.out_channels, &weight, vec![0.1; layer.out_channels])
}

fn flops(index: usize, side: usize) -> ItemsCount {
    ItemsCount::new(2 * 9 * LAYERS[index].in_channels * LAYERS[index].out_channels * side * side)
}

#[divan::bench(args = AT_512)]
fn forward(bencher: Bencher, (index, side): (usize, usize)) {
    let (conv, layer) = (convolution(index), LAYERS[index]);
    let (input, output) = (map(side, layer.in_channels), map(side, layer.out_channels));
    bencher.counter(flops(index, side)).bench_local(|| conv.forward_relu(&input, &output));
}

#[divan::bench(args = AT_512)]
fn backward(bencher: Bencher, (index, side): (usize, usize)) {
    let (conv, layer) = (convolution(index), LAYERS[index]);
    let (input, output) = (map(side, layer.in_channels), map(side, layer.out_channels));
    let kind = if index == 0 { InputKind::Canvas } else { InputKind::Features };
    bencher.counter(flops(index, side)).bench_local(|| conv.input_gradient(Upstream::Map(&output), &input, kind, None));
}

#[divan::bench(args = [(64, 512), (128, 256), (256, 128), (512, 64), (512, 32)])]
fn gram_matrix(bencher: Bencher, (channels, side): (usize, usize)) {
    let features = map(side, channels);
    let flops = ItemsCount::new(2 * channels * channels * side * side);
    bencher.counter(flops).bench_local(|| gram::gram_matrix(&features));
}

#[divan::bench(args = [128, 256, 512], sample_count = 10)]
fn evaluation(bencher: Bencher, side: usize) {
    let vgg = Arc::new(Vgg::new(VggWeights::embedded().expect("built-in weights"), DEEPEST_TAP, Device::Cpu));
    let picture = map(side, 3);
    let content = ContentTarget::of(&vgg, &picture, Pooling::Max).expect("memory for the content");
    let style = StyleTarget::of(&vgg, &picture, Pooling::Max).expect("memory for the style");
    let weights = Recipe::from_preset(Preset::Studio).weights();
    let objective =
        Objective::new(vgg, (side, side), Pooling::Max, content, style, weights).expect("memory for the maps");
    let gradient = Tensor::zeros((side, side, 3), DType::F32, &Device::Cpu).expect("memory for the gradient");
    bencher.bench_local(|| objective.evaluate(&picture, &gradient));
}
