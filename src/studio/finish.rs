//! What it would take to finish a painting at a high resolution.

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbaImage;

use super::pictures::PictureCache;
use super::run::PaintingError;
use crate::engine::{Engine, Estimate, Job, finishing};
use crate::image_io::Picture;
use crate::recipe::{Init, PictureSource, Recipe};

/// What is to be finished.
#[derive(Debug, Clone)]
pub enum Unfinished {
    /// A painting in a file.
    File(PathBuf),
    /// One that has none yet.
    Canvas(Arc<RgbaImage>),
}

/// How a painting would be finished, and what that would take.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishPlan {
    /// Long side of the painting as it is, in pixels.
    pub long_side: u32,
    /// The recipe to paint with. It starts from the painting's file; of a canvas that has none yet, the name is empty.
    pub recipe: Recipe,
    /// Time and memory.
    pub estimate: Estimate,
}

/// Reckons it. Every picture is read on the way, so a plan that is there can be painted.
pub fn plan(
    cache: &PictureCache,
    engine: &dyn Engine,
    painting: &Unfinished,
    recipe: &Recipe,
    size: u32,
) -> Result<FinishPlan, PaintingError> {
    let (source, picture) = match painting {
        Unfinished::File(path) => {
            let source = PictureSource::File(path.clone());
            let picture = cache.get(&source)?;
            (source, picture)
        }
        Unfinished::Canvas(image) => {
            (PictureSource::File(PathBuf::new()), Arc::new(Picture::from_rgba(RgbaImage::clone(image))))
        }
    };
    let long_side = picture.width().max(picture.height());
    let recipe = finishing(recipe, source, long_side, size)?;
    let others = cache.job(&Recipe { init: Init::Content, ..recipe.clone() })?;
    let estimate = engine.estimate(&Job { recipe: recipe.clone(), init: Some(picture), ..others })?;
    Ok(FinishPlan { long_side, recipe, estimate })
}
