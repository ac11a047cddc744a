//! What is done to a painting otherwise than by painting: changed settings, a measuring, a changed canvas.

use image::{GrayImage, RgbaImage};

use super::queue::Applied;
use super::{Easel, NOTHING_PAINTED};
use crate::image_io::Picture;
use crate::recipe::Recipe;
use crate::studio::run::{PaintingError, Phase, Run, guarded};
use crate::studio::{Aside, Event};

const PAINTED_ON: &str = "what was brushed in was painted on since; the timeline still has what there was before";

impl Easel {
    pub(super) fn revise(&mut self, recipe: &Recipe) -> Applied {
        let Some(run) = &self.run else { return Applied::Entirely };
        // After a panic there is nothing to revise; before the next Paint the window just moves its sliders.
        if !run.is_alive() || *run.recipe == *recipe {
            return Applied::Entirely;
        }
        self.follow(recipe)
    }

    /// The recipe in force once more, of which the pictures may have changed.
    pub(super) fn follow_pictures(&mut self) -> Applied {
        let Some(run) = self.run.as_ref().filter(|run| run.is_alive()) else { return Applied::Entirely };
        self.follow(&run.recipe.clone())
    }

    fn follow(&mut self, recipe: &Recipe) -> Applied {
        let Some(run) = &mut self.run else { return Applied::Entirely };
        // What was finished is not painted over unless it can be had back.
        let before = if run.phase == Phase::Finished { run.rescue(self.depth) } else { None };
        let id = run.id;
        let revised = guarded(|| self.hub.cache.job(recipe)).and_then(|job| run.revise(job, &self.hub.interrupt));
        match revised {
            Err(error @ PaintingError::Panic(_)) if !run.is_alive() => self.fail(&error),
            Err(error) => self.hub.outbox.problem(error),
            Ok(None) => return Applied::BrokenOff,
            Ok(Some(finished)) => match run.phase {
                Phase::Painting => {}
                Phase::Finished | Phase::Failed if !finished => {
                    before.into_iter().for_each(|canvas| self.tell(Event::set_aside(id, canvas)));
                    self.resume();
                }
                // The canvas may have another size now, and nothing else will show it.
                Phase::Paused | Phase::Finished | Phase::Failed => self.show(),
            },
        }
        Applied::Entirely
    }

    pub(super) fn measure_shares(&mut self) -> Applied {
        let Some(run) = self.run.as_mut().filter(|run| run.is_alive()) else { return Applied::Entirely };
        let (id, iteration) = (run.id, run.iteration);
        match run.shares(&self.hub.interrupt) {
            Ok(None) => return Applied::BrokenOff,
            Ok(Some(shares)) => self.tell(Event::Shares { run: id, iteration, shares }),
            Err(error @ PaintingError::Panic(_)) => self.fail(&error),
            Err(error) => self.hub.outbox.problem(error),
        }
        Applied::Entirely
    }

    /// Lays something over the canvas.
    pub(super) fn retouch(&mut self, name: &str, image: &RgbaImage, mask: &GrayImage) {
        let Some(run) = self.run.as_mut().filter(|run| run.is_alive()) else {
            return self.hub.outbox.problem(NOTHING_PAINTED);
        };
        let (picture, mask) = (Picture::from_rgba(image.clone()), Picture::from_grey(mask));
        let (run_id, before) = (run.id, run.rescue(self.depth));
        match run.disturb(|painter| painter.retouch(&picture, &mask)) {
            Err(error @ PaintingError::Panic(_)) => self.fail(&error),
            Err(error) => self.hub.outbox.problem(error),
            Ok(_) => {
                let before = before.map(|canvas| Box::new(Aside::new(canvas)));
                self.tell(Event::Retouched { run: run_id, name: name.to_owned(), before });
                self.show_at_rest();
            }
        }
    }

    pub(super) fn take_back_retouch(&mut self) {
        let Some(run) = self.run.as_mut().filter(|run| run.is_alive()) else { return };
        let mut taken_back = false;
        let done = run.disturb(|painter| {
            taken_back = painter.take_back_retouch()?;
            Ok(())
        });
        match done {
            Err(error @ PaintingError::Panic(_)) => self.fail(&error),
            Err(error) => self.hub.outbox.problem(error),
            Ok(_) if !taken_back => self.hub.outbox.problem(PAINTED_ON),
            Ok(_) => self.show_at_rest(),
        }
    }

    /// Paints a finished painting on.
    pub(super) fn go_on(&mut self) {
        let Some(run) = self.run.as_mut().filter(|run| run.is_alive()) else { return };
        let done = run.disturb(|painter| {
            painter.go_on();
            Ok(())
        });
        match done {
            Err(error @ PaintingError::Panic(_)) => self.fail(&error),
            Err(error) => self.hub.outbox.problem(error),
            Ok(finished) => {
                if self.phase() == Some(Phase::Finished) && !finished {
                    self.resume();
                }
            }
        }
    }

    /// Shows the canvas, and has it written if nothing will be painted soon after which it would be.
    fn show_at_rest(&mut self) {
        self.show();
        if self.phase() != Some(Phase::Painting) {
            self.secure();
        }
    }

    /// Changes the canvas otherwise than by painting. The one from before is handed to the window, which can have it back.
    pub(super) fn disturb(&mut self, act: impl FnOnce(&mut Run) -> Result<bool, PaintingError>) {
        let Some(run) = self.run.as_mut().filter(|run| run.is_alive()) else {
            return self.hub.outbox.problem(NOTHING_PAINTED);
        };
        let (id, before) = (run.id, run.rescue(self.depth));
        match act(run) {
            Err(error @ PaintingError::Panic(_)) => self.fail(&error),
            Err(error) => self.hub.outbox.problem(error),
            Ok(finished) => {
                let (iteration, was_at) = (run.iteration, before.as_ref().map(|canvas| canvas.iteration));
                if let Some(canvas) = before {
                    self.tell(Event::set_aside(id, canvas));
                }
                if was_at.is_some_and(|was_at| iteration < was_at) {
                    self.tell(Event::WentBack { run: id, iteration });
                }
                self.show();
                if matches!(self.phase(), Some(Phase::Finished | Phase::Failed)) && !finished {
                    self.resume();
                }
            }
        }
    }
}
