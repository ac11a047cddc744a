//! The moments loss of a map with fewer pixels than channels, as the deep layers have in early stages: the same numbers from
//! matrices of as many rows as there are pixels.
//!
//! With `F` the `N x C` features less their mean, `B = F R / N^(1/2)` has `R K R = B^T B`. What `root.rs` computes is
//! `f(M) = M p(M)` with a polynomial `p`, so `trace f(B^T B) = trace f(B B^T)`, and with `T` the slope of that at `B B^T`,
//! `d trace f / dF = 2 N^(-1/2) T B R`, less its mean over the pixels, since `F` has none. Hence
//!
//! `dL/df = (2/N (f - m) + 2/N (m - m') - 4 N^(-1/2) (T B R - its mean)) / C`.
//!
//! `EPSILON` is on the diagonal of `B B^T` instead of that of `K`, for the same reason.

use candle_core::{DType, Result, Tensor};

use super::moments::EPSILON;
use super::root::{root, trace};

/// The loss of `features`, `(height, width, C)`, against a style of mean `(C)`, root `R`, `(C, C)`, and trace of `K'`, in f64;
/// and `weight` times its gradient, of the features' shape and type.
///
/// # Errors
/// When the tensors do not fit each other, or the device fails.
pub fn evaluate(
    (style_mean, style_root, style_trace): (&Tensor, &Tensor, f64),
    weight: f64,
    features: &Tensor,
) -> Result<(f64, Tensor)> {
    let (height, width, channels) = features.dims3()?;
    let pixels = (height * width) as f64;
    let map = features.to_dtype(DType::F64)?.reshape((height * width, channels))?;
    let mean = map.mean_keepdim(0)?;
    let centred = map.broadcast_sub(&mean)?;
    let transported = (centred.matmul(style_root)? / pixels.sqrt())?;
    let diagonal = (Tensor::eye(height * width, map.dtype(), map.device())? * EPSILON)?;
    let found = root(&(transported.matmul(&transported.t()?)? + diagonal)?)?;

    let apart = mean.broadcast_sub(&style_mean.unsqueeze(0)?)?;
    let squares = apart.sqr()?.sum_all()?.to_scalar::<f64>()?;
    let variances = centred.sqr()?.sum_all()?.to_scalar::<f64>()? / pixels;
    let loss = (squares + variances + style_trace - 2.0 * trace(&found.value)?) / channels as f64;

    let pull = found.slope.matmul(&transported)?.matmul(style_root)?;
    let pull = (pull.broadcast_sub(&pull.mean_keepdim(0)?)? * (-2.0 * pixels.sqrt()))?;
    let gradient = (centred.broadcast_add(&apart)? + pull)?;
    let gradient = (gradient * (2.0 * weight / (pixels * channels as f64)))?;
    Ok((loss, gradient.to_dtype(DType::F32)?.reshape(features.shape())?))
}
