//! What goes into the studio.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use image::{GrayImage, RgbaImage};

use super::{Moment, Unfinished};
use crate::image_io::{Pixels, Rgba16Image};
use crate::recipe::{Depth, PictureSource, Recipe};

/// Identifies one painting, so that events of an abandoned one can be ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// A canvas at rest, with all that is needed to write it.
#[derive(Debug, Clone)]
pub struct Canvas {
    /// The pixels.
    pub image: Arc<RgbaImage>,
    /// The same with 16 bits a channel, if it was taken to be written so deep; see [`Command::SetDepth`].
    pub deep: Option<Arc<Rgba16Image>>,
    /// The recipe in force when it was taken.
    pub recipe: Recipe,
    /// Iterations that it has seen.
    pub iteration: u32,
}

impl Canvas {
    /// The pixels to write, as deep as they are there.
    #[must_use]
    pub fn pixels(&self) -> Pixels<'_> {
        match &self.deep {
            Some(deep) => Pixels::Sixteen(deep),
            None => Pixels::Eight(&self.image),
        }
    }

    /// Tells whether two canvases would make the same file: of the pixels to write, and the recipe.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match &self.deep {
            Some(deep) => (deep.dimensions(), deep.as_raw()).hash(&mut hasher),
            None => (self.image.dimensions(), self.image.as_raw()).hash(&mut hasher),
        }
        format!("{:?}", self.recipe).hash(&mut hasher);
        hasher.finish()
    }
}

/// What the artist asks for.
#[derive(Debug, Clone)]
pub enum Command {
    /// Decode a picture and answer with [`super::Event::PictureLoaded`] or [`super::Event::PictureFailed`].
    LoadPicture(PictureSource),
    /// Decode those of these pictures anew whose files have changed since, and answer with [`super::Event::PictureChanged`].
    LookAgain(Vec<PictureSource>),
    /// Keep a picture that has no file (pasted, or dropped as bytes) in the library and load it from there.
    AdoptPicture {
        /// Name that the artist would recognise.
        name: String,
        /// The pixels.
        image: Arc<RgbaImage>,
    },
    /// Keep a painted mask in the library, so that a recipe can name it, and answer with [`super::Event::MaskStored`].
    StoreMask {
        /// Comes back with the answer.
        ticket: u64,
        /// The mask, white on black.
        mask: Arc<GrayImage>,
    },
    /// Reckon what a fill takes in that starts at a place in a picture, and answer with [`super::Event::SpreadReckoned`].
    ReckonSpread {
        /// Comes back with the answer.
        ticket: u64,
        /// The picture.
        picture: Arc<RgbaImage>,
        /// Column and row.
        from: [u32; 2],
        /// Width and height of the mask that is filled.
        size: (u32, u32),
    },
    /// Write a mask to a file; the extension picks the format.
    SaveMaskAs {
        /// The mask.
        mask: Arc<GrayImage>,
        /// Where to.
        path: PathBuf,
    },
    /// Start a new painting; a running one is abandoned. If another is begun while it is being prepared, nothing is told of
    /// it.
    Paint {
        /// Its identity, chosen by the caller, larger than any before.
        run: RunId,
        /// Its parameters.
        recipe: Box<Recipe>,
    },
    /// Start a new painting where another was left: under its recipe, from its pixels, in the stage that it had reached.
    TakeUp {
        /// Its identity, as for [`Command::Paint`].
        run: RunId,
        /// Where it goes on.
        canvas: Canvas,
    },
    /// Change the running, paused or finished painting: acts between two iterations.
    Revise(Box<Recipe>),
    /// Have the painting follow the pictures of its recipe as they are now in their files, as if they had been revised.
    FollowPictures,
    /// Stir noise into the running, paused or finished painting, between two iterations; a finished one is painted on. The
    /// canvas from before comes back as [`super::Event::SetAside`].
    Stir {
        /// Standard deviation of the noise out of 255, see [`crate::recipe::parameter::STIR`].
        levels: f32,
    },
    /// Go on from this picture in the canvas' place: the running, paused or finished painting, between two iterations. The
    /// canvas from before comes back as [`super::Event::SetAside`], so that one can go back and forth.
    GoOnFrom(Arc<RgbaImage>),
    /// Lay a picture over the canvas where a mask is white, between two iterations, and answer with [`super::Event::Retouched`]. A
    /// finished painting stays finished.
    Retouch {
        /// The picture in words; comes back with the answer.
        name: String,
        /// What is laid over it.
        image: Arc<RgbaImage>,
        /// Where.
        mask: Arc<GrayImage>,
    },
    /// Put the canvas from before the last [`Command::Retouch`] back, unless it was painted on since.
    TakeBackRetouch,
    /// Go back to a moment of this painting, in the stage that it had reached then, under the recipe in force now. The
    /// canvas from before comes back as [`super::Event::SetAside`], and what lies after that moment is forgotten.
    GoBackTo(Moment),
    /// Hold. An iteration that is under way is broken off, and done from its beginning by [`Command::Resume`].
    Pause,
    /// Go on.
    Resume,
    /// Paint a finished painting on.
    GoOn,
    /// Abandon the painting.
    Stop,
    /// Keep the current canvas and its recipe as a favourite.
    Keep,
    /// Answer with the current canvas, in [`super::Event::Taken`].
    Take,
    /// Write the current canvas to a file; the extension picks the format.
    SaveAs(PathBuf),
    /// Keep a canvas that was set aside, see [`super::Event::SetAside`], as a favourite.
    KeepCanvas(Canvas),
    /// The same at the end of the program, unless it is what the next one finds anyway.
    KeepUnlessLast(Canvas),
    /// These settings will be there at the next start: the masks that they name must stay.
    SecureMasks(Box<Recipe>),
    /// [`Command::KeepCanvas`], so that it can be painted on from its file: also answers with [`super::Event::KeptToFinish`].
    KeepToFinish {
        /// Comes back with the answer.
        ticket: u64,
        /// The canvas.
        canvas: Canvas,
    },
    /// Write a canvas that was set aside to a file.
    SaveCanvasAs {
        /// The canvas.
        canvas: Canvas,
        /// Where to; the extension picks the format.
        path: PathBuf,
    },
    /// Write moments of a painting to an animated GIF.
    SaveFilm {
        /// The moments, oldest first.
        moments: Arc<[Moment]>,
        /// Where to.
        path: PathBuf,
        /// Whether it tells below its pictures what was changed in the settings.
        captions: bool,
    },
    /// Write a favourite to another file, as deep as it was kept.
    ExportFavourite {
        /// The favourite's own file.
        from: PathBuf,
        /// Where to.
        to: PathBuf,
    },
    /// Read a favourite at full size and answer with [`super::Event::FavouriteOpened`].
    OpenFavourite(PathBuf),
    /// Move a favourite to the library's own trash folder and answer with [`super::Event::FavouriteDeleted`].
    DeleteFavourite(PathBuf),
    /// Bring a favourite back from there and answer with [`super::Event::FavouriteRestored`].
    RestoreFavourite {
        /// Where it lies in the trash.
        trashed: PathBuf,
        /// Where it was; if that name is taken by now, it gets a number.
        path: PathBuf,
    },
    /// List the library and answer with [`super::Event::Library`].
    ListLibrary,
    /// Find out what each term adds to the loss of the current canvas, and answer with [`super::Event::Shares`]. Takes several
    /// iterations' time; without a painting there is no answer.
    MeasureShares,
    /// Paint these side by side, as sketches to choose from, see [`super::Studio::latest_sketches`]. A running painting waits
    /// until they are all done.
    Sketch {
        /// Comes back with the sketches.
        ticket: u64,
        /// Their recipes.
        recipes: Vec<Recipe>,
    },
    /// Paint no more on the sketches; the painting goes on.
    EndSketches,
    /// Reckon what it would take to finish a painting at a high resolution, and answer with [`super::Event::FinishPlanned`].
    PlanFinish {
        /// Comes back with the answer.
        ticket: u64,
        /// The painting.
        painting: Unfinished,
        /// The recipe that made it.
        recipe: Box<Recipe>,
        /// Long side up to which it is to be taken, in pixels.
        size: u32,
    },
    /// Take canvases with so many bits a channel from now on, whatever becomes of them: favourites, files, what is set
    /// aside. Where a format holds 8 only, 8 are written.
    SetDepth(Depth),
    /// Use other VGG-19 weights from the next painting on; `None` returns to the built-in ones.
    UseWeights(Option<PathBuf>),
    /// Something about the artist's own presets.
    Preset(PresetCommand),
}

impl Command {
    /// Whether the painting there is no longer matters after it, nor one that is just being prepared.
    pub(super) fn is_fresh_start(&self) -> bool {
        matches!(self, Self::Paint { .. } | Self::TakeUp { .. } | Self::Stop)
    }

    /// Whether it is worth breaking an iteration off. What changes the goal is not: a slider that is being dragged would
    /// let no iteration come to its end.
    pub(super) fn is_urgent(&self) -> bool {
        self.is_fresh_start()
            || self.changes_canvas()
            || matches!(self, Self::Pause | Self::Sketch { .. } | Self::Keep | Self::Take | Self::SaveAs(_))
    }

    /// Whether it changes the canvas otherwise than by painting.
    pub(super) fn changes_canvas(&self) -> bool {
        matches!(
            self,
            Self::Stir { .. } | Self::GoOnFrom(_) | Self::GoBackTo(_) | Self::Retouch { .. } | Self::TakeBackRetouch
        )
    }
}

/// What can be done with the artist's own presets.
#[derive(Debug, Clone)]
pub enum PresetCommand {
    /// List them and answer with [`super::Event::Presets`].
    List,
    /// Keep settings under a name, over an older preset of that name, and answer with [`super::Event::PresetSaved`].
    Save {
        /// As the artist typed it; what file systems do not take is replaced.
        name: String,
        /// The settings; its pictures, masks and size are left out.
        settings: Box<Recipe>,
        /// What it looks like.
        picture: Option<Arc<RgbaImage>>,
    },
    /// Remove one, by its name, and answer with [`super::Event::PresetDeleted`].
    Delete(String),
}
