//! The file thread: everything that reads or writes a file of the artist's, apart from rescuing a canvas.

mod job;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Receiver;
use image::{GrayImage, RgbaImage};

use super::library::{Library, LibraryError, read_favourite};
use super::outbox::Outbox;
use super::pictures::{PictureCache, Version, version};
use super::presets::{PresetError, PresetShelf};
use super::run::{PaintingError, guarded};
use super::spread;
use super::{Canvas, Event, Favourite, Moment, PREVIEW_SIDE_PX, PresetCommand, RunId};
use crate::image_io::{self, PaintingFormat, PaintingRecord, Picture, PictureError, Pixels};
use crate::recipe::PictureSource;

pub use job::FileJob;

/// Favourites that are read between two looks at what else is to be done.
const LISTED_TOGETHER: usize = 4;

pub struct FileThread {
    pub jobs: Receiver<FileJob>,
    pub cache: Arc<PictureCache>,
    pub library: Arc<Library>,
    pub presets: PresetShelf,
    pub outbox: Arc<Outbox>,
    pub closing: Arc<AtomicBool>,
    /// The favourites of this session, each by the fingerprint of its canvas.
    pub kept: RefCell<HashMap<u64, PathBuf>>,
    /// The version of each picture's file that the window was told of last.
    pub told: RefCell<HashMap<PictureSource, Version>>,
    /// Why the canvas of now could not be written, if the last one could not.
    pub insecure: RefCell<Option<String>>,
}

impl FileThread {
    /// Works until every sender is gone and what must be written is written.
    pub fn run(self) {
        let mut looked = false;
        // Favourites that are still to be read.
        let mut listing: Option<Vec<PathBuf>> = None;
        loop {
            // What is only looked at is not worth waiting for when the program ends.
            listing.take_if(|_| self.closing());
            // Listing reads every favourite, so it gives way to whatever else the artist is waiting for; so does the last
            // canvas.
            let idle = !looked || listing.is_some();
            let job = if idle { self.jobs.try_recv().ok() } else { self.jobs.recv().ok() };
            match job {
                Some(FileJob::List) => self.survive(|| listing = Some(self.favourites())),
                Some(job) => self.survive(|| self.work(job)),
                None if !looked => {
                    looked = true;
                    self.survive(|| self.look_for_last_canvas());
                }
                None => {
                    let Some(mut left) = listing.take() else { return };
                    let later = left.split_off(LISTED_TOGETHER.min(left.len()));
                    listing = Some(later).filter(|later| !later.is_empty());
                    self.survive(|| self.outbox.tell(Event::Library(read_favourites(left))));
                }
            }
        }
    }

    /// A decoder that panics over a strange file costs a message, not the thread.
    fn survive(&self, work: impl FnOnce()) {
        if let Err(error) = guarded(|| {
            work();
            Ok::<_, PaintingError>(())
        }) {
            self.outbox.problem(error);
        }
    }

    fn work(&self, job: FileJob) {
        // What is only looked at is not worth waiting for when the program ends; what is written is.
        if self.closing() && job.is_only_looked_at() {
            return;
        }
        let done = match job {
            FileJob::Load(source) => {
                self.load(source);
                return;
            }
            FileJob::LookAgain(sources) => return self.look_again(&sources),
            FileJob::ReckonSpread { ticket, picture, from, size } => {
                let reach = Arc::new(spread::reach(&picture, from, size));
                return self.outbox.tell(Event::SpreadReckoned { ticket, reach });
            }
            FileJob::Adopt { name, image } => {
                let adopted = self.adopt(name.clone(), &image);
                return self.outbox.tell(adopted.unwrap_or_else(|error| {
                    let message = error.to_string();
                    Event::NotAdopted { name, message }
                }));
            }
            FileJob::Keep(canvas) => {
                self.keep_and_tell(&canvas);
                return;
            }
            FileJob::KeepUnlessLast(canvas) => {
                if !self.library.last_canvas().holds(&canvas) {
                    self.keep_and_tell(&canvas);
                }
                return;
            }
            FileJob::SecureMasks(recipe) => return self.library.masks().secure(&recipe),
            FileJob::KeepToFinish { ticket, canvas } => {
                let path = self.keep_and_tell(&canvas);
                return self.outbox.tell(Event::KeptToFinish { ticket, path });
            }
            FileJob::Secure(canvas) => return self.secure(&canvas),
            FileJob::StoreMask { ticket, mask } => self.store_mask(ticket, &mask),
            FileJob::SaveMask { mask, path } => image_io::save_grey(&path, &mask)
                .map(|()| Event::Saved { path, over_white: false })
                .map_err(LibraryError::from),
            FileJob::SaveAs { path, canvas } => {
                self.library.masks().secure(&canvas.recipe);
                save(path, &canvas).map_err(LibraryError::from)
            }
            FileJob::SaveFilm { moments, path, captions } => {
                write_film(path, &moments, captions).map_err(LibraryError::from)
            }
            FileJob::Export { from, to } => export(&from, to).map_err(LibraryError::from),
            FileJob::Open(path) => open(path).map_err(LibraryError::from),
            FileJob::Delete(path) => {
                self.library.delete(&path).map(|trashed| Event::FavouriteDeleted { path, trashed })
            }
            FileJob::Restore { trashed, path } => self.library.restore(&trashed, &path).map(Event::FavouriteRestored),
            // The loop has taken it.
            FileJob::List => return,
            FileJob::Preset(command) => return self.serve_preset(command),
        };
        match done {
            Ok(event) => self.outbox.tell(event),
            Err(error) => self.outbox.problem(error),
        }
    }

    fn load(&self, source: PictureSource) {
        self.note_told(&source);
        let event = match guarded(|| self.cache.get(&source)) {
            Ok(picture) => loaded(source, &picture),
            Err(error) => Event::PictureFailed { source, message: error.to_string() },
        };
        self.outbox.tell(event);
    }

    /// Notes which version of a file the window is about to be told of; tells whether that is another one than before. The cache
    /// cannot tell, since the painting thread may have been there first.
    fn note_told(&self, source: &PictureSource) -> bool {
        let Some(version) = version(source) else { return false };
        self.told.borrow_mut().insert(source.clone(), version).is_some_and(|before| before != version)
    }

    fn look_again(&self, sources: &[PictureSource]) {
        for source in sources.iter().filter(|source| self.note_told(source)) {
            match guarded(|| self.cache.get(source)) {
                Ok(picture) => {
                    self.outbox.tell(loaded(source.clone(), &picture));
                    self.outbox.tell(Event::PictureChanged(source.clone()));
                }
                // The other program may still be writing; what is shown stays what it was.
                Err(error) => self.outbox.problem(error),
            }
        }
    }

    fn adopt(&self, name: String, image: &RgbaImage) -> Result<Event, LibraryError> {
        let source = PictureSource::File(self.library.adopt(&name, image)?);
        self.note_told(&source);
        self.outbox.tell(Event::PictureAdopted { name, source: source.clone() });
        let picture = self.cache.get(&source)?;
        Ok(loaded(source, &picture))
    }

    fn store_mask(&self, ticket: u64, mask: &GrayImage) -> Result<Event, LibraryError> {
        let source = PictureSource::File(self.library.masks().store(mask)?);
        // Decoded here, so that the painting thread need not stop for it.
        self.cache.get(&source)?;
        Ok(Event::MaskStored { ticket, source })
    }

    /// Answers with the favourite's file.
    fn keep_and_tell(&self, canvas: &Canvas) -> Option<PathBuf> {
        let event = self.keep(canvas).unwrap_or_else(|error| Event::NotKept(error.to_string()));
        let path = match &event {
            Event::Kept(favourite) | Event::KeptAlready(favourite) => Some(favourite.path.clone()),
            _ => None,
        };
        self.outbox.tell(event);
        path
    }

    /// Once however often it is asked for: the same pixels under the same recipe are the same favourite.
    fn keep(&self, canvas: &Canvas) -> Result<Event, LibraryError> {
        let mut kept = self.kept.borrow_mut();
        let fingerprint = canvas.fingerprint();
        let marked = |favourite| Favourite { fingerprint: Some(fingerprint), ..favourite };
        if let Some(favourite) = kept.get(&fingerprint).and_then(|path| read_favourite(path.clone())) {
            return Ok(Event::KeptAlready(marked(favourite)));
        }
        let favourite = self.library.keep(canvas)?;
        kept.insert(fingerprint, favourite.path.clone());
        Ok(Event::Kept(marked(favourite)))
    }

    /// What goes wrong here is told once, not every minute; the next canvas is tried again.
    fn secure(&self, canvas: &Canvas) {
        self.library.masks().secure(&canvas.recipe);
        let trouble = self.library.last_canvas().write(canvas).err().map(|error| error.to_string());
        let mut told = self.insecure.borrow_mut();
        if let Some(error) = trouble.as_ref().filter(|_| *told != trouble) {
            self.outbox
                .problem(format!("A sudden end would cost this painting, which cannot be written on the way: {error}"));
        }
        *told = trouble;
    }

    fn look_for_last_canvas(&self) {
        match self.library.inherit_last_canvas() {
            Ok(None) => {}
            Ok(Some((canvas, crashed))) => {
                self.outbox.tell(Event::set_aside(RunId(0), canvas));
                if crashed {
                    let text = "The last painting came to a sudden end; its canvas is at the head of the favourites.";
                    self.outbox.problem(text);
                }
            }
            Err(error) => self.outbox.problem(error),
        }
    }

    /// The files of the favourites, newest first.
    fn favourites(&self) -> Vec<PathBuf> {
        self.library.files().unwrap_or_else(|error| {
            self.outbox.problem(error);
            Vec::new()
        })
    }

    fn serve_preset(&self, command: PresetCommand) {
        let done = match command {
            PresetCommand::List if self.closing() => return,
            PresetCommand::List => self.list_presets(),
            PresetCommand::Save { name, settings, picture } => {
                self.presets.save(&name, &settings, picture.as_deref()).map(Event::PresetSaved)
            }
            PresetCommand::Delete(name) => self.presets.delete(&name).map(|()| Event::PresetDeleted(name)),
        };
        match done {
            Ok(event) => self.outbox.tell(event),
            Err(error) => self.outbox.problem(error),
        }
    }

    fn list_presets(&self) -> Result<Event, PresetError> {
        let (presets, left_out) = self.presets.list()?;
        left_out.iter().for_each(|reason| self.outbox.problem(reason));
        Ok(Event::Presets(presets))
    }

    fn closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// Foreign and broken files are none of the library's business.
fn read_favourites(paths: Vec<PathBuf>) -> Vec<Favourite> {
    paths.into_iter().filter_map(read_favourite).collect()
}

fn loaded(source: PictureSource, picture: &Picture) -> Event {
    Event::PictureLoaded {
        source,
        thumbnail: Arc::new(picture.thumbnail(PREVIEW_SIDE_PX)),
        width: picture.width(),
        height: picture.height(),
        remark: picture.remark(),
    }
}

fn save(path: PathBuf, canvas: &Canvas) -> Result<Event, PictureError> {
    write(path, canvas.pixels(), Some(&PaintingRecord::new(canvas.recipe.clone(), canvas.iteration)))
}

fn write_film(path: PathBuf, moments: &[Moment], captions: bool) -> Result<Event, PictureError> {
    super::save_film(&path, moments, captions)?;
    Ok(Event::Saved { path, over_white: false })
}

/// Encodes the favourite anew, because the other file's extension may ask for another format.
fn export(from: &Path, to: PathBuf) -> Result<Event, PictureError> {
    let record = image_io::read_record(from)?;
    let picture = Picture::open(from)?;
    match picture.to_rgba16() {
        Some(deep) => write(to, Pixels::Sixteen(&deep), record.as_ref()),
        None => write(to, Pixels::Eight(&picture.to_rgba()), record.as_ref()),
    }
}

fn write(path: PathBuf, pixels: Pixels<'_>, record: Option<&PaintingRecord>) -> Result<Event, PictureError> {
    image_io::save_picture(&path, pixels, record)?;
    let over_white = !PaintingFormat::of_path(&path)?.holds_transparency() && pixels.has_transparency();
    Ok(Event::Saved { path, over_white })
}

fn open(path: PathBuf) -> Result<Event, PictureError> {
    let image = Arc::new(Picture::open(&path)?.to_rgba());
    Ok(Event::FavouriteOpened { path, image })
}
