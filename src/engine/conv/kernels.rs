//! The kernels of one layer in one direction, laid out for Winograd's matrix products.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::transform::{self, FREQUENCIES, PATCH};
use crate::engine::arena::Buffer;
use crate::engine::storage::SharedMut;
use crate::engine::{panel, prefetch, simd, threads};

/// Values of one 3x3 kernel.
const TAPS: usize = 9;

/// Channels must be a multiple of this, so that every vector width divides them.
const CHANNEL_MULTIPLE: usize = 16;

/// Input channels of one step of the product: the 36 matrices of a panel of this depth, made anew for every task where
/// they are not kept, stay in the second-level cache.
const DEPTH_STEP: usize = 64;

/// Room between the 36 matrices of one panel, in floats: keeps them off the same cache sets.
const STAGGER: usize = 16;

/// Up to this many pairs of channels the transformed kernels are kept; beyond, they would take four times the memory
/// of the plain ones, and where they are used for few tiles, reading them would take longer than transforming anew.
const KEPT_PAIRS: usize = 256 * 256;

/// Kernels, panel by panel (a panel is a few output channels wide), step by step in depth.
pub struct WinogradKernel {
    in_channels: usize,
    out_channels: usize,
    width: usize,
    layout: Layout,
}

enum Layout {
    /// `[panel][step][36][input channel][panel width]`.
    Transformed(Buffer),
    /// `[panel][input channel][9][panel width]`.
    Plain(Buffer),
}

/// The 36 matrices of one panel at one step: matrix `f` begins at `start + f * stride`, `depth x panel width` each.
#[derive(Clone, Copy)]
pub struct PanelStack {
    pub start: *const f32,
    pub stride: usize,
}

impl Default for PanelStack {
    fn default() -> Self {
        Self { start: std::ptr::null(), stride: 0 }
    }
}

impl WinogradKernel {
    /// Lays out `weight(output channel, input channel)`, which gives a 3x3 kernel.
    pub fn new(in_channels: usize, out_channels: usize, weight: impl Fn(usize, usize) -> [f32; TAPS] + Sync) -> Self {
        assert!(
            in_channels.is_multiple_of(CHANNEL_MULTIPLE) && out_channels.is_multiple_of(CHANNEL_MULTIPLE),
            "{in_channels} -> {out_channels} channels, expected multiples of {CHANNEL_MULTIPLE}"
        );
        let width = panel::panel_width();
        let panels = out_channels.div_ceil(width);
        let panel_len = in_channels * TAPS * width;
        let mut plain = Buffer::zeros(panels * panel_len);
        threads::pool().install(|| {
            plain.values_mut().par_chunks_mut(panel_len).enumerate().for_each(|(panel, values)| {
                for (c, values) in values.chunks_exact_mut(TAPS * width).enumerate() {
                    for lane in 0..width.min(out_channels - panel * width) {
                        for (tap, value) in weight(panel * width + lane, c).into_iter().enumerate() {
                            values[tap * width + lane] = value;
                        }
                    }
                }
            });
        });
        let mut kernel = Self { in_channels, out_channels, width, layout: Layout::Plain(plain) };
        if in_channels * out_channels <= KEPT_PAIRS {
            kernel.layout = Layout::Transformed(kernel.transformed());
        }
        kernel
    }

    /// All panels, transformed.
    fn transformed(&self) -> Buffer {
        let steps = self.in_channels.div_ceil(DEPTH_STEP);
        let mut all = Buffer::zeros(self.panels() * steps * self.stack_len());
        let shared = SharedMut::new(all.values_mut());
        threads::pool().install(|| {
            (0..self.panels() * steps).into_par_iter().for_each(|i| {
                // SAFETY: stack `i` lies inside `all` and is written by this task alone.
                let stack =
                    unsafe { std::slice::from_raw_parts_mut(shared.get().add(i * self.stack_len()), self.stack_len()) };
                simd::arch().dispatch(TransformStack { kernel: self, panel: i / steps, step: i % steps, stack });
            });
        });
        all
    }

    pub fn in_channels(&self) -> usize {
        self.in_channels
    }

    pub fn out_channels(&self) -> usize {
        self.out_channels
    }

    /// Output channels of one panel.
    pub fn width(&self) -> usize {
        self.width
    }

    fn panels(&self) -> usize {
        self.out_channels.div_ceil(self.width)
    }

    /// The input channels of one step.
    #[inline(always)]
    pub fn step(&self, step: usize) -> std::ops::Range<usize> {
        step * DEPTH_STEP..((step + 1) * DEPTH_STEP).min(self.in_channels)
    }

    /// Steps that make up the whole depth.
    pub fn steps(&self) -> usize {
        self.in_channels.div_ceil(DEPTH_STEP)
    }

    /// Input channels of every step but the last.
    pub fn step_depth(&self) -> usize {
        self.in_channels.min(DEPTH_STEP)
    }

    fn stack_stride(&self) -> usize {
        self.in_channels.min(DEPTH_STEP) * self.width + STAGGER
    }

    fn stack_len(&self) -> usize {
        FREQUENCIES * self.stack_stride()
    }

    /// Floats that [`WinogradKernel::stack`] needs for each panel that is in use at the same time.
    pub fn scratch_len(&self) -> usize {
        match self.layout {
            Layout::Transformed(_) => 0,
            Layout::Plain(_) => self.stack_len(),
        }
    }

    /// The transformed kernels of one panel at one step, made in `scratch` if they are not kept.
    #[inline(always)]
    pub fn stack<S: Simd>(&self, simd: S, panel: usize, step: usize, scratch: &mut [f32]) -> PanelStack {
        let start = match &self.layout {
            Layout::Transformed(all) => {
                all.values()[(panel * self.steps() + step) * self.stack_len()..][..self.stack_len()].as_ptr()
            }
            Layout::Plain(_) => {
                self.transform_stack(simd, panel, step, scratch);
                scratch.as_ptr()
            }
        };
        PanelStack { start, stride: self.stack_stride() }
    }

    /// Asks for the kernels that are read next while matrix `frequency` of the stack `(panel, step)` is multiplied: the
    /// matrix after it where stacks are kept, else a share of what the stack `next` will be made of.
    #[inline(always)]
    pub fn prefetch(&self, (panel, step): (usize, usize), next: (usize, usize), frequency: usize) {
        match &self.layout {
            Layout::Transformed(all) => {
                let stride = self.stack_stride();
                let matrix = (panel * self.steps() + step) * self.stack_len() + (frequency + 1) * stride;
                prefetch::into_second_level(all.values(), matrix..matrix + stride);
            }
            Layout::Plain(plain) if next.0 < self.panels() => {
                let source = self.plain_range(next.0, next.1);
                let share = |frequency| source.start + source.len() * frequency / FREQUENCIES;
                prefetch::into_second_level(plain.values(), share(frequency)..share(frequency + 1));
            }
            Layout::Plain(_) => (),
        }
    }

    /// Where the plain kernels of one panel at one step lie.
    #[inline(always)]
    fn plain_range(&self, panel: usize, step: usize) -> std::ops::Range<usize> {
        let (first, channels) = (panel * self.in_channels, self.step(step));
        (first + channels.start) * TAPS * self.width..(first + channels.end) * TAPS * self.width
    }

    /// `U = G g G^T` for every kernel of one panel at one step.
    #[inline(always)]
    fn transform_stack<S: Simd>(&self, simd: S, panel: usize, step: usize, stack: &mut [f32]) {
        let Layout::Plain(plain) = &self.layout else { return };
        let (width, stride) = (self.width, self.stack_stride());
        let pixel = TAPS * width;
        let plain = &plain.values()[self.plain_range(panel, step)];
        assert!(stack.len() >= FREQUENCIES * stride, "room for 36 matrices");
        for (c, plain) in plain.chunks_exact(pixel).enumerate() {
            let mut lane = 0;
            while lane < width {
                let mut columns = [[simd.splat_f32s(0.0); PATCH]; 3];
                for (x, column) in columns.iter_mut().enumerate() {
                    let mut taps = [simd.splat_f32s(0.0); 3];
                    for (y, tap) in taps.iter_mut().enumerate() {
                        // SAFETY: nine vectors of `width` values each, of which this is the one at `lane`.
                        *tap = unsafe {
                            plain.as_ptr().add((y * 3 + x) * width + lane).cast::<S::f32s>().read_unaligned()
                        };
                    }
                    *column = transform::kernel(simd, taps);
                }
                let [left, middle, right] = columns;
                for (y, ((left, middle), right)) in left.into_iter().zip(middle).zip(right).enumerate() {
                    let row = transform::kernel(simd, [left, middle, right]);
                    for (x, value) in row.into_iter().enumerate() {
                        // SAFETY: matrix y * 6 + x has `channels.len()` rows of `width` values within its stride.
                        unsafe {
                            let target = stack.as_mut_ptr().add((y * PATCH + x) * stride + c * width + lane);
                            target.cast::<S::f32s>().write_unaligned(value);
                        }
                    }
                }
                lane += S::F32_LANES;
            }
        }
    }
}

struct TransformStack<'a> {
    kernel: &'a WinogradKernel,
    panel: usize,
    step: usize,
    stack: &'a mut [f32],
}

impl WithSimd for TransformStack<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.kernel.transform_stack(simd, self.panel, self.step, self.stack);
    }
}
