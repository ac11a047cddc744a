//! A painting in progress: canvas, objective and optimiser, stage by stage, open to changes at every iteration.

use std::sync::Arc;
use std::time::Instant;

use candle_core::Tensor;
use image::RgbaImage;

use super::evaluator::{Evaluator, needs_the_whole, style_target};
use super::memory::{self, MemoryPlan};
use super::objective::StyleTarget;
use super::optimizer::{Adam, AdamConfig, Lbfgs, LbfgsConfig, Optimizer, Outcome};
use super::schedule::{self, Stage, canvas_size};
use super::vgg::Vgg;
use super::{EngineError, Evaluation, Job, Losses, Painter, Progress, canvas, threads, vector};
use crate::image_io::Picture;
use crate::recipe::{Init, OptimizerKind, Recipe};

/// Roll-backs in a row after which a painting is given up.
const MAX_ROLLBACKS: u32 = 3;

/// Weight of the newest iteration in the running estimate of the pace.
const PACE_SMOOTHING: f64 = 0.2;

/// A painting in progress.
pub struct StyleTransfer {
    vgg: Arc<Vgg>,
    job: Job,
    stages: Vec<Stage>,
    /// Index of the current stage.
    stage: usize,
    /// Iterations done in it.
    done_in_stage: u32,
    /// Iterations that it was given beyond the plan, when its goal moved after it was finished.
    extension: u32,
    canvas: Tensor,
    /// The canvas before the last iteration whose loss was finite.
    last_good: Tensor,
    /// `None` only between two stages: the old one's memory is let go before the new one is prepared.
    objective: Option<Evaluator>,
    optimizer: Box<dyn Optimizer>,
    losses: Losses,
    evaluations: u32,
    rollbacks: u32,
    started: Instant,
    /// Seconds for one iteration and pixel of work, once measured.
    pace: Option<f64>,
    /// How each stage is evaluated; what lies ahead is decided anew when it comes.
    plans: Vec<MemoryPlan>,
    /// A sentence for the artist that goes out with the next iteration.
    notice: Option<String>,
}

impl StyleTransfer {
    /// Prepares the first stage.
    ///
    /// # Errors
    /// When the recipe is invalid, memory does not suffice, or the device fails.
    pub fn new(vgg: Arc<Vgg>, job: Job) -> Result<Self, EngineError> {
        job.recipe.validate()?;
        let stages = schedule::plan(&job.recipe, job.content.width(), job.content.height());
        // The largest stage is checked before the first, so that nobody waits for a painting that cannot be finished.
        let plans = plan_stages(&job.recipe, &stages)?;
        let canvas = initial_canvas(&vgg, &job, &stages[0])?;
        let objective = prepare_objective(&vgg, &job, &stages[0], &plans[0])?;
        Ok(Self {
            optimizer: new_optimizer(&job.recipe, &plans[0]),
            notice: memory_notice(&job.recipe, &stages[0], &plans[0]),
            plans,
            last_good: canvas.copy()?,
            vgg,
            job,
            stages,
            stage: 0,
            done_in_stage: 0,
            extension: 0,
            canvas,
            objective: Some(objective),
            losses: Losses::default(),
            evaluations: 0,
            rollbacks: 0,
            started: Instant::now(),
            pace: None,
        })
    }

    /// The canvas, `(height, width, 3)`, red green blue on the 0..255 scale minus the mean colour.
    #[must_use]
    pub fn canvas(&self) -> &Tensor {
        &self.canvas
    }

    fn current(&self) -> &Stage {
        &self.stages[self.stage]
    }

    /// Goes to the next stage, where there is one and this one is done.
    fn advance(&mut self) -> Result<(), EngineError> {
        if self.done_in_stage >= self.current().iterations && self.stage + 1 < self.stages.len() {
            let next = self.stage + 1;
            // Two stages at once would need half as much again.
            self.objective = None;
            self.optimizer = new_optimizer(&self.job.recipe, &self.plans[self.stage]);
            let plan = plan_stage(&self.job.recipe, &self.stages[next], memory::budget(0.0))?;
            let objective = prepare_objective(&self.vgg, &self.job, &self.stages[next], &plan)?;
            self.plans[next] = plan;
            self.enter(next, objective)?;
            self.done_in_stage = 0;
            self.extension = 0;
        }
        Ok(())
    }

    /// Takes up `objective` for stage `index` and brings the canvas to its size.
    fn enter(&mut self, index: usize, objective: Evaluator) -> Result<(), EngineError> {
        let stage = self.stages[index];
        let (height, width, _) = self.canvas.dims3()?;
        if (width as u32, height as u32) != (stage.width, stage.height) {
            self.canvas = canvas::resample(&self.canvas, stage.width, stage.height, self.vgg.mean_rgb())?;
        }
        self.last_good = self.canvas.copy()?;
        self.objective = Some(objective);
        self.optimizer = new_optimizer(&self.job.recipe, &self.plans[index]);
        self.stage = index;
        self.notice = memory_notice(&self.job.recipe, &stage, &self.plans[index]);
        Ok(())
    }

    /// One optimiser iteration; answers with its evaluations and how it ended.
    fn iterate(&mut self) -> Result<(Vec<Evaluation>, Outcome), EngineError> {
        let mut evaluations = Vec::new();
        let objective = match self.objective.take() {
            Some(objective) => objective,
            // The next stage could not be prepared, and the artist has given this one more to do.
            None => prepare_objective(&self.vgg, &self.job, self.current(), &self.plans[self.stage])?,
        };
        let objective = &*self.objective.insert(objective);
        let (started, count) = (self.started, &mut self.evaluations);
        let mut function = |x: &Tensor, gradient: &Tensor| {
            let losses = objective.evaluate(x, gradient)?;
            *count += 1;
            evaluations.push(Evaluation { evaluation: *count, losses, seconds: started.elapsed().as_secs_f64() });
            Ok(losses.loss)
        };
        let outcome = self.optimizer.step(&self.canvas, &mut function)?;
        Ok((evaluations, outcome))
    }

    /// Seconds until the last stage is done, at the pace so far.
    fn remaining_secs(&self) -> Option<f64> {
        let work = |index: usize, iterations: u32| f64::from(iterations) * self.plans[index].tiles.work_pixels();
        let here = work(self.stage, self.current().iterations.saturating_sub(self.done_in_stage));
        let later: f64 =
            (self.stage + 1..self.stages.len()).map(|index| work(index, self.stages[index].iterations)).sum();
        self.pace.map(|pace| pace * (here + later))
    }

    fn progress(&self, evaluations: Vec<Evaluation>, notice: Option<String>) -> Progress {
        let before: u32 = self.stages[..self.stage].iter().map(|stage| stage.iterations).sum();
        Progress {
            stage: self.stage,
            stages: self.stages.len(),
            iteration: before + self.done_in_stage,
            iterations: self.stages.iter().map(|stage| stage.iterations).sum(),
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

impl Painter for StyleTransfer {
    fn step(&mut self) -> Result<Progress, EngineError> {
        if self.is_finished() {
            return Ok(self.progress(Vec::new(), None));
        }
        self.advance()?;
        let begun = Instant::now();
        // Inside the pool as a whole: handing over hundreds of short operations one by one takes longer than they do.
        let (evaluations, outcome) = threads::pool().install(|| self.iterate())?;
        let mut notice = self.notice.take();
        match outcome {
            Outcome::Moved => {
                if self.job.recipe.optimizer == OptimizerKind::Adam {
                    canvas::clamp(&self.canvas, self.vgg.mean_rgb())?;
                }
                vector::copy(&self.canvas, &self.last_good)?;
                self.rollbacks = 0;
                self.done_in_stage += 1;
                if let Some(last) = evaluations.iter().rev().find(|evaluation| evaluation.losses.loss.is_finite()) {
                    self.losses = last.losses;
                }
            }
            // Nothing is gained by staying.
            Outcome::Converged => self.done_in_stage = self.current().iterations,
            Outcome::NotFinite => notice = Some(self.roll_back()?),
        }
        let seconds = begun.elapsed().as_secs_f64() / self.plans[self.stage].tiles.work_pixels();
        self.pace = Some(self.pace.map_or(seconds, |pace| pace + PACE_SMOOTHING * (seconds - pace)));
        Ok(self.progress(evaluations, notice))
    }

    fn is_finished(&self) -> bool {
        self.stage + 1 == self.stages.len() && self.done_in_stage >= self.current().iterations
    }

    fn frame(&self) -> Result<RgbaImage, EngineError> {
        Ok(canvas::to_rgba(&self.canvas, self.vgg.mean_rgb())?)
    }

    fn revise(&mut self, job: &Job) -> Result<(), EngineError> {
        job.recipe.validate()?;
        let change = Change::between(&self.job, job);
        let mut stages = schedule::plan(&job.recipe, job.content.width(), job.content.height());
        let stage = nearest_stage(&stages, self.current());
        let same_size = stages[stage].width == self.current().width && stages[stage].height == self.current().height;
        let same_style_size = stages[stage].style_long_side == self.current().style_long_side;
        let finished = self.is_finished();

        let held = self.plans[self.stage].bytes;
        let mut plans = Vec::with_capacity(stages.len());
        for (index, later) in stages.iter().enumerate() {
            // What was painted already needs nothing; what comes later is prepared once this stage has been let go.
            let budget = if index < stage { None } else { memory::budget(held) };
            plans.push(plan_stage(&job.recipe, later, budget)?);
        }
        // Whatever can fail is done before anything is changed.
        let objective = if change.targets || !same_size || !same_style_size {
            let beside = memory::budget(held).map(|budget| budget - held);
            plans[stage] = plan_stage(&job.recipe, &stages[stage], beside)?;
            Some(prepare_objective(&self.vgg, job, &stages[stage], &plans[stage])?)
        } else {
            plans[stage].tiles = self.plans[self.stage].tiles.clone();
            None
        };
        let planned = stages[stage].iterations;
        if !same_size {
            self.done_in_stage = 0;
        }
        if !same_size || self.job.recipe.iterations != job.recipe.iterations {
            self.extension = 0;
        } else if finished && (change.weights || objective.is_some()) {
            // A finished painting whose goal has moved is painted on, for as long as its last stage.
            self.extension += planned;
        }
        stages[stage].iterations += self.extension;
        self.job = job.clone();
        self.done_in_stage = self.done_in_stage.min(stages[stage].iterations);
        self.stages = stages;
        self.plans = plans;
        self.stage = stage;
        if let Some(objective) = objective {
            self.enter(stage, objective)?;
        } else if change.optimizer {
            self.optimizer = new_optimizer(&self.job.recipe, &self.plans[stage]);
        }
        if change.weights {
            if let Some(objective) = &mut self.objective {
                objective.set_weights(self.job.recipe.weights());
            }
            self.optimizer.forget();
        }
        Ok(())
    }
}

/// What differs between two jobs, as far as a running painting cares.
struct Change {
    /// Pictures, their mixture or the network: content and style must be measured again.
    targets: bool,
    /// alpha, beta or gamma.
    weights: bool,
    /// Optimiser or one of its parameters.
    optimizer: bool,
}

impl Change {
    fn between(old: &Job, new: &Job) -> Self {
        let same_pictures = Arc::ptr_eq(&old.content, &new.content)
            && old.styles.len() == new.styles.len()
            && old.styles.iter().zip(&new.styles).all(|(old, new)| Arc::ptr_eq(old, new));
        let (old, new) = (&old.recipe, &new.recipe);
        Self {
            targets: !same_pictures || old.styles != new.styles || old.pooling != new.pooling,
            weights: old.weights() != new.weights(),
            optimizer: old.optimizer != new.optimizer
                || old.lbfgs_history != new.lbfgs_history
                || old.adam_step.to_bits() != new.adam_step.to_bits(),
        }
    }
}

/// The stage whose canvas is most like `current`'s.
fn nearest_stage(stages: &[Stage], current: &Stage) -> usize {
    let pixels = |stage: &Stage| (f64::from(stage.width) * f64::from(stage.height)).ln();
    let distance = |stage: &Stage| (pixels(stage) - pixels(current)).abs();
    let nearest = stages.iter().enumerate().min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)));
    nearest.map_or(0, |(index, _)| index)
}

/// How every stage is painted in the memory that is free. The last is looked at first: if it is too large, its size is what
/// the artist has asked for.
pub(super) fn plan_stages(recipe: &Recipe, stages: &[Stage]) -> Result<Vec<MemoryPlan>, EngineError> {
    let plan = |stage| plan_stage(recipe, stage, memory::budget(0.0));
    let mut plans = stages.iter().rev().map(plan).collect::<Result<Vec<_>, _>>()?;
    plans.reverse();
    Ok(plans)
}

/// How `stage` is painted within `budget` bytes.
fn plan_stage(recipe: &Recipe, stage: &Stage, budget: Option<f64>) -> Result<MemoryPlan, EngineError> {
    let pairs = match recipe.optimizer {
        OptimizerKind::Lbfgs => recipe.lbfgs_history,
        OptimizerKind::Adam => 0,
    };
    let plan = memory::plan(stage.width, stage.height, pairs, budget)?;
    match needs_the_whole(recipe) {
        Some(what) if plan.tiles.count() > 1 => {
            Err(EngineError::NotInTiles { width: stage.width, height: stage.height, what })
        }
        _ => Ok(plan),
    }
}

/// What the artist should know of how a stage is painted, if it is not as usual.
fn memory_notice(recipe: &Recipe, stage: &Stage, plan: &MemoryPlan) -> Option<String> {
    let tiles = match plan.tiles.count() {
        1 => None,
        count => Some(format!("in {count} tiles, one after another, because the whole does not fit into the memory")),
    };
    let asked = recipe.lbfgs_history;
    let fewer = recipe.optimizer == OptimizerKind::Lbfgs && plan.lbfgs_pairs < asked;
    let pairs = fewer.then(|| format!("with {} pairs of L-BFGS memory instead of {asked}", plan.lbfgs_pairs));
    let what = [tiles, pairs].into_iter().flatten().collect::<Vec<_>>().join(", and ");
    (!what.is_empty()).then(|| format!("{} x {} pixels are painted {what}.", stage.width, stage.height))
}

fn new_optimizer(recipe: &Recipe, plan: &MemoryPlan) -> Box<dyn Optimizer> {
    match recipe.optimizer {
        OptimizerKind::Lbfgs => {
            Box::new(Lbfgs::new(LbfgsConfig { history: plan.lbfgs_pairs as usize, ..LbfgsConfig::default() }))
        }
        OptimizerKind::Adam => {
            Box::new(Adam::new(AdamConfig { step: f64::from(recipe.adam_step), ..AdamConfig::default() }))
        }
    }
}

fn initial_canvas(vgg: &Vgg, job: &Job, stage: &Stage) -> Result<Tensor, EngineError> {
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
fn prepare_objective(vgg: &Arc<Vgg>, job: &Job, stage: &Stage, plan: &MemoryPlan) -> Result<Evaluator, EngineError> {
    let recipe = &job.recipe;
    let read =
        |picture: &Picture, width, height| canvas::from_picture(picture, width, height, vgg.mean_rgb(), vgg.device());
    let mut styles = Vec::new();
    // A style of weight zero costs nothing.
    for (picture, source) in job.styles.iter().zip(&recipe.styles).filter(|(_, source)| source.weight > 0.0) {
        let (width, height) = canvas_size(picture.width(), picture.height(), stage.style_long_side);
        let style = style_target(vgg, &read(picture, width, height)?, recipe.pooling)?;
        styles.push((f64::from(source.weight), style));
    }
    let style = StyleTarget::blend(&styles)?;
    let photo = read(&job.content, stage.width, stage.height)?;
    Ok(Evaluator::new(vgg, plan, recipe.pooling, &photo, style, recipe.weights())?)
}
