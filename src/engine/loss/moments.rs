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
//! `EPSILON` is added to both diagonals, as there: a picture of one colour has no covariance at all.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, DType, InplaceOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::gram::{gram_matrix, pixelwise_product};
use super::root::{root, trace};
#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::{values, values_mut};
use crate::engine::threads;

/// Multiplies this loss for about the strength that the Gram loss has: its gradient is then as long as that of the Gram loss
/// on the canvas that the default recipe paints of the bundled pair at 128 pixels in 100 iterations at one size (measured
/// 7.7e3 for the five layers together, by [`Objective::shares`](crate::engine::objective::Objective::shares)).
///
/// On the photo itself the Gram loss pulls 50 times as hard, since it grows with the fourth power of the features and this
/// one with the second.
pub const GRAM_STRENGTH: f64 = 8e3;

/// Added to the variances. Those of features are 1e2 to 1e6.
const EPSILON: f64 = 1e-4;

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
    /// `(C)`.
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
        let covariance = covariance(mean, second_moment)?;
        Ok(Self { mean: mean.clone(), root: root(&covariance)?.value, trace: trace(&covariance)? })
    }

    /// The loss without a weight, and `gradient = [gradient +] weight * dL/dF`; added if `accumulate`.
    ///
    /// # Errors
    /// When the tensors do not fit each other, or the device fails.
    pub fn evaluate(&self, weight: f64, features: &Tensor, accumulate: bool, gradient: &Tensor) -> Result<f64> {
        let (height, width, _) = features.dims3()?;
        let pull = self.pull(weight, (height * width) as f64, &mean(features)?, &gram_matrix(features)?)?;
        pixelwise_product(features, &pull.slope, accumulate, gradient)?;
        add_to_pixels(&pull.same_for_all, gradient)?;
        Ok(pull.loss)
    }

    /// The loss of features with this mean and raw second moment, and `weight` times its slope at each of `pixels` pixels.
    ///
    /// # Errors
    /// As [`Target::new`].
    pub fn pull(&self, weight: f64, pixels: f64, mean: &Tensor, second_moment: &Tensor) -> Result<Pull> {
        let channels = mean.dim(0)?;
        let covariance = covariance(mean, second_moment)?;
        let transported = root(&self.root.matmul(&covariance)?.matmul(&self.root)?)?;
        let apart = (mean - &self.mean)?;
        let squares = apart.sqr()?.sum_all()?.to_scalar::<f32>()?;
        let loss = f64::from(squares) + trace(&covariance)? + self.trace - 2.0 * trace(&transported.value)?;

        let factor = 2.0 * weight / (pixels * channels as f64);
        let unit = Tensor::eye(channels, DType::F32, mean.device())?;
        let slope = (self.root.matmul(&transported.slope)?.matmul(&self.root)? * -2.0)?;
        let slope = ((unit + slope)? * factor)?;
        let same_for_all = ((apart * factor)? - slope.matmul(&mean.unsqueeze(1)?)?.squeeze(1)?)?;
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
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::engine::test_support::Noise;

    fn map(values: &[f32], (h, w, c): (usize, usize, usize)) -> Tensor {
        Tensor::from_slice(values, (h, w, c), &Device::Cpu).unwrap()
    }

    fn target(features: &Tensor) -> Target {
        Target::new(&mean(features).unwrap(), &gram_matrix(features).unwrap()).unwrap()
    }

    fn loss(target: &Target, features: &Tensor) -> f64 {
        target.evaluate(1.0, features, false, &features.zeros_like().unwrap()).unwrap()
    }

    #[test]
    fn the_mean_is_that_of_every_channel() {
        let (h, w, c) = (23, 31, 5); // more pixels than one run, and no multiple of it
        let values = Noise::new(8).vec(h * w * c);
        let found: Vec<f32> = mean(&map(&values, (h, w, c))).unwrap().to_vec1().unwrap();
        for (channel, found) in found.iter().enumerate() {
            let sum: f64 = values.iter().skip(channel).step_by(c).map(|value| f64::from(*value)).sum();
            assert!((f64::from(*found) - sum / (h * w) as f64).abs() < 1e-6);
        }
    }

    /// Channels that have nothing to do with each other: there the distance is known without any matrix.
    #[test]
    fn independent_channels_are_apart_by_means_and_standard_deviations() {
        let (h, w) = (2, 2);
        // Two channels, every sign with every other: no correlation.
        let signs = [[1f32, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
        let picture = |means: [f32; 2], deviations: [f32; 2]| {
            let values: Vec<f32> =
                signs.iter().flat_map(|sign| (0..2).map(move |c| means[c] + deviations[c] * sign[c])).collect();
            map(&values, (h, w, 2))
        };
        let style = target(&picture([3.0, -1.0], [4.0, 7.0]));
        let found = loss(&style, &picture([1.0, 2.0], [5.0, 2.0]));
        let expected = (2f64.powi(2) + 3f64.powi(2) + 1f64.powi(2) + 5f64.powi(2)) / 2.0;
        assert!((found - expected).abs() < 1e-3 * expected, "{found}, expected {expected}");
        assert!(loss(&style, &picture([3.0, -1.0], [4.0, 7.0])).abs() < 1e-3);
    }

    /// Mean and covariance in f64.
    fn moments_in_f64(values: &[f64], channels: usize) -> (Tensor, Tensor) {
        let pixels = values.len() / channels;
        let map = Tensor::from_slice(values, (pixels, channels), &Device::Cpu).unwrap();
        let mean = map.mean(0).unwrap();
        let second_moment = (map.t().unwrap().matmul(&map).unwrap() / pixels as f64).unwrap();
        let covariance = covariance(&mean, &second_moment).unwrap();
        (mean, covariance)
    }

    /// The loss in f64.
    fn definition(style: &[f64], values: &[f64], channels: usize) -> f64 {
        let ((style_mean, style), (mean, found)) = (moments_in_f64(style, channels), moments_in_f64(values, channels));
        let of_style = root(&style).unwrap().value;
        let transported = root(&of_style.matmul(&found).unwrap().matmul(&of_style).unwrap()).unwrap().value;
        let squares: f64 = (mean - style_mean).unwrap().sqr().unwrap().sum_all().unwrap().to_scalar().unwrap();
        let traces = trace(&found).unwrap() + trace(&style).unwrap() - 2.0 * trace(&transported).unwrap();
        (squares + traces) / channels as f64
    }

    #[test]
    fn fewer_pixels_than_channels_leave_loss_and_gradient_finite() {
        // The covariance is singular then, its root has no derivative along what is missing, and the shift of the
        // diagonal decides: the size of the gradient is not held to anything.
        let shape = (1, 3, 6);
        let mut noise = Noise::new(9);
        let style = target(&map(&noise.vec(18), shape));
        let features = map(&noise.vec(18), shape);
        let gradient = features.zeros_like().unwrap();
        assert!(style.evaluate(3.0, &features, false, &gradient).unwrap() >= 0.0);
        assert!(gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|value| value.is_finite()));
    }

    #[test]
    fn loss_and_gradient_match_the_definition_in_f64() {
        // The second has fewer pixels than channels: its covariance is singular.
        for shape in [(5, 7, 4), (3, 9, 6)] {
            let (h, w, c) = shape;
            let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
            let mut noise = Noise::new(9);
            let of_style = noise.vec(h * w * c);
            let style = target(&map(&of_style, shape));
            let values: Vec<f32> = noise.vec(h * w * c).iter().map(|value| 0.5 + 2.0 * value).collect();
            let (of_style, in_f64) = (wide(&of_style), wide(&values));
            let features = map(&values, shape);
            let gradient = features.ones_like().unwrap();
            let found = style.evaluate(3.0, &features, true, &gradient).unwrap();
            let expected = definition(&of_style, &in_f64, c);
            assert!((found - expected).abs() < 1e-3 * expected, "{shape:?}: {found}, expected {expected}");
            let found: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
            for i in 0..values.len() {
                let moved = |by: f64| {
                    let mut values = in_f64.clone();
                    values[i] += by;
                    definition(&of_style, &values, c)
                };
                let expected = 1.0 + 3.0 * (moved(1e-6) - moved(-1e-6)) / 2e-6;
                assert!((f64::from(found[i]) - expected).abs() < 1e-2, "{shape:?} at {i}: {}, {expected}", found[i]);
            }
        }
    }

    #[test]
    fn a_style_of_one_colour_can_be_compared_with() {
        let shape = (4, 4, 3);
        let style = target(&map(&[2.0; 48], shape));
        let features = map(&Noise::new(10).vec(48), shape);
        let gradient = features.zeros_like().unwrap();
        assert!(style.evaluate(1.0, &features, false, &gradient).unwrap().is_finite());
        assert!(gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|value| value.is_finite()));
    }
}
