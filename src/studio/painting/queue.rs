//! In which order commands are applied that came while something else was being computed.

use std::collections::VecDeque;

use super::super::Command;

/// Commands that are not applied yet.
#[derive(Default)]
pub struct Queue {
    /// The first of them was broken off, or is to come before the one that was.
    waiting: Vec<Command>,
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Has `apply` carry out what waits and then `batch`, in order, until it answers that it was broken off. `apply` is also
    /// told whether it is to make haste, because something stands behind this command that should not wait for it: if that
    /// breaks it off, they change places.
    pub fn carry_out(&mut self, batch: Vec<Command>, mut apply: impl FnMut(&Command, Haste) -> Applied) {
        let mut all = VecDeque::from(std::mem::take(&mut self.waiting));
        all.extend(batch);
        while let Some(command) = all.pop_front() {
            let later = all.make_contiguous();
            if is_superseded(&command, later) {
                continue;
            }
            let quick = if can_wait(&command) { quick_ones(later) } else { vec![] };
            let haste = if quick.is_empty() { Haste::No } else { Haste::Yes };
            if apply(&command, haste) == Applied::BrokenOff {
                // From the back, so that the places in front stay what they are.
                let quick: Vec<_> = quick.into_iter().rev().filter_map(|index| all.remove(index)).collect();
                self.waiting = quick.into_iter().rev().chain([command]).chain(all).collect();
                return;
            }
        }
    }
}

/// Whether a command is to give up rather than take long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    Yes,
    No,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// There is nothing left of it to do.
    Entirely,
    /// It has to be applied again.
    BrokenOff,
}

/// Whether this may take long and others may go before it.
fn can_wait(command: &Command) -> bool {
    matches!(command, Command::Revise(_) | Command::FollowPictures | Command::MeasureShares)
}

/// The places of the commands that take the canvas or the painter as it is, but for what stands behind one that changes it.
fn quick_ones(later: &[Command]) -> Vec<usize> {
    let quick = |command: &Command| {
        matches!(command, Command::Keep | Command::Take | Command::SaveAs(_) | Command::Pause | Command::Resume)
    };
    let before = later.iter().take_while(|command| !command.changes_canvas()).enumerate();
    before.filter(|(_, command)| quick(command)).map(|(index, _)| index).collect()
}

/// Whether a later command of the same batch makes this one pointless: a slider that was dragged through ten places
/// costs one change, and two quick presses of Start over prepare one painting.
fn is_superseded(command: &Command, later: &[Command]) -> bool {
    match command {
        Command::Revise(_) => later.iter().any(|later| later.is_fresh_start() || matches!(later, Command::Revise(_))),
        // A revision reads them anew, too, but where it changes nothing it may not be carried out.
        Command::FollowPictures => {
            later.iter().any(|later| later.is_fresh_start() || matches!(later, Command::FollowPictures))
        }
        Command::PlanFinish { .. } => later.iter().any(|later| matches!(later, Command::PlanFinish { .. })),
        Command::Sketch { .. } => {
            later.iter().any(|later| matches!(later, Command::Sketch { .. } | Command::EndSketches))
        }
        Command::MeasureShares => {
            later.iter().any(|later| later.is_fresh_start() || matches!(later, Command::MeasureShares))
        }
        Command::Paint { .. }
        | Command::TakeUp { .. }
        | Command::Stir { .. }
        | Command::GoOnFrom(_)
        | Command::GoBackTo(_)
        | Command::TakeBackRetouch
        | Command::GoOn
        | Command::Pause
        | Command::Resume => later.iter().any(Command::is_fresh_start),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;
    use crate::studio::RunId;

    fn paint(run: u64) -> Command {
        Command::Paint { run: RunId(run), recipe: Box::default() }
    }

    fn revise(style_strength: f32) -> Command {
        Command::Revise(Box::new(Recipe { style_strength, ..Recipe::default() }))
    }

    fn word(command: &Command) -> String {
        match command {
            Command::Paint { run, .. } => format!("paint {}", run.0),
            Command::Revise(recipe) => format!("revise {}", recipe.style_strength),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// What is applied, if what is called `long` is broken off in haste.
    fn applied(queue: &mut Queue, batch: Vec<Command>, long: &str) -> Vec<String> {
        let mut words = vec![];
        queue.carry_out(batch, |command, haste| {
            let is_paint = matches!(command, Command::Paint { .. });
            words.push(word(command));
            if word(command) == long && (haste == Haste::Yes || is_paint) {
                Applied::BrokenOff
            } else {
                Applied::Entirely
            }
        });
        words
    }

    #[test]
    fn settings_that_take_long_come_after_what_should_not_wait_for_them() {
        let mut queue = Queue::default();
        let batch = vec![Command::Resume, revise(1.0), Command::MeasureShares, Command::Pause, Command::Keep];
        assert_eq!(applied(&mut queue, batch, "revise 1"), ["resume", "revise 1"]);
        assert!(!queue.is_empty());
        assert_eq!(applied(&mut queue, vec![], "revise 1"), ["pause", "keep", "revise 1", "measureshares"]);
        assert!(queue.is_empty());
        // What takes no time is done in its order.
        let batch = vec![revise(1.0), Command::Keep];
        assert_eq!(applied(&mut queue, batch, ""), ["revise 1", "keep"]);
    }

    #[test]
    fn newer_settings_take_the_place_of_those_that_wait() {
        let mut queue = Queue::default();
        applied(&mut queue, vec![revise(1.0), Command::Keep], "revise 1");
        assert_eq!(applied(&mut queue, vec![revise(2.0)], ""), ["keep", "revise 2"]);
        applied(&mut queue, vec![revise(1.0), Command::Keep], "revise 1");
        assert_eq!(applied(&mut queue, vec![Command::Stop], ""), ["keep", "stop"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn what_changes_the_canvas_is_done_under_the_settings_before_it() {
        let mut queue = Queue::default();
        let batch = vec![revise(1.0), Command::Pause, Command::Stir { levels: 3.0 }, Command::Keep];
        assert_eq!(applied(&mut queue, batch, "revise 1"), ["revise 1"]);
        let stir = "stir { levels: 3.0 }";
        assert_eq!(applied(&mut queue, vec![], "revise 1"), ["pause", "revise 1", stir, "keep"]);
        let batch = vec![revise(1.0), Command::Stir { levels: 3.0 }, Command::Keep];
        assert_eq!(applied(&mut queue, batch, "revise 1"), ["revise 1", stir, "keep"]);
    }

    #[test]
    fn a_painting_that_was_broken_off_is_begun_first_unless_there_is_another() {
        let mut queue = Queue::default();
        assert_eq!(applied(&mut queue, vec![paint(1), revise(1.0)], "paint 1"), ["paint 1"]);
        assert_eq!(applied(&mut queue, vec![Command::Keep], ""), ["paint 1", "revise 1", "keep"]);
        applied(&mut queue, vec![paint(1), revise(1.0)], "paint 1");
        assert_eq!(applied(&mut queue, vec![paint(2), Command::Keep], ""), ["paint 2", "keep"]);
        assert!(queue.is_empty());
    }
}
