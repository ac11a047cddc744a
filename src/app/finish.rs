//! A painting that is to be finished at a high resolution, while the artist decides how large.

use std::path::{Path, PathBuf};

use super::basis::Basis;
use super::command::Exhibit;
use super::state::{State, pictures_of};
use crate::recipe::{Recipe, parameter};
use crate::studio::{Command, Favourite, FinishPlan};

/// What is known of it.
#[derive(Debug)]
pub struct Finish {
    /// File and recipe; the canvas has none before it is kept.
    painting: Option<(PathBuf, Recipe)>,
    /// Long side up to which it is to be taken, in pixels.
    pub size: u32,
    /// Whether the studio was asked what that would take.
    asked: bool,
    /// What the studio has answered.
    pub plan: Option<Result<Box<FinishPlan>, String>>,
}

impl Finish {
    fn new(painting: Option<(PathBuf, Recipe)>) -> Self {
        Self { painting, size: parameter::FINISH_SIZE.default, asked: false, plan: None }
    }

    /// Whether the canvas is still being written.
    #[must_use]
    pub fn is_waiting_for_canvas(&self) -> bool {
        self.painting.is_none()
    }

    /// The canvas has its file.
    pub fn note_kept(&mut self, favourite: &Favourite) {
        if self.painting.is_none() {
            self.painting = Some((favourite.path.clone(), favourite.recipe.clone()));
        }
    }

    /// The studio's answer; one to an earlier question is dropped.
    pub fn note_plan(&mut self, painting: &Path, size: u32, plan: Result<Box<FinishPlan>, String>) {
        if size == self.size && self.painting.as_ref().is_some_and(|(path, _)| path == painting) {
            self.plan = Some(plan);
        }
    }

    /// Another size.
    pub fn resize(&mut self, size: u32) -> Option<Command> {
        self.size = size;
        self.plan = None;
        self.asked = false;
        self.reckon()
    }

    /// The question to the studio, once.
    pub fn reckon(&mut self) -> Option<Command> {
        let (painting, recipe) = self.painting.as_ref().filter(|_| !self.asked)?;
        self.asked = true;
        Some(Command::PlanFinish { painting: painting.clone(), recipe: Box::new(recipe.clone()), size: self.size })
    }
}

/// What Finish has set for the one painting that it was about, and what the artist had set before.
#[derive(Debug, Clone)]
pub struct Loan {
    lent: Recipe,
    before: Recipe,
}

impl Loan {
    /// Puts back what was before, unless the artist has set it anew.
    fn give_back(&self, recipe: &mut Recipe) {
        fn back<T: PartialEq + Clone>(now: &mut T, lent: &T, before: &T) {
            if now == lent {
                now.clone_from(before);
            }
        }
        let Self { lent, before } = self;
        back(&mut recipe.size, &lent.size, &before.size);
        back(&mut recipe.start_size, &lent.start_size, &before.start_size);
        back(&mut recipe.iterations, &lent.iterations, &before.iterations);
        back(&mut recipe.scales, &lent.scales, &before.scales);
        back(&mut recipe.init, &lent.init, &before.init);
    }
}

impl State {
    /// What Finish has set does not outlive its painting: the next one is as large as before, and starts from what it did.
    /// Tells whether there was anything to put back.
    pub(super) fn end_finishing(&mut self) -> bool {
        let Some(loan) = self.loan.take() else { return false };
        let lent = self.recipe.clone();
        loan.give_back(&mut self.recipe);
        self.forget_steps();
        self.recipe != lent
    }

    /// Pictures and settings without what is set for one painting only.
    pub fn lasting_recipe(&self) -> Recipe {
        let mut recipe = self.recipe.clone();
        if let Some(loan) = &self.loan {
            loan.give_back(&mut recipe);
        }
        recipe
    }

    /// Begins to ask how a picture, or with `None` the canvas itself, is to be finished. Whatever has no file is kept
    /// first, so that the recipe can name what it starts from.
    pub fn ask_to_finish(&mut self, exhibit: Option<Exhibit>) -> Option<Command> {
        let (painting, command) = match exhibit {
            Some(Exhibit::Favourite(path)) => {
                let recipe = self.recipe_of(&Exhibit::Favourite(path.clone()))?.clone();
                (Some((path, recipe)), None)
            }
            Some(exhibit) => (None, Some(Command::KeepCanvas(self.canvas_of(&exhibit)?))),
            None => (None, Some(Command::Keep)),
        };
        let finish = self.finish.insert(Finish::new(painting));
        command.or_else(|| finish.reckon())
    }

    /// Starts painting what was reckoned; the canvas of the old painting stays as the previous one.
    pub fn start_finish(&mut self) -> Vec<Command> {
        let Some(Finish { plan: Some(Ok(plan)), .. }) = self.finish.take() else { return vec![] };
        self.end_finishing();
        self.interrupt_series();
        let before = std::mem::replace(&mut self.recipe, plan.recipe);
        self.basis = Basis::built_in(self.recipe.preset);
        let pictures: Vec<_> = pictures_of(&self.recipe).into_iter().cloned().collect();
        let mut commands = self.want_all(&pictures);
        commands.push(self.start_painting());
        self.loan = Some(Box::new(Loan { lent: self.recipe.clone(), before }));
        // Taken back, the settings of before would take this painting down to their size.
        self.forget_steps();
        commands
    }
}
