//! Functions of symmetric 3x3 matrices, such as the square root of a covariance of colours.

/// Three rows.
pub type Matrix3 = [[f64; 3]; 3];

/// Jacobi's method converges quadratically: a handful of sweeps reaches the last digit of any 3x3 matrix.
const MAX_SWEEPS: usize = 16;

/// `f(A) = U diag(f(lambda_i)) U^T` of a symmetric matrix `A = U diag(lambda_i) U^T`.
#[must_use]
pub fn function(matrix: &Matrix3, f: impl Fn(f64) -> f64) -> Matrix3 {
    let (values, vectors) = eigen(matrix);
    let values = values.map(f);
    from_fn(|i, j| (0..3).map(|k| vectors[i][k] * values[k] * vectors[j][k]).sum())
}

/// `A B`.
#[must_use]
pub fn product(a: &Matrix3, b: &Matrix3) -> Matrix3 {
    from_fn(|i, j| (0..3).map(|k| a[i][k] * b[k][j]).sum())
}

/// The matrix of these entries.
#[must_use]
pub fn from_fn(entry: impl Fn(usize, usize) -> f64) -> Matrix3 {
    std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j)))
}

/// Eigenvalues, and the eigenvectors as columns, by cyclic Jacobi rotations (Golub & Van Loan, *Matrix Computations*,
/// 4th ed., section 8.5).
fn eigen(matrix: &Matrix3) -> ([f64; 3], Matrix3) {
    let mut a = *matrix;
    let mut vectors = from_fn(|i, j| if i == j { 1.0 } else { 0.0 });
    for _ in 0..MAX_SWEEPS {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if a[p][q] == 0.0 {
                continue;
            }
            // The smaller of the two angles that make a[p][q] zero.
            let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
            let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
            let cosine = 1.0 / tangent.hypot(1.0);
            let sine = tangent * cosine;
            let rotate = |x: f64, y: f64| (cosine * x - sine * y, sine * x + cosine * y);
            for row in a.iter_mut().chain(&mut vectors) {
                (row[p], row[q]) = rotate(row[p], row[q]);
            }
            let (first, second) = (a[p], a[q]);
            for (column, (x, y)) in first.into_iter().zip(second).enumerate() {
                (a[p][column], a[q][column]) = rotate(x, y);
            }
        }
    }
    ([a[0][0], a[1][1], a[2][2]], vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &Matrix3, expected: &Matrix3, tolerance: f64) {
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
        }
    }

    #[test]
    fn a_root_squared_is_the_matrix_again() {
        for matrix in [
            [[4.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 1.0]],
            [[2000.0, 1500.0, 900.0], [1500.0, 1800.0, 1100.0], [900.0, 1100.0, 1700.0]],
            // Grey: one direction carries everything.
            [[500.0; 3]; 3],
            [[0.0; 3]; 3],
            // Widely different sizes.
            [[1e6, 1e-3, 2e2], [1e-3, 1e-6, 1e-5], [2e2, 1e-5, 1.0]],
        ] {
            let root = function(&matrix, |value| value.max(0.0).sqrt());
            close(&product(&root, &root), &matrix, 1e-9 * matrix[0][0].max(1.0));
        }
    }

    #[test]
    fn eigenvalues_are_those_that_were_put_in() {
        // A rotation about (1, 1, 1) by some angle, times 1, 2, 3, back.
        let (c, s) = (0.7f64.cos(), 0.7f64.sin() / 3f64.sqrt());
        let t = (1.0 - c) / 3.0;
        let turn = [[t + c, t - s, t + s], [t + s, t + c, t - s], [t - s, t + s, t + c]];
        let matrix = from_fn(|i, j| (0..3).map(|k| turn[i][k] * (k + 1) as f64 * turn[j][k]).sum());
        let mut values = eigen(&matrix).0;
        values.sort_by(f64::total_cmp);
        close(&[values; 3], &[[1.0, 2.0, 3.0]; 3], 1e-12);
        close(&function(&matrix, |value| value), &matrix, 1e-12);
    }
}
