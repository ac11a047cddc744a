//! The painting thread: applies every waiting command between two iterations, and otherwise paints.

mod canvases;
mod changes;
mod queue;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use image::RgbaImage;

use self::queue::{Applied, Haste, Queue};
use super::files::FileJob;
use super::finish::{self, Unfinished};
use super::library::Library;
use super::outbox::Outbox;
use super::pictures::PictureCache;
use super::run::{PaintingError, Phase, Run, guarded};
use super::sketches::Sketches;
use super::{Canvas, Command, Event, MakeEngine, RunId};
use crate::engine::{Engine, EngineError, Interrupt, Painter};
use crate::image_io::Picture;
use crate::recipe::{Depth, Recipe};

const NOTHING_PAINTED: &str = "there is no painting yet; press Paint first";

pub struct PaintingThread {
    pub commands: Receiver<Command>,
    pub files: Sender<FileJob>,
    pub make_engine: MakeEngine,
    pub cache: Arc<PictureCache>,
    pub library: Arc<Library>,
    pub outbox: Arc<Outbox>,
    pub closing: Arc<AtomicBool>,
    /// Raised when a command has been sent that is worth an iteration broken off.
    pub interrupt: Interrupt,
    /// Raised when one has been sent after which a painting that is being prepared no longer matters.
    pub fresh_start: Interrupt,
    /// How long a canvas may go without having been written, see [`super::last_canvas`].
    pub secure_every: Duration,
    pub moment_every: Duration,
}

impl PaintingThread {
    /// Works until the studio is dropped.
    pub fn run(self) {
        let (depth, secured) = (Depth::DEFAULT, Instant::now());
        let mut easel = Easel {
            hub: self,
            weights: None,
            engine: None,
            depth,
            run: None,
            sketches: None,
            queue: Queue::default(),
            secured,
        };
        easel.introduce_device();
        while let Some(batch) = easel.next_commands() {
            let mut queue = std::mem::take(&mut easel.queue);
            queue.carry_out(batch, |command, haste| easel.apply(command, haste));
            easel.queue = queue;
            if !easel.queue.is_empty() {
                // Something was broken off so that others need not wait.
                continue;
            }
            if easel.sketches.is_some() {
                easel.sketch_on();
            } else {
                easel.paint_on();
            }
        }
        easel.secure();
    }
}

/// What the painting thread knows.
struct Easel {
    hub: PaintingThread,
    weights: Option<PathBuf>,
    engine: Option<Arc<dyn Engine>>,
    /// Bits a channel of canvases that leave this thread to be written.
    depth: Depth,
    run: Option<Run>,
    /// While there are any, the painting waits.
    sketches: Option<Sketches>,
    queue: Queue,
    /// When its canvas was last written, or it began.
    secured: Instant,
}

impl Easel {
    /// Every command that waits; waits for one itself when there is nothing to paint. `None`: the studio is gone.
    fn next_commands(&self) -> Option<Vec<Command>> {
        let mut batch = vec![];
        if self.queue.is_empty()
            && self.sketches.is_none()
            && !self.run.as_ref().is_some_and(|run| run.phase == Phase::Painting)
        {
            batch.push(self.taken(self.hub.commands.recv().ok()?));
        }
        loop {
            match self.hub.commands.try_recv() {
                Ok(command) => batch.push(self.taken(command)),
                Err(TryRecvError::Empty) => return Some(batch),
                // Keep and Save As that were sent just before the end are still honoured.
                Err(TryRecvError::Disconnected) => {
                    return (!batch.is_empty() || !self.queue.is_empty()).then_some(batch);
                }
            }
        }
    }

    /// A command that has just come out of the channel, and need break nothing off any more.
    fn taken(&self, command: Command) -> Command {
        if command.is_urgent() {
            self.hub.interrupt.lower();
        }
        if command.is_fresh_start() {
            self.hub.fresh_start.lower();
        }
        command
    }

    fn apply(&mut self, command: &Command, haste: Haste) -> Applied {
        match command {
            Command::Keep => self.hand_over(FileJob::Keep, Event::NotKept),
            Command::Take => self.take(),
            Command::SaveAs(path) => {
                self.hand_over(|canvas| FileJob::SaveAs { path: path.clone(), canvas }, Event::Problem);
            }
            Command::SetDepth(depth) => self.depth = *depth,
            // What was brushed in when the window closed is there at the next start.
            Command::Retouch { name, image, mask } => self.retouch(name, image, mask),
            _ if self.closing() => {}
            Command::TakeBackRetouch => self.take_back_retouch(),
            Command::GoOn => self.go_on(),
            Command::Paint { run, recipe } => return self.paint(*run, recipe, None),
            Command::TakeUp { run, canvas } => return self.paint(*run, &canvas.recipe, Some(canvas)),
            Command::Revise(recipe) => return self.hasten(haste, |easel| easel.revise(recipe)),
            Command::FollowPictures => return self.hasten(haste, Self::follow_pictures),
            Command::Stir { levels } => self.disturb(|run| run.disturb(|painter| painter.stir(*levels))),
            Command::GoOnFrom(image) => {
                let picture = Picture::from_rgba(RgbaImage::clone(image));
                self.disturb(|run| run.disturb(|painter| painter.go_on_from(&picture)));
            }
            Command::GoBackTo(moment) => self.disturb(|run| run.go_back_to(moment)),
            Command::Pause => self.pause(),
            Command::Resume => self.resume(),
            Command::Stop => self.set_aside(),
            Command::PlanFinish { ticket, painting, recipe, size } => {
                self.plan_finish(*ticket, painting, recipe, *size);
            }
            Command::MeasureShares => return self.hasten(haste, Self::measure_shares),
            Command::Sketch { ticket, recipes } => self.sketches = Some(Sketches::new(*ticket, recipes)),
            Command::EndSketches => self.sketches = None,
            Command::UseWeights(weights) => self.use_weights(weights.clone()),
            // Studio::send gives these to the file thread.
            Command::LoadPicture(_)
            | Command::LookAgain(_)
            | Command::AdoptPicture { .. }
            | Command::StoreMask { .. }
            | Command::ReckonSpread { .. }
            | Command::SaveMaskAs { .. }
            | Command::KeepCanvas(_)
            | Command::KeepUnlessLast(_)
            | Command::SecureMasks(_)
            | Command::KeepToFinish { .. }
            | Command::SaveCanvasAs { .. }
            | Command::SaveFilm { .. }
            | Command::ExportFavourite { .. }
            | Command::OpenFavourite(_)
            | Command::DeleteFavourite(_)
            | Command::RestoreFavourite { .. }
            | Command::ListLibrary
            | Command::Preset(_) => {}
        }
        Applied::Entirely
    }

    /// Does something that may be broken off; in haste it is, as soon as it begins to take long.
    fn hasten(&mut self, haste: Haste, act: impl FnOnce(&mut Self) -> Applied) -> Applied {
        if haste == Haste::No {
            return act(self);
        }
        self.hub.interrupt.raise();
        let applied = act(self);
        self.hub.interrupt.lower();
        applied
    }

    fn introduce_device(&mut self) {
        match self.engine() {
            Ok(engine) => self.tell(Event::Device { name: engine.device_name(), remark: engine.device_remark() }),
            Err(error) => self.hub.outbox.problem(error),
        }
    }

    /// The engine for the chosen weights, made now if an earlier attempt failed.
    fn engine(&mut self) -> Result<Arc<dyn Engine>, PaintingError> {
        if let Some(engine) = &self.engine {
            return Ok(Arc::clone(engine));
        }
        let engine = self.make_engine(self.weights.as_deref())?;
        self.engine = Some(Arc::clone(&engine));
        Ok(engine)
    }

    fn make_engine(&self, weights: Option<&Path>) -> Result<Arc<dyn Engine>, PaintingError> {
        guarded(|| (self.hub.make_engine)(weights))
    }

    fn use_weights(&mut self, weights: Option<PathBuf>) {
        match self.make_engine(weights.as_deref()) {
            Ok(engine) => {
                let words = match &weights {
                    Some(path) => path.display().to_string(),
                    None => "built-in".to_owned(),
                };
                self.weights = weights;
                self.engine = Some(engine);
                self.tell(Event::WeightsChosen(words));
            }
            Err(error) => self.hub.outbox.problem(error),
        }
    }

    fn paint(&mut self, id: RunId, recipe: &Recipe, left: Option<&Canvas>) -> Applied {
        self.set_aside();
        self.hub.outbox.forget_frames_before(id);
        match self.begin(recipe, left, &self.hub.fresh_start.clone()) {
            Ok(None) => return Applied::BrokenOff,
            Ok(Some(painter)) => {
                let device = self.engine.as_ref().map_or_else(String::new, |engine| engine.device_name());
                self.tell(Event::Started { run: id, device });
                let mut run = Run::new(id, recipe.clone(), painter);
                run.iteration = left.map_or(0, |canvas| canvas.iteration);
                self.run = Some(run);
                self.secured = Instant::now();
                self.show();
            }
            Err(error) => self.tell(Event::Failed { run: id, message: error.to_string(), rescued: None }),
        }
        Applied::Entirely
    }

    /// From the start, or where it was left; nothing if that was broken off.
    fn begin(
        &mut self,
        recipe: &Recipe,
        left: Option<&Canvas>,
        interrupt: &Interrupt,
    ) -> Result<Option<Box<dyn Painter>>, PaintingError> {
        recipe.validate().map_err(EngineError::from)?;
        let job = guarded(|| self.hub.cache.job(recipe))?;
        let engine = self.engine()?;
        guarded(|| {
            let Some(mut painter) = engine.begin_unless(&job, interrupt)? else { return Ok(None) };
            if let Some(canvas) = left {
                let picture = Picture::from_rgba(RgbaImage::clone(&canvas.image));
                if painter.take_up_unless(&picture, canvas.iteration, interrupt)?.is_none() {
                    return Ok(None);
                }
            }
            Ok::<_, EngineError>(Some(painter))
        })
    }

    fn plan_finish(&mut self, ticket: u64, painting: &Unfinished, recipe: &Recipe, size: u32) {
        let plan = self
            .engine()
            .and_then(|engine| guarded(|| finish::plan(&self.hub.cache, engine.as_ref(), painting, recipe, size)));
        let plan = plan.map(Box::new).map_err(|error| error.to_string());
        self.tell(Event::FinishPlanned { ticket, plan });
    }

    fn pause(&mut self) {
        if let Some(run) = &mut self.run
            && run.phase == Phase::Painting
        {
            run.phase = Phase::Paused;
            let id = run.id;
            self.show();
            if self.phase() == Some(Phase::Paused) {
                self.tell(Event::Paused(id));
            }
        }
    }

    /// Goes on: after a pause, after a change that gave a finished painting more to do, or once more after a failure.
    fn resume(&mut self) {
        if let Some(run) = &mut self.run
            && run.phase != Phase::Painting
            && run.is_alive()
        {
            run.phase = Phase::Painting;
            let id = run.id;
            self.tell(Event::Resumed(id));
        }
    }

    /// One iteration, if there is a painting to do it on.
    fn paint_on(&mut self) {
        // A command that came meanwhile would only break it off.
        if self.closing() || self.hub.interrupt.is_raised() {
            return;
        }
        let Some(run) = self.run.as_mut().filter(|run| run.phase == Phase::Painting) else { return };
        let id = run.id;
        match run.step(&self.hub.interrupt) {
            Err(error) => self.fail(&error),
            // Whoever called for that has sent a command.
            Ok(None) => {}
            Ok(Some((progress, finished))) => {
                if finished {
                    run.phase = Phase::Finished;
                }
                let moment_is_due = run.moment_is_due(self.hub.moment_every);
                self.tell(Event::Progress { run: id, progress: Box::new(progress) });
                if finished || moment_is_due || self.hub.outbox.wants_frame() {
                    self.show();
                }
                if self.phase() == Some(Phase::Finished) {
                    self.tell(Event::Finished(id));
                }
                if finished || self.secured.elapsed() >= self.hub.secure_every {
                    self.secure();
                }
            }
        }
    }

    /// One iteration of one of the sketches.
    fn sketch_on(&mut self) {
        let Some(mut sketches) = self.sketches.take() else { return };
        if self.closing() {
            return;
        }
        let interrupt = self.hub.interrupt.clone();
        if let Err(error) = sketches.step(|recipe| self.begin(recipe, None, &interrupt), &interrupt) {
            self.hub.outbox.problem(error);
        }
        self.hub.outbox.show_sketches(sketches.sheet());
        self.sketches = Some(sketches).filter(|sketches| !sketches.is_finished());
    }

    fn phase(&self) -> Option<Phase> {
        self.run.as_ref().map(|run| run.phase)
    }

    fn tell(&self, event: Event) {
        self.hub.outbox.tell(event);
    }

    fn closing(&self) -> bool {
        self.hub.closing.load(Ordering::Relaxed)
    }
}
