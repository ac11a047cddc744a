//! A painting in progress: canvas, objective and optimiser, stage by stage, open to changes at every iteration.

use std::sync::Arc;
use std::time::Instant;

use candle_core::Tensor;
use image::RgbaImage;

use super::kept_photo::KeptPhoto;
use super::objective::{ContentTarget, Objective, StyleTarget};
use super::optimizer::{Adam, AdamConfig, Lbfgs, LbfgsConfig, Optimizer, Outcome};
use super::regions::Regions;
use super::schedule::{self, Stage, canvas_size};
use super::vgg::Vgg;
use super::{EngineError, Evaluation, Job, Losses, Painter, Progress, canvas, memory, threads, vector};
use crate::image_io::Picture;
use crate::recipe::{Init, OptimizerKind, Recipe, StyleSource};

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
    /// What the optimiser moves. Where the photo stays, see `kept`, it lies behind that.
    canvas: Tensor,
    kept: Option<KeptPhoto>,
    /// The canvas before the last iteration whose loss was finite.
    last_good: Tensor,
    objective: Objective,
    optimizer: Box<dyn Optimizer>,
    losses: Losses,
    evaluations: u32,
    rollbacks: u32,
    started: Instant,
    /// Seconds for one iteration and pixel, once measured.
    pace: Option<f64>,
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
        for stage in &stages {
            check_memory(&job.recipe, stage)?;
        }
        let canvas = initial_canvas(&vgg, &job, &stages[0])?;
        let objective = prepare_objective(&vgg, &job, &stages[0])?;
        let kept = prepare_kept_photo(&vgg, &job, &stages[0], None)?;
        Ok(Self {
            optimizer: new_optimizer(&job.recipe),
            last_good: canvas.copy()?,
            vgg,
            job,
            stages,
            stage: 0,
            done_in_stage: 0,
            extension: 0,
            canvas,
            kept,
            objective,
            losses: Losses::default(),
            evaluations: 0,
            rollbacks: 0,
            started: Instant::now(),
            pace: None,
        })
    }

    /// The canvas that the optimiser moves, `(height, width, 3)`, red green blue on the 0..255 scale minus the mean
    /// colour. Where the photo is to stay, it lies behind the photo.
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
            let next = self.stages[self.stage + 1];
            let objective = prepare_objective(&self.vgg, &self.job, &next)?;
            let kept = prepare_kept_photo(&self.vgg, &self.job, &next, None)?;
            self.enter(self.stage + 1, objective, kept)?;
            self.done_in_stage = 0;
            self.extension = 0;
        }
        Ok(())
    }

    /// Takes up `objective` for stage `index` and brings the canvas to its size.
    fn enter(&mut self, index: usize, objective: Objective, kept: Option<KeptPhoto>) -> Result<(), EngineError> {
        let stage = self.stages[index];
        let (height, width, _) = self.canvas.dims3()?;
        if (width as u32, height as u32) != (stage.width, stage.height) {
            self.canvas = canvas::resample(&self.canvas, stage.width, stage.height, self.vgg.mean_rgb())?;
        }
        self.last_good = self.canvas.copy()?;
        self.objective = objective;
        self.kept = kept;
        self.optimizer = new_optimizer(&self.job.recipe);
        self.stage = index;
        Ok(())
    }

    /// One optimiser iteration; answers with its evaluations and how it ended.
    fn iterate(&mut self) -> Result<(Vec<Evaluation>, Outcome), EngineError> {
        let mut evaluations = Vec::new();
        let (objective, kept) = (&self.objective, &self.kept);
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
        let pixels = |stage: &Stage| f64::from(stage.width) * f64::from(stage.height);
        let here = f64::from(self.current().iterations.saturating_sub(self.done_in_stage)) * pixels(self.current());
        let later: f64 =
            self.stages[self.stage + 1..].iter().map(|stage| f64::from(stage.iterations) * pixels(stage)).sum();
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
        let mut notice = None;
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
        let pixels = f64::from(self.current().width) * f64::from(self.current().height);
        let seconds = begun.elapsed().as_secs_f64() / pixels;
        self.pace = Some(self.pace.map_or(seconds, |pace| pace + PACE_SMOOTHING * (seconds - pace)));
        Ok(self.progress(evaluations, notice))
    }

    fn is_finished(&self) -> bool {
        self.stage + 1 == self.stages.len() && self.done_in_stage >= self.current().iterations
    }

    fn frame(&self) -> Result<RgbaImage, EngineError> {
        let canvas = match &self.kept {
            Some(kept) => kept.over(&self.canvas)?,
            None => &self.canvas,
        };
        Ok(canvas::to_rgba(canvas, self.vgg.mean_rgb())?)
    }

    fn revise(&mut self, job: &Job) -> Result<(), EngineError> {
        job.recipe.validate()?;
        let change = Change::between(&self.job, job);
        let mut stages = schedule::plan(&job.recipe, job.content.width(), job.content.height());
        let stage = nearest_stage(&stages, self.current());
        let same_size = stages[stage].width == self.current().width && stages[stage].height == self.current().height;
        let same_style_size = stages[stage].style_long_side == self.current().style_long_side;
        let finished = self.is_finished();

        for stage in &stages[stage..] {
            check_memory(&job.recipe, stage)?;
        }
        // Whatever can fail is done before anything is changed.
        let objective = if change.targets || !same_size || !same_style_size {
            let kept = prepare_kept_photo(&self.vgg, job, &stages[stage], None)?;
            Some((prepare_objective(&self.vgg, job, &stages[stage])?, kept))
        } else {
            None
        };
        let masks = if objective.is_none() && change.masks {
            // The styles stay measured and the photo read: a stroke of the brush costs less than an iteration.
            let shape = (self.current().height as usize, self.current().width as usize);
            let regions = self.objective.regions().divided(&job.masks.acting(&job.recipe), shape)?;
            Some((regions, prepare_kept_photo(&self.vgg, job, &stages[stage], self.kept.as_ref())?))
        } else {
            None
        };
        let planned = stages[stage].iterations;
        if !same_size {
            self.done_in_stage = 0;
        }
        if !same_size || self.job.recipe.iterations != job.recipe.iterations {
            self.extension = 0;
        } else if finished && (change.weights || masks.is_some() || objective.is_some()) {
            // A finished painting whose goal has moved is painted on, for as long as its last stage.
            self.extension += planned;
        }
        stages[stage].iterations += self.extension;
        self.job = job.clone();
        self.done_in_stage = self.done_in_stage.min(stages[stage].iterations);
        self.stages = stages;
        self.stage = stage;
        if let Some((objective, kept)) = objective {
            self.enter(stage, objective, kept)?;
        } else if change.optimizer {
            self.optimizer = new_optimizer(&self.job.recipe);
        }
        if let Some((regions, kept)) = masks {
            self.objective.set_regions(regions);
            self.kept = kept;
            self.optimizer.forget();
        }
        if change.weights {
            self.objective.set_weights(self.job.recipe.weights());
            self.optimizer.forget();
        }
        Ok(())
    }
}

/// What differs between two jobs, as far as a running painting cares.
struct Change {
    /// Pictures, their mixture or the network: content and style must be measured again.
    targets: bool,
    /// Where styles act or the photo stays.
    masks: bool,
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
        let masks = !old.masks.is_same(&new.masks);
        let (old, new) = (&old.recipe, &new.recipe);
        let without_mask = |style: &StyleSource| StyleSource { mask: None, ..style.clone() };
        let same_styles = old.styles.iter().map(without_mask).eq(new.styles.iter().map(without_mask));
        Self {
            targets: !same_pictures || !same_styles || old.pooling != new.pooling,
            masks,
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

fn check_memory(recipe: &Recipe, stage: &Stage) -> Result<(), EngineError> {
    let pairs = match recipe.optimizer {
        OptimizerKind::Lbfgs => recipe.lbfgs_history,
        OptimizerKind::Adam => 0,
    };
    memory::check(stage.width, stage.height, pairs)
}

fn new_optimizer(recipe: &Recipe) -> Box<dyn Optimizer> {
    match recipe.optimizer {
        OptimizerKind::Lbfgs => {
            Box::new(Lbfgs::new(LbfgsConfig { history: recipe.lbfgs_history as usize, ..LbfgsConfig::default() }))
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
fn prepare_objective(vgg: &Arc<Vgg>, job: &Job, stage: &Stage) -> Result<Objective, EngineError> {
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
    let content = ContentTarget::of(vgg, &read(&job.content, stage.width, stage.height)?, recipe.pooling)?;
    let shape = (stage.height as usize, stage.width as usize);
    let style = Regions::new(styles, &job.masks.acting(recipe), shape)?;
    Ok(Objective::new(Arc::clone(vgg), shape, recipe.pooling, content, style, recipe.weights())?)
}

/// The photo where it is to stay, at the size of `stage`; `last` has it at this size already.
fn prepare_kept_photo(
    vgg: &Vgg,
    job: &Job,
    stage: &Stage,
    last: Option<&KeptPhoto>,
) -> Result<Option<KeptPhoto>, EngineError> {
    let Some(mask) = job.masks.photo(stage.width, stage.height) else { return Ok(None) };
    let photo = match last {
        Some(last) => last.photo().clone(),
        None => canvas::from_picture(&job.content, stage.width, stage.height, vgg.mean_rgb(), vgg.device())?,
    };
    Ok(Some(KeptPhoto::new(photo, &mask)?))
}
