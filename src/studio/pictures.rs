//! The pictures in use, decoded once and shared by both threads.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::engine::{Job, Masks};
use crate::image_io::{Picture, PictureError};
use crate::recipe::{Init, PictureSource, Recipe};

/// Decoded pictures that are kept, the most recently used first: photo, styles and masks of any usual painting at once.
const CAPACITY: usize = 16;

/// A bounded cache of decoded pictures.
///
/// Each entry has its own lock, so that a picture that is being decoded makes only those wait who want that picture,
/// and nobody decodes it twice.
#[derive(Default)]
pub struct PictureCache {
    entries: Mutex<Vec<Entry>>,
}

struct Entry {
    source: PictureSource,
    version: Option<Version>,
    picture: Arc<Mutex<Option<Arc<Picture>>>>,
}

/// Tells an edited file from the one that was decoded.
#[derive(PartialEq, Clone, Copy)]
struct Version {
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
        let entry = match known {
            Some(entry) if entry.version == version => entry,
            _ => Entry { source: source.clone(), version, picture: Arc::default() },
        };
        let slot = Arc::clone(&entry.picture);
        entries.insert(0, entry);
        entries.truncate(CAPACITY);
        slot
    }
}

fn version(source: &PictureSource) -> Option<Version> {
    match source {
        PictureSource::Sample(_) => None,
        PictureSource::File(path) => {
            fs::metadata(path).ok().map(|data| Version { modified: data.modified().ok(), bytes: data.len() })
        }
    }
}
