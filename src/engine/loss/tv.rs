//! Total variation: neighbouring pixels should be alike (L2, nine-point).
//!
//! `TV(x) = 1/n * (2/3 * sum over side neighbours (x_p - x_q)^2 + 1/6 * sum over diagonal neighbours (x_p - x_q)^2)` with
//! `n` values in the canvas, each pair counted once. Its gradient is `-2/n` times the nine-point Laplacian, the stencil
//! whose error is the same in all directions (Rosser 1975), so no direction is smoothed more than another.

use candle_core::{CpuStorage, CustomOp1, InplaceOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::engine::storage::{values, values_mut};
use crate::engine::threads;

const SIDE: f32 = 2.0 / 3.0;
const DIAGONAL: f32 = 1.0 / 6.0;

/// `TV(canvas)`, without a weight; canvas `(height, width, channels)` on the 0..255 scale.
///
/// # Errors
/// When the tensor is not a contiguous `f32` picture, or the device fails.
pub fn loss(canvas: &Tensor) -> Result<f64> {
    canvas.apply_op1_no_bwd(&Value)?.to_scalar()
}

/// `gradient = gradient + weight * dTV/dcanvas`.
///
/// # Errors
/// When the tensors differ in size or the device fails.
pub fn add_gradient(weight: f64, canvas: &Tensor, gradient: &Tensor) -> Result<()> {
    gradient.inplace_op2(canvas, &AddGradient(weight))
}

struct Value;

impl CustomOp1 for Value {
    fn name(&self) -> &'static str {
        "total-variation"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width, channels) = layout.shape().dims3()?;
        let canvas = values(storage, layout)?;
        let row_len = width * channels;
        let row_sum = |(y, row): (usize, &[f32])| {
            let squares = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
            let mut side = squares(&row[channels..], row);
            let mut diagonal = 0.0;
            if let Some(below) = canvas.get((y + 1) * row_len..(y + 2) * row_len) {
                side += squares(row, below);
                diagonal = squares(&row[channels..], below) + squares(row, &below[channels..]);
            }
            f64::from(SIDE * side + DIAGONAL * diagonal)
        };
        let sums: Vec<f64> = threads::pool().install(|| canvas.par_chunks(row_len).enumerate().map(row_sum).collect());
        let total = sums.iter().sum::<f64>() / canvas.len() as f64;
        Ok((CpuStorage::F64(vec![total]), Shape::from(())))
    }
}

struct AddGradient(f64);

impl InplaceOp2 for AddGradient {
    fn name(&self) -> &'static str {
        "total-variation-gradient"
    }

    fn cpu_fwd(&self, out: &mut CpuStorage, out_l: &Layout, canvas: &CpuStorage, canvas_l: &Layout) -> Result<()> {
        let (height, width, channels) = canvas_l.shape().dims3()?;
        let (gradient, canvas) = (values_mut(out, out_l)?, values(canvas, canvas_l)?);
        if gradient.len() != canvas.len() {
            candle_core::bail!("gradient of {:?} for a canvas of {:?}", out_l.shape(), canvas_l.shape());
        }
        let row_len = width * channels;
        let factor = (2.0 * self.0 / canvas.len() as f64) as f32;
        threads::pool().install(|| {
            gradient.par_chunks_mut(row_len).enumerate().for_each(|(y, gradient)| {
                let row = |y: usize| &canvas[y * row_len..][..row_len];
                let here = row(y);
                let mut pull = |i: usize, neighbours: &[f32], j: usize, weight: f32| {
                    gradient[i] += factor * weight * (here[i] - neighbours[j]);
                };
                for i in 0..row_len {
                    let (left, right) = (i >= channels, i + channels < row_len);
                    if left {
                        pull(i, here, i - channels, SIDE);
                    }
                    if right {
                        pull(i, here, i + channels, SIDE);
                    }
                    for other in [y.checked_sub(1), Some(y + 1).filter(|y| *y < height)].into_iter().flatten() {
                        let other = row(other);
                        pull(i, other, i, SIDE);
                        if left {
                            pull(i, other, i - channels, DIAGONAL);
                        }
                        if right {
                            pull(i, other, i + channels, DIAGONAL);
                        }
                    }
                }
            });
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::engine::test_support::Noise;

    #[test]
    fn value_and_gradient_match_the_definition() {
        for (h, w) in [(1, 1), (1, 5), (5, 1), (4, 7)] {
            let values: Vec<f32> = Noise::new(7).vec(h * w * 3).iter().map(|v| v * 100.0).collect();
            let definition = |x: &[f32]| {
                let at = |y: usize, x_: usize, c: usize| f64::from(x[(y * w + x_) * 3 + c]);
                let mut sum = 0.0;
                for (y, x_, c) in (0..h).flat_map(|y| (0..w).flat_map(move |x| (0..3).map(move |c| (y, x, c)))) {
                    for (dy, dx, weight) in [(0, 1, 2.0 / 3.0), (1, 0, 2.0 / 3.0), (1, 1, 1.0 / 6.0)] {
                        if y + dy < h && x_ + dx < w {
                            sum += weight * (at(y, x_, c) - at(y + dy, x_ + dx, c)).powi(2);
                        }
                    }
                    if y + 1 < h && x_ > 0 {
                        sum += (at(y, x_, c) - at(y + 1, x_ - 1, c)).powi(2) / 6.0;
                    }
                }
                sum / (h * w * 3) as f64
            };
            let canvas = Tensor::from_slice(&values, (h, w, 3), &Device::Cpu).unwrap();
            let expected = definition(&values);
            assert!((loss(&canvas).unwrap() - expected).abs() <= 1e-5 * expected.max(1e-9), "{h} x {w}");
            let gradient = Tensor::ones((h, w, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
            add_gradient(0.5, &canvas, &gradient).unwrap();
            let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
            for i in 0..values.len() {
                let (mut up, mut down) = (values.clone(), values.clone());
                up[i] += 0.5;
                down[i] -= 0.5;
                let slope = 1.0 + 0.5 * (definition(&up) - definition(&down));
                assert!((f64::from(gradient[i]) - slope).abs() < 1e-3 * slope.abs().max(1.0), "{h} x {w}, element {i}");
            }
        }
    }
}
