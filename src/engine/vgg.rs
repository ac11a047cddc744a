//! VGG-19 (Simonyan & Zisserman 2015, arXiv 1409.1556): forward to the feature maps, backward to the pixels.
//!
//! There is no autograd graph. The network is a chain, so its backward pass is a loop: each convolution passes the
//! gradient to its input, masks it for the ReLU there, and adds what a loss on that feature map contributes.

use std::sync::OnceLock;

use candle_core::{Device, Error, Result, Tensor};

use super::conv::{self, COLOURS, Conv3x3, InputKind, Upstream};
use super::feature_maps::{FeatureMaps, Map};
use super::vector;
use super::weights::{ConvWeights, VggWeights};
use crate::recipe::{Edges, LayerName, Pooling, Recipe};

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
    /// When the network has no such layer (a compile-time error where the tap is a constant).
    #[must_use]
    pub const fn relu(block: u8, index: u8) -> Self {
        let mut i = 0;
        while i < LAYERS.len() {
            if LAYERS[i].block == block && LAYERS[i].index == index {
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

impl From<LayerName> for Tap {
    fn from(name: LayerName) -> Self {
        // Every layer that has a name is in the table (tested).
        Self::relu(name.block(), name.index())
    }
}

/// What the published network leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// How maps are shrunk between blocks.
    pub pooling: Pooling,
    /// What the first convolution sees beyond the picture.
    pub edges: Edges,
}

impl Variant {
    /// As the recipe asks for.
    #[must_use]
    pub fn of(recipe: &Recipe) -> Self {
        Self { pooling: recipe.pooling, edges: recipe.edges }
    }
}

/// Smallest side of a picture in pixels, so that four poolings leave at least one pixel.
pub const MIN_SIDE_PX: u32 = 16;

/// Layers whose kernels are laid out from the start: as deep as `relu5_1`, where the paper's losses end. The three
/// beyond would cost time and memory that hardly any painting needs.
const USUAL_DEPTH: usize = Tap::relu(5, 1).layer() + 1;

/// The network, its kernels laid out for both directions.
pub struct Vgg {
    /// By layer; those beyond `at_once` when they are first needed.
    convs: [OnceLock<Conv3x3>; LAYERS.len()],
    /// Layers that were laid out from the start.
    at_once: usize,
    /// Weights beyond these that cannot be had again; those of the built-in network, but for the first layer's, can.
    later: Option<Vec<ConvWeights>>,
    device: Device,
    mean_rgb: [f32; 3],
    description: String,
}

impl Vgg {
    /// Lays out the layers that the paper's losses need.
    #[must_use]
    pub fn new(weights: VggWeights, device: Device) -> Self {
        let VggWeights { mut layers, mean_rgb, description, built_in } = weights;
        // A card may have no room, which is an error of whoever computes there first.
        let at_once = if device.is_cpu() { USUAL_DEPTH.min(layers.len()) } else { 0 };
        let later = layers.split_off(at_once);
        let convs = std::array::from_fn(|_| OnceLock::new());
        for (conv, weights) in convs.iter().zip(layers) {
            conv.get_or_init(|| lay_out(weights));
        }
        let later = (!built_in || at_once == 0).then_some(later);
        Self { convs, at_once, later, device, mean_rgb, description }
    }

    /// The convolution of a layer, laid out now if that was not done yet.
    fn conv(&self, layer: usize) -> Result<&Conv3x3> {
        if let Some(conv) = self.convs[layer].get() {
            return Ok(conv);
        }
        let weights = match &self.later {
            None => VggWeights::embedded_layer(layer).map_err(Error::wrap)?,
            Some(later) => later
                .get(layer - self.at_once)
                .cloned()
                .ok_or_else(|| Error::msg(format!("the weights have no layer {}", LAYERS[layer].name())))?,
        };
        let conv = Conv3x3::on(&self.device, weights)?;
        Ok(self.convs[layer].get_or_init(|| conv))
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
    /// When the canvas has another size than `maps`, the device fails, or the maps' interrupt is raised.
    pub fn forward(&self, canvas: &Tensor, maps: &FeatureMaps) -> Result<()> {
        self.forward_to(maps.deepest(), canvas, maps)
    }

    /// The same as far as `deepest` only.
    ///
    /// # Errors
    /// As [`Vgg::forward`].
    pub fn forward_to(&self, deepest: Tap, canvas: &Tensor, maps: &FeatureMaps) -> Result<()> {
        let Variant { pooling, edges } = maps.variant();
        let mut input = canvas;
        for (i, map) in maps.up_to(deepest).iter().enumerate() {
            maps.interrupt.check()?;
            let conv = self.conv(i)?;
            match map {
                Map::Features(features) if i == 0 => conv.forward_canvas(input, edges, features)?,
                Map::Features(features) => conv.forward_relu(input, features)?,
                Map::Pooled(pooled) => conv.forward_relu_pool(input, pooling, pooled)?,
                Map::Both { features, pooled } => {
                    conv.forward_relu(input, features)?;
                    conv::pool(features, pooling, pooled)?;
                }
            }
            input = map.output();
        }
        Ok(())
    }

    /// Gradient with respect to the canvas of losses on the feature maps, into `canvas_gradient`.
    ///
    /// `loss_gradient(layer, features, gradient)` is asked once for every tap, from `deepest` up. If a loss looks at
    /// that feature map, it overwrites `gradient` with its own gradient there and answers `true`; at `deepest` it must.
    ///
    /// On the way every map is overwritten by its gradient: [`Vgg::forward`] must come before the next call.
    ///
    /// # Errors
    /// When the device fails, the callback does, or the maps' interrupt is raised.
    pub fn backward(
        &self,
        deepest: Tap,
        maps: &FeatureMaps,
        mut loss_gradient: impl FnMut(usize, &Tensor, &Tensor) -> Result<bool>,
        canvas_gradient: &Tensor,
    ) -> Result<()> {
        let Variant { pooling, edges } = maps.variant();
        let maps_up = maps.up_to(deepest);
        let (start, features) = (maps_up.len() - 1, maps.at(deepest));
        let gradient = maps.room(features.dims3()?)?;
        if !loss_gradient(start, features, &gradient)? {
            candle_core::bail!("no loss looks at the deepest layer that was computed");
        }
        vector::take_where_positive(&gradient, features)?;

        for i in (1..=start).rev() {
            maps.interrupt.check()?;
            let upstream = match &maps_up[i] {
                Map::Features(gradient) | Map::Both { features: gradient, .. } => Upstream::Map(gradient),
                Map::Pooled(gradient) => Upstream::Pooled(gradient, pooling),
            };
            let conv = self.conv(i)?;
            match &maps_up[i - 1] {
                Map::Features(features) => {
                    let mut gradient = None;
                    if maps.is_tap(i - 1) {
                        let room = maps.room(features.dims3()?)?;
                        gradient = loss_gradient(i - 1, features, &room)?.then_some(room);
                    }
                    conv.input_gradient(upstream, features, InputKind::Features, gradient.as_ref())?;
                }
                Map::Pooled(pooled) => conv.input_gradient(upstream, pooled, InputKind::Pooled, None)?,
                Map::Both { features, pooled } => {
                    conv.input_gradient(upstream, pooled, InputKind::Pooled, None)?;
                    let room = maps.room(features.dims3()?)?;
                    let gradient = loss_gradient(i - 1, features, &room)?.then_some(room);
                    conv::unpool(pooled, pooling, gradient.as_ref(), features)?;
                }
            }
        }
        let upstream = Upstream::Map(maps.at(Tap(0)));
        self.conv(0)?.input_gradient(upstream, canvas_gradient, InputKind::Canvas(edges), None)
    }
}

fn lay_out(weights: ConvWeights) -> Conv3x3 {
    Conv3x3::new(weights.in_channels, weights.out_channels, &weights.weight, weights.bias)
}

/// Whether a pooling follows layer `i`.
pub(super) const fn closes_block(i: usize) -> bool {
    i + 1 < LAYERS.len() && LAYERS[i + 1].block != LAYERS[i].block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_that_has_a_name_is_in_the_table() {
        let taps: Vec<usize> = LayerName::all().map(|name| Tap::from(name).layer()).collect();
        assert_eq!(taps, (0..LAYERS.len()).collect::<Vec<_>>());
    }

    #[test]
    fn deep_layers_are_the_same_whether_they_were_kept_or_are_read_again() {
        let weights = VggWeights::embedded().unwrap();
        let tap = Tap::relu(5, 2);
        let variant = Variant { pooling: Pooling::Max, edges: Edges::Replicate };
        let features = |weights| {
            let vgg = Vgg::new(weights, Device::Cpu);
            assert!(vgg.convs[tap.layer()].get().is_none(), "nobody has looked there yet");
            let maps = FeatureMaps::new(16, 16, &[tap], variant, vgg.device()).unwrap();
            let canvas = (Tensor::ones((16, 16, 3), candle_core::DType::F32, vgg.device()).unwrap() * 40.0).unwrap();
            vgg.forward(&canvas, &maps).unwrap();
            maps.at(tap).flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let kept = features(VggWeights { built_in: false, ..weights.clone() });
        assert!(kept.iter().any(|value| *value > 0.0));
        assert_eq!(kept, features(weights));
    }
}
