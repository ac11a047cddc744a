//! Painted masks on disk. A recipe names its masks by file, so every stroke becomes one; what nothing has come to name
//! when the program ends is taken away again.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use image::GrayImage;

use super::library::{LibraryError, content_name};
use crate::image_io;
use crate::recipe::{PictureSource, Recipe};

/// A folder of masks, each named after its content.
pub struct MaskShelf {
    folder: PathBuf,
    /// Masks of this session that no file names yet.
    drafts: Mutex<HashSet<PathBuf>>,
}

impl MaskShelf {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, drafts: Mutex::default() }
    }

    /// Writes a mask, once however often it is painted, and says where it lives.
    pub fn store(&self, mask: &GrayImage) -> Result<PathBuf, LibraryError> {
        let path = self.folder.join(content_name(mask.dimensions(), mask.as_raw()));
        if !path.exists() {
            fs::create_dir_all(&self.folder)
                .map_err(|source| LibraryError::Create { path: self.folder.clone(), source })?;
            image_io::save_grey(&path, mask)?;
            self.drafts().insert(path.clone());
        }
        Ok(path)
    }

    /// A file with this recipe inside is about to be written: from now on its masks must stay.
    pub fn secure(&self, recipe: &Recipe) {
        let mut drafts = self.drafts();
        for source in recipe.styles.iter().filter_map(|style| style.mask.as_ref()).chain(&recipe.photo_mask) {
            if let PictureSource::File(path) = source {
                drafts.remove(path);
            }
        }
    }

    /// Takes away what no file has come to name. After a crash it stays, which harms nobody.
    pub fn discard_drafts(&self) {
        for path in self.drafts().drain() {
            // A file that is gone, or will not go, is not worth a message at the end of a session.
            let _ = fs::remove_file(path);
        }
    }

    fn drafts(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        // A set is consistent between any two statements, so a poisoned lock is as good as a clean one.
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_io::Picture;
    use crate::recipe::StyleSource;

    fn mask(grey: u8) -> GrayImage {
        GrayImage::from_pixel(5, 4, image::Luma([grey]))
    }

    #[test]
    fn only_masks_that_a_file_names_outlive_the_session() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = MaskShelf::new(folder.path().join("masks"));
        let [style, photo, draft] = [10, 20, 30].map(|grey| shelf.store(&mask(grey)).unwrap());
        assert_eq!(Picture::open(&style).unwrap().to_rgba().get_pixel(0, 0).0, [10, 10, 10, 255]);
        let source = |path: &PathBuf| Some(PictureSource::File(path.clone()));
        let mut recipe = Recipe { photo_mask: source(&photo), ..Recipe::default() };
        recipe.styles.push(StyleSource { mask: source(&style), ..recipe.styles[0].clone() });
        shelf.secure(&recipe);
        shelf.discard_drafts();
        assert!(style.exists() && photo.exists() && !draft.exists());

        // Painted again in another session, a mask is still what the earlier file names.
        let next = MaskShelf::new(folder.path().join("masks"));
        assert_eq!(next.store(&mask(10)).unwrap(), style);
        next.discard_drafts();
        assert!(style.exists());
    }
}
