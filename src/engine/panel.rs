//! The matrix product at the heart of the engine: a few rows times one narrow panel, kept in registers.

use pulp::{Simd, WithSimd};

use super::simd;

/// Vectors that one panel is wide.
const PANEL_VECTORS: usize = 2;

/// The most rows that any instruction set computes together.
const MAX_ROWS_PER_CALL: usize = 12;

/// Rows that are computed together with panels of this width: with two vectors a row this fills the registers of
/// AVX-512 (32) or AVX2 (16) and leaves room for the panel and one broadcast. A multiple of them wastes nothing.
#[inline(always)]
pub const fn rows_per_call(width: usize) -> usize {
    if width >= 16 * PANEL_VECTORS { MAX_ROWS_PER_CALL } else { 6 }
}

/// Columns of one panel for an instruction set.
#[inline(always)]
pub const fn width<S: Simd>() -> usize {
    PANEL_VECTORS * S::F32_LANES
}

/// Columns of one panel on the instruction set in use.
pub fn panel_width() -> usize {
    struct Width;
    impl WithSimd for Width {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            width::<S>()
        }
    }
    simd::arch().dispatch(Width)
}

/// The left side of a product: element (row, c) is at `row * row_stride + c * depth_stride`.
#[derive(Clone, Copy)]
pub struct Left {
    /// Element (0, 0).
    pub start: *const f32,
    /// Distance of neighbouring rows.
    pub row_stride: usize,
    /// Distance of neighbouring elements of one row.
    pub depth_stride: usize,
}

/// Where a product goes: element (row, column) is at `row * row_stride + column`.
#[derive(Clone, Copy)]
pub struct Target {
    /// Element (0, 0).
    pub start: *mut f32,
    /// Distance of neighbouring rows.
    pub row_stride: usize,
    /// Whether the product is added to what is there.
    pub accumulate: bool,
}

/// `target[r][0..width] = [target +] sum_c left[r][c] * panel[c][0..width]` for `r` in `0..rows` and `c` in `0..depth`.
///
/// The panel is contiguous, `depth x width`.
///
/// # Safety
/// `left` must be readable for `rows x depth`, `panel` for `depth x width`, and `target` writable (and readable, if it
/// accumulates) for `rows x width` values; `target` must not overlap the inputs.
#[inline(always)]
pub unsafe fn multiply<S: Simd>(simd: S, rows: usize, depth: usize, left: Left, panel: *const f32, target: Target) {
    let mut row = 0;
    macro_rules! groups_of {
        ($rows:literal) => {
            while rows - row >= $rows {
                // SAFETY: the caller vouches for all rows below `rows`.
                unsafe {
                    let left = Left { start: left.start.add(row * left.row_stride), ..left };
                    let target = Target { start: target.start.add(row * target.row_stride), ..target };
                    multiply_group::<S, $rows>(simd, depth, left, panel, target);
                }
                row += $rows;
            }
        };
    }
    if rows_per_call(width::<S>()) == MAX_ROWS_PER_CALL {
        groups_of!(12);
    }
    groups_of!(6);
    // What is left over, without computing rows that nobody wants.
    groups_of!(4);
    groups_of!(2);
    groups_of!(1);
}

/// # Safety
/// As for [`multiply`], for `ROWS` rows.
#[inline(always)]
unsafe fn multiply_group<S: Simd, const ROWS: usize>(
    simd: S,
    depth: usize,
    left: Left,
    panel: *const f32,
    target: Target,
) {
    let lanes = S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); PANEL_VECTORS]; ROWS];
    // One pointer for three rows, so that the others are reached by addressing modes and not by arithmetic.
    let mut rows = [left.start; MAX_ROWS_PER_CALL / 3];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = left.start.wrapping_add(3 * i * left.row_stride);
    }
    let mut panel = panel;
    // One column at a time: unrolled, the compiler reads ahead more of the panel than there are registers for, and the
    // sums go through memory (a third slower on AVX-512).
    for _ in 0..depth {
        // SAFETY: this column of `left` and this row of `panel` are promised by the caller.
        unsafe {
            let right = panel.cast::<S::f32s>();
            let right = [right.read_unaligned(), right.add(1).read_unaligned()];
            for (r, sums) in sums.iter_mut().enumerate() {
                let value = simd.splat_f32s(*rows[r / 3].add(r % 3 * left.row_stride));
                sums[0] = simd.mul_add_e_f32s(value, right[0], sums[0]);
                sums[1] = simd.mul_add_e_f32s(value, right[1], sums[1]);
            }
        }
        // Wrapping, since after the last column these point past what is promised.
        panel = panel.wrapping_add(PANEL_VECTORS * lanes);
        for row in &mut rows {
            *row = row.wrapping_add(left.depth_stride);
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (i, sum) in sums.iter().enumerate() {
            // SAFETY: the caller promises `ROWS` rows of two vectors at `target`.
            unsafe {
                let at = target.start.add(r * target.row_stride + i * lanes).cast::<S::f32s>();
                let value = if target.accumulate { simd.add_f32s(*sum, at.read_unaligned()) } else { *sum };
                at.write_unaligned(value);
            }
        }
    }
}

/// A matrix `depth x columns` stored panel by panel, so that the product reads it in order:
/// `[columns / width][depth][width]`, the last panel padded with zeros.
pub struct PanelMatrix {
    data: Vec<f32>,
    depth: usize,
    panels: usize,
    width: usize,
}

impl PanelMatrix {
    /// Lays out the matrix whose element (row, column) is `value(row, column)`.
    pub fn from_fn(depth: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let width = panel_width();
        let panels = columns.div_ceil(width);
        let mut data = vec![0f32; panels * depth * width];
        for (panel, data) in data.chunks_exact_mut(depth * width).enumerate() {
            let first = panel * width;
            for (row, data) in data.chunks_exact_mut(width).enumerate() {
                for (column, element) in data.iter_mut().enumerate().take(columns - first) {
                    *element = value(row, first + column);
                }
            }
        }
        Self { data, depth, panels, width }
    }

    /// Columns in one panel.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of panels.
    pub fn panels(&self) -> usize {
        self.panels
    }

    /// One panel, `depth * width` values.
    #[inline(always)]
    pub fn panel(&self, panel: usize) -> &[f32] {
        let len = self.depth * self.width;
        &self.data[panel * len..][..len]
    }
}
