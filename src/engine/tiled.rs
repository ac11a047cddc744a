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

use super::interrupt::Interrupt;
use super::loss::content;
use super::loss::drawing::Drawing;
use super::pixel_terms::{PixelTerms, share};
use super::regions::Regions;
use super::terms::{LayerTerm, Terms};
use super::tiled_network::TiledNetwork;
use super::tiled_style::{Pull, TiledStyle};
use super::tiles::{Tile, Tiles};
use super::vector::Loss;
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
    style: TiledStyle,
    pixel_terms: PixelTerms,
    terms: Terms,
}

/// What is known of a canvas once all tiles were looked at.
struct Measured {
    /// Loss of every content term, in their order.
    content: Vec<f64>,
    /// What the style asks.
    style: Vec<Pull>,
}

impl TiledObjective {
    /// Prepares for canvases that are cut into `tiles`, measuring `photo` (`(height, width, 3)`, mean subtracted).
    ///
    /// # Errors
    /// When the terms ask for what cannot be measured in tiles, memory does not suffice, the device fails, or `interrupt` is
    /// raised.
    pub fn new(
        vgg: Arc<Vgg>,
        tiles: Tiles,
        terms: &Terms,
        photo: &Tensor,
        style: &Regions,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let style = TiledStyle::new(terms, style)?;
        let mut network = TiledNetwork::new(vgg, tiles, &terms.taps(), terms.variant)?;
        network.maps.interrupt = interrupt.clone();
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
        let pixel_terms = PixelTerms::new(Drawing::of(photo)?, terms);
        Ok(Self { network, gradient, content, content_tile, style, pixel_terms, terms: terms.clone() })
    }

    /// Changes the weights from the next evaluation on; `terms` must look at the same layers in the same way, see
    /// [`Terms::share_targets_with`].
    pub fn set_weights(&mut self, terms: &Terms) {
        self.style.set_weights(terms);
        self.pixel_terms.set_weights(terms);
        self.terms = terms.clone();
    }

    /// Changes the style to be reached, and the weights, from the next evaluation on; as [`TiledObjective::set_weights`].
    ///
    /// # Errors
    /// When the terms ask for what cannot be measured in tiles.
    pub fn set_style(&mut self, terms: &Terms, style: &Regions) -> Result<()> {
        self.style = TiledStyle::new(terms, style)?;
        self.pixel_terms.set_weights(terms);
        self.terms = terms.clone();
        Ok(())
    }

    /// The losses of `canvas`, and their gradient into `gradient` (both `(height, width, 3)`).
    ///
    /// # Errors
    /// When the tensors have another size, or the device fails.
    pub fn evaluate(&self, canvas: &Tensor, gradient: &Tensor) -> Result<Losses> {
        let measured = self.measure(canvas)?;
        self.sum_up_gradient(canvas, &measured.style, |_| true, true, gradient)?;
        let mut pixel_terms = Vec::new();
        self.pixel_terms.add_to(canvas, gradient, |term, loss| pixel_terms.push((term, loss)))?;
        let content = self.terms.content.iter().map(|term| Term::Content(term.layer)).zip(measured.content);
        let style = measured.style.iter().map(|pull| (pull.term, pull.loss));
        Ok(Losses::of(content.chain(style).chain(Loss::read_each(pixel_terms)?)))
    }

    /// Breaks an evaluation off with an error when this is raised.
    pub fn heed(&mut self, interrupt: Interrupt) {
        self.network.maps.interrupt = interrupt;
    }

    /// What each term adds to loss and gradient, as [`super::objective::Objective::shares`].
    ///
    /// # Errors
    /// As [`TiledObjective::evaluate`].
    pub fn shares(&self, canvas: &Tensor) -> Result<Vec<TermShare>> {
        let gradient = canvas.zeros_like()?;
        let measured = self.measure(canvas)?;
        let content = self.terms.content.iter().map(|term| Term::Content(term.layer)).zip(measured.content);
        let mut found: Vec<(Term, f64)> = content.collect();
        // The regions of a term stand next to each other.
        for region in measured.style.chunk_by(|one, next| one.term == next.term) {
            found.push((region[0].term, region.iter().map(|pull| pull.loss).sum()));
        }
        let mut shares = Vec::new();
        for (wanted, loss) in found {
            self.sum_up_gradient(canvas, &measured.style, |term| term == wanted, false, &gradient)?;
            shares.push(share(wanted, loss, &gradient)?);
        }
        shares.extend(self.pixel_terms.shares(canvas, &gradient)?);
        Ok(shares)
    }

    /// Looks at every tile once.
    fn measure(&self, canvas: &Tensor) -> Result<Measured> {
        let network = &self.network;
        let mut sums = self.style.no_sums(network)?;
        let mut distances = vec![0.0; self.content.len()];
        for tile in network.tiles.iter() {
            network.forward(canvas, &tile)?;
            self.style.add_to(&mut sums, network, &tile)?;
            for ((term, whole), distance) in self.terms.content.iter().zip(&self.content).zip(&mut distances) {
                *distance += self.content_distance(&tile, term, whole)?;
            }
        }
        let content = self.terms.content.iter().zip(&self.content).zip(distances);
        let content = content.map(|((term, whole), distance)| term.weight * distance / whole.elem_count() as f64);
        Ok(Measured { content: content.collect(), style: self.style.pulls(&sums, network)? })
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
        style: &[Pull],
        wanted: impl Fn(Term) -> bool,
        looked: bool,
        gradient: &Tensor,
    ) -> Result<()> {
        vector::fill(0.0, gradient)?;
        for (i, tile) in self.network.tiles.iter().rev().enumerate() {
            if i > 0 || !looked {
                self.network.forward(canvas, &tile)?;
            }
            self.backward(&tile, style, &wanted)?;
            region::add_in(&self.gradient, tile.on_canvas(), gradient)?;
        }
        Ok(())
    }

    /// Gradient of the wanted terms on the tile's interior, with respect to all of the tile's pixels.
    fn backward(&self, tile: &Tile<'_>, style: &[Pull], wanted: &impl Fn(Term) -> bool) -> Result<()> {
        let (network, terms) = (&self.network, &self.terms);
        let content = terms.content.iter().zip(&self.content).filter(|(term, _)| wanted(Term::Content(term.layer)));
        let content: Vec<_> = content.collect();
        let deepest = content.iter().map(|(term, _)| term.tap()).chain(self.style.deepest(wanted)).max();
        // Masks may leave nothing to any style.
        let Some(deepest) = deepest else { return vector::fill(0.0, &self.gradient) };
        let terms_at = |layer, features: &Tensor, gradient: &Tensor| {
            let mut looked_at = self.style.gradient_at(layer, style, wanted, tile, features, gradient)?;
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

#[cfg(test)]
mod tests;
