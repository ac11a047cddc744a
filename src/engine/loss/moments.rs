//! Style loss: mean and covariance of the features, compared as two Gaussians.
//!
//! With mean `m` and covariance `K` of the `N` pixels of `C` channels, `m'` and `K'` those of the style, and `R = K'^(1/2)`,
//! the loss is the squared Wasserstein-2 distance for each channel (Dowson & Landau 1982; as a style loss by K. Crowson in
//! style-transfer-pytorch):
//!
//! `L = (|m - m'|^2 + trace(K + K' - 2 (R K R)^(1/2))) / C`.
//!
//! With `T` the slope of `trace((R K R)^(1/2))` in `R K R`, see `root.rs`, `D = (1 - 2 R T R) / C` is that of
//! the loss in `K` (`1 - R (R K R)^(-1/2) R` where the root is reached: identity minus the map that transports one Gaussian
//! to the other). So `dL/df = 2/N * (D (f - m) + (m - m') / C)` for every pixel `f`, which is `F S` plus the same for all.
//!
//! Roots are computed in f64. Features have a few directions of much variance and many of little; in single precision the
//! inverse root of those is so inexact that up to 70 % of the squared length of the gradient at `relu4_1` and
//! `relu5_1` was noise.
//!
//! `EPSILON` is added to both diagonals, as there: a picture of one colour has no covariance at all.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, DType, InplaceOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::gram::{gram_matrix, pixelwise_product};
use super::root::{root, trace};
use super::{few_pixels, guided};
#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::{values, values_mut};
use crate::engine::{threads, vector};

/// Multiplies this loss for about the strength that the Gram loss has: its gradient is then as long as that of the Gram loss
/// on the canvas that the default recipe paints of the bundled pair at 128 pixels in 100 iterations at one size (measured
/// 7.7e3 for the five layers together, by [`Objective::shares`](crate::engine::objective::Objective::shares), when roots were
/// still in single precision; their noise lengthened it).
///
/// On the photo itself the Gram loss pulls 50 times as hard, since it grows with the fourth power of the features and this
/// one with the second.
pub const GRAM_STRENGTH: f64 = 8e3;

/// Added to the variances. Those of features are 1e2 to 1e6.
pub(super) const EPSILON: f64 = 1e-4;

/// Pixels whose features are added up in single precision.
const RUN: usize = 256;

/// The mean features, `(C)`, of a feature map `(height, width, C)`.
///
/// # Errors
/// When the tensor is not a contiguous `f32` feature map, or the device fails.
pub fn mean(features: &Tensor) -> Result<Tensor> {
    features.apply_op1_no_bwd(&Mean)
}

/// Mean and covariance of the style.
pub struct Target {
    /// `(C)`, in f64 as all that follows.
    mean: Tensor,
    /// `R`, `(C, C)`.
    root: Tensor,
    /// `trace K'`.
    trace: f64,
}

impl Target {
    /// From the mean `(C)` and the raw second moment `(C, C)`, see [`gram_matrix`], of one style or of several together.
    ///
    /// # Errors
    /// When they do not fit each other, or the device fails.
    pub fn new(mean: &Tensor, second_moment: &Tensor) -> Result<Self> {
        let (mean, second_moment) = (mean.to_dtype(DType::F64)?, second_moment.to_dtype(DType::F64)?);
        let covariance = covariance(&mean, &second_moment)?;
        Ok(Self { root: root(&covariance)?.value, trace: trace(&covariance)?, mean })
    }

    /// The loss without a weight, and `gradient = [gradient +] weight * dL/dF`; added if `accumulate`. With `shares`, one for
    /// every pixel, those of the region to which they belong, see [`guided`].
    ///
    /// # Errors
    /// When the tensors or shares do not fit each other, or the device fails.
    pub fn evaluate(
        &self,
        weight: f64,
        features: &Tensor,
        shares: Option<&[f32]>,
        accumulate: bool,
        gradient: &Tensor,
    ) -> Result<f64> {
        let (height, width, channels) = features.dims3()?;
        let pixels = shares.map_or(height * width, |shares| shares.iter().filter(|share| **share > 0.0).count());
        if pixels < channels {
            let style = (&self.mean, &self.root, self.trace);
            let (loss, slope) = few_pixels::evaluate(style, weight, features, shares)?;
            if accumulate {
                vector::add_scaled(1.0, &slope, gradient)?;
            } else {
                vector::copy(&slope, gradient)?;
            }
            return Ok(loss);
        }
        let Some(shares) = shares else {
            let pull = self.pull(weight, pixels as f64, &mean(features)?, &gram_matrix(features)?)?;
            pixelwise_product(features, &pull.slope, accumulate, gradient)?;
            add_to_pixels(&pull.same_for_all, gradient)?;
            return Ok(pull.loss);
        };
        let (mean, second_moment) = (guided::mean(features, shares)?, guided::gram_matrix(features, shares)?);
        let pull = self.pull(weight, guided::total(shares), &mean, &second_moment)?;
        guided::pull(features, (&pull.slope, Some(&pull.same_for_all)), shares, accumulate, gradient)?;
        Ok(pull.loss)
    }

    /// The loss of features with this mean and raw second moment, and `weight` times its slope at each of `pixels` pixels, or
    /// at one whose share is all, where there are shares that add up to `pixels`.
    ///
    /// # Errors
    /// As [`Target::new`].
    pub fn pull(&self, weight: f64, pixels: f64, mean: &Tensor, second_moment: &Tensor) -> Result<Pull> {
        let channels = mean.dim(0)?;
        let (mean, second_moment) = (mean.to_dtype(DType::F64)?, second_moment.to_dtype(DType::F64)?);
        let covariance = covariance(&mean, &second_moment)?;
        let transported = root(&self.root.matmul(&covariance)?.matmul(&self.root)?)?;
        let apart = (&mean - &self.mean)?;
        let squares = apart.sqr()?.sum_all()?.to_scalar::<f64>()?;
        let loss = squares + trace(&covariance)? + self.trace - 2.0 * trace(&transported.value)?;

        let factor = 2.0 * weight / (pixels * channels as f64);
        let unit = Tensor::eye(channels, DType::F64, mean.device())?;
        let slope = (self.root.matmul(&transported.slope)?.matmul(&self.root)? * -2.0)?;
        let slope = ((unit + slope)? * factor)?;
        let same_for_all = ((apart * factor)? - slope.matmul(&mean.unsqueeze(1)?)?.squeeze(1)?)?;
        let (slope, same_for_all) = (slope.to_dtype(DType::F32)?, same_for_all.to_dtype(DType::F32)?);
        Ok(Pull { loss: loss / channels as f64, slope, same_for_all })
    }
}

/// The loss, without a weight, and its gradient, `dL/df = f S + v` for every pixel, with one.
pub struct Pull {
    /// `L`.
    pub loss: f64,
    /// `S`, `(C, C)`.
    pub slope: Tensor,
    /// `v`, `(C)`.
    pub same_for_all: Tensor,
}

/// `E[f f^T] - m m^T`, with `EPSILON` on the diagonal.
fn covariance(mean: &Tensor, second_moment: &Tensor) -> Result<Tensor> {
    let of_mean = mean.unsqueeze(1)?.matmul(&mean.unsqueeze(0)?)?;
    let diagonal = (Tensor::eye(mean.dim(0)?, mean.dtype(), mean.device())? * EPSILON)?;
    (second_moment - of_mean)? + diagonal
}

struct Mean;

impl CustomOp1 for Mean {
    fn name(&self) -> &'static str {
        "mean-features"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, features: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::mean((features, layout))
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (height, width, channels) = layout.shape().dims3()?;
        let features = values(storage, layout)?;
        let sum_of = |run: &[f32]| {
            let mut sum = vec![0f32; channels];
            for pixel in run.chunks_exact(channels) {
                sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value);
            }
            sum
        };
        // Collected before they are added, so that the result does not depend on which thread was quicker.
        let sums: Vec<Vec<f32>> = threads::pool().install(|| features.par_chunks(RUN * channels).map(sum_of).collect());
        let mut total = vec![0f64; channels];
        for sum in &sums {
            total.iter_mut().zip(sum).for_each(|(total, sum)| *total += f64::from(*sum));
        }
        let pixels = (height * width) as f64;
        Ok((CpuStorage::F32(total.iter().map(|sum| (sum / pixels) as f32).collect()), Shape::from(channels)))
    }
}

/// Adds a vector, `(C)`, to the features `(height, width, C)` of every pixel.
///
/// # Errors
/// When they do not fit each other, or the device fails.
pub fn add_to_pixels(vector: &Tensor, features: &Tensor) -> Result<()> {
    features.inplace_op2(vector, &AddToPixels)
}

struct AddToPixels;

impl InplaceOp2 for AddToPixels {
    fn name(&self) -> &'static str {
        "add-to-pixels"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, out: &mut CudaStorage, out_l: &Layout, vector: &CudaStorage, vector_l: &Layout) -> Result<()> {
        cuda::add_to_pixels((out, out_l), (vector, vector_l))
    }

    fn cpu_fwd(&self, out: &mut CpuStorage, out_l: &Layout, vector: &CpuStorage, vector_l: &Layout) -> Result<()> {
        let (_, _, channels) = out_l.shape().dims3()?;
        let (map, vector) = (values_mut(out, out_l)?, values(vector, vector_l)?);
        if vector.len() != channels {
            candle_core::bail!("{} values to add to pixels of {channels}", vector.len());
        }
        threads::pool().install(|| {
            map.par_chunks_mut(RUN * channels).for_each(|run| {
                for pixel in run.chunks_exact_mut(channels) {
                    pixel.iter_mut().zip(vector).for_each(|(value, add)| *value += add);
                }
            });
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
