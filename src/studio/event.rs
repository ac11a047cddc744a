//! What the studio answers.

use std::path::PathBuf;
use std::sync::Arc;

use image::{GrayImage, RgbaImage};

use super::finish::FinishPlan;
use super::{Canvas, RunId};
use crate::engine::{Progress, TermShare};
use crate::image_io::Picture;
use crate::recipe::{PictureSource, Recipe};

/// Settings that the artist has kept under a name.
#[derive(Debug, Clone)]
pub struct OwnPreset {
    /// Its name, which is also that of its file.
    pub name: String,
    /// The settings, over the bundled pictures and the default size.
    pub settings: Recipe,
    /// What it looked like when it was kept, long side at most [`Favourite::THUMBNAIL_SIDE_PX`].
    pub thumbnail: Option<Arc<RgbaImage>>,
}

/// A kept iteration: one PNG in the library with its recipe inside.
#[derive(Debug, Clone)]
pub struct Favourite {
    /// The PNG.
    pub path: PathBuf,
    /// The recipe that painted it.
    pub recipe: Recipe,
    /// Iteration at which it was kept.
    pub iteration: u32,
    /// A small version for the strip, long side at most [`Favourite::THUMBNAIL_SIDE_PX`].
    pub thumbnail: Arc<RgbaImage>,
    /// Tells the canvas that it was from others, where it was kept in this session; see [`Event::SetAside`].
    pub fingerprint: Option<u64>,
}

impl Favourite {
    /// Long side of a thumbnail, in pixels.
    pub const THUMBNAIL_SIDE_PX: u32 = 256;
}

/// A canvas that is not painted on any more, for the window to hold.
#[derive(Debug, Clone)]
pub struct Aside {
    /// The canvas.
    pub canvas: Canvas,
    /// A small version, as that of a favourite.
    pub thumbnail: Arc<RgbaImage>,
    /// The same as a favourite's that was made of this very canvas.
    pub fingerprint: u64,
}

impl Aside {
    pub(super) fn new(canvas: Canvas) -> Self {
        let picture = Picture::from_rgba(RgbaImage::clone(&canvas.image));
        let thumbnail = Arc::new(picture.thumbnail(Favourite::THUMBNAIL_SIDE_PX));
        Self { thumbnail, fingerprint: canvas.fingerprint(), canvas }
    }
}

/// Long side of the small version of a photo or a style, in pixels: it fills the canvas until there is a painting.
pub const PREVIEW_SIDE_PX: u32 = 1024;

/// What the studio answers. Frames travel in a channel of their own, see [`super::Studio::latest_frame`].
#[derive(Debug, Clone)]
pub enum Event {
    /// A picture is decoded and ready to be painted with.
    PictureLoaded {
        /// Its source.
        source: PictureSource,
        /// Small version, aspect kept, long side at most [`PREVIEW_SIDE_PX`].
        thumbnail: Arc<RgbaImage>,
        /// Full width in pixels.
        width: u32,
        /// Full height in pixels.
        height: u32,
        /// What the artist should know of how it was read, see [`Picture::remark`].
        remark: Option<&'static str>,
    },
    /// A picture that had been decoded before has changed in its file; [`Event::PictureLoaded`] came right before.
    PictureChanged(PictureSource),
    /// A picture could not be decoded.
    PictureFailed {
        /// Its source.
        source: PictureSource,
        /// One sentence: what, where, what to do.
        message: String,
    },
    /// A pasted or dropped picture is now in the library under `source`.
    PictureAdopted {
        /// Name as given with the command.
        name: String,
        /// Where it lives now.
        source: PictureSource,
    },
    /// A painted mask is now in the library under `source`.
    MaskStored {
        /// Ticket as given with the command.
        ticket: u64,
        /// Where it lives now.
        source: PictureSource,
    },
    /// What a fill takes in, for every tolerance at once.
    SpreadReckoned {
        /// Ticket as given with the command.
        ticket: u64,
        /// For each pixel the least tolerance, 0 to 254, at which it is taken in; 255 where none does.
        reach: Arc<GrayImage>,
    },
    /// A painting is prepared and its first iteration is under way.
    Started {
        /// Which painting.
        run: RunId,
        /// The device in plain words.
        device: String,
    },
    /// One iteration is done.
    Progress {
        /// Which painting.
        run: RunId,
        /// What it did.
        progress: Box<Progress>,
    },
    /// What each term adds to the loss and its gradient.
    Shares {
        /// Which painting.
        run: RunId,
        /// Iterations that the canvas has seen.
        iteration: u32,
        /// Content, style and histogram terms from the pixels up, then the drawing and total variation.
        shares: Vec<TermShare>,
    },
    /// The painting went back to an earlier moment of its own.
    WentBack {
        /// Which painting.
        run: RunId,
        /// Iterations that its canvas has seen now.
        iteration: u32,
    },
    /// The painting holds.
    Paused(RunId),
    /// The painting goes on.
    Resumed(RunId),
    /// Every iteration is done.
    Finished(RunId),
    /// The painting broke off.
    Failed {
        /// Which painting.
        run: RunId,
        /// One sentence.
        message: String,
        /// Where the canvas was rescued to, if there was one.
        rescued: Option<PathBuf>,
    },
    /// A painting was abandoned for a new one or stopped, its canvas was stirred or replaced, or the program before this one
    /// ended, whose painting has the number 0; this is what it had come to, in case it is wanted after all.
    SetAside {
        /// Which painting.
        run: RunId,
        /// Its canvas.
        aside: Box<Aside>,
    },
    /// A favourite was kept.
    Kept(Favourite),
    /// The canvas that was asked for, or nothing, and an [`Event::Problem`] said why.
    Taken(Option<Canvas>),
    /// A canvas that is to be finished has its file, or none, and an [`Event::NotKept`] said why.
    KeptToFinish {
        /// Ticket as given with the command.
        ticket: u64,
        /// The file.
        path: Option<PathBuf>,
    },
    /// Something was laid over the canvas.
    Retouched {
        /// Which painting.
        run: RunId,
        /// The name as given with the command.
        name: String,
        /// The canvas from before, if anything was painted on it.
        before: Option<Box<Aside>>,
    },
    /// This very canvas was kept before.
    KeptAlready(Favourite),
    /// A file was written.
    Saved {
        /// The file.
        path: PathBuf,
        /// What is transparent lies over white there, because the format holds no transparency.
        over_white: bool,
    },
    /// A favourite at full size.
    FavouriteOpened {
        /// Its file.
        path: PathBuf,
        /// Its pixels.
        image: Arc<RgbaImage>,
    },
    /// A favourite is gone from the library.
    FavouriteDeleted {
        /// Where it was.
        path: PathBuf,
        /// Where it lies in the trash.
        trashed: PathBuf,
    },
    /// A favourite is back from the trash.
    FavouriteRestored(Favourite),
    /// Favourites that the library has, newest first; more may follow.
    Library(Vec<Favourite>),
    /// The artist's own presets, by name.
    Presets(Vec<OwnPreset>),
    /// A preset was kept.
    PresetSaved(OwnPreset),
    /// A preset is gone, by its name.
    PresetDeleted(String),
    /// What it would take to finish a painting, or in one sentence why that cannot be.
    FinishPlanned {
        /// Ticket as given with the command.
        ticket: u64,
        /// What came of it.
        plan: Result<Box<FinishPlan>, String>,
    },
    /// The weights that the next painting will use, in words.
    WeightsChosen(String),
    /// What is computed on, told once at the start.
    Device {
        /// In plain words.
        name: String,
        /// What may be said about that choice, in a sentence.
        remark: Option<String>,
    },
    /// Something failed or deserves notice, in one sentence.
    Problem(String),
    /// A canvas that was to be kept is none of the favourites: one sentence.
    NotKept(String),
    /// A picture without a file could not be given one.
    NotAdopted {
        /// The name it was handed over with.
        name: String,
        /// One sentence.
        message: String,
    },
}

impl Event {
    /// A canvas that is no longer painted on.
    pub(super) fn set_aside(run: RunId, canvas: Canvas) -> Self {
        Self::SetAside { run, aside: Box::new(Aside::new(canvas)) }
    }
}
