//! VGG-19 (Simonyan & Zisserman 2015, arXiv 1409.1556): forward to the feature maps, backward to the pixels.
//!
//! There is no autograd graph. The network is a chain, so its backward pass is a loop: each convolution passes the
//! gradient to its input, masks it for the ReLU there, and adds what a loss on that feature map contributes.

use candle_core::{Device, Result, Tensor};

use super::conv::{COLOURS, Conv3x3, InputKind, Upstream};
use super::weights::VggWeights;
use super::{arena, vector};
use crate::recipe::Pooling;

/// One convolution of the network; a ReLU follows each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Block, from 1; a 2x2 pooling stands between blocks.
    pub block: u8,
    /// Convolution within the block, from 1.
    pub index: u8,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
}

impl Layer {
    /// `conv4_2`, as the literature and the weights files write it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("conv{}_{}", self.block, self.index)
    }
}

const fn layer(block: u8, index: u8, in_channels: usize, out_channels: usize) -> Layer {
    Layer { block, index, in_channels, out_channels }
}

/// The convolutions in order.
pub const LAYERS: [Layer; 16] = [
    layer(1, 1, COLOURS, 64),
    layer(1, 2, 64, 64),
    layer(2, 1, 64, 128),
    layer(2, 2, 128, 128),
    layer(3, 1, 128, 256),
    layer(3, 2, 256, 256),
    layer(3, 3, 256, 256),
    layer(3, 4, 256, 256),
    layer(4, 1, 256, 512),
    layer(4, 2, 512, 512),
    layer(4, 3, 512, 512),
    layer(4, 4, 512, 512),
    layer(5, 1, 512, 512),
    layer(5, 2, 512, 512),
    layer(5, 3, 512, 512),
    layer(5, 4, 512, 512),
];

/// A feature map at which a loss looks, as an index into [`LAYERS`]: the output of that convolution's ReLU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tap(usize);

impl Tap {
    /// The tap after convolution `index` of `block`: `Tap::relu(4, 2)` is `relu4_2`.
    ///
    /// # Panics
    /// When the network has no such layer, or a pooling follows it, with which it is computed as one (a compile-time
    /// error where the tap is a constant).
    #[must_use]
    pub const fn relu(block: u8, index: u8) -> Self {
        let mut i = 0;
        while i < LAYERS.len() {
            if LAYERS[i].block == block && LAYERS[i].index == index {
                assert!(!closes_block(i), "a pooling follows this layer");
                return Self(i);
            }
            i += 1;
        }
        panic!("VGG-19 has no such layer");
    }

    /// Index into [`LAYERS`].
    #[must_use]
    pub const fn layer(self) -> usize {
        self.0
    }

    /// Channels of the feature map.
    #[must_use]
    pub const fn channels(self) -> usize {
        LAYERS[self.0].out_channels
    }
}

/// Smallest side of a picture in pixels, so that four poolings leave at least one pixel.
pub const MIN_SIDE_PX: u32 = 16;

/// The network, its kernels laid out for both directions.
pub struct Vgg {
    convs: Vec<Conv3x3>,
    device: Device,
    mean_rgb: [f32; 3],
    description: String,
}

impl Vgg {
    /// Lays out the layers up to and including `deepest`.
    #[must_use]
    pub fn new(weights: VggWeights, deepest: Tap, device: Device) -> Self {
        let convs = weights
            .layers
            .into_iter()
            .take(deepest.layer() + 1)
            .map(|layer| Conv3x3::new(layer.in_channels, layer.out_channels, &layer.weight, layer.bias))
            .collect();
        Self { convs, device, mean_rgb: weights.mean_rgb, description: weights.description }
    }

    /// Where the tensors live.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The mean colour, red green blue on the scale 0..255, that is subtracted from a picture before it enters.
    #[must_use]
    pub fn mean_rgb(&self) -> [f32; 3] {
        self.mean_rgb
    }

    /// The weights in words.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Feature maps of `canvas` (`(height, width, 3)`, red green blue, mean subtracted), into `maps`.
    ///
    /// # Errors
    /// When the canvas has another size than `maps`, or the device fails.
    pub fn forward(&self, canvas: &Tensor, maps: &FeatureMaps) -> Result<()> {
        let mut input = canvas;
        for (conv, map) in self.convs.iter().zip(&maps.maps) {
            match map {
                Map::Features(features) => conv.forward_relu(input, features)?,
                Map::Pooled(pooled) => conv.forward_relu_pool(input, maps.pooling, pooled)?,
            }
            input = map.tensor();
        }
        Ok(())
    }

    /// Gradient with respect to the canvas of losses on the feature maps, into `canvas_gradient`.
    ///
    /// `loss_gradient(layer, features, gradient)` is asked once for every layer, from the deepest up. If a loss looks at
    /// that feature map, it overwrites `gradient` with its own gradient there and answers `true`.
    ///
    /// On the way every map is overwritten by its gradient: [`Vgg::forward`] must come before the next call.
    ///
    /// # Errors
    /// When the device fails, or the callback does.
    pub fn backward(
        &self,
        maps: &FeatureMaps,
        mut loss_gradient: impl FnMut(usize, &Tensor, &Tensor) -> Result<bool>,
        canvas_gradient: &Tensor,
    ) -> Result<()> {
        let deepest = maps.maps.len() - 1;
        let features = maps.maps[deepest].tensor();
        let gradient = maps.room(features.dims3()?)?;
        if !loss_gradient(deepest, features, &gradient)? {
            candle_core::bail!("no loss looks at the deepest layer that was computed");
        }
        vector::zip(&gradient, features, |g, feature| if feature > 0.0 { g } else { 0.0 })?;

        for i in (1..=deepest).rev() {
            let upstream = match &maps.maps[i] {
                Map::Features(gradient) => Upstream::Map(gradient),
                Map::Pooled(gradient) => Upstream::Pooled(gradient, maps.pooling),
            };
            match &maps.maps[i - 1] {
                Map::Features(features) => {
                    let gradient = maps.room(features.dims3()?)?;
                    let has_loss = loss_gradient(i - 1, features, &gradient)?;
                    let gradient = has_loss.then_some(&gradient);
                    self.convs[i].input_gradient(upstream, features, InputKind::Features, gradient)?;
                }
                Map::Pooled(pooled) => self.convs[i].input_gradient(upstream, pooled, InputKind::Pooled, None)?,
            }
        }
        let upstream = Upstream::Map(maps.maps[0].tensor());
        self.convs[0].input_gradient(upstream, canvas_gradient, InputKind::Canvas, None)
    }
}

/// Room for the feature maps of one picture size, and for their gradients.
pub struct FeatureMaps {
    pooling: Pooling,
    maps: Vec<Map>,
    /// Room for the gradient of a loss, as large as the largest map at which one may look.
    gradient: Option<Tensor>,
}

/// What is kept of one layer.
enum Map {
    /// The output of its ReLU.
    Features(Tensor),
    /// Where a pooling follows: only that. It is computed together with the convolution.
    Pooled(Tensor),
}

impl Map {
    fn tensor(&self) -> &Tensor {
        let (Self::Features(tensor) | Self::Pooled(tensor)) = self;
        tensor
    }
}

impl FeatureMaps {
    /// Allocates the maps of a `height` x `width` picture for the layers up to `deepest`, to look at only.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn new(height: usize, width: usize, deepest: Tap, pooling: Pooling, device: &Device) -> Result<Self> {
        let (mut height, mut width) = (height, width);
        let mut maps = Vec::new();
        for (i, layer) in LAYERS.iter().enumerate().take(deepest.layer() + 1) {
            let pools = i < deepest.layer() && closes_block(i);
            if pools {
                (height, width) = (height / 2, width / 2);
            }
            let room = arena::tensor((height, width, layer.out_channels), device)?;
            maps.push(if pools { Map::Pooled(room) } else { Map::Features(room) });
        }
        Ok(Self { pooling, maps, gradient: None })
    }

    /// The same, with room for [`Vgg::backward`].
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn with_gradient(height: usize, width: usize, deepest: Tap, pooling: Pooling, device: &Device) -> Result<Self> {
        let maps = Self::new(height, width, deepest, pooling, device)?;
        let largest = maps.maps.iter().map(|map| map.tensor().elem_count()).max();
        Ok(Self { gradient: Some(arena::tensor(largest.unwrap_or(1), device)?), ..maps })
    }

    /// The feature map at a tap, `(height, width, channels)`.
    #[must_use]
    pub fn at(&self, tap: Tap) -> &Tensor {
        self.maps[tap.layer()].tensor()
    }

    /// The beginning of the room for gradients, in this shape; what it holds is overwritten by [`Vgg::backward`].
    ///
    /// # Errors
    /// When there is no such room, or it is smaller.
    pub(super) fn room(&self, shape: (usize, usize, usize)) -> Result<Tensor> {
        let Some(gradient) = &self.gradient else { candle_core::bail!("these feature maps are to look at only") };
        gradient.narrow(0, 0, shape.0 * shape.1 * shape.2)?.reshape(shape)
    }
}

/// Whether a pooling follows layer `i`.
pub(super) const fn closes_block(i: usize) -> bool {
    i + 1 < LAYERS.len() && LAYERS[i + 1].block != LAYERS[i].block
}
