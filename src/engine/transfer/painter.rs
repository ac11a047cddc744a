//! What can be asked of a painting in progress.

use std::time::Instant;

use image::RgbaImage;

use super::{StyleTransfer, Untouched};
use crate::engine::kept_photo::KeptPhoto;
use crate::engine::mask::Map;
use crate::engine::optimizer::Outcome;
use crate::engine::preparation::canvas_of;
use crate::engine::{EngineError, Interrupt, Job, Painter, Progress, TermShare, canvas, pace, threads, vector};
use crate::image_io::{Picture, Rgba16Image};
use crate::recipe::{OptimizerKind, parameter};

impl Painter for StyleTransfer {
    fn step(&mut self) -> Result<Progress, EngineError> {
        let never = Interrupt::default();
        loop {
            if let Some(progress) = self.step_unless(&never)? {
                return Ok(progress);
            }
        }
    }

    fn step_unless(&mut self, interrupt: &Interrupt) -> Result<Option<Progress>, EngineError> {
        if self.is_finished() {
            return Ok(Some(self.progress(Vec::new(), None)));
        }
        if interrupt.unless_raised(self.advance(interrupt))?.is_none() {
            return Ok(None);
        }
        let (begun, before) = (Instant::now(), self.evaluations);
        self.untouched = None;
        // Inside the pool as a whole: handing over hundreds of short operations one by one takes longer than they do.
        let done = threads::pool().install(|| self.iterate(interrupt));
        if done.is_err() {
            // The optimiser was about to try some other point.
            vector::copy(&self.last_good, &self.canvas)?;
            self.evaluations = before;
        }
        let Some((evaluations, outcome)) = interrupt.unless_raised(done)? else { return Ok(None) };
        let mut notice = self.notice.take();
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
        // A stage's first iterations, which feel their way, take several.
        let work = evaluations.len().max(1) as f64 * pace::work(self.plans[self.stage].tiles.work_pixels());
        self.pace.note(begun.elapsed().as_secs_f64(), work);
        Ok(Some(self.progress(evaluations, notice)))
    }

    fn is_finished(&self) -> bool {
        self.stage + 1 == self.stages.len() && self.done_in_stage >= self.current().iterations
    }

    fn frame(&self) -> Result<RgbaImage, EngineError> {
        Ok(self.output.to_rgba(self.shown()?))
    }

    fn deep_frame(&self) -> Result<Rgba16Image, EngineError> {
        Ok(self.output.to_rgba16(self.shown()?))
    }

    fn bare_frame(&self) -> Result<Option<RgbaImage>, EngineError> {
        if self.kept.is_none() && !self.output.recolours() {
            return Ok(None);
        }
        Ok(Some(self.output.to_bare_rgba(&self.rgb(&self.painted()?)?)))
    }

    fn stir(&mut self, levels: f32) -> Result<(), EngineError> {
        let levels = parameter::STIR.check(levels)?;
        let (width, height) = self.current().canvas_size();
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

    fn retouch(&mut self, picture: &Picture, mask: &Picture) -> Result<(), EngineError> {
        let stage = self.current();
        let mask = Map::of(mask, stage.width, stage.height).mirrored(stage.margin);
        // As the photo lies over the painting where it stays, but once and for all.
        let over = KeptPhoto::new(canvas_of(picture, &self.vgg, stage)?, &mask)?;
        let canvas = over.over(&self.painted()?)?.copy()?;
        let before = Untouched { canvas: self.canvas.clone(), average: self.average.take() };
        self.put_canvas(canvas)?;
        self.untouched = Some(before);
        Ok(())
    }

    fn take_back_retouch(&mut self) -> Result<bool, EngineError> {
        let Some(Untouched { canvas, average }) = self.untouched.take() else { return Ok(false) };
        self.put_canvas(canvas)?;
        self.average = average;
        Ok(true)
    }

    fn go_on(&mut self) {
        if self.is_finished() {
            let planned = self.current().iterations - self.extension;
            self.extension += planned;
            self.stages[self.stage].iterations += planned;
        }
    }

    fn take_up(&mut self, picture: &Picture, iterations: u32) -> Result<(), EngineError> {
        // Nobody raises it.
        self.take_up_unless(picture, iterations, &Interrupt::default()).map(|_| ())
    }

    fn take_up_unless(
        &mut self,
        picture: &Picture,
        iterations: u32,
        interrupt: &Interrupt,
    ) -> Result<Option<()>, EngineError> {
        let (mut left, mut index) = (iterations, 0);
        // At the end of a stage the canvas is still small: it grows as it did then.
        while index + 1 < self.stages.len() && left > self.stages[index].iterations {
            left -= self.stages[index].iterations;
            index += 1;
        }
        if index != self.stage {
            let (stage, extension) = (self.stage, self.extension);
            if interrupt.unless_raised(self.go_to(index, interrupt))?.is_none() {
                return Ok(None);
            }
            // Painted through again, the last stage takes as long as at first.
            self.stages[stage].iterations -= extension;
        }
        self.before_stage = iterations - left;
        self.done_in_stage = left;
        // It may have seen more than is planned: then it is finished.
        let beyond = left.saturating_sub(self.current().iterations);
        self.extension += beyond;
        self.stages[self.stage].iterations += beyond;
        self.go_on_from(picture).map(Some)
    }

    fn revise(&mut self, job: &Job) -> Result<(), EngineError> {
        // Nobody raises it.
        self.follow(job, &Interrupt::default()).map(|_| ())
    }

    fn revise_unless(&mut self, job: &Job, interrupt: &Interrupt) -> Result<Option<()>, EngineError> {
        self.follow(job, interrupt)
    }

    fn shares(&mut self) -> Result<Vec<TermShare>, EngineError> {
        self.measure_shares(&Interrupt::default())
    }

    fn shares_unless(&mut self, interrupt: &Interrupt) -> Result<Option<Vec<TermShare>>, EngineError> {
        interrupt.unless_raised(self.measure_shares(interrupt))
    }
}
