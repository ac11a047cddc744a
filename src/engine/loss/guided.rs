//! Style statistics within a region: guided Gram matrices (Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style
//! Transfer", arXiv 1611.07865, section 4.1).
//!
//! A guidance channel `T` scales the features of every pixel, `F' = T F`, and is normalised so that `sum_i T_i^2 = 1`:
//! the guided Gram matrix `G = F'^T F' / sum_i T_i^2` is the mean of `f f^T` over the region. It is compared with the Gram
//! matrix `A` of the whole style picture: `L = s * mean((G - A)^2)`, `dL/df_i = T_i^2 / sum T^2 * 4 s / C^2 * f_i (G - A)`.
//!
//! The mean-and-covariance loss takes the guided mean `m = sum_i T_i^2 f_i / sum_i T_i^2` beside it, see `moments.rs`.
//!
//! A mask's share is `T^2`, not `T` as in the paper: shares of regions that share a pixel then add up to one, and
//! averaging them down the poolings keeps each region's size.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor};
use rayon::prelude::*;

use super::{gram, moments};
#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::{values, values_mut};
use crate::engine::{arena, threads, vector};

/// Floats of the feature map that are scaled at a time: few enough to need little room, enough for every thread.
const BAND_FLOATS: usize = 1 << 20;

/// The Gram matrix `(C, C)` of those pixels of a feature map `(height, width, C)` that `shares` (one for every pixel, row
/// by row) gives to a region; zeros where it gives none.
///
/// # Errors
/// When the shares do not fit the feature map, or the device fails.
pub fn gram_matrix(features: &Tensor, shares: &[f32]) -> Result<Tensor> {
    let (_, _, channels) = features.dims3()?;
    let gram = Tensor::zeros((channels, channels), features.dtype(), features.device())?;
    for band in Band::all(features, shares)? {
        let scaled = &band.room;
        scaled.inplace_op2(&band.features, &Weigh { shares: band.shares, how: How::Root })?;
        let pixels = band.shares.len() as f64;
        vector::add_scaled(pixels / total(shares), &gram::gram_matrix(scaled)?, &gram)?;
    }
    Ok(gram)
}

/// The mean features `(C)` of those pixels of a feature map `(height, width, C)` that `shares` gives to a region; zeros where
/// it gives none.
///
/// # Errors
/// When the shares do not fit the feature map, or the device fails.
pub fn mean(features: &Tensor, shares: &[f32]) -> Result<Tensor> {
    let (_, _, channels) = features.dims3()?;
    let mean = Tensor::zeros(channels, features.dtype(), features.device())?;
    for band in Band::all(features, shares)? {
        let scaled = &band.room;
        vector::fill(0.0, scaled)?;
        scaled.inplace_op2(&band.features, &Weigh { shares: band.shares, how: How::Add })?;
        let pixels = band.shares.len() as f64;
        vector::add_scaled(pixels / total(shares), &moments::mean(scaled)?, &mean)?;
    }
    Ok(mean)
}

/// The covariance `(C, C)` about `mean`, their own, of those pixels of a feature map `(height, width, C)` that `shares` gives to
/// a region; zeros where it gives none.
///
/// The mean is taken off every pixel first: in single precision it would drown the differences of a region of one colour.
///
/// # Errors
/// When the mean or the shares do not fit the feature map, or the device fails.
pub fn covariance(features: &Tensor, mean: &Tensor, shares: &[f32]) -> Result<Tensor> {
    let (_, _, channels) = features.dims3()?;
    let covariance = Tensor::zeros((channels, channels), features.dtype(), features.device())?;
    let minus_mean = (mean * -1.0)?;
    for band in Band::all(features, shares)? {
        let centred = band.features.copy()?;
        moments::add_to_pixels(&minus_mean, &centred)?;
        let scaled = &band.room;
        scaled.inplace_op2(&centred, &Weigh { shares: band.shares, how: How::Root })?;
        let pixels = band.shares.len() as f64;
        vector::add_scaled(pixels / total(shares), &gram::gram_matrix(scaled)?, &covariance)?;
    }
    Ok(covariance)
}

/// `gradient = [gradient +] weight * dL/dF`; added if `accumulate`.
///
/// # Errors
/// When the tensors or shares do not fit each other, or the device fails.
pub fn gradient(
    weight: f64,
    features: &Tensor,
    (gram, target): (&Tensor, &Tensor),
    shares: &[f32],
    accumulate: bool,
    gradient: &Tensor,
) -> Result<()> {
    let slope = gram::slope(weight, total(shares), gram, target)?;
    pull(features, (&slope, None), shares, accumulate, gradient)
}

/// `gradient = [gradient +] T^2 (f S + v)` for the features `f` of every pixel, with the same `S`, `(C, C)`, and `v`, `(C)`, if
/// any, for all; added if `accumulate`.
///
/// # Errors
/// When the tensors or shares do not fit each other, or the device fails.
pub fn pull(
    features: &Tensor,
    (slope, same_for_all): (&Tensor, Option<&Tensor>),
    shares: &[f32],
    accumulate: bool,
    gradient: &Tensor,
) -> Result<()> {
    if !accumulate {
        vector::fill(0.0, gradient)?;
    }
    for band in Band::all(features, shares)? {
        let product = &band.room;
        gram::pixelwise_product(&band.features, slope, false, product)?;
        if let Some(vector) = same_for_all {
            moments::add_to_pixels(vector, product)?;
        }
        let rows = band.features.dim(0)?;
        gradient.narrow(0, band.row, rows)?.inplace_op2(product, &Weigh { shares: band.shares, how: How::Add })?;
    }
    Ok(())
}

/// `sum_i T_i^2`.
pub(in crate::engine) fn total(shares: &[f32]) -> f64 {
    shares.iter().copied().map(f64::from).sum()
}

/// Some rows of a feature map.
struct Band<'a> {
    /// The first of them.
    row: usize,
    /// `(rows, width, C)`.
    features: Tensor,
    shares: &'a [f32],
    /// Room for as many values.
    room: Tensor,
}

impl<'a> Band<'a> {
    /// The bands in which the region has any pixel. They share their room.
    fn all(features: &Tensor, shares: &'a [f32]) -> Result<Vec<Self>> {
        let (height, width, channels) = features.dims3()?;
        if shares.len() != height * width {
            candle_core::bail!("{} shares do not fit a feature map of {height} x {width} pixels", shares.len());
        }
        let rows = (BAND_FLOATS / (width * channels)).clamp(1, height);
        let room = arena::tensor((rows, width, channels), features.device())?;
        let mut bands = Vec::new();
        for (row, shares) in (0..height).step_by(rows).zip(shares.chunks(rows * width)) {
            if shares.iter().any(|share| *share > 0.0) {
                let rows = shares.len() / width;
                let (features, room) = (features.narrow(0, row, rows)?, room.narrow(0, 0, rows)?);
                bands.push(Self { row, features, shares, room });
            }
        }
        Ok(bands)
    }
}

/// Multiplies the vector at every pixel by what the pixel's share says.
struct Weigh<'a> {
    shares: &'a [f32],
    how: How,
}

#[derive(Clone, Copy)]
enum How {
    /// `output = sqrt(share) * input`.
    Root,
    /// `output = output + share * input`.
    Add,
}

impl InplaceOp2 for Weigh<'_> {
    fn name(&self) -> &'static str {
        "weigh-pixels"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, out: &mut CudaStorage, out_l: &Layout, input: &CudaStorage, input_l: &Layout) -> Result<()> {
        cuda::weigh_pixels(self.shares, matches!(self.how, How::Add), (out, out_l), (input, input_l))
    }

    fn cpu_fwd(&self, out: &mut CpuStorage, out_l: &Layout, input: &CpuStorage, input_l: &Layout) -> Result<()> {
        let (height, width, channels) = input_l.shape().dims3()?;
        let (output, input) = (values_mut(out, out_l)?, values(input, input_l)?);
        if output.len() != input.len() || self.shares.len() != height * width {
            candle_core::bail!(
                "{:?} with {} shares does not fit {:?}",
                input_l.shape(),
                self.shares.len(),
                out_l.shape()
            );
        }
        let row = width * channels;
        threads::pool().install(|| {
            let rows = output.par_chunks_mut(row).zip(input.par_chunks(row)).zip(self.shares.par_chunks(width));
            rows.for_each(|((output, input), shares)| {
                let pixels = output.chunks_exact_mut(channels).zip(input.chunks_exact(channels)).zip(shares);
                for ((output, input), &share) in pixels {
                    match self.how {
                        How::Root => {
                            let scale = share.sqrt();
                            output.iter_mut().zip(input).for_each(|(output, input)| *output = scale * input);
                        }
                        How::Add => output.iter_mut().zip(input).for_each(|(output, input)| *output += share * input),
                    }
                }
            });
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::engine::test_support::Noise;

    fn tensor(values: &[f32], shape: (usize, usize, usize)) -> Tensor {
        Tensor::from_slice(values, shape, &Device::Cpu).unwrap()
    }

    fn shares(noise: &mut Noise, pixels: usize) -> Vec<f32> {
        // Black, white and greys.
        noise.vec(pixels).iter().map(|value| (1.5 * value + 0.5).clamp(0.0, 1.0)).collect()
    }

    #[test]
    fn guided_gram_matrix_matches_its_definition() {
        // The second is more than one band, and no multiple of it.
        for (h, w, c) in [(5, 3, 7), (67, 129, 131)] {
            let mut noise = Noise::new(5);
            let values = noise.vec(h * w * c);
            let shares = shares(&mut noise, h * w);
            let gram = gram_matrix(&tensor(&values, (h, w, c)), &shares).unwrap().to_vec2::<f32>().unwrap();
            let total: f64 = shares.iter().copied().map(f64::from).sum();
            for (i, j) in [(0, 0), (c - 1, 0), (2, c - 1), (c / 2, c / 2 + 1)] {
                let products = values.chunks(c).map(|pixel| f64::from(pixel[i]) * f64::from(pixel[j]));
                let sum: f64 = products.zip(&shares).map(|(product, share)| product * f64::from(*share)).sum();
                assert!((f64::from(gram[i][j]) - sum / total).abs() < 1e-5, "{i}, {j} of {h} x {w} x {c}");
            }
        }
    }

    #[test]
    fn guided_mean_matches_its_definition() {
        for (h, w, c) in [(5, 3, 7), (67, 129, 131)] {
            let mut noise = Noise::new(7);
            let values = noise.vec(h * w * c);
            let shares = shares(&mut noise, h * w);
            let mean = mean(&tensor(&values, (h, w, c)), &shares).unwrap().to_vec1::<f32>().unwrap();
            let total: f64 = shares.iter().copied().map(f64::from).sum();
            for channel in [0, c / 2, c - 1] {
                let of_channel = values.iter().skip(channel).step_by(c).zip(&shares);
                let sum: f64 = of_channel.map(|(value, share)| f64::from(*value) * f64::from(*share)).sum();
                assert!((f64::from(mean[channel]) - sum / total).abs() < 1e-6, "{channel} of {h} x {w} x {c}");
            }
        }
    }

    #[test]
    fn the_whole_picture_is_a_region_like_any_other() {
        let (h, w, c) = (9, 11, 20);
        let features = tensor(&Noise::new(8).vec(h * w * c), (h, w, c));
        let guided = gram_matrix(&features, &vec![1.0; h * w]).unwrap();
        let plain = gram::gram_matrix(&features).unwrap();
        assert!(vector::squared_distance(&guided, &plain).unwrap() < 1e-10);
    }

    #[test]
    fn gradient_matches_differences() {
        for (h, w, c) in [(3, 4, 6), (5, 1, 3), (1, 7, 9)] {
            let mut noise = Noise::new(6);
            let values = noise.vec(h * w * c);
            let shares = shares(&mut noise, h * w);
            let target = gram::gram_matrix(&tensor(&noise.vec(h * w * c), (h, w, c))).unwrap();
            let loss_at = |values: &[f32]| {
                3.0 * gram::loss(&gram_matrix(&tensor(values, (h, w, c)), &shares).unwrap(), &target)
                    .unwrap()
                    .read()
                    .unwrap()
            };
            let features = tensor(&values, (h, w, c));
            let gram = gram_matrix(&features, &shares).unwrap();
            let slopes = |start: f32, accumulate| {
                let found = Tensor::full(start, (h, w, c), &Device::Cpu).unwrap();
                gradient(3.0, &features, (&gram, &target), &shares, accumulate, &found).unwrap();
                found.flatten_all().unwrap().to_vec1::<f32>().unwrap()
            };
            let (found, added) = (slopes(9.0, false), slopes(2.0, true));
            for i in 0..values.len() {
                let (mut up, mut down) = (values.clone(), values.clone());
                up[i] += 1e-2;
                down[i] -= 1e-2;
                let expected = (loss_at(&up) - loss_at(&down)) / f64::from(up[i] - down[i]);
                assert!((f64::from(found[i]) - expected).abs() < 1e-3 * expected.abs().max(0.05), "element {i}");
                assert!((added[i] - 2.0 - found[i]).abs() < 1e-5, "element {i}, added");
            }
        }
    }

    #[test]
    fn an_empty_region_has_neither_loss_nor_slope() {
        let (h, w, c) = (4, 5, 3);
        let features = tensor(&Noise::new(9).vec(h * w * c), (h, w, c));
        let gram = gram_matrix(&features, &[0.0; 20]).unwrap();
        assert!(gram.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|value| *value == 0.0));
        let found = Tensor::zeros((h, w, c), DType::F32, &Device::Cpu).unwrap();
        gradient(1.0, &features, (&gram, &gram), &[0.0; 20], false, &found).unwrap();
        assert!(found.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|value| *value == 0.0));
        assert!(gram_matrix(&features, &[1.0; 19]).is_err());
    }
}
