//! The studio: one painting thread and one file thread, commands in, events out. Knows nothing of windows.
//!
//! ```text
//! window -- Command --> painting thread -- canvases to keep --> file thread
//!        -- Command ------------------------------------------^
//!        <-- Event, Frame ------------- outbox <---------------- both
//! ```
//!
//! [`Studio::send`] never blocks, whatever the threads are doing; [`Studio::try_event`] and [`Studio::latest_frame`]
//! never wait. Dropping the studio breaks a running painting off, finishes the files that are being written, and joins both
//! threads.

mod command;
mod event;
mod files;
mod film;
mod finish;
mod frames;
mod last_canvas;
mod library;
mod masks;
mod names;
mod outbox;
mod painting;
mod pictures;
mod presets;
mod run;
mod sketches;
mod spread;
mod stamp;
mod timeline;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;
use image::RgbaImage;

pub use crate::engine::before_finishing;
use crate::engine::{Engine, EngineError, Interrupt};

pub use command::{Canvas, Command, PresetCommand, RunId};
pub use event::{Aside, Event, Favourite, OwnPreset, PREVIEW_SIDE_PX};
pub(crate) use film::save_film;
pub use finish::{FinishPlan, Unfinished};
pub use library::pasted_name;
pub use names::safe_name;
pub use sketches::SketchSheet;
pub use timeline::Moment;
pub(crate) use timeline::Timeline;

use files::FileJob;
use library::Library;
use outbox::Outbox;
use pictures::PictureCache;
use presets::PresetShelf;

/// Called from the studio's threads whenever there is something new to take: the window asks for a repaint in it.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Makes an engine for the built-in weights (`None`) or for a weights file.
pub type MakeEngine = Arc<dyn Fn(Option<&Path>) -> Result<Arc<dyn Engine>, EngineError> + Send + Sync>;

/// A canvas to show.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The painting it belongs to.
    pub run: RunId,
    /// Iterations that it has seen; 0 is the canvas before the first.
    pub iteration: u32,
    /// The pixels, at the size of the painting's current stage; while it paints, those of a very large canvas are reduced.
    pub image: Arc<RgbaImage>,
    /// What the painting looked like on the way, oldest first.
    pub moments: Arc<[Moment]>,
}

/// What the studio needs to know at its start.
#[derive(Clone)]
pub struct StudioConfig {
    /// Folder of the favourites; created at the first write. See [`default_library`].
    pub library: PathBuf,
    /// Folder of the artist's own presets; created at the first write. See [`default_presets`].
    pub presets: PathBuf,
    /// Makes the engine, once at the start and again for every [`Command::UseWeights`].
    pub make_engine: MakeEngine,
    /// Called after every event and frame.
    pub waker: Waker,
    /// How long a canvas may be painted on without being written, lest a crash take all of it; [`SECURE_EVERY`] but in tests.
    pub secure_every: Duration,
    /// How much time lies between two moments of a painting at least, see [`Moment`]; [`MOMENT_EVERY`] but in tests.
    pub moment_every: Duration,
}

/// Long enough to cost nothing that is noticed, short enough for what is lost to be painted again.
pub const SECURE_EVERY: Duration = Duration::from_secs(60);

/// Short enough for a scrubbed painting to look like a film, long enough to cost a quick card nothing that is noticed.
pub const MOMENT_EVERY: Duration = Duration::from_millis(100);

/// The two threads and the ways to and from them.
pub struct Studio {
    painting: Option<Sender<Command>>,
    files: Option<Sender<FileJob>>,
    library: Arc<Library>,
    outbox: Arc<Outbox>,
    closing: Arc<AtomicBool>,
    /// Breaks off what is worth less than an urgent command.
    interrupt: Interrupt,
    /// Breaks off the preparation of a painting.
    fresh_start: Interrupt,
    threads: Vec<JoinHandle<()>>,
}

impl Studio {
    /// Starts both threads. What goes wrong in them comes as an [`Event`].
    #[must_use]
    pub fn start(config: StudioConfig) -> Self {
        let outbox = Arc::new(Outbox::new(config.waker));
        let library = Arc::new(Library::new(config.library));
        let cache = Arc::new(PictureCache::default());
        let closing = Arc::new(AtomicBool::new(false));
        let (interrupt, fresh_start) = (Interrupt::default(), Interrupt::default());
        let (painting, commands) = crossbeam_channel::unbounded();
        let (files, jobs) = crossbeam_channel::unbounded();

        let file_thread = files::FileThread {
            jobs,
            cache: Arc::clone(&cache),
            library: Arc::clone(&library),
            presets: PresetShelf::new(config.presets),
            outbox: Arc::clone(&outbox),
            closing: Arc::clone(&closing),
            kept: RefCell::default(),
            told: RefCell::default(),
            insecure: RefCell::default(),
        };
        let painting_thread = painting::PaintingThread {
            commands,
            files: files.clone(),
            make_engine: config.make_engine,
            cache,
            library: Arc::clone(&library),
            outbox: Arc::clone(&outbox),
            closing: Arc::clone(&closing),
            interrupt: interrupt.clone(),
            fresh_start: fresh_start.clone(),
            secure_every: config.secure_every,
            moment_every: config.moment_every,
        };
        let (painting, files, threads) = (Some(painting), Some(files), Vec::with_capacity(2));
        let mut studio = Self { painting, files, library, outbox, closing, interrupt, fresh_start, threads };
        // The painting thread comes first: it holds a sender to the file thread, so it must be joined first.
        studio.spawn("painting", move || painting_thread.run());
        studio.spawn("files", move || file_thread.run());
        studio
    }

    /// Hands a command to the thread that carries it out. Never blocks.
    pub fn send(&self, command: Command) {
        let job = match command {
            Command::LoadPicture(source) => FileJob::Load(source),
            Command::LookAgain(sources) => FileJob::LookAgain(sources),
            Command::AdoptPicture { name, image } => FileJob::Adopt { name, image },
            Command::StoreMask { ticket, mask } => FileJob::StoreMask { ticket, mask },
            Command::ReckonSpread { ticket, picture, from, size } => {
                FileJob::ReckonSpread { ticket, picture, from, size }
            }
            Command::SaveMaskAs { mask, path } => FileJob::SaveMask { mask, path },
            Command::KeepCanvas(canvas) => FileJob::Keep(canvas),
            Command::KeepUnlessLast(canvas) => FileJob::KeepUnlessLast(canvas),
            Command::SecureMasks(recipe) => FileJob::SecureMasks(recipe),
            Command::KeepToFinish { ticket, canvas } => FileJob::KeepToFinish { ticket, canvas },
            Command::SaveCanvasAs { canvas, path } => FileJob::SaveAs { path, canvas },
            Command::SaveFilm { moments, path, captions } => FileJob::SaveFilm { moments, path, captions },
            Command::ExportFavourite { from, to } => FileJob::Export { from, to },
            Command::OpenFavourite(path) => FileJob::Open(path),
            Command::DeleteFavourite(path) => FileJob::Delete(path),
            Command::RestoreFavourite { trashed, path } => FileJob::Restore { trashed, path },
            Command::Preset(command) => FileJob::Preset(command),
            Command::ListLibrary => FileJob::List,
            Command::Paint { .. }
            | Command::TakeUp { .. }
            | Command::Revise(_)
            | Command::FollowPictures
            | Command::Stir { .. }
            | Command::GoOnFrom(_)
            | Command::GoBackTo(_)
            | Command::Retouch { .. }
            | Command::TakeBackRetouch
            | Command::GoOn
            | Command::Pause
            | Command::Resume
            | Command::Stop
            | Command::Keep
            | Command::Take
            | Command::SaveAs(_)
            | Command::MeasureShares
            | Command::Sketch { .. }
            | Command::EndSketches
            | Command::PlanFinish { .. }
            | Command::SetDepth(_)
            | Command::UseWeights(_) => {
                // A send fails only when the thread could not be started, and that has been said as a Problem.
                if let Some(painting) = &self.painting {
                    let (urgent, fresh_start) = (command.is_urgent(), command.is_fresh_start());
                    // Raised before, and lowered when the command is taken out: so whatever it finds at work is broken off,
                    // and nothing of its own.
                    if urgent {
                        self.interrupt.raise();
                    }
                    if fresh_start {
                        self.fresh_start.raise();
                    }
                    let _ = painting.send(command);
                }
                return;
            }
        };
        if let Some(files) = &self.files {
            let _ = files.send(job);
        }
    }

    /// The oldest event that was not taken yet. Never waits.
    #[must_use]
    pub fn try_event(&self) -> Option<Event> {
        self.outbox.try_event()
    }

    /// Folder of the favourites; not there before the first of them.
    #[must_use]
    pub fn library(&self) -> &Path {
        self.library.folder()
    }

    /// The newest frame, if it was not taken yet. Never waits; taking it asks for the next one.
    #[must_use]
    pub fn latest_frame(&self) -> Option<Frame> {
        self.outbox.take_frame()
    }

    /// The sketches as they are by now, if they were not taken so yet. Never waits.
    #[must_use]
    pub fn latest_sketches(&self) -> Option<SketchSheet> {
        self.outbox.take_sketches()
    }

    fn spawn(&mut self, name: &str, body: impl FnOnce() + Send + 'static) {
        match std::thread::Builder::new().name(name.to_owned()).spawn(body) {
            Ok(thread) => self.threads.push(thread),
            Err(error) => self.outbox.problem(format!("the {name} thread could not be started: {error}")),
        }
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        self.interrupt.raise();
        self.fresh_start.raise();
        self.painting = None;
        self.files = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to hand back, and the studio is going away.
            let _ = thread.join();
        }
        // Whatever is worth keeping has been written by now.
        self.library.masks().discard_drafts();
        self.library.last_canvas().leave();
    }
}

/// Where favourites are kept: `Pentimento` in the user's pictures folder, or in the data folder where there is none.
#[must_use]
pub fn default_library() -> PathBuf {
    const NAME: &str = "Pentimento";
    if let Some(pictures) = directories::UserDirs::new().as_ref().and_then(directories::UserDirs::picture_dir) {
        return pictures.join(NAME);
    }
    match directories::ProjectDirs::from("", "", NAME) {
        Some(project) => project.data_dir().join("favourites"),
        // No home folder at all: the folder the program was started in is at least one that the user knows.
        None => PathBuf::from(NAME),
    }
}

/// Where the artist's own presets are kept: in the data folder of the account.
#[must_use]
pub fn default_presets() -> PathBuf {
    const FOLDER: &str = "presets";
    match directories::ProjectDirs::from("", "", "Pentimento") {
        Some(project) => project.data_dir().join(FOLDER),
        None => default_library().join(FOLDER),
    }
}
