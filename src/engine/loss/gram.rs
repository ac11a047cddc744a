//! Style loss: correlations between features, wherever they occur (Gatys et al. 2016, equations 3 to 6).
//!
//! With the feature map seen as `N` pixels of `C` channels, the Gram matrix is `G = F^T F / N`, and
//! `L = s * mean((G - A)^2)` with `A` the style's Gram matrix. `dL/dF = F S`, `S = 2 s / C^2 * 2 / N * (G - A)`
//! (using that `G - A` is symmetric). Dividing by `N`, as the authors' notebook does, makes pictures of different sizes
//! comparable.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, InplaceOp3, Layout, Result, Shape, Tensor};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::engine::arena::{self, Buffer};
#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::panel::{self, Left, PanelMatrix, Target};
use crate::engine::storage::{values, values_mut};
use crate::engine::vector::{self, Loss};
use crate::engine::{simd, threads};

/// Features of a run of pixels, in floats: what stays in the second-level cache beside its products.
const RUN_FLOATS: usize = 1 << 15;
/// Sides of the blocks in which half of a Gram matrix is copied into the other.
const MIRROR_BLOCK: usize = 16;
/// Fewest pixels that are worth a task of their own.
const MIN_SHARE: usize = 256;

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
pub fn loss(gram: &Tensor, target: &Tensor) -> Result<Loss> {
    Ok(Loss::Asked(1.0 / gram.elem_count() as f64, vector::lazy_squared_distance(gram, target)?))
}

/// `gradient = [gradient +] weight * dL/dF`; added if `accumulate`.
///
/// # Errors
/// When the tensors do not fit each other or the device fails.
pub fn gradient(
    weight: f64,
    features: &Tensor,
    gram: &Tensor,
    target: &Tensor,
    accumulate: bool,
    gradient: &Tensor,
) -> Result<()> {
    let (height, width, _) = features.dims3()?;
    pixelwise_product(features, &slope(weight, (height * width) as f64, gram, target)?, accumulate, gradient)
}

/// `weight * S`, with `S` as above, for a feature map of so many pixels.
///
/// # Errors
/// When the matrices differ in size or the device fails.
pub fn slope(weight: f64, pixels: f64, gram: &Tensor, target: &Tensor) -> Result<Tensor> {
    let factor = (4.0 * weight / (gram.elem_count() as f64 * pixels)) as f32;
    let slope = gram.copy()?;
    vector::scale_difference(factor, target, &slope)?;
    Ok(slope)
}

/// `output = [output +] features * matrix`, pixel by pixel: `(height, width, C) x (C, C)`; added if `accumulate`.
///
/// # Errors
/// When the tensors do not fit each other or the device fails.
pub fn pixelwise_product(features: &Tensor, matrix: &Tensor, accumulate: bool, output: &Tensor) -> Result<()> {
    output.inplace_op3(features, matrix, &PixelwiseProduct { accumulate })
}

struct Gram;

impl CustomOp1 for Gram {
    fn name(&self) -> &'static str {
        "gram"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, features: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::gram_matrix((features, layout))
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (height, width, channels) = layout.shape().dims3()?;
        let features = values(storage, layout)?;
        let pixels = height * width;
        // Every share is summed up by one task, and the sums are added in their order: the result does not depend on
        // which thread was quicker.
        let shares = threads::count().min(pixels.div_ceil(MIN_SHARE)).max(1);
        let share = pixels.div_ceil(shares) * channels;
        let run = (RUN_FLOATS / channels).max(1);
        let partials: Vec<Buffer> = threads::pool().install(|| {
            features
                .par_chunks(share)
                .map(|features| {
                    let mut sum = Buffer::zeros(padded(channels) * padded(channels));
                    arena::with_scratch(run * padded(channels), |packed| {
                        let sum = sum.values_mut();
                        simd::arch().dispatch(SumOfProducts { features, channels, run, packed, sum });
                    });
                    sum
                })
                .collect()
        });
        let scale = 1.0 / pixels as f32;
        let mut gram = vec![0f32; channels * channels];
        let padded = padded(channels);
        for partial in &partials {
            for (row, sums) in partial.values().chunks_exact(padded).enumerate().take(channels) {
                let gram = &mut gram[row * channels..][row..channels];
                gram.iter_mut().zip(&sums[row..]).for_each(|(gram, sum)| *gram += scale * sum);
            }
        }
        // The tasks leave the lower half out. Block by block, since one of the two sides is read across its rows.
        for rows in (0..channels).step_by(MIRROR_BLOCK) {
            for columns in (0..=rows).step_by(MIRROR_BLOCK) {
                for row in rows..(rows + MIRROR_BLOCK).min(channels) {
                    for column in columns..(columns + MIRROR_BLOCK).min(row) {
                        gram[row * channels + column] = gram[column * channels + row];
                    }
                }
            }
        }
        Ok((CpuStorage::F32(gram), Shape::from((channels, channels))))
    }
}

/// `channels` filled up to whole panels.
fn padded(channels: usize) -> usize {
    channels.next_multiple_of(panel::panel_width())
}

/// The upper half of `F^T F` for a share of the pixels.
struct SumOfProducts<'a> {
    features: &'a [f32],
    channels: usize,
    /// Pixels that are packed together.
    run: usize,
    /// Room for them.
    packed: &'a mut [f32],
    /// `[padded channels][padded channels]`, zeros.
    sum: &'a mut [f32],
}

impl WithSimd for SumOfProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (channels, width) = (self.channels, panel::width::<S>());
        let panels = channels.div_ceil(width);
        for features in self.features.chunks(self.run * channels) {
            let pixels = features.len() / channels;
            pack::<S>(features, channels, self.packed);
            for row in (0..channels).step_by(width) {
                let left = Left { start: self.packed[row * pixels..].as_ptr(), row_stride: 1, depth_stride: width };
                for column in (row..channels).step_by(width) {
                    let right = self.packed[column * pixels..].as_ptr();
                    let start = self.sum[row * panels * width + column..].as_mut_ptr();
                    let target = Target { start, row_stride: panels * width, accumulate: true };
                    // SAFETY: both panels hold `pixels x width` values, and the sum has `width` rows and columns
                    // from here on because its sides are whole panels.
                    unsafe { panel::multiply(simd, width, pixels, left, right, target) };
                }
            }
        }
    }
}

/// Brings pixels x channels into panels, `[channels / width][pixels][width]`, the last one filled up with zeros.
#[inline(always)]
fn pack<S: Simd>(features: &[f32], channels: usize, packed: &mut [f32]) {
    let (pixels, width) = (features.len() / channels, panel::width::<S>());
    for (panel, packed) in packed.chunks_exact_mut(pixels * width).enumerate().take(channels.div_ceil(width)) {
        let columns = width.min(channels - panel * width);
        for (pixel, packed) in features.chunks_exact(channels).zip(packed.chunks_exact_mut(width)) {
            let pixel = &pixel[panel * width..][..columns];
            if columns == width {
                // Whole vectors: a copy of unknown length would be a call for every pixel.
                for at in (0..width).step_by(S::F32_LANES) {
                    // SAFETY: both have `width` values, which is a multiple of a vector.
                    unsafe {
                        let value = pixel.as_ptr().add(at).cast::<S::f32s>().read_unaligned();
                        packed.as_mut_ptr().add(at).cast::<S::f32s>().write_unaligned(value);
                    }
                }
            } else {
                packed[..columns].copy_from_slice(pixel);
                packed[columns..].fill(0.0);
            }
        }
    }
}

struct PixelwiseProduct {
    accumulate: bool,
}

impl PixelwiseProduct {
    /// The channels, once the shapes are found to fit.
    fn channels(out_l: &Layout, features_l: &Layout, matrix_l: &Layout) -> Result<usize> {
        let (_, _, channels) = features_l.shape().dims3()?;
        let values = |layout: &Layout| layout.shape().elem_count();
        if values(out_l) != values(features_l) || values(matrix_l) != channels * channels {
            candle_core::bail!(
                "{:?} times {:?} does not fit {:?}",
                features_l.shape(),
                matrix_l.shape(),
                out_l.shape()
            );
        }
        Ok(channels)
    }
}

impl InplaceOp3 for PixelwiseProduct {
    fn name(&self) -> &'static str {
        "pixelwise-product"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        out: &mut CudaStorage,
        out_l: &Layout,
        features: &CudaStorage,
        features_l: &Layout,
        matrix: &CudaStorage,
        matrix_l: &Layout,
    ) -> Result<()> {
        Self::channels(out_l, features_l, matrix_l)?;
        cuda::pixelwise_product(self.accumulate, (out, out_l), (features, features_l), (matrix, matrix_l))
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
        let channels = Self::channels(out_l, features_l, matrix_l)?;
        let (output, features) = (values_mut(out, out_l)?, values(features, features_l)?);
        let matrix = values(matrix, matrix_l)?;
        let matrix = PanelMatrix::from_fn(channels, channels, |row, column| matrix[row * channels + column]);
        let run = (RUN_FLOATS / channels).max(1) * channels;
        threads::pool().install(|| {
            output.par_chunks_mut(run).zip(features.par_chunks(run)).for_each(|(output, features)| {
                arena::with_scratch(run / channels * matrix.width(), |products| {
                    simd::arch().dispatch(RunProduct {
                        features,
                        channels,
                        matrix: &matrix,
                        products,
                        accumulate: self.accumulate,
                        output,
                    });
                });
            });
        });
        Ok(())
    }
}

/// A run of pixels times a matrix.
struct RunProduct<'a> {
    features: &'a [f32],
    channels: usize,
    matrix: &'a PanelMatrix,
    /// Room for a panel's columns, where the last panel is not whole.
    products: &'a mut [f32],
    accumulate: bool,
    output: &'a mut [f32],
}

impl WithSimd for RunProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (channels, width) = (self.channels, self.matrix.width());
        let pixels = self.features.len() / channels;
        let left = Left { start: self.features.as_ptr(), row_stride: channels, depth_stride: 1 };
        for panel in 0..self.matrix.panels() {
            let matrix = self.matrix.panel(panel).as_ptr();
            let columns = width.min(channels - panel * width);
            if columns == width {
                let start = self.output[panel * width..].as_mut_ptr();
                let target = Target { start, row_stride: channels, accumulate: self.accumulate };
                // SAFETY: features and output are pixels x channels, the matrix channels x width.
                unsafe { panel::multiply(simd, pixels, channels, left, matrix, target) };
            } else {
                let target = Target { start: self.products.as_mut_ptr(), row_stride: width, accumulate: false };
                // SAFETY: as above; the products have room for pixels x width.
                unsafe { panel::multiply(simd, pixels, channels, left, matrix, target) };
                for (output, product) in self.output.chunks_exact_mut(channels).zip(self.products.chunks_exact(width)) {
                    let output = &mut output[panel * width..];
                    if self.accumulate {
                        output.iter_mut().zip(product).for_each(|(output, product)| *output += product);
                    } else {
                        output.copy_from_slice(&product[..columns]);
                    }
                }
            }
        }
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
        let (h, w, c) = (3, 4, 22); // whole panels and a rest, whatever the vectors' width
        let mut noise = Noise::new(6);
        let values = noise.vec(h * w * c);
        let target = gram_matrix(&Tensor::from_slice(&noise.vec(h * w * c), (h, w, c), &Device::Cpu).unwrap()).unwrap();
        let loss_at = |values: &[f32]| {
            let features = Tensor::from_slice(values, (h, w, c), &Device::Cpu).unwrap();
            3.0 * loss(&gram_matrix(&features).unwrap(), &target).unwrap().read().unwrap()
        };
        let features = Tensor::from_slice(&values, (h, w, c), &Device::Cpu).unwrap();
        let found = Tensor::ones((h, w, c), DType::F32, &Device::Cpu).unwrap();
        gradient(3.0, &features, &gram_matrix(&features).unwrap(), &target, false, &found).unwrap();
        let doubled = found.copy().unwrap();
        gradient(3.0, &features, &gram_matrix(&features).unwrap(), &target, true, &doubled).unwrap();
        let found: Vec<f32> = found.flatten_all().unwrap().to_vec1().unwrap();
        let doubled: Vec<f32> = doubled.flatten_all().unwrap().to_vec1().unwrap();
        assert!(
            doubled
                .iter()
                .zip(&found)
                .all(|(doubled, found)| (doubled - 2.0 * found).abs() < 1e-6 * found.abs().max(1.0))
        );
        for i in 0..values.len() {
            let (mut up, mut down) = (values.clone(), values.clone());
            up[i] += 1e-2;
            down[i] -= 1e-2;
            let expected = (loss_at(&up) - loss_at(&down)) / f64::from(up[i] - down[i]);
            assert!((f64::from(found[i]) - expected).abs() < 1e-3 * expected.abs().max(0.05), "element {i}");
        }
    }
}
