//! Matrix products by cuBLAS: Gram matrices and what goes back from them.

use std::ffi::{c_int, c_void};

use candle_core::cuda_backend::WrapErr;
use candle_core::{CudaStorage, Result, Shape};
use cudarc::cublas::result::gemm_ex;
use cudarc::cublas::sys::{cublasComputeType_t, cublasGemmAlgo_t, cublasOperation_t, cudaDataType};

use super::card::{self, Card, values};
use super::gemm::Gemm;
use super::kernels::Address;
use super::ops::{In, Out, address};
use crate::engine::precision::Precision;

/// `F^T F / N` of a feature map.
pub fn gram_matrix((features, features_l): In<'_>) -> Result<(CudaStorage, Shape)> {
    let size = features_l.shape().dims3()?;
    let channels = size.2;
    let ((at, _), card) = (values(features, features_l)?, card::of(&features.device)?);
    // SAFETY: it is written as a whole before anything reads it.
    let gram = unsafe { card.stream().alloc::<f32>(channels * channels).w()? };
    // SAFETY: features and result are as large as the size says.
    unsafe { Gemm::gram(size).run(&card, at, at, address(&gram))? };
    Ok((CudaStorage::wrap_cuda_slice(gram, features.device.clone()), Shape::from((channels, channels))))
}

/// `output = [output +] features * matrix`, pixel by pixel; the caller has compared the shapes.
pub fn pixelwise_product(
    accumulate: bool,
    (output, output_l): Out<'_>,
    (features, features_l): In<'_>,
    (matrix, matrix_l): In<'_>,
) -> Result<()> {
    let size = features_l.shape().dims3()?;
    let ((to, _), (at, _), (matrix, _)) =
        (values(output, output_l)?, values(features, features_l)?, values(matrix, matrix_l)?);
    // SAFETY: the caller has compared the shapes.
    unsafe { Gemm::pixelwise(size, accumulate).run(&*card::of(&features.device)?, matrix, at, to) }
}

impl Gemm {
    /// # Safety
    /// The addresses must hold matrices of these sizes on this card.
    unsafe fn run(&self, card: &Card, left: Address, right: Address, output: Address) -> Result<()> {
        let operation =
            if self.transpose_right { cublasOperation_t::CUBLAS_OP_T } else { cublasOperation_t::CUBLAS_OP_N };
        let compute = match card.precision() {
            Precision::Fast => cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
            Precision::Full => cublasComputeType_t::CUBLAS_COMPUTE_32F,
        };
        let beta: f32 = if self.accumulate { 1.0 } else { 0.0 };
        let (number, float) = (|number: usize| number as c_int, cudaDataType::CUDA_R_32F);
        card.stream().context().bind_to_thread().w()?;
        // SAFETY: the caller vouches for the matrices; both factors are read before the call returns.
        unsafe {
            gemm_ex(
                *card.blas().handle(),
                cublasOperation_t::CUBLAS_OP_N,
                operation,
                number(self.rows),
                number(self.columns),
                number(self.depth),
                std::ptr::from_ref(&self.factor).cast(),
                left as *const c_void,
                float,
                number(self.rows),
                right as *const c_void,
                float,
                number(self.right_rows),
                std::ptr::from_ref(&beta).cast(),
                output as *mut c_void,
                float,
                number(self.rows),
                compute,
                cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
            .w()
        }
    }
}
