//! 2x2 pooling by itself, and its gradient: where a loss looks at a map right before a pooling, that map has to be kept,
//! and the pooling cannot be computed together with the convolution.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{expect_shape, finish};
#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::{values, values_mut};
use crate::engine::{simd, threads};
use crate::recipe::Pooling;

/// `pooled = pool(features)`, half as high and wide (rounded down), marked as by
/// [`Conv3x3::forward_relu_pool`](super::Conv3x3::forward_relu_pool); features not negative, channels a multiple of 16.
///
/// # Errors
/// When the tensors do not fit each other, or are not contiguous `f32` on a device that has this operator.
pub fn pool(features: &Tensor, pooling: Pooling, pooled: &Tensor) -> Result<()> {
    pooled.inplace_op2(features, &Pool(pooling))
}

/// Replaces features by the gradient before their ReLU: `features = (unpool(pooled) [+ loss gradient]) where features > 0,
/// else 0`, with `pooled` the marked gradient of the pooled map.
///
/// # Errors
/// As [`pool`].
pub fn unpool(pooled: &Tensor, pooling: Pooling, loss_gradient: Option<&Tensor>, features: &Tensor) -> Result<()> {
    match loss_gradient {
        None => features.inplace_op2(pooled, &Unpool(pooling)),
        Some(loss_gradient) => features.inplace_op3(pooled, loss_gradient, &Unpool(pooling)),
    }
}

/// Channels that every vector width divides.
const CHANNEL_MULTIPLE: usize = 16;

/// Height, width and channels of the features, once the pooled map is found to fit them.
fn shape_of(features: &Layout, pooled: &Layout) -> Result<(usize, usize, usize)> {
    let (height, width, channels) = features.shape().dims3()?;
    expect_shape("pooled map", pooled, (height / 2, width / 2, channels))?;
    if !channels.is_multiple_of(CHANNEL_MULTIPLE) {
        candle_core::bail!("pooling of {channels} channels, expected a multiple of {CHANNEL_MULTIPLE}");
    }
    Ok((height, width, channels))
}

struct Pool(Pooling);

impl InplaceOp2 for Pool {
    fn name(&self) -> &'static str {
        "pool"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, out: &mut CudaStorage, out_l: &Layout, features: &CudaStorage, l: &Layout) -> Result<()> {
        let size = shape_of(l, out_l)?;
        cuda::pool(self.0, (out, out_l), (features, l), size)
    }

    fn cpu_fwd(&self, out: &mut CpuStorage, out_l: &Layout, features: &CpuStorage, features_l: &Layout) -> Result<()> {
        let (height, width, channels) = shape_of(features_l, out_l)?;
        let (pooled, features) = (values_mut(out, out_l)?, values(features, features_l)?);
        let row_len = width * channels;
        if height < 2 || width < 2 {
            return Ok(());
        }
        threads::pool().install(|| {
            let squares = features.par_chunks_exact(2 * row_len);
            pooled.par_chunks_exact_mut(width / 2 * channels).zip(squares).for_each(|(pooled, rows)| {
                simd::arch().dispatch(PoolRow { pooling: self.0, channels, rows, row_len, pooled });
            });
        });
        Ok(())
    }
}

/// Two rows of features to one of the pooled map.
struct PoolRow<'a> {
    pooling: Pooling,
    channels: usize,
    rows: &'a [f32],
    row_len: usize,
    pooled: &'a mut [f32],
}

impl WithSimd for PoolRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (upper, lower) = self.rows.split_at(self.row_len);
        let (upper, lower) = (upper.chunks_exact(2 * self.channels), lower.chunks_exact(2 * self.channels));
        for ((pooled, upper), lower) in self.pooled.chunks_exact_mut(self.channels).zip(upper).zip(lower) {
            let (pooled, _) = S::as_mut_simd_f32s(pooled);
            let ((a, b), (c, d)) = (upper.split_at(self.channels), lower.split_at(self.channels));
            let [(a, _), (b, _), (c, _), (d, _)] = [a, b, c, d].map(S::as_simd_f32s);
            for (i, pooled) in pooled.iter_mut().enumerate() {
                *pooled = finish::pool(simd, self.pooling, [a[i], b[i], c[i], d[i]]);
            }
        }
    }
}

struct Unpool(Pooling);

impl Unpool {
    fn run(
        &self,
        (features, features_l): (&mut CpuStorage, &Layout),
        (pooled, pooled_l): (&CpuStorage, &Layout),
        loss_gradient: Option<(&CpuStorage, &Layout)>,
    ) -> Result<()> {
        let (height, width, channels) = shape_of(features_l, pooled_l)?;
        let loss_gradient = loss_gradient
            .map(|(gradient, gradient_l)| {
                expect_shape("loss gradient", gradient_l, (height, width, channels))?;
                values(gradient, gradient_l)
            })
            .transpose()?;
        let (features, pooled) = (values_mut(features, features_l)?, values(pooled, pooled_l)?);
        let (row_len, pooled_len) = (width * channels, width / 2 * channels);
        threads::pool().install(|| {
            features.par_chunks_exact_mut(row_len).enumerate().for_each(|(y, features)| {
                // An odd last row was dropped by the pooling.
                let pooled = pooled.get(y / 2 * pooled_len..(y / 2 + 1) * pooled_len).unwrap_or(&[]);
                let loss_gradient = loss_gradient.map(|gradient| &gradient[y * row_len..][..row_len]);
                let row = UnpoolRow { pooling: self.0, channels, odd: y % 2, pooled, loss_gradient, features };
                simd::arch().dispatch(row);
            });
        });
        Ok(())
    }
}

/// One row of features.
struct UnpoolRow<'a> {
    pooling: Pooling,
    channels: usize,
    /// Row within its squares.
    odd: usize,
    pooled: &'a [f32],
    loss_gradient: Option<&'a [f32]>,
    features: &'a mut [f32],
}

impl WithSimd for UnpoolRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let zero = simd.splat_f32s(0.0);
        for (x, features) in self.features.chunks_exact_mut(self.channels).enumerate() {
            let pooled = self.pooled.chunks_exact(self.channels).nth(x / 2).map(|pooled| S::as_simd_f32s(pooled).0);
            let loss = self.loss_gradient.map(|loss| S::as_simd_f32s(&loss[x * self.channels..][..self.channels]).0);
            let (features, _) = S::as_mut_simd_f32s(features);
            for (i, feature) in features.iter_mut().enumerate() {
                let spread =
                    pooled.map_or(zero, |pooled| finish::unpool(simd, self.pooling, pooled[i], 2 * self.odd + x % 2));
                let gradient = loss.map_or(spread, |loss| simd.add_f32s(spread, loss[i]));
                *feature = simd.select_f32s(simd.greater_than_f32s(*feature, zero), gradient, zero);
            }
        }
    }
}

impl InplaceOp2 for Unpool {
    fn name(&self) -> &'static str {
        "unpool"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        features: &mut CudaStorage,
        features_l: &Layout,
        pooled: &CudaStorage,
        l: &Layout,
    ) -> Result<()> {
        let size = shape_of(features_l, l)?;
        cuda::unpool(self.0, (features, features_l), (pooled, l), None, size)
    }

    fn cpu_fwd(&self, features: &mut CpuStorage, features_l: &Layout, pooled: &CpuStorage, l: &Layout) -> Result<()> {
        self.run((features, features_l), (pooled, l), None)
    }
}

impl InplaceOp3 for Unpool {
    fn name(&self) -> &'static str {
        "unpool-with-loss"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        features: &mut CudaStorage,
        features_l: &Layout,
        pooled: &CudaStorage,
        pooled_l: &Layout,
        loss: &CudaStorage,
        loss_l: &Layout,
    ) -> Result<()> {
        let size = shape_of(features_l, pooled_l)?;
        expect_shape("loss gradient", loss_l, size)?;
        cuda::unpool(self.0, (features, features_l), (pooled, pooled_l), Some((loss, loss_l)), size)
    }

    fn cpu_fwd(
        &self,
        features: &mut CpuStorage,
        features_l: &Layout,
        pooled: &CpuStorage,
        pooled_l: &Layout,
        loss: &CpuStorage,
        loss_l: &Layout,
    ) -> Result<()> {
        self.run((features, features_l), (pooled, pooled_l), Some((loss, loss_l)))
    }
}
