//! The studio with a fake painter that does each iteration when the test says so: nothing here sleeps or measures time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use image::{Rgba, RgbaImage};
use pentimento::engine::{Engine, EngineError, Job, Losses, Painter, Progress};
use pentimento::image_io::{Picture, read_record};
use pentimento::recipe::{PictureSource, Recipe, StyleSource};
use pentimento::studio::{Command, Event, Favourite, Frame, RunId, Studio, StudioConfig};
use tempfile::TempDir;

/// Long enough for any machine; only a broken studio waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the test lets the painter's next step do.
#[derive(Clone, Copy)]
enum Step {
    Go,
    Error,
    Panic,
}

/// What the fake saw.
#[derive(Debug, PartialEq)]
enum Seen {
    /// A step began, under this style strength.
    Step(f32),
    /// The job was changed: style strength and width of the content picture.
    Revise(f32, u32),
}

#[derive(Clone)]
struct FakeEngine {
    steps: Receiver<Step>,
    seen: Sender<Seen>,
    frames: Arc<AtomicU32>,
}

impl Engine for FakeEngine {
    fn device_name(&self) -> String {
        "a fake device".to_owned()
    }

    fn begin(&self, job: &Job) -> Result<Box<dyn Painter>, EngineError> {
        Ok(Box::new(FakePainter { engine: self.clone(), recipe: job.recipe.clone(), iteration: 0 }))
    }
}

struct FakePainter {
    engine: FakeEngine,
    recipe: Recipe,
    iteration: u32,
}

impl Painter for FakePainter {
    fn step(&mut self) -> Result<Progress, EngineError> {
        self.engine.seen.send(Seen::Step(self.recipe.style_strength)).unwrap();
        match self.engine.steps.recv() {
            Ok(Step::Go) => {}
            Ok(Step::Panic) => panic!("the fake painter panics"),
            Ok(Step::Error) | Err(_) => return Err(EngineError::NotFinite { width: 8, height: 4 }),
        }
        self.iteration += 1;
        Ok(Progress {
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
        })
    }

    fn is_finished(&self) -> bool {
        self.iteration >= self.recipe.iterations
    }

    fn frame(&self) -> Result<RgbaImage, EngineError> {
        self.engine.frames.fetch_add(1, Ordering::SeqCst);
        Ok(canvas(self.iteration))
    }

    fn revise(&mut self, job: &Job) -> Result<(), EngineError> {
        self.engine.seen.send(Seen::Revise(job.recipe.style_strength, job.content.width())).unwrap();
        self.recipe = job.recipe.clone();
        Ok(())
    }
}

/// The fake's canvas after so many iterations.
fn canvas(iteration: u32) -> RgbaImage {
    RgbaImage::from_pixel(8, 4, Rgba([u8::try_from(iteration).unwrap(), 0, 0, 255]))
}

/// A studio with everything around it that a test needs. The gate comes first: dropping it lets a waiting painter go.
struct Bench {
    gate: Sender<Step>,
    studio: Studio,
    seen: Receiver<Seen>,
    frames: Arc<AtomicU32>,
    woken: Receiver<()>,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let (gate, steps) = unbounded();
        let (seen_by, seen) = unbounded();
        let (wake, woken) = bounded(1);
        let frames = Arc::new(AtomicU32::new(0));
        let engine = FakeEngine { steps, seen: seen_by, frames: Arc::clone(&frames) };
        let folder = tempfile::tempdir().unwrap();
        canvas(0).save(folder.path().join("content.png")).unwrap();
        canvas(0).save(folder.path().join("style.png")).unwrap();
        let studio = Studio::start(StudioConfig {
            library: folder.path().join("library"),
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
        });
        Self { gate, studio, seen, frames, woken, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn source(&self, name: &str) -> PictureSource {
        PictureSource::File(self.path(name))
    }

    fn recipe(&self, iterations: u32) -> Recipe {
        let style = StyleSource { picture: self.source("style.png"), weight: 1.0 };
        Recipe { content: self.source("content.png"), styles: vec![style], iterations, ..Recipe::default() }
    }

    fn paint(&self, run: u64, recipe: &Recipe) {
        self.studio.send(Command::Paint { run: RunId(run), recipe: Box::new(recipe.clone()) });
    }

    fn revise(&self, recipe: &Recipe) {
        self.studio.send(Command::Revise(Box::new(recipe.clone())));
    }

    fn allow(&self, steps: usize) {
        (0..steps).for_each(|_| self.gate.send(Step::Go).unwrap());
    }

    /// Waits until the painter has begun a step, and tells under which style strength.
    fn step_begun(&self) -> f32 {
        match self.seen.recv_timeout(PATIENCE).unwrap() {
            Seen::Step(strength) => strength,
            Seen::Revise(..) => self.step_begun(),
        }
    }

    fn steps_begun(&self, count: u32) {
        for _ in 0..count {
            self.step_begun();
        }
    }

    fn next_event(&self) -> Event {
        loop {
            match self.studio.try_event() {
                Some(event) => return event,
                None => self.woken.recv_timeout(PATIENCE).expect("the studio should have said something"),
            }
        }
    }

    /// The first event that `pick` accepts; those before it are handed to nobody.
    fn wait<T>(&self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(self.next_event()) {
                return found;
            }
        }
    }

    fn wait_iteration(&self, wanted: u32) {
        self.wait(|event| match event {
            Event::Progress { progress, .. } if progress.iteration == wanted => Some(()),
            _ => None,
        });
    }

    fn wait_started(&self, wanted: u64) {
        self.wait(|event| matches!(event, Event::Started { run, .. } if run == RunId(wanted)).then_some(()));
    }

    fn wait_finished(&self) {
        self.wait(|event| matches!(event, Event::Finished(_)).then_some(()));
    }

    fn wait_problem(&self) -> String {
        self.wait(|event| match event {
            Event::Problem(message) => Some(message),
            _ => None,
        })
    }

    fn wait_kept(&self) -> Favourite {
        self.wait(|event| match event {
            Event::Kept(favourite) => Some(favourite),
            _ => None,
        })
    }

    fn wait_failed(&self) -> (String, Option<PathBuf>) {
        self.wait(|event| match event {
            Event::Failed { message, rescued, .. } => Some((message, rescued)),
            _ => None,
        })
    }

    fn frame(&self) -> Frame {
        self.studio.latest_frame().expect("a frame should be waiting")
    }
}

#[test]
fn a_painting_reports_every_iteration_in_order() {
    let bench = Bench::new();
    bench.allow(3);
    bench.paint(1, &bench.recipe(3));
    let mut told = vec![];
    loop {
        match bench.next_event() {
            Event::Device(name) => told.push(name),
            Event::Started { run: RunId(1), device } => told.push(format!("started on {device}")),
            Event::Progress { run: RunId(1), progress } => told.push(progress.iteration.to_string()),
            Event::Finished(RunId(1)) => break,
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert_eq!(told, ["a fake device", "started on a fake device", "1", "2", "3"]);
    // Nobody took a frame until now, and still the finished canvas is the one that waits.
    let frame = bench.frame();
    assert_eq!((frame.run, frame.iteration), (RunId(1), 3));
    assert_eq!(*frame.image, canvas(3));
    assert!(bench.studio.latest_frame().is_none());
}

#[test]
fn frames_are_converted_only_when_somebody_takes_them() {
    let bench = Bench::new();
    bench.paint(1, &bench.recipe(100));
    bench.allow(5);
    bench.wait_iteration(5);
    assert_eq!(bench.frames.load(Ordering::SeqCst), 1, "only the canvas before the first iteration");
    assert_eq!(bench.frame().iteration, 0);
    bench.allow(1);
    bench.wait_iteration(6);
    // The seventh step has begun: the frame of the sixth is out.
    bench.steps_begun(7);
    assert_eq!(bench.frame().iteration, 6);
    assert_eq!(bench.frames.load(Ordering::SeqCst), 2);
}

#[test]
fn stop_ends_a_painting_at_the_next_boundary_and_sets_its_canvas_aside() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    bench.allow(1);
    bench.steps_begun(2);
    bench.studio.send(Command::Stop);
    bench.allow(1);
    let canvas_aside = bench.wait(|event| match event {
        Event::SetAside { run: RunId(1), canvas } => Some(canvas),
        _ => None,
    });
    assert_eq!(canvas_aside.iteration, 2);
    assert_eq!(*canvas_aside.image, canvas(2));
    // It can still be kept.
    bench.studio.send(Command::KeepCanvas(canvas_aside));
    let kept = bench.wait_kept();
    assert_eq!((kept.iteration, kept.recipe), (2, recipe));
    assert!(bench.seen.try_recv().is_err(), "no step after Stop");
}

#[test]
fn a_new_painting_silences_the_old_one() {
    let bench = Bench::new();
    bench.paint(1, &bench.recipe(100));
    bench.step_begun();
    bench.paint(2, &bench.recipe(100));
    bench.paint(3, &bench.recipe(2));
    bench.allow(3);
    bench.wait_started(3);
    let mut iterations = vec![];
    loop {
        match bench.next_event() {
            Event::Progress { run: RunId(3), progress } => iterations.push(progress.iteration),
            Event::Finished(RunId(3)) => break,
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert_eq!(iterations, [1, 2]);
    assert_eq!(bench.frame().run, RunId(3));
}

#[test]
fn a_panic_costs_a_message_but_neither_the_canvas_nor_the_thread() {
    let bench = Bench::new();
    let recipe = Recipe { style_strength: 1.5, ..bench.recipe(100) };
    bench.paint(1, &recipe);
    bench.allow(2);
    bench.gate.send(Step::Panic).unwrap();
    let (message, rescued) = bench.wait_failed();
    assert!(message.contains("the fake painter panics"), "{message}");
    let rescued = rescued.expect("two iterations were painted");
    let record = read_record(&rescued).unwrap().unwrap();
    assert_eq!((record.recipe, record.iteration), (recipe.clone(), 2));
    assert_eq!(Picture::open(&rescued).unwrap().to_rgba(), canvas(2));
    assert_eq!(bench.frame().iteration, 2);
    // The canvas can still be saved, sliders do no harm, and the thread paints on.
    bench.revise(&Recipe { style_strength: 0.5, ..recipe.clone() });
    bench.studio.send(Command::Keep);
    assert_eq!(bench.wait_kept().iteration, 2);
    bench.allow(1);
    bench.paint(2, &Recipe { iterations: 1, ..recipe });
    bench.wait_finished();
}

#[test]
fn a_panic_before_the_first_iteration_rescues_nothing() {
    let bench = Bench::new();
    bench.gate.send(Step::Panic).unwrap();
    bench.paint(1, &bench.recipe(100));
    assert_eq!(bench.wait_failed().1, None);
    assert!(!bench.path("library").exists());
}

#[test]
fn an_error_keeps_the_painter_for_a_gentler_recipe() {
    let bench = Bench::new();
    let recipe = bench.recipe(3);
    bench.paint(1, &recipe);
    bench.allow(2);
    bench.gate.send(Step::Error).unwrap();
    let (message, rescued) = bench.wait_failed();
    assert!(message.contains("not a finite number at 8 x 4"), "{message}");
    assert_eq!(Picture::open(&rescued.unwrap()).unwrap().to_rgba(), canvas(2));
    bench.revise(&Recipe { style_strength: -2.0, ..recipe });
    bench.wait(|event| matches!(event, Event::Resumed(RunId(1))).then_some(()));
    bench.allow(1);
    bench.wait_iteration(3);
    bench.wait_finished();
}

#[test]
fn a_slider_acts_on_the_very_next_step_and_only_its_last_place_counts() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Step(0.0));
    for strength in [1.0, 2.0, 3.0] {
        bench.revise(&Recipe { style_strength: strength, ..recipe.clone() });
    }
    bench.allow(1);
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Revise(3.0, 8));
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Step(3.0));
}

#[test]
fn a_finished_painting_goes_on_when_a_change_gives_it_more_to_do() {
    let bench = Bench::new();
    let recipe = bench.recipe(2);
    bench.allow(5);
    bench.paint(1, &recipe);
    bench.wait_finished();
    bench.revise(&Recipe { style_strength: 1.0, ..recipe.clone() });
    bench.revise(&Recipe { iterations: 4, ..recipe });
    bench.wait(|event| matches!(event, Event::Resumed(RunId(1))).then_some(()));
    bench.wait_iteration(4);
    bench.wait_finished();
}

#[test]
fn a_change_of_picture_loads_it_first() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    bench.step_begun();
    RgbaImage::from_pixel(32, 32, Rgba([9, 9, 9, 255])).save(bench.path("large.png")).unwrap();
    bench.revise(&Recipe { content: bench.source("large.png"), ..recipe.clone() });
    bench.allow(1);
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Revise(0.0, 32));
    bench.step_begun();
    // A picture that is not there is a message, and painting goes on as before.
    bench.revise(&Recipe { content: bench.source("missing.png"), ..recipe });
    bench.allow(1);
    let message = bench.wait_problem();
    assert!(message.contains("missing.png"), "{message}");
    bench.step_begun();
}

#[test]
fn a_paused_painting_holds_with_its_last_canvas_shown() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    bench.allow(1);
    bench.steps_begun(2);
    bench.studio.send(Command::Pause);
    bench.allow(1);
    bench.wait(|event| matches!(event, Event::Paused(RunId(1))).then_some(()));
    assert_eq!(bench.frame().iteration, 2);
    // A slider moves while it holds: it is taken over, and still nothing is painted.
    bench.revise(&Recipe { style_strength: 4.0, ..recipe });
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Revise(4.0, 8));
    bench.studio.send(Command::Keep);
    let kept = bench.wait_kept();
    assert_eq!((kept.iteration, kept.recipe.style_strength), (2, 4.0));
    assert!(bench.seen.try_recv().is_err(), "no step while paused");
    bench.studio.send(Command::Resume);
    bench.wait(|event| matches!(event, Event::Resumed(RunId(1))).then_some(()));
    assert_eq!(bench.step_begun(), 4.0);
}

#[test]
fn keep_writes_a_picture_that_restores_its_recipe() {
    let bench = Bench::new();
    let recipe = Recipe { style_strength: 2.5, tv: 0.25, seed: 7, ..bench.recipe(100) };
    bench.paint(1, &recipe);
    bench.allow(2);
    bench.steps_begun(3);
    assert!(!bench.path("library").exists(), "made at the first write");
    bench.studio.send(Command::Keep);
    bench.allow(1);
    let kept = bench.wait_kept();
    assert_eq!((kept.iteration, &kept.recipe), (3, &recipe));
    assert_eq!(Picture::open(&kept.path).unwrap().to_rgba(), canvas(3));
    // As another session would find it.
    bench.studio.send(Command::ListLibrary);
    let listed = bench.wait(|event| match event {
        Event::Library(favourites) => Some(favourites),
        _ => None,
    });
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].path, &listed[0].recipe, listed[0].iteration), (&kept.path, &recipe, 3));
    // Opened, exported, deleted.
    bench.studio.send(Command::OpenFavourite(kept.path.clone()));
    let opened = bench.wait(|event| match event {
        Event::FavouriteOpened { path, image } if path == kept.path => Some(image),
        _ => None,
    });
    assert_eq!(*opened, canvas(3));
    let to = bench.path("exported.png");
    bench.studio.send(Command::ExportFavourite { from: kept.path.clone(), to: to.clone() });
    bench.wait(|event| matches!(event, Event::Saved(path) if path == to).then_some(()));
    assert_eq!(read_record(&to).unwrap().unwrap().recipe, recipe);
    bench.studio.send(Command::DeleteFavourite(kept.path.clone()));
    bench.wait(|event| matches!(event, Event::FavouriteDeleted(path) if path == kept.path).then_some(()));
    assert!(!kept.path.exists());
    bench.studio.send(Command::ListLibrary);
    bench.wait(|event| matches!(event, Event::Library(list) if list.is_empty()).then_some(()));
}

#[test]
fn there_is_nothing_to_keep_before_the_first_painting() {
    let bench = Bench::new();
    bench.studio.send(Command::Keep);
    assert!(bench.wait_problem().contains("press Paint first"));
    bench.studio.send(Command::SaveAs(bench.path("saved.png")));
    assert!(bench.wait_problem().contains("press Paint first"));
    assert!(!bench.path("saved.png").exists());
}

#[test]
fn save_as_writes_where_the_artist_says_or_names_the_place() {
    let bench = Bench::new();
    bench.allow(1);
    bench.paint(1, &bench.recipe(1));
    bench.wait_finished();
    let path = bench.path("saved.png");
    bench.studio.send(Command::SaveAs(path.clone()));
    bench.wait(|event| matches!(event, Event::Saved(saved) if saved == path).then_some(()));
    assert_eq!(Picture::open(&path).unwrap().to_rgba(), canvas(1));
    bench.studio.send(Command::SaveAs(bench.path("no such folder/saved.png")));
    let message = bench.wait_problem();
    assert!(message.contains("no such folder"), "{message}");
}

#[test]
fn a_pasted_picture_lives_in_the_library() {
    let bench = Bench::new();
    let pasted = RgbaImage::from_pixel(20, 10, Rgba([1, 2, 3, 255]));
    bench.studio.send(Command::AdoptPicture { name: "clipboard".to_owned(), image: Arc::new(pasted.clone()) });
    let source = bench.wait(|event| match event {
        Event::PictureAdopted { name, source } if name == "clipboard" => Some(source),
        _ => None,
    });
    let (width, height) = bench.wait(|event| match event {
        Event::PictureLoaded { source: loaded, width, height, .. } if loaded == source => Some((width, height)),
        _ => None,
    });
    assert_eq!((width, height), (20, 10));
    let PictureSource::File(path) = source else { panic!("a pasted picture is a file now") };
    assert!(path.starts_with(bench.path("library/pasted")));
    assert_eq!(Picture::open(&path).unwrap().to_rgba(), pasted);
}

#[test]
fn pictures_are_loaded_or_named_in_a_sentence() {
    let bench = Bench::new();
    bench.studio.send(Command::LoadPicture(bench.source("content.png")));
    let (width, height, thumbnail) = bench.wait(|event| match event {
        Event::PictureLoaded { width, height, thumbnail, .. } => Some((width, height, thumbnail)),
        _ => None,
    });
    assert_eq!((width, height), (8, 4));
    assert_eq!(thumbnail.width(), 2 * thumbnail.height(), "the aspect is kept");
    std::fs::write(bench.path("text.jpg"), "no picture").unwrap();
    for name in ["missing.png", "text.jpg"] {
        bench.studio.send(Command::LoadPicture(bench.source(name)));
        let message = bench.wait(|event| match event {
            Event::PictureFailed { message, .. } => Some(message),
            _ => None,
        });
        assert!(message.contains(name), "{message}");
    }
    // The same with Paint.
    bench.paint(1, &Recipe { content: bench.source("missing.png"), ..bench.recipe(1) });
    let (message, rescued) = bench.wait_failed();
    assert!(message.contains("missing.png") && rescued.is_none(), "{message}");
}

#[test]
fn a_file_that_changes_is_read_again() {
    let bench = Bench::new();
    let load = || {
        bench.studio.send(Command::LoadPicture(bench.source("content.png")));
        bench.wait(|event| match event {
            Event::PictureLoaded { width, .. } => Some(width),
            _ => None,
        })
    };
    assert_eq!(load(), 8);
    RgbaImage::from_pixel(300, 200, Rgba([9, 9, 9, 255])).save(bench.path("content.png")).unwrap();
    assert_eq!(load(), 300);
}

#[test]
fn a_recipe_out_of_range_never_reaches_the_engine() {
    let bench = Bench::new();
    bench.paint(1, &Recipe { tv: -1.0, ..bench.recipe(1) });
    assert!(bench.wait_failed().0.contains("tv is -1"));
}

#[test]
fn weights_that_cannot_be_used_leave_the_old_ones_in_place() {
    let bench = Bench::new();
    for bad in ["bad.safetensors", "panic.safetensors"] {
        bench.studio.send(Command::UseWeights(Some(bench.path(bad))));
        bench.wait_problem();
    }
    bench.studio.send(Command::UseWeights(Some(bench.path("good.safetensors"))));
    let words = bench.wait(|event| match event {
        Event::WeightsChosen(words) => Some(words),
        _ => None,
    });
    assert!(words.contains("good.safetensors"), "{words}");
    bench.allow(1);
    bench.paint(1, &bench.recipe(1));
    bench.wait_finished();
}

#[test]
fn a_library_that_cannot_be_used_is_a_sentence() {
    let bench = Bench::new();
    std::fs::write(bench.path("library"), "a file, not a folder").unwrap();
    bench.studio.send(Command::ListLibrary);
    assert!(bench.wait_problem().contains("library"));
    bench.allow(1);
    bench.paint(1, &bench.recipe(1));
    bench.wait_finished();
    bench.studio.send(Command::Keep);
    assert!(bench.wait_problem().contains("library"));
}

#[test]
fn what_was_kept_just_before_the_end_is_written() {
    let bench = Bench::new();
    bench.allow(1);
    bench.paint(1, &bench.recipe(1));
    bench.wait_finished();
    bench.studio.send(Command::Keep);
    let Bench { studio, folder, .. } = bench;
    drop(studio);
    let written: Vec<_> = std::fs::read_dir(folder.path().join("library")).unwrap().collect();
    assert_eq!(written.len(), 1);
}

#[test]
fn dropping_the_studio_ends_an_endless_painting() {
    let bench = Bench::new();
    bench.paint(1, &bench.recipe(100_000));
    bench.step_begun();
    let Bench { gate, studio, .. } = bench;
    let closing = std::thread::spawn(move || drop(studio));
    // The painter is let go step by step until it is asked for no more.
    while gate.send(Step::Go).is_ok() && !closing.is_finished() {
        std::thread::yield_now();
    }
    closing.join().unwrap();
}
