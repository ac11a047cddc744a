//! The matrix product at the heart of the convolution: a few rows times one narrow panel, kept in registers.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Vectors that one panel is wide.
const PANEL_VECTORS: usize = 2;

/// Rows that one call computes: with two vectors a row this fills the registers of AVX-512 (32) or AVX2 (16) and
/// leaves room for the panel and one broadcast.
#[inline(always)]
pub const fn rows_per_call<S: Simd>() -> usize {
    if S::F32_LANES >= 16 { 12 } else { 6 }
}

/// The largest [`rows_per_call`], for sizing buffers.
pub const MAX_ROWS_PER_CALL: usize = 12;

/// Columns of one panel on the machine's best instruction set.
pub fn panel_width() -> usize {
    struct Width;
    impl WithSimd for Width {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            PANEL_VECTORS * S::F32_LANES
        }
    }
    Arch::new().dispatch(Width)
}

/// A stack of matrices `[count][depth][columns]`, stored panel by panel so that the product reads them in order:
/// `[count][columns / width][depth][width]`, the last panel padded with zeros.
pub struct PanelMatrix {
    data: Vec<f32>,
    depth: usize,
    panels: usize,
    width: usize,
}

impl PanelMatrix {
    /// Lays out `count` matrices; `fill(column, row, out)` writes element (row, column) of all of them to `out`.
    pub fn from_fn(count: usize, depth: usize, columns: usize, fill: impl Fn(usize, usize, &mut [f32]) + Sync) -> Self {
        let width = panel_width();
        let panels = columns.div_ceil(width);
        let panel_len = depth * width;
        let mut data = vec![0f32; count * panels * panel_len];
        // One task per panel and a small transpose through `element`, because the matrices of one element lie far apart.
        let shared = crate::engine::storage::SharedMut::new(&mut data);
        crate::engine::threads::pool().install(|| {
            (0..panels).into_par_iter().for_each_init(
                || vec![0f32; count * width],
                |row_elements, panel| {
                    let columns_here = width.min(columns - panel * width);
                    for row in 0..depth {
                        for column in 0..columns_here {
                            fill(panel * width + column, row, &mut row_elements[column * count..][..count]);
                        }
                        for matrix in 0..count {
                            let offset = ((matrix * panels + panel) * depth + row) * width;
                            for column in 0..columns_here {
                                // SAFETY: `offset + column` lies inside `data` (matrix < count, panel < panels,
                                // row < depth, column < width) and belongs to this task's panel alone.
                                unsafe { *shared.get().add(offset + column) = row_elements[column * count + matrix] };
                            }
                        }
                    }
                },
            );
        });
        Self { data, depth, panels, width }
    }

    /// Number of rows of each matrix.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Columns in one panel.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of panels in each matrix.
    pub fn panels(&self) -> usize {
        self.panels
    }

    /// One panel of one matrix, `depth * width` values.
    #[inline(always)]
    pub fn panel(&self, matrix: usize, panel: usize) -> &[f32] {
        let len = self.depth * self.width;
        &self.data[(matrix * self.panels + panel) * len..][..len]
    }
}

/// `output[r][0..width] = sum_c left[r][c] * panel[c][0..width]` for `r` in `0..rows`.
///
/// `left` has `left_stride` values from row to row, `output` has `output_stride`. Rows are computed in groups of
/// [`rows_per_call`]; the last group may compute up to that many rows more than asked for.
///
/// # Safety
/// `left` must be readable and `output` writable for `rows` rounded up to a multiple of [`rows_per_call`] rows, each of
/// `panel.len() / width` (left) and `width` (output) values; `output` must not overlap the inputs.
#[inline(always)]
pub unsafe fn multiply<S: Simd>(
    simd: S,
    rows: usize,
    left: *const f32,
    left_stride: usize,
    panel: &[f32],
    output: *mut f32,
    output_stride: usize,
) {
    let group = rows_per_call::<S>();
    let mut row = 0;
    while row < rows {
        // SAFETY: the caller vouches for all rows of this group.
        unsafe {
            let (left, output) = (left.add(row * left_stride), output.add(row * output_stride));
            if group == 12 {
                multiply_group::<S, 12>(simd, left, left_stride, panel, output, output_stride);
            } else {
                multiply_group::<S, 6>(simd, left, left_stride, panel, output, output_stride);
            }
        }
        row += group;
    }
}

/// # Safety
/// As for [`multiply`], for `ROWS` rows.
#[inline(always)]
unsafe fn multiply_group<S: Simd, const ROWS: usize>(
    simd: S,
    left: *const f32,
    left_stride: usize,
    panel: &[f32],
    output: *mut f32,
    output_stride: usize,
) {
    let lanes = S::F32_LANES;
    let depth = panel.len() / (PANEL_VECTORS * lanes);
    let mut sums = [[simd.splat_f32s(0.0); PANEL_VECTORS]; ROWS];
    let mut panel = panel.as_ptr();
    for c in 0..depth {
        // SAFETY: `panel` has `depth` rows of two vectors; row `c` of `left` is promised by the caller.
        unsafe {
            let right = [panel.cast::<S::f32s>().read_unaligned(), panel.add(lanes).cast::<S::f32s>().read_unaligned()];
            for (r, sums) in sums.iter_mut().enumerate() {
                let value = simd.splat_f32s(*left.add(r * left_stride + c));
                sums[0] = simd.mul_add_e_f32s(value, right[0], sums[0]);
                sums[1] = simd.mul_add_e_f32s(value, right[1], sums[1]);
            }
            panel = panel.add(PANEL_VECTORS * lanes);
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (i, sum) in sums.iter().enumerate() {
            // SAFETY: the caller promises `ROWS` rows of two vectors at `output`.
            unsafe { output.add(r * output_stride + i * lanes).cast::<S::f32s>().write_unaligned(*sum) };
        }
    }
}
