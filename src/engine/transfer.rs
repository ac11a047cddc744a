//! A painting in progress: canvas, objective and optimiser, stage by stage, open to changes at every iteration.

mod painter;
mod revision;

use std::sync::Arc;
use std::time::Instant;

use candle_core::Tensor;

use super::average::Average;
use super::evaluator::Evaluator;
use super::kept_photo::KeptPhoto;
use super::memory::{self, MemoryPlan};
use super::optimizer::{ChosenOptimizer, Optimizer, Outcome};
use super::output::Output;
use super::pace::{self, Pace};
use super::preparation::{initial_canvas, kept_photo, new_objective};
use super::schedule::{self, Stage};
use super::stage_plan::{memory_notice, plan_stage, plan_stages};
use super::style_mix::StyleMix;
use super::vgg::Vgg;
use super::{
    EngineError, Evaluation, Interrupt, Job, Losses, Painter, Progress, TermShare, canvas, detail, margin, threads,
    vector,
};

/// Roll-backs in a row after which a painting is given up.
const MAX_ROLLBACKS: u32 = 3;

/// A painting in progress.
pub struct StyleTransfer {
    vgg: Arc<Vgg>,
    job: Job,
    stages: Vec<Stage>,
    /// Index of the current stage.
    stage: usize,
    /// Iterations that the canvas had seen when it began. Not those of the plan, which may have changed since.
    before_stage: u32,
    /// Iterations done in it.
    done_in_stage: u32,
    /// Iterations that it was given beyond the plan, when its goal moved after it was finished.
    extension: u32,
    /// What the optimiser moves. Where the photo stays, see `kept`, it lies behind that.
    canvas: Tensor,
    /// What the canvas has beyond the picture on every side, in pixels.
    margin: u32,
    /// The canvases since the last change of the objective, averaged, if the recipe wants it: then this is the picture.
    average: Option<Average>,
    kept: Option<KeptPhoto>,
    /// The canvas before the last iteration whose loss was finite.
    last_good: Tensor,
    /// The styles as measured for the current stage.
    styles: StyleMix,
    /// `None` only between two stages: the old one's memory is let go before the new one is prepared.
    objective: Option<Evaluator>,
    optimizer: ChosenOptimizer,
    output: Output,
    losses: Losses,
    evaluations: u32,
    rollbacks: u32,
    /// What there was before something was laid over the canvas, as long as nothing else has happened to it.
    untouched: Option<Untouched>,
    /// How often the canvas was stirred: each time takes noise of its own.
    stirs: u64,
    started: Instant,
    pace: Pace,
    /// How each stage is evaluated; what lies ahead is decided anew when it comes.
    plans: Vec<MemoryPlan>,
    /// A sentence for the artist that goes out with the next iteration.
    notice: Option<String>,
}

/// A canvas from before something was laid over it.
struct Untouched {
    canvas: Tensor,
    average: Option<Average>,
}

impl StyleTransfer {
    /// Prepares the first stage.
    ///
    /// # Errors
    /// When the recipe is invalid, memory does not suffice, the device fails, or `interrupt` is raised.
    pub fn new(vgg: Arc<Vgg>, job: Job, interrupt: &Interrupt) -> Result<Self, EngineError> {
        job.recipe.validate()?;
        let stages = schedule::plan(&job.recipe, job.content.width(), job.content.height());
        // The largest stage is checked before the first, so that nobody waits for a painting that cannot be finished.
        let plans = plan_stages(&job, &stages, vgg.device())?;
        let canvas = initial_canvas(&vgg, &job, &stages[0])?;
        let budget = memory::budget(vgg.device(), 0.0);
        let styles = StyleMix::default().revised(&vgg, &job, &stages[0], budget, interrupt)?;
        let regions = styles.regions(&job, &stages[0])?;
        let objective = new_objective(&vgg, &job, &stages[0], &plans[0], &regions, interrupt)?;
        let kept = kept_photo(&vgg, &job, &stages[0], None)?;
        Ok(Self {
            optimizer: ChosenOptimizer::new(&job.recipe, plans[0].lbfgs_pairs),
            notice: memory_notice(&job.recipe, &stages[0], &plans[0]),
            plans,
            average: new_average(&job, &canvas)?,
            last_good: canvas.copy()?,
            output: Output::new(&job, stages[0].width, stages[0].height),
            vgg,
            job,
            margin: stages[0].margin,
            stages,
            stage: 0,
            before_stage: 0,
            done_in_stage: 0,
            extension: 0,
            canvas,
            styles,
            kept,
            objective: Some(objective),
            losses: Losses::default(),
            evaluations: 0,
            rollbacks: 0,
            untouched: None,
            stirs: 0,
            started: Instant::now(),
            pace: Pace::default(),
        })
    }

    /// The canvas that the optimiser moves, `(height, width, 3)`, red green blue on the 0..255 scale minus the mean
    /// colour, margin and all. Where the photo is to stay, it lies behind the photo.
    #[must_use]
    pub fn canvas(&self) -> &Tensor {
        &self.canvas
    }

    fn current(&self) -> &Stage {
        &self.stages[self.stage]
    }

    /// Goes to the next stage, where there is one and this one is done.
    fn advance(&mut self, interrupt: &Interrupt) -> Result<(), EngineError> {
        if self.done_in_stage >= self.current().iterations && self.stage + 1 < self.stages.len() {
            let seen = self.seen();
            self.go_to(self.stage + 1, interrupt)?;
            self.before_stage = seen;
        }
        Ok(())
    }

    /// Iterations that the canvas has seen.
    fn seen(&self) -> u32 {
        self.before_stage + self.done_in_stage
    }

    /// Goes to another stage, of which nothing is done. Broken off with an error when `interrupt` is raised: then this stage
    /// is still the current one, and its objective has to be taken anew.
    fn go_to(&mut self, index: usize, interrupt: &Interrupt) -> Result<(), EngineError> {
        let next = self.stages[index];
        // Two stages at once would need half as much again.
        self.objective = None;
        self.optimizer = ChosenOptimizer::new(&self.job.recipe, self.plans[self.stage].lbfgs_pairs);
        let budget = memory::budget(self.vgg.device(), 0.0);
        let plan = plan_stage(&self.job, &next, budget)?;
        let styles = self.styles.revised(&self.vgg, &self.job, &next, budget, interrupt)?;
        let regions = styles.regions(&self.job, &next)?;
        let objective = new_objective(&self.vgg, &self.job, &next, &plan, &regions, interrupt)?;
        let kept = kept_photo(&self.vgg, &self.job, &next, None)?;
        self.styles = styles;
        self.plans[index] = plan;
        self.enter(index, objective, kept)?;
        self.done_in_stage = 0;
        self.extension = 0;
        Ok(())
    }

    /// The picture that is painted: the average where there is one. Where the photo is to stay, it lies behind that.
    fn painted(&self) -> Result<Tensor, EngineError> {
        let average = self.average.as_ref().map(Average::value).transpose()?.flatten();
        Ok(average.unwrap_or_else(|| self.canvas.clone()))
    }

    /// The picture with the photo over it where that stays, interleaved RGB in 0..=255.
    fn shown(&self) -> Result<Vec<f32>, EngineError> {
        let painted = self.painted()?;
        self.rgb(self.kept.as_ref().map_or(Ok(&painted), |kept| kept.over(&painted))?)
    }

    /// A canvas without its margin, interleaved RGB in 0..=255.
    fn rgb(&self, canvas: &Tensor) -> Result<Vec<f32>, EngineError> {
        let (_, width, _) = canvas.dims3()?;
        Ok(margin::cut(canvas::to_rgb(canvas, self.vgg.mean_rgb())?, width, self.margin))
    }

    /// Takes up `objective` for stage `index` and brings the picture to its size.
    fn enter(&mut self, index: usize, objective: Evaluator, kept: Option<KeptPhoto>) -> Result<(), EngineError> {
        let stage = self.stages[index];
        let (height, width, _) = self.canvas.dims3()?;
        // Two canvases of one size may differ in how much of them is margin.
        if (width as u32, height as u32, self.margin) != (stage.canvas_size().0, stage.canvas_size().1, stage.margin) {
            let (photo, mean_rgb) = (detail::photo_of(&self.job), self.vgg.mean_rgb());
            self.canvas = canvas::resample(&self.painted()?, self.margin, &stage, photo, mean_rgb)?;
            self.margin = stage.margin;
        }
        self.last_good = self.canvas.copy()?;
        self.untouched = None;
        self.average = new_average(&self.job, &self.canvas)?;
        self.output.follow(&self.job, stage.width, stage.height);
        self.objective = Some(objective);
        self.kept = kept;
        self.optimizer = ChosenOptimizer::new(&self.job.recipe, self.plans[index].lbfgs_pairs);
        self.stage = index;
        self.notice = memory_notice(&self.job.recipe, &stage, &self.plans[index]);
        Ok(())
    }

    /// After the canvas or its goal was moved by somebody else than the optimiser: the past no longer counts.
    fn forget_the_past(&mut self) -> Result<(), EngineError> {
        self.average = new_average(&self.job, &self.canvas)?;
        self.optimizer.forget();
        Ok(())
    }

    /// Puts `canvas`, of the current stage's size, in the canvas' place.
    fn put_canvas(&mut self, canvas: Tensor) -> Result<(), EngineError> {
        let last_good = canvas.copy()?;
        (self.canvas, self.last_good) = (canvas, last_good);
        self.untouched = None;
        self.forget_the_past()
    }

    /// Puts another in the canvas' place; a finished painting is painted on.
    fn replace_canvas(&mut self, canvas: Tensor) -> Result<(), EngineError> {
        self.put_canvas(canvas)?;
        self.go_on();
        Ok(())
    }

    /// The objective, to be put back. It is prepared anew if the next stage could not be, and the artist has given this one
    /// more to do.
    fn take_objective(&mut self, interrupt: &Interrupt) -> Result<Evaluator, EngineError> {
        if let Some(objective) = self.objective.take() {
            return Ok(objective);
        }
        let (stage, plan) = (self.current(), &self.plans[self.stage]);
        new_objective(&self.vgg, &self.job, stage, plan, &self.styles.regions(&self.job, stage)?, interrupt)
    }

    /// See [`Painter::shares`]; broken off with an error when `interrupt` is raised.
    fn measure_shares(&mut self, interrupt: &Interrupt) -> Result<Vec<TermShare>, EngineError> {
        threads::pool().install(|| {
            let mut objective = self.take_objective(interrupt)?;
            objective.heed(interrupt.clone());
            let objective = &*self.objective.insert(objective);
            let shown = self.kept.as_ref().map_or(Ok(&self.canvas), |kept| kept.over(&self.canvas))?;
            Ok(objective.shares(shown)?)
        })
    }

    /// One optimiser iteration, broken off with an error when `interrupt` is raised; answers with its evaluations and how
    /// it ended.
    fn iterate(&mut self, interrupt: &Interrupt) -> Result<(Vec<Evaluation>, Outcome), EngineError> {
        let mut evaluations = Vec::new();
        let mut objective = self.take_objective(interrupt)?;
        objective.heed(interrupt.clone());
        let (objective, kept) = (&*self.objective.insert(objective), &self.kept);
        let (started, count) = (self.started, &mut self.evaluations);
        let mut function = |x: &Tensor, gradient: &Tensor| {
            let losses = match kept {
                Some(kept) => {
                    let losses = objective.evaluate(kept.over(x)?, gradient)?;
                    kept.reach_through(gradient)?;
                    losses
                }
                None => objective.evaluate(x, gradient)?,
            };
            *count += 1;
            evaluations.push(Evaluation { evaluation: *count, losses, seconds: started.elapsed().as_secs_f64() });
            Ok(losses.loss)
        };
        let outcome = self.optimizer.step(&self.canvas, &mut function)?;
        Ok((evaluations, outcome))
    }

    /// Seconds until the last stage is done, at the pace so far.
    fn remaining_secs(&self) -> Option<f64> {
        let work =
            |index: usize, iterations: u32| f64::from(iterations) * pace::work(self.plans[index].tiles.work_pixels());
        let here = work(self.stage, self.current().iterations.saturating_sub(self.done_in_stage));
        let later: f64 =
            (self.stage + 1..self.stages.len()).map(|index| work(index, self.stages[index].iterations)).sum();
        self.pace.secs_for((here + later) * pace::EVALUATIONS_PER_ITERATION)
    }

    fn progress(&self, evaluations: Vec<Evaluation>, notice: Option<String>) -> Progress {
        Progress {
            stage: self.stage,
            stages: self.stages.len(),
            iteration: self.seen(),
            iterations: self.before_stage + self.stages[self.stage..].iter().map(|stage| stage.iterations).sum::<u32>(),
            remaining_secs: self.remaining_secs(),
            width: self.current().width,
            height: self.current().height,
            losses: self.losses,
            evaluations,
            notice,
        }
    }

    /// Back to the last good canvas, with an optimiser that has forgotten how it got into trouble.
    fn roll_back(&mut self) -> Result<String, EngineError> {
        vector::copy(&self.last_good, &self.canvas)?;
        self.optimizer.forget();
        self.rollbacks += 1;
        if self.rollbacks >= MAX_ROLLBACKS {
            return Err(EngineError::NotFinite { width: self.current().width, height: self.current().height });
        }
        Ok("The loss was not a finite number, so the painting went back to the last good canvas.".to_owned())
    }
}

/// An average that begins now, if the recipe wants one.
fn new_average(job: &Job, canvas: &Tensor) -> Result<Option<Average>, EngineError> {
    let decay = f64::from(job.recipe.averaging);
    Ok(if decay > 0.0 { Some(Average::new(decay, canvas)?) } else { None })
}

#[cfg(test)]
mod tests;
