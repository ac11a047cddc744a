//! 2x2 pooling with stride 2, forward and backward, over NHWC feature maps.
//!
//! Odd rows and columns at the far edges are dropped, as in the network's training.

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor};
use pulp::Arch;
use rayon::prelude::*;

use super::storage::{values, values_mut};
use super::threads;
use crate::recipe::Pooling;

/// What average pooling is multiplied with, so that features keep about the magnitude that max pooling gives them
/// (neural-style found unscaled averages to paint poorly).
const AVERAGE_GAIN: f32 = 2.0;

/// `output = pool(input)`: `(height, width, channels)` to `(height / 2, width / 2, channels)`.
///
/// # Errors
/// When the shapes do not fit, or the tensors are not contiguous `f32` on a device that has this operator.
pub fn forward(pooling: Pooling, input: &Tensor, output: &Tensor) -> Result<()> {
    output.inplace_op2(input, &Forward(pooling))
}

/// The gradient through the pooling and the ReLU in front of it: `output = (unpool(gradient) [+ output]) where
/// features > 0`, with `features` the pooling's input; `output` is added if `accumulate`.
///
/// # Errors
/// When the shapes do not fit, or the tensors are not contiguous `f32` on a device that has this operator.
pub fn input_gradient(
    pooling: Pooling,
    gradient: &Tensor,
    features: &Tensor,
    accumulate: bool,
    output: &Tensor,
) -> Result<()> {
    output.inplace_op3(gradient, features, &Backward { pooling, accumulate })
}

struct Forward(Pooling);

impl InplaceOp2 for Forward {
    fn name(&self) -> &'static str {
        "pool2x2"
    }

    fn cpu_fwd(&self, out: &mut CpuStorage, out_l: &Layout, input: &CpuStorage, input_l: &Layout) -> Result<()> {
        let (_, width, channels) = input_l.shape().dims3()?;
        let (_, out_width, _) = check_shapes(input_l, out_l)?;
        let (output, input) = (values_mut(out, out_l)?, values(input, input_l)?);
        let row = width * channels;
        threads::pool().install(|| {
            output.par_chunks_exact_mut(out_width * channels).enumerate().for_each(|(y, output)| {
                let rows = &input[2 * y * row..][..2 * row];
                Arch::new().dispatch(
                    #[inline(always)]
                    || forward_row(self.0, rows, row, channels, output),
                );
            });
        });
        Ok(())
    }
}

/// Height, width and channels of the smaller map.
fn check_shapes(large: &Layout, small: &Layout) -> Result<(usize, usize, usize)> {
    let (height, width, channels) = large.shape().dims3()?;
    let pooled = small.shape().dims3()?;
    if pooled != (height / 2, width / 2, channels) {
        candle_core::bail!("pooling {:?} gives {:?}, not {pooled:?}", large.shape(), (height / 2, width / 2, channels));
    }
    Ok(pooled)
}

#[inline(always)]
fn forward_row(pooling: Pooling, rows: &[f32], row: usize, channels: usize, output: &mut [f32]) {
    let (upper, lower) = rows.split_at(row);
    for (x, output) in output.chunks_exact_mut(channels).enumerate() {
        let (a, b) = upper[2 * x * channels..][..2 * channels].split_at(channels);
        let (c, d) = lower[2 * x * channels..][..2 * channels].split_at(channels);
        let square = a.iter().zip(b).zip(c.iter().zip(d));
        match pooling {
            Pooling::Max => {
                for (output, ((a, b), (c, d))) in output.iter_mut().zip(square) {
                    *output = a.max(*b).max(c.max(*d));
                }
            }
            Pooling::Average => {
                for (output, ((a, b), (c, d))) in output.iter_mut().zip(square) {
                    *output = (a + b + c + d) * (AVERAGE_GAIN / 4.0);
                }
            }
        }
    }
}

struct Backward {
    pooling: Pooling,
    accumulate: bool,
}

impl InplaceOp3 for Backward {
    fn name(&self) -> &'static str {
        "pool2x2-input-gradient"
    }

    fn cpu_fwd(
        &self,
        out: &mut CpuStorage,
        out_l: &Layout,
        gradient: &CpuStorage,
        gradient_l: &Layout,
        features: &CpuStorage,
        features_l: &Layout,
    ) -> Result<()> {
        let (_, width, channels) = features_l.shape().dims3()?;
        let (pooled_height, pooled_width, _) = check_shapes(features_l, gradient_l)?;
        let output = values_mut(out, out_l)?;
        let (gradient, features) = (values(gradient, gradient_l)?, values(features, features_l)?);
        if output.len() != features.len() {
            candle_core::bail!("gradient of {:?} for features of {:?}", out_l.shape(), features_l.shape());
        }
        let row = width * channels;
        threads::pool().install(|| {
            output.par_chunks_mut(2 * row).zip(features.par_chunks(2 * row)).enumerate().for_each(
                |(y, (output, features))| {
                    if !self.accumulate {
                        output.fill(0.0);
                    }
                    if y < pooled_height {
                        let gradient = &gradient[y * pooled_width * channels..][..pooled_width * channels];
                        Arch::new().dispatch(
                            #[inline(always)]
                            || backward_rows(self.pooling, gradient, features, row, channels, output),
                        );
                    }
                    for (output, feature) in output.iter_mut().zip(features) {
                        *output = if *feature > 0.0 { *output } else { 0.0 };
                    }
                },
            );
        });
        Ok(())
    }
}

/// Adds to two rows of the larger map what one row of the smaller one passes back.
#[inline(always)]
fn backward_rows(
    pooling: Pooling,
    gradient: &[f32],
    features: &[f32],
    row: usize,
    channels: usize,
    output: &mut [f32],
) {
    let (upper, lower) = features.split_at(row);
    let (upper_out, lower_out) = output.split_at_mut(row);
    for (x, gradient) in gradient.chunks_exact(channels).enumerate() {
        let square = 2 * x * channels;
        let (a, b) = upper[square..][..2 * channels].split_at(channels);
        let (c, d) = lower[square..][..2 * channels].split_at(channels);
        let (a_out, b_out) = upper_out[square..][..2 * channels].split_at_mut(channels);
        let (c_out, d_out) = lower_out[square..][..2 * channels].split_at_mut(channels);
        for i in 0..channels {
            let g = gradient[i];
            match pooling {
                Pooling::Max => {
                    // The first of equal maxima takes the gradient, as in PyTorch.
                    let first_ab = a[i] >= b[i];
                    let first_cd = c[i] >= d[i];
                    let upper_wins = a[i].max(b[i]) >= c[i].max(d[i]);
                    a_out[i] += if upper_wins && first_ab { g } else { 0.0 };
                    b_out[i] += if upper_wins && !first_ab { g } else { 0.0 };
                    c_out[i] += if !upper_wins && first_cd { g } else { 0.0 };
                    d_out[i] += if !upper_wins && !first_cd { g } else { 0.0 };
                }
                Pooling::Average => {
                    let share = g * (AVERAGE_GAIN / 4.0);
                    a_out[i] += share;
                    b_out[i] += share;
                    c_out[i] += share;
                    d_out[i] += share;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::engine::test_support::Noise;

    /// A pooling is linear in its input as long as the maxima stay where they are, so its gradient is found exactly by
    /// differences.
    #[test]
    fn gradient_matches_differences_on_odd_sizes() {
        let (h, w, c) = (5, 7, 3);
        let mut noise = Noise::new(4);
        let features: Vec<f32> = noise.vec(h * w * c).iter().map(|v| (v * 100.0).round()).collect();
        let upstream = noise.vec((h / 2) * (w / 2) * c);
        let before = noise.vec(h * w * c);
        for pooling in [Pooling::Max, Pooling::Average] {
            let pooled = |values: &[f32]| -> f64 {
                let input = Tensor::from_slice(values, (h, w, c), &Device::Cpu).unwrap();
                let output = Tensor::zeros((h / 2, w / 2, c), candle_core::DType::F32, &Device::Cpu).unwrap();
                forward(pooling, &input, &output).unwrap();
                let output: Vec<f32> = output.flatten_all().unwrap().to_vec1().unwrap();
                output.iter().zip(&upstream).map(|(y, g)| f64::from(y * g)).sum()
            };
            let gradient = Tensor::from_slice(&before, (h, w, c), &Device::Cpu).unwrap();
            let upstream_tensor = Tensor::from_slice(&upstream, (h / 2, w / 2, c), &Device::Cpu).unwrap();
            let features_tensor = Tensor::from_slice(&features, (h, w, c), &Device::Cpu).unwrap();
            input_gradient(pooling, &upstream_tensor, &features_tensor, true, &gradient).unwrap();
            let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
            for i in 0..features.len() {
                let mut moved = features.clone();
                moved[i] += 0.25;
                let difference = (pooled(&moved) - pooled(&features)) / 0.25;
                let expected = if features[i] > 0.0 { difference + f64::from(before[i]) } else { 0.0 };
                assert!((f64::from(gradient[i]) - expected).abs() < 1e-3, "{pooling} element {i}");
            }
        }
    }
}
