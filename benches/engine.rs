//! What one iteration is made of: `cargo bench --bench engine [-- SIDE]`, with a square canvas of 512 pixels or another.
//!
//! Prints for every part the median time, the rate of floating-point operations that were really done (Winograd's
//! products are a quarter of the direct sum's), and what share that is of the rate at which a large matrix product
//! runs on the same machine just before. Then what does little arithmetic: losses over pixels and features, a frame for the window;
//! and what of a whole iteration is not convolution. A benchmark of its own because no harness prints these shares.

#![expect(clippy::expect_used, reason = "a benchmark without memory or weights has nothing to measure")]

use std::sync::Arc;
use std::time::Instant;

use candle_core::{Device, Tensor};
use pentimento::engine::conv::{Conv3x3, InputKind, Upstream};
use pentimento::engine::loss::drawing::Drawing;
use pentimento::engine::loss::{content, gram, tv};
use pentimento::engine::vgg::{LAYERS, Layer};
use pentimento::engine::{DeviceChoice, Engine, Job, Masks, StyleEngine, threads};
use pentimento::image_io::Picture;
use pentimento::recipe::{Edges, Preset, Recipe, TvNorm};

/// Layers that losses need.
const DEPTH: usize = 13;
/// Multiplications that Winograd's F(4x4,3x3) does for one of the direct sum.
const WINOGRAD: f64 = 0.25;
const SAMPLES: usize = 11;

fn main() {
    // Cargo passes `--bench`.
    let side = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(512);
    let peak = peak_flops();
    println!(
        "{}; matrix product {:.0} GFLOP/s; canvas {side} x {side}\n",
        pentimento::engine::describe_devices().device,
        peak / 1e9
    );
    println!("{:<26} {:>9} {:>9} {:>6}", "", "ms", "GFLOP/s", "share");
    let (mut map_side, mut convolutions, mut last) = (side, 0.0, 0.0);
    for (i, layer) in LAYERS.iter().enumerate().take(DEPTH) {
        if i > 0 && LAYERS[i - 1].block != layer.block {
            map_side /= 2;
        }
        // The layers of a block are alike but for the first two.
        if layer.index <= 2 {
            last = convolution(layer, map_side, peak);
        }
        convolutions += last;
    }
    for (channels, shrink) in [(64, 1), (128, 2), (256, 4), (512, 8), (512, 16)] {
        gram_matrix(channels, side / shrink, peak);
    }
    light_work(side);
    iteration(side as u32, convolutions);
}

/// The median over several runs, in seconds.
fn median(mut work: impl FnMut()) -> f64 {
    work();
    let mut seconds: Vec<f64> = (0..SAMPLES)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[SAMPLES / 2]
}

fn row(name: &str, seconds: f64, flop: f64, peak: f64) {
    let rate = flop / seconds;
    println!("{name:<26} {:>9.2} {:>9.1} {:>6.2}", seconds * 1e3, rate / 1e9, rate / peak);
}

/// Operations per second of a large product by the library that candle uses.
fn peak_flops() -> f64 {
    let n = 1024;
    let matrix = Tensor::randn(0f32, 1.0, (n, n), &Device::Cpu).expect("memory for a matrix");
    let product = || threads::pool().install(|| matrix.matmul(&matrix)).expect("a product");
    let seconds = median(|| drop(product()));
    2.0 * (n as f64).powi(3) / seconds
}

fn map(side: usize, channels: usize) -> Tensor {
    Tensor::randn(0f32, 1.0, (side, side, channels), &Device::Cpu).expect("memory for a feature map")
}

/// Answers with the seconds of both directions.
fn convolution(layer: &Layer, side: usize, peak: f64) -> f64 {
    let len = layer.in_channels * layer.out_channels * 9;
    let weight: Vec<f32> = (0..len).map(|i| (i * 7919 % 1000) as f32 / 1e4 - 0.05).collect();
    let conv = Conv3x3::new(layer.in_channels, layer.out_channels, &weight, vec![0.1; layer.out_channels]);
    let (input, output) = (map(side, layer.in_channels), map(side, layer.out_channels));
    let colours = layer.in_channels == 3;
    let direct = (2 * len * side * side) as f64;
    let flop = if colours { direct } else { WINOGRAD * direct };
    let kind = if colours { InputKind::Canvas(Edges::Zeros) } else { InputKind::Features };
    let forward = median(|| conv.forward_relu(&input, &output).expect("a convolution"));
    row(&format!("{} forward, {side}", layer.name()), forward, flop, peak);
    let backward = median(|| {
        conv.input_gradient(Upstream::Map(&output), &input, kind, None).expect("a gradient");
    });
    row(&format!("{} backward, {side}", layer.name()), backward, flop, peak);
    forward + backward
}

fn gram_matrix(channels: usize, side: usize, peak: f64) {
    let features = map(side, channels);
    let gradient = features.zeros_like().expect("memory for a gradient");
    let gram = gram::gram_matrix(&features).expect("a Gram matrix");
    let target = gram.zeros_like().expect("memory for a target");
    let flop = (2 * channels * channels * side * side) as f64;
    let seconds = median(|| drop(gram::gram_matrix(&features)));
    // Half of a symmetric matrix is enough.
    row(&format!("Gram {channels}, {side}"), seconds, flop / 2.0, peak);
    let seconds = median(|| gram::gradient(1.0, &features, &gram, &target, false, &gradient).expect("a gradient"));
    row(&format!("Gram gradient {channels}, {side}"), seconds, flop, peak);
}

/// What reads and writes much and reckons little.
fn light_work(side: usize) {
    let time = |name: &str, seconds: f64| println!("{name:<26} {:>9.2}", seconds * 1e3);
    let (canvas, gradient) = (map(side, 3), map(side, 3));
    let smoothness = || tv::add_to(TvNorm::L2, 1.0, &canvas, &gradient).expect("total variation");
    time("total variation", median(|| drop(smoothness())));
    let drawing = Drawing::of(&canvas).expect("memory for a drawing");
    time("drawing", median(|| drop(drawing.add_to(1.0, &canvas, &gradient).expect("a drawing"))));
    let [features, target, gradient] = [(); 3].map(|()| map(side / 8, 512));
    let content = || {
        content::gradient(1.0, &features, &target, false, &gradient).expect("a gradient");
        content::loss(&features, &target).expect("a loss")
    };
    time("content, relu4_2", median(|| drop(content())));
}

/// One whole L-BFGS iteration of the `gatys` preset, its memory full, and a frame of it; `convolutions` in seconds.
fn iteration(side: u32, convolutions: f64) {
    let picture = |phase: f32| {
        let wave = |i: u32| ((i as f32 * 0.05 + phase).sin() * 100.0 + 127.0) as u8;
        Arc::new(Picture::from_rgba(image::RgbaImage::from_fn(side, side, |x, y| {
            image::Rgba([wave(x), wave(y), wave(x + y), 255])
        })))
    };
    let recipe = Recipe { size: side, iterations: 1000, ..Recipe::from_preset(Preset::Gatys) };
    let warm_up = recipe.lbfgs_history;
    let job = Job { recipe, content: picture(0.0), styles: vec![picture(1.0)], init: None, masks: Masks::default() };
    let engine = StyleEngine::new(DeviceChoice::Cpu, None).expect("the built-in weights");
    let mut painter = engine.begin(&job).expect("a painting");
    for _ in 0..warm_up {
        painter.step().expect("an iteration");
    }
    let mut evaluations = 0;
    let seconds = median(|| evaluations += painter.step().expect("an iteration").evaluations.len());
    let evaluations = evaluations as f64 / (SAMPLES + 1) as f64;
    let frame = median(|| drop(painter.frame().expect("a frame")));
    println!("{:<26} {:>9.2}", "frame for the window", frame * 1e3);
    println!("{:<26} {:>9.2}   {evaluations:.2} evaluations each", "L-BFGS iteration", seconds * 1e3);
    let other = (seconds - evaluations * convolutions).max(0.0);
    println!("{:<26} {:>9.2}   {:.0} % of it", "  all but convolutions", other * 1e3, 100.0 * other / seconds);
}
