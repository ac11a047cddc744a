//! Sums over vectors: `f32` over short runs, `f64` over those.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape};
use rayon::prelude::*;

use super::{RUN, same_length};
#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::values;
use crate::engine::{simd, threads};

/// Independent partial sums, so that the compiler can use whole vectors.
const PARTIAL_SUMS: usize = 32;

/// What is added up; the numbers are those of `cuda/kernels.cu`.
#[derive(Debug, Clone, Copy)]
pub enum Reduction {
    Dot = 0,
    SquaredDistance = 1,
    AbsSum = 2,
}

impl CustomOp2 for Reduction {
    fn name(&self) -> &'static str {
        "reduce"
    }

    fn cpu_fwd(&self, a: &CpuStorage, a_l: &Layout, b: &CpuStorage, b_l: &Layout) -> Result<(CpuStorage, Shape)> {
        let (a, b) = (values(a, a_l)?, values(b, b_l)?);
        same_length(a.len(), b.len())?;
        let sum_of = |(a, b): (&[f32], &[f32])| {
            simd::arch().dispatch(
                #[inline(always)]
                || match self {
                    Self::Dot => run_sum(a, b, |a, b| a * b),
                    Self::SquaredDistance => run_sum(a, b, |a, b| (a - b) * (a - b)),
                    Self::AbsSum => run_sum(a, b, |a, _| a.abs()),
                },
            )
        };
        // Collected before they are added, so that the result does not depend on which thread was quicker.
        let sums: Vec<f64> = threads::pool().install(|| a.par_chunks(RUN).zip(b.par_chunks(RUN)).map(sum_of).collect());
        Ok((CpuStorage::F64(vec![sums.iter().sum()]), Shape::from(())))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, a: &CudaStorage, a_l: &Layout, b: &CudaStorage, b_l: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::reduce(*self, (a, a_l), (b, b_l))
    }
}

#[inline(always)]
fn run_sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let mut total = 0f64;
    for (a, b) in a.chunks(1 << 10).zip(b.chunks(1 << 10)) {
        let mut sums = [0f32; PARTIAL_SUMS];
        let (a_runs, b_runs) = (a.chunks_exact(PARTIAL_SUMS), b.chunks_exact(PARTIAL_SUMS));
        let rest: f32 = a_runs.remainder().iter().zip(b_runs.remainder()).map(|(a, b)| term(*a, *b)).sum();
        for (a, b) in a_runs.zip(b_runs) {
            for i in 0..PARTIAL_SUMS {
                sums[i] += term(a[i], b[i]);
            }
        }
        total += f64::from(rest) + sums.iter().map(|sum| f64::from(*sum)).sum::<f64>();
    }
    total
}
