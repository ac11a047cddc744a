//! What it would take to finish a painting at a high resolution.

use std::path::Path;

use super::pictures::PictureCache;
use super::run::PaintingError;
use crate::engine::{Engine, Estimate, finishing};
use crate::recipe::{PictureSource, Recipe};

/// How a painting would be finished, and what that would take.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishPlan {
    /// Long side of the painting as it is, in pixels.
    pub long_side: u32,
    /// The recipe to paint with.
    pub recipe: Recipe,
    /// Time and memory.
    pub estimate: Estimate,
}

/// Reckons it. Every picture is read on the way, so a plan that is there can be painted.
pub fn plan(
    cache: &PictureCache,
    engine: &dyn Engine,
    painting: &Path,
    recipe: &Recipe,
    size: u32,
) -> Result<FinishPlan, PaintingError> {
    let source = PictureSource::File(painting.to_owned());
    let picture = cache.get(&source)?;
    let long_side = picture.width().max(picture.height());
    let recipe = finishing(recipe, source, long_side, size)?;
    let estimate = engine.estimate(&cache.job(&recipe)?)?;
    Ok(FinishPlan { long_side, recipe, estimate })
}
