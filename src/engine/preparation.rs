//! What a painting needs before its first iteration at a size: memory, canvas, measured pictures, optimiser.

use std::sync::Arc;

use candle_core::Tensor;

use super::objective::{ContentTarget, Objective, StyleTarget};
use super::optimizer::{Adam, AdamConfig, Lbfgs, LbfgsConfig, Optimizer};
use super::schedule::{Stage, canvas_size};
use super::vgg::Vgg;
use super::{EngineError, Job, canvas, memory};
use crate::image_io::Picture;
use crate::recipe::{Init, OptimizerKind, Recipe};

pub fn check_memory(recipe: &Recipe, stage: &Stage) -> Result<(), EngineError> {
    let pairs = match recipe.optimizer {
        OptimizerKind::Lbfgs => recipe.lbfgs_history,
        OptimizerKind::Adam => 0,
    };
    memory::check(stage.width, stage.height, pairs)
}

pub fn new_optimizer(recipe: &Recipe) -> Box<dyn Optimizer> {
    match recipe.optimizer {
        OptimizerKind::Lbfgs => {
            Box::new(Lbfgs::new(LbfgsConfig { history: recipe.lbfgs_history as usize, ..LbfgsConfig::default() }))
        }
        OptimizerKind::Adam => {
            Box::new(Adam::new(AdamConfig { step: f64::from(recipe.adam_step), ..AdamConfig::default() }))
        }
    }
}

pub fn initial_canvas(vgg: &Vgg, job: &Job, stage: &Stage) -> Result<Tensor, EngineError> {
    let from =
        |picture: &Picture| canvas::from_picture(picture, stage.width, stage.height, vgg.mean_rgb(), vgg.device());
    Ok(match (&job.recipe.init, &job.init) {
        (Init::Noise, _) => canvas::noise(job.recipe.seed, stage.width, stage.height, vgg.device())?,
        (Init::Style, _) => from(&job.styles[0])?,
        (Init::Picture(_), Some(picture)) => from(picture)?,
        (Init::Content | Init::Picture(_), _) => from(&job.content)?,
    })
}

/// Measures content and styles at the sizes of `stage`.
pub fn prepare_objective(vgg: &Arc<Vgg>, job: &Job, stage: &Stage) -> Result<Objective, EngineError> {
    let recipe = &job.recipe;
    let read =
        |picture: &Picture, width, height| canvas::from_picture(picture, width, height, vgg.mean_rgb(), vgg.device());
    let mut styles = Vec::new();
    // A style of weight zero costs nothing.
    for (picture, source) in job.styles.iter().zip(&recipe.styles).filter(|(_, source)| source.weight > 0.0) {
        let (width, height) = canvas_size(picture.width(), picture.height(), stage.style_long_side);
        memory::check(width, height, 0)?;
        let style = StyleTarget::of(vgg, &read(picture, width, height)?, recipe.pooling)?;
        styles.push((f64::from(source.weight), style));
    }
    let style = StyleTarget::blend(&styles)?;
    let content = ContentTarget::of(vgg, &read(&job.content, stage.width, stage.height)?, recipe.pooling)?;
    let shape = (stage.height as usize, stage.width as usize);
    Ok(Objective::new(Arc::clone(vgg), shape, recipe.pooling, content, style, recipe.weights())?)
}
