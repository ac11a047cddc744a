//! 3x3 convolution, stride 1, zero padding of one pixel (or, next to the canvas, its outermost pixels again): over 95 % of the time of a painting.
//!
//! [`Conv3x3`] holds one layer's kernels laid out for both directions. The input gradient of such a convolution is again
//! such a convolution, with the kernel turned by 180 degrees and its channel axes swapped, so both directions run
//! through the same code. Tensors are feature maps in NHWC order, `(height, width, channels)`, contiguous `f32`.

mod direct;
mod finish;
mod kernels;
mod plan;
mod pooling;
mod transform;
mod winograd;

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, Device, InplaceOp2, InplaceOp3, Layout, Result, Tensor};

use self::direct::{DirectKernel, Frame};
use self::finish::{Relu, ReluPool, ReplaceFeatures, ReplacePooled};
use self::kernels::WinogradKernel;
use self::winograd::Source;
#[cfg(feature = "cuda")]
use super::cuda;
use super::storage::{values, values_mut};
use super::weights::ConvWeights;
use crate::recipe::{Edges, Pooling};

pub use self::direct::COLOURS;
pub use self::pooling::{pool, unpool};

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
    /// Any, on a card.
    #[cfg(feature = "cuda")]
    Card(cuda::Convolution),
}

impl Conv3x3 {
    fn in_channels(&self) -> usize {
        match &self.kernels {
            Kernels::Direct(_) => COLOURS,
            Kernels::Winograd { forward, .. } => forward.in_channels(),
            #[cfg(feature = "cuda")]
            Kernels::Card(convolution) => convolution.in_channels(),
        }
    }

    /// Lays out `weights` for a device.
    ///
    /// # Errors
    /// When the device has no room. The processor's memory is not asked.
    pub fn on(device: &Device, weights: ConvWeights) -> Result<Self> {
        let ConvWeights { in_channels, out_channels, weight, bias } = weights;
        match device {
            #[cfg(feature = "cuda")]
            Device::Cuda(device) => {
                let kernels = cuda::Convolution::new((in_channels, out_channels), &weight, &bias, device)?;
                Ok(Self { kernels: Kernels::Card(kernels), bias })
            }
            _ => Ok(Self::new(in_channels, out_channels, &weight, bias)),
        }
    }

    /// Lays out `weight` (`[out][in][3][3]`) and `bias` (`[out]`) for the processor.
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
    /// When the tensors do not fit this layer, or are not contiguous `f32` on a device that has this operator.
    pub fn forward_relu(&self, input: &Tensor, output: &Tensor) -> Result<()> {
        output.inplace_op2(input, &Forward { conv: self, pooling: None, edges: Edges::Zeros })
    }

    /// The same for the first layer, which sees beyond the canvas what `edges` says.
    ///
    /// # Errors
    /// As [`Conv3x3::forward_relu`].
    pub fn forward_canvas(&self, canvas: &Tensor, edges: Edges, output: &Tensor) -> Result<()> {
        output.inplace_op2(canvas, &Forward { conv: self, pooling: None, edges })
    }

    /// `output = pool(max(conv(input) + bias, 0))`, half as high and wide (rounded down), with marks in the lowest bits
    /// of each value that [`Conv3x3::input_gradient`] understands.
    ///
    /// # Errors
    /// As [`Conv3x3::forward_relu`].
    pub fn forward_relu_pool(&self, input: &Tensor, pooling: Pooling, output: &Tensor) -> Result<()> {
        output.inplace_op2(input, &Forward { conv: self, pooling: Some(pooling), edges: Edges::Zeros })
    }

    /// Replaces the input of this convolution by the gradient with respect to it.
    ///
    /// `upstream` is the gradient with respect to the convolution's output, before its ReLU. What `input` holds says
    /// which gradient takes its place; with `loss_gradient`, that of a loss on these features is added.
    ///
    /// # Errors
    /// As [`Conv3x3::forward_relu`].
    pub fn input_gradient(
        &self,
        upstream: Upstream<'_>,
        input: &Tensor,
        kind: InputKind,
        loss_gradient: Option<&Tensor>,
    ) -> Result<()> {
        let op = InputGradient { conv: self, upstream, kind };
        let (Upstream::Map(gradient) | Upstream::Pooled(gradient, _)) = upstream;
        match loss_gradient {
            None => input.inplace_op2(gradient, &op),
            Some(loss_gradient) => input.inplace_op3(gradient, loss_gradient, &op),
        }
    }
}

/// The gradient with respect to a convolution's output, before its ReLU.
#[derive(Clone, Copy)]
pub enum Upstream<'a> {
    /// For every pixel.
    Map(&'a Tensor),
    /// Of the pooled map that [`Conv3x3::forward_relu_pool`] made, with its marks.
    Pooled(&'a Tensor, Pooling),
}

/// What a convolution has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// The output of a ReLU: its gradient is masked for that ReLU.
    Features,
    /// A pooled map: the gradient keeps its marks.
    Pooled,
    /// The canvas, whose values do not matter, with this beyond its edges.
    Canvas(Edges),
}

struct Forward<'a> {
    conv: &'a Conv3x3,
    pooling: Option<Pooling>,
    edges: Edges,
}

impl Forward<'_> {
    /// Height and width of the input, once the shapes are found to fit.
    fn size(&self, out_l: &Layout, input_l: &Layout) -> Result<(usize, usize)> {
        let (height, width, _) = input_l.shape().dims3()?;
        let size = if self.pooling.is_some() { (height / 2, width / 2) } else { (height, width) };
        expect_shape("input", input_l, (height, width, self.conv.in_channels()))?;
        expect_shape("output", out_l, (size.0, size.1, self.conv.bias.len()))?;
        Ok((height, width))
    }
}

impl InplaceOp2 for Forward<'_> {
    fn name(&self) -> &'static str {
        "conv3x3-relu"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, out: &mut CudaStorage, out_l: &Layout, input: &CudaStorage, input_l: &Layout) -> Result<()> {
        self.size(out_l, input_l)?;
        let Kernels::Card(convolution) = &self.conv.kernels else { return elsewhere() };
        cuda::forward(convolution, self.pooling, self.edges, (out, out_l), (input, input_l))
    }

    fn cpu_fwd(&self, out: &mut CpuStorage, out_l: &Layout, input: &CpuStorage, input_l: &Layout) -> Result<()> {
        let (height, width) = self.size(out_l, input_l)?;
        let bias = &self.conv.bias;
        let (output, input) = (values_mut(out, out_l)?, values(input, input_l)?);
        match (&self.conv.kernels, self.pooling) {
            (Kernels::Direct(kernel), None) => {
                direct::forward(kernel, Frame { height, width, edges: self.edges }, input, bias, output);
            }
            (Kernels::Direct(_), Some(_)) => candle_core::bail!("no pooling follows the first layer"),
            (Kernels::Winograd { .. }, _) if self.edges != Edges::Zeros => {
                candle_core::bail!("only the first layer sees the canvas")
            }
            (Kernels::Winograd { forward, .. }, None) => {
                winograd::convolve(forward, (height, width), Source::Map(input), output, Relu { bias });
            }
            (Kernels::Winograd { forward, .. }, Some(pooling)) => {
                let finish = ReluPool { bias, pooling };
                winograd::convolve(forward, (height, width), Source::Map(input), output, finish);
            }
            #[cfg(feature = "cuda")]
            (Kernels::Card(_), _) => return elsewhere(),
        }
        Ok(())
    }
}

struct InputGradient<'a> {
    conv: &'a Conv3x3,
    upstream: Upstream<'a>,
    kind: InputKind,
}

impl InputGradient<'_> {
    /// Height and width of the input, once the shapes are found to fit.
    fn size(&self, input_l: &Layout, gradient_l: &Layout, loss_l: Option<&Layout>) -> Result<(usize, usize)> {
        let (height, width, _) = input_l.shape().dims3()?;
        let (channels, out_channels) = (self.conv.in_channels(), self.conv.bias.len());
        expect_shape("input", input_l, (height, width, channels))?;
        let scale = if self.pooling().is_some() { 2 } else { 1 };
        expect_shape("gradient", gradient_l, (height / scale, width / scale, out_channels))?;
        if let Some(loss_l) = loss_l {
            expect_shape("loss gradient", loss_l, (height, width, channels))?;
        }
        Ok((height, width))
    }

    /// The pooling through which the gradient comes.
    fn pooling(&self) -> Option<Pooling> {
        match self.upstream {
            Upstream::Map(_) => None,
            Upstream::Pooled(_, pooling) => Some(pooling),
        }
    }

    #[cfg(feature = "cuda")]
    fn run_on_card(
        &self,
        input: (&mut CudaStorage, &Layout),
        gradient: (&CudaStorage, &Layout),
        loss_gradient: Option<(&CudaStorage, &Layout)>,
    ) -> Result<()> {
        self.size(input.1, gradient.1, loss_gradient.map(|(_, layout)| layout))?;
        let Kernels::Card(convolution) = &self.conv.kernels else { return elsewhere() };
        cuda::input_gradient(convolution, self.kind, self.pooling(), input, gradient, loss_gradient)
    }

    fn run(
        &self,
        (input, input_l): (&mut CpuStorage, &Layout),
        (gradient, gradient_l): (&CpuStorage, &Layout),
        loss_gradient: Option<(&CpuStorage, &Layout)>,
    ) -> Result<()> {
        let size = self.size(input_l, gradient_l, loss_gradient.map(|(_, layout)| layout))?;
        let (height, width) = size;
        let gradient = values(gradient, gradient_l)?;
        let source = self.pooling().map_or(Source::Map(gradient), |pooling| Source::Unpooled(gradient, pooling));
        let loss_gradient = loss_gradient.map(|(gradient, gradient_l)| values(gradient, gradient_l)).transpose()?;
        let input = values_mut(input, input_l)?;
        match (&self.conv.kernels, self.kind, source, loss_gradient) {
            (Kernels::Direct(kernel), InputKind::Canvas(edges), Source::Map(gradient), None) => {
                direct::input_gradient(kernel, Frame { height, width, edges }, gradient, input);
            }
            (Kernels::Winograd { backward, .. }, InputKind::Features, ..) => {
                winograd::convolve(backward, size, source, input, ReplaceFeatures { loss_gradient });
            }
            (Kernels::Winograd { backward, .. }, InputKind::Pooled, _, None) => {
                winograd::convolve(backward, size, source, input, ReplacePooled);
            }
            (_, kind, _, loss) => {
                candle_core::bail!("this layer has no gradient for {kind:?} with a loss: {}", loss.is_some())
            }
        }
        Ok(())
    }
}

impl InplaceOp2 for InputGradient<'_> {
    fn name(&self) -> &'static str {
        "conv3x3-input-gradient"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, input: &mut CudaStorage, input_l: &Layout, gradient: &CudaStorage, l: &Layout) -> Result<()> {
        self.run_on_card((input, input_l), (gradient, l), None)
    }

    fn cpu_fwd(&self, input: &mut CpuStorage, input_l: &Layout, gradient: &CpuStorage, l: &Layout) -> Result<()> {
        self.run((input, input_l), (gradient, l), None)
    }
}

impl InplaceOp3 for InputGradient<'_> {
    fn name(&self) -> &'static str {
        "conv3x3-input-gradient-with-loss"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        input: &mut CudaStorage,
        input_l: &Layout,
        gradient: &CudaStorage,
        gradient_l: &Layout,
        loss: &CudaStorage,
        loss_l: &Layout,
    ) -> Result<()> {
        self.run_on_card((input, input_l), (gradient, gradient_l), Some((loss, loss_l)))
    }

    fn cpu_fwd(
        &self,
        input: &mut CpuStorage,
        input_l: &Layout,
        gradient: &CpuStorage,
        gradient_l: &Layout,
        loss: &CpuStorage,
        loss_l: &Layout,
    ) -> Result<()> {
        self.run((input, input_l), (gradient, gradient_l), Some((loss, loss_l)))
    }
}

/// The kernels of a layer lie on one device and its maps on another.
#[cfg(feature = "cuda")]
fn elsewhere() -> Result<()> {
    candle_core::bail!("this layer was laid out for another device")
}

/// Refuses a tensor of another shape than `expected`, before any kernel relies on it.
fn expect_shape(what: &str, layout: &Layout, expected: (usize, usize, usize)) -> Result<()> {
    let found = layout.shape().dims3()?;
    if found != expected {
        candle_core::bail!("{what} of shape {found:?}, expected {expected:?}");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
