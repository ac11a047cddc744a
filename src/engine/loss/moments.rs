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
//! `EPSILON` is added to both diagonals, as there: a picture of one colour has no covariance at all. For nearly such ones the
//! mean is taken off before features are multiplied, see [`guided::covariance`]. What is measured in parts, a canvas in
//! tiles or several styles, is put together as `K = sum s (K_s + (m_s - m) (m_s - m)^T)`.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Device, InplaceOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::gram::pixelwise_product;
use super::root::{root, trace};
use super::{few_pixels, guided};
#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::{values, values_mut};
use crate::engine::{threads, vector};

/// Multiplies this loss for about the strength that the Gram loss has. On the canvas that the default recipe paints at 128 pixels
/// in 100 iterations at one size, it pulls 0.60, 0.70 and 0.66 times as hard (castle after The Starry Night, lemur after Wheat
/// Field, astronaut after La Grande Jatte; over the five layers together, by
/// [`Objective::shares`](crate::engine::objective::Objective::shares), 2026-11-27). To the eye its paintings are no less in the
/// style than those of the Gram loss, so it does not pull harder.
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

/// Mean and covariance of a set of pixels, or of several sets as one, in f64.
#[derive(Clone)]
pub struct Moments {
    /// What the sets vary by within themselves: the mean of their covariances, `(C, C)`.
    within: Tensor,
    /// Their means, `(C)`, with their shares of the whole.
    means: Vec<(f64, Tensor)>,
}

impl Moments {
    /// Of the pixels of a feature map `(height, width, C)`, or with `shares`, one for every pixel, of a region; see [`guided`].
    ///
    /// # Errors
    /// When the shares do not fit the feature map, or the device fails.
    pub fn of(features: &Tensor, shares: Option<&[f32]>) -> Result<Self> {
        let (height, width, _) = features.dims3()?;
        let (mean, covariance) = match shares {
            Some(shares) => {
                let mean = guided::mean(features, shares)?;
                let covariance = guided::covariance(features, &mean, shares)?;
                (mean, covariance)
            }
            None => {
                let mean = mean(features)?;
                let covariance = guided::covariance(features, &mean, &vec![1.0; height * width])?;
                (mean, covariance)
            }
        };
        Ok(Self { within: covariance.to_dtype(DType::F64)?, means: vec![(1.0, mean.to_dtype(DType::F64)?)] })
    }

    /// Of nothing yet.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn none(channels: usize, device: &Device) -> Result<Self> {
        Ok(Self { within: Tensor::zeros((channels, channels), DType::F64, device)?, means: Vec::new() })
    }

    /// Of nothing yet, with as many channels.
    ///
    /// # Errors
    /// As [`Moments::none`].
    pub fn nothing(&self) -> Result<Self> {
        Self::none(self.within.dim(0)?, self.within.device())
    }

    /// Adds a set that makes up `share` of the whole.
    ///
    /// # Errors
    /// When the device fails.
    pub fn add(&mut self, share: f64, part: &Self) -> Result<()> {
        self.within = (&self.within + (&part.within * share)?)?;
        self.means.extend(part.means.iter().map(|(own, mean)| (share * own, mean.clone())));
        Ok(())
    }

    /// Mean and covariance of all, with `EPSILON` on its diagonal.
    fn whole(&self) -> Result<(Tensor, Tensor)> {
        let channels = self.within.dim(0)?;
        let mut mean = Tensor::zeros(channels, DType::F64, self.within.device())?;
        for (share, of_part) in &self.means {
            mean = (mean + (of_part * *share)?)?;
        }
        let mut covariance = (&self.within + (Tensor::eye(channels, DType::F64, self.within.device())? * EPSILON)?)?;
        // What the sets are apart; one alone is apart from nothing.
        for (share, of_part) in self.means.iter().filter(|_| self.means.len() > 1) {
            let apart = (of_part - &mean)?;
            covariance = (covariance + (apart.unsqueeze(1)?.matmul(&apart.unsqueeze(0)?)? * *share)?)?;
        }
        Ok((mean, covariance))
    }
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
    /// From the moments of one style or of several together.
    ///
    /// # Errors
    /// When the device fails.
    pub fn new(style: &Moments) -> Result<Self> {
        let (mean, covariance) = style.whole()?;
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
        let found = Moments::of(features, shares)?;
        let pull = self.pull(weight, shares.map_or(pixels as f64, guided::total), &found)?;
        match shares {
            Some(shares) => {
                guided::pull(features, (&pull.slope, Some(&pull.same_for_all)), shares, accumulate, gradient)?;
            }
            None => {
                pixelwise_product(features, &pull.slope, accumulate, gradient)?;
                add_to_pixels(&pull.same_for_all, gradient)?;
            }
        }
        Ok(pull.loss)
    }

    /// The loss of features with these moments, and `weight` times its slope at each of `pixels` pixels, or at one whose
    /// share is all, where there are shares that add up to `pixels`.
    ///
    /// # Errors
    /// As [`Target::new`].
    pub fn pull(&self, weight: f64, pixels: f64, found: &Moments) -> Result<Pull> {
        let (mean, covariance) = found.whole()?;
        let channels = mean.dim(0)?;
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
