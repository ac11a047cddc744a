//! The `gatys` losses of any picture: one scorer for paintings of this program and of others.

use candle_core::Result;

use super::objective::{ContentTarget, Objective, StyleTarget};
use super::schedule::canvas_size;
use super::vgg::Vgg;
use super::{EngineError, Losses, StyleEngine, canvas, memory};
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
) -> std::result::Result<Score, EngineError> {
    let size = size.unwrap_or_else(|| image.width().max(image.height()));
    let (width, height) = canvas_size(content.width(), content.height(), size);
    let style_sides = canvas_size(style.width(), style.height(), style_size.unwrap_or(size));
    memory::check(width, height, 0)?;
    memory::check(style_sides.0, style_sides.1, 0)?;
    let losses = losses(engine.vgg(), [content, image], (width, height), style, style_sides)?;
    Ok(Score { losses, width, height })
}

fn losses(
    vgg: &std::sync::Arc<Vgg>,
    [content, image]: [&Picture; 2],
    (width, height): (u32, u32),
    style: &Picture,
    style_sides: (u32, u32),
) -> Result<Losses> {
    let recipe = Recipe::from_preset(Preset::Gatys);
    let read = |picture, width, height| canvas::from_picture(picture, width, height, vgg.mean_rgb(), vgg.device());
    let style = StyleTarget::of(vgg, &read(style, style_sides.0, style_sides.1)?, recipe.pooling)?;
    let content = ContentTarget::of(vgg, &read(content, width, height)?, recipe.pooling)?;
    let shape = (height as usize, width as usize);
    let objective =
        Objective::new(std::sync::Arc::clone(vgg), shape, recipe.pooling, content, style, recipe.weights())?;
    let image = read(image, width, height)?;
    objective.evaluate(&image, &image.zeros_like()?)
}
