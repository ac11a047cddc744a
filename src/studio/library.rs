//! The library on disk: favourites are PNG files with their recipe inside, in one plain folder that is the artist's.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use image::RgbaImage;

use super::last_canvas::{LastCanvasShelf, Left};
use super::masks::MaskShelf;
use super::names::safe_name;
use super::stamp::utc_stamp;
use super::{Canvas, Favourite};
use crate::image_io::{self, PaintingRecord, Picture, PictureError};

/// Digits of the hash in the name of a file that is named after its content.
const HASH_DIGITS: usize = 16;
/// Pasted pictures, which have no file of their own, live in this folder of the library.
const PASTED: &str = "pasted";
/// Painted masks live in this folder of the library.
const MASKS: &str = "masks";
/// The canvas of now is written to this folder of the library.
const LAST_CANVAS: &str = ".last";
/// Deleted favourites are moved to this folder of the library.
const TRASH: &str = ".trash";

/// What can go wrong with the library.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error("the library folder {} cannot be created: {source}; choose a folder that you may write to", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("the library folder {} cannot be read: {source}", path.display())]
    List { path: PathBuf, source: io::Error },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} cannot be moved to the trash: {source}", path.display())]
    Delete { path: PathBuf, source: io::Error },
    #[error("{} cannot be brought back from the trash: {source}", path.display())]
    Restore { path: PathBuf, source: io::Error },
    #[error("{} is back in the library, but it cannot be read as a favourite", path.display())]
    Unreadable { path: PathBuf },
    #[error("{} does not lie in the library, so it was left alone", path.display())]
    Foreign { path: PathBuf },
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// A folder of favourites. Nothing is created before the first write.
pub struct Library {
    folder: PathBuf,
    masks: MaskShelf,
    last_canvas: LastCanvasShelf,
    now: fn() -> SystemTime,
}

impl Library {
    pub fn new(folder: PathBuf) -> Self {
        Self {
            masks: MaskShelf::new(folder.join(MASKS)),
            last_canvas: LastCanvasShelf::new(folder.join(LAST_CANVAS)),
            folder,
            now: SystemTime::now,
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The masks that were painted.
    pub fn masks(&self) -> &MaskShelf {
        &self.masks
    }

    /// The canvas of now, and of programs before this one.
    pub fn last_canvas(&self) -> &LastCanvasShelf {
        &self.last_canvas
    }

    /// The canvas that the last program has left, and whether that crashed. Where several have left one, the older ones
    /// are moved to the favourites.
    pub fn inherit_last_canvas(&self) -> Result<Option<(Canvas, bool)>, LibraryError> {
        let mut left = self.last_canvas.left_behind();
        let newest = left.pop();
        for Left { path, .. } in left {
            let Ok(Some(record)) = image_io::read_record(&path) else { continue };
            let stem = self.stem(record.iteration);
            move_to(&self.folder, &stem, &path).map_err(|source| LibraryError::Write { path: path.clone(), source })?;
            self.last_canvas.forget_lock(&path);
        }
        let Some(newest) = newest else { return Ok(None) };
        Ok(self.last_canvas.inherit(&newest)?.map(|canvas| (canvas, newest.crashed)))
    }

    /// The name of a favourite that is kept now.
    fn stem(&self, iteration: u32) -> String {
        format!("pentimento-{}-i{iteration:04}", utc_stamp((self.now)()))
    }

    /// Writes a canvas and its recipe under a new name; never over another file.
    pub fn keep(&self, canvas: &Canvas) -> Result<Favourite, LibraryError> {
        self.create(&self.folder)?;
        let stem = self.stem(canvas.iteration);
        let path =
            reserve(&self.folder, &stem).map_err(|source| LibraryError::Write { path: self.folder.clone(), source })?;
        let record = PaintingRecord::new(canvas.recipe.clone(), canvas.iteration);
        self.masks.secure(&canvas.recipe);
        if let Err(error) = image_io::save_picture(&path, canvas.pixels(), Some(&record)) {
            // The name was reserved with an empty file, which must not stay behind.
            let _ = fs::remove_file(&path);
            return Err(error.into());
        }
        Ok(favourite(path, record, RgbaImage::clone(&canvas.image)))
    }

    /// Writes a picture that has no file, once however often it is pasted, and says where it lives.
    pub fn adopt(&self, name: &str, image: &RgbaImage) -> Result<PathBuf, LibraryError> {
        let folder = self.folder.join(PASTED);
        let name = safe_name(name).unwrap_or_else(|| PASTED.to_owned());
        let path = folder.join(format!("{name} {}", content_name(image.dimensions(), image.as_raw())));
        if !path.exists() {
            self.create(&folder)?;
            image_io::save_picture(&path, image, None)?;
        }
        Ok(path)
    }

    /// The files that may be favourites, newest first.
    pub fn files(&self) -> Result<Vec<PathBuf>, LibraryError> {
        let unreadable = |source| LibraryError::List { path: self.folder.clone(), source };
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            entries => entries.map_err(unreadable)?,
        };
        let mut found = vec![];
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let is_png = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
            if is_png && path.is_file() {
                let modified = path.metadata().and_then(|data| data.modified()).unwrap_or(UNIX_EPOCH);
                found.push((modified, path));
            }
        }
        // The clock of a file system may be coarse; among files of one tick the names, which begin with a time, decide.
        found.sort();
        Ok(found.into_iter().rev().map(|(_, path)| path).collect())
    }

    /// Moves a favourite into the trash folder, under a name that is free there, and says where it lies.
    pub fn delete(&self, path: &Path) -> Result<PathBuf, LibraryError> {
        let stem = stem_in(&self.folder, path)?;
        let fail = |source| LibraryError::Delete { path: path.to_owned(), source };
        // Looked at first, so that a file that is already gone leaves no empty one in the trash.
        fs::symlink_metadata(path).map_err(fail)?;
        let trash = self.folder.join(TRASH);
        self.create(&trash)?;
        move_to(&trash, &stem, path).map_err(fail)
    }

    /// Brings a favourite back from the trash folder, to where it was or, if that name is taken, beside it.
    pub fn restore(&self, trashed: &Path, path: &Path) -> Result<Favourite, LibraryError> {
        stem_in(&self.folder.join(TRASH), trashed)?;
        let stem = stem_in(&self.folder, path)?;
        let fail = |source| LibraryError::Restore { path: trashed.to_owned(), source };
        fs::symlink_metadata(trashed).map_err(fail)?;
        let place = move_to(&self.folder, &stem, trashed).map_err(fail)?;
        read_favourite(place.clone()).ok_or(LibraryError::Unreadable { path: place })
    }

    fn create(&self, folder: &Path) -> Result<(), LibraryError> {
        fs::create_dir_all(folder).map_err(|source| LibraryError::Create { path: folder.to_owned(), source })
    }
}

/// The name without extension of a file that lies in this very folder.
fn stem_in(folder: &Path, path: &Path) -> Result<String, LibraryError> {
    match (path.parent(), path.file_stem()) {
        (Some(parent), Some(stem)) if parent == folder => Ok(stem.to_string_lossy().into_owned()),
        _ => Err(LibraryError::Foreign { path: path.to_owned() }),
    }
}

/// Moves a picture into a folder under a name that is free there.
fn move_to(folder: &Path, stem: &str, path: &Path) -> io::Result<PathBuf> {
    let place = reserve(folder, stem)?;
    match fs::rename(path, &place) {
        Ok(()) => Ok(place),
        Err(error) => {
            let _ = fs::remove_file(&place);
            Err(error)
        }
    }
}

/// The name of a file that holds these pixels.
pub(super) fn content_name(size: (u32, u32), pixels: &[u8]) -> String {
    // The hash need not be the same in another version of the program: a second copy would be all the harm.
    let mut hasher = DefaultHasher::new();
    (size, pixels).hash(&mut hasher);
    format!("{:0HASH_DIGITS$x}.png", hasher.finish())
}

/// The name under which a picture without a file was pasted, if that is one: the name of its file without the hash.
#[must_use]
pub fn pasted_name(path: &Path) -> Option<&str> {
    if path.parent()?.file_name()? != PASTED {
        return None;
    }
    let (name, hash) = path.file_stem()?.to_str()?.rsplit_once(' ')?;
    let is_hash = hash.len() == HASH_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(name)
}

/// The favourite in this file, if that is one.
pub(super) fn read_favourite(path: PathBuf) -> Option<Favourite> {
    let read = || -> Result<_, PictureError> {
        let Some(record) = image_io::read_record(&path)? else { return Ok(None) };
        Ok(Some((record, Picture::open(&path)?)))
    };
    match read() {
        Ok(Some((record, picture))) => {
            let thumbnail = Arc::new(picture.thumbnail(Favourite::THUMBNAIL_SIDE_PX));
            Some(Favourite { path, recipe: record.recipe, iteration: record.iteration, thumbnail, fingerprint: None })
        }
        Ok(None) => None,
        Err(error) => {
            log::debug!("not a favourite: {error}");
            None
        }
    }
}

fn favourite(path: PathBuf, record: PaintingRecord, image: RgbaImage) -> Favourite {
    let thumbnail = Arc::new(Picture::from_rgba(image).thumbnail(Favourite::THUMBNAIL_SIDE_PX));
    Favourite { path, recipe: record.recipe, iteration: record.iteration, thumbnail, fingerprint: None }
}

/// Creates an empty `stem.png` in the folder, or `stem-2.png`, `stem-3.png` … where that is taken.
///
/// Creating the file is what makes the name ours, even against another studio that works in the same library.
fn reserve(folder: &Path, stem: &str) -> io::Result<PathBuf> {
    let mut path = folder.join(format!("{stem}.png"));
    let mut number = 2;
    loop {
        match File::create_new(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                path = folder.join(format!("{stem}-{number}.png"));
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
