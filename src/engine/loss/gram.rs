//! Style loss: correlations between features, wherever they occur (Gatys et al. 2016, equations 3 to 6).
//!
//! With the feature map seen as `N` pixels of `C` channels, the Gram matrix is `G = F^T F / N`, and
//! `L = s * mean((G - A)^2)` with `A` the style's Gram matrix. `dL/dF = F S`, `S = 2 s / C^2 * 2 / N * (G - A)`
//! (using that `G - A` is symmetric). Dividing by `N`, as the authors' notebook does, makes pictures of different sizes
//! comparable.

use candle_core::{CpuStorage, CustomOp1, InplaceOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::engine::storage::{values, values_mut};
use crate::engine::{threads, vector};

/// Pixels whose products one task adds up before it takes the next.
const PIXELS_PER_TASK: usize = 4096;

/// The Gram matrix `(C, C)` of a feature map `(height, width, C)`.
///
/// # Errors
/// When the tensor is not a contiguous `f32` feature map, or the device fails.
pub fn gram_matrix(features: &Tensor) -> Result<Tensor> {
    features.apply_op1_no_bwd(&Gram)
}

/// `mean((gram - target)^2)`, without a weight.
///
/// # Errors
/// When the matrices differ in size or the device fails.
pub fn loss(gram: &Tensor, target: &Tensor) -> Result<f64> {
    Ok(vector::squared_distance(gram, target)? / gram.elem_count() as f64)
}

/// `gradient = weight * dL/dF`.
///
/// # Errors
/// When the tensors do not fit each other or the device fails.
pub fn gradient(weight: f64, features: &Tensor, gram: &Tensor, target: &Tensor, gradient: &Tensor) -> Result<()> {
    let (height, width, _) = features.dims3()?;
    let factor = 4.0 * weight / (gram.elem_count() as f64 * (height * width) as f64);
    let slope = gram.copy()?;
    let factor = factor as f32;
    vector::zip(target, &slope, |a, g| factor * (g - a))?;
    gradient.inplace_op3(features, &slope, &PixelwiseProduct)
}

struct Gram;

impl CustomOp1 for Gram {
    fn name(&self) -> &'static str {
        "gram"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (height, width, channels) = layout.shape().dims3()?;
        let features = values(storage, layout)?;
        // Partial sums of runs of pixels are added up in their order: the result does not depend on the threads.
        let tasks = threads::count().min((height * width).div_ceil(PIXELS_PER_TASK)).max(1);
        let share = (height * width).div_ceil(tasks) * channels;
        let partial = |features: &[f32]| {
            let mut sum = vec![0f32; channels * channels];
            for run in features.chunks(PIXELS_PER_TASK * channels) {
                let pixels = run.len() / channels;
                // SAFETY: `sum` is channels x channels, `run` is pixels x channels, both contiguous; the strides
                // given describe `run` once transposed (left) and once as it is (right).
                unsafe {
                    gemm::gemm(
                        channels,
                        channels,
                        pixels,
                        sum.as_mut_ptr(),
                        1,
                        channels as isize,
                        true,
                        run.as_ptr(),
                        channels as isize,
                        1,
                        run.as_ptr(),
                        1,
                        channels as isize,
                        1.0,
                        1.0,
                        false,
                        false,
                        false,
                        gemm::Parallelism::None,
                    );
                }
            }
            sum
        };
        let partials: Vec<Vec<f32>> = threads::pool().install(|| features.par_chunks(share).map(partial).collect());
        let scale = 1.0 / (height * width) as f32;
        let mut gram = vec![0f32; channels * channels];
        for partial in partials {
            gram.iter_mut().zip(partial).for_each(|(sum, value)| *sum += value);
        }
        gram.iter_mut().for_each(|value| *value *= scale);
        Ok((CpuStorage::F32(gram), Shape::from((channels, channels))))
    }
}

/// `output = features * matrix`, pixel by pixel: `(height, width, C) x (C, C)`.
struct PixelwiseProduct;

impl InplaceOp3 for PixelwiseProduct {
    fn name(&self) -> &'static str {
        "pixelwise-product"
    }

    fn cpu_fwd(
        &self,
        out: &mut CpuStorage,
        out_l: &Layout,
        features: &CpuStorage,
        features_l: &Layout,
        matrix: &CpuStorage,
        matrix_l: &Layout,
    ) -> Result<()> {
        let (_, _, channels) = features_l.shape().dims3()?;
        let (output, features) = (values_mut(out, out_l)?, values(features, features_l)?);
        let matrix = values(matrix, matrix_l)?;
        if output.len() != features.len() || matrix.len() != channels * channels {
            candle_core::bail!(
                "{:?} times {:?} does not fit {:?}",
                features_l.shape(),
                matrix_l.shape(),
                out_l.shape()
            );
        }
        let run = PIXELS_PER_TASK / 8 * channels;
        threads::pool().install(|| {
            output.par_chunks_mut(run).zip(features.par_chunks(run)).for_each(|(output, features)| {
                let pixels = features.len() / channels;
                // SAFETY: output and features are pixels x channels, the matrix channels x channels, all contiguous
                // and row by row, as the strides say.
                unsafe {
                    gemm::gemm(
                        pixels,
                        channels,
                        channels,
                        output.as_mut_ptr(),
                        1,
                        channels as isize,
                        false,
                        features.as_ptr(),
                        1,
                        channels as isize,
                        matrix.as_ptr(),
                        1,
                        channels as isize,
                        0.0,
                        1.0,
                        false,
                        false,
                        false,
                        gemm::Parallelism::None,
                    );
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

    #[test]
    fn gram_matrix_matches_its_definition() {
        let (h, w, c) = (67, 65, 5); // more pixels than one run, and no multiple of it
        let values = Noise::new(5).vec(h * w * c);
        let features = Tensor::from_slice(&values, (h, w, c), &Device::Cpu).unwrap();
        let gram = gram_matrix(&features).unwrap().to_vec2::<f32>().unwrap();
        for i in 0..c {
            for j in 0..c {
                let sum: f64 = values.chunks(c).map(|pixel| f64::from(pixel[i]) * f64::from(pixel[j])).sum();
                assert!((f64::from(gram[i][j]) - sum / (h * w) as f64).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn gradient_matches_differences() {
        let (h, w, c) = (3, 4, 6);
        let mut noise = Noise::new(6);
        let values = noise.vec(h * w * c);
        let target = gram_matrix(&Tensor::from_slice(&noise.vec(h * w * c), (h, w, c), &Device::Cpu).unwrap()).unwrap();
        let loss_at = |values: &[f32]| {
            let features = Tensor::from_slice(values, (h, w, c), &Device::Cpu).unwrap();
            3.0 * loss(&gram_matrix(&features).unwrap(), &target).unwrap()
        };
        let features = Tensor::from_slice(&values, (h, w, c), &Device::Cpu).unwrap();
        let found = Tensor::zeros((h, w, c), DType::F32, &Device::Cpu).unwrap();
        gradient(3.0, &features, &gram_matrix(&features).unwrap(), &target, &found).unwrap();
        let found: Vec<f32> = found.flatten_all().unwrap().to_vec1().unwrap();
        for i in 0..values.len() {
            let (mut up, mut down) = (values.clone(), values.clone());
            up[i] += 1e-2;
            down[i] -= 1e-2;
            let expected = (loss_at(&up) - loss_at(&down)) / f64::from(up[i] - down[i]);
            assert!((f64::from(found[i]) - expected).abs() < 1e-3 * expected.abs().max(0.05), "element {i}");
        }
    }
}
