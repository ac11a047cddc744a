//! The loss of a canvas, whole or in tiles, whichever its memory allows.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::memory::{self, MemoryPlan};
use super::objective::{ContentTarget, Objective, StyleTarget};
use super::tiled::{self, TiledObjective};
use super::vgg::Vgg;
use super::{EngineError, Losses};
use crate::recipe::{LossWeights, Pooling, Recipe, StyleLoss};

/// Evaluates the loss of canvases of one size.
pub enum Evaluator {
    /// With feature maps of the whole canvas.
    Whole(Objective),
    /// With feature maps of a tile.
    Tiled(Box<TiledObjective>),
}

impl Evaluator {
    /// Measures `photo` (`(height, width, 3)`, mean subtracted) and prepares for canvases of its size.
    ///
    /// # Errors
    /// When memory does not suffice or the device fails.
    pub fn new(
        vgg: &Arc<Vgg>,
        plan: &MemoryPlan,
        pooling: Pooling,
        photo: &Tensor,
        style: StyleTarget,
        weights: LossWeights,
    ) -> Result<Self> {
        let vgg = Arc::clone(vgg);
        if plan.tiles.count() > 1 {
            let tiled = TiledObjective::new(vgg, plan.tiles.clone(), pooling, photo, style, weights)?;
            return Ok(Self::Tiled(Box::new(tiled)));
        }
        let content = ContentTarget::of(&vgg, photo, pooling)?;
        Ok(Self::Whole(Objective::new(vgg, plan.tiles.canvas_size(), pooling, content, style, weights)?))
    }

    /// Changes alpha, beta and gamma from the next evaluation on.
    pub fn set_weights(&mut self, weights: LossWeights) {
        match self {
            Self::Whole(objective) => objective.set_weights(weights),
            Self::Tiled(objective) => objective.set_weights(weights),
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
}

/// The style of a picture (`(height, width, 3)`, mean subtracted), in tiles where the whole does not fit.
///
/// # Errors
/// When not even tiles fit, or the device fails.
pub fn style_target(
    vgg: &Arc<Vgg>,
    picture: &Tensor,
    pooling: Pooling,
) -> std::result::Result<StyleTarget, EngineError> {
    let (height, width, _) = picture.dims3()?;
    let plan = memory::plan(width as u32, height as u32, 0, memory::budget(0.0))?;
    Ok(if plan.tiles.count() > 1 {
        tiled::style_target(vgg, picture, plan.tiles, pooling)?
    } else {
        StyleTarget::of(vgg, picture, pooling)?
    })
}

/// What of this recipe cannot be measured in tiles, in words.
#[must_use]
pub fn needs_the_whole(recipe: &Recipe) -> Option<&'static str> {
    if recipe.style_loss == StyleLoss::Moments {
        Some("the mean-and-covariance style loss")
    } else if recipe.histogram > 0.0 {
        Some("the histogram loss")
    } else if recipe.photo_mask.is_some() || recipe.styles.iter().any(|style| style.mask.is_some()) {
        Some("a mask")
    } else {
        None
    }
}
