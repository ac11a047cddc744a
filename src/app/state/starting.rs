//! How a painting begins: anew, or where another was left.

use std::sync::Arc;

use super::super::painting::{Painting, Phase, ShownFrame};
use super::{Previous, State};
use crate::recipe::Recipe;
use crate::studio::{Canvas, Command, RunId};

impl State {
    /// Takes the painting off the easel; its canvas stays as the previous one.
    pub(in super::super) fn leave_painting(&mut self) {
        // The frame on the screen stands in until the studio hands over the canvas itself.
        if let Some(Painting { run, canvas: Some(ShownFrame { image, iteration }), recipe, .. }) = self.painting.take()
        {
            let canvas = Canvas { image, deep: None, recipe, iteration };
            self.set_aside(Previous { run, canvas, known: None });
        }
        self.note_done(false);
        self.withdraw_retouches();
        self.exhibit = None;
    }

    /// Starts a new painting; the canvas of the old one stays as the previous one.
    pub fn start_painting(&mut self) -> Command {
        self.leave_painting();
        // A question about the canvas that was there has lost its meaning.
        (self.awaited_start, self.finish) = (None, None);
        self.runs += 1;
        let run = RunId(self.runs);
        self.painting = Some(Painting::new(run, self.recipe.clone()));
        Command::Paint { run, recipe: Box::new(self.recipe.clone()) }
    }

    /// Starts a new painting where what is shown was left, as soon as the pictures of its recipe are there.
    pub fn take_up_shown(&mut self) -> Vec<Command> {
        let shown = self.exhibit.as_ref().and_then(|exhibit| self.recipe_of(exhibit)).cloned();
        let (Some(recipe), Some(image), Some(iteration)) = (shown, self.shown_exhibit(), self.shown_iteration()) else {
            return Vec::new();
        };
        self.exhibit = None;
        let commands = self.restore(recipe.clone());
        self.awaited_start = Some(Canvas { image, deep: None, recipe, iteration });
        commands
    }

    /// The start of what was to be taken up, once its settings are back.
    pub fn awaited_start(&mut self) -> Option<Command> {
        if self.awaited_recipe.is_some() {
            return None;
        }
        let canvas = self.awaited_start.take()?;
        // Without its photo or a style it would become another painting, and the artist has been told.
        let pictures = |recipe: &Recipe| {
            let styles: Vec<_> = recipe.styles.iter().map(|style| style.picture.clone()).collect();
            (recipe.content.clone(), styles)
        };
        if pictures(&self.recipe) != pictures(&canvas.recipe) {
            return None;
        }
        Some(self.take_up(Canvas { recipe: self.recipe.clone(), ..canvas }))
    }

    /// A new painting where a canvas was left.
    pub(in super::super) fn take_up(&mut self, canvas: Canvas) -> Command {
        self.runs += 1;
        let run = RunId(self.runs);
        // Until it is prepared it stands there as it was left.
        let left = Some(ShownFrame { image: Arc::clone(&canvas.image), iteration: canvas.iteration });
        self.painting = Some(Painting { canvas: left, ..Painting::new(run, canvas.recipe.clone()) });
        Command::TakeUp { run, canvas }
    }

    /// Whether what is shown can be taken up by a new painting: there is none that it would bring to an end.
    #[must_use]
    pub fn can_take_up(&self) -> bool {
        self.painting.as_ref().is_none_or(|painting| painting.phase == Phase::Failed)
    }
}
