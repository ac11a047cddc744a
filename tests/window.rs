//! Whole sessions in the window, by the accessible names of its controls, over a painter that the test holds the reins
//! of. No display, no graphics card, no weights.
#![cfg(feature = "gui")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use image::{Rgba, RgbaImage};
use pentimento::app::{Answer, App, FileDialogs, Opening, Preferences, Purpose, Reply};
use pentimento::engine::{Engine, EngineError, Job, Losses, Painter, Progress};
use pentimento::recipe::{Init, PictureSource, Recipe};
use pentimento::studio::{Studio, StudioConfig};

/// How long a test waits for a thread before it gives up. Never waited out when all is well.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the fake painter reports and what it waits for.
#[derive(Clone)]
struct Reins {
    /// One token lets the painter make one step; an error token makes it fail.
    steps: Receiver<Result<(), String>>,
    /// Every recipe that reached the painter, in order.
    seen: Arc<Mutex<Vec<Recipe>>>,
}

impl Engine for Reins {
    fn device_name(&self) -> String {
        "Test bench".to_owned()
    }

    fn begin(&self, job: &Job) -> Result<Box<dyn Painter>, EngineError> {
        self.seen.lock().unwrap().push(job.recipe.clone());
        Ok(Box::new(Tame { reins: self.clone(), iterations: job.recipe.iterations, iteration: 0 }))
    }
}

struct Tame {
    reins: Reins,
    iterations: u32,
    iteration: u32,
}

impl Painter for Tame {
    fn step(&mut self) -> Result<Progress, EngineError> {
        match self.reins.steps.recv() {
            Ok(Ok(())) => {}
            Ok(Err(message)) => return Err(EngineError::Device(message)),
            // The test is over; the painting ends with it.
            Err(_) => return Err(EngineError::Device("the test is over".to_owned())),
        }
        self.iteration += 1;
        Ok(Progress {
            stage: 0,
            stages: 1,
            iteration: self.iteration,
            iterations: self.iterations,
            remaining_secs: Some(10.0),
            width: 24,
            height: 16,
            losses: Losses { loss: 1234.5, content: 34.5, style: 1200.0, tv: 0.0 },
            evaluations: vec![],
            notice: None,
        })
    }

    fn is_finished(&self) -> bool {
        self.iteration >= self.iterations
    }

    fn frame(&self) -> Result<RgbaImage, EngineError> {
        Ok(RgbaImage::from_pixel(24, 16, Rgba([self.iteration as u8, 100, 50, 255])))
    }

    fn revise(&mut self, job: &Job) -> Result<(), EngineError> {
        self.reins.seen.lock().unwrap().push(job.recipe.clone());
        self.iterations = job.recipe.iterations;
        Ok(())
    }
}

/// Answers every file dialog at once.
#[derive(Clone)]
struct Dialogs {
    answer: Arc<Mutex<Answer>>,
}

impl FileDialogs for Dialogs {
    fn ask(&self, purpose: Purpose, _file_name: &str, _parent: &eframe::Frame, reply: Reply) {
        reply.send(purpose, self.answer.lock().unwrap().clone());
    }
}

/// A window with everything that pulls its strings.
struct Bench {
    steps: Option<Sender<Result<(), String>>>,
    harness: Option<Harness<'static, App>>,
    seen: Arc<Mutex<Vec<Recipe>>>,
    answer: Arc<Mutex<Answer>>,
    woken: Receiver<()>,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with_library(|folder| folder.join("library"))
    }

    fn with_library(library: impl Fn(&Path) -> PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path());
        let (steps, tokens) = unbounded();
        let (wake, woken) = unbounded();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(Answer::Cancelled));
        let engine = Reins { steps: tokens, seen: Arc::clone(&seen) };
        let dialogs = Dialogs { answer: Arc::clone(&answer) };
        let harness = Harness::builder().with_size([1280.0, 800.0]).build_eframe(move |cc| {
            let config = StudioConfig {
                library: library.clone(),
                make_engine: Arc::new(move |_| Ok(Arc::new(engine.clone()) as Arc<dyn Engine>)),
                // A wake-up after the end of the test has nobody to reach.
                waker: Arc::new(move || {
                    let _ = wake.send(());
                }),
            };
            let studio = Studio::start(config);
            App::new(&cc.egui_ctx, studio, &Opening::default(), Preferences::default(), Box::new(dialogs))
        });
        Self { steps: Some(steps), harness: Some(harness), seen, answer, woken, folder }
    }

    fn window(&mut self) -> &mut Harness<'static, App> {
        self.harness.as_mut().unwrap()
    }

    /// Draws whenever the studio says something, until `done`.
    fn until(&mut self, what: &str, done: impl Fn(&Harness<'static, App>) -> bool) {
        loop {
            // A message is measured in its first frame and visible in the second.
            self.window().run_steps(2);
            if done(self.window()) {
                return;
            }
            let woken = self.woken.recv_timeout(PATIENCE).is_ok();
            assert!(woken, "waited in vain: {what}; the window shows {:#?}", self.window().root());
        }
    }

    /// Draws until something with these words in its name is there.
    fn until_label(&mut self, label: &str) {
        self.until(label, |window| window.query_all_by_label_contains(label).next().is_some());
    }

    fn has(&mut self, label: &str) -> bool {
        self.window().query_all_by_label_contains(label).next().is_some()
    }

    fn click(&mut self, label: &str) {
        self.window().get_by_role_and_label(Role::Button, label).click();
        self.settle();
    }

    fn press(&mut self, key: Key) {
        self.window().key_press(key);
        self.settle();
    }

    /// A few frames, for menus and sections to open.
    fn settle(&mut self) {
        self.window().run_steps(4);
    }

    fn iterate(&self, times: usize) {
        for _ in 0..times {
            self.steps.as_ref().unwrap().send(Ok(())).unwrap();
        }
    }

    fn fail(&self, message: &str) {
        self.steps.as_ref().unwrap().send(Err(message.to_owned())).unwrap();
    }

    fn ready(&mut self) {
        self.until("the bundled pair", |window| {
            window.query_by_label("Canvas: the photo").is_some()
                && window.query_by_label_contains("Style picture: The Starry Night").is_some()
        });
    }

    /// Starts painting and lets so many iterations pass.
    fn paint(&mut self, iterations: usize) {
        self.click("Paint");
        self.iterate(iterations);
        self.until_label(&format!("Iteration {iterations} /"));
        self.until_label("Canvas: the painting");
    }

    fn set_slider(&mut self, label: &str, value: f64) {
        self.window().get_by_role_and_label(Role::Slider, label).set_value_accesskit(value);
        self.settle();
    }

    /// Sets the painter free from the step that it waits in, and waits until the newest recipe it has is as wanted.
    fn until_painter_has(&mut self, what: &str, wanted: impl Fn(&Recipe) -> bool) {
        self.iterate(1);
        let seen = Arc::clone(&self.seen);
        self.until(what, move |_| seen.lock().unwrap().last().is_some_and(&wanted));
    }

    fn drop_file(&mut self, path: PathBuf) {
        self.window().input_mut().dropped_files.push(Arc::new(Dropped(path)));
    }

    fn write_picture(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        RgbaImage::from_pixel(40, 30, Rgba([200, 20, 20, 255])).save(&path).unwrap();
        path
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // The painter waits for a token inside a step; once none can come it gives up, and the studio can be joined.
        self.steps = None;
        self.harness = None;
    }
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the window must leave reading to the studio".to_owned())
    }
}

#[test]
fn a_whole_session_from_choosing_to_restoring() {
    let mut bench = Bench::new();
    bench.ready();

    // Choose: a bundled style, a photo dropped on the window.
    bench.click("Style samples");
    bench.click("Ocean Waves");
    bench.until_label("Style picture:");
    let dropped = bench.write_picture("red.png");
    bench.drop_file(dropped.clone());
    bench.window().event(Event::PointerMoved(egui::pos2(640.0, 300.0)));
    bench.until_label("Photo picture: red.png");

    // Paint: progress, losses and device are told.
    bench.paint(3);
    assert!(bench.has("24 × 16 px") && bench.has("1234") && bench.has("Test bench"));
    {
        let seen = bench.seen.lock().unwrap();
        assert_eq!(seen[0].content, PictureSource::File(dropped));
        assert_eq!(seen[0].styles[0].picture, PictureSource::Sample("ocean-waves".to_owned()));
    }

    // A slider acts on the running painting.
    bench.set_slider("Style strength", 3.0);
    bench.until_painter_has("the new style strength", |recipe| recipe.style_strength == 3.0);
    assert_eq!(bench.seen.lock().unwrap().len(), 2, "one change, one revision");

    // Keep it.
    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("Favourite, iteration");

    // Go on under other settings, then go back to those of the favourite.
    bench.set_slider("Style strength", -2.0);
    bench.until_painter_has("the weaker style", |recipe| recipe.style_strength == -2.0);
    bench.window().get_by_label_contains("Favourite, iteration").click();
    bench.until_label("Viewing a favourite");
    bench.click("Take its settings");
    bench.until_painter_has("the kept style strength", |recipe| recipe.style_strength == 3.0);
    assert!(bench.has("Pause"), "the painting has gone on");
    bench.until_label("Canvas: the painting");
}

#[test]
fn one_button_and_one_key_paint_pause_and_resume() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(1);
    bench.press(Key::Space);
    bench.iterate(1);
    bench.until_label("Paused");
    bench.click("Resume");
    bench.iterate(2);
    bench.until_label("Iteration 4 /");
    assert!(bench.has("Pause"));
}

#[test]
fn starting_over_keeps_the_canvas_within_reach() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(2);
    bench.click("Start over");
    bench.iterate(1);
    bench.until_label("Previous canvas");
    bench.click("Previous canvas");
    assert!(bench.has("Viewing the previous canvas"));
    bench.press(Key::K);
    bench.until_label("Favourite, iteration");
    bench.press(Key::Escape);
    assert!(!bench.has("Viewing the previous canvas"));
}

#[test]
fn an_error_of_the_painter_becomes_one_sentence_in_the_window() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(1);
    bench.fail("the graphics card was unplugged");
    bench.until_label("the graphics card was unplugged");
    assert!(bench.has("Broken off"));
    // A new painting can be started.
    bench.click("Paint");
    bench.iterate(1);
    bench.until_label("Iteration 1 /");
}

#[test]
fn a_library_that_cannot_be_written_is_said_and_costs_nothing() {
    // A file stands where the library's folder would have to be.
    let mut bench = Bench::with_library(|folder| {
        std::fs::write(folder.join("taken"), b"").unwrap();
        folder.join("taken").join("library")
    });
    bench.ready();
    bench.paint(1);
    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("taken");
    assert!(!bench.has("Favourite, iteration"));
    assert!(bench.has("Pause"), "the painting goes on");
}

#[test]
fn a_picture_that_cannot_be_read_leaves_the_old_one_in_place() {
    let mut bench = Bench::new();
    bench.ready();
    let missing = bench.folder.path().join("missing.png");
    bench.drop_file(missing);
    bench.window().step();
    bench.window().event(Event::PointerMoved(egui::pos2(640.0, 300.0)));
    bench.until_label("missing.png");
    assert!(bench.has("Photo picture: Neuschwanstein Castle"));
    bench.paint(1);
    assert_eq!(bench.seen.lock().unwrap()[0].content, Recipe::default().content);
}

#[test]
fn a_picture_dropped_on_the_style_becomes_the_style() {
    let mut bench = Bench::new();
    bench.ready();
    let path = bench.write_picture("brush.png");
    let at = bench.window().get_by_label_contains("Style picture").rect().center();
    bench.drop_file(path);
    bench.window().step();
    bench.window().event(Event::PointerMoved(at));
    bench.until_label("Style picture: brush.png");
    assert!(bench.has("Photo picture: Neuschwanstein Castle"));
}

#[test]
fn a_pasted_picture_goes_where_the_pointer_is() {
    let mut bench = Bench::new();
    bench.ready();
    let at = bench.window().get_by_label_contains("Style picture").rect().center();
    bench.window().event(Event::PointerMoved(at));
    let pixels = vec![egui::Color32::from_rgb(10, 200, 10); 12 * 9];
    bench.window().event(Event::PasteImage(Arc::new(egui::ColorImage::new([12, 9], pixels))));
    bench.until_label("Style picture: Pasted style");
    assert!(bench.has("12 × 9"));
}

#[test]
fn a_file_dialog_answers_for_the_place_that_asked() {
    let mut bench = Bench::new();
    bench.ready();
    *bench.answer.lock().unwrap() = Answer::Chosen(bench.write_picture("chosen.png"));
    bench.window().key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    bench.settle();
    bench.until_label("Style picture: chosen.png");
}

#[test]
fn without_file_dialogs_a_path_can_be_typed() {
    let mut bench = Bench::new();
    bench.ready();
    let path = bench.write_picture("typed.png");
    *bench.answer.lock().unwrap() = Answer::Unavailable;
    bench.click("Open photo");
    assert!(bench.has("No file dialog on this system"));
    bench.window().get_by_role_and_label(Role::TextInput, "Path").type_text(&path.display().to_string());
    bench.settle();
    bench.click("Open");
    bench.until_label("Photo picture: typed.png");
    assert!(!bench.has("No file dialog on this system"));
}

#[test]
fn save_as_writes_what_is_shown() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(2);
    let path = bench.folder.path().join("painting.png");
    *bench.answer.lock().unwrap() = Answer::Chosen(path.clone());
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::S);
    bench.settle();
    bench.iterate(1);
    bench.until_label("Saved");
    let saved = image::open(&path).unwrap().to_rgba8();
    assert_eq!(saved.dimensions(), (24, 16));
    assert!(saved.get_pixel(0, 0).0[0] >= 2);
}

#[test]
fn the_canvas_is_finished_at_the_size_that_was_chosen() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(2);
    bench.click("Finish");
    // The canvas is kept first, so that the recipe can name what it starts from.
    bench.iterate(1);
    bench.until_label("Reckoning time and memory");
    bench.iterate(1);
    bench.until_label("2048 x ");
    bench.window().get_by_label("3072").click();
    bench.settle();
    bench.iterate(1);
    bench.until_label("3072 x ");
    assert!(bench.has("GB") && bench.has("stages"));
    bench.click("Start finishing");
    bench.until_painter_has("the finishing recipe", |recipe| recipe.size == 3072);
    assert!(!bench.has("Finish at a high resolution"));
    {
        let seen = bench.seen.lock().unwrap();
        let recipe = seen.last().unwrap();
        let Init::Picture(PictureSource::File(kept)) = &recipe.init else { panic!("it starts from the canvas") };
        assert!(kept.starts_with(bench.folder.path().join("library")));
        // The canvas was 24 pixels long.
        assert_eq!(recipe.start_size, 25);
    }
    // It is a painting like any other, and the old canvas is within reach.
    bench.iterate(1);
    bench.until_label("Iteration 1 /");
    assert!(bench.has("Previous canvas") && bench.has("Pause"));
}

#[test]
fn a_favourite_is_finished_or_left_as_it_is() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(1);
    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("Favourite, iteration");
    bench.window().get_by_label_contains("Favourite, iteration").click();
    bench.until_label("Viewing a favourite");
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::F);
    bench.settle();
    bench.iterate(1);
    bench.until_label("2048 x ");
    // Smaller than it is, there is nothing to finish.
    bench.window().get_by_role_and_label(Role::SpinButton, "Long side").set_value_accesskit(16.0);
    bench.settle();
    bench.iterate(1);
    bench.until_label("24 pixels long already");
    bench.press(Key::Escape);
    assert!(!bench.has("Finish at a high resolution"));
    assert!(bench.has("Viewing a favourite"), "one key, one step back");
    assert_eq!(bench.seen.lock().unwrap().len(), 1, "nothing new was painted");
}

#[test]
fn a_slider_goes_back_to_the_preset() {
    let mut bench = Bench::new();
    bench.ready();
    bench.set_slider("Photo fidelity", 4.0);
    bench.click("Reset photo fidelity");
    bench.paint(1);
    assert_eq!(bench.seen.lock().unwrap()[0].content_strength, Recipe::default().content_strength);
}

#[test]
fn the_closed_sections_reach_the_painter_too() {
    let mut bench = Bench::new();
    bench.ready();
    bench.window().get_by_label("Painting").click();
    bench.settle();
    bench.window().get_by_role_and_label(Role::SpinButton, "Iterations").set_value_accesskit(7.0);
    bench.settle();
    bench.window().get_by_label("Advanced").click();
    bench.settle();
    // The section lies below what fits into the window.
    bench.window().get_by_label("Random seed").scroll_to_me();
    bench.window().run_steps(20);
    bench.click("Random seed");
    bench.click("Paint");
    bench.iterate(7);
    bench.until_label("Finished");
    let seen = bench.seen.lock().unwrap();
    assert_eq!(seen[0].iterations, 7);
    assert_ne!(seen[0].seed, Recipe::default().seed);
}

#[test]
fn panels_come_and_go_by_key() {
    let mut bench = Bench::new();
    bench.ready();
    assert!(bench.has("The loss curve appears here"));
    bench.press(Key::L);
    assert!(!bench.has("The loss curve appears here"));
    bench.press(Key::F1);
    assert!(bench.has("Zoom to the pointer"));
}
