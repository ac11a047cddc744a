//! The `gatys` losses of any picture: one scorer for paintings of this program and of others.

use super::evaluator::{Evaluator, style_target};
use super::memory::{self, MemoryPlan};
use super::schedule::canvas_size;
use super::vgg::Vgg;
use super::{EngineError, Losses, StyleEngine, canvas};
use crate::image_io::Picture;
use crate::recipe::{Preset, Recipe};

/// The losses found, and the size at which they were.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Score {
    /// The losses of the `gatys` preset.
    #[serde(flatten)]
    pub losses: Losses,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Scores `image` as a painting of `content` in the style of `style`.
///
/// All are looked at with the photo's shape at the long side `size` (by default the image's own), the style at the long
/// side `style_size` (by default the same).
///
/// # Errors
/// When memory does not suffice or the device fails.
pub fn score(
    engine: &StyleEngine,
    content: &Picture,
    style: &Picture,
    image: &Picture,
    size: Option<u32>,
    style_size: Option<u32>,
) -> Result<Score, EngineError> {
    let size = size.unwrap_or_else(|| image.width().max(image.height()));
    let (width, height) = canvas_size(content.width(), content.height(), size);
    let style_sides = canvas_size(style.width(), style.height(), style_size.unwrap_or(size));
    let plan = memory::plan(width, height, 0, memory::budget(0.0))?;
    let losses = losses(engine.vgg(), [content, image], (width, height), &plan, style, style_sides)?;
    Ok(Score { losses, width, height })
}

fn losses(
    vgg: &std::sync::Arc<Vgg>,
    [content, image]: [&Picture; 2],
    (width, height): (u32, u32),
    plan: &MemoryPlan,
    style: &Picture,
    style_sides: (u32, u32),
) -> Result<Losses, EngineError> {
    let recipe = Recipe::from_preset(Preset::Gatys);
    let read = |picture, width, height| canvas::from_picture(picture, width, height, vgg.mean_rgb(), vgg.device());
    let style = style_target(vgg, &read(style, style_sides.0, style_sides.1)?, recipe.pooling)?;
    let content = read(content, width, height)?;
    let evaluator = Evaluator::new(vgg, plan, recipe.pooling, &content, style, recipe.weights())?;
    let image = read(image, width, height)?;
    Ok(evaluator.evaluate(&image, &image.zeros_like()?)?)
}
