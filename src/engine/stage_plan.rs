//! How the stages of a painting are evaluated in the memory that there is.

use candle_core::Device;

use super::memory::{self, Budget, Demand, MemoryPlan};
use super::schedule::Stage;
use super::terms::Terms;
use super::{EngineError, Job, style_mix};
use crate::recipe::Recipe;

/// How every stage is painted in the memory that is free on the device. The last is looked at first: if it is too large,
/// its size is what the artist has asked for.
///
/// # Errors
/// As [`plan_stage`].
pub fn plan_stages(job: &Job, stages: &[Stage], device: &Device) -> Result<Vec<MemoryPlan>, EngineError> {
    let budget = memory::budget(device, 0.0);
    let plan = |stage| plan_stage(job, stage, budget);
    let mut plans = stages.iter().rev().map(plan).collect::<Result<Vec<_>, _>>()?;
    plans.reverse();
    Ok(plans)
}

/// How `stage` is painted within `budget`.
///
/// # Errors
/// [`EngineError::Memory`] or [`EngineError::StyleMemory`] when it does not fit, [`EngineError::NotInTiles`] when it would
/// in tiles and the recipe asks for something that needs the whole.
pub fn plan_stage(job: &Job, stage: &Stage, budget: Budget) -> Result<MemoryPlan, EngineError> {
    let (width, height) = stage.canvas_size();
    let plan =
        memory::plan(width, height, &Demand::of(&job.recipe), budget).map_err(|error| of_the_picture(error, stage))?;
    if plan.tiles.count() > 1
        && let Some(what) = Terms::of(&job.recipe).needs_the_whole()
    {
        return Err(EngineError::NotInTiles { width: stage.width, height: stage.height, what });
    }
    style_mix::check_memory(job, stage, budget)?;
    Ok(plan)
}

/// A refusal in the sizes that the artist knows, without the margin.
fn of_the_picture(error: EngineError, stage: &Stage) -> EngineError {
    match error {
        EngineError::Memory { needed_gb, free_gb, fitting_long_side, .. } => EngineError::Memory {
            width: stage.width,
            height: stage.height,
            needed_gb,
            free_gb,
            fitting_long_side: fitting_long_side.saturating_sub(2 * stage.margin) / 16 * 16,
        },
        other => other,
    }
}

/// What the artist should know of how a stage is painted, if it is not as usual.
#[must_use]
pub fn memory_notice(recipe: &Recipe, stage: &Stage, plan: &MemoryPlan) -> Option<String> {
    let tiles = match plan.tiles.count() {
        1 => None,
        count => Some(format!("in {count} tiles, one after another, because the whole does not fit into the memory")),
    };
    let asked = Demand::of(recipe).lbfgs_pairs;
    let fewer = plan.lbfgs_pairs < asked;
    let pairs = fewer.then(|| format!("with {} pairs of L-BFGS memory instead of {asked}", plan.lbfgs_pairs));
    let what = [tiles, pairs].into_iter().flatten().collect::<Vec<_>>().join(", and ");
    (!what.is_empty()).then(|| format!("{} x {} pixels are painted {what}.", stage.width, stage.height))
}
