//! The matrix products that are asked of cuBLAS, as data.
//!
//! cuBLAS reads matrices column by column. A map of `N` pixels and `C` channels is to it a matrix of `C` rows and `N` columns.

use super::kernels::Size;

/// `output = [output +] factor * left * right`, all column by column, the columns one after another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gemm {
    /// Whether the right operand is stored transposed.
    pub transpose_right: bool,
    /// Of the output, and of the left operand.
    pub rows: usize,
    /// Of the output.
    pub columns: usize,
    /// Columns of the left operand.
    pub depth: usize,
    /// Rows of the right operand as it is stored.
    pub right_rows: usize,
    /// Multiplies the product.
    pub factor: f32,
    /// Whether the output is added to.
    pub accumulate: bool,
}

impl Gemm {
    /// `F^T F / N`, with the features on both sides.
    pub fn gram((height, width, channels): Size) -> Self {
        Self {
            transpose_right: true,
            rows: channels,
            columns: channels,
            depth: height * width,
            right_rows: channels,
            factor: 1.0 / (height * width) as f32,
            accumulate: false,
        }
    }

    /// `F M` for every pixel, with the matrix on the left: by rows it is `F M`, so by columns `M^T F^T`, and by columns both
    /// are stored transposed already.
    pub fn pixelwise((height, width, channels): Size, accumulate: bool) -> Self {
        Self {
            transpose_right: false,
            rows: channels,
            columns: height * width,
            depth: channels,
            right_rows: channels,
            factor: 1.0,
            accumulate,
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::engine::loss::gram;
    use crate::engine::test_support::Noise;

    /// As the reference BLAS defines it.
    fn multiply(gemm: &Gemm, left: &[f32], right: &[f32], output: &mut [f32]) {
        for column in 0..gemm.columns {
            for row in 0..gemm.rows {
                let product = |k: usize| {
                    let (i, j) = if gemm.transpose_right { (column, k) } else { (k, column) };
                    left[k * gemm.rows + row] * right[j * gemm.right_rows + i]
                };
                let sum = gemm.factor * (0..gemm.depth).map(product).sum::<f32>();
                let value = &mut output[column * gemm.rows + row];
                *value = if gemm.accumulate { *value + sum } else { sum };
            }
        }
    }

    fn alike(found: &[f32], expected: &Tensor) {
        let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-4));
    }

    #[test]
    fn products_are_those_of_the_processor() {
        let (size, mut noise) = ((5, 7, 16), Noise::new(31));
        let (features, matrix) = (noise.vec(5 * 7 * 16), noise.vec(16 * 16));
        let map = Tensor::from_slice(&features, size, &Device::Cpu).unwrap();
        let mut found = vec![f32::NAN; 16 * 16];
        multiply(&Gemm::gram(size), &features, &features, &mut found);
        alike(&found, &gram::gram_matrix(&map).unwrap());

        // Not a symmetric one, so that a transposed product shows.
        let on_processor = Tensor::from_slice(&matrix, (16, 16), &Device::Cpu).unwrap();
        let before = noise.vec(features.len());
        for accumulate in [false, true] {
            let expected = Tensor::from_slice(&before, size, &Device::Cpu).unwrap();
            gram::pixelwise_product(&map, &on_processor, accumulate, &expected).unwrap();
            let mut found = before.clone();
            multiply(&Gemm::pixelwise(size, accumulate), &matrix, &features, &mut found);
            alike(&found, &expected);
        }
    }
}
