//! The `gatys` losses of any picture: one scorer for paintings of this program and of others.

use super::evaluator::{Evaluator, style_target};
use super::interrupt::Interrupt;
use super::memory::{self, Demand, MemoryPlan};
use super::schedule::canvas_size;
use super::terms::Terms;
use super::vgg::Vgg;
use super::{EngineError, Losses, StyleEngine, canvas};
use crate::image_io::Picture;
use crate::recipe::{Preset, Recipe};

/// The losses found, and the size at which they were.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Score {
    /// The losses of the `gatys` preset, which has neither a drawing nor total variation.
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
    let demand = Demand { lbfgs_pairs: 0, ..Demand::of(&Recipe::from_preset(Preset::Gatys)) };
    let plan = memory::plan(width, height, &demand, memory::budget(engine.vgg().device(), 0.0))?;
    let losses = losses(engine.vgg(), &demand.terms, [content, image], &plan, style, style_sides)?;
    Ok(Score { losses, width, height })
}

fn losses(
    vgg: &std::sync::Arc<Vgg>,
    terms: &Terms,
    [content, image]: [&Picture; 2],
    plan: &MemoryPlan,
    style: &Picture,
    style_sides: (u32, u32),
) -> Result<Losses, EngineError> {
    let never = &Interrupt::default();
    let read =
        |picture: &Picture, (width, height)| canvas::from_picture(picture, width, height, vgg.mean_rgb(), vgg.device());
    let tiles = memory::plan_style(style_sides.0, style_sides.1, terms, memory::budget(vgg.device(), 0.0))?;
    let style = style_target(vgg, &read(style, style_sides)?, tiles, terms, never)?;
    let (height, width) = plan.tiles.canvas_size();
    let size = (width as u32, height as u32);
    let evaluator = Evaluator::new(vgg, plan, terms, &read(content, size)?, &style.into(), never)?;
    let image = read(image, size)?;
    Ok(evaluator.evaluate(&image, &image.zeros_like()?)?)
}
