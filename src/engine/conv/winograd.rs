//! Winograd's minimal filtering F(4x4, 3x3) for the CPU, in NHWC.
//!
//! The element-wise product of [`transform`] over many patches and channels becomes 36 matrix products, with a quarter of
//! the multiplications of the direct sum. Relative error against a direct f64 sum is below 1e-5 (tested), far below what
//! the eye or the optimiser notices.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::finish::{self, Finish, Place};
use super::kernels::{PanelStack, WinogradKernel};
use super::plan::{MAX_PANELS, Plan};
use super::transform::{self, FREQUENCIES, PATCH, TILE};
use crate::engine::panel::{self, Left, Target};
use crate::engine::storage::SharedMut;
use crate::engine::{arena, simd, threads};
use crate::recipe::Pooling;

/// What a convolution reads, height x width x in.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// Every pixel.
    Map(&'a [f32]),
    /// The gradient of a pooled map, half as high and wide, marked with the pixels that it belongs to.
    Unpooled(&'a [f32], Pooling),
}

/// Convolves `source` (height x width x in) with `kernel`, zero-padded by one pixel, and stores the result (height x
/// width x out, or half as high and wide where `finish` pools) into `output` as `finish` says.
pub fn convolve<F: Finish>(
    kernel: &WinogradKernel,
    (height, width): (usize, usize),
    source: Source<'_>,
    output: &mut [f32],
    finish: F,
) {
    let plan = Plan::new(height, width, kernel);
    let input_len = match source {
        Source::Map(_) => height * width * plan.in_channels,
        Source::Unpooled(..) => (height / 2) * (width / 2) * plan.in_channels,
    };
    let (Source::Map(input) | Source::Unpooled(input, _)) = source;
    assert_eq!(input.len(), input_len, "input of {height} x {width} x {}", plan.in_channels);
    let output_pixels = if F::POOLS { (height / 2) * (width / 2) } else { height * width };
    assert_eq!(output.len(), output_pixels * plan.out_channels, "output of {height} x {width} x {}", plan.out_channels);
    let output = SharedMut::new(output);
    threads::pool().install(|| {
        (0..plan.tasks()).into_par_iter().with_max_len(1).for_each(|index| {
            arena::with_scratch(plan.scratch_len(), |scratch| {
                let scratch = Scratch::new(&plan, scratch);
                simd::arch().dispatch(Task { plan: &plan, kernel, source, output, finish, scratch, index });
            });
        });
    });
}

/// Buffers of one task.
struct Scratch<'a> {
    /// Transformed patches, `[36][tiles][in channels]`.
    transformed: &'a mut [f32],
    /// Products, `[36][tiles][output block]`.
    products: &'a mut [f32],
    /// One patch with the zeros around the picture, `[6][6][in channels]`.
    patch: &'a mut [f32],
    /// Transformed kernels of one output block.
    stacks: &'a mut [f32],
}

impl<'a> Scratch<'a> {
    fn new(plan: &Plan, room: &'a mut [f32]) -> Self {
        let (transformed, room) = room.split_at_mut(plan.steps * FREQUENCIES * plan.input_stride());
        let (products, room) = room.split_at_mut(FREQUENCIES * plan.product_stride());
        let (patch, stacks) = room.split_at_mut(FREQUENCIES * plan.in_channels);
        Self { transformed, products, patch, stacks }
    }
}

struct Task<'a, F> {
    plan: &'a Plan,
    kernel: &'a WinogradKernel,
    source: Source<'a>,
    output: SharedMut,
    finish: F,
    scratch: Scratch<'a>,
    index: usize,
}

impl<F: Finish> WithSimd for Task<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let plan = self.plan;
        let first_tile = (self.index / plan.splits) * plan.tiles_per_block;
        let tiles = first_tile..(first_tile + plan.tiles_per_block).min(plan.tiles);
        let first_channel = (self.index % plan.splits) * plan.channels_per_split;
        let last_channel = (first_channel + plan.channels_per_split).min(plan.out_channels);

        for (row, tile) in tiles.clone().enumerate() {
            self.transform_input(simd, row, tile);
        }
        let mut channel = first_channel;
        while channel < last_channel {
            let channels = plan.output_block.min(last_channel - channel);
            self.multiply(simd, tiles.len(), channel, channels);
            for (row, tile) in tiles.clone().enumerate() {
                self.transform_output(simd, row, tile, channel, channels);
            }
            channel += channels;
        }
    }
}

impl<F: Finish> Task<'_, F> {
    /// `V = B^T d B` for one tile, all channels, into row `row` of the 36 matrices.
    #[inline(always)]
    fn transform_input<S: Simd>(&mut self, simd: S, row: usize, tile: usize) {
        let plan = self.plan;
        let channels = plan.in_channels;
        // The patch begins one pixel above and to the left of the tile.
        let y = ((tile / plan.tiles_across) * TILE) as isize - 1;
        let x = ((tile % plan.tiles_across) * TILE) as isize - 1;
        let inside = y >= 0 && x >= 0 && y as usize + PATCH <= plan.height && x as usize + PATCH <= plan.width;
        let (source, row_stride) = match self.source {
            Source::Map(input) if inside => {
                let offset = (y as usize * plan.width + x as usize) * channels;
                (input[offset..].as_ptr(), plan.width * channels)
            }
            Source::Map(input) => {
                self.copy_patch(input, y, x);
                (self.scratch.patch.as_ptr(), PATCH * channels)
            }
            Source::Unpooled(gradient, pooling) => {
                self.unpool_patch(simd, gradient, pooling, tile);
                (self.scratch.patch.as_ptr(), PATCH * channels)
            }
        };
        let stride = plan.input_stride();

        let mut c = 0;
        while c < channels {
            let mut half = [[simd.splat_f32s(0.0); PATCH]; PATCH];
            for column in 0..PATCH {
                let mut d = [simd.splat_f32s(0.0); PATCH];
                for (i, d) in d.iter_mut().enumerate() {
                    // SAFETY: the patch lies inside the picture, or is the scratch copy of 6 x 6 pixels; `c` plus one
                    // vector stays within a pixel because the vector width divides the channels.
                    *d = unsafe {
                        source.add(i * row_stride + column * channels + c).cast::<S::f32s>().read_unaligned()
                    };
                }
                let d = transform::input(simd, d);
                for (half, d) in half.iter_mut().zip(d) {
                    half[column] = d;
                }
            }
            let (step, at) = (c / plan.step_depth, c % plan.step_depth);
            let offset = step * FREQUENCIES * stride + row * plan.step_depth + at;
            let target = self.scratch.transformed[offset..].as_mut_ptr();
            for (i, half) in half.iter().enumerate() {
                for (j, value) in transform::input(simd, *half).into_iter().enumerate() {
                    // SAFETY: for each step `transformed` has 36 matrices of `stride` values, and row `row` of each has
                    // `step_depth`; `at` and `step_depth` are whole vectors, so this one ends inside the row.
                    unsafe {
                        target.add((i * PATCH + j) * stride).cast::<S::f32s>().write_unaligned(value);
                    }
                }
            }
            c += S::F32_LANES;
        }
    }

    /// Copies a patch that reaches over the edge, with zeros outside.
    #[inline(always)]
    fn copy_patch(&mut self, input: &[f32], y: isize, x: isize) {
        let plan = self.plan;
        let channels = plan.in_channels;
        for (i, pixel) in self.scratch.patch.chunks_exact_mut(channels).enumerate() {
            let (y, x) = (y + (i / PATCH) as isize, x + (i % PATCH) as isize);
            if y >= 0 && x >= 0 && (y as usize) < plan.height && (x as usize) < plan.width {
                pixel.copy_from_slice(&input[(y as usize * plan.width + x as usize) * channels..][..channels]);
            } else {
                pixel.fill(0.0);
            }
        }
    }

    /// Spreads the gradient of a pooled map over the patch of a tile, with zeros outside.
    #[inline(always)]
    fn unpool_patch<S: Simd>(&mut self, simd: S, gradient: &[f32], pooling: Pooling, tile: usize) {
        let plan = self.plan;
        let channels = plan.in_channels;
        let (height, width) = (plan.height / 2, plan.width / 2);
        let (tile_y, tile_x) = (tile / plan.tiles_across * (TILE / 2), tile % plan.tiles_across * (TILE / 2));
        // The patch begins in the middle of a square and ends in the middle of another: four by four squares.
        for square in 0..16 {
            let (row, column) = (square / 4, square % 4);
            let (y, x) = ((tile_y + row).wrapping_sub(1), (tile_x + column).wrapping_sub(1));
            let source = (y < height && x < width).then(|| &gradient[(y * width + x) * channels..][..channels]);
            for index in 0..4 {
                let (patch_y, patch_x) =
                    ((2 * row + index / 2).wrapping_sub(1), (2 * column + index % 2).wrapping_sub(1));
                if patch_y >= PATCH || patch_x >= PATCH {
                    continue;
                }
                let pixel = &mut self.scratch.patch[(patch_y * PATCH + patch_x) * channels..][..channels];
                let Some(source) = source else {
                    pixel.fill(0.0);
                    continue;
                };
                let mut c = 0;
                while c < channels {
                    // SAFETY: both have `channels` values, which the vector width divides.
                    unsafe {
                        let value = source.as_ptr().add(c).cast::<S::f32s>().read_unaligned();
                        let value = finish::unpool(simd, pooling, value, index);
                        pixel.as_mut_ptr().add(c).cast::<S::f32s>().write_unaligned(value);
                    }
                    c += S::F32_LANES;
                }
            }
        }
    }

    /// The 36 products for output channels `channel..channel + channels`.
    #[inline(always)]
    fn multiply<S: Simd>(&mut self, simd: S, rows: usize, channel: usize, channels: usize) {
        let plan = self.plan;
        let width = panel::width::<S>();
        let (input_stride, product_stride) = (plan.input_stride(), plan.product_stride());
        let first_panel = channel / width;
        let panels = channels.div_ceil(width);
        for step in 0..self.kernel.steps() {
            let depth = self.kernel.step(step);
            let mut stacks = [PanelStack::default(); MAX_PANELS];
            for (panel, stack) in stacks.iter_mut().enumerate().take(panels) {
                let scratch = &mut self.scratch.stacks[panel * plan.stack_len..][..plan.stack_len];
                *stack = self.kernel.stack(simd, first_panel + panel, step, scratch);
            }
            // What is multiplied after these panels at this step: they at the next, or the next block's at the first.
            let (next_panel, next_step) =
                if step + 1 < self.kernel.steps() { (first_panel, step + 1) } else { (first_panel + panels, 0) };
            // All panels of one frequency, before the next: its rows of transformed input stay in the cache.
            for frequency in 0..FREQUENCIES {
                let left = Left {
                    start: self.scratch.transformed[(step * FREQUENCIES + frequency) * input_stride..].as_ptr(),
                    row_stride: plan.step_depth,
                    depth_stride: 1,
                };
                for (panel, stack) in stacks.iter().enumerate().take(panels) {
                    self.kernel.prefetch((first_panel + panel, step), (next_panel + panel, next_step), frequency);
                    let target = Target {
                        start: self.scratch.products[frequency * product_stride + panel * width..].as_mut_ptr(),
                        row_stride: plan.output_block,
                        accumulate: step > 0,
                    };
                    // SAFETY: `transformed` has `rows` rows of this step's channels for each frequency, `products` as many of
                    // whole panels; the stack has a matrix of this depth and a panel's width for each frequency.
                    unsafe {
                        let matrix = stack.start.add(frequency * stack.stride);
                        panel::multiply(simd, rows, depth.len(), left, matrix, target);
                    }
                }
            }
        }
    }

    /// `y = A^T M A` for one tile, finished, into the output.
    #[inline(always)]
    fn transform_output<S: Simd>(&self, simd: S, row: usize, tile: usize, channel: usize, channels: usize) {
        let plan = self.plan;
        let tile = (tile / plan.tiles_across, tile % plan.tiles_across);
        let place = Place {
            tile,
            inside: (TILE.min(plan.height - tile.0 * TILE), TILE.min(plan.width - tile.1 * TILE)),
            size: (plan.height, plan.width),
            channels: plan.out_channels,
            channel,
        };
        let source = self.scratch.products[row * plan.output_block..].as_ptr();
        let stride = plan.product_stride();

        let mut c = 0;
        while c < channels {
            let mut half = [[simd.splat_f32s(0.0); PATCH]; TILE];
            for column in 0..PATCH {
                let mut m = [simd.splat_f32s(0.0); PATCH];
                for (i, m) in m.iter_mut().enumerate() {
                    // SAFETY: `products` has 36 matrices of `stride` values, and row `row` of each has the block.
                    *m = unsafe { source.add((i * PATCH + column) * stride + c).cast::<S::f32s>().read_unaligned() };
                }
                for (half, m) in half.iter_mut().zip(transform::output(simd, m)) {
                    half[column] = m;
                }
            }
            let mut values = [[simd.splat_f32s(0.0); TILE]; TILE];
            for (values, half) in values.iter_mut().zip(half) {
                *values = transform::output(simd, half);
            }
            // SAFETY: `convolve` has checked the output's size, `Conv3x3` that of what belongs to it; no other
            // task writes this tile and these channels.
            unsafe { self.finish.store(simd, &values, Place { channel: channel + c, ..place }, self.output.get()) };
            c += S::F32_LANES;
        }
    }
}
