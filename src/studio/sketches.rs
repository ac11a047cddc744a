//! Several small paintings side by side, each under settings of its own, for the artist to choose from.

use std::collections::VecDeque;
use std::sync::Arc;

use image::RgbaImage;

use super::run::{PaintingError, guarded};
use crate::engine::{Interrupt, Painter};
use crate::recipe::Recipe;

/// What the sketches look like by now.
#[derive(Debug, Clone)]
pub struct SketchSheet {
    /// Number as given with [`super::Command::Sketch`].
    pub ticket: u64,
    /// Each sketch in the order of its recipe; `None` before it is begun, or if it failed.
    pub images: Vec<Option<Arc<RgbaImage>>>,
    /// How far they are all together, from 0 to 1.
    pub done: f32,
}

/// Sketches at work. They take turns, one iteration each, so that all of them can be judged from early on.
pub struct Sketches {
    ticket: u64,
    /// Not begun yet, with their places.
    ahead: VecDeque<(usize, Recipe)>,
    /// At work, the next one first.
    at_work: VecDeque<(usize, Box<dyn Painter>)>,
    images: Vec<Option<Arc<RgbaImage>>>,
    iterations: u32,
    done: u32,
}

impl Sketches {
    pub fn new(ticket: u64, recipes: &[Recipe]) -> Self {
        Self {
            ticket,
            ahead: recipes.iter().cloned().enumerate().collect(),
            at_work: VecDeque::new(),
            images: vec![None; recipes.len()],
            iterations: recipes.iter().map(|recipe| recipe.iterations).sum(),
            done: 0,
        }
    }

    /// Begins one sketch, or does an iteration of one, unless that is broken off. Whatever fails is left out from then on.
    pub fn step(
        &mut self,
        begin: impl FnOnce(&Recipe) -> Result<Option<Box<dyn Painter>>, PaintingError>,
        interrupt: &Interrupt,
    ) -> Result<(), PaintingError> {
        let (place, painter) = match self.ahead.pop_front() {
            Some((place, recipe)) => match begin(&recipe) {
                Ok(Some(painter)) => (place, painter),
                Ok(None) => {
                    self.ahead.push_front((place, recipe));
                    return Ok(());
                }
                Err(error) => {
                    self.done += recipe.iterations;
                    return Err(error);
                }
            },
            None => {
                let Some((place, mut painter)) = self.at_work.pop_front() else { return Ok(()) };
                let progress = guarded(|| painter.step_unless(interrupt))?;
                self.done += u32::from(progress.is_some());
                (place, painter)
            }
        };
        let (image, is_finished) = guarded(|| painter.frame().map(|image| (image, painter.is_finished())))?;
        self.images[place] = Some(Arc::new(image));
        if !is_finished {
            self.at_work.push_back((place, painter));
        }
        Ok(())
    }

    pub fn is_finished(&self) -> bool {
        self.ahead.is_empty() && self.at_work.is_empty()
    }

    pub fn sheet(&self) -> SketchSheet {
        let done = if self.is_finished() { 1.0 } else { self.done as f32 / self.iterations.max(1) as f32 };
        SketchSheet { ticket: self.ticket, images: self.images.clone(), done: done.min(1.0) }
    }
}
