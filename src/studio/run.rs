//! One painting in the hands of the painting thread.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::RgbaImage;

use super::timeline::Timeline;
use super::{Canvas, Moment, RunId};
use crate::engine::{EngineError, Interrupt, Job, NothingToFinish, Painter, Progress, TermShare};
use crate::image_io::{Picture, PictureError, Rgba16Image};
use crate::recipe::{Depth, Recipe};

/// What can end or disturb a painting.
#[derive(Debug, thiserror::Error)]
pub enum PaintingError {
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Finish(#[from] NothingToFinish),
    #[error("Pentimento made a mistake of its own ({0}); please report it, and press Start over to paint again")]
    Panic(String),
}

/// Runs `body` and turns a panic in it into an error, so that the thread lives on.
pub fn guarded<T, E: Into<PaintingError>>(body: impl FnOnce() -> Result<T, E>) -> Result<T, PaintingError> {
    // Unwind safety: whoever gets `Panic` drops the value that panicked and uses it no more.
    catch_unwind(AssertUnwindSafe(body))
        .map_or_else(|panic| Err(PaintingError::Panic(panic_text(&*panic))), |result| result.map_err(Into::into))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no more is known").to_owned()
}

/// What a painting is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Painting,
    Paused,
    Finished,
    Failed,
}

/// A painter, the recipe in force, and the last canvas seen.
pub struct Run {
    pub id: RunId,
    pub phase: Phase,
    pub recipe: Arc<Recipe>,
    /// Iterations done.
    pub iteration: u32,
    /// What it looked like on the way.
    timeline: Timeline,
    /// When the last moment was noted.
    noted: Option<Instant>,
    /// Gone once it has panicked.
    painter: Option<Box<dyn Painter>>,
    last: Option<Arc<RgbaImage>>,
}

impl Run {
    pub fn new(id: RunId, recipe: Recipe, painter: Box<dyn Painter>) -> Self {
        let (recipe, timeline) = (Arc::new(recipe), Timeline::default());
        let phase = Phase::Painting;
        Self { id, phase, recipe, iteration: 0, timeline, noted: None, painter: Some(painter), last: None }
    }

    /// Whether there is time for another moment of the timeline, of which so many go by at least.
    pub fn moment_is_due(&self, every: Duration) -> bool {
        self.noted.is_none_or(|noted| noted.elapsed() >= every)
    }

    /// Adds the canvas as it stands to the timeline.
    pub fn note_moment(&mut self, image: Arc<RgbaImage>) {
        // Of a painter that has broken off nothing is gone back to.
        let bare = self.with_painter(|painter| painter.bare_frame()).ok().flatten().map(Arc::new);
        self.timeline.push(Moment { iteration: self.iteration, image, bare, recipe: Arc::clone(&self.recipe) });
        self.noted = Some(Instant::now());
    }

    /// What it looked like on the way, oldest first.
    pub fn moments(&self) -> Arc<[Moment]> {
        self.timeline.moments().into()
    }

    /// Goes back to one of them; tells whether there is nothing left to do.
    pub fn go_back_to(&mut self, moment: &Moment) -> Result<bool, PaintingError> {
        let picture = Picture::from_rgba(RgbaImage::clone(moment.bare.as_ref().unwrap_or(&moment.image)));
        let finished = self.disturb(|painter| painter.take_up(&picture, moment.iteration))?;
        self.iteration = moment.iteration;
        self.timeline.cut(moment.iteration);
        Ok(finished)
    }

    /// Whether there is a painter that could go on.
    pub fn is_alive(&self) -> bool {
        self.painter.is_some()
    }

    /// Does one iteration; tells what it did and whether it was the last, or nothing if it was broken off.
    pub fn step(&mut self, interrupt: &Interrupt) -> Result<Option<(Progress, bool)>, PaintingError> {
        let done = self.with_painter(|painter| {
            let progress = painter.step_unless(interrupt)?;
            Ok(progress.map(|progress| (progress, painter.is_finished())))
        })?;
        if let Some((progress, _)) = &done {
            self.iteration = progress.iteration;
        }
        Ok(done)
    }

    /// Puts a changed recipe in force; tells whether there is nothing left to do under it, or nothing if that was broken off.
    pub fn revise(&mut self, job: Job, interrupt: &Interrupt) -> Result<Option<bool>, PaintingError> {
        let finished = self.with_painter(|painter| {
            let revised = painter.revise_unless(&job, interrupt)?;
            Ok(revised.map(|()| painter.is_finished()))
        })?;
        if finished.is_some() {
            self.recipe = Arc::new(job.recipe);
        }
        Ok(finished)
    }

    /// What each term adds to the loss of the canvas as it stands, or nothing if that was broken off.
    pub fn shares(&mut self, interrupt: &Interrupt) -> Result<Option<Vec<TermShare>>, PaintingError> {
        self.with_painter(|painter| painter.shares_unless(interrupt))
    }

    /// Lets the painter change its canvas otherwise than by painting; tells whether there is nothing left to do.
    pub fn disturb(
        &mut self,
        act: impl FnOnce(&mut dyn Painter) -> Result<(), EngineError>,
    ) -> Result<bool, PaintingError> {
        self.with_painter(|painter| {
            act(painter)?;
            Ok(painter.is_finished())
        })
    }

    /// The canvas as it stands; after a panic, the last one that was seen.
    pub fn image(&mut self) -> Result<Arc<RgbaImage>, PaintingError> {
        if let (None, Some(last)) = (&self.painter, &self.last) {
            return Ok(Arc::clone(last));
        }
        let image = Arc::new(self.with_painter(|painter| painter.frame())?);
        self.last = Some(Arc::clone(&image));
        Ok(image)
    }

    /// The canvas with what is needed to write it. What is left after a panic has 8 bits a channel.
    pub fn canvas(&mut self, depth: Depth) -> Result<Canvas, PaintingError> {
        let image = self.image()?;
        let deep = if self.is_alive() { self.deep_image(depth)? } else { None };
        Ok(Canvas { image, deep, recipe: Recipe::clone(&self.recipe), iteration: self.iteration })
    }

    /// The best canvas that can still be had after a failure, if anything was painted.
    pub fn rescue(&mut self, depth: Depth) -> Option<Canvas> {
        if self.iteration == 0 {
            return None;
        }
        let image = self.image().ok().or_else(|| self.last.clone())?;
        let deep = self.deep_image(depth).ok().flatten();
        Some(Canvas { image, deep, recipe: Recipe::clone(&self.recipe), iteration: self.iteration })
    }

    fn deep_image(&mut self, depth: Depth) -> Result<Option<Arc<Rgba16Image>>, PaintingError> {
        match depth {
            Depth::Eight => Ok(None),
            Depth::Sixteen => self.with_painter(|painter| painter.deep_frame()).map(|deep| Some(Arc::new(deep))),
        }
    }

    fn with_painter<T>(
        &mut self,
        act: impl FnOnce(&mut dyn Painter) -> Result<T, EngineError>,
    ) -> Result<T, PaintingError> {
        let Some(painter) = &mut self.painter else {
            return Err(PaintingError::Panic("the painting has broken off".to_owned()));
        };
        let result = guarded(|| act(painter.as_mut()));
        if let Err(PaintingError::Panic(_)) = result {
            self.bury_painter();
        }
        result
    }

    /// Lets a painter that panicked go, after a last try to read its canvas, which is usually whole: most panics
    /// happen while something new is computed beside it.
    fn bury_painter(&mut self) {
        if let Some(painter) = self.painter.take() {
            let frame = guarded(move || painter.frame());
            self.last = frame.ok().map(Arc::new).or_else(|| self.last.take());
        }
    }
}
