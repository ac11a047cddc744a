//! What cuDNN is told about a convolution: freed when it is dropped.

use std::ffi::c_int;
use std::ptr::null_mut;

use candle_core::{Error, Result};
use cudarc::cudnn::result::{self, CudnnError};
use cudarc::cudnn::sys::{
    cudnnActivationDescriptor_t, cudnnActivationMode_t, cudnnConvolutionDescriptor_t, cudnnConvolutionMode_t,
    cudnnCreateActivationDescriptor, cudnnDataType_t, cudnnDestroyActivationDescriptor, cudnnFilterDescriptor_t,
    cudnnMathType_t, cudnnNanPropagation_t, cudnnTensorDescriptor_t, cudnnTensorFormat_t,
};

use super::choice::Shape;

const FORMAT: cudnnTensorFormat_t = cudnnTensorFormat_t::CUDNN_TENSOR_NHWC;
const FLOAT: cudnnDataType_t = cudnnDataType_t::CUDNN_DATA_FLOAT;

/// cuDNN's errors as the tensor library's.
pub trait OrFail<T> {
    /// The value, or what cuDNN says.
    fn or_fail(self) -> Result<T>;
}

impl<T> OrFail<T> for std::result::Result<T, CudnnError> {
    fn or_fail(self) -> Result<T> {
        self.map_err(|error| Error::Msg(format!("cuDNN says {error}")))
    }
}

/// A 3x3 convolution, stride 1, padding 1, of one shape, and the bias and ReLU after it.
pub struct Descriptors {
    pub input: cudnnTensorDescriptor_t,
    pub kernel: cudnnFilterDescriptor_t,
    pub convolution: cudnnConvolutionDescriptor_t,
    pub output: cudnnTensorDescriptor_t,
    pub bias: cudnnTensorDescriptor_t,
    pub relu: cudnnActivationDescriptor_t,
}

impl Descriptors {
    /// For one picture of this shape.
    pub fn new((height, width, inputs, outputs): Shape, math: cudnnMathType_t) -> Result<Self> {
        let mut all = Self {
            input: null_mut(),
            kernel: null_mut(),
            convolution: null_mut(),
            output: null_mut(),
            bias: null_mut(),
            relu: null_mut(),
        };
        let [height, width, inputs, outputs] = [height, width, inputs, outputs].map(|number| number as c_int);
        // One after another, so that those before a failure are freed.
        all.input = result::create_tensor_descriptor().or_fail()?;
        all.kernel = result::create_filter_descriptor().or_fail()?;
        all.convolution = result::create_convolution_descriptor().or_fail()?;
        all.output = result::create_tensor_descriptor().or_fail()?;
        all.bias = result::create_tensor_descriptor().or_fail()?;
        // SAFETY: all were created just now and are freed once, when this is dropped; cuDNN writes a handle where it is told.
        unsafe {
            cudnnCreateActivationDescriptor(&raw mut all.relu).result().or_fail()?;
            result::set_tensor4d_descriptor(all.input, FORMAT, FLOAT, [1, inputs, height, width]).or_fail()?;
            result::set_filter4d_descriptor(all.kernel, FLOAT, FORMAT, [outputs, inputs, 3, 3]).or_fail()?;
            let mode = cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION;
            result::set_convolution2d_descriptor(all.convolution, 1, 1, 1, 1, 1, 1, mode, FLOAT).or_fail()?;
            result::set_tensor4d_descriptor(all.output, FORMAT, FLOAT, [1, outputs, height, width]).or_fail()?;
            result::set_tensor4d_descriptor(all.bias, FORMAT, FLOAT, [1, outputs, 1, 1]).or_fail()?;
            let (mode, nan) =
                (cudnnActivationMode_t::CUDNN_ACTIVATION_RELU, cudnnNanPropagation_t::CUDNN_NOT_PROPAGATE_NAN);
            result::set_activation_descriptor(all.relu, mode, nan, 0.0).or_fail()?;
        }
        all.set_math(math)?;
        Ok(all)
    }

    /// Changes the arithmetic that is allowed.
    pub fn set_math(&self, math: cudnnMathType_t) -> Result<()> {
        // SAFETY: the descriptor is alive.
        unsafe { result::set_convolution_math_type(self.convolution, math).or_fail() }
    }
}

impl Drop for Descriptors {
    fn drop(&mut self) {
        // SAFETY: each was created once and is not used after this. What cuDNN answers changes nothing any more.
        unsafe {
            for tensor in [self.input, self.output, self.bias] {
                if !tensor.is_null() {
                    let _ = result::destroy_tensor_descriptor(tensor);
                }
            }
            if !self.kernel.is_null() {
                let _ = result::destroy_filter_descriptor(self.kernel);
            }
            if !self.convolution.is_null() {
                let _ = result::destroy_convolution_descriptor(self.convolution);
            }
            if !self.relu.is_null() {
                let _ = cudnnDestroyActivationDescriptor(self.relu);
            }
        }
    }
}
