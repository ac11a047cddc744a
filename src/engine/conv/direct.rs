//! The convolution next to the pixels, whose three channels are too few for Winograd: a patch matrix times the kernels.
//!
//! Beyond the edges it sees zeros, which are the mean colour since that is subtracted, or the outermost pixels again.
//! Repeated pixels leave no frame in the painting (found by K. Crowson in style-transfer-pytorch): to a network that sees
//! grey there every edge of the picture is an edge in the picture, and the style is painted to suit it.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::engine::panel::{self, Left, PanelMatrix, Target};
use crate::engine::storage::SharedMut;
use crate::engine::{simd, threads};
use crate::recipe::Edges;

/// Colour channels of the canvas.
pub const COLOURS: usize = 3;
/// Values of one 3x3 patch of colours.
const PATCH: usize = 9 * COLOURS;
/// Pixels of one row that are gathered and multiplied together.
const RUN: usize = 96;
/// Picture rows of one task.
const ROWS_PER_TASK: usize = 8;

/// The kernels of the first layer, in both directions.
pub struct DirectKernel {
    /// Patch -> features, 27 x out.
    forward: PanelMatrix,
    /// Features -> patch, out x 27.
    backward: PanelMatrix,
    out_channels: usize,
}

impl DirectKernel {
    /// Lays out `weight` (`[out][3][3][3]`: output, colour, row, column).
    pub fn new(out_channels: usize, weight: &[f32]) -> Self {
        assert_eq!(weight.len(), out_channels * PATCH, "weights of {out_channels} x 3 x 3 x 3");
        // Patches are gathered as pixel by pixel, colour by colour.
        let at = |output: usize, value: usize| weight[output * PATCH + (value % COLOURS) * 9 + value / COLOURS];
        Self {
            forward: PanelMatrix::from_fn(PATCH, out_channels, |value, output| at(output, value)),
            backward: PanelMatrix::from_fn(out_channels, PATCH, at),
            out_channels,
        }
    }
}

/// A picture's height and width, and what is seen beyond them.
#[derive(Clone, Copy)]
pub struct Frame {
    pub height: usize,
    pub width: usize,
    pub edges: Edges,
}

/// The position of the pixel that is seen at `tap` (0 to 2) around position `at` along a side of `len` pixels; `None`
/// stands for zeros.
#[inline(always)]
fn seen(edges: Edges, at: usize, tap: usize, len: usize) -> Option<usize> {
    match (at + tap).checked_sub(1) {
        Some(position) if position < len => Some(position),
        _ if edges == Edges::Zeros => None,
        Some(_) => Some(len - 1),
        None => Some(0),
    }
}

/// `output = max(conv(input) + bias, 0)`: height x width x 3 to height x width x out.
pub fn forward(kernel: &DirectKernel, frame: Frame, input: &[f32], bias: &[f32], output: &mut [f32]) {
    let (Frame { height, width, .. }, channels) = (frame, kernel.out_channels);
    assert_eq!(input.len(), height * width * COLOURS, "canvas of {height} x {width} x {COLOURS}");
    assert_eq!(output.len(), height * width * channels, "output of {height} x {width} x {channels}");
    assert_eq!(bias.len(), channels, "bias of {channels}");
    threads::pool().install(|| {
        output.par_chunks_mut(ROWS_PER_TASK * width * channels).enumerate().for_each(|(task, output)| {
            let first_row = task * ROWS_PER_TASK;
            simd::arch().dispatch(Forward { kernel, frame, input, bias, output, first_row });
        });
    });
}

struct Forward<'a> {
    kernel: &'a DirectKernel,
    frame: Frame,
    input: &'a [f32],
    bias: &'a [f32],
    output: &'a mut [f32],
    first_row: usize,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (panels, width) = (&self.kernel.forward, self.frame.width);
        let padded = panels.panels() * panels.width();
        let mut patches = vec![0f32; RUN * PATCH];
        let mut products = vec![0f32; RUN * padded];
        let row_len = width * self.kernel.out_channels;
        for (row, output) in self.output.chunks_exact_mut(row_len).enumerate() {
            let y = self.first_row + row;
            let mut x = 0;
            while x < width {
                let run = RUN.min(width - x);
                for (i, patch) in patches.chunks_exact_mut(PATCH).enumerate().take(run) {
                    gather_patch(self.input, self.frame, y, x + i, patch);
                }
                for panel in 0..panels.panels() {
                    let left = Left { start: patches.as_ptr(), row_stride: PATCH, depth_stride: 1 };
                    let start = products[panel * panels.width()..].as_mut_ptr();
                    let target = Target { start, row_stride: padded, accumulate: false };
                    // SAFETY: both buffers have RUN rows, and `run <= RUN`; a patch has PATCH values, a row of products
                    // `padded`, which is all panels side by side, and a panel is PATCH deep.
                    unsafe { panel::multiply(simd, run, PATCH, left, panels.panel(panel).as_ptr(), target) };
                }
                let pixels = output[x * self.kernel.out_channels..].chunks_exact_mut(self.kernel.out_channels);
                for (pixel, product) in pixels.zip(products.chunks_exact(padded)).take(run) {
                    for ((pixel, product), bias) in pixel.iter_mut().zip(product).zip(self.bias) {
                        *pixel = (product + bias).max(0.0);
                    }
                }
                x += run;
            }
        }
    }
}

/// The 27 values around (y, x).
#[inline(always)]
fn gather_patch(input: &[f32], frame: Frame, y: usize, x: usize, patch: &mut [f32]) {
    let Frame { height, width, edges } = frame;
    for (dy, patch_row) in patch.chunks_exact_mut(3 * COLOURS).enumerate() {
        let Some(source_y) = seen(edges, y, dy, height) else {
            patch_row.fill(0.0);
            continue;
        };
        if x > 0 && x + 1 < width {
            patch_row.copy_from_slice(&input[(source_y * width + x - 1) * COLOURS..][..3 * COLOURS]);
        } else {
            for (dx, pixel) in patch_row.chunks_exact_mut(COLOURS).enumerate() {
                match seen(edges, x, dx, width) {
                    None => pixel.fill(0.0),
                    Some(source_x) => {
                        pixel.copy_from_slice(&input[(source_y * width + source_x) * COLOURS..][..COLOURS]);
                    }
                }
            }
        }
    }
}

/// The gradient with respect to the canvas of `sum(gradient * conv(canvas))`: height x width x out to height x width x 3.
///
/// Each pixel's features are spread over the 27 values of its patch by one product, then overlapping patches are added;
/// what falls on a repeated pixel belongs to the pixel at the edge.
pub fn input_gradient(kernel: &DirectKernel, frame: Frame, gradient: &[f32], output: &mut [f32]) {
    let (Frame { height, width, .. }, channels) = (frame, kernel.out_channels);
    assert_eq!(gradient.len(), height * width * channels, "gradient of {height} x {width} x {channels}");
    assert_eq!(output.len(), height * width * COLOURS, "canvas of {height} x {width} x {COLOURS}");
    let output = SharedMut::new(output);
    threads::pool().install(|| {
        (0..height.div_ceil(ROWS_PER_TASK)).into_par_iter().for_each(|task| {
            simd::arch().dispatch(Backward { kernel, frame, gradient, output, first_row: task * ROWS_PER_TASK });
        });
    });
}

struct Backward<'a> {
    kernel: &'a DirectKernel,
    frame: Frame,
    gradient: &'a [f32],
    output: SharedMut,
    first_row: usize,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Frame { height, width, edges } = self.frame;
        let panels = &self.kernel.backward;
        let channels = self.kernel.out_channels;
        let padded = panels.panels() * panels.width();
        let last_row = (self.first_row + ROWS_PER_TASK).min(height);
        let row_len = width * COLOURS;
        // SAFETY: these rows belong to this task alone and lie inside the output, whose length was checked.
        let output = unsafe {
            std::slice::from_raw_parts_mut(
                self.output.get().add(self.first_row * row_len),
                (last_row - self.first_row) * row_len,
            )
        };
        output.fill(0.0);

        let mut products = vec![0f32; RUN * padded];
        // A row of features reaches one row up and down, so the neighbours of this task's rows take part.
        for y in self.first_row.saturating_sub(1)..(last_row + 1).min(height) {
            let mut x = 0;
            while x < width {
                let run = RUN.min(width - x);
                let source = &self.gradient[(y * width + x) * channels..][..run * channels];
                for panel in 0..panels.panels() {
                    let left = Left { start: source.as_ptr(), row_stride: channels, depth_stride: 1 };
                    let start = products[panel * panels.width()..].as_mut_ptr();
                    let target = Target { start, row_stride: padded, accumulate: false };
                    // SAFETY: `source` and `products` have at least `run` rows, of `channels` values and of `padded`,
                    // which is all panels side by side; a panel is `channels` deep.
                    unsafe { panel::multiply(simd, run, channels, left, panels.panel(panel).as_ptr(), target) };
                }
                for dy in 0..3 {
                    // Output row y of the convolution read canvas row y + dy - 1.
                    let target_y = seen(edges, y, dy, height).filter(|y| (self.first_row..last_row).contains(y));
                    let Some(target_y) = target_y else { continue };
                    let row = &mut output[(target_y - self.first_row) * row_len..][..row_len];
                    for (i, product) in products.chunks_exact(padded).enumerate().take(run) {
                        for dx in 0..3 {
                            if let Some(target_x) = seen(edges, x + i, dx, width) {
                                let patch = &product[(dy * 3 + dx) * COLOURS..][..COLOURS];
                                let pixel = &mut row[target_x * COLOURS..][..COLOURS];
                                for (pixel, value) in pixel.iter_mut().zip(patch) {
                                    *pixel += value;
                                }
                            }
                        }
                    }
                }
                x += run;
            }
        }
    }
}
