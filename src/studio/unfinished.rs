//! The canvas of now, written from time to time, so that a crash or a power cut costs minutes and not a night. A program
//! that ends as it should takes its own away again; what another has left behind is moved to the favourites.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::Canvas;
use super::library::LibraryError;
use crate::image_io::{self, PaintingRecord};

/// A folder of such canvases, one for each program that paints, beside a file that the program keeps locked: nobody else
/// then takes its canvas for one that was left behind.
pub struct UnfinishedShelf {
    folder: PathBuf,
    own: Mutex<Option<Own>>,
}

struct Own {
    picture: PathBuf,
    /// Locked as long as it is open, whatever the program's end.
    lock: File,
}

impl UnfinishedShelf {
    /// Nothing is created before the first write.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, own: Mutex::default() }
    }

    /// Writes a canvas over the last one.
    pub fn write(&self, canvas: &Canvas) -> Result<(), LibraryError> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.is_none() {
            *own = Some(self.claim()?);
        }
        let Some(own) = own.as_ref() else { return Ok(()) };
        let record = PaintingRecord::new(canvas.recipe.clone(), canvas.iteration);
        Ok(image_io::save_picture(&own.picture, canvas.pixels(), Some(&record))?)
    }

    /// Takes the own canvas away, since the program ends as it should.
    pub fn clear(&self) {
        if let Some(own) = self.own.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // What will not go is found by the next program, which is no harm.
            let _ = fs::remove_file(&own.picture);
            drop(own.lock);
            let _ = fs::remove_file(own.picture.with_extension(LOCK));
            // Goes only if nobody else has anything in it.
            let _ = fs::remove_dir(&self.folder);
        }
    }

    /// Canvases of programs that are no more.
    pub fn left_behind(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let pictures = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let pictures = pictures.filter(|path| path.extension().is_some_and(|extension| extension == PICTURE));
        pictures.filter(|path| is_free(&path.with_extension(LOCK))).collect()
    }

    /// A canvas from there has been taken.
    pub fn forget(&self, picture: &Path) {
        let _ = fs::remove_file(picture.with_extension(LOCK));
    }

    /// A name that nobody has, and its lock.
    fn claim(&self) -> Result<Own, LibraryError> {
        fs::create_dir_all(&self.folder)
            .map_err(|source| LibraryError::Create { path: self.folder.clone(), source })?;
        let mut number = std::process::id();
        loop {
            let path = self.folder.join(format!("{number}.{LOCK}"));
            match File::create_new(&path) {
                Ok(lock) => {
                    // Where a file system has no locks, two programs at once may take each other's for left behind.
                    if let Err(error) = lock.try_lock() {
                        log::debug!("{} is not locked: {error}", path.display());
                    }
                    return Ok(Own { picture: path.with_extension(PICTURE), lock });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number = number.wrapping_add(1),
                Err(source) => return Err(LibraryError::Write { path, source }),
            }
        }
    }
}

const PICTURE: &str = "png";
const LOCK: &str = "lock";

/// Whether nobody holds this lock.
fn is_free(lock: &Path) -> bool {
    match File::open(lock) {
        Ok(file) => file.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::{Rgba, RgbaImage};

    use super::*;
    use crate::image_io::read_record;
    use crate::recipe::Recipe;

    fn canvas(iteration: u32) -> Canvas {
        let image = Arc::new(RgbaImage::from_pixel(6, 4, Rgba([iteration as u8, 0, 0, 255])));
        Canvas { image, deep: None, recipe: Recipe::default(), iteration }
    }

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn what_a_program_leaves_behind_is_found_once_it_is_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = |_| UnfinishedShelf::new(folder.path().join("unfinished"));
        let [first, second, third] = [1, 2, 3].map(shelf);
        assert!(first.left_behind().is_empty(), "there is not even a folder");
        first.write(&canvas(3)).unwrap();
        first.write(&canvas(5)).unwrap();
        second.write(&canvas(8)).unwrap();
        assert_eq!(names(&first.folder), 4, "one canvas and one lock each");
        assert!(third.left_behind().is_empty(), "both are still painting");

        // The end of a program closes its files, and nothing else.
        drop(first);
        let found = third.left_behind();
        assert_eq!(found.len(), 1);
        assert_eq!(read_record(&found[0]).unwrap().unwrap().iteration, 5);
        fs::remove_file(&found[0]).unwrap();
        third.forget(&found[0]);
        second.clear();
        assert!(!third.folder.exists(), "nothing is left, not even the folder");
    }
}
