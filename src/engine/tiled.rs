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
use super::objective::share;
use super::regions::Regions;
use super::target::StyleTarget;
use super::terms::{LayerTerm, Terms};
use super::tiled_network::TiledNetwork;
use super::tiles::{Tile, Tiles};
use super::vgg::Vgg;
use super::{Losses, Term, TermShare, arena, region, vector};

/// Evaluates the loss of canvases of one size in tiles; the same numbers as [`super::objective::Objective`], to rounding.
pub struct TiledObjective {
    network: TiledNetwork,
    /// Gradient of a tile of the canvas.
    gradient: Tensor,
    /// The photo's feature maps at the layers of [`Terms::content`], in that order, whole.
    content: Vec<Tensor>,
    /// Room for a tile's part of one of them.
    content_tile: Tensor,
    style: StyleTarget,
    terms: Terms,
}

/// What is known of a canvas once all tiles were looked at.
struct Measured {
    /// Loss of every content term, in their order.
    content: Vec<f64>,
    /// Loss of every style term, in their order.
    style: Vec<f64>,
    /// The slope of every style term by the Gram matrix, as [`gram::slope`].
    slopes: Vec<Tensor>,
}

impl TiledObjective {
    /// Prepares for canvases that are cut into `tiles`, measuring `photo` (`(height, width, 3)`, mean subtracted).
    ///
    /// # Errors
    /// When the terms or the style ask for what cannot be measured in tiles, memory does not suffice, or the device fails.
    pub fn new(vgg: Arc<Vgg>, tiles: Tiles, terms: &Terms, photo: &Tensor, style: &Regions) -> Result<Self> {
        let style = tileable(terms, style)?;
        let network = TiledNetwork::new(vgg, tiles, &terms.taps(), terms.variant)?;
        let device = network.vgg.device();
        let taps = terms.content_taps();
        let mut content = Vec::with_capacity(taps.len());
        for tap in &taps {
            let (height, width) = network.tiles.map_size(*tap);
            content.push(arena::tensor((height, width, tap.channels()), device)?);
        }
        for tile in network.tiles.iter().filter(|_| !taps.is_empty()) {
            network.forward(photo, &tile)?;
            for (tap, content) in taps.iter().zip(&content) {
                // The room is zero before, so adding is writing.
                region::add_in(&network.interior(&tile, *tap)?, tile.interior_on_map(*tap), content)?;
            }
        }
        let (height, width) = network.tiles.tile_size();
        let gradient = arena::tensor((height, width, 3), device)?;
        let largest = taps.iter().map(|tap| network.maps.at(*tap).elem_count()).max();
        let content_tile = arena::tensor(largest.unwrap_or(1), device)?;
        Ok(Self { network, gradient, content, content_tile, style, terms: terms.clone() })
    }

    /// Changes the weights from the next evaluation on; `terms` must look at the same layers in the same way, see
    /// [`Terms::share_targets_with`].
    pub fn set_weights(&mut self, terms: &Terms) {
        self.terms = terms.clone();
    }

    /// Changes the style to be reached, and the weights, from the next evaluation on; as [`TiledObjective::set_weights`].
    ///
    /// # Errors
    /// When the terms or the style ask for what cannot be measured in tiles.
    pub fn set_style(&mut self, terms: &Terms, style: &Regions) -> Result<()> {
        self.style = tileable(terms, style)?;
        self.set_weights(terms);
        Ok(())
    }

    /// The losses of `canvas`, and their gradient into `gradient` (both `(height, width, 3)`).
    ///
    /// # Errors
    /// When the tensors have another size, or the device fails.
    pub fn evaluate(&self, canvas: &Tensor, gradient: &Tensor) -> Result<Losses> {
        let measured = self.measure(canvas)?;
        self.sum_up_gradient(canvas, &measured.slopes, |_| true, true, gradient)?;
        let tv = tv::add_to(self.terms.tv_norm, self.terms.tv, canvas, gradient)?.read()?;
        let (content, style) = (measured.content.iter().sum::<f64>(), measured.style.iter().sum::<f64>());
        Ok(Losses { loss: content + style + tv, content, style, tv })
    }

    /// What each term adds to loss and gradient, as [`super::objective::Objective::shares`].
    ///
    /// # Errors
    /// As [`TiledObjective::evaluate`].
    pub fn shares(&self, canvas: &Tensor) -> Result<Vec<TermShare>> {
        let gradient = canvas.zeros_like()?;
        let measured = self.measure(canvas)?;
        let content = self.terms.content.iter().map(|term| Term::Content(term.layer)).zip(measured.content);
        let style = self.terms.style.iter().map(|term| Term::Style(term.layer)).zip(measured.style);
        let mut shares = Vec::new();
        for (wanted, loss) in content.chain(style) {
            self.sum_up_gradient(canvas, &measured.slopes, |term| term == wanted, false, &gradient)?;
            shares.push(share(wanted, loss, &gradient)?);
        }
        if self.terms.tv != 0.0 {
            vector::fill(0.0, &gradient)?;
            let loss = tv::add_to(self.terms.tv_norm, self.terms.tv, canvas, &gradient)?.read()?;
            shares.push(share(Term::TotalVariation, loss, &gradient)?);
        }
        Ok(shares)
    }

    /// Looks at every tile once.
    fn measure(&self, canvas: &Tensor) -> Result<Measured> {
        let (network, style_taps) = (&self.network, self.terms.style_taps());
        let grams = network.no_grams(&style_taps)?;
        let mut distances = vec![0.0; self.content.len()];
        for tile in network.tiles.iter() {
            network.forward(canvas, &tile)?;
            for (tap, sum) in style_taps.iter().zip(&grams) {
                network.add_gram(&tile, *tap, sum)?;
            }
            for ((term, whole), distance) in self.terms.content.iter().zip(&self.content).zip(&mut distances) {
                *distance += self.content_distance(&tile, term, whole)?;
            }
        }
        let content = self.terms.content.iter().zip(&self.content).zip(distances);
        let content = content.map(|((term, whole), distance)| term.weight * distance / whole.elem_count() as f64);
        let mut measured = Measured { content: content.collect(), style: Vec::new(), slopes: Vec::new() };
        for (i, (term, gram)) in self.terms.style.iter().zip(&grams).enumerate() {
            let target = &self.style.layer(i)?.second_moment;
            measured.style.push(term.weight * gram::loss(gram, target)?.read()?);
            measured.slopes.push(gram::slope(term.weight, network.pixels(term.tap()), gram, target)?);
        }
        Ok(measured)
    }

    /// `sum (F - P)^2` over the tile's interior.
    fn content_distance(&self, tile: &Tile<'_>, term: &LayerTerm, whole: &Tensor) -> Result<f64> {
        let features = self.network.interior(tile, term.tap())?;
        let target = self.part_of_content(whole, tile.interior_on_map(term.tap()))?;
        vector::squared_distance(&features, &target)
    }

    /// What the photo has in this region of a feature map. It holds until the next call.
    fn part_of_content(&self, whole: &Tensor, region: region::Region) -> Result<Tensor> {
        let shape = (region.height, region.width, whole.dims3()?.2);
        let part = self.content_tile.narrow(0, 0, shape.0 * shape.1 * shape.2)?.reshape(shape)?;
        region::cut_out(whole, region, &part)?;
        Ok(part)
    }

    /// The gradient of the wanted terms into `gradient`. With `looked` the features of the last tile are still there.
    fn sum_up_gradient(
        &self,
        canvas: &Tensor,
        slopes: &[Tensor],
        wanted: impl Fn(Term) -> bool,
        looked: bool,
        gradient: &Tensor,
    ) -> Result<()> {
        vector::fill(0.0, gradient)?;
        for (i, tile) in self.network.tiles.iter().rev().enumerate() {
            if i > 0 || !looked {
                self.network.forward(canvas, &tile)?;
            }
            self.backward(&tile, slopes, &wanted)?;
            region::add_in(&self.gradient, tile.on_canvas(), gradient)?;
        }
        Ok(())
    }

    /// Gradient of the wanted terms on the tile's interior, with respect to all of the tile's pixels.
    fn backward(&self, tile: &Tile<'_>, slopes: &[Tensor], wanted: &impl Fn(Term) -> bool) -> Result<()> {
        let (network, terms) = (&self.network, &self.terms);
        let style = terms.style.iter().zip(slopes).filter(|(term, _)| wanted(Term::Style(term.layer)));
        let content = terms.content.iter().zip(&self.content).filter(|(term, _)| wanted(Term::Content(term.layer)));
        let (style, content): (Vec<_>, Vec<_>) = (style.collect(), content.collect());
        let taps = style.iter().map(|(term, _)| term.tap()).chain(content.iter().map(|(term, _)| term.tap()));
        let Some(deepest) = taps.max() else { candle_core::bail!("no term looks at any layer of the network") };
        let terms_at = |layer, features: &Tensor, gradient: &Tensor| {
            let mut looked_at = None;
            for (term, slope) in style.iter().filter(|(term, _)| term.tap().layer() == layer) {
                gram::pixelwise_product(features, slope, looked_at.is_some(), gradient)?;
                looked_at = Some(term.tap());
            }
            for (term, whole) in content.iter().filter(|(term, _)| term.tap().layer() == layer) {
                let target = self.part_of_content(whole, tile.on_map(term.tap()))?;
                // The loss is a mean over the whole map, of which the tile has a part.
                let share = features.elem_count() as f64 / whole.elem_count() as f64;
                content::gradient(term.weight * share, features, &target, looked_at.is_some(), gradient)?;
                looked_at = Some(term.tap());
            }
            if let Some(tap) = looked_at {
                region::clear_around(gradient, tile.interior(tap))?;
            }
            Ok(looked_at.is_some())
        };
        network.vgg.backward(deepest, &network.maps, terms_at, &self.gradient)
    }
}

/// The style, if it can be compared with tile by tile. [`super::stage_plan`] has told the artist by then.
fn tileable(terms: &Terms, style: &Regions) -> Result<StyleTarget> {
    match (terms.needs_the_whole(), style.everywhere()) {
        (None, Some(style)) => Ok(style.clone()),
        (what, _) => candle_core::bail!("{} cannot be measured in tiles", what.unwrap_or("a mask")),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::engine::objective::Objective;
    use crate::engine::target::ContentTarget;
    use crate::engine::test_support::Noise;
    use crate::engine::tiled_network::style_target;
    use crate::engine::vgg::Tap;
    use crate::engine::weights::VggWeights;
    use crate::recipe::{Edges, Pooling, Recipe, TvNorm};

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

    fn terms(content: &str, style: &str, pooling: Pooling, edges: Edges) -> Terms {
        let layers = |text: &str| text.parse().unwrap();
        let (content_layers, style_layers) = (layers(content), layers(style));
        let recipe = Recipe {
            content_layers,
            style_layers,
            pooling,
            edges,
            content_strength: 2.0,
            tv: 1.0,
            ..Recipe::default()
        };
        Terms::of(&recipe)
    }

    #[test]
    fn tiles_give_the_loss_and_the_gradient_of_the_whole() {
        let vgg = Arc::new(Vgg::new(VggWeights::load(None).unwrap(), Device::Cpu));
        let paper = "relu1_1,relu2_1,relu3_1,relu4_1,relu5_1";
        // Odd rows and columns are dropped by the poolings at the far edges; the second is cut in one direction only. The
        // last look at what goes into a pooling, two terms at one layer and deeper than usual.
        for (height, width, terms) in [
            (283, 331, terms("relu4_2", paper, Pooling::Max, Edges::Replicate)),
            (47, 457, terms("relu4_2", paper, Pooling::Average, Edges::Zeros)),
            (171, 229, terms("relu1_2,relu3_1=0.5", "relu1_2,relu2_2,relu3_1", Pooling::Max, Edges::Replicate)),
            (40, 501, terms("none", "relu2_2,relu5_3", Pooling::Average, Edges::Replicate)),
        ] {
            let (photo, brush, canvas) =
                (canvas(height, width, 1), canvas(height + 9, width - 5, 2), canvas(height, width, 3));
            let terms = Terms { tv_norm: TvNorm::L1, ..terms };
            let style = StyleTarget::of(&vgg, &brush, &terms).unwrap();
            let content = ContentTarget::of(&vgg, &photo, &terms).unwrap();
            let size = (height, width);
            let whole = Objective::new(Arc::clone(&vgg), size, &terms, content, &style.into()).unwrap();
            let expected_gradient = canvas.zeros_like().unwrap();
            let expected = whole.evaluate(&canvas, &expected_gradient).unwrap();

            let deepest = terms.deepest();
            let tiles = |h, w| Tiles::fitting(h, w, deepest, Tiles::smallest_tile_pixels(h, w, deepest) as f64);
            let style = style_target(&vgg, &brush, tiles(height + 9, width - 5).unwrap(), &terms).unwrap();
            let tiles = tiles(height, width).unwrap();
            assert!(tiles.count() > 1, "{tiles:?}");
            let tiled = TiledObjective::new(Arc::clone(&vgg), tiles, &terms, &photo, &style.into()).unwrap();
            let gradient = Tensor::full(f32::NAN, (height, width, 3), &Device::Cpu).unwrap();
            let found = tiled.evaluate(&canvas, &gradient).unwrap();
            for (found, expected) in
                [(found.loss, expected.loss), (found.content, expected.content), (found.style, expected.style)]
            {
                assert!((found - expected).abs() <= 1e-5 * expected, "{found} instead of {expected}");
            }
            let distance = relative_distance(&gradient, &expected_gradient);
            assert!(distance < 1e-5, "{height} x {width}: gradients differ by {distance}");

            // Every term by itself takes its time, so only where the network is shallow.
            let look = |found: bool| if found { tiled.shares(&canvas) } else { whole.shares(&canvas) };
            let shallow = terms.deepest() == Tap::relu(3, 1);
            let (shares, expected) =
                if shallow { (look(true).unwrap(), look(false).unwrap()) } else { Default::default() };
            assert_eq!((shares.len(), expected.len()), if shallow { (6, 6) } else { (0, 0) });
            for (found, expected) in shares.iter().zip(expected) {
                assert_eq!(found.term, expected.term);
                assert!((found.loss - expected.loss).abs() <= 1e-5 * expected.loss, "{found:?}, {expected:?}");
                assert!((found.gradient_rms / expected.gradient_rms - 1.0).abs() < 1e-5, "{found:?}, {expected:?}");
            }
            // Once more: nothing of an evaluation is left over for the next.
            assert_eq!(tiled.evaluate(&canvas, &gradient).unwrap(), found);
            assert!(relative_distance(&gradient, &expected_gradient) < 1e-5);
        }
    }

    #[test]
    fn what_needs_the_whole_is_refused() {
        let vgg = Arc::new(Vgg::new(VggWeights::load(None).unwrap(), Device::Cpu));
        let terms = terms("none", "relu1_1", Pooling::Max, Edges::Replicate);
        let picture = canvas(96, 200, 1);
        let tiles = Tiles::fitting(96, 200, terms.deepest(), 96.0 * 120.0).unwrap();
        let style = Regions::from(style_target(&vgg, &picture, tiles.clone(), &terms).unwrap());
        let terms = Terms { histogram: 1.0, ..terms };
        assert!(style_target(&vgg, &picture, tiles.clone(), &terms).is_err());
        assert!(TiledObjective::new(vgg, tiles, &terms, &picture, &style).is_err());
    }
}
