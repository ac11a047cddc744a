//! 3x3 convolution, stride 1, zero padding of one pixel: over 95 % of the time of a painting.
//!
//! [`Conv3x3`] holds one layer's kernels laid out for both directions. The input gradient of such a convolution is again
//! such a convolution, with the kernel turned by 180 degrees and its channel axes swapped, so both directions run
//! through the same code. Tensors are feature maps in NHWC order, `(height, width, channels)`, contiguous `f32`.

mod direct;
mod panel;
mod winograd;

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor};

use self::direct::DirectKernel;
use self::winograd::{Epilogue, WinogradKernel};
use super::storage::{values, values_mut};

pub use self::direct::COLOURS;

/// One convolution layer, ready to run in both directions.
pub struct Conv3x3 {
    kernels: Kernels,
    bias: Vec<f32>,
}

enum Kernels {
    /// The first layer: colours to features.
    Direct(DirectKernel),
    /// All others.
    Winograd { forward: WinogradKernel, backward: WinogradKernel },
}

impl Conv3x3 {
    /// Lays out `weight` (`[out][in][3][3]`) and `bias` (`[out]`).
    ///
    /// # Panics
    /// When the lengths do not fit the channels, or the channels are neither 3 nor multiples of 16.
    #[must_use]
    pub fn new(in_channels: usize, out_channels: usize, weight: &[f32], bias: Vec<f32>) -> Self {
        assert_eq!(weight.len(), out_channels * in_channels * 9, "weights of {out_channels} x {in_channels} x 3 x 3");
        assert_eq!(bias.len(), out_channels, "bias of {out_channels}");
        let kernel = |output: usize, input: usize| -> [f32; 9] {
            let offset = (output * in_channels + input) * 9;
            std::array::from_fn(|i| weight[offset + i])
        };
        let turned = |output: usize, input: usize| {
            let mut kernel = kernel(input, output);
            kernel.reverse();
            kernel
        };
        let kernels = if in_channels == COLOURS {
            Kernels::Direct(DirectKernel::new(out_channels, weight))
        } else {
            Kernels::Winograd {
                forward: WinogradKernel::new(in_channels, out_channels, kernel),
                backward: WinogradKernel::new(out_channels, in_channels, turned),
            }
        };
        Self { kernels, bias }
    }

    /// `output = max(conv(input) + bias, 0)`, both of the same height and width.
    ///
    /// # Errors
    /// When the tensors are not contiguous `f32` on a device that has this operator.
    pub fn forward_relu(&self, input: &Tensor, output: &Tensor) -> Result<()> {
        output.inplace_op2(input, &ForwardRelu(self))
    }

    /// The gradient with respect to the input, given the one with respect to the convolution's output (before its ReLU).
    ///
    /// With `features` (the input itself, itself the output of a ReLU) the result is already masked for that ReLU:
    /// `output = (conv^T(gradient) [+ output]) where features > 0`; `output` is added if `accumulate`.
    ///
    /// # Errors
    /// When the tensors are not contiguous `f32` on a device that has this operator.
    pub fn input_gradient(
        &self,
        gradient: &Tensor,
        features: Option<&Tensor>,
        accumulate: bool,
        output: &Tensor,
    ) -> Result<()> {
        match features {
            Some(features) => output.inplace_op3(gradient, features, &MaskedInputGradient { conv: self, accumulate }),
            None => output.inplace_op2(gradient, &InputGradient(self)),
        }
    }
}

/// Height and width of a feature map `(height, width, channels)`.
fn height_width(layout: &Layout) -> Result<(usize, usize)> {
    let (height, width, _) = layout.shape().dims3()?;
    Ok((height, width))
}

struct ForwardRelu<'a>(&'a Conv3x3);

impl InplaceOp2 for ForwardRelu<'_> {
    fn name(&self) -> &'static str {
        "conv3x3-relu"
    }

    fn cpu_fwd(&self, out: &mut CpuStorage, out_l: &Layout, input: &CpuStorage, input_l: &Layout) -> Result<()> {
        let (height, width) = height_width(input_l)?;
        let (output, input) = (values_mut(out, out_l)?, values(input, input_l)?);
        match &self.0.kernels {
            Kernels::Direct(kernel) => direct::forward(kernel, height, width, input, &self.0.bias, output),
            Kernels::Winograd { forward, .. } => {
                winograd::convolve(forward, height, width, input, output, Epilogue::BiasRelu(&self.0.bias));
            }
        }
        Ok(())
    }
}

struct InputGradient<'a>(&'a Conv3x3);

impl InplaceOp2 for InputGradient<'_> {
    fn name(&self) -> &'static str {
        "conv3x3-input-gradient"
    }

    fn cpu_fwd(&self, out: &mut CpuStorage, out_l: &Layout, gradient: &CpuStorage, gradient_l: &Layout) -> Result<()> {
        let (height, width) = height_width(gradient_l)?;
        let (output, gradient) = (values_mut(out, out_l)?, values(gradient, gradient_l)?);
        match &self.0.kernels {
            Kernels::Direct(kernel) => direct::input_gradient(kernel, height, width, gradient, output),
            Kernels::Winograd { backward, .. } => {
                winograd::convolve(backward, height, width, gradient, output, Epilogue::Store);
            }
        }
        Ok(())
    }
}

struct MaskedInputGradient<'a> {
    conv: &'a Conv3x3,
    accumulate: bool,
}

impl InplaceOp3 for MaskedInputGradient<'_> {
    fn name(&self) -> &'static str {
        "conv3x3-input-gradient-masked"
    }

    fn cpu_fwd(
        &self,
        out: &mut CpuStorage,
        out_l: &Layout,
        gradient: &CpuStorage,
        gradient_l: &Layout,
        features: &CpuStorage,
        features_l: &Layout,
    ) -> Result<()> {
        let (height, width) = height_width(gradient_l)?;
        let (output, gradient) = (values_mut(out, out_l)?, values(gradient, gradient_l)?);
        let features = values(features, features_l)?;
        match &self.conv.kernels {
            Kernels::Direct(_) => candle_core::bail!("the first layer's input is the canvas, which has no ReLU"),
            Kernels::Winograd { backward, .. } => {
                let epilogue = if self.accumulate { Epilogue::AddMasked(features) } else { Epilogue::Masked(features) };
                winograd::convolve(backward, height, width, gradient, output, epilogue);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
