//! The network over a canvas whose feature maps do not fit into memory, tile by tile.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::feature_maps::FeatureMaps;
use super::interrupt::Interrupt;
use super::target::{Statistics, StyleTarget};
use super::terms::Terms;
use super::tiles::{Tile, Tiles};
use super::vgg::{Tap, Variant, Vgg};
use super::{arena, region};

/// The network with feature maps for one tile, which all tiles use in turn.
pub struct TiledNetwork {
    /// The network.
    pub vgg: Arc<Vgg>,
    /// How the canvas is cut.
    pub tiles: Tiles,
    /// Of a tile.
    pub maps: FeatureMaps,
    /// A tile of the canvas.
    canvas: Tensor,
}

impl TiledNetwork {
    /// For losses at `taps`.
    ///
    /// # Errors
    /// When there is no tap, or memory does not suffice.
    pub fn new(vgg: Arc<Vgg>, tiles: Tiles, taps: &[Tap], variant: Variant) -> Result<Self> {
        let (height, width) = tiles.tile_size();
        let maps = FeatureMaps::with_gradient(height, width, taps, variant, vgg.device())?;
        let canvas = arena::tensor((height, width, 3), vgg.device())?;
        Ok(Self { vgg, tiles, maps, canvas })
    }

    /// The feature maps of a tile.
    ///
    /// # Errors
    /// When the canvas has another size, or the device fails.
    pub fn forward(&self, canvas: &Tensor, tile: &Tile<'_>) -> Result<()> {
        region::cut_out(canvas, tile.on_canvas(), &self.canvas)?;
        self.vgg.forward(&self.canvas, &self.maps)
    }

    /// The features that belong to the tile alone. They lie in the room for gradients until that is used again.
    ///
    /// # Errors
    /// When nobody looks at `tap`, or the device fails.
    pub fn interior(&self, tile: &Tile<'_>, tap: Tap) -> Result<Tensor> {
        let own = tile.interior(tap);
        let features = self.maps.room((own.height, own.width, tap.channels()))?;
        region::cut_out(self.maps.at(tap), own, &features)?;
        Ok(features)
    }

    /// Adds the tile's share of what the whole picture amounts to at `tap`.
    ///
    /// # Errors
    /// As [`TiledNetwork::interior`].
    pub fn add_statistics(&self, tile: &Tile<'_>, tap: Tap, terms: &Terms, sum: &mut Statistics) -> Result<()> {
        let features = self.interior(tile, tap)?;
        let (height, width, _) = features.dims3()?;
        let share = (height * width) as f64 / self.pixels(tap) as f64;
        sum.add(share, &Statistics::of(&features, None, terms)?)
    }

    /// Pixels of the whole picture's feature map at `tap`.
    #[must_use]
    pub fn pixels(&self, tap: Tap) -> usize {
        let (height, width) = self.tiles.map_size(tap);
        height * width
    }
}

/// The style of a picture (`(height, width, 3)`, mean subtracted), measured in these tiles.
///
/// # Errors
/// When the terms ask for what cannot be measured in tiles, memory does not suffice, the device fails, or `interrupt` is
/// raised.
pub fn style_target(
    vgg: &Arc<Vgg>,
    picture: &Tensor,
    tiles: Tiles,
    terms: &Terms,
    interrupt: &Interrupt,
) -> Result<StyleTarget> {
    if let Some(what) = terms.needs_the_whole() {
        candle_core::bail!("{what} cannot be measured in tiles");
    }
    let taps = terms.style_taps();
    let mut network = TiledNetwork::new(Arc::clone(vgg), tiles, &taps, terms.variant)?;
    network.maps.interrupt = interrupt.clone();
    let none = |tap: &Tap| Statistics::none(*tap, terms, vgg.device());
    let mut layers = taps.iter().map(none).collect::<Result<Vec<_>>>()?;
    for tile in network.tiles.iter() {
        network.forward(picture, &tile)?;
        for (tap, sum) in taps.iter().zip(&mut layers) {
            network.add_statistics(&tile, *tap, terms, sum)?;
        }
    }
    Ok(StyleTarget { layers })
}
