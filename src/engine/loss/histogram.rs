//! Histogram loss: every channel should have the style's distribution of values (Risser et al. 2017, arXiv 1701.08893,
//! equation 3).
//!
//! `L = mean((F - R(F))^2)`, where `R` brings the values of each channel to the style's histogram, rank by rank, and is
//! taken as constant: `dL/dF = 2/n * (F - R(F))` with `n` elements in `F`. That is the squared one-dimensional
//! Wasserstein-2 distance, averaged over the channels, and its exact gradient.
//!
//! After a ReLU most values are exactly zero. They share the lowest ranks; which of them takes which is not said. None of
//! them passes a gradient on, so `R` is needed above zero only, and what the zeros are apart from the style is added as a
//! whole. Above zero, ranks come from a histogram of `BINS` bins, even within a bin.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, InplaceOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::guided::total;
#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::{values, values_mut};
use crate::engine::threads;

/// Multiplies this loss for about the strength that the Gram loss has: a weight of 1 gives a gradient as long as that of the
/// Gram loss on the canvas that the default recipe paints of the bundled pair at 128 pixels in 100 iterations at one size
/// (measured 5.2e4 for the five layers together, by [`Objective::shares`](crate::engine::objective::Objective::shares)).
pub const GRAM_STRENGTH: f64 = 5e4;

/// Bins between zero and a channel's largest value, as in the paper.
const BINS: usize = 256;
/// Steps in which the style's quantiles are kept: finer than the bins, since most of them lie at zero.
const STEPS: usize = 1024;
/// Pixels of one task.
const RUN: usize = 1024;

/// The style's quantiles, `(C, STEPS + 1)`: entry `i` is the value that a share of `i / STEPS` does not exceed.
///
/// # Errors
/// When the tensor is not a contiguous `f32` feature map, or the device fails.
pub fn quantiles(features: &Tensor) -> Result<Tensor> {
    features.apply_op1_no_bwd(&Quantiles)
}

/// `L` without a weight, and `gradient = [gradient +] weight * dL/dF`; added if `accumulate`. Features are not negative.
///
/// With `shares`, one for every pixel, values count as much as their pixel's share, in the histogram and in the loss: that of
/// the region to which they belong.
///
/// # Errors
/// When the tensors or shares do not fit each other, or the device fails.
pub fn evaluate(
    weight: f64,
    features: &Tensor,
    shares: Option<&[f32]>,
    quantiles: &Tensor,
    accumulate: bool,
    gradient: &Tensor,
) -> Result<f64> {
    let (height, width, channels) = features.dims3()?;
    let part = Part::of(shares, height * width)?;
    let remap = features.apply_op2_no_bwd(quantiles, &MakeRemap(part))?;
    let loss: f64 = features.apply_op2_no_bwd(&remap, &Value(part))?.to_scalar()?;
    let factor = (2.0 * weight / (part.total * channels as f64)) as f32;
    gradient.inplace_op3(features, &remap, &Gradient { part, factor, accumulate })?;
    Ok(loss)
}

/// How much every pixel counts.
#[derive(Clone, Copy)]
struct Part<'a> {
    /// All as much as any, if there are none.
    shares: Option<&'a [f32]>,
    /// What they add up to.
    total: f64,
}

impl<'a> Part<'a> {
    fn of(shares: Option<&'a [f32]>, pixels: usize) -> Result<Self> {
        match shares {
            None => Ok(Self { shares, total: pixels as f64 }),
            Some(all) if all.len() == pixels => Ok(Self { shares, total: total(all) }),
            Some(all) => candle_core::bail!("{} shares do not fit a feature map of {pixels} pixels", all.len()),
        }
    }

    /// Of the pixels from `first` on.
    fn from(&self, first: usize) -> impl Iterator<Item = f32> + use<'a> {
        let shares = self.shares.map(|shares| &shares[first..]);
        (0..).map(move |i| shares.map_or(1.0, |shares| shares[i]))
    }
}

struct Quantiles;

impl CustomOp1 for Quantiles {
    fn name(&self) -> &'static str {
        "quantiles"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, features: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::host::apply1(self, features, layout)
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (height, width, channels) = layout.shape().dims3()?;
        let features = values(storage, layout)?;
        let mut quantiles = vec![0f32; channels * (STEPS + 1)];
        threads::pool().install(|| {
            quantiles.par_chunks_exact_mut(STEPS + 1).enumerate().for_each(|(channel, quantiles)| {
                let mut sorted: Vec<f32> = features.iter().skip(channel).step_by(channels).copied().collect();
                sorted.sort_unstable_by(f32::total_cmp);
                let last = (height * width - 1) as f32;
                for (i, quantile) in quantiles.iter_mut().enumerate() {
                    *quantile = at(&sorted, i as f32 / STEPS as f32 * last);
                }
            });
        });
        Ok((CpuStorage::F32(quantiles), Shape::from((channels, STEPS + 1))))
    }
}

/// The value at a position between entries.
#[inline(always)]
fn at(entries: &[f32], position: f32) -> f32 {
    let before = (position as usize).min(entries.len() - 1);
    let after = (before + 1).min(entries.len() - 1);
    entries[before] + (position - before as f32) * (entries[after] - entries[before])
}

/// `R` of one channel: what follows in memory.
///
/// `[bins for each unit of value][mean over all pixels of what the zeros are apart, squared][R at the 257 edges of bins]`.
const REMAP_LEN: usize = 2 + BINS + 1;

/// `R(value)` for a value above zero.
#[inline(always)]
fn remapped(remap: &[f32], value: f32) -> f32 {
    at(&remap[2..], value * remap[0])
}

/// Makes `R` from features `(height, width, C)` and quantiles `(C, STEPS + 1)`: `(C, REMAP_LEN)`.
struct MakeRemap<'a>(Part<'a>);

impl CustomOp2 for MakeRemap<'_> {
    fn name(&self) -> &'static str {
        "histogram-remap"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, a: &CudaStorage, a_l: &Layout, b: &CudaStorage, b_l: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::host::apply2(self, (a, a_l), (b, b_l))
    }

    fn cpu_fwd(
        &self,
        features: &CpuStorage,
        features_l: &Layout,
        quantiles: &CpuStorage,
        quantiles_l: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, _, channels) = features_l.shape().dims3()?;
        let (features, quantiles) = (values(features, features_l)?, values(quantiles, quantiles_l)?);
        if quantiles.len() != channels * (STEPS + 1) {
            candle_core::bail!("quantiles of {:?} for features of {:?}", quantiles_l.shape(), features_l.shape());
        }
        let mut remaps = vec![0f32; channels * REMAP_LEN];
        threads::pool().install(|| {
            let scales = bins_per_unit(features, self.0, channels);
            let counts = count(features, self.0, &scales);
            let remaps = remaps.par_chunks_exact_mut(REMAP_LEN).zip(quantiles.par_chunks_exact(STEPS + 1));
            remaps.enumerate().for_each(|(channel, (remap, quantiles))| {
                remap[0] = scales[channel];
                fill_remap(&counts[channel * BINS..][..BINS], self.0.total, quantiles, remap);
            });
        });
        Ok((CpuStorage::F32(remaps), Shape::from((channels, REMAP_LEN))))
    }
}

/// For every channel the number of bins by its largest value among the pixels that count; 0 where no value is above zero.
fn bins_per_unit(features: &[f32], part: Part<'_>, channels: usize) -> Vec<f32> {
    let largest_of = |(i, run): (usize, &[f32])| {
        let mut largest = vec![0f32; channels];
        let pixels = run.chunks_exact(channels).zip(part.from(i * RUN)).filter(|(_, share)| *share > 0.0);
        for (pixel, _) in pixels {
            largest.iter_mut().zip(pixel).for_each(|(largest, value)| *largest = largest.max(*value));
        }
        largest
    };
    let largest = features.par_chunks(RUN * channels).enumerate().map(largest_of).reduce(
        || vec![0f32; channels],
        |mut a, b| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a = a.max(b));
            a
        },
    );
    largest.into_iter().map(|largest| if largest > 0.0 { BINS as f32 / largest } else { 0.0 }).collect()
}

/// How many values above zero fall into each bin, `[channel][BINS]`.
fn count(features: &[f32], part: Part<'_>, scales: &[f32]) -> Vec<f64> {
    let channels = scales.len();
    let count = |(first, run): (usize, &[f32])| {
        let mut counts = vec![0f64; channels * BINS];
        for (pixel, share) in run.chunks_exact(channels).zip(part.from(first)) {
            for ((counts, value), scale) in counts.chunks_exact_mut(BINS).zip(pixel).zip(scales) {
                if *value > 0.0 {
                    counts[((value * scale) as usize).min(BINS - 1)] += f64::from(share);
                }
            }
        }
        counts
    };
    // A few large tasks: each counts into a table of its own.
    let pixels = (features.len() / channels).div_ceil(threads::count()).max(RUN);
    let tasks = features.par_chunks(pixels * channels).enumerate().map(|(i, run)| (i * pixels, run));
    // Collected before they are added, so that the result does not depend on which thread was quicker.
    let counts: Vec<Vec<f64>> = tasks.map(count).collect();
    let mut sums = vec![0f64; channels * BINS];
    for counts in &counts {
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    sums
}

/// Fills in all but the scale.
fn fill_remap(counts: &[f64], total: f64, quantiles: &[f32], remap: &mut [f32]) {
    let zeros = (total - counts.iter().sum::<f64>()).max(0.0);
    let rank = |below: f64| (below / total * STEPS as f64) as f32;
    remap[1] = squares_below(quantiles, rank(zeros)) / STEPS as f32;
    let mut below = zeros;
    remap[2] = at(quantiles, rank(below));
    for (edge, count) in remap[3..].iter_mut().zip(counts) {
        below += *count;
        *edge = at(quantiles, rank(below));
    }
}

/// The integral of the squared quantiles up to a position, in steps.
fn squares_below(quantiles: &[f32], position: f32) -> f32 {
    let whole = (position as usize).min(quantiles.len() - 1);
    // The integral of a squared straight line.
    let piece = |a: f32, b: f32| (a * a + a * b + b * b) / 3.0;
    let steps: f32 = quantiles[..=whole].windows(2).map(|pair| piece(pair[0], pair[1])).sum();
    steps + (position - whole as f32) * piece(quantiles[whole], at(quantiles, position))
}

/// `L`, from features and `R`.
struct Value<'a>(Part<'a>);

impl CustomOp2 for Value<'_> {
    fn name(&self) -> &'static str {
        "histogram-loss"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, a: &CudaStorage, a_l: &Layout, b: &CudaStorage, b_l: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::host::apply2(self, (a, a_l), (b, b_l))
    }

    fn cpu_fwd(
        &self,
        features: &CpuStorage,
        features_l: &Layout,
        remaps: &CpuStorage,
        remaps_l: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, _, channels) = features_l.shape().dims3()?;
        let (features, remaps) = (values(features, features_l)?, values(remaps, remaps_l)?);
        let sum_of = |(i, run): (usize, &[f32])| {
            let mut sum = 0f64;
            for (pixel, share) in run.chunks_exact(channels).zip(self.0.from(i * RUN)) {
                let mut of_pixel = 0f32;
                for (value, remap) in pixel.iter().zip(remaps.chunks_exact(REMAP_LEN)) {
                    if *value > 0.0 {
                        of_pixel += (value - remapped(remap, *value)).powi(2);
                    }
                }
                sum += f64::from(share * of_pixel);
            }
            sum
        };
        let runs = features.par_chunks(RUN * channels).enumerate();
        let sums: Vec<f64> = threads::pool().install(|| runs.map(sum_of).collect());
        let zeros: f64 = remaps.chunks_exact(REMAP_LEN).map(|remap| f64::from(remap[1])).sum();
        let loss = (sums.iter().sum::<f64>() / self.0.total + zeros) / channels as f64;
        Ok((CpuStorage::F64(vec![loss]), Shape::from(())))
    }
}

struct Gradient<'a> {
    part: Part<'a>,
    factor: f32,
    accumulate: bool,
}

impl InplaceOp3 for Gradient<'_> {
    fn name(&self) -> &'static str {
        "histogram-gradient"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        out: &mut CudaStorage,
        out_l: &Layout,
        features: &CudaStorage,
        features_l: &Layout,
        remaps: &CudaStorage,
        remaps_l: &Layout,
    ) -> Result<()> {
        cuda::host::change3(self, (out, out_l), (features, features_l), (remaps, remaps_l))
    }

    fn cpu_fwd(
        &self,
        out: &mut CpuStorage,
        out_l: &Layout,
        features: &CpuStorage,
        features_l: &Layout,
        remaps: &CpuStorage,
        remaps_l: &Layout,
    ) -> Result<()> {
        let (_, _, channels) = features_l.shape().dims3()?;
        let (gradient, features) = (values_mut(out, out_l)?, values(features, features_l)?);
        let remaps = values(remaps, remaps_l)?;
        if gradient.len() != features.len() {
            candle_core::bail!("gradient of {:?} for features of {:?}", out_l.shape(), features_l.shape());
        }
        let run = RUN * channels;
        threads::pool().install(|| {
            let runs = gradient.par_chunks_mut(run).zip(features.par_chunks(run)).enumerate();
            runs.for_each(|(i, (gradient, features))| {
                let pixels = gradient.chunks_exact_mut(channels).zip(features.chunks_exact(channels));
                for ((gradient, features), share) in pixels.zip(self.part.from(i * RUN)) {
                    let factor = self.factor * share;
                    let channels = gradient.iter_mut().zip(features).zip(remaps.chunks_exact(REMAP_LEN));
                    for ((gradient, value), remap) in channels {
                        let before = if self.accumulate { *gradient } else { 0.0 };
                        let apart = if *value > 0.0 { value - remapped(remap, *value) } else { 0.0 };
                        *gradient = before + factor * apart;
                    }
                }
            });
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
