//! The pictures in use, decoded once and shared by both threads.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};
use std::time::SystemTime;

use crate::engine::{Job, Masks};
use crate::image_io::{Picture, PictureError};
use crate::recipe::{Init, PictureSource, Recipe};

/// Decoded pictures that are kept, the most recently used first: photo, styles and masks of any usual painting at once.
const CAPACITY: usize = 16;
/// Pixels that are kept of them, some 400 MB of eight bits: a series of large photos must not take the memory that they are painted in.
const CAPACITY_PIXELS: u64 = 128 << 20;

/// A bounded cache of decoded pictures.
///
/// Each entry has its own lock, so that a picture that is being decoded makes only those wait who want that picture,
/// and nobody decodes it twice.
#[derive(Default)]
pub struct PictureCache {
    entries: Mutex<Vec<Entry>>,
    /// What had to make room, and may still be in the hands of a painting: to that, another copy would be another picture.
    lent: Mutex<Vec<Lent>>,
}

struct Lent {
    source: PictureSource,
    version: Option<Version>,
    picture: Weak<Picture>,
}

struct Entry {
    source: PictureSource,
    version: Option<Version>,
    picture: Arc<Mutex<Option<Arc<Picture>>>>,
}

impl Entry {
    /// Of the picture, once it is decoded.
    fn pixels(&self) -> u64 {
        let Ok(picture) = self.picture.try_lock() else { return 0 };
        picture.as_ref().map_or(0, |picture| u64::from(picture.width()) * u64::from(picture.height()))
    }
}

/// How many of the entries there is room for; the first, which is wanted now, in any case.
fn worth_keeping(entries: &[Entry], capacity_pixels: u64) -> usize {
    let mut pixels = 0;
    let fits = |entry: &&Entry| {
        pixels += entry.pixels();
        pixels <= capacity_pixels
    };
    entries.iter().take(CAPACITY).take_while(fits).count().max(1)
}

/// Tells an edited file from the one that was decoded.
#[derive(PartialEq, Clone, Copy)]
pub struct Version {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl PictureCache {
    /// The picture, decoded now if it is not there yet or if its file has changed since.
    pub fn get(&self, source: &PictureSource) -> Result<Arc<Picture>, PictureError> {
        let slot = self.slot(source);
        let mut picture = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(picture) = &*picture {
            return Ok(Arc::clone(picture));
        }
        let decoded = Arc::new(Picture::load(source)?);
        *picture = Some(Arc::clone(&decoded));
        Ok(decoded)
    }

    /// The pixels of every picture that the recipe names.
    pub fn job(&self, recipe: &Recipe) -> Result<Job, PictureError> {
        let content = self.get(&recipe.content)?;
        let styles = recipe.styles.iter().map(|style| self.get(&style.picture)).collect::<Result<_, _>>()?;
        let init = match &recipe.init {
            Init::Picture(source) => Some(self.get(source)?),
            Init::Content | Init::Style | Init::Noise => None,
        };
        let masks = Masks::read(recipe, |source| self.get(source))?;
        Ok(Job { recipe: recipe.clone(), content, styles, init, masks })
    }

    /// The place for `source`, moved to the front; an empty one if there is none, or none of the file as it is now.
    fn slot(&self, source: &PictureSource) -> Arc<Mutex<Option<Arc<Picture>>>> {
        let version = version(source);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let known = entries.iter().position(|entry| entry.source == *source).map(|index| entries.remove(index));
        // A file that has gone is what it was: a painting of it can still be steered.
        let is_current = |known: Option<Version>| version.is_none() || known == version;
        let entry = match known {
            Some(entry) if is_current(entry.version) => entry,
            _ => Entry {
                source: source.clone(),
                version,
                picture: Arc::new(Mutex::new(self.take_back(source, is_current))),
            },
        };
        let slot = Arc::clone(&entry.picture);
        entries.insert(0, entry);
        let keep = worth_keeping(&entries, CAPACITY_PIXELS);
        entries.drain(keep..).for_each(|entry| self.lend(entry));
        slot
    }

    /// Lets a picture go, but for who holds it.
    fn lend(&self, entry: Entry) {
        let Entry { source, version, picture: slot } = entry;
        let picture = match slot.try_lock() {
            Ok(picture) => picture.as_ref().map(Arc::downgrade),
            Err(TryLockError::Poisoned(picture)) => picture.into_inner().as_ref().map(Arc::downgrade),
            // It is being decoded, so nobody paints it yet.
            Err(TryLockError::WouldBlock) => None,
        };
        drop(slot);
        let is_held = |picture: &Weak<Picture>| picture.strong_count() > 0;
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        lent.retain(|lent| is_held(&lent.picture) && lent.source != source);
        lent.extend(picture.filter(is_held).map(|picture| Lent { source, version, picture }));
    }

    fn take_back(&self, source: &PictureSource, is_current: impl Fn(Option<Version>) -> bool) -> Option<Arc<Picture>> {
        let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let found = lent.iter().find(|lent| lent.source == *source && is_current(lent.version))?;
        found.picture.upgrade()
    }
}

pub fn version(source: &PictureSource) -> Option<Version> {
    match source {
        PictureSource::Sample(_) => None,
        PictureSource::File(path) => {
            fs::metadata(path).ok().map(|data| Version { modified: data.modified().ok(), bytes: data.len() })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use image::{Rgba, RgbaImage};

    use super::*;

    fn write(folder: &tempfile::TempDir, name: &str, side: u32) -> PictureSource {
        let path: PathBuf = folder.path().join(name);
        RgbaImage::from_pixel(side, side, Rgba([9, 9, 9, 255])).save(&path).unwrap();
        PictureSource::File(path)
    }

    #[test]
    fn a_picture_is_read_again_when_its_file_changes_but_not_when_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, source) = (PictureCache::default(), write(&folder, "photo.png", 4));
        let first = cache.get(&source).unwrap();
        assert!(Arc::ptr_eq(&first, &cache.get(&source).unwrap()));
        write(&folder, "photo.png", 40);
        let second = cache.get(&source).unwrap();
        assert_eq!(second.width(), 40);
        let PictureSource::File(path) = &source else { panic!() };
        std::fs::remove_file(path).unwrap();
        assert!(Arc::ptr_eq(&second, &cache.get(&source).unwrap()), "what is painted can still be steered");
        assert!(cache.get(&PictureSource::File("never there.png".into())).is_err());
    }

    #[test]
    fn large_pictures_make_room_sooner() {
        let large = |side: u32| {
            let picture = Picture::from_grey(&image::GrayImage::new(side, side));
            let picture = Arc::new(Mutex::new(Some(Arc::new(picture))));
            Entry { source: PictureSource::Sample(String::new()), version: None, picture }
        };
        let entries = |sides: &[u32]| sides.iter().map(|side| large(*side)).collect::<Vec<_>>();
        assert_eq!(worth_keeping(&entries(&[1; 20]), 100), CAPACITY);
        assert_eq!(worth_keeping(&entries(&[8, 2, 8, 2, 2]), 100), 2);
        assert_eq!(worth_keeping(&entries(&[16, 1]), 100), 1, "what is wanted now");
    }

    #[test]
    fn what_a_painting_holds_stays_the_same_picture_however_many_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, photo) = (PictureCache::default(), write(&folder, "photo.png", 4));
        let held = cache.get(&photo).unwrap();
        let look = |round: usize| {
            for index in 0..2 * CAPACITY {
                cache.get(&write(&folder, &format!("{round}-{index}.png"), 2)).unwrap();
            }
        };
        look(0);
        assert_eq!(cache.entries.lock().unwrap().len(), CAPACITY);
        assert!(Arc::ptr_eq(&held, &cache.get(&photo).unwrap()));
        look(1);
        drop(held);
        look(2);
        assert!(cache.lent.lock().unwrap().is_empty(), "nobody holds any");
    }
}
