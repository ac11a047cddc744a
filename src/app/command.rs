//! What panels, keys and dialogs can ask of the window: the actions, and everything that carries something with it.

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbaImage;

use super::action::Action;
use super::basis::Basis;
use super::masking::MaskCommand;
use crate::recipe::{Depth, PictureSource, Recipe, StyleSource};
use crate::studio::{Moment, OwnPreset};

/// A place that takes a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The photo.
    Photo,
    /// A style, by its place in the mixture.
    Style(usize),
    /// One more style.
    NewStyle,
    /// The picture that the canvas starts from.
    Start,
}

impl Slot {
    /// Name in the window.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Photo => "Photo",
            Self::Style(_) | Self::NewStyle => "Style",
            Self::Start => "Starting picture",
        }
    }
}

/// What stands on the canvas beside the painting itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exhibit {
    /// A favourite, by its file.
    Favourite(PathBuf),
    /// The canvas that was there before the artist started over.
    Previous,
    /// The painting as it was at an earlier time.
    Moment(Moment),
}

/// Something that a panel asks for. All are collected while the window is drawn and carried out afterwards.
#[derive(Debug, Clone)]
pub enum UiCommand {
    /// An action without parameters.
    Do(Action),
    /// Use these parameters from now on.
    SetRecipe(Box<Recipe>),
    /// Take these settings over and measure them against this preset; pictures, masks and size stay.
    Apply {
        /// The settings.
        settings: Box<Recipe>,
        /// What they start from.
        basis: Box<Basis>,
    },
    /// Ask for a name to keep the settings under.
    NamePreset,
    /// Keep the settings under this name.
    SavePreset(String),
    /// Delete one of the artist's own presets.
    DeletePreset(String),
    /// Keep a preset again that was deleted.
    BringBackPreset(Box<OwnPreset>),
    /// Take a style out of the mixture.
    RemoveStyle(usize),
    /// Put a style back into the mixture.
    BringBackStyle {
        /// Its place.
        index: usize,
        /// The style.
        style: Box<StyleSource>,
    },
    /// Ask for a file for this place.
    Browse(Slot),
    /// Put this picture there.
    Choose(Slot, PictureSource),
    /// Paint these photos one after another.
    BeginSeries(Vec<PathBuf>),
    /// Let the photos go that wait.
    EndSeries,
    /// Put pasted pixels there.
    Adopt(Slot, Arc<RgbaImage>),
    /// Have this picture decoded, because it is about to be shown.
    Want(PictureSource),
    /// Show something else than the painting.
    Show(Exhibit),
    /// Let the painting go on from this, or take it up where it was left.
    GoOnFrom(Exhibit),
    /// Let new paintings start from this, or from the painting's canvas as it is now.
    StartFrom(Option<Exhibit>),
    /// Stir with noise of this standard deviation, out of 255, from now on.
    SetStir(f32),
    /// Let films tell what was changed in the settings, or not.
    SetFilmCaptions(bool),
    /// Keep and save with so many bits a channel from now on.
    SetDepth(Depth),
    /// Restore the recipe of something.
    TakeSettings(Exhibit),
    /// Write something to a file that the artist chooses.
    Save(Exhibit),
    /// Make a favourite of something that is none.
    Keep(Exhibit),
    /// Take the settings of a variation, by its number, or leave them all.
    ChooseVariation(Option<usize>),
    /// Finish something at a high resolution: asks for the size first.
    Finish(Option<Exhibit>),
    /// Reckon with this long side.
    FinishAt(u32),
    /// Paint what was reckoned.
    StartFinish,
    /// Finish nothing after all.
    LeaveFinish,
    /// Move a favourite to the trash.
    Delete(PathBuf),
    /// Bring a favourite back from the trash.
    RestoreFavourite {
        /// Where it lies in the trash.
        trashed: PathBuf,
        /// Where it was.
        path: PathBuf,
    },
    /// Take back what was brushed into the canvas last.
    TakeBackRetouch,
    /// Do what the message of this number offers.
    TakeOffer(u64),
    /// Show a file in the file manager.
    Reveal(PathBuf),
    /// Find out how strongly each term of the loss pulls.
    MeasureShares,
    /// Something about a mask.
    Mask(MaskCommand),
    /// Ask for a weights file.
    BrowseWeights,
    /// Go back to the built-in weights.
    ResetWeights,
    /// A path was typed where there is no file dialog.
    PathTyped(String),
    /// Take a message off the screen.
    Dismiss(u64),
    /// Forget all messages.
    ClearMessages,
}

impl UiCommand {
    /// Whether the canvas as it is seen is taken for something, so that what is being brushed in has to be in it.
    #[must_use]
    pub const fn takes_the_canvas(&self) -> bool {
        match self {
            Self::Do(action) => matches!(
                action,
                Action::Paint
                    | Action::StartOver
                    | Action::CancelFinish
                    | Action::Keep
                    | Action::SaveAs
                    | Action::Finish
                    | Action::Stir
                    | Action::GoOnFromShown
                    | Action::GoOn
            ),
            Self::Finish(_) | Self::StartFinish | Self::GoOnFrom(_) | Self::StartFrom(None) => true,
            _ => false,
        }
    }
}
