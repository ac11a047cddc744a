//! The loss of a canvas whose feature maps do not fit into memory, tile by tile and yet exactly that of the whole.
//!
//! A Gram matrix is a sum over pixels and the content loss is one too, so both can be summed up tile by tile:
//!
//! 1. Forward through every tile; each adds what its interior contributes. Then all losses are known, and with them the
//!    slope `dL/dG` of every Gram matrix.
//! 2. Forward and backward through every tile, with these slopes on its interior. Its canvas gradient, which reaches into
//!    the halo, is added into the whole one.
//!
//! Nothing is blended, so there is no seam that could show; see [`super::tiles`] for why interiors are exact.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::loss::{content, gram, tv};
use super::objective::{CONTENT_TAP, DEEPEST_TAP, STYLE_TAPS, StyleTarget, style_layer_weight};
use super::tiles::{Tile, Tiles};
use super::vgg::{FeatureMaps, Tap, Vgg};
use super::{Losses, arena, region, vector};
use crate::recipe::{LossWeights, Pooling};

/// The network with feature maps for one tile, which all tiles use in turn.
struct TiledNetwork {
    vgg: Arc<Vgg>,
    tiles: Tiles,
    maps: FeatureMaps,
    /// A tile of the canvas.
    canvas: Tensor,
}

impl TiledNetwork {
    fn new(vgg: Arc<Vgg>, tiles: Tiles, pooling: Pooling) -> Result<Self> {
        let (height, width) = tiles.tile_size();
        let maps = FeatureMaps::with_gradient(height, width, DEEPEST_TAP, pooling, vgg.device())?;
        let canvas = arena::tensor((height, width, 3), vgg.device())?;
        Ok(Self { vgg, tiles, maps, canvas })
    }

    fn forward(&self, canvas: &Tensor, tile: &Tile<'_>) -> Result<()> {
        region::cut_out(canvas, tile.on_canvas(), &self.canvas)?;
        self.vgg.forward(&self.canvas, &self.maps)
    }

    /// The features that belong to the tile alone. They lie in the room for gradients until that is used again.
    fn interior(&self, tile: &Tile<'_>, tap: Tap) -> Result<Tensor> {
        let own = tile.interior(tap);
        let features = self.maps.room((own.height, own.width, tap.channels()))?;
        region::cut_out(self.maps.at(tap), own, &features)?;
        Ok(features)
    }

    /// Adds the tile's share of the whole picture's Gram matrix at `tap`.
    fn add_gram(&self, tile: &Tile<'_>, tap: Tap, sum: &Tensor) -> Result<()> {
        let features = self.interior(tile, tap)?;
        let (height, width, _) = features.dims3()?;
        let share = (height * width) as f64 / self.pixels(tap) as f64;
        vector::add_scaled(share, &gram::gram_matrix(&features)?, sum)
    }

    /// Zeros, to sum up the Gram matrices of all style taps.
    fn no_grams(&self) -> Result<Vec<Tensor>> {
        STYLE_TAPS.iter().map(|tap| arena::tensor((tap.channels(), tap.channels()), self.vgg.device())).collect()
    }

    /// Pixels of the whole picture's feature map at `tap`.
    fn pixels(&self, tap: Tap) -> usize {
        let (height, width) = self.tiles.map_size(tap);
        height * width
    }
}

/// The style of a picture (`(height, width, 3)`, mean subtracted), measured in these tiles.
///
/// # Errors
/// When memory does not suffice or the device fails.
pub fn style_target(vgg: &Arc<Vgg>, picture: &Tensor, tiles: Tiles, pooling: Pooling) -> Result<StyleTarget> {
    let network = TiledNetwork::new(Arc::clone(vgg), tiles, pooling)?;
    let grams = network.no_grams()?;
    for tile in network.tiles.iter() {
        network.forward(picture, &tile)?;
        for (tap, sum) in STYLE_TAPS.iter().zip(&grams) {
            network.add_gram(&tile, *tap, sum)?;
        }
    }
    Ok(StyleTarget { grams })
}

/// Evaluates the loss of canvases of one size in tiles; the same numbers as [`super::objective::Objective`], to rounding.
pub struct TiledObjective {
    network: TiledNetwork,
    /// Gradient of a tile of the canvas.
    gradient: Tensor,
    /// The photo's feature map at [`CONTENT_TAP`], whole: it has an eighth of the canvas's rows and columns.
    content: Tensor,
    /// Room for a tile's part of it.
    content_tile: Tensor,
    style: StyleTarget,
    weights: LossWeights,
}

impl TiledObjective {
    /// Prepares for canvases that are cut into `tiles`, measuring `photo` (`(height, width, 3)`, mean subtracted).
    ///
    /// # Errors
    /// When memory does not suffice or the device fails.
    pub fn new(
        vgg: Arc<Vgg>,
        tiles: Tiles,
        pooling: Pooling,
        photo: &Tensor,
        style: StyleTarget,
        weights: LossWeights,
    ) -> Result<Self> {
        let device = vgg.device().clone();
        let network = TiledNetwork::new(vgg, tiles, pooling)?;
        let channels = CONTENT_TAP.channels();
        let (height, width) = network.tiles.map_size(CONTENT_TAP);
        let content = arena::tensor((height, width, channels), &device)?;
        for tile in network.tiles.iter() {
            network.forward(photo, &tile)?;
            let features = network.interior(&tile, CONTENT_TAP)?;
            // The room is zero before, so adding is writing.
            region::add_in(&features, tile.interior_on_map(CONTENT_TAP), &content)?;
        }
        let gradient = network.canvas.zeros_like()?;
        let content_tile = arena::tensor(network.maps.at(CONTENT_TAP).elem_count(), &device)?;
        Ok(Self { network, gradient, content, content_tile, style, weights })
    }

    /// Changes alpha, beta and gamma from the next evaluation on.
    pub fn set_weights(&mut self, weights: LossWeights) {
        self.weights = weights;
    }

    /// The losses of `canvas`, and their gradient into `gradient` (both `(height, width, 3)`).
    ///
    /// # Errors
    /// When the tensors have another size, or the device fails.
    pub fn evaluate(&self, canvas: &Tensor, gradient: &Tensor) -> Result<Losses> {
        let network = &self.network;
        let (alpha, beta, gamma) =
            (f64::from(self.weights.content), f64::from(self.weights.style), f64::from(self.weights.tv));

        let grams = network.no_grams()?;
        let mut distance = 0.0;
        for tile in network.tiles.iter() {
            network.forward(canvas, &tile)?;
            for (tap, sum) in STYLE_TAPS.iter().zip(&grams) {
                network.add_gram(&tile, *tap, sum)?;
            }
            distance += self.content_distance(&tile)?;
        }
        let content = alpha * distance / self.content.elem_count() as f64;
        let mut style = 0.0;
        let mut slopes = Vec::with_capacity(grams.len());
        for ((tap, gram), target) in STYLE_TAPS.iter().zip(&grams).zip(&self.style.grams) {
            let weight = beta * style_layer_weight(*tap);
            style += weight * gram::loss(gram, target)?;
            slopes.push(gram::slope(weight, network.pixels(*tap), gram, target)?);
        }

        vector::map(gradient, |_| 0.0)?;
        for (i, tile) in network.tiles.iter().rev().enumerate() {
            // The features of the tile that came last are still there.
            if i > 0 {
                network.forward(canvas, &tile)?;
            }
            self.backward(&tile, alpha, &slopes)?;
            region::add_in(&self.gradient, tile.on_canvas(), gradient)?;
        }
        let mut tv = 0.0;
        if gamma != 0.0 {
            tv = gamma * tv::loss(canvas)?;
            tv::add_gradient(gamma, canvas, gradient)?;
        }
        Ok(Losses { loss: content + style + tv, content, style, tv })
    }

    /// `sum (F - P)^2` over the tile's interior.
    fn content_distance(&self, tile: &Tile<'_>) -> Result<f64> {
        let features = self.network.interior(tile, CONTENT_TAP)?;
        let target = self.content_tile.narrow(0, 0, features.elem_count())?.reshape(features.shape())?;
        region::cut_out(&self.content, tile.interior_on_map(CONTENT_TAP), &target)?;
        vector::squared_distance(&features, &target)
    }

    /// Gradient of the losses on the tile's interior, with respect to all of the tile's pixels.
    fn backward(&self, tile: &Tile<'_>, alpha: f64, slopes: &[Tensor]) -> Result<()> {
        let network = &self.network;
        network.vgg.backward(
            &network.maps,
            |layer, features, gradient| {
                let mut looked_at = None;
                if let Some(i) = STYLE_TAPS.iter().position(|tap| tap.layer() == layer) {
                    gram::apply_slope(features, &slopes[i], gradient)?;
                    looked_at = Some(STYLE_TAPS[i]);
                }
                if layer == CONTENT_TAP.layer() {
                    let target = self.content_tile.reshape(features.shape())?;
                    region::cut_out(&self.content, tile.on_map(CONTENT_TAP), &target)?;
                    // The loss is a mean over the whole map, of which the tile has a part.
                    let share = features.elem_count() as f64 / self.content.elem_count() as f64;
                    content::gradient(alpha * share, features, &target, looked_at.is_some(), gradient)?;
                    looked_at = Some(CONTENT_TAP);
                }
                if let Some(tap) = looked_at {
                    region::clear_around(gradient, tile.interior(tap))?;
                }
                Ok(looked_at.is_some())
            },
            &self.gradient,
        )
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::engine::objective::{ContentTarget, Objective};
    use crate::engine::test_support::Noise;
    use crate::engine::weights::VggWeights;

    /// A canvas with structure at many scales, so that features differ from place to place.
    fn canvas(height: usize, width: usize, seed: u64) -> Tensor {
        let grain = Noise::new(seed).vec(height * width * 3);
        let values = grain.iter().enumerate().map(|(i, grain)| {
            let (y, x) = ((i / 3 / width) as f32, (i / 3 % width) as f32);
            let wave = (x * 0.05 + seed as f32).sin() + (y * 0.08).cos() + (x * y * 1e-3).sin();
            35.0 * wave + 25.0 * grain
        });
        Tensor::from_vec(values.collect(), (height, width, 3), &Device::Cpu).unwrap()
    }

    fn relative_distance(found: &Tensor, expected: &Tensor) -> f64 {
        let norm = vector::dot(expected, expected).unwrap();
        (vector::squared_distance(found, expected).unwrap() / norm).sqrt()
    }

    #[test]
    fn tiles_give_the_loss_and_the_gradient_of_the_whole() {
        let vgg = Arc::new(Vgg::new(VggWeights::load(None).unwrap(), DEEPEST_TAP, Device::Cpu));
        let weights = LossWeights { content: 4.0, style: 1.0, tv: 100.0 };
        // Odd rows and columns are dropped by the poolings at the far edges; the second is cut in one direction only.
        for (height, width, pooling) in [(283, 331, Pooling::Max), (47, 457, Pooling::Average)] {
            let (photo, brush, canvas) =
                (canvas(height, width, 1), canvas(height + 9, width - 5, 2), canvas(height, width, 3));
            let style = StyleTarget::of(&vgg, &brush, pooling).unwrap();
            let content = ContentTarget::of(&vgg, &photo, pooling).unwrap();
            let whole = Objective::new(Arc::clone(&vgg), (height, width), pooling, content, style, weights).unwrap();
            let expected_gradient = canvas.zeros_like().unwrap();
            let expected = whole.evaluate(&canvas, &expected_gradient).unwrap();

            let tiles = |h, w| Tiles::fitting(h, w, DEEPEST_TAP, Tiles::smallest_tile_pixels(h, w, DEEPEST_TAP) as f64);
            let style = style_target(&vgg, &brush, tiles(height + 9, width - 5).unwrap(), pooling).unwrap();
            let tiles = tiles(height, width).unwrap();
            assert!(tiles.count() > 2, "{tiles:?}");
            let tiled = TiledObjective::new(Arc::clone(&vgg), tiles, pooling, &photo, style, weights).unwrap();
            let gradient = Tensor::full(f32::NAN, (height, width, 3), &Device::Cpu).unwrap();
            let found = tiled.evaluate(&canvas, &gradient).unwrap();
            for (found, expected) in
                [(found.loss, expected.loss), (found.content, expected.content), (found.style, expected.style)]
            {
                assert!((found / expected - 1.0).abs() < 1e-5, "{found} instead of {expected}");
            }
            assert_eq!(gradient.dtype(), DType::F32);
            let distance = relative_distance(&gradient, &expected_gradient);
            assert!(distance < 1e-5, "{height} x {width}: gradients differ by {distance}");
            // Once more: nothing of an evaluation is left over for the next.
            assert_eq!(tiled.evaluate(&canvas, &gradient).unwrap(), found);
            assert!(relative_distance(&gradient, &expected_gradient) < 1e-5);
        }
    }
}
