//! 3x3 convolutions in both directions: by cuDNN, but for the first layer, whose three colours and edges have kernels of
//! their own.
//!
//! cuDNN computes the sums, and bias and ReLU where it can do that in one go. Pooling and the masks of the backward pass
//! are kernels that read the sums from a room and write what the engine keeps.

use candle_core::{CudaDevice, Result};
use cudarc::driver::CudaSlice;

use super::card::{self, values};
use super::dnn::Room;
use super::kernels::{self, Size};
use super::layout;
use super::ops::{In, Out, address};
use crate::engine::conv::{COLOURS, InputKind};
use crate::recipe::{Edges, Pooling};

/// One layer's weights on a card.
pub struct Convolution {
    in_channels: usize,
    out_channels: usize,
    bias: CudaSlice<f32>,
    kernels: Kernels,
}

enum Kernels {
    /// The first layer's, for both directions.
    Canvas(CudaSlice<f32>),
    /// All others'.
    Inner { forward: CudaSlice<f32>, backward: CudaSlice<f32> },
}

impl Convolution {
    /// Brings `weight` (`[out][in][3][3]`) and `bias` (`[out]`) to the card.
    ///
    /// # Errors
    /// When the lengths do not fit the channels, or the card has no room.
    pub fn new(
        (in_channels, out_channels): (usize, usize),
        weight: &[f32],
        bias: &[f32],
        device: &CudaDevice,
    ) -> Result<Self> {
        if weight.len() != out_channels * in_channels * 9 || bias.len() != out_channels {
            candle_core::bail!("{} weights for {out_channels} x {in_channels} x 3 x 3", weight.len());
        }
        let upload = |values: Vec<f32>| device.clone_htod(&values);
        let kernels = if in_channels == COLOURS {
            Kernels::Canvas(upload(layout::canvas(COLOURS, out_channels, weight))?)
        } else {
            Kernels::Inner {
                forward: upload(layout::forward(in_channels, out_channels, weight))?,
                backward: upload(layout::backward(in_channels, out_channels, weight))?,
            }
        };
        Ok(Self { in_channels, out_channels, bias: upload(bias.to_vec())?, kernels })
    }

    /// Channels that go in.
    pub fn in_channels(&self) -> usize {
        self.in_channels
    }
}

/// `output = [pool](max(conv(input) + bias, 0))`; the caller has compared the shapes.
///
/// # Errors
/// When this layer does not pool or see edges, or the card fails.
pub fn forward(
    convolution: &Convolution,
    pooling: Option<Pooling>,
    edges: Edges,
    (output, output_l): Out<'_>,
    (input, input_l): In<'_>,
) -> Result<()> {
    let (height, width, in_channels) = input_l.shape().dims3()?;
    let size = (height, width, convolution.out_channels);
    let ((to, _), (from, _)) = (values(output, output_l)?, values(input, input_l)?);
    let (card, bias) = (card::of(&input.device)?, address(&convolution.bias));
    let shape = (height, width, in_channels, convolution.out_channels);
    match (&convolution.kernels, pooling) {
        (Kernels::Canvas(kernels), None) => {
            // SAFETY: the caller has compared the shapes, and the kernels are those of this layer.
            unsafe { card.launch(kernels::forward_canvas(from, address(kernels), bias, to, edges, size)) }
        }
        (Kernels::Canvas(_), Some(_)) => candle_core::bail!("no pooling follows the first layer"),
        (Kernels::Inner { .. }, _) if edges != Edges::Zeros => {
            candle_core::bail!("only the first layer sees the canvas")
        }
        (Kernels::Inner { forward, .. }, pooling) => {
            let mut convolutions = card.convolutions();
            let kernel = address(forward);
            match pooling {
                // SAFETY: as above.
                None => unsafe { convolutions.run_relu(&card, shape, from, kernel, bias, to) },
                Some(pooling) => {
                    let sums = convolutions.room(Room::Sums, count(size))?;
                    // SAFETY: as above, and the room has as many values as the map before the pooling.
                    unsafe {
                        convolutions.run(&card, shape, from, kernel, sums)?;
                        card.launch(kernels::bias_relu_pool(sums, bias, to, pooling, size))
                    }
                }
            }
        }
    }
}

/// Replaces `input` by the gradient with respect to it; the caller has compared the shapes. With `pooling` the gradient
/// is that of the pooled map, marked.
///
/// # Errors
/// When this layer has no such gradient, or the card fails.
pub fn input_gradient(
    convolution: &Convolution,
    kind: InputKind,
    pooling: Option<Pooling>,
    (input, input_l): Out<'_>,
    (gradient, gradient_l): In<'_>,
    loss: Option<In<'_>>,
) -> Result<()> {
    let size = input_l.shape().dims3()?;
    let output_size = (size.0, size.1, convolution.out_channels);
    let ((to, _), (from, _)) = (values(input, input_l)?, values(gradient, gradient_l)?);
    let card = card::of(&gradient.device)?;
    match (&convolution.kernels, kind, pooling, loss) {
        (Kernels::Canvas(kernels), InputKind::Canvas(edges), None, None) => {
            // SAFETY: the caller has compared the shapes, and the kernels are those of this layer.
            unsafe { card.launch(kernels::canvas_gradient(from, address(kernels), to, edges, output_size)) }
        }
        (Kernels::Inner { backward, .. }, InputKind::Features, ..)
        | (Kernels::Inner { backward, .. }, InputKind::Pooled, _, None) => {
            let loss = loss.map(|(loss, loss_l)| values(loss, loss_l)).transpose()?.map_or(0, |(at, _)| at);
            let mut convolutions = card.convolutions();
            let upstream = match pooling {
                None => from,
                Some(_) => convolutions.room(Room::Unpooled, count(output_size))?,
            };
            let sums = convolutions.room(Room::Sums, count(size))?;
            let shape = (size.0, size.1, convolution.out_channels, convolution.in_channels);
            // SAFETY: the caller has compared the shapes, and the rooms are as large as what is put there.
            unsafe {
                if let Some(pooling) = pooling {
                    card.launch(kernels::unpool(from, upstream, pooling, output_size))?;
                }
                convolutions.run(&card, shape, upstream, address(backward), sums)?;
                card.launch(match kind {
                    InputKind::Pooled => kernels::replace_pooled(to, sums, count(size)),
                    _ => kernels::replace_features(to, sums, loss, count(size)),
                })
            }
        }
        (_, kind, _, loss) => {
            candle_core::bail!("this layer has no gradient for {kind:?} with a loss: {}", loss.is_some())
        }
    }
}

fn count((height, width, channels): Size) -> usize {
    height * width * channels
}
