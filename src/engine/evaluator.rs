//! The loss of a canvas, whole or in tiles, whichever its memory allows.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::interrupt::Interrupt;
use super::memory::MemoryPlan;
use super::objective::Objective;
use super::regions::Regions;
use super::target::{ContentTarget, StyleTarget};
use super::terms::Terms;
use super::tiled::TiledObjective;
use super::tiles::Tiles;
use super::vgg::Vgg;
use super::{Losses, TermShare, tiled_network};

/// Evaluates the loss of canvases of one size.
pub enum Evaluator {
    /// With feature maps of the whole canvas.
    Whole(Box<Objective>),
    /// With feature maps of a tile.
    Tiled(Box<TiledObjective>),
}

impl Evaluator {
    /// Measures `photo` (`(height, width, 3)`, mean subtracted) and prepares for canvases of its size; `style` measured
    /// for the same `terms`.
    ///
    /// # Errors
    /// When no term looks at any layer, memory does not suffice, the device fails, or `interrupt` is raised.
    pub fn new(
        vgg: &Arc<Vgg>,
        plan: &MemoryPlan,
        terms: &Terms,
        photo: &Tensor,
        style: &Regions,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let vgg = Arc::clone(vgg);
        if plan.tiles.count() > 1 {
            let tiled = TiledObjective::new(vgg, plan.tiles.clone(), terms, photo, style, interrupt)?;
            return Ok(Self::Tiled(Box::new(tiled)));
        }
        let content = ContentTarget::of(&vgg, photo, terms, interrupt)?;
        let objective = Objective::new(vgg, plan.tiles.canvas_size(), terms, content, style)?;
        Ok(Self::Whole(Box::new(objective)))
    }

    /// Changes the weights from the next evaluation on; `terms` must look at the same layers in the same way, see
    /// [`Terms::share_targets_with`].
    pub fn set_weights(&mut self, terms: &Terms) {
        match self {
            Self::Whole(objective) => objective.set_weights(terms),
            Self::Tiled(objective) => objective.set_weights(terms),
        }
    }

    /// Changes the style to be reached, and the weights, from the next evaluation on; as [`Evaluator::set_weights`].
    ///
    /// # Errors
    /// When the target lacks what a term needs, or the device fails.
    pub fn set_style(&mut self, terms: &Terms, style: &Regions) -> Result<()> {
        match self {
            Self::Whole(objective) => objective.set_style(terms, style),
            Self::Tiled(objective) => objective.set_style(terms, style),
        }
    }

    /// The losses of `canvas`, and their gradient into `gradient` (both `(height, width, 3)`).
    ///
    /// # Errors
    /// When the tensors have another size, or the device fails.
    pub fn evaluate(&self, canvas: &Tensor, gradient: &Tensor) -> Result<Losses> {
        match self {
            Self::Whole(objective) => objective.evaluate(canvas, gradient),
            Self::Tiled(objective) => objective.evaluate(canvas, gradient),
        }
    }

    /// Breaks an evaluation off with an error when this is raised.
    pub fn heed(&mut self, interrupt: Interrupt) {
        match self {
            Self::Whole(objective) => objective.heed(interrupt),
            Self::Tiled(objective) => objective.heed(interrupt),
        }
    }

    /// What each term adds to loss and gradient; takes about as long as an evaluation for every term.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn shares(&self, canvas: &Tensor) -> Result<Vec<TermShare>> {
        match self {
            Self::Whole(objective) => objective.shares(canvas),
            Self::Tiled(objective) => objective.shares(canvas),
        }
    }
}

/// The style of a picture (`(height, width, 3)`, mean subtracted), cut into `tiles` by
/// [`plan_style`](super::memory::plan_style).
///
/// # Errors
/// When memory does not suffice, the device fails, or `interrupt` is raised.
pub fn style_target(
    vgg: &Arc<Vgg>,
    picture: &Tensor,
    tiles: Tiles,
    terms: &Terms,
    interrupt: &Interrupt,
) -> Result<StyleTarget> {
    if tiles.count() > 1 {
        tiled_network::style_target(vgg, picture, tiles, terms, interrupt)
    } else {
        StyleTarget::of(vgg, picture, terms, interrupt)
    }
}
