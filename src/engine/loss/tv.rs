//! Total variation: neighbouring pixels should be alike, measured over all eight neighbours.
//!
//! `TV(x) = 1/n * sum over pairs of neighbours w_pq rho(x_p - x_q)` with `n` values in the canvas, each pair counted once: total
//! variation as Rudin, Osher and Fatemi (1992) have it in L1, and with squares, for pictures painted by optimisation, Mahendran and
//! Vedaldi (2015) in L2.
//!
//! **L2**: `rho(d) = d^2`, `w` = 2/3 beside, 1/6 across corners. The gradient is `-2/n` times the nine-point Laplacian, the
//! stencil whose error is the same in all directions (Rosser 1975), so no direction is smoothed more than another.
//!
//! **L1**: `rho(d) = s (sqrt(d^2 + e^2) - e)`, `w` = 1 beside, `1/sqrt(2)` across corners, with which an edge costs the same
//! for its length along the axes and along the diagonals. A large step costs no more than many small ones of the same
//! height, so edges stay while grain goes. The plain absolute value has no slope at zero, where the canvas is meant to go;
//! `e = 1` level rounds it off below what eight bits can show. The factor `s` makes the gradient as strong as that of L2
//! on the canvas that the default recipe paints, so that the same weight smooths about as much.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, InplaceOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::{values, values_mut};
use crate::engine::threads;
use crate::engine::vector::{Loss, Sum};
use crate::recipe::TvNorm;

/// What a difference between neighbours costs.
trait Penalty: Sync {
    /// What a card knows it by.
    #[cfg(feature = "cuda")]
    const NORM: TvNorm;
    /// Weight of the pairs beside each other.
    const SIDE: f32;
    /// Weight of the pairs across a corner.
    const DIAGONAL: f32;
    /// `rho`.
    fn cost(&self, difference: f32) -> f32;
    /// Its slope.
    fn slope(&self, difference: f32) -> f32;
}

struct Squared;

impl Penalty for Squared {
    #[cfg(feature = "cuda")]
    const NORM: TvNorm = TvNorm::L2;
    const SIDE: f32 = 2.0 / 3.0;
    const DIAGONAL: f32 = 1.0 / 6.0;

    #[inline(always)]
    fn cost(&self, difference: f32) -> f32 {
        difference * difference
    }

    #[inline(always)]
    fn slope(&self, difference: f32) -> f32 {
        2.0 * difference
    }
}

struct Absolute;

impl Absolute {
    /// `e`, in levels out of 255.
    const ROUNDING: f32 = 1.0;
    /// `s`: measured 27 on the bundled pair painted for 100 iterations at 128 pixels, 29 to 30 on the photo at 128 and 256.
    const SCALE: f32 = 28.0;
}

impl Penalty for Absolute {
    #[cfg(feature = "cuda")]
    const NORM: TvNorm = TvNorm::L1;
    const SIDE: f32 = 1.0;
    const DIAGONAL: f32 = std::f32::consts::FRAC_1_SQRT_2;

    #[inline(always)]
    fn cost(&self, difference: f32) -> f32 {
        Self::SCALE * (difference.mul_add(difference, Self::ROUNDING * Self::ROUNDING).sqrt() - Self::ROUNDING)
    }

    #[inline(always)]
    fn slope(&self, difference: f32) -> f32 {
        Self::SCALE * difference / difference.mul_add(difference, Self::ROUNDING * Self::ROUNDING).sqrt()
    }
}

/// `TV(canvas)`, without a weight; canvas `(height, width, channels)` on the 0..255 scale.
///
/// # Errors
/// When the tensor is not a contiguous `f32` picture, or the device fails.
pub fn loss(norm: TvNorm, canvas: &Tensor) -> Result<f64> {
    lazy_loss(norm, canvas)?.read()
}

/// The same, not waited for.
fn lazy_loss(norm: TvNorm, canvas: &Tensor) -> Result<Loss> {
    let value = match norm {
        TvNorm::L2 => canvas.apply_op1_no_bwd(&Value(Squared)),
        TvNorm::L1 => canvas.apply_op1_no_bwd(&Value(Absolute)),
    }?;
    Ok(Loss::Asked(1.0, Sum::of(value)))
}

/// `gradient = gradient + weight * dTV/dcanvas`.
///
/// # Errors
/// When the tensors differ in size or the device fails.
pub fn add_gradient(norm: TvNorm, weight: f64, canvas: &Tensor, gradient: &Tensor) -> Result<()> {
    match norm {
        TvNorm::L2 => gradient.inplace_op2(canvas, &AddGradient { weight, penalty: Squared }),
        TvNorm::L1 => gradient.inplace_op2(canvas, &AddGradient { weight, penalty: Absolute }),
    }
}

/// Both at once: adds the gradient, and answers with `weight * TV(canvas)`. Nothing is looked at where the weight is zero.
///
/// # Errors
/// As [`add_gradient`].
pub fn add_to(norm: TvNorm, weight: f64, canvas: &Tensor, gradient: &Tensor) -> Result<Loss> {
    if weight == 0.0 {
        return Ok(Loss::Known(0.0));
    }
    add_gradient(norm, weight, canvas, gradient)?;
    Ok(lazy_loss(norm, canvas)?.times(weight))
}

struct Value<P>(P);

impl<P: Penalty> CustomOp1 for Value<P> {
    fn name(&self) -> &'static str {
        "total-variation"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, canvas: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::total_variation(P::NORM, (canvas, layout))
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width, channels) = layout.shape().dims3()?;
        let canvas = values(storage, layout)?;
        let row_len = width * channels;
        let row_sum = |(y, row): (usize, &[f32])| {
            let costs = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| self.0.cost(a - b)).sum::<f32>();
            let mut side = costs(&row[channels..], row);
            let mut diagonal = 0.0;
            if let Some(below) = canvas.get((y + 1) * row_len..(y + 2) * row_len) {
                side += costs(row, below);
                diagonal = costs(&row[channels..], below) + costs(row, &below[channels..]);
            }
            f64::from(P::SIDE * side + P::DIAGONAL * diagonal)
        };
        let sums: Vec<f64> = threads::pool().install(|| canvas.par_chunks(row_len).enumerate().map(row_sum).collect());
        let total = sums.iter().sum::<f64>() / canvas.len() as f64;
        Ok((CpuStorage::F64(vec![total]), Shape::from(())))
    }
}

struct AddGradient<P> {
    weight: f64,
    penalty: P,
}

impl<P: Penalty> InplaceOp2 for AddGradient<P> {
    fn name(&self) -> &'static str {
        "total-variation-gradient"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, out: &mut CudaStorage, out_l: &Layout, canvas: &CudaStorage, canvas_l: &Layout) -> Result<()> {
        let factor = (self.weight / canvas_l.shape().elem_count() as f64) as f32;
        cuda::add_total_variation_gradient(P::NORM, factor, (out, out_l), (canvas, canvas_l))
    }

    fn cpu_fwd(&self, out: &mut CpuStorage, out_l: &Layout, canvas: &CpuStorage, canvas_l: &Layout) -> Result<()> {
        let (height, width, channels) = canvas_l.shape().dims3()?;
        let (gradient, canvas) = (values_mut(out, out_l)?, values(canvas, canvas_l)?);
        if gradient.len() != canvas.len() {
            candle_core::bail!("gradient of {:?} for a canvas of {:?}", out_l.shape(), canvas_l.shape());
        }
        let row_len = width * channels;
        let factor = (self.weight / canvas.len() as f64) as f32;
        threads::pool().install(|| {
            gradient.par_chunks_mut(row_len).enumerate().for_each(|(y, gradient)| {
                let row = |y: usize| &canvas[y * row_len..][..row_len];
                let here = row(y);
                let mut pull = |i: usize, neighbours: &[f32], j: usize, weight: f32| {
                    gradient[i] += factor * weight * self.penalty.slope(here[i] - neighbours[j]);
                };
                for i in 0..row_len {
                    let (left, right) = (i >= channels, i + channels < row_len);
                    if left {
                        pull(i, here, i - channels, P::SIDE);
                    }
                    if right {
                        pull(i, here, i + channels, P::SIDE);
                    }
                    for other in [y.checked_sub(1), Some(y + 1).filter(|y| *y < height)].into_iter().flatten() {
                        let other = row(other);
                        pull(i, other, i, P::SIDE);
                        if left {
                            pull(i, other, i - channels, P::DIAGONAL);
                        }
                        if right {
                            pull(i, other, i + channels, P::DIAGONAL);
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

    /// Weight beside, weight across corners, cost.
    type Definition = (f64, f64, fn(f64) -> f64);

    const DEFINITIONS: [(TvNorm, Definition); 2] = [
        (TvNorm::L2, (2.0 / 3.0, 1.0 / 6.0, |d| d * d)),
        (
            TvNorm::L1,
            (1.0, std::f64::consts::FRAC_1_SQRT_2, |d| f64::from(Absolute::SCALE) * ((d * d + 1.0).sqrt() - 1.0)),
        ),
    ];

    fn definition((side, diagonal, cost): Definition, x: &[f32], (h, w): (usize, usize)) -> f64 {
        let at = |y: usize, x_: usize, c: usize| f64::from(x[(y * w + x_) * 3 + c]);
        let mut sum = 0.0;
        for (y, x_, c) in (0..h).flat_map(|y| (0..w).flat_map(move |x| (0..3).map(move |c| (y, x, c)))) {
            for (dy, dx, weight) in [(0, 1, side), (1, 0, side), (1, 1, diagonal)] {
                if y + dy < h && x_ + dx < w {
                    sum += weight * cost(at(y, x_, c) - at(y + dy, x_ + dx, c));
                }
            }
            if y + 1 < h && x_ > 0 {
                sum += diagonal * cost(at(y, x_, c) - at(y + 1, x_ - 1, c));
            }
        }
        sum / (h * w * 3) as f64
    }

    #[test]
    fn value_and_gradient_match_the_definition() {
        for (norm, of_norm) in DEFINITIONS {
            for (h, w) in [(1, 1), (1, 5), (5, 1), (4, 7)] {
                let values: Vec<f32> = Noise::new(7).vec(h * w * 3).iter().map(|v| v * 100.0).collect();
                let definition = |x: &[f32]| definition(of_norm, x, (h, w));
                let canvas = Tensor::from_slice(&values, (h, w, 3), &Device::Cpu).unwrap();
                let expected = definition(&values);
                assert!(
                    (loss(norm, &canvas).unwrap() - expected).abs() <= 1e-5 * expected.max(1e-9),
                    "{norm}, {h} x {w}"
                );
                let gradient = Tensor::ones((h, w, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
                add_gradient(norm, 0.5, &canvas, &gradient).unwrap();
                let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
                for i in 0..values.len() {
                    let (mut up, mut down) = (values.clone(), values.clone());
                    up[i] += 0.05;
                    down[i] -= 0.05;
                    let slope = 1.0 + 0.5 * (definition(&up) - definition(&down)) / f64::from(up[i] - down[i]);
                    let found = f64::from(gradient[i]);
                    assert!((found - slope).abs() < 1e-3 * slope.abs().max(1.0), "{norm}, {h} x {w}, element {i}");
                }
            }
        }
    }

    #[test]
    fn only_l1_lets_one_step_cost_as_little_as_many_small_ones() {
        let row = |values: &[f32]| {
            let values: Vec<f32> = values.iter().flat_map(|value| [*value; 3]).collect();
            Tensor::from_slice(&values, (1, values.len() / 3, 3), &Device::Cpu).unwrap()
        };
        let (step, slope) = (row(&[0.0, 0.0, 200.0, 200.0, 200.0]), row(&[0.0, 50.0, 100.0, 150.0, 200.0]));
        let ratio = |norm| loss(norm, &step).unwrap() / loss(norm, &slope).unwrap();
        assert!((ratio(TvNorm::L2) - 4.0).abs() < 1e-3);
        assert!((ratio(TvNorm::L1) - 1.0).abs() < 0.05);
    }
}
