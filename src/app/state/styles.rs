//! The styles of the mixture: which there are, in which order.

use super::super::command::{Slot, UiCommand};
use super::super::words;
use super::State;
use crate::recipe::{StyleSource, parameter};

impl State {
    /// Name of a place in the window; styles have numbers as soon as there are several.
    #[must_use]
    pub fn slot_name(&self, slot: Slot) -> String {
        match slot {
            Slot::Style(index) if self.recipe.styles.len() > 1 => format!("{} {}", slot.label(), index + 1),
            _ => slot.label().to_owned(),
        }
    }

    /// Takes a style out of the mixture, unless it is the only one.
    pub fn remove_style(&mut self, index: usize, now_secs: f64) {
        if self.recipe.styles.len() < 2 || index >= self.recipe.styles.len() {
            return;
        }
        let gone = self.recipe.styles.remove(index);
        let name = words::picture_name(&gone.picture);
        // A share of nothing would be no style at all once the others are gone.
        if self.recipe.styles.iter().all(|style| style.weight == 0.0) {
            self.recipe.styles.iter_mut().for_each(|style| style.weight = parameter::STYLE_WEIGHT.default);
        }
        // Whoever waits for a place behind it waits for the one before that now.
        self.awaited.retain(|(slot, _)| *slot != Slot::Style(index));
        self.adopting.retain(|_, slot| *slot != Slot::Style(index));
        for slot in self.awaited.iter_mut().map(|(slot, _)| slot).chain(self.adopting.values_mut()) {
            if let Slot::Style(behind) = slot
                && *behind > index
            {
                *behind -= 1;
            }
        }
        let back = UiCommand::BringBackStyle { index, style: Box::new(gone) };
        self.notices.push_undoable(format!("Took {name} out of the styles"), back, now_secs);
    }

    /// Puts a style back where it was in the mixture.
    pub fn bring_back_style(&mut self, index: usize, style: StyleSource) {
        let styles = &mut self.recipe.styles;
        styles.insert(index.min(styles.len()), style);
    }
}
