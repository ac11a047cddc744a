//! Label, tooltip, icon and shortcut of every action.

use egui::{Key, KeyboardShortcut, Modifiers};
use egui_material_icons::{MaterialIcon, icons};

use super::Action;

/// What is written about an action.
pub(super) struct Words {
    pub(super) label: &'static str,
    pub(super) tooltip: &'static str,
    pub(super) icon: MaterialIcon,
    pub(super) shortcut: Option<KeyboardShortcut>,
}

const fn key(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::NONE, key))
}

const fn command(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::COMMAND, key))
}

const fn shifted_command(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key))
}

impl Action {
    pub(super) fn words(self) -> Words {
        let (label, tooltip, icon, shortcut) = match self {
            Self::Paint => ("Paint", "Start painting", icons::ICON_BRUSH, key(Key::Space)),
            Self::Pause => ("Pause", "Hold the painting where it is", icons::ICON_PAUSE, key(Key::Space)),
            Self::Resume => ("Resume", "Go on painting", icons::ICON_PLAY_ARROW, key(Key::Space)),
            Self::StartOver => (
                "Start over",
                "Begin again with these settings; the canvas moves to Previous, beside the favourites",
                icons::ICON_RESTART_ALT,
                command(Key::R),
            ),
            Self::Keep => (
                "Keep",
                "Keep this iteration as a favourite, together with its settings",
                icons::ICON_FAVORITE,
                key(Key::K),
            ),
            Self::SaveAs => (
                "Save as",
                "Write the shown picture to a PNG, JPEG, WebP or TIFF file",
                icons::ICON_SAVE,
                command(Key::S),
            ),
            Self::SaveFilm => {
                ("Save as film", "Write how the painting came about to an animated GIF", icons::ICON_MOVIE, None)
            }
            Self::Variations => (
                "Variations",
                "See small paintings under other settings side by side, and take those that please",
                icons::ICON_APPS,
                key(Key::V),
            ),
            Self::Stir => (
                "Stir",
                "Add noise to the canvas, to shake it out of a place where it is stuck; the canvas from before moves to Previous, beside the favourites",
                icons::ICON_BLUR_ON,
                key(Key::S),
            ),
            Self::CancelFinish => (
                "Cancel finish",
                "Go back to the painting as it was before Finish; what has come of it so far moves to Previous, beside the favourites",
                icons::ICON_CANCEL,
                None,
            ),
            Self::Finish => (
                "Finish",
                "Paint this picture at a high resolution, with the look it has",
                icons::ICON_HIGH_QUALITY,
                command(Key::F),
            ),
            Self::OpenPhoto => ("Open photo", "Choose a photo from a file", icons::ICON_FOLDER_OPEN, command(Key::O)),
            Self::OpenStyle => {
                ("Open style", "Choose a style picture from a file", icons::ICON_FOLDER_OPEN, shifted_command(Key::O))
            }
            Self::Fit => ("Fit", "Fit the picture into the window", icons::ICON_FIT_SCREEN, key(Key::F)),
            Self::ActualPixels => {
                ("1:1", "One pixel of the picture on one pixel of the screen", icons::ICON_CROP_FREE, key(Key::Num1))
            }
            Self::Compare => ("Compare", "Hold to see the photo", icons::ICON_COMPARE, key(Key::C)),
            Self::Part => (
                "Divide",
                "Draw a line across the canvas: the photo on its left, the painting on its right; drag it. \
                 A favourite or an earlier moment stands beside the painting of now",
                icons::ICON_SPLITSCREEN_LEFT,
                key(Key::D),
            ),
            Self::Copy => ("Copy", "Put the shown picture on the clipboard", icons::ICON_CONTENT_COPY, command(Key::C)),
            Self::BackToPainting => {
                ("Back", "Leave this picture and go back to the painting", icons::ICON_ARROW_BACK, key(Key::Escape))
            }
            Self::EarlierMoment => (
                "Earlier moment",
                "Look at the painting as it was a little earlier",
                icons::ICON_CHEVRON_LEFT,
                key(Key::ArrowLeft),
            ),
            Self::LaterMoment => (
                "Later moment",
                "Look at the painting as it was a little later, at last as it is now",
                icons::ICON_CHEVRON_RIGHT,
                key(Key::ArrowRight),
            ),
            Self::TakeSettings => (
                "Take its settings",
                "Set every control, and the pictures, as they were for this picture; a running painting goes on with them",
                icons::ICON_TUNE,
                key(Key::T),
            ),
            Self::GoOnFromShown => (
                "Paint on from it",
                "The painting goes on from this picture, under the settings as they are now; its canvas moves to Previous. \
                 An earlier moment is gone back to as it was, small canvas and all. \
                 Without a painting, this one is taken up where it was left, with its settings",
                icons::ICON_FORMAT_PAINT,
                key(Key::P),
            ),
            Self::GoOn => (
                "Paint on",
                "Go on with the finished painting, once more for as long as its last stage; Start over begins anew",
                icons::ICON_PLAY_ARROW,
                key(Key::Space),
            ),
            Self::BrushIn => (
                "Brush in",
                "Bring parts of this picture into the painting with a soft brush; the rest of it stays as it is",
                icons::ICON_STYLUS_BRUSH,
                key(Key::H),
            ),
            Self::DeleteShown => {
                ("Delete", "Move this favourite to the library's trash folder", icons::ICON_DELETE, key(Key::Delete))
            }
            Self::Redo => (
                "Redo change",
                "Do again what was taken back of the settings",
                icons::ICON_REDO,
                shifted_command(Key::Z),
            ),
            Self::Undo => (
                "Undo change",
                "Take back what was changed last, settings, pictures or masks, and a running painting goes on with what was before; or bring back what was deleted last",
                icons::ICON_UNDO,
                command(Key::Z),
            ),
            Self::RedoStroke => {
                ("Redo stroke", "Put the mask's last stroke back", icons::ICON_REDO, shifted_command(Key::Z))
            }
            Self::UndoStroke => ("Undo stroke", "Take the mask's last stroke away", icons::ICON_UNDO, command(Key::Z)),
            Self::ToggleEraser => (
                "Eraser",
                "Erase the mask instead of painting it; the right button always erases",
                icons::ICON_INK_ERASER,
                key(Key::E),
            ),
            Self::ToggleFill => (
                "Fill",
                "Fill what is alike in the photo instead of painting strokes: press on it, and drag to the right for more or to the left for less",
                icons::ICON_FORMAT_COLOR_FILL,
                key(Key::G),
            ),
            Self::SmallerBrush => {
                ("Smaller brush", "Make the brush smaller, or the next fill", icons::ICON_REMOVE, key(Key::OpenBracket))
            }
            Self::LargerBrush => {
                ("Larger brush", "Make the brush larger, or the next fill", icons::ICON_ADD, key(Key::CloseBracket))
            }
            Self::InvertMask => {
                ("Invert mask", "Exchange what is painted and what is not", icons::ICON_INVERT_COLORS, key(Key::I))
            }
            Self::ClearMask => (
                "Clear mask",
                "Take the mask away: the style acts everywhere again, or the photo stays nowhere",
                icons::ICON_LAYERS_CLEAR,
                None,
            ),
            Self::OpenMask => {
                ("Load mask", "Read the mask from a picture file: white acts", icons::ICON_FOLDER_OPEN, None)
            }
            Self::SaveMask => ("Save mask", "Write the mask to a grey picture file", icons::ICON_SAVE, None),
            Self::LeaveMask => ("Done", "Stop painting the mask", icons::ICON_CHECK, key(Key::Escape)),
            Self::ToggleFavourites => {
                ("Favourites", "Show or hide the favourites", icons::ICON_PHOTO_LIBRARY, key(Key::B))
            }
            Self::ToggleCurve => ("Loss curve", "Show or hide the loss curve", icons::ICON_SHOW_CHART, key(Key::L)),
            Self::ToggleMessages => ("Messages", "Show what was reported", icons::ICON_NOTIFICATIONS, key(Key::M)),
            Self::ToggleShortcuts => ("Keyboard shortcuts", "List every key", icons::ICON_KEYBOARD, key(Key::F1)),
            Self::ToggleAbout => ("About Pentimento", "What this is, and whose work is in it", icons::ICON_INFO, None),
            Self::OpenLibrary => {
                ("Open folder", "Show the favourites in the file manager", icons::ICON_FOLDER_OPEN, None)
            }
        };
        Words { label, tooltip, icon, shortcut }
    }
}
