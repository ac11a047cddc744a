//! What a painting needs before its first iteration at a size: a canvas, an objective, the photo where it stays.

use std::sync::Arc;

use candle_core::Tensor;

use super::evaluator::Evaluator;
use super::interrupt::Interrupt;
use super::kept_photo::KeptPhoto;
use super::memory::MemoryPlan;
use super::regions::Regions;
use super::schedule::Stage;
use super::terms::Terms;
use super::vgg::Vgg;
use super::{EngineError, Job, canvas, detail, margin};
use crate::image_io::Picture;
use crate::recipe::Init;

/// A picture as the canvas of `stage`, mirrored in the margin.
///
/// # Errors
/// When memory does not suffice.
pub fn canvas_of(picture: &Picture, vgg: &Vgg, stage: &Stage) -> Result<Tensor, EngineError> {
    canvas_of_rgb(&picture.to_rgb_f32(stage.width, stage.height), vgg, stage)
}

/// Interleaved RGB of the size of `stage` as its canvas, mirrored in the margin.
fn canvas_of_rgb(picture: &[f32], vgg: &Vgg, stage: &Stage) -> Result<Tensor, EngineError> {
    let (width, height) = stage.canvas_size();
    let mirrored = margin::mirror::<3>(picture, (stage.width, stage.height), stage.margin);
    Ok(canvas::from_rgb(mirrored, width, height, vgg.mean_rgb(), vgg.device())?)
}

/// A picture as the canvas of `stage`, with the photo's detail where it is enlarged.
fn canvas_from(picture: &Picture, vgg: &Vgg, job: &Job, stage: &Stage) -> Result<Tensor, EngineError> {
    let (from, to) = ((picture.width(), picture.height()), (stage.width, stage.height));
    let mut picture = picture.to_rgb_f32(stage.width, stage.height);
    if let Some(photo) = detail::photo_of(job) {
        detail::add(photo, from, to, &mut picture);
    }
    canvas_of_rgb(&picture, vgg, stage)
}

/// What the recipe says that the canvas starts from.
///
/// # Errors
/// When memory does not suffice.
pub fn initial_canvas(vgg: &Vgg, job: &Job, stage: &Stage) -> Result<Tensor, EngineError> {
    match (&job.recipe.init, &job.init) {
        (Init::Noise, _) => {
            let (seed, levels) = (job.recipe.seed, canvas::NOISE_LEVELS);
            let (width, height) = stage.canvas_size();
            Ok(canvas::noise(seed, levels, width, height, vgg.device())?)
        }
        (Init::Style, _) => canvas_of(&job.styles[0], vgg, stage),
        (Init::Picture(_), Some(picture)) => canvas_from(picture, vgg, job, stage),
        (Init::Content | Init::Picture(_), _) => canvas_of(&job.content, vgg, stage),
    }
}

/// Measures the content at the size of `stage` and sets the goal of content and `style`, to be evaluated as `plan` says.
///
/// # Errors
/// When memory does not suffice, the device fails, or `interrupt` is raised.
pub fn new_objective(
    vgg: &Arc<Vgg>,
    job: &Job,
    stage: &Stage,
    plan: &MemoryPlan,
    style: &Regions,
    interrupt: &Interrupt,
) -> Result<Evaluator, EngineError> {
    let photo = canvas_of(&job.content, vgg, stage)?;
    Ok(Evaluator::new(vgg, plan, &Terms::of(&job.recipe), &photo, style, interrupt)?)
}

/// The photo where it is to stay, at the size of `stage`; `last` has it at this size already.
///
/// # Errors
/// When memory does not suffice.
pub fn kept_photo(
    vgg: &Vgg,
    job: &Job,
    stage: &Stage,
    last: Option<&KeptPhoto>,
) -> Result<Option<KeptPhoto>, EngineError> {
    let Some(mask) = job.masks.photo(stage.width, stage.height) else { return Ok(None) };
    let photo = match last {
        Some(last) => last.photo().clone(),
        None => canvas_of(&job.content, vgg, stage)?,
    };
    Ok(Some(KeptPhoto::new(photo, &mask.mirrored(stage.margin))?))
}
