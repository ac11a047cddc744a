//! Room for the feature maps of one picture, and for their gradients.
//!
//! Where a pooling follows a layer only the pooled map is kept, computed together with the convolution; the full map
//! beside it only where a loss looks at it.

use candle_core::{Device, Result, Tensor};

use super::arena;
use super::interrupt::Interrupt;
use super::vgg::{LAYERS, Tap, Variant, closes_block};

/// The feature maps of one picture size, for losses at certain taps.
pub struct FeatureMaps {
    variant: Variant,
    maps: Vec<Map>,
    taps: Vec<Tap>,
    deepest: Tap,
    /// Room for the gradient of a loss, as large as the largest map at which one looks.
    gradient: Option<Tensor>,
    /// Looked at between two layers.
    pub(super) interrupt: Interrupt,
}

/// What is kept of one layer.
pub(super) enum Map {
    /// The output of its ReLU.
    Features(Tensor),
    /// Where a pooling follows: only that. It is computed together with the convolution.
    Pooled(Tensor),
    /// Where a pooling follows and a loss looks at what goes into it.
    Both {
        /// The output of the ReLU.
        features: Tensor,
        /// What is pooled of it, with the marks that the way back needs.
        pooled: Tensor,
    },
}

impl Map {
    /// What the next layer reads.
    pub(super) fn output(&self) -> &Tensor {
        let (Self::Features(tensor) | Self::Pooled(tensor) | Self::Both { pooled: tensor, .. }) = self;
        tensor
    }
}

/// How the map of a layer is kept.
enum Keeping {
    Features,
    Pooled,
    Both,
}

/// For layer `i`, losses at `taps`, the deepest of which is layer `last`.
fn keeping(i: usize, last: usize, taps: &[Tap]) -> Keeping {
    match (closes_block(i) && i < last, taps.iter().any(|tap| tap.layer() == i)) {
        (false, _) => Keeping::Features,
        (true, false) => Keeping::Pooled,
        (true, true) => Keeping::Both,
    }
}

/// Values for each pixel of the picture that are kept of all layers for losses at `taps`, and of the room for the
/// gradient of a loss.
pub(super) fn values_per_pixel(taps: &[Tap]) -> f64 {
    let last = taps.iter().max().map_or(0, |tap| tap.layer());
    let (mut values, mut room, mut scale) = (0.0, 0f64, 1.0);
    for (i, layer) in LAYERS.iter().enumerate().take(last + 1) {
        let features = scale * layer.out_channels as f64;
        values += match keeping(i, last, taps) {
            Keeping::Features => features,
            Keeping::Pooled => features / 4.0,
            Keeping::Both => features * 1.25,
        };
        if taps.iter().any(|tap| tap.layer() == i) {
            room = room.max(features);
        }
        if closes_block(i) {
            scale /= 4.0;
        }
    }
    values + room
}

impl FeatureMaps {
    /// Allocates the maps of a `height` x `width` picture for looking at `taps` only.
    ///
    /// # Errors
    /// When there is no tap, or memory does not suffice.
    pub fn new(height: usize, width: usize, taps: &[Tap], variant: Variant, device: &Device) -> Result<Self> {
        let Some(deepest) = taps.iter().max().copied() else {
            candle_core::bail!("no loss looks at any layer of the network");
        };
        let last = deepest.layer();
        let (mut height, mut width) = (height, width);
        let mut maps = Vec::with_capacity(last + 1);
        for (i, layer) in LAYERS.iter().enumerate().take(last + 1) {
            let room = |height, width| arena::tensor((height, width, layer.out_channels), device);
            maps.push(match keeping(i, last, taps) {
                Keeping::Features => Map::Features(room(height, width)?),
                Keeping::Pooled => Map::Pooled(room(height / 2, width / 2)?),
                Keeping::Both => Map::Both { features: room(height, width)?, pooled: room(height / 2, width / 2)? },
            });
            if closes_block(i) {
                (height, width) = (height / 2, width / 2);
            }
        }
        Ok(Self { variant, maps, taps: taps.to_vec(), deepest, gradient: None, interrupt: Interrupt::default() })
    }

    /// The same, with room for [`Vgg::backward`](super::vgg::Vgg::backward).
    ///
    /// # Errors
    /// As [`FeatureMaps::new`].
    pub fn with_gradient(height: usize, width: usize, taps: &[Tap], variant: Variant, device: &Device) -> Result<Self> {
        let maps = Self::new(height, width, taps, variant, device)?;
        let largest = taps.iter().map(|tap| maps.at(*tap).elem_count()).max();
        Ok(Self { gradient: Some(arena::tensor(largest.unwrap_or(1), device)?), ..maps })
    }

    /// Pooling and edges.
    #[must_use]
    pub fn variant(&self) -> Variant {
        self.variant
    }

    /// The deepest tap.
    #[must_use]
    pub fn deepest(&self) -> Tap {
        self.deepest
    }

    /// The feature map at a tap, `(height, width, channels)`.
    #[must_use]
    pub fn at(&self, tap: Tap) -> &Tensor {
        let (Map::Features(tensor) | Map::Both { features: tensor, .. } | Map::Pooled(tensor)) =
            &self.maps[tap.layer()];
        tensor
    }

    /// The maps as deep as a tap.
    pub(super) fn up_to(&self, deepest: Tap) -> &[Map] {
        &self.maps[..=deepest.layer()]
    }

    /// Whether a loss looks at layer `i`.
    pub(super) fn is_tap(&self, i: usize) -> bool {
        self.taps.iter().any(|tap| tap.layer() == i)
    }

    /// The beginning of the room for gradients, in this shape; what it holds is overwritten by
    /// [`Vgg::backward`](super::vgg::Vgg::backward).
    ///
    /// # Errors
    /// When there is no such room, or it is smaller.
    pub(super) fn room(&self, shape: (usize, usize, usize)) -> Result<Tensor> {
        let Some(gradient) = &self.gradient else { candle_core::bail!("these feature maps are to look at only") };
        gradient.narrow(0, 0, shape.0 * shape.1 * shape.2)?.reshape(shape)
    }
}
