//! The canvas of now, written from time to time and at the end, so that a crash, a power cut or a window that was closed too
//! early costs a minute at most: the next program finds it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use super::Canvas;
use super::library::LibraryError;
use crate::image_io::{self, PaintingRecord, Picture, PictureError};

const PICTURE: &str = "png";
const LOCK: &str = "lock";

/// A folder of such canvases, one for each program that paints.
///
/// Beside its canvas a program keeps a file locked; the system opens the lock whatever the program's end. One that ends as
/// it should takes the file away.
pub struct LastCanvasShelf {
    folder: PathBuf,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    own: Option<Own>,
    /// What an earlier program has left and its iteration, until there is something newer that is worth as much.
    inherited: Option<(PathBuf, u32)>,
}

struct Own {
    picture: PathBuf,
    lock: File,
    /// Of what was written last.
    iteration: u32,
    /// The same as a favourite's that was made of it.
    fingerprint: Option<u64>,
}

impl Held {
    /// Takes away what was inherited, unless that had got twice as far as what has been written since.
    fn part_with_inherited(&mut self) {
        let Some(own) = &self.own else { return };
        if let Some((older, _)) = self.inherited.take_if(|(_, iteration)| *iteration / 2 <= own.iteration) {
            let _ = fs::remove_file(older);
        }
    }
}

/// A canvas whose program is no more.
#[derive(Debug, PartialEq)]
pub struct Left {
    /// The picture.
    pub path: PathBuf,
    /// The program did not end as it should.
    pub crashed: bool,
}

impl LastCanvasShelf {
    /// Nothing is created before the first write.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, held: Mutex::default() }
    }

    /// Writes a canvas over the last one.
    pub fn write(&self, canvas: &Canvas) -> Result<(), LibraryError> {
        let mut held = self.held();
        let picture = match &held.own {
            Some(own) => own.picture.clone(),
            None => held.own.insert(self.claim()?).picture.clone(),
        };
        let record = PaintingRecord::new(canvas.recipe.clone(), canvas.iteration);
        image_io::save_picture(&picture, canvas.pixels(), Some(&record))?;
        if let Some(own) = &mut held.own {
            (own.iteration, own.fingerprint) = (canvas.iteration, Some(canvas.fingerprint()));
        }
        held.part_with_inherited();
        Ok(())
    }

    /// Whether what was written last was this canvas.
    pub fn holds(&self, canvas: &Canvas) -> bool {
        self.held().own.as_ref().is_some_and(|own| own.fingerprint == Some(canvas.fingerprint()))
    }

    /// The program ends as it should.
    pub fn leave(&self) {
        if let Some(own) = self.held().own.take() {
            drop(own.lock);
            let _ = fs::remove_file(own.picture.with_extension(LOCK));
        }
    }

    /// What programs that are no more have left, the newest last.
    pub fn left_behind(&self) -> Vec<Left> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let pictures = paths.filter(|path| path.extension().is_some_and(|extension| extension == PICTURE));
        let mut left: Vec<_> = pictures
            .filter_map(|path| {
                let crashed = match File::open(path.with_extension(LOCK)) {
                    // Where a file system has no locks, nobody knows better than that it was left.
                    Ok(lock) => (!matches!(lock.try_lock(), Err(TryLockError::WouldBlock))).then_some(true)?,
                    Err(error) => (error.kind() == io::ErrorKind::NotFound).then_some(false)?,
                };
                let written = path.metadata().and_then(|data| data.modified()).unwrap_or(UNIX_EPOCH);
                Some((written, Left { path, crashed }))
            })
            .collect();
        left.sort_by(|(one, left), (other, right)| (one, &left.path).cmp(&(other, &right.path)));
        left.into_iter().map(|(_, left)| left).collect()
    }

    /// Reads one of them, which from now on is this program's to show, until it has written a newer one.
    pub fn inherit(&self, left: &Left) -> Result<Option<Canvas>, PictureError> {
        let Some(record) = image_io::read_record(&left.path)? else { return Ok(None) };
        let picture = Picture::open(&left.path)?;
        let (image, deep) = (picture.to_rgba().into(), picture.to_rgba16().map(Into::into));
        self.forget_lock(&left.path);
        let mut held = self.held();
        held.inherited = Some((left.path.clone(), record.iteration));
        // Painting may have been quicker than looking.
        held.part_with_inherited();
        Ok(Some(Canvas { image, deep, recipe: record.recipe, iteration: record.iteration }))
    }

    /// Takes the lock of a picture away that is no longer there, or no longer news.
    pub fn forget_lock(&self, picture: &Path) {
        let _ = fs::remove_file(picture.with_extension(LOCK));
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Two paths are consistent between any two statements, so a poisoned lock is as good as a clean one.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name that nobody has, and its lock.
    fn claim(&self) -> Result<Own, LibraryError> {
        fs::create_dir_all(&self.folder)
            .map_err(|source| LibraryError::Create { path: self.folder.clone(), source })?;
        let mut number = std::process::id();
        loop {
            let path = self.folder.join(format!("{number}.{LOCK}"));
            let picture = path.with_extension(PICTURE);
            match File::create_new(&path) {
                Ok(_) if picture.exists() => self.forget_lock(&picture),
                Ok(lock) => {
                    // Where a file system has no locks, two programs at once may take each other's for left behind.
                    if let Err(error) = lock.try_lock() {
                        log::debug!("{} is not locked: {error}", path.display());
                    }
                    return Ok(Own { picture, lock, iteration: 0, fingerprint: None });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(LibraryError::Write { path, source }),
            }
            number = number.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::{Rgba, RgbaImage};

    use super::*;
    use crate::image_io::Rgba16Image;
    use crate::recipe::Recipe;

    fn canvas(iteration: u32) -> Canvas {
        let image = Arc::new(RgbaImage::from_pixel(6, 4, Rgba([iteration as u8, 0, 0, 255])));
        Canvas { image, deep: None, recipe: Recipe::default(), iteration }
    }

    #[test]
    fn what_a_program_leaves_is_found_once_it_is_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = |_| LastCanvasShelf::new(folder.path().join("last"));
        let [first, second, third] = [1, 2, 3].map(shelf);
        assert!(first.left_behind().is_empty(), "there is not even a folder");
        first.write(&canvas(3)).unwrap();
        first.write(&canvas(5)).unwrap();
        let deep = Rgba16Image::from_pixel(6, 4, Rgba([500, 600, 700, 65535]));
        second.write(&Canvas { deep: Some(Arc::new(deep.clone())), ..canvas(8) }).unwrap();
        let names = || fs::read_dir(folder.path().join("last")).unwrap().count();
        assert_eq!(names(), 4, "one canvas and one lock each");
        assert!(third.left_behind().is_empty(), "both are still painting");

        // The end of a program closes its files, and nothing else.
        drop(first);
        let left = third.left_behind();
        let [Left { crashed: true, .. }] = left[..] else { panic!("{left:?}") };
        second.leave();
        assert_eq!(third.left_behind().iter().filter(|left| left.crashed).count(), 1);
        let good = third.left_behind().into_iter().find(|left| !left.crashed).unwrap();
        let found = third.inherit(&good).unwrap().unwrap();
        assert_eq!((found.iteration, &found.recipe), (8, &Recipe::default()));
        assert_eq!(*found.deep.unwrap(), deep);

        // It stays until there is a newer one that is worth as much, and no name is taken twice.
        assert_eq!(third.left_behind().len(), 2);
        third.write(&canvas(3)).unwrap();
        assert_eq!(third.left_behind().len(), 2);
        third.write(&canvas(9)).unwrap();
        assert_eq!(third.left_behind(), left);

        // Or none at all, where there was a newer one before it was looked for.
        let [left] = &left[..] else { panic!("{left:?}") };
        assert_eq!(third.inherit(left).unwrap().unwrap().iteration, 5);
        assert_eq!(third.left_behind(), []);
    }
}
