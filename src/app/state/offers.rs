//! What makes sense to ask for now.

use super::super::action::Action;
use super::super::command::Exhibit;
use super::super::painting::Phase;
use super::super::steps::Way;
use super::{Direction, State};

impl State {
    /// What the primary button means now.
    #[must_use]
    pub fn primary(&self) -> Action {
        match &self.painting {
            Some(painting) if painting.phase == Phase::Paused || painting.pause_wanted => Action::Resume,
            Some(painting) if painting.is_working() => Action::Pause,
            Some(painting) if painting.phase == Phase::Finished => Action::GoOn,
            _ => Action::Paint,
        }
    }

    /// Whether an action makes sense now.
    #[must_use]
    pub fn offers(&self, action: Action) -> bool {
        let has_canvas = self.has_canvas();
        // After a failure a new start is all that is sure to work.
        let can_go_on = has_canvas && self.painting.as_ref().is_some_and(|painting| painting.phase != Phase::Failed);
        match action {
            Action::Paint | Action::Pause | Action::Resume | Action::GoOn => self.primary() == action,
            Action::StartOver => self.painting.is_some(),
            Action::CancelFinish => self.begun_by_finish_from().is_some(),
            // The previous canvas can be kept before the new painting has shown anything.
            Action::Keep => has_canvas || matches!(self.exhibit, Some(Exhibit::Previous | Exhibit::Moment(_))),
            Action::Variations => self.variations.is_none() && self.picture_info(&self.recipe.content).is_some(),
            Action::Stir => can_go_on,
            Action::BrushIn => can_go_on && self.can_brush_in(),
            Action::GoOnFromShown => {
                ((can_go_on || self.can_take_up()) && self.shown_exhibit().is_some()) || self.offers_previous()
            }
            Action::SaveFilm => self.painting.as_ref().is_some_and(|painting| painting.moments.len() > 1),
            Action::EarlierMoment => self.neighbour(Direction::Earlier).is_some(),
            Action::LaterMoment => self.neighbour(Direction::Later).is_some(),
            Action::SaveAs | Action::Finish | Action::Part => has_canvas || self.exhibit.is_some(),
            Action::Copy => self.shown_image().is_some(),
            Action::BackToPainting | Action::TakeSettings => self.exhibit.is_some(),
            // While a mask is painted these keys are about its strokes.
            Action::Undo => !self.masking.is_on() && (self.steps.lead(Way::Back) || self.deed_to_take_back().is_some()),
            Action::Redo => !self.masking.is_on() && self.steps.lead(Way::Forth),
            // A mask that cannot be read can be taken out all the same.
            Action::ClearMask
                if self.masking.editor().is_some_and(|editor| editor.target().mask(&self.recipe).is_some()) =>
            {
                true
            }
            _ if action.is_about_masks() => self.masking.offers(action),
            Action::DeleteShown => matches!(self.exhibit, Some(Exhibit::Favourite(_))),
            _ => true,
        }
    }

    /// Whether the previous canvas is all that there is to paint on, as at the start of a day.
    #[must_use]
    pub fn offers_previous(&self) -> bool {
        self.painting.is_none() && self.exhibit.is_none() && self.previous.is_some()
    }

    /// Whether there is a canvas of the painting to look at.
    #[must_use]
    pub fn has_canvas(&self) -> bool {
        self.painting.as_ref().is_some_and(|painting| painting.canvas.is_some())
    }
}
