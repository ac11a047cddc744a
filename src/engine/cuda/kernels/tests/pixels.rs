//! The canvas, and regions and pixels of maps.

use candle_core::{DType, Device, Tensor};

use super::{alike, at, count, processor, read, tensor};
use crate::engine::canvas;
use crate::engine::cuda::kernels;
use crate::engine::loss::cells::{AddToCells, Laplacian, Light};
use crate::engine::loss::{moments, tv};
use crate::engine::optimizer::metric;
use crate::engine::region::{self, Region};
use crate::engine::test_support::Noise;
use crate::recipe::TvNorm;

#[test]
fn total_variation_and_its_gradient_are_those_of_the_processor() {
    let Some(processor) = processor() else { return };
    let sizes = [(1, 1, 3), (1, 5, 3), (6, 1, 3), (7, 11, 3)];
    for (size, norm) in sizes.into_iter().flat_map(|size| [TvNorm::L2, TvNorm::L1].map(|norm| (size, norm))) {
        let n = count(size);
        let mut noise = Noise::new(21);
        let mut pixels: Vec<f32> = noise.vec(n).iter().map(|value| 100.0 * value).collect();
        let (on_processor, gradient) = (tensor(&pixels, size), noise.vec(n));

        let (mut sums, mut sum) = (vec![f64::NAN; kernels::sums(n)], [f64::NAN]);
        processor.launch(kernels::total_variation(at(&mut pixels), at(&mut sums), norm, size));
        processor.launch(kernels::sum_of_blocks(at(&mut sums), at(&mut sum), 1.0 / n as f64, kernels::sums(n)));
        let expected = tv::loss(norm, &on_processor).unwrap();
        assert!((sum[0] - expected).abs() <= 1e-5 * expected, "{size:?} {norm:?}: {} and {expected}", sum[0]);

        let expected = tensor(&gradient, size);
        tv::add_gradient(norm, 3.0, &on_processor, &expected).unwrap();
        let mut found = gradient;
        let (to, from, factor) = (at(&mut found), at(&mut pixels), 3.0 / n as f32);
        processor.launch(kernels::add_total_variation_gradient(to, from, factor, norm, size));
        alike(&found, &read(&expected), 1e-5);
    }
}

#[test]
fn the_drawing_is_that_of_the_processor() {
    let Some(processor) = processor() else { return };
    // A pixel for each cell, and cells of three and four.
    for (size, cells) in [((1, 1, 3), (1, 1)), ((5, 7, 3), (5, 7)), ((10, 17, 3), (3, 5)), ((3, 2, 3), (1, 1))] {
        let mut noise = Noise::new(26);
        let mut pixels = noise.vec(count(size));
        let light = Tensor::zeros(cells, DType::F32, &Device::Cpu).unwrap();
        light.inplace_op2(&tensor(&pixels, size), &Light).unwrap();
        let mut found = vec![f32::NAN; cells.0 * cells.1];
        processor.launch(kernels::light_of_cells(at(&mut pixels), at(&mut found), cells, size));
        alike(&found, &read(&light), 1e-5);

        let curvature = light.zeros_like().unwrap();
        curvature.inplace_op2(&light, &Laplacian).unwrap();
        let (mut x, mut found) = (read(&light), vec![f32::NAN; cells.0 * cells.1]);
        processor.launch(kernels::laplacian(at(&mut x), at(&mut found), cells));
        alike(&found, &read(&curvature), 1e-5);

        let mut found = noise.vec(count(size));
        let (expected, mut x) = (tensor(&found, size), read(&curvature));
        expected.inplace_op2(&curvature, &AddToCells { factor: 3.0 }).unwrap();
        processor.launch(kernels::add_to_cells(at(&mut x), at(&mut found), 3.0, cells, size));
        alike(&found, &read(&expected), 1e-5);
    }
}

#[test]
fn the_metric_of_lbfgs_is_that_of_the_processor() {
    let Some(processor) = processor() else { return };
    for size in [(8, 8, 3), (9, 15, 3), (37, 26, 3)] {
        let mut found = Noise::new(24).vec(count(size));
        let expected = tensor(&found, size);
        metric::apply(&expected).unwrap();
        // Down to where nothing is halved any more, and up again.
        let (mut sizes, mut halves) = (vec![size], vec![]);
        while let Some(&of @ (height, width, channels)) = sizes.last()
            && height.min(width) >= metric::MIN_SIDE
        {
            let half_size = (height.div_ceil(2), width.div_ceil(2), channels);
            let mut half = vec![f32::NAN; count(half_size)];
            let canvas: &mut Vec<f32> = halves.last_mut().unwrap_or(&mut found);
            processor.launch(kernels::halve(at(canvas), at(&mut half), of));
            halves.push(half);
            sizes.push(half_size);
        }
        while let Some(mut half) = halves.pop() {
            sizes.pop();
            let canvas = halves.last_mut().unwrap_or(&mut found);
            processor.launch(kernels::add_enlarged(at(&mut half), at(canvas), metric::GAIN, *sizes.last().unwrap()));
        }
        alike(&found, &read(&expected), 1e-5);
    }
}

#[test]
fn colours_are_held_to_their_range() {
    let Some(processor) = processor() else { return };
    let (mean, size) = ([123.0, 116.0, 103.0], (5, 9, 3));
    let mut found: Vec<f32> = Noise::new(22).vec(count(size)).iter().map(|value| 300.0 * value).collect();
    found[4] = f32::NAN;
    let expected = tensor(&found, size);
    canvas::clamp(&expected, mean).unwrap();
    processor.launch(kernels::clamp_colours(at(&mut found), mean, count(size)));
    alike(&found, &read(&expected), 0.0);
}

#[test]
fn means_of_channels_are_those_of_the_processor() {
    let Some(processor) = processor() else { return };
    // Fewer pixels than a chunk, and several chunks.
    for size in [(3, 5, 16), (29, 31, 48)] {
        let mut map = Noise::new(23).vec(count(size));
        let expected = moments::mean(&tensor(&map, size)).unwrap();
        let (mut sums, mut found) = (vec![f64::NAN; kernels::mean_sums(size)], vec![f32::NAN; size.2]);
        for launch in kernels::mean(at(&mut map), at(&mut sums), at(&mut found), size) {
            processor.launch(launch);
        }
        alike(&found, &read(&expected), 1e-5);
    }
}

#[test]
fn pixels_are_weighed_and_added_to() {
    let Some(processor) = processor() else { return };
    let (pixels, channels) = (37, 16);
    let mut noise = Noise::new(24);
    let (before, mut input) = (noise.vec(pixels * channels), noise.vec(pixels * channels));
    let mut vector = noise.vec(channels);
    let mut shares: Vec<f32> = noise.vec(pixels).iter().map(|value| value.abs()).collect();
    for add in [false, true] {
        let mut found = before.clone();
        let (to, from, of) = (at(&mut found), at(&mut input), at(&mut shares));
        processor.launch(kernels::weigh_pixels(to, from, of, channels, add, pixels));
        let expected = |i: usize| {
            let share = shares[i / channels];
            if add { before[i] + share * input[i] } else { share.sqrt() * input[i] }
        };
        alike(&found, &(0..before.len()).map(expected).collect::<Vec<_>>(), 1e-6);
    }
    let mut found = before.clone();
    processor.launch(kernels::add_to_pixels(at(&mut found), at(&mut vector), channels, pixels));
    let expected: Vec<f32> = (0..before.len()).map(|i| before[i] + vector[i % channels]).collect();
    alike(&found, &expected, 1e-6);
}

#[test]
fn regions_are_cut_out_added_in_and_cleared_around() {
    let Some(processor) = processor() else { return };
    let (size, channels) = ((7, 9, 5), 5);
    for (top, left, height, width) in [(0, 0, 7, 9), (2, 3, 4, 5), (6, 8, 1, 1), (0, 4, 3, 5)] {
        let (region, rectangle) = (Region { top, left, height, width }, [top, left, height, width]);
        let mut noise = Noise::new(25);
        let (map, part_size) = (noise.vec(count(size)), (height, width, channels));
        let on_processor = tensor(&map, size);

        let expected = tensor(&vec![0.0; count(part_size)], part_size);
        region::cut_out(&on_processor, region, &expected).unwrap();
        let (mut found, mut whole) = (vec![f32::NAN; count(part_size)], map.clone());
        processor.launch(kernels::cut_out(at(&mut found), at(&mut whole), (size.1, channels), rectangle));
        alike(&found, &read(&expected), 0.0);

        let mut part = noise.vec(count(part_size));
        region::add_in(&tensor(&part, part_size), region, &on_processor).unwrap();
        processor.launch(kernels::add_in(at(&mut whole), at(&mut part), (size.1, channels), rectangle));
        alike(&whole, &read(&on_processor), 0.0);

        region::clear_around(&on_processor, region).unwrap();
        processor.launch(kernels::clear_around(at(&mut whole), size, rectangle));
        alike(&whole, &read(&on_processor), 0.0);
    }
}
