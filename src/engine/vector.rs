//! Arithmetic on tensors seen as long vectors: what the losses and the optimisers need, without temporaries.
//!
//! Shapes are not looked at, only lengths. Sums are taken in `f32` over short runs and in `f64` over those. Every operation
//! has a name, so that a card, which cannot run a closure, has a kernel of that name.

pub(super) mod ops;
pub(super) mod reduction;
mod sum;

use candle_core::{Result, Tensor};

use self::ops::ScaleAdd;
use self::reduction::Reduction;

pub use self::sum::{Loss, Sum};

/// Elements of one parallel task: shorter vectors are done before another thread has woken up.
const RUN: usize = 1 << 16;

/// `sum_i a_i b_i`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn dot(a: &Tensor, b: &Tensor) -> Result<f64> {
    lazy_dot(a, b)?.read()
}

/// The same, not waited for.
///
/// # Errors
/// As [`dot`].
pub fn lazy_dot(a: &Tensor, b: &Tensor) -> Result<Sum> {
    Sum::new(a, b, Reduction::Dot)
}

/// `sum_i (a_i - b_i)^2`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn squared_distance(a: &Tensor, b: &Tensor) -> Result<f64> {
    lazy_squared_distance(a, b)?.read()
}

/// The same, not waited for.
///
/// # Errors
/// As [`squared_distance`].
pub fn lazy_squared_distance(a: &Tensor, b: &Tensor) -> Result<Sum> {
    Sum::new(a, b, Reduction::SquaredDistance)
}

/// `sum_i |a_i|`.
///
/// # Errors
/// When the tensor is not contiguous `f32`.
pub fn abs_sum(a: &Tensor) -> Result<f64> {
    Sum::new(a, a, Reduction::AbsSum)?.read()
}

/// `y = a x + b y`; where `b` is zero, whatever `y` held does not matter.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn scale_add(a: f64, x: &Tensor, b: f64, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ScaleAdd { a: a as f32, b: b as f32 })
}

/// `y = y + a x`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn add_scaled(a: f64, x: &Tensor, y: &Tensor) -> Result<()> {
    scale_add(a, x, 1.0, y)
}

/// `y = y + (sum of factor * value over the terms) x`. Nobody waits for the values.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length on one device.
pub fn add_scaled_by(terms: [(f64, &Sum); 2], x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &sum::AddScaledBy(terms))
}

/// `y = x`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn copy(x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ops::copy())
}

/// `y_i = value`.
///
/// # Errors
/// When the tensor is not contiguous `f32`.
pub fn fill(value: f32, y: &Tensor) -> Result<()> {
    y.inplace_op1(&ops::fill(value))
}

/// `y = a y`.
///
/// # Errors
/// When the tensor is not contiguous `f32`.
pub fn scale(a: f32, y: &Tensor) -> Result<()> {
    y.inplace_op1(&ops::scale(a))
}

/// `y_i = x_i y_i`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn multiply(x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ops::multiply())
}

/// `y = a (y - x)`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn scale_difference(a: f32, x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ops::scale_difference(a))
}

/// `y_i = x_i` where `y_i` is above zero, else 0.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn take_where_positive(x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ops::take_where_positive())
}

/// `y_i = decay y_i + (1 - decay) x_i^2`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn average_squares(decay: f32, x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ops::average_squares(decay))
}

/// `y = [y +] a (u - v)`; added if `accumulate`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn difference(a: f32, u: &Tensor, v: &Tensor, accumulate: bool, y: &Tensor) -> Result<()> {
    if accumulate { y.inplace_op3(u, v, &ops::add_difference(a)) } else { y.inplace_op3(u, v, &ops::difference(a)) }
}

/// `y_i = a_i y_i + (1 - a_i) x_i`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn blend(x: &Tensor, a: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op3(x, a, &ops::blend())
}

/// `y_i = y_i - step m_i / (scale sqrt(v_i) + epsilon)`, the step of Adam.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn adam_step(m: &Tensor, v: &Tensor, [step, scale, epsilon]: [f32; 3], y: &Tensor) -> Result<()> {
    y.inplace_op3(m, v, &ops::adam_step(step, scale, epsilon))
}

fn same_length(a: usize, b: usize) -> Result<()> {
    if a != b {
        candle_core::bail!("vectors of different lengths: {a} and {b}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn tensor(values: &[f32]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    #[test]
    fn reductions_match_f64_on_a_length_that_divides_nothing() {
        let n = 3 * RUN + 1037;
        let a: Vec<f32> = (0..n).map(|i| ((i * 37 % 101) as f32) - 50.0).collect();
        let b: Vec<f32> = (0..n).map(|i| ((i * 53 % 89) as f32) * 0.25).collect();
        let pairs = || a.iter().zip(&b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
        let (ta, tb) = (tensor(&a), tensor(&b));
        let close = |found: f64, expected: f64| assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0));
        close(dot(&ta, &tb).unwrap(), pairs().map(|(a, b)| a * b).sum());
        close(squared_distance(&ta, &tb).unwrap(), pairs().map(|(a, b)| (a - b).powi(2)).sum());
        close(abs_sum(&ta).unwrap(), pairs().map(|(a, _)| a.abs()).sum());
    }

    #[test]
    fn scale_add_with_zero_forgets_even_nan() {
        let y = tensor(&[f32::NAN, 1.0]);
        scale_add(2.0, &tensor(&[1.0, 2.0]), 0.0, &y).unwrap();
        assert_eq!(y.to_vec1::<f32>().unwrap(), [2.0, 4.0]);
        add_scaled(0.5, &tensor(&[2.0, 2.0]), &y).unwrap();
        assert_eq!(y.to_vec1::<f32>().unwrap(), [3.0, 5.0]);
    }

    #[test]
    fn different_lengths_are_refused() {
        assert!(dot(&tensor(&[1.0]), &tensor(&[1.0, 2.0])).is_err());
        assert!(copy(&tensor(&[1.0]), &tensor(&[1.0, 2.0])).is_err());
    }
}
