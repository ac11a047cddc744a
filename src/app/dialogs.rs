//! What files are asked for, and what the system's dialogs answer.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::command::{Exhibit, Slot};
use crate::image_io::FILM_EXTENSION;
use crate::studio::Moment;

/// What a path is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A picture for this place.
    Picture(Slot),
    /// A file for the painting as it stands.
    SavePainting,
    /// A file for something else that is looked at.
    SaveExhibit(Exhibit),
    /// A file for the course of the painting.
    SaveFilm(Arc<[Moment]>),
    /// A picture for the mask that is painted.
    OpenMask,
    /// A file for that mask.
    SaveMask,
    /// VGG-19 weights.
    Weights,
}

impl Purpose {
    /// Title of the dialog.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Picture(Slot::Photo) => "Open photo",
            Self::Picture(Slot::Style(_)) => "Open style",
            Self::Picture(Slot::NewStyle) => "Add a style",
            Self::Picture(Slot::Start) => "Open starting picture",
            Self::SavePainting | Self::SaveExhibit(_) => "Save picture as",
            Self::SaveFilm(_) => "Save film as",
            Self::OpenMask => "Open mask",
            Self::SaveMask => "Save mask as",
            Self::Weights => "Open VGG-19 weights",
        }
    }

    /// Whether a file is to be written.
    #[must_use]
    pub fn is_saving(&self) -> bool {
        matches!(self, Self::SavePainting | Self::SaveExhibit(_) | Self::SaveFilm(_) | Self::SaveMask)
    }

    /// Whether a picture is to be read.
    #[must_use]
    pub fn is_picture(&self) -> bool {
        matches!(self, Self::Picture(_) | Self::OpenMask)
    }

    pub(super) fn filters(&self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Picture(_) | Self::OpenMask => {
                &[("Pictures", &["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif"]), ("All files", &["*"])]
            }
            Self::SavePainting | Self::SaveExhibit(_) | Self::SaveMask => {
                &[("PNG", &["png"]), ("JPEG", &["jpg", "jpeg"]), ("WebP", &["webp"]), ("TIFF", &["tif", "tiff"])]
            }
            Self::SaveFilm(_) => &[("GIF", &[FILM_EXTENSION])],
            Self::Weights => &[("VGG-19 weights", &["safetensors", "pth"]), ("All files", &["*"])],
        }
    }
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A path.
    Chosen(PathBuf),
    /// Several, where photos were asked for.
    Several(Vec<PathBuf>),
    /// The artist has thought better of it.
    Cancelled,
    /// There is no file dialog on this system.
    Unavailable,
}

/// How often the dialog crate has logged that it found no dialog to show. It answers `None` then, and
/// `None` as well when the artist cancels; only its log tells the two apart.
static MISSING_DIALOGS: AtomicUsize = AtomicUsize::new(0);

struct DialogWatch;

impl log::Log for DialogWatch {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() == log::Level::Error && metadata.target().starts_with("rfd")
    }

    fn log(&self, record: &log::Record<'_>) {
        // The portal's failure is no loss as long as zenity, the second and last resort, answers.
        if self.enabled(record.metadata()) && record.args().to_string().contains("zenity") {
            MISSING_DIALOGS.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

/// How many dialogs have been missing so far.
pub fn missing_dialogs() -> usize {
    MISSING_DIALOGS.load(Ordering::Relaxed)
}

/// Begins to notice missing dialogs.
pub fn watch_for_missing_dialogs() {
    // Another logger may be there already; a missing dialog then looks like Cancel, and dropping files still works.
    if log::set_logger(&DialogWatch).is_ok() {
        log::set_max_level(log::LevelFilter::Error);
    }
}

#[cfg(test)]
mod tests {
    use log::Log;

    use super::*;

    #[test]
    fn only_the_last_resort_of_the_dialog_crate_counts() {
        let before = missing_dialogs();
        let record = |level, target, text: &str| {
            DialogWatch.log(&log::Record::builder().level(level).target(target).args(format_args!("{text}")).build());
        };
        record(log::Level::Error, "winit::window", "no zenity");
        record(log::Level::Warn, "rfd::backend", "Using zenity fallback");
        record(log::Level::Error, "rfd::backend", "Failed to connect to session bus");
        assert_eq!(missing_dialogs(), before);
        record(log::Level::Error, "rfd::backend", "Failed to pick file with zenity: not found");
        assert_eq!(missing_dialogs(), before + 1);
    }
}
