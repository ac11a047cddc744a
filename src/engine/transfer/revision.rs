//! A painting that goes on under a changed job.

use super::{StyleTransfer, new_average};
use crate::engine::change::Change;
use crate::engine::memory::{self, Budget};
use crate::engine::preparation::{kept_photo, new_objective};
use crate::engine::schedule::{self, nearest_stage};
use crate::engine::stage_plan::plan_stage;
use crate::engine::terms::Terms;
use crate::engine::{EngineError, Interrupt, Job, Painter};

impl StyleTransfer {
    /// Goes on with the same canvas under a changed job; see [`Painter::revise_unless`].
    pub(super) fn follow(&mut self, job: &Job, interrupt: &Interrupt) -> Result<Option<()>, EngineError> {
        job.recipe.validate()?;
        let change = Change::between(&self.job, job);
        let mut stages = schedule::plan(&job.recipe, job.content.width(), job.content.height());
        let stage = nearest_stage(&stages, self.current());
        let same_size = stages[stage].width == self.current().width && stages[stage].height == self.current().height;
        let finished = self.is_finished();

        let held = self.plans[self.stage].bytes;
        let there_is = memory::budget(self.vgg.device(), held);
        let mut plans = Vec::with_capacity(stages.len());
        for (index, later) in stages.iter().enumerate() {
            // What was painted already needs nothing; what comes later is prepared once this stage has been let go.
            let budget = if index < stage { Budget { bytes: None, ..there_is } } else { there_is };
            plans.push(plan_stage(job, later, budget)?);
        }
        // Whatever can fail is done before anything is changed, beside what is there.
        let beside = Budget { bytes: there_is.bytes.map(|bytes| bytes - held), ..there_is };
        let styles = self.styles.revised(&self.vgg, job, &stages[stage], beside, interrupt);
        let Some(styles) = interrupt.unless_raised(styles)? else { return Ok(None) };
        let regions =
            if styles == self.styles && !change.masks { None } else { Some(styles.regions(job, &stages[stage])?) };
        // The photo need not be read again: a stroke of the brush costs less than an iteration.
        let last = self.kept.as_ref().filter(|_| !change.content && same_size);
        let kept = kept_photo(&self.vgg, job, &stages[stage], last)?;
        let outgrown = self.plans[self.stage].tiles.count() > 1 && Terms::of(&job.recipe).needs_the_whole().is_some();
        let objective = if change.content || !same_size || outgrown {
            plans[stage] = plan_stage(job, &stages[stage], beside)?;
            let regions = styles.regions(job, &stages[stage])?;
            let objective = new_objective(&self.vgg, job, &stages[stage], &plans[stage], &regions, interrupt);
            let Some(objective) = interrupt.unless_raised(objective)? else { return Ok(None) };
            Some(objective)
        } else {
            plans[stage].tiles = self.plans[self.stage].tiles.clone();
            None
        };
        let goal_moved = change.weights || regions.is_some() || objective.is_some();
        let planned = stages[stage].iterations;
        if !same_size {
            self.before_stage = self.seen();
            self.done_in_stage = 0;
        }
        if !same_size || self.job.recipe.iterations != job.recipe.iterations {
            self.extension = 0;
        }
        if same_size && finished && goal_moved && planned + self.extension < self.done_in_stage + planned.div_ceil(2) {
            // A finished painting whose goal has moved is painted on for as long as its last stage, unless enough of that is left.
            self.extension = self.done_in_stage;
        }
        // What the canvas has seen it has seen, though fewer are planned by now.
        self.extension = self.extension.max(self.done_in_stage.saturating_sub(planned));
        stages[stage].iterations += self.extension;
        self.job = job.clone();
        self.stages = stages;
        self.plans = plans;
        self.stage = stage;
        self.styles = styles;
        self.optimizer.follow(&self.job.recipe, self.plans[stage].lbfgs_pairs);
        if let Some(objective) = objective {
            return self.enter(stage, objective, kept).map(Some);
        }
        self.kept = kept;
        self.output.follow(&self.job, self.stages[stage].width, self.stages[stage].height);
        let terms = Terms::of(&self.job.recipe);
        if let Some(objective) = &mut self.objective {
            match regions {
                Some(regions) => objective.set_style(&terms, &regions)?,
                None => objective.set_weights(&terms),
            }
        }
        if goal_moved {
            self.forget_the_past()?;
        } else {
            match &mut self.average {
                Some(average) if self.job.recipe.averaging > 0.0 => {
                    average.set_decay(f64::from(self.job.recipe.averaging));
                }
                average => *average = new_average(&self.job, &self.canvas)?,
            }
        }
        Ok(Some(()))
    }
}
