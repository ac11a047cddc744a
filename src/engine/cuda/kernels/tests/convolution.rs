//! What is done before and after a convolution, around a direct sum in the place of cuDNN; and the first layer.

use candle_core::Tensor;

use super::{Processor, alike, at, count, processor, read, tensor};
use crate::engine::conv::{self, Conv3x3, InputKind, Upstream};
use crate::engine::cuda::kernels::{self, Size};
use crate::engine::cuda::layout;
use crate::engine::test_support::Noise;
use crate::recipe::{Edges, Pooling};

const POOLINGS: [Pooling; 2] = [Pooling::Max, Pooling::Average];

/// Height, width, channels in and out.
const SHAPES: [(usize, usize, usize, usize); 5] =
    [(2, 2, 16, 16), (5, 7, 16, 32), (4, 9, 32, 16), (7, 4, 16, 16), (2, 3, 48, 16)];

/// What cuDNN is asked for: maps (height, width, channels), kernels (out, 3, 3, in), padding by one.
fn convolve((height, width, inputs): Size, map: &[f32], kernels: &[f32], outputs: usize) -> Vec<f32> {
    let mut sums = vec![0f32; height * width * outputs];
    for (i, sum) in sums.iter_mut().enumerate() {
        let (y, x, output) = (i / outputs / width, i / outputs % width, i % outputs);
        for tap in 0..9 {
            let (from_y, from_x) = ((y + tap / 3).wrapping_sub(1), (x + tap % 3).wrapping_sub(1));
            if from_y < height && from_x < width {
                let pixel = &map[(from_y * width + from_x) * inputs..][..inputs];
                let kernel = &kernels[(output * 9 + tap) * inputs..][..inputs];
                *sum += pixel.iter().zip(kernel).map(|(value, weight)| value * weight).sum::<f32>();
            }
        }
    }
    sums
}

/// A layer of the engine, the same as a card has it, and features that went into it.
struct Bench {
    processor: &'static Processor,
    conv: Conv3x3,
    forward: Vec<f32>,
    backward: Vec<f32>,
    bias: Vec<f32>,
    input: Vec<f32>,
    size: Size,
    outputs: usize,
}

impl Bench {
    fn all() -> impl Iterator<Item = Self> {
        processor().into_iter().flat_map(|processor| SHAPES.map(|shape| Self::new(processor, shape)))
    }

    /// Each of them with each of two things.
    fn all_with<T: Copy>(two: [T; 2]) -> impl Iterator<Item = (Self, T)> {
        two.into_iter().flat_map(|one| Self::all().map(move |bench| (bench, one)))
    }

    fn new(processor: &'static Processor, (height, width, inputs, outputs): (usize, usize, usize, usize)) -> Self {
        let mut noise = Noise::new(11);
        let (weight, bias) = (noise.vec(outputs * inputs * 9), noise.vec(outputs));
        let input = noise.vec(height * width * inputs).iter().map(|value| value.max(0.0)).collect();
        Self {
            processor,
            forward: layout::forward(inputs, outputs, &weight),
            backward: layout::backward(inputs, outputs, &weight),
            conv: Conv3x3::new(inputs, outputs, &weight, bias.clone()),
            bias,
            input,
            size: (height, width, inputs),
            outputs,
        }
    }

    fn output_size(&self) -> Size {
        (self.size.0, self.size.1, self.outputs)
    }

    fn pooled_size(&self) -> Size {
        (self.size.0 / 2, self.size.1 / 2, self.outputs)
    }

    fn input(&self) -> Tensor {
        tensor(&self.input, self.size)
    }
}

/// The same values and the same marks.
#[track_caller]
fn alike_with_marks(found: &[f32], expected: &[f32], tolerance: f32) {
    alike(found, expected, tolerance);
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.to_bits() & 15, expected.to_bits() & 15, "marks of value {i}");
    }
}

#[test]
fn bias_and_relu_finish_a_convolution() {
    for mut bench in Bench::all() {
        let mut found = convolve(bench.size, &bench.input, &bench.forward, bench.outputs);
        bench.processor.launch(kernels::bias_relu(at(&mut found), at(&mut bench.bias), bench.output_size()));
        let expected = tensor(&vec![0.0; found.len()], bench.output_size());
        bench.conv.forward_relu(&bench.input(), &expected).unwrap();
        alike(&found, &read(&expected), 1e-5);
    }
}

#[test]
fn a_pooling_keeps_values_and_marks() {
    for (mut bench, pooling) in Bench::all_with(POOLINGS) {
        let mut sums = convolve(bench.size, &bench.input, &bench.forward, bench.outputs);
        let mut found = vec![f32::NAN; count(bench.pooled_size())];
        let (map, bias, pooled) = (at(&mut sums), at(&mut bench.bias), at(&mut found));
        bench.processor.launch(kernels::bias_relu_pool(map, bias, pooled, pooling, bench.output_size()));
        let expected = tensor(&vec![0.0; found.len()], bench.pooled_size());
        bench.conv.forward_relu_pool(&bench.input(), pooling, &expected).unwrap();
        alike_with_marks(&found, &read(&expected), 1e-5);
    }
}

#[test]
fn gradients_come_back_through_a_convolution() {
    for (bench, with_loss) in Bench::all_with([false, true]) {
        let mut noise = Noise::new(12);
        let gradient = noise.vec(count(bench.output_size()));
        let mut loss = noise.vec(count(bench.size));
        let loss_gradient = with_loss.then(|| tensor(&loss, bench.size));
        let (expected, upstream) = (bench.input(), tensor(&gradient, bench.output_size()));
        let kind = InputKind::Features;
        bench.conv.input_gradient(Upstream::Map(&upstream), &expected, kind, loss_gradient.as_ref()).unwrap();

        let mut sums = convolve(bench.output_size(), &gradient, &bench.backward, bench.size.2);
        let mut found = bench.input.clone();
        let loss = if with_loss { at(&mut loss) } else { 0 };
        let launch = kernels::replace_features(at(&mut found), at(&mut sums), loss, count(bench.size));
        bench.processor.launch(launch);
        alike(&found, &read(&expected), 1e-5);
    }
}

#[test]
fn gradients_come_back_through_a_pooling_and_keep_the_marks_below() {
    for (bench, pooling) in Bench::all_with(POOLINGS) {
        // Values with all kinds of marks, in the places of gradients and of the pooled map below.
        let mut pooled = Noise::new(13).vec(count(bench.pooled_size()));
        let below = Noise::new(14).vec(count(bench.size));
        let (expected, upstream) = (tensor(&below, bench.size), tensor(&pooled, bench.pooled_size()));
        let upstream = Upstream::Pooled(&upstream, pooling);
        bench.conv.input_gradient(upstream, &expected, InputKind::Pooled, None).unwrap();

        let mut gradient = vec![f32::NAN; count(bench.output_size())];
        let launch = kernels::unpool(at(&mut pooled), at(&mut gradient), pooling, bench.output_size());
        bench.processor.launch(launch);
        let mut sums = convolve(bench.output_size(), &gradient, &bench.backward, bench.size.2);
        let mut found = below.clone();
        bench.processor.launch(kernels::replace_pooled(at(&mut found), at(&mut sums), count(bench.size)));
        alike_with_marks(&found, &read(&expected), 1e-5);
    }
}

#[test]
fn pooling_by_itself_goes_there_and_back() {
    let Some(processor) = processor() else { return };
    let sizes = [(1, 3, 16), (5, 6, 16), (8, 7, 32)];
    for (size, pooling) in sizes.into_iter().flat_map(|size| POOLINGS.map(|pooling| (size, pooling))) {
        let mut noise = Noise::new(15);
        let features: Vec<f32> = noise.vec(count(size)).iter().map(|value| value.max(0.0)).collect();
        let pooled_size = (size.0 / 2, size.1 / 2, size.2);
        let expected = tensor(&vec![0.0; count(pooled_size)], pooled_size);
        conv::pool(&tensor(&features, size), pooling, &expected).unwrap();
        let (mut map, mut found) = (features.clone(), vec![0.0; count(pooled_size)]);
        processor.launch(kernels::bias_relu_pool(at(&mut map), 0, at(&mut found), pooling, size));
        alike_with_marks(&found, &read(&expected), 1e-6);

        let mut loss = noise.vec(count(size));
        for with_loss in [false, true] {
            let loss_gradient = with_loss.then(|| tensor(&loss, size));
            let expected_features = tensor(&features, size);
            conv::unpool(&expected, pooling, loss_gradient.as_ref(), &expected_features).unwrap();
            let loss = if with_loss { at(&mut loss) } else { 0 };
            let mut found_features = features.clone();
            let (to, from) = (at(&mut found_features), at(&mut found));
            processor.launch(kernels::unpool_features(to, from, loss, pooling, size));
            alike(&found_features, &read(&expected_features), 1e-6);
        }
    }
}

#[test]
fn the_first_layer_sees_its_edges() {
    let Some(processor) = processor() else { return };
    let shapes = [(1, 1), (1, 9), (2, 2), (13, 18), (17, 1)];
    let both = [Edges::Zeros, Edges::Replicate];
    for ((height, width), edges) in shapes.into_iter().flat_map(|shape| both.map(|edges| (shape, edges))) {
        let (size, canvas_size) = ((height, width, 16), (height, width, 3));
        let mut noise = Noise::new(16);
        let (weight, mut bias) = (noise.vec(16 * 27), noise.vec(16));
        let conv = Conv3x3::new(3, 16, &weight, bias.clone());
        let (mut canvas, mut gradient) = (noise.vec(count(canvas_size)), noise.vec(count(size)));
        let mut on_card = layout::canvas(3, 16, &weight);
        let kernel = at(&mut on_card);

        let expected = tensor(&vec![0.0; count(size)], size);
        conv.forward_canvas(&tensor(&canvas, canvas_size), edges, &expected).unwrap();
        let mut found = vec![f32::NAN; count(size)];
        let (from, to) = (at(&mut canvas), at(&mut found));
        processor.launch(kernels::forward_canvas(from, kernel, at(&mut bias), to, edges, size));
        alike(&found, &read(&expected), 1e-5);

        let (expected, upstream) = (tensor(&canvas, canvas_size), tensor(&gradient, size));
        conv.input_gradient(Upstream::Map(&upstream), &expected, InputKind::Canvas(edges), None).unwrap();
        let mut found = vec![f32::NAN; count(canvas_size)];
        let (from, to) = (at(&mut gradient), at(&mut found));
        processor.launch(kernels::canvas_gradient(from, kernel, to, edges, size));
        alike(&found, &read(&expected), 1e-5);
    }
}
