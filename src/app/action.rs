//! What the artist can ask for by button or key: label, tooltip, icon and shortcut of each, written once.

mod words;

use egui::{Key, KeyboardShortcut};
use egui_material_icons::MaterialIcon;

/// An action without parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Start painting.
    Paint,
    /// Hold.
    Pause,
    /// Go on.
    Resume,
    /// Begin again from the start.
    StartOver,
    /// Leave what Finish has begun for the painting that it began with.
    CancelFinish,
    /// Keep the current canvas as a favourite.
    Keep,
    /// Write the shown picture to a file.
    SaveAs,
    /// Write the painting's course to an animated GIF.
    SaveFilm,
    /// Look at small paintings under other settings.
    Variations,
    /// Stir noise into the canvas.
    Stir,
    /// Take the shown picture up to a high resolution.
    Finish,
    /// Choose the photo.
    OpenPhoto,
    /// Choose the style.
    OpenStyle,
    /// Fit the picture into the window.
    Fit,
    /// One pixel of the picture on one pixel of the screen.
    ActualPixels,
    /// Show the photo in the painting's place while held.
    Compare,
    /// Part the canvas: what there was on the left of a line, what is shown on its right.
    Part,
    /// Put the shown picture on the clipboard.
    Copy,
    /// Leave a favourite and go back to the painting.
    BackToPainting,
    /// Look at the painting as it was a little earlier.
    EarlierMoment,
    /// Look at the painting as it was a little later.
    LaterMoment,
    /// Restore the recipe of the shown favourite.
    TakeSettings,
    /// Let the painting go on from the shown picture.
    GoOnFromShown,
    /// Let a finished painting go on.
    GoOn,
    /// Brush parts of the shown picture into the canvas.
    BrushIn,
    /// Move the shown favourite to the trash.
    DeleteShown,
    /// Do again what was taken back of the settings.
    Redo,
    /// Take back what was changed last in the settings.
    Undo,
    /// Put the mask's last stroke back.
    RedoStroke,
    /// Take the mask's last stroke away.
    UndoStroke,
    /// Erase instead of painting, or the other way round.
    ToggleEraser,
    /// Fill what is alike instead of painting strokes, or the other way round.
    ToggleFill,
    /// A smaller brush.
    SmallerBrush,
    /// A larger brush.
    LargerBrush,
    /// Exchange black and white in the mask.
    InvertMask,
    /// Take the whole mask away.
    ClearMask,
    /// Read the mask from a file.
    OpenMask,
    /// Write the mask to a file.
    SaveMask,
    /// Stop painting the mask.
    LeaveMask,
    /// Show or hide the favourites.
    ToggleFavourites,
    /// Show or hide the loss curve.
    ToggleCurve,
    /// Show or hide the list of messages.
    ToggleMessages,
    /// Show or hide the list of shortcuts.
    ToggleShortcuts,
    /// Show or hide what this program is.
    ToggleAbout,
    /// Show the folder of the favourites in the file manager.
    OpenLibrary,
}

impl Action {
    /// All actions. A shortcut with more modifiers stands before one with fewer, or it would never be reached.
    pub const ALL: &'static [Self] = &[
        Self::Paint,
        Self::Pause,
        Self::Resume,
        Self::StartOver,
        Self::CancelFinish,
        Self::Keep,
        Self::SaveAs,
        Self::SaveFilm,
        Self::Variations,
        Self::Stir,
        Self::Finish,
        Self::OpenStyle,
        Self::OpenPhoto,
        Self::Fit,
        Self::ActualPixels,
        Self::Compare,
        Self::Part,
        Self::Copy,
        Self::BackToPainting,
        Self::EarlierMoment,
        Self::LaterMoment,
        Self::TakeSettings,
        Self::GoOnFromShown,
        Self::GoOn,
        Self::BrushIn,
        Self::DeleteShown,
        Self::RedoStroke,
        Self::Redo,
        Self::UndoStroke,
        Self::Undo,
        Self::ToggleEraser,
        Self::ToggleFill,
        Self::SmallerBrush,
        Self::LargerBrush,
        Self::InvertMask,
        Self::ClearMask,
        Self::OpenMask,
        Self::SaveMask,
        Self::LeaveMask,
        Self::ToggleFavourites,
        Self::ToggleCurve,
        Self::ToggleMessages,
        Self::ToggleShortcuts,
        Self::ToggleAbout,
        Self::OpenLibrary,
    ];

    /// Name on buttons and in lists.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.words().label
    }

    /// What it does, in one phrase.
    #[must_use]
    pub fn tooltip(self) -> &'static str {
        self.words().tooltip
    }

    /// Its icon.
    #[must_use]
    pub fn icon(self) -> MaterialIcon {
        self.words().icon
    }

    /// Its key.
    #[must_use]
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        self.words().shortcut
    }

    /// Whether it is offered only while a mask is painted.
    #[must_use]
    pub const fn is_about_masks(self) -> bool {
        matches!(
            self,
            Self::RedoStroke
                | Self::UndoStroke
                | Self::ToggleEraser
                | Self::ToggleFill
                | Self::SmallerBrush
                | Self::LargerBrush
                | Self::InvertMask
                | Self::ClearMask
                | Self::OpenMask
                | Self::SaveMask
                | Self::LeaveMask
        )
    }

    /// Why its key does nothing, where somebody may press it in good faith.
    #[must_use]
    pub const fn lacking(self) -> Option<&'static str> {
        match self {
            Self::Keep => Some("There is nothing to keep yet; press Paint first"),
            Self::SaveAs => Some("There is nothing to save yet; press Paint first"),
            Self::Finish => Some("There is nothing to finish yet; press Paint first"),
            Self::BrushIn => Some(
                "Nothing that could be brushed in is shown: choose an earlier moment or a favourite of the canvas's shape",
            ),
            Self::DeleteShown => Some("Nothing to delete is shown; click a favourite first"),
            Self::Undo => Some("No change is left to take back"),
            Self::Redo => Some("No change of settings was taken back"),
            _ => None,
        }
    }

    /// What it does and its key, for a tooltip.
    #[must_use]
    pub fn hint(self, ctx: &egui::Context) -> String {
        match self.keys(ctx) {
            Some(keys) => format!("{} ({keys})", self.tooltip()),
            None => self.tooltip().to_owned(),
        }
    }

    /// Its key, as it is printed on a keyboard.
    #[must_use]
    pub fn keys(self, ctx: &egui::Context) -> Option<String> {
        let shortcut = self.shortcut()?;
        let text = ctx.format_shortcut(&shortcut);
        Some(match shortcut.logical_key {
            key @ (Key::OpenBracket | Key::CloseBracket) => text.replace(key.name(), key.symbol_or_name()),
            _ => text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things_at_once() {
        // Paint, Pause, Resume and Paint on share the space bar because only one of them is offered at a time; for the same reason
        // Escape leaves a mask as well as a favourite, and a mask's strokes are taken back as settings are.
        let keys: Vec<_> = Action::ALL
            .iter()
            .filter(|action| !matches!(action, Action::Pause | Action::Resume | Action::GoOn | Action::LeaveMask))
            .filter(|action| !matches!(action, Action::UndoStroke | Action::RedoStroke))
            .filter_map(|action| action.shortcut())
            .collect();
        for (index, shortcut) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(shortcut), "{shortcut:?}");
        }
    }
}
