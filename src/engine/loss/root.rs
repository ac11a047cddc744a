//! The square root of a symmetric matrix that has no negative eigenvalue, and the slope of its trace.

use candle_core::{DType, Result, Tensor};

/// Steps of the iteration, as in style-transfer-pytorch.
///
/// A step multiplies the root of a small eigenvalue by 1.5 until it is as large as it should be. Eigenvalues below
/// `1.5^(-2 * 12) = 6e-5` of the norm therefore keep a smaller root, which goes to zero evenly. That also keeps the slope
/// finite where the matrix is singular, as the covariance of fewer pixels than channels is.
const STEPS: usize = 12;

/// What [`root`] found.
pub struct Root {
    /// `f(M)`, about `M^(1/2)`.
    pub value: Tensor,
    /// `d trace f(M) / dM`, about `M^(-1/2) / 2`.
    pub slope: Tensor,
}

/// The coupled Newton-Schulz iteration (Higham 2008, Functions of Matrices, equation 6.35) on `A = M / |M|`:
///
/// `P = Z Y`, `Y <- (3 Y - Y P) / 2`, `Z <- (3 Z - Z P) / 2`, from `Y = A`, `Z = 1`, so that always `Y = A Z`, and in the
/// end `Y = A^(1/2)`, `Z = A^(-1/2)`; then `f(M) = |M|^(1/2) Y`.
///
/// The slope is that of `f` as it is computed, wherever the iteration stands: a loss and a gradient that do not belong
/// together would mislead L-BFGS. All matrices are functions of `A` and commute, so with `Q = A dZ/dA`, which starts at
/// 0 and follows `Q <- (3 (Q - Q P) - Z P) / 2`, the trace of `Y` has the slope `Z + Q` in `A`; and with that of the norm
/// `|M| = trace(M M)^(1/2)`, `d trace f / dM = |M|^(-1/2) (Z + Q - (trace Y / 2 + trace(A Q)) A)`.
///
/// # Errors
/// When the matrix is not a square one of floats with a norm above zero, or the device fails.
pub fn root(matrix: &Tensor) -> Result<Root> {
    let norm = scalar(&matrix.sqr()?.sum_all()?)?.sqrt();
    if !(norm > 0.0 && norm.is_finite()) {
        candle_core::bail!("the root of a matrix of norm {norm}");
    }
    let a = (matrix / norm)?;
    let mut y = a.clone();
    let mut z = Tensor::eye(a.dim(0)?, a.dtype(), a.device())?;
    let mut q = a.zeros_like()?;
    for _ in 0..STEPS {
        let p = z.matmul(&y)?;
        let zp = (z.matmul(&p)? * 0.5)?;
        y = ((&y * 1.5)? - (y.matmul(&p)? * 0.5)?)?;
        q = (((&q - q.matmul(&p)?)? * 1.5)? - &zp)?;
        z = ((&z * 1.5)? - zp)?;
    }
    let of_norm = 0.5 * trace(&y)? + scalar(&(&a * &q)?.sum_all()?)?;
    let slope = (((z + q)? - (a * of_norm)?)? / norm.sqrt())?;
    Ok(Root { value: (y * norm.sqrt())?, slope })
}

/// The sum of the diagonal, in `f64`.
///
/// # Errors
/// When the tensor is not a matrix, or the device fails.
pub fn trace(matrix: &Tensor) -> Result<f64> {
    let (rows, columns) = matrix.dims2()?;
    let values = matrix.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    Ok((0..rows.min(columns)).map(|i| values[i * columns + i]).sum())
}

fn scalar(tensor: &Tensor) -> Result<f64> {
    tensor.to_dtype(DType::F64)?.to_scalar()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::engine::test_support::Noise;

    const N: usize = 5;

    /// `B B^T + ridge`, in f64.
    fn positive(seed: u64, columns: usize, ridge: f64) -> Tensor {
        let values: Vec<f64> = Noise::new(seed).vec(N * columns).into_iter().map(f64::from).collect();
        let factor = Tensor::from_vec(values, (N, columns), &Device::Cpu).unwrap();
        let ridge = (Tensor::eye(N, DType::F64, &Device::Cpu).unwrap() * ridge).unwrap();
        (factor.matmul(&factor.t().unwrap()).unwrap() + ridge).unwrap()
    }

    fn largest(tensor: &Tensor) -> f64 {
        tensor.abs().unwrap().max_all().unwrap().to_scalar().unwrap()
    }

    #[test]
    fn the_root_times_itself_is_the_matrix() {
        let matrix = positive(1, N, 0.3);
        let root = root(&matrix).unwrap();
        assert!(largest(&(root.value.matmul(&root.value).unwrap() - &matrix).unwrap()) < 1e-9);
        // Where the iteration has converged, the slope is half the inverse root.
        let unit = (root.value.matmul(&root.slope).unwrap() * 2.0).unwrap();
        let eye = Tensor::eye(N, DType::F64, &Device::Cpu).unwrap();
        assert!(largest(&(unit - eye).unwrap()) < 1e-6);
    }

    #[test]
    fn the_slope_matches_differences_even_where_the_root_is_not_reached() {
        // Of rank 2, so that three eigenvalues are as good as nothing.
        for matrix in [positive(2, N, 0.1), positive(3, 2, 1e-9)] {
            let slope = root(&matrix).unwrap().slope.to_vec2::<f64>().unwrap();
            assert!(slope.iter().flatten().all(|value| value.is_finite()));
            for (i, j) in [(0, 0), (1, 3), (4, 2)] {
                let step = 1e-6;
                let moved = |by: f64| {
                    let mut values = matrix.to_vec2::<f64>().unwrap();
                    // Symmetric, so that everything stays a function of one matrix.
                    values[i][j] += by / 2.0;
                    values[j][i] += by / 2.0;
                    let values: Vec<f64> = values.concat();
                    trace(&root(&Tensor::from_vec(values, (N, N), &Device::Cpu).unwrap()).unwrap().value).unwrap()
                };
                let expected = (moved(step) - moved(-step)) / (2.0 * step);
                assert!(
                    (slope[i][j] - expected).abs() < 1e-4 * expected.abs().max(1.0),
                    "{i} {j}: {} {expected}",
                    slope[i][j]
                );
            }
        }
    }

    #[test]
    fn nothing_has_no_root() {
        assert!(root(&Tensor::zeros((3, 3), DType::F64, &Device::Cpu).unwrap()).is_err());
    }
}
