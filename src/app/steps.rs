//! The way back through the settings: a step for each thing that the artist has changed, pictures and masks included.

use std::collections::VecDeque;

use super::basis::Basis;
use super::finish::Loan;
use super::state::State;
use crate::recipe::Recipe;
use crate::studio::Command;

/// More than anybody walks back, and a few kilobytes each.
const MOST: usize = 200;
/// What follows so quickly is part of one deed: a key that is held, a wheel that is turned.
const TOGETHER_SECS: f64 = 0.5;

/// Settings, and the preset that they are measured against.
#[derive(Debug, Clone, Default)]
struct Settings {
    recipe: Recipe,
    basis: Basis,
    /// What of it is set for the one painting that Finish is about.
    loan: Option<Box<Loan>>,
}

/// What one deed leads away from, be it done or taken back.
#[derive(Debug)]
struct Step {
    from: Settings,
    /// When it was done.
    at_secs: f64,
}

/// What was changed, and can be taken back or done again.
#[derive(Debug, Default)]
pub struct Steps {
    past: VecDeque<Step>,
    future: Vec<Step>,
    /// The settings as they were when last noted.
    now: Settings,
    /// When they came to be so, if by the artist's latest deed.
    since_secs: Option<f64>,
    /// The message about the last step, whose place the next one takes.
    report: Option<u64>,
}

/// Which way along the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To what was before.
    Back,
    /// To what was taken back.
    Forth,
}

impl Steps {
    /// Whether there is a step that way.
    #[must_use]
    pub fn lead(&self, way: Way) -> bool {
        match way {
            Way::Back => !self.past.is_empty(),
            Way::Forth => !self.future.is_empty(),
        }
    }

    /// Whether nothing was changed since the last time.
    fn are_at(&self, recipe: &Recipe, basis: &Basis) -> bool {
        self.now.recipe == *recipe && self.now.basis == *basis
    }

    /// Notes a deed of the artist's.
    fn note(&mut self, settings: Settings, now_secs: f64) {
        let before = std::mem::replace(&mut self.now, settings);
        let goes_on = self.since_secs.is_some_and(|since_secs| now_secs - since_secs < TOGETHER_SECS);
        self.future.clear();
        // Where only the preset has another name there is nothing that anybody could see go back.
        if before.recipe == self.now.recipe {
            return;
        }
        if !goes_on {
            self.past.push_back(Step { from: before, at_secs: now_secs });
            if self.past.len() > MOST {
                self.past.pop_front();
            }
        }
        self.since_secs = Some(now_secs);
    }

    /// Goes one step, and answers with the settings there.
    fn go(&mut self, way: Way) -> Option<&Settings> {
        let Step { from: there, at_secs } = match way {
            Way::Back => self.past.pop_back(),
            Way::Forth => self.future.pop(),
        }?;
        let here = Step { from: std::mem::replace(&mut self.now, there), at_secs };
        match way {
            Way::Back => self.future.push(here),
            Way::Forth => self.past.push_back(here),
        }
        self.since_secs = None;
        Some(&self.now)
    }
}

impl State {
    /// Notes what the artist has changed, unless it is still being changed: a slider that is dragged is one step, and so is a
    /// mask that is painted.
    pub fn note_step(&mut self, dragging: bool, now_secs: f64) {
        if self.opening {
            // What the program was started with was there from the beginning.
            self.opening = !self.awaited.is_empty() || self.awaits_settings();
            self.forget_steps();
        } else if !dragging && !self.masking.is_on() && !self.steps.are_at(&self.recipe, &self.basis) {
            self.steps.note(self.settings(), now_secs);
        }
    }

    /// Takes back what was changed last, or does it again.
    pub fn step(&mut self, way: Way, now_secs: f64) -> Vec<Command> {
        let Some(there) = self.steps.go(way) else { return vec![] };
        let changes = match way {
            Way::Back => there.recipe.changes_to(&self.recipe),
            Way::Forth => self.recipe.changes_to(&there.recipe),
        };
        let Settings { recipe, basis, loan } = there.clone();
        (self.recipe, self.basis, self.loan) = (recipe, basis, loan);
        self.masking.start_afresh();
        let what = if way == Way::Back { "Taken back" } else { "Done again" };
        let text = format!("{what}: {}", changes.join("; "));
        self.steps.report = Some(self.notices.push_instead(self.steps.report, text, now_secs));
        let pictures: Vec<_> = self.recipe.pictures().into_iter().cloned().collect();
        let mut commands = vec![self.look_again()];
        commands.extend(self.want_all(&pictures));
        commands
    }

    /// The report of something deleted, or brushed into the canvas, after the last change of the settings: who takes back what
    /// was done last means that.
    #[must_use]
    pub fn deed_to_take_back(&self) -> Option<u64> {
        let changed_secs = self.steps.past.back().map_or(f64::NEG_INFINITY, |step| step.at_secs);
        self.notices.undoable_since(changed_secs)
    }

    /// From here on there is no way back: other settings would be those of another painting.
    pub fn forget_steps(&mut self) {
        self.steps = Steps { now: self.settings(), ..Steps::default() };
    }

    fn settings(&self) -> Settings {
        Settings { recipe: self.recipe.clone(), basis: self.basis.clone(), loan: self.loan.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let mut state = State::default();
        state.note_step(false, 0.0);
        state
    }

    fn strength(state: &mut State, strength: f32, dragging: bool, now_secs: f64) {
        state.recipe.style_strength = strength;
        state.note_step(dragging, now_secs);
    }

    #[test]
    fn every_deed_is_a_step_back_and_forth() {
        let mut state = state();
        assert!(!state.steps.lead(Way::Back) && !state.steps.lead(Way::Forth));
        strength(&mut state, 1.0, false, 10.0);
        state.recipe.tv = 7.0;
        state.note_step(false, 20.0);
        state.step(Way::Back, 21.0);
        assert_eq!((state.recipe.style_strength, state.recipe.tv), (1.0, Recipe::default().tv));
        state.step(Way::Back, 21.1);
        assert_eq!(state.recipe, Recipe::default());
        assert!(!state.steps.lead(Way::Back));
        state.step(Way::Forth, 21.2);
        assert_eq!(state.recipe.style_strength, 1.0);
        let said = state.notices.newest_first().next().unwrap().text.clone();
        assert_eq!(said, "Done again: Style strength from 0 to 1");
        // What is changed now takes the place of what was taken back, however soon it follows.
        state.note_step(false, 21.3);
        strength(&mut state, 3.0, false, 21.4);
        assert!(!state.steps.lead(Way::Forth));
        state.step(Way::Back, 22.0);
        assert_eq!(state.recipe.style_strength, 1.0);
    }

    #[test]
    fn a_drag_and_a_held_key_are_one_step_each() {
        let mut state = state();
        for moment in 0..30 {
            strength(&mut state, 0.1 * moment as f32, true, 10.0 + f64::from(moment));
        }
        strength(&mut state, 3.0, false, 40.0);
        for press in 0..20 {
            strength(&mut state, 3.0 - 0.1 * press as f32, false, 50.0 + 0.1 * f64::from(press));
        }
        state.step(Way::Back, 60.0);
        assert_eq!(state.recipe.style_strength, 3.0);
        state.step(Way::Back, 60.0);
        assert_eq!(state.recipe.style_strength, 0.0);
        assert!(!state.steps.lead(Way::Back));
    }

    #[test]
    fn a_change_right_after_a_preset_was_named_is_a_step() {
        use crate::recipe::Preset;
        let mut state = state();
        state.basis = Basis::built_in(Preset::Bold);
        state.note_step(false, 5.0);
        assert!(!state.steps.lead(Way::Back), "nothing that anybody could see");
        strength(&mut state, 1.0, false, 5.2);
        state.step(Way::Back, 6.0);
        assert_eq!(state.recipe.style_strength, 0.0);
    }

    #[test]
    fn a_preset_goes_back_with_what_it_is_called() {
        use crate::recipe::Preset;
        let mut state = state();
        let bold = Basis::built_in(Preset::Bold);
        let settings = bold.settings.clone();
        state.apply_settings(&settings, bold, 5.0);
        state.note_step(false, 5.0);
        state.step(Way::Back, 9.0);
        assert_eq!((state.recipe.preset, state.basis.settings.preset), (Preset::Studio, Preset::Studio));
        state.step(Way::Forth, 9.0);
        assert_eq!((state.recipe.preset, state.basis.settings.preset), (Preset::Bold, Preset::Bold));
    }

    #[test]
    fn old_steps_are_forgotten_at_last() {
        let mut state = state();
        for deed in 1..=MOST + 50 {
            strength(&mut state, deed as f32 / 100.0, false, deed as f64);
        }
        let mut back = 0;
        while state.steps.lead(Way::Back) {
            state.step(Way::Back, 1e6);
            back += 1;
        }
        assert_eq!(back, MOST);
    }
}
