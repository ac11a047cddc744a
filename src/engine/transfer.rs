//! A painting in progress: canvas, objective and optimiser, stage by stage, open to changes at every iteration.

use std::sync::Arc;
use std::time::Instant;

use candle_core::Tensor;
use image::RgbaImage;

use super::average::Average;
use super::change::Change;
use super::objective::Objective;
use super::optimizer::{ChosenOptimizer, Optimizer, Outcome};
use super::output::Output;
use super::preparation::{canvas_of, check_memory, initial_canvas, new_objective};
use super::schedule::{self, Stage, nearest_stage};
use super::style_mix::StyleMix;
use super::terms::Terms;
use super::vgg::Vgg;
use super::{EngineError, Evaluation, Job, Losses, Painter, Progress, TermShare, canvas, threads, vector};
use crate::image_io::Picture;
use crate::recipe::{OptimizerKind, parameter};

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
    /// The canvases since the last change of the objective, averaged, if the recipe wants it: then this is the picture.
    average: Option<Average>,
    /// The canvas before the last iteration whose loss was finite.
    last_good: Tensor,
    /// The styles as measured for the current stage.
    styles: StyleMix,
    objective: Objective,
    optimizer: ChosenOptimizer,
    output: Output,
    losses: Losses,
    evaluations: u32,
    rollbacks: u32,
    /// How often the canvas was stirred: each time takes noise of its own.
    stirs: u64,
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
            check_memory(&job, stage)?;
        }
        let canvas = initial_canvas(&vgg, &job, &stages[0])?;
        let styles = StyleMix::default().revised(&vgg, &job, &stages[0])?;
        let objective = new_objective(&vgg, &job, &stages[0], &styles.target()?)?;
        Ok(Self {
            optimizer: ChosenOptimizer::new(&job.recipe),
            average: new_average(&job, &canvas)?,
            last_good: canvas.copy()?,
            output: Output::new(&job, stages[0].width, stages[0].height),
            vgg,
            job,
            stages,
            stage: 0,
            done_in_stage: 0,
            extension: 0,
            canvas,
            styles,
            objective,
            losses: Losses::default(),
            evaluations: 0,
            rollbacks: 0,
            stirs: 0,
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
            let next = self.stages[self.stage + 1];
            let styles = self.styles.revised(&self.vgg, &self.job, &next)?;
            let objective = new_objective(&self.vgg, &self.job, &next, &styles.target()?)?;
            self.styles = styles;
            self.enter(self.stage + 1, objective)?;
            self.done_in_stage = 0;
            self.extension = 0;
        }
        Ok(())
    }

    /// The picture as it is to be shown: the average where there is one.
    fn picture(&self) -> Result<Tensor, EngineError> {
        let average = self.average.as_ref().map(Average::value).transpose()?.flatten();
        Ok(average.unwrap_or_else(|| self.canvas.clone()))
    }

    /// Takes up `objective` for stage `index` and brings the picture to its size.
    fn enter(&mut self, index: usize, objective: Objective) -> Result<(), EngineError> {
        let stage = self.stages[index];
        let (height, width, _) = self.canvas.dims3()?;
        if (width as u32, height as u32) != (stage.width, stage.height) {
            self.canvas = canvas::resample(&self.picture()?, stage.width, stage.height, self.vgg.mean_rgb())?;
        }
        self.last_good = self.canvas.copy()?;
        self.average = new_average(&self.job, &self.canvas)?;
        self.output.follow(&self.job, stage.width, stage.height);
        self.objective = objective;
        self.optimizer = ChosenOptimizer::new(&self.job.recipe);
        self.stage = index;
        Ok(())
    }

    /// After the canvas or its goal was moved by somebody else than the optimiser: the past no longer counts.
    fn forget_the_past(&mut self) -> Result<(), EngineError> {
        self.average = new_average(&self.job, &self.canvas)?;
        self.optimizer.forget();
        Ok(())
    }

    /// Puts `canvas`, of the current stage's size, in the canvas' place. A finished painting is painted on.
    fn replace_canvas(&mut self, canvas: Tensor) -> Result<(), EngineError> {
        let last_good = canvas.copy()?;
        (self.canvas, self.last_good) = (canvas, last_good);
        self.forget_the_past()?;
        if self.is_finished() {
            let planned = self.current().iterations - self.extension;
            self.extension += planned;
            self.stages[self.stage].iterations += planned;
        }
        Ok(())
    }

    /// One optimiser iteration; answers with its evaluations and how it ended.
    fn iterate(&mut self) -> Result<(Vec<Evaluation>, Outcome), EngineError> {
        let mut evaluations = Vec::new();
        let (objective, started, count) = (&self.objective, self.started, &mut self.evaluations);
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
                if let Some(average) = &mut self.average {
                    average.add(&self.canvas)?;
                }
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
        Ok(self.output.to_rgba(canvas::to_rgb(&self.picture()?, self.vgg.mean_rgb())?))
    }

    fn stir(&mut self, levels: f32) -> Result<(), EngineError> {
        let levels = parameter::STIR.check(levels)?;
        let Stage { width, height, .. } = *self.current();
        let seed = self.job.recipe.seed.wrapping_add(self.stirs + 1);
        let canvas = canvas::noise(seed, levels, width, height, self.vgg.device())?;
        vector::add_scaled(1.0, &self.canvas, &canvas)?;
        canvas::clamp(&canvas, self.vgg.mean_rgb())?;
        self.stirs += 1;
        self.replace_canvas(canvas)
    }

    fn go_on_from(&mut self, picture: &Picture) -> Result<(), EngineError> {
        let canvas = canvas_of(picture, &self.vgg, self.current())?;
        self.replace_canvas(canvas)
    }

    fn revise(&mut self, job: &Job) -> Result<(), EngineError> {
        job.recipe.validate()?;
        let change = Change::between(&self.job, job);
        let mut stages = schedule::plan(&job.recipe, job.content.width(), job.content.height());
        let stage = nearest_stage(&stages, self.current());
        let same_size = stages[stage].width == self.current().width && stages[stage].height == self.current().height;
        let finished = self.is_finished();

        for stage in &stages[stage..] {
            check_memory(job, stage)?;
        }
        // Whatever can fail is done before anything is changed.
        let styles = self.styles.revised(&self.vgg, job, &stages[stage])?;
        let style = if styles == self.styles { None } else { Some(styles.target()?) };
        let objective = if change.content || !same_size {
            Some(new_objective(&self.vgg, job, &stages[stage], &styles.target()?)?)
        } else {
            None
        };
        let goal_moved = change.weights || style.is_some() || objective.is_some();
        let planned = stages[stage].iterations;
        if !same_size {
            self.done_in_stage = 0;
        }
        if !same_size || self.job.recipe.iterations != job.recipe.iterations {
            self.extension = 0;
        } else if finished && goal_moved {
            // A finished painting whose goal has moved is painted on, for as long as its last stage.
            self.extension += planned;
        }
        stages[stage].iterations += self.extension;
        self.job = job.clone();
        self.done_in_stage = self.done_in_stage.min(stages[stage].iterations);
        self.stages = stages;
        self.stage = stage;
        self.styles = styles;
        self.optimizer.follow(&self.job.recipe);
        if let Some(objective) = objective {
            return self.enter(stage, objective);
        }
        self.output.follow(&self.job, self.stages[stage].width, self.stages[stage].height);
        let terms = Terms::of(&self.job.recipe);
        match style {
            Some(style) => self.objective.set_style(&terms, &style)?,
            None => self.objective.set_weights(&terms),
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
        Ok(())
    }

    fn shares(&mut self) -> Result<Vec<TermShare>, EngineError> {
        Ok(threads::pool().install(|| self.objective.shares(&self.canvas))?)
    }
}

/// An average that begins now, if the recipe wants one.
fn new_average(job: &Job, canvas: &Tensor) -> Result<Option<Average>, EngineError> {
    let decay = f64::from(job.recipe.averaging);
    Ok(if decay > 0.0 { Some(Average::new(decay, canvas)?) } else { None })
}
