//! How a shape is convolved: cuDNN's algorithms, measured on the card, and the quickest of those that may be taken.

use std::ffi::{c_int, c_void};

use candle_core::Result;
use cudarc::cudnn::sys::{
    cudnnConvolutionFwdAlgo_t, cudnnConvolutionFwdAlgoPerf_t, cudnnFindConvolutionForwardAlgorithmEx, cudnnHandle_t,
    cudnnMathType_t,
};

use super::super::choice::{Candidate, Shape, quickest};
use super::super::descriptors::{Descriptors, OrFail};
use super::super::kernels::Address;
use crate::engine::precision::Precision;

/// How one shape is computed.
pub(super) struct Plan {
    pub(super) descriptors: Descriptors,
    pub(super) algorithm: cudnnConvolutionFwdAlgo_t,
    pub(super) workspace_bytes: usize,
    /// Whether bias and ReLU are done in one go: until cuDNN refuses.
    pub(super) fused: bool,
}

/// The kinds of arithmetic that a precision allows, the first as cuDNN is asked for.
fn arithmetic(precision: Precision) -> &'static [cudnnMathType_t] {
    match precision {
        // By default cuDNN takes TF32 where the card has it.
        Precision::Fast => &[cudnnMathType_t::CUDNN_DEFAULT_MATH, cudnnMathType_t::CUDNN_FMA_MATH],
        Precision::Full => &[cudnnMathType_t::CUDNN_FMA_MATH],
    }
}

impl Plan {
    pub(super) fn new(precision: Precision, shape: Shape) -> Result<Self> {
        let descriptors = Descriptors::new(shape, arithmetic(precision)[0])?;
        let algorithm = cudnnConvolutionFwdAlgo_t::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
        Ok(Self { descriptors, algorithm, workspace_bytes: 0, fused: true })
    }

    /// Tries every algorithm and takes the quickest; where none is found, the one that needs nothing stays.
    ///
    /// # Safety
    /// As [`Convolutions::run`](super::Convolutions::run); the workspace must have as many bytes as it says.
    pub(super) unsafe fn choose(
        mut self,
        precision: Precision,
        handle: cudnnHandle_t,
        (input, kernel, output): (Address, Address, Address),
        (workspace, bytes): (Address, usize),
    ) -> Result<Self> {
        let allowed = arithmetic(precision);
        let numbers: Vec<i32> = allowed.iter().map(|math| *math as i32).collect();
        // SAFETY: promised by the caller.
        let candidates = unsafe { self.measure(handle, (input, kernel, output), (workspace, bytes))? };
        if let Some(chosen) = quickest(&candidates, &numbers, bytes)
            && let Some(algorithm) = algorithm(chosen.algorithm)
        {
            (self.algorithm, self.workspace_bytes) = (algorithm, chosen.workspace_bytes);
            if let Some(math) = allowed.iter().find(|math| **math as i32 == chosen.math) {
                self.descriptors.set_math(*math)?;
            }
            log::debug!("convolution: {chosen:?}");
        }
        Ok(self)
    }

    /// Every algorithm with the time that it takes.
    ///
    /// # Safety
    /// As [`Plan::choose`].
    unsafe fn measure(
        &self,
        handle: cudnnHandle_t,
        (input, kernel, output): (Address, Address, Address),
        (workspace, bytes): (Address, usize),
    ) -> Result<Vec<Candidate>> {
        let mut results = [Measurement::default(); MEASUREMENTS];
        let mut count: c_int = 0;
        let all = &self.descriptors;
        // SAFETY: the caller vouches for the memory; a `Measurement` is laid out as cuDNN's.
        unsafe {
            cudnnFindConvolutionForwardAlgorithmEx(
                handle,
                all.input,
                input as *const c_void,
                all.kernel,
                kernel as *const c_void,
                all.convolution,
                all.output,
                output as *mut c_void,
                MEASUREMENTS as c_int,
                &raw mut count,
                results.as_mut_ptr().cast::<cudnnConvolutionFwdAlgoPerf_t>(),
                workspace as *mut c_void,
                bytes,
            )
            .result()
            .or_fail()?;
        }
        let count = usize::try_from(count).unwrap_or(0);
        Ok(results.iter().take(count).map(Measurement::candidate).collect())
    }
}

/// As many as cuDNN has algorithms, twice: with and without tensor cores.
const MEASUREMENTS: usize = 16;

/// What cuDNN writes about an algorithm, with plain numbers where it has enumerations: a newer one may know more.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct Measurement {
    algorithm: c_int,
    status: c_int,
    time_ms: f32,
    memory: usize,
    determinism: c_int,
    math: c_int,
    reserved: [c_int; 3],
}

const _: () = assert!(size_of::<Measurement>() == size_of::<cudnnConvolutionFwdAlgoPerf_t>());

impl Measurement {
    fn candidate(&self) -> Candidate {
        Candidate {
            algorithm: self.algorithm,
            math: self.math,
            works: self.status == 0,
            deterministic: self.determinism == 1,
            time_ms: self.time_ms,
            workspace_bytes: self.memory,
        }
    }
}

fn algorithm(number: i32) -> Option<cudnnConvolutionFwdAlgo_t> {
    use cudnnConvolutionFwdAlgo_t as A;
    [
        A::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
        A::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
        A::CUDNN_CONVOLUTION_FWD_ALGO_GEMM,
        A::CUDNN_CONVOLUTION_FWD_ALGO_DIRECT,
        A::CUDNN_CONVOLUTION_FWD_ALGO_FFT,
        A::CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING,
        A::CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD,
        A::CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED,
    ]
    .into_iter()
    .find(|algorithm| *algorithm as i32 == number)
}
