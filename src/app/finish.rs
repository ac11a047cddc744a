//! A painting that is to be finished at a high resolution, while the artist decides how large.

use std::path::PathBuf;

use super::basis::Basis;
use super::command::Exhibit;
use super::painting::Phase;
use super::state::State;
use crate::recipe::{Init, PictureSource, Recipe, parameter};
use crate::studio::{Canvas, Command, FinishPlan, Unfinished, before_finishing};

/// What is to be finished.
#[derive(Debug)]
enum Subject {
    /// The canvas of the painting, which is still on its way.
    Awaited,
    /// A canvas that has no file.
    Canvas(Canvas),
    /// A picture in a file, and the recipe that made it.
    File(PathBuf, Recipe),
}

/// What is known of it.
#[derive(Debug)]
pub struct Finish {
    subject: Subject,
    /// Long side up to which it is to be taken, in pixels.
    pub size: u32,
    /// The question to the studio what that would take, once it was asked.
    ticket: Option<u64>,
    /// What the studio has answered.
    pub plan: Option<Result<Box<FinishPlan>, String>>,
    /// The artist has decided; it begins as soon as the canvas has a file that the recipe can name.
    pub starting: bool,
    /// The question to the studio for that file.
    keeping: Option<u64>,
}

impl Finish {
    fn new(subject: Subject) -> Self {
        let size = parameter::FINISH_SIZE.default;
        Self { subject, size, ticket: None, plan: None, starting: false, keeping: None }
    }

    /// The studio's answer; one to an earlier question is dropped.
    pub fn note_plan(&mut self, ticket: u64, plan: Result<Box<FinishPlan>, String>) {
        if self.ticket == Some(ticket) {
            self.plan = Some(plan);
        }
    }

    /// The question to the studio, once.
    fn reckon(&mut self, ticket: u64) -> Option<Command> {
        if self.ticket.is_some() {
            return None;
        }
        let (painting, recipe) = match &self.subject {
            Subject::Awaited => return None,
            Subject::Canvas(canvas) => (Unfinished::Canvas(canvas.image.clone()), &canvas.recipe),
            Subject::File(path, recipe) => (Unfinished::File(path.clone()), recipe),
        };
        self.ticket = Some(ticket);
        Some(Command::PlanFinish { ticket, painting, recipe: Box::new(recipe.clone()), size: self.size })
    }
}

/// What Finish has set for the one painting that it was about, and what the artist had set before.
#[derive(Debug, Clone)]
pub struct Loan {
    lent: Recipe,
    before: Recipe,
    /// The preset that the settings of before were measured against, where that is known.
    basis: Option<Basis>,
}

impl Loan {
    /// What a recipe owes that Finish had once made.
    pub(super) fn of(recipe: &Recipe) -> Option<Box<Self>> {
        let before = before_finishing(recipe)?;
        Some(Box::new(Self { lent: recipe.clone(), before, basis: None }))
    }

    /// Puts back what was before, unless the artist has set it anew.
    fn give_back(&self, recipe: &mut Recipe) {
        fn back<T: PartialEq + Clone>(now: &mut T, lent: &T, before: &T) {
            if now == lent {
                now.clone_from(before);
            }
        }
        let Self { lent, before, .. } = self;
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
        // Unless the artist has taken another preset meanwhile.
        let same_preset = self.basis == Basis::built_in(loan.lent.preset);
        if let Some(basis) = loan.basis.filter(|_| same_preset) {
            self.basis = basis;
        }
        self.forget_steps();
        self.recipe != lent
    }

    /// The favourite with which Finish began what is at work, if that is still there.
    pub(super) fn begun_by_finish_from(&self) -> Option<Exhibit> {
        self.painting.as_ref().filter(|painting| painting.is_working() || painting.phase == Phase::Paused)?;
        let Init::Picture(PictureSource::File(path)) = &self.loan.as_ref()?.lent.init else { return None };
        let favourite = Exhibit::Favourite(path.clone());
        self.recipe_of(&favourite).is_some().then_some(favourite)
    }

    /// Takes what Finish has begun off the easel; answers with what is to stand there in its place, once it is read.
    pub fn cancel_finishing(&mut self) -> Option<Exhibit> {
        let favourite = self.begun_by_finish_from()?;
        self.end_finishing();
        self.leave_painting();
        self.rests_when_shown = true;
        Some(favourite)
    }

    /// Puts what is shown on the easel, under the settings as they are, and lets it rest there.
    pub fn put_shown_to_rest(&mut self) -> Vec<Command> {
        self.rests_when_shown = false;
        let (Some(image), Some(iteration)) = (self.shown_exhibit(), self.shown_iteration()) else { return Vec::new() };
        self.exhibit = None;
        let start = self.take_up(Canvas { image, deep: None, recipe: self.recipe.clone(), iteration });
        if let Some(painting) = &mut self.painting {
            painting.pause_wanted = true;
        }
        vec![start, Command::Pause]
    }

    /// Pictures and settings without what is set for one painting only.
    pub fn lasting_recipe(&self) -> Recipe {
        let mut recipe = self.recipe.clone();
        if let Some(loan) = &self.loan {
            loan.give_back(&mut recipe);
        }
        recipe
    }

    /// Begins to ask how a picture, or with `None` the canvas itself, is to be finished.
    pub fn ask_to_finish(&mut self, exhibit: Option<Exhibit>) -> Option<Command> {
        let subject = match exhibit {
            Some(Exhibit::Favourite(path)) => {
                let recipe = self.recipe_of(&Exhibit::Favourite(path.clone()))?.clone();
                Subject::File(path, recipe)
            }
            Some(exhibit) => Subject::Canvas(self.canvas_of(&exhibit)?),
            None => Subject::Awaited,
        };
        let is_awaited = matches!(subject, Subject::Awaited);
        self.finish = Some(Finish::new(subject));
        if is_awaited { Some(Command::Take) } else { self.reckon_finish() }
    }

    /// The canvas that was asked for; without one there is nothing to finish, and the artist has been told why.
    pub(super) fn note_taken(&mut self, taken: Option<Canvas>) {
        if std::mem::take(&mut self.starts_from_taken) {
            self.taken_start.clone_from(&taken);
        }
        let awaits = |finish: &mut Finish| matches!(finish.subject, Subject::Awaited);
        if let Some(mut finish) = self.finish.take_if(awaits)
            && let Some(canvas) = taken
        {
            finish.subject = Subject::Canvas(canvas);
            self.finish = Some(finish);
        }
    }

    /// The canvas has its file, or cannot have one.
    pub(super) fn note_kept_to_finish(&mut self, ticket: u64, path: Option<PathBuf>) {
        let waits = |finish: &mut Finish| finish.keeping == Some(ticket);
        if let Some(mut finish) = self.finish.take_if(waits)
            && let (Some(path), Subject::Canvas(canvas)) = (path, finish.subject)
        {
            finish.subject = Subject::File(path, canvas.recipe);
            self.finish = Some(finish);
        }
    }

    /// Asks what it would take, unless that was asked.
    pub fn reckon_finish(&mut self) -> Option<Command> {
        let question = self.finish.as_mut()?.reckon(self.tickets + 1)?;
        self.tickets += 1;
        Some(question)
    }

    /// Asks the same for another size.
    pub fn resize_finish(&mut self, size: u32) -> Option<Command> {
        let finish = self.finish.as_mut().filter(|finish| !finish.starting)?;
        (finish.size, finish.plan, finish.ticket) = (size, None, None);
        self.reckon_finish()
    }

    /// Decides for what was reckoned. A canvas without a file is kept first, so that the recipe can name what it starts from.
    pub fn start_finish(&mut self) -> Option<Command> {
        let finish = self.finish.as_mut().filter(|finish| matches!(finish.plan, Some(Ok(_))) && !finish.starting)?;
        finish.starting = true;
        let Subject::Canvas(canvas) = &finish.subject else { return None };
        self.tickets += 1;
        finish.keeping = Some(self.tickets);
        Some(Command::KeepToFinish { ticket: self.tickets, canvas: canvas.clone() })
    }

    /// Starts painting what was decided, once it can; the canvas of the old painting stays as the previous one.
    pub fn go_on_finishing(&mut self) -> Vec<Command> {
        let ready = |finish: &mut Finish| finish.starting && matches!(finish.subject, Subject::File(..));
        let Some(Finish { plan: Some(Ok(plan)), subject: Subject::File(path, _), .. }) = self.finish.take_if(ready)
        else {
            return vec![];
        };
        self.end_finishing();
        self.interrupt_series();
        let recipe = Recipe { init: Init::Picture(PictureSource::File(path)), ..plan.recipe };
        let before = std::mem::replace(&mut self.recipe, recipe);
        let basis = Some(std::mem::replace(&mut self.basis, Basis::built_in(self.recipe.preset)));
        let pictures: Vec<_> = self.recipe.pictures().into_iter().cloned().collect();
        let mut commands = self.want_all(&pictures);
        commands.push(self.start_painting());
        self.loan = Some(Box::new(Loan { lent: self.recipe.clone(), before, basis }));
        // Taken back, the settings of before would take this painting down to their size.
        self.forget_steps();
        commands
    }
}
