//! The fake painter, and a studio with everything around it that a test needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use image::{Rgba, RgbaImage};
use pentimento::engine::{Engine, EngineError, Interrupt, Job, Losses, Painter, Progress, Term, TermShare};
use pentimento::image_io::{Picture, Rgba16Image};
use pentimento::recipe::{Colours, PictureSource, Recipe, StyleSource, parameter};
use pentimento::studio::{Canvas, Command, Event, Favourite, Frame, RunId, Studio, StudioConfig};
use tempfile::TempDir;

/// Long enough for any machine; only a broken studio waits for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What the test lets the painter's next step do.
#[derive(Clone, Copy)]
pub enum Step {
    Go,
    /// Goes on until it is broken off.
    Endless,
    Error,
    Panic,
}

/// What the fake saw.
#[derive(Debug, PartialEq)]
pub enum Seen {
    /// A step began, under this style strength.
    Step(f32),
    /// The job was changed: style strength and width of the content picture.
    Revise(f32, u32),
    /// The canvas was stirred, so strongly.
    Stir(f32),
    /// A painting was begun that is never ready.
    Begin,
    /// Something was laid over the canvas: widths of the picture and of its mask.
    Retouch(u32, u32),
    /// Another picture was put in the canvas' place, so wide.
    GoOnFrom(u32),
}

#[derive(Clone)]
pub struct FakeEngine {
    steps: Receiver<Step>,
    seen: Sender<Seen>,
    frames: Arc<AtomicU32>,
    never_ready: Arc<AtomicBool>,
}

impl FakeEngine {
    /// Waits until what is prepared is ready; answers whether it was broken off before.
    fn is_broken_off(&self, interrupt: &Interrupt) -> bool {
        let mut takes_long = false;
        while self.never_ready.load(Ordering::SeqCst) && !interrupt.is_raised() {
            takes_long = true;
            std::thread::yield_now();
        }
        (takes_long || self.never_ready.load(Ordering::SeqCst)) && interrupt.is_raised()
    }
}

impl Engine for FakeEngine {
    fn device_remark(&self) -> Option<String> {
        Some("Chosen by the test.".to_owned())
    }

    fn device_name(&self) -> String {
        "a fake device".to_owned()
    }

    fn begin(&self, job: &Job) -> Result<Box<dyn Painter>, EngineError> {
        Ok(Box::new(FakePainter { engine: self.clone(), recipe: job.recipe.clone(), iteration: 0, untouched: false }))
    }

    fn begin_unless(&self, job: &Job, interrupt: &Interrupt) -> Result<Option<Box<dyn Painter>>, EngineError> {
        if self.never_ready.load(Ordering::SeqCst) {
            self.seen.send(Seen::Begin).unwrap();
        }
        if self.is_broken_off(interrupt) { Ok(None) } else { self.begin(job).map(Some) }
    }
}

pub struct FakePainter {
    engine: FakeEngine,
    recipe: Recipe,
    iteration: u32,
    /// Something was laid over the canvas, and nothing else has happened since.
    untouched: bool,
}

impl FakePainter {
    /// Like the real one: a canvas that was disturbed at the end is painted on.
    fn disturbed(&mut self) {
        if self.is_finished() {
            self.recipe.iterations += 2;
        }
    }
}

impl Painter for FakePainter {
    fn step(&mut self) -> Result<Progress, EngineError> {
        let progress = self.step_unless(&Interrupt::default())?;
        Ok(progress.expect("nobody can break it off"))
    }

    fn step_unless(&mut self, interrupt: &Interrupt) -> Result<Option<Progress>, EngineError> {
        self.engine.seen.send(Seen::Step(self.recipe.style_strength)).unwrap();
        match self.engine.steps.recv() {
            Ok(Step::Go) => {}
            Ok(Step::Endless) => {
                while !interrupt.is_raised() {
                    std::thread::yield_now();
                }
                return Ok(None);
            }
            Ok(Step::Panic) => panic!("the fake painter panics"),
            Ok(Step::Error) | Err(_) => return Err(EngineError::NotFinite { width: 8, height: 4 }),
        }
        self.iteration += 1;
        self.untouched = false;
        Ok(Some(Progress {
            stage: 0,
            stages: 1,
            iteration: self.iteration,
            iterations: self.recipe.iterations,
            remaining_secs: None,
            width: 8,
            height: 4,
            losses: Losses::default(),
            evaluations: vec![],
            notice: None,
        }))
    }

    fn is_finished(&self) -> bool {
        self.iteration >= self.recipe.iterations
    }

    fn frame(&self) -> Result<RgbaImage, EngineError> {
        self.engine.frames.fetch_add(1, Ordering::SeqCst);
        Ok(canvas(self.iteration))
    }

    fn deep_frame(&self) -> Result<Rgba16Image, EngineError> {
        Ok(deep_canvas(self.iteration))
    }

    /// In the photo's colours, another picture than the frame: a wider one.
    fn bare_frame(&self) -> Result<Option<RgbaImage>, EngineError> {
        Ok((self.recipe.colours == Colours::Photo).then(|| RgbaImage::new(9, 4)))
    }

    fn stir(&mut self, levels: f32) -> Result<(), EngineError> {
        parameter::STIR.check(levels)?;
        self.engine.seen.send(Seen::Stir(levels)).unwrap();
        self.disturbed();
        Ok(())
    }

    fn go_on_from(&mut self, picture: &Picture) -> Result<(), EngineError> {
        self.engine.seen.send(Seen::GoOnFrom(picture.width())).unwrap();
        self.disturbed();
        Ok(())
    }

    fn retouch(&mut self, picture: &Picture, mask: &Picture) -> Result<(), EngineError> {
        self.engine.seen.send(Seen::Retouch(picture.width(), mask.width())).unwrap();
        self.untouched = true;
        Ok(())
    }

    fn go_on(&mut self) {
        self.disturbed();
    }

    fn take_back_retouch(&mut self) -> Result<bool, EngineError> {
        Ok(std::mem::take(&mut self.untouched))
    }

    fn take_up(&mut self, picture: &Picture, iterations: u32) -> Result<(), EngineError> {
        self.iteration = iterations;
        self.go_on_from(picture)
    }

    fn revise(&mut self, job: &Job) -> Result<(), EngineError> {
        self.engine.seen.send(Seen::Revise(job.recipe.style_strength, job.content.width())).unwrap();
        self.recipe = job.recipe.clone();
        Ok(())
    }

    fn revise_unless(&mut self, job: &Job, interrupt: &Interrupt) -> Result<Option<()>, EngineError> {
        if self.engine.never_ready.load(Ordering::SeqCst) {
            self.engine.seen.send(Seen::Revise(job.recipe.style_strength, job.content.width())).unwrap();
        }
        if self.engine.is_broken_off(interrupt) { Ok(None) } else { self.revise(job).map(Some) }
    }

    /// One share, whose loss tells the iteration.
    fn shares(&mut self) -> Result<Vec<TermShare>, EngineError> {
        Ok(vec![TermShare { term: Term::TotalVariation, loss: f64::from(self.iteration), gradient_rms: 0.5 }])
    }
}

/// The fake's canvas after so many iterations.
pub fn canvas(iteration: u32) -> RgbaImage {
    RgbaImage::from_pixel(8, 4, Rgba([u8::try_from(iteration).unwrap(), 0, 0, 255]))
}

/// The same with 16 bits a channel, of which the last says that it is this one.
pub fn deep_canvas(iteration: u32) -> Rgba16Image {
    Rgba16Image::from_pixel(8, 4, Rgba([u16::try_from(iteration).unwrap() * 257 + 1, 0, 0, u16::MAX]))
}

/// A studio with everything around it that a test needs. The gate comes first: dropping it lets a waiting painter go.
pub struct Bench {
    pub gate: Sender<Step>,
    pub studio: Studio,
    pub seen: Receiver<Seen>,
    pub frames: Arc<AtomicU32>,
    /// As long as it is so, nothing that is prepared gets ready.
    pub never_ready: Arc<AtomicBool>,
    pub woken: Receiver<()>,
    pub folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), Duration::MAX)
    }

    /// With every iteration in its timeline.
    pub fn with_moments() -> Self {
        Self::with(tempfile::tempdir().unwrap(), Duration::MAX, Duration::ZERO)
    }

    /// With this for a home, and canvases written so often.
    pub fn in_folder(folder: TempDir, secure_every: Duration) -> Self {
        Self::with(folder, secure_every, Duration::MAX)
    }

    fn with(folder: TempDir, secure_every: Duration, moment_every: Duration) -> Self {
        let (gate, steps) = unbounded();
        let (seen_by, seen) = unbounded();
        let (wake, woken) = bounded(1);
        let frames = Arc::new(AtomicU32::new(0));
        let never_ready = Arc::new(AtomicBool::new(false));
        let engine =
            FakeEngine { steps, seen: seen_by, frames: Arc::clone(&frames), never_ready: Arc::clone(&never_ready) };
        canvas(0).save(folder.path().join("content.png")).unwrap();
        canvas(0).save(folder.path().join("style.png")).unwrap();
        let studio = Studio::start(StudioConfig {
            library: folder.path().join("library"),
            presets: folder.path().join("presets"),
            make_engine: Arc::new(move |weights: Option<&Path>| match weights {
                Some(path) if path.ends_with("bad.safetensors") => {
                    Err(EngineError::Weights { path: path.to_owned(), problem: "it is bad".to_owned() })
                }
                Some(path) if path.ends_with("panic.safetensors") => panic!("the fake engine panics"),
                _ => Ok(Arc::new(engine.clone()) as Arc<dyn Engine>),
            }),
            waker: Arc::new(move || {
                let _ = wake.try_send(());
            }),
            secure_every,
            moment_every,
        });
        Self { gate, studio, seen, frames, never_ready, woken, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn source(&self, name: &str) -> PictureSource {
        PictureSource::File(self.path(name))
    }

    pub fn recipe(&self, iterations: u32) -> Recipe {
        let style = StyleSource::new(self.source("style.png"));
        Recipe { content: self.source("content.png"), styles: vec![style], iterations, ..Recipe::default() }
    }

    pub fn paint(&self, run: u64, recipe: &Recipe) {
        self.studio.send(Command::Paint { run: RunId(run), recipe: Box::new(recipe.clone()) });
    }

    pub fn revise(&self, recipe: &Recipe) {
        self.studio.send(Command::Revise(Box::new(recipe.clone())));
    }

    /// Whether what is prepared gets ready from now on.
    pub fn gets_ready(&self, it_does: bool) {
        self.never_ready.store(!it_does, Ordering::SeqCst);
    }

    pub fn allow(&self, steps: usize) {
        (0..steps).for_each(|_| self.gate.send(Step::Go).unwrap());
    }

    /// Waits until the painter has begun a step, and tells under which style strength.
    pub fn step_begun(&self) -> f32 {
        match self.seen.recv_timeout(PATIENCE).unwrap() {
            Seen::Step(strength) => strength,
            Seen::Begin | Seen::Revise(..) | Seen::Stir(_) | Seen::GoOnFrom(_) | Seen::Retouch(..) => self.step_begun(),
        }
    }

    pub fn steps_begun(&self, count: u32) {
        for _ in 0..count {
            self.step_begun();
        }
    }

    pub fn next_event(&self) -> Event {
        loop {
            match self.studio.try_event() {
                Some(event) => return event,
                None => self.woken.recv_timeout(PATIENCE).expect("the studio should have said something"),
            }
        }
    }

    /// The first event that `pick` accepts; those before it are handed to nobody.
    pub fn wait<T>(&self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(self.next_event()) {
                return found;
            }
        }
    }

    pub fn wait_iteration(&self, wanted: u32) {
        self.wait(|event| match event {
            Event::Progress { progress, .. } if progress.iteration == wanted => Some(()),
            _ => None,
        });
    }

    pub fn wait_started(&self, wanted: u64) {
        self.wait(|event| matches!(event, Event::Started { run, .. } if run == RunId(wanted)).then_some(()));
    }

    pub fn wait_finished(&self) {
        self.wait(|event| matches!(event, Event::Finished(_)).then_some(()));
    }

    pub fn wait_problem(&self) -> String {
        self.wait(|event| match event {
            Event::Problem(message) | Event::NotKept(message) | Event::NotAdopted { message, .. } => Some(message),
            _ => None,
        })
    }

    pub fn wait_kept(&self) -> Favourite {
        self.wait(|event| match event {
            Event::Kept(favourite) => Some(favourite),
            _ => None,
        })
    }

    pub fn wait_set_aside(&self, wanted: u64) -> Canvas {
        self.wait(|event| match event {
            Event::SetAside { run, aside } if run == RunId(wanted) => Some(aside.canvas),
            _ => None,
        })
    }

    pub fn wait_failed(&self) -> (String, Option<PathBuf>) {
        self.wait(|event| match event {
            Event::Failed { message, rescued, .. } => Some((message, rescued)),
            _ => None,
        })
    }

    pub fn frame(&self) -> Frame {
        self.studio.latest_frame().expect("a frame should be waiting")
    }
}
