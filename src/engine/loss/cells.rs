//! A canvas by cells of several pixels, as the [drawing](super::drawing) sees it: `A`, their mean light, its adjoint, and `D`,
//! the Laplacian over neighbouring cells. Cells are `(rows, columns)`, a canvas `(height, width, 3)`.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, InplaceOp2, Layout, Result};
use rayon::prelude::*;

#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::{values, values_mut};
use crate::engine::threads;

/// Colours of a pixel.
const CHANNELS: usize = 3;

/// `light = A canvas`.
pub struct Light;

/// `out = D x`, of the same shape.
pub struct Laplacian;

/// `canvas = canvas + factor A^T cells`.
pub struct AddToCells {
    /// What multiplies every cell.
    pub factor: f32,
}

/// Where cell `at` of `count` along a side of `len` pixels begins: all are as long as each other, to a pixel.
fn begin(at: usize, count: usize, len: usize) -> usize {
    at * len / count
}

/// The cell that has a pixel.
fn cell_of(pixel: usize, count: usize, len: usize) -> usize {
    ((pixel + 1) * count - 1) / len
}

/// The pixels of a row by cells.
fn by_cells(columns: usize, width: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let begin = move |column| CHANNELS * begin(column, columns, width);
    (0..columns).map(move |column| begin(column)..begin(column + 1))
}

/// Refuses cells, `(rows, columns)`, into which a canvas cannot be cut.
fn fits(cells: &Layout, canvas: &Layout) -> Result<()> {
    let ((rows, columns), (height, width, channels)) = (cells.shape().dims2()?, canvas.shape().dims3()?);
    if !(1..=height).contains(&rows) || !(1..=width).contains(&columns) || channels != CHANNELS {
        candle_core::bail!("cells of {:?} for a canvas of {:?}", cells.shape(), canvas.shape());
    }
    Ok(())
}

fn same_shape(out: &Layout, x: &Layout) -> Result<()> {
    if out.shape() != x.shape() {
        candle_core::bail!("the Laplacian of {:?} into {:?}", x.shape(), out.shape());
    }
    Ok(())
}

impl InplaceOp2 for Light {
    fn name(&self) -> &'static str {
        "light-of-cells"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        light: &mut CudaStorage,
        light_l: &Layout,
        canvas: &CudaStorage,
        canvas_l: &Layout,
    ) -> Result<()> {
        fits(light_l, canvas_l)?;
        cuda::light_of_cells((light, light_l), (canvas, canvas_l))
    }

    fn cpu_fwd(&self, light: &mut CpuStorage, light_l: &Layout, canvas: &CpuStorage, canvas_l: &Layout) -> Result<()> {
        fits(light_l, canvas_l)?;
        let ((rows, columns), (height, width, _)) = (light_l.shape().dims2()?, canvas_l.shape().dims3()?);
        let (light, canvas) = (values_mut(light, light_l)?, values(canvas, canvas_l)?);
        let row_len = width * CHANNELS;
        threads::pool().install(|| {
            light.par_chunks_mut(columns).enumerate().for_each(|(row, light)| {
                let (top, bottom) = (begin(row, rows, height), begin(row + 1, rows, height));
                light.fill(0.0);
                for canvas in canvas[top * row_len..bottom * row_len].chunks(row_len) {
                    for (light, cell) in light.iter_mut().zip(by_cells(columns, width)) {
                        *light += canvas[cell].iter().sum::<f32>();
                    }
                }
                for (light, cell) in light.iter_mut().zip(by_cells(columns, width)) {
                    *light /= ((bottom - top) * cell.len()) as f32;
                }
            });
        });
        Ok(())
    }
}

impl InplaceOp2 for Laplacian {
    fn name(&self) -> &'static str {
        "laplacian"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, out: &mut CudaStorage, out_l: &Layout, x: &CudaStorage, x_l: &Layout) -> Result<()> {
        same_shape(out_l, x_l)?;
        cuda::laplacian((out, out_l), (x, x_l))
    }

    fn cpu_fwd(&self, out: &mut CpuStorage, out_l: &Layout, x: &CpuStorage, x_l: &Layout) -> Result<()> {
        same_shape(out_l, x_l)?;
        let (rows, columns) = x_l.shape().dims2()?;
        let (out, x) = (values_mut(out, out_l)?, values(x, x_l)?);
        for (i, out) in out.iter_mut().enumerate() {
            let (row, column, here) = (i / columns, i % columns, x[i]);
            let towards = |there: bool, at: usize| if there { here - x[at] } else { 0.0 };
            *out = towards(row > 0, i.wrapping_sub(columns))
                + towards(row + 1 < rows, i + columns)
                + towards(column > 0, i.wrapping_sub(1))
                + towards(column + 1 < columns, i + 1);
        }
        Ok(())
    }
}

impl InplaceOp2 for AddToCells {
    fn name(&self) -> &'static str {
        "add-to-cells"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        canvas: &mut CudaStorage,
        canvas_l: &Layout,
        cells: &CudaStorage,
        cells_l: &Layout,
    ) -> Result<()> {
        fits(cells_l, canvas_l)?;
        cuda::add_to_cells(self.factor, (canvas, canvas_l), (cells, cells_l))
    }

    fn cpu_fwd(&self, canvas: &mut CpuStorage, canvas_l: &Layout, cells: &CpuStorage, cells_l: &Layout) -> Result<()> {
        fits(cells_l, canvas_l)?;
        let ((rows, columns), (height, width, _)) = (cells_l.shape().dims2()?, canvas_l.shape().dims3()?);
        let (canvas, cells) = (values_mut(canvas, canvas_l)?, values(cells, cells_l)?);
        threads::pool().install(|| {
            canvas.par_chunks_mut(width * CHANNELS).enumerate().for_each(|(y, canvas)| {
                let row = cell_of(y, rows, height);
                let side = begin(row + 1, rows, height) - begin(row, rows, height);
                for (value, cell) in cells[row * columns..][..columns].iter().zip(by_cells(columns, width)) {
                    let share = self.factor * value / (side * cell.len()) as f32;
                    canvas[cell].iter_mut().for_each(|pixel| *pixel += share);
                }
            });
        });
        Ok(())
    }
}
