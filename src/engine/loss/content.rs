//! Content loss: the painting's feature map should be the photo's (Gatys et al. 2016, equation 1).
//!
//! `L = w * mean((F - P)^2)`, `dL/dF = 2 w / n * (F - P)` with `n` elements in `F`. The paper sums and halves; the mean is
//! what the authors' published notebook does, and it does not depend on the picture's size.

use candle_core::{Result, Tensor};

use crate::engine::vector::{self, Loss};

/// `mean((features - target)^2)`, without a weight.
///
/// # Errors
/// When the tensors differ in size or the device fails.
pub fn loss(features: &Tensor, target: &Tensor) -> Result<Loss> {
    Ok(Loss::Asked(1.0 / features.elem_count() as f64, vector::lazy_squared_distance(features, target)?))
}

/// `gradient = [gradient +] weight * dL/dF`; added if `accumulate`.
///
/// # Errors
/// When the tensors differ in size or the device fails.
pub fn gradient(weight: f64, features: &Tensor, target: &Tensor, accumulate: bool, gradient: &Tensor) -> Result<()> {
    let factor = (2.0 * weight / features.elem_count() as f64) as f32;
    vector::difference(factor, features, target, accumulate, gradient)
}
