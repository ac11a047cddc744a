//! The moments loss of a map, or of a region, with fewer pixels than channels, as the deep layers have in early stages: the
//! same numbers from matrices of as many rows as there are pixels.
//!
//! Let `w` be the pixels' shares of the mean, `1/N` each but in a region, and `F` the `N x C` features less their mean. Then
//! `B = w^(1/2) F R`, row by row, has `R K R = B^T B`. What `root.rs` computes is `f(M) = M p(M)` with a polynomial `p`, so
//! `trace f(B^T B) = trace f(B B^T)`, and with `T` the slope of that at `B B^T` and `P = T B R`, `d trace f = 2 sum_i
//! w_i^(1/2) P_i dF_i`. As `dF_i = df_i - sum_j w_j df_j`,
//!
//! `dL/df_i = 2 (w_i (f_i - m) + w_i (m - m') - 2 (w_i^(1/2) P_i - w_i sum_j w_j^(1/2) P_j)) / C`.
//!
//! `EPSILON` is on the diagonal of `B B^T` instead of that of `K`, for the same reason.

use candle_core::{DType, Device, Result, Tensor};

use super::guided::total;
use super::moments::EPSILON;
use super::root::{root, trace};

/// The loss of `features`, `(height, width, C)`, against a style of mean `(C)`, root `R`, `(C, C)`, and trace of `K'`, in f64;
/// and `weight` times its gradient, of the features' shape and type. With `shares`, one for every pixel, the loss of the
/// region to which they belong.
///
/// # Errors
/// When the tensors do not fit each other, or the device fails.
pub fn evaluate(
    (style_mean, style_root, style_trace): (&Tensor, &Tensor, f64),
    weight: f64,
    features: &Tensor,
    shares: Option<&[f32]>,
) -> Result<(f64, Tensor)> {
    let (height, width, channels) = features.dims3()?;
    let all = features.reshape((height * width, channels))?;
    let Part { pixels, shares } = Part::of(shares, height * width, all.device())?;
    let map = match &pixels {
        Some(pixels) => all.index_select(pixels, 0)?,
        None => all.clone(),
    };
    let map = map.to_dtype(DType::F64)?;
    let roots = shares.sqrt()?;

    let mean = map.broadcast_mul(&shares)?.sum_keepdim(0)?;
    let centred = map.broadcast_sub(&mean)?;
    let transported = centred.matmul(style_root)?.broadcast_mul(&roots)?;
    let diagonal = (Tensor::eye(map.dim(0)?, map.dtype(), map.device())? * EPSILON)?;
    let found = root(&(transported.matmul(&transported.t()?)? + diagonal)?)?;

    let apart = mean.broadcast_sub(&style_mean.unsqueeze(0)?)?;
    let squares = apart.sqr()?.sum_all()?.to_scalar::<f64>()?;
    let variances = centred.sqr()?.broadcast_mul(&shares)?.sum_all()?.to_scalar::<f64>()?;
    let loss = (squares + variances + style_trace - 2.0 * trace(&found.value)?) / channels as f64;

    let pull = found.slope.matmul(&transported)?.matmul(style_root)?.broadcast_mul(&roots)?;
    let pull = (&pull - shares.broadcast_mul(&pull.sum_keepdim(0)?)?)?;
    let gradient = (centred.broadcast_add(&apart)?.broadcast_mul(&shares)? - (pull * 2.0)?)?;
    let gradient = (gradient * (2.0 * weight / channels as f64))?.to_dtype(DType::F32)?;
    let gradient = match &pixels {
        Some(pixels) => all.zeros_like()?.index_add(pixels, &gradient, 0)?,
        None => gradient,
    };
    Ok((loss, gradient.reshape(features.shape())?))
}

/// The pixels that take part.
struct Part {
    /// Which they are, if not all.
    pixels: Option<Tensor>,
    /// What each counts, `(N, 1)`; all add up to 1.
    shares: Tensor,
}

impl Part {
    fn of(shares: Option<&[f32]>, pixels: usize, device: &Device) -> Result<Self> {
        let Some(shares) = shares else {
            let even = Tensor::full(1.0 / pixels as f64, (pixels, 1), device)?;
            return Ok(Self { pixels: None, shares: even });
        };
        if shares.len() != pixels {
            candle_core::bail!("{} shares do not fit a feature map of {pixels} pixels", shares.len());
        }
        let present: Vec<_> = (0u32..).zip(shares).filter(|(_, share)| **share > 0.0).collect();
        let total = total(shares);
        let (pixels, shares): (Vec<_>, Vec<_>) =
            present.iter().map(|(i, share)| (*i, f64::from(**share) / total)).unzip();
        let count = pixels.len();
        let shares = Tensor::from_vec(shares, (count, 1), device)?;
        Ok(Self { pixels: Some(Tensor::from_vec(pixels, count, device)?), shares })
    }
}
