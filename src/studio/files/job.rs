//! What there is to do for the file thread.

use std::path::PathBuf;
use std::sync::Arc;

use image::{GrayImage, RgbaImage};

use crate::recipe::{PictureSource, Recipe};
use crate::studio::{Canvas, Moment, PresetCommand};

/// One piece of work.
pub enum FileJob {
    Load(PictureSource),
    LookAgain(Vec<PictureSource>),
    Adopt {
        name: String,
        image: Arc<RgbaImage>,
    },
    StoreMask {
        ticket: u64,
        mask: Arc<GrayImage>,
    },
    /// No file is in it, but this thread is the one that is idle while a mask is painted.
    ReckonSpread {
        ticket: u64,
        picture: Arc<RgbaImage>,
        from: [u32; 2],
        size: (u32, u32),
    },
    SaveMask {
        mask: Arc<GrayImage>,
        path: PathBuf,
    },
    Keep(Canvas),
    KeepUnlessLast(Canvas),
    SecureMasks(Box<Recipe>),
    KeepToFinish {
        ticket: u64,
        canvas: Canvas,
    },
    /// Writes the canvas of now, for the next program.
    Secure(Canvas),
    SaveAs {
        path: PathBuf,
        canvas: Canvas,
    },
    SaveFilm {
        moments: Arc<[Moment]>,
        path: PathBuf,
        captions: bool,
    },
    Export {
        from: PathBuf,
        to: PathBuf,
    },
    Open(PathBuf),
    Delete(PathBuf),
    Restore {
        trashed: PathBuf,
        path: PathBuf,
    },
    List,
    Preset(PresetCommand),
}

impl FileJob {
    /// Whether nothing is lost when the program ends before it is done.
    pub fn is_only_looked_at(&self) -> bool {
        matches!(self, Self::Load(_) | Self::LookAgain(_) | Self::Open(_) | Self::ReckonSpread { .. })
    }
}
