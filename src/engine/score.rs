//! The `gatys` losses of any picture: one scorer for paintings of this program and of others.

use candle_core::Result;

use super::objective::Objective;
use super::schedule::canvas_size;
use super::target::{ContentTarget, StyleTarget};
use super::terms::Terms;
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
    let terms = Terms::of(&Recipe::from_preset(Preset::Gatys));
    memory::check(width, height, 0, &terms)?;
    memory::check(style_sides.0, style_sides.1, 0, &terms)?;
    let losses = losses(engine.vgg(), &terms, [content, image], (width, height), style, style_sides)?;
    Ok(Score { losses, width, height })
}

fn losses(
    vgg: &std::sync::Arc<Vgg>,
    terms: &Terms,
    [content, image]: [&Picture; 2],
    (width, height): (u32, u32),
    style: &Picture,
    style_sides: (u32, u32),
) -> Result<Losses> {
    let read = |picture, width, height| canvas::from_picture(picture, width, height, vgg.mean_rgb(), vgg.device());
    let style = StyleTarget::of(vgg, &read(style, style_sides.0, style_sides.1)?, terms)?;
    let content = ContentTarget::of(vgg, &read(content, width, height)?, terms)?;
    let shape = (height as usize, width as usize);
    let objective = Objective::new(std::sync::Arc::clone(vgg), shape, terms, content, &style.into())?;
    let image = read(image, width, height)?;
    objective.evaluate(&image, &image.zeros_like()?)
}
