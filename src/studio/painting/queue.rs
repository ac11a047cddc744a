//! In which order commands are applied that came while something else was being computed.

use super::super::Command;

/// Commands that wait for those for whose sake they were broken off.
#[derive(Default)]
pub struct Queue {
    /// The one that was broken off, and those behind it.
    waiting: Vec<Command>,
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Has `apply` carry out what waits and then `batch`, in order, until it answers that it was broken off. What was so before
    /// comes last: others were not to wait for it. But without the painting that was being begun they have nothing to act on.
    pub fn carry_out(&mut self, batch: Vec<Command>, mut apply: impl FnMut(&Command) -> Applied) {
        let mut all = std::mem::take(&mut self.waiting);
        let can_wait = matches!(all.first(), Some(Command::Revise(_) | Command::MeasureShares));
        let last = can_wait.then(|| all.remove(0));
        all.extend(batch);
        all.extend(last.filter(|last| !is_superseded(last, &all)));
        let broken_off = |index: &usize| {
            !is_superseded(&all[*index], &all[index + 1..]) && apply(&all[*index]) == Applied::BrokenOff
        };
        if let Some(index) = (0..all.len()).find(broken_off) {
            self.waiting = all.split_off(index);
        }
    }
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// There is nothing left of it to do.
    Entirely,
    /// It has to be applied again.
    BrokenOff,
}

/// Whether a later command of the same batch makes this one pointless: a slider that was dragged through ten places
/// costs one change, and two quick presses of Start over prepare one painting.
fn is_superseded(command: &Command, later: &[Command]) -> bool {
    match command {
        Command::Revise(_) => later.iter().any(|later| later.is_fresh_start() || matches!(later, Command::Revise(_))),
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

    /// What is applied, if what is called `fails` is broken off.
    fn applied(queue: &mut Queue, batch: Vec<Command>, fails: &str) -> Vec<String> {
        let mut words = vec![];
        queue.carry_out(batch, |command| {
            words.push(word(command));
            if word(command) == fails { Applied::BrokenOff } else { Applied::Entirely }
        });
        words
    }

    #[test]
    fn settings_that_were_broken_off_come_after_what_they_made_way_for() {
        let mut queue = Queue::default();
        let batch = vec![Command::Resume, revise(1.0), Command::Pause];
        assert_eq!(applied(&mut queue, batch, "revise 1"), ["resume", "revise 1"]);
        assert!(!queue.is_empty());
        assert_eq!(applied(&mut queue, vec![Command::Keep], ""), ["pause", "keep", "revise 1"]);
        assert!(queue.is_empty());
        // Once more, and newer ones come in the meantime.
        applied(&mut queue, vec![revise(1.0)], "revise 1");
        assert_eq!(applied(&mut queue, vec![Command::Keep, revise(2.0)], ""), ["keep", "revise 2"]);
        applied(&mut queue, vec![revise(1.0)], "revise 1");
        assert_eq!(applied(&mut queue, vec![Command::Stop], ""), ["stop"]);
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
