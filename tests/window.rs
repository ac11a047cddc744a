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
use image::{DynamicImage, Rgba, RgbaImage};
use pentimento::app::{Answer, App, FileDialogs, Opening, Preferences, Purpose, Reply};
use pentimento::engine::{Engine, EngineError, Job, Losses, Painter, Progress, Term, TermShare};
use pentimento::image_io::{Picture, Rgba16Image};
use pentimento::recipe::{
    Colours, Depth, Edges, Init, OptimizerKind, PictureSource, Recipe, StyleCurve, StyleLoss, TvNorm,
};
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
    /// What was done to its canvas otherwise than by painting, in order.
    disturbed: Arc<Mutex<Vec<String>>>,
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

    fn deep_frame(&self) -> Result<Rgba16Image, EngineError> {
        Ok(DynamicImage::from(self.frame()?).into_rgba16())
    }

    fn stir(&mut self, levels: f32) -> Result<(), EngineError> {
        self.reins.disturbed.lock().unwrap().push(format!("stirred by {levels}"));
        Ok(())
    }

    fn go_on_from(&mut self, picture: &Picture) -> Result<(), EngineError> {
        let red = picture.to_rgba().get_pixel(0, 0).0[0];
        self.reins.disturbed.lock().unwrap().push(format!("went on from iteration {red}"));
        Ok(())
    }

    fn revise(&mut self, job: &Job) -> Result<(), EngineError> {
        self.reins.seen.lock().unwrap().push(job.recipe.clone());
        self.iterations = job.recipe.iterations;
        Ok(())
    }

    fn shares(&mut self) -> Result<Vec<TermShare>, EngineError> {
        Ok(vec![TermShare { term: Term::TotalVariation, loss: 2.0, gradient_rms: 0.5 }])
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
    disturbed: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Answer>>,
    woken: Receiver<()>,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with_library(|folder| folder.join("library"))
    }

    fn with_library(library: impl Fn(&Path) -> PathBuf) -> Self {
        Self::with(library, Preferences::default())
    }

    fn with(library: impl Fn(&Path) -> PathBuf, preferences: Preferences) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path());
        let presets = folder.path().join("presets");
        let (steps, tokens) = unbounded();
        let (wake, woken) = unbounded();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(Answer::Cancelled));
        let disturbed = Arc::new(Mutex::new(Vec::new()));
        let engine = Reins { steps: tokens, seen: Arc::clone(&seen), disturbed: Arc::clone(&disturbed) };
        let dialogs = Dialogs { answer: Arc::clone(&answer) };
        let harness = Harness::builder().with_size([1280.0, 800.0]).build_eframe(move |cc| {
            let config = StudioConfig {
                library: library.clone(),
                presets: presets.clone(),
                make_engine: Arc::new(move |_| Ok(Arc::new(engine.clone()) as Arc<dyn Engine>)),
                // A wake-up after the end of the test has nobody to reach.
                waker: Arc::new(move || {
                    let _ = wake.send(());
                }),
            };
            let studio = Studio::start(config);
            App::new(&cc.egui_ctx, studio, &Opening::default(), preferences, Box::new(dialogs))
        });
        Self { steps: Some(steps), harness: Some(harness), seen, disturbed, answer, woken, folder }
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
        // What has just appeared may still move, and a click goes where the button was.
        self.settle();
        self.window().get_by_role_and_label(Role::Button, label).click();
        self.settle();
    }

    /// Takes back what the newest message reports, which is the lowest.
    fn undo_newest(&mut self) {
        self.settle();
        let all = self.window().get_all_by_role_and_label(Role::Button, "Undo");
        all.max_by(|a, b| a.rect().bottom().total_cmp(&b.rect().bottom())).unwrap().click();
        self.settle();
    }

    /// Opens the section at the end, which lies below what fits into the window, and goes to one of its buttons.
    fn open_advanced(&mut self, button: &str) {
        self.settle();
        self.window().get_by_label("Advanced").click_accesskit();
        self.settle();
        self.window().get_by_role_and_label(Role::Button, button).scroll_to_me();
        self.window().run_steps(20);
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

    /// Lets the painter go on, step by step, until the newest recipe it has is as wanted: a change is only taken over
    /// between two steps, and nothing tells the window that it was.
    fn until_painter_has(&mut self, what: &str, wanted: impl Fn(&Recipe) -> bool) {
        let begun = std::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            self.window().run_steps(2);
            if self.seen.lock().unwrap().last().is_some_and(&wanted) {
                return;
            }
            self.iterate(1);
            // Nobody need say anything: a picture may still be on its way.
            let _ = self.woken.recv_timeout(std::time::Duration::from_millis(20));
        }
        panic!("the painter never had {what}, but {:?}", self.seen.lock().unwrap().last());
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
    // The painter is in the midst of a step: the new painting has shown nothing yet.
    bench.click("Start over");
    bench.until_label("Previous canvas");
    bench.click("Previous canvas");
    assert!(bench.has("Viewing the previous canvas"));
    bench.press(Key::K);
    bench.until_label("Favourite, iteration");
    bench.press(Key::Escape);
    assert!(!bench.has("Viewing the previous canvas"));
}

#[test]
fn a_stirred_canvas_can_be_had_back() {
    let mut bench = Bench::new();
    bench.ready();
    bench.open_advanced("Stir");
    bench.paint(3);
    bench.window().get_by_role_and_label(Role::SpinButton, "Strength of the stir").set_value_accesskit(40.0);
    bench.settle();
    bench.click("Stir");
    bench.iterate(1);
    bench.until_label("Previous canvas");
    assert_eq!(*bench.disturbed.lock().unwrap(), ["stirred by 40"]);
    bench.iterate(2);
    bench.until_label("Iteration 6 /");
    bench.click("Previous canvas");
    bench.click("Paint on from it");
    assert!(!bench.has("Viewing the previous canvas"));
    bench.iterate(1);
    bench.until_label("Iteration 7 /");
    assert_eq!(*bench.disturbed.lock().unwrap(), ["stirred by 40", "went on from iteration 4"]);
}

#[test]
fn a_new_painting_starts_from_the_canvas_or_from_a_favourite() {
    let mut bench = Bench::new();
    bench.ready();
    bench.open_advanced("Random seed");
    let start_from_this_canvas = |bench: &mut Bench| {
        bench.window().get_by_role_and_label(Role::ComboBox, "Start from").click();
        bench.settle();
        bench.click("This canvas");
    };
    bench.paint(2);
    start_from_this_canvas(&mut bench);
    bench.until_label("Starting picture picture: Canvas at iteration");
    // The canvas shows what was last taken of the painting, which may be an iteration behind it.
    let shown = (0..=2).find(|n| bench.has(&format!("Canvas at iteration {n}"))).unwrap();
    bench.click("Start over");
    bench.iterate(2);
    bench.until_label("Iteration 1 /");
    let init = bench.seen.lock().unwrap().last().unwrap().init.clone();
    let Init::Picture(PictureSource::File(path)) = init else { panic!("starts from {init}") };
    assert_eq!(image::open(path).unwrap().to_rgba8().get_pixel(0, 0).0, [shown, 100, 50, 255], "its very pixels");

    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("Favourite, iteration 2");
    bench.click("Favourite, iteration 2");
    start_from_this_canvas(&mut bench);
    bench.until_label("Starting picture picture: pentimento-");
    bench.press(Key::Escape);
    bench.click("Start over");
    bench.iterate(2);
    bench.until_label("Iteration 1 /");
    let init = bench.seen.lock().unwrap().last().unwrap().init.clone();
    let Init::Picture(source) = init else { panic!("starts from {init}") };
    assert_eq!(Picture::load(&source).unwrap().to_rgba().get_pixel(0, 0).0, [2, 100, 50, 255]);
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
fn pictures_are_as_deep_as_the_menu_says() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(1);
    let mut save = |depth: &str, name: &str| {
        bench.click("More");
        bench.click(depth);
        bench.press(Key::Escape);
        let path = bench.folder.path().join(name);
        *bench.answer.lock().unwrap() = Answer::Chosen(path.clone());
        bench.window().key_press_modifiers(Modifiers::COMMAND, Key::S);
        bench.settle();
        bench.iterate(1);
        bench.until_label(&format!("Saved {}", path.display()));
        image::open(&path).unwrap()
    };
    assert!(matches!(save("16 bits a channel", "deep.tif"), DynamicImage::ImageRgb16(_)));
    assert!(matches!(save("16 bits a channel", "as deep as it can be.jpg"), DynamicImage::ImageRgb8(_)));
    assert!(matches!(save("8 bits a channel", "plain.png"), DynamicImage::ImageRgb8(_)));
}

#[test]
fn the_depth_that_was_chosen_last_time_counts_from_the_start() {
    let deep = Preferences { depth: Depth::Sixteen, ..Preferences::default() };
    let mut bench = Bench::with(|folder| folder.join("library"), deep);
    bench.ready();
    bench.paint(1);
    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("Favourite, iteration");
    let mut kept = std::fs::read_dir(bench.folder.path().join("library")).unwrap();
    let kept = kept.find_map(|entry| image::open(entry.unwrap().path()).ok()).unwrap();
    assert!(matches!(kept, DynamicImage::ImageRgb16(_)));
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
    bench.until_label("Iteration ");
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
    // All sections fit into the window.
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    bench.window().get_by_label("Painting").click_accesskit();
    bench.settle();
    bench.window().get_by_role_and_label(Role::SpinButton, "Iterations").set_value_accesskit(7.0);
    bench.settle();
    bench.window().get_by_label("Advanced").click_accesskit();
    bench.settle();
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

#[test]
fn several_styles_are_blended_each_with_its_own_share_and_size() {
    let mut bench = Bench::new();
    bench.ready();
    bench.click("Add a style");
    bench.click("Ocean Waves");
    bench.until_label("Style 2 picture: Ocean Waves");
    bench.set_slider("Style 2 blend", 3.0);
    assert!(bench.has("75 %"));
    let size = bench.window().get_by_role_and_label(Role::SpinButton, "Style 1 own brush size");
    size.set_value_accesskit(2.0);
    bench.settle();
    bench.paint(1);
    let of = |recipe: &Recipe| recipe.styles.iter().map(|style| (style.weight, style.scale)).collect::<Vec<_>>();
    assert_eq!(of(&bench.seen.lock().unwrap()[0]), [(1.0, 2.0), (3.0, 1.0)]);

    // One goes, and comes back as it was.
    bench.click("Remove style 1");
    assert!(bench.has("Style picture: Ocean Waves"));
    bench.until_painter_has("one style", |recipe| recipe.styles.len() == 1);
    bench.settle();
    bench.window().get_by_role_and_label(Role::Button, "Undo").click_accesskit();
    bench.settle();
    assert!(bench.has("Style 1 picture: The Starry Night"));
    bench.until_painter_has("both styles", move |recipe| of(recipe) == [(1.0, 2.0), (3.0, 1.0)]);
}

#[test]
fn the_last_share_of_a_mixture_cannot_be_taken_away() {
    let mut bench = Bench::new();
    bench.ready();
    bench.click("Add a style");
    bench.click("Ocean Waves");
    bench.until_label("Style 2 picture: Ocean Waves");
    bench.set_slider("Style 1 blend", 0.0);
    bench.set_slider("Style 2 blend", 0.0);
    bench.paint(1);
    let seen = bench.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.styles.iter().map(|style| style.weight).collect::<Vec<_>>(), [0.0, 1.0]);
}

#[test]
fn pictures_dropped_on_the_styles_replace_one_or_join_them() {
    let mut bench = Bench::new();
    bench.ready();
    let place = |bench: &mut Bench, label: &str| bench.window().get_by_label_contains(label).rect().center();
    let drop_at = |bench: &mut Bench, name: &str, at: egui::Pos2| {
        let path = bench.write_picture(name);
        bench.drop_file(path);
        bench.window().step();
        bench.window().event(Event::PointerMoved(at));
    };
    let add = place(&mut bench, "Add a style");
    drop_at(&mut bench, "second.png", add);
    bench.until_label("Style 2 picture: second.png");
    let second = place(&mut bench, "Style 2 picture");
    drop_at(&mut bench, "other.png", second);
    bench.until_label("Style 2 picture: other.png");
    let heading = place(&mut bench, "Styles");
    drop_at(&mut bench, "third.png", heading);
    bench.until_label("Style 3 picture: third.png");
    assert!(bench.has("Style 1 picture: The Starry Night") && bench.has("Style 2 picture: other.png"));
}

#[test]
fn a_preset_is_one_step_there_and_one_step_back() {
    let mut bench = Bench::new();
    bench.ready();
    bench.set_slider("Style strength", 3.0);
    bench.window().get_by_label("Painting").click_accesskit();
    bench.settle();
    bench.window().get_by_role_and_label(Role::SpinButton, "Size").set_value_accesskit(256.0);
    bench.settle();
    bench.click("Preset: Studio");
    bench.click("Bold");
    assert!(bench.has("Preset: Bold") && bench.has("The settings are those of Bold"));
    bench.paint(1);
    let wanted = Recipe { size: 256, ..Recipe::from_preset(pentimento::recipe::Preset::Bold) };
    assert_eq!(bench.seen.lock().unwrap()[0], wanted);
    bench.click("Undo");
    assert!(bench.has("Preset: Studio"));
    let before = Recipe { style_strength: 3.0, size: 256, ..Recipe::default() };
    bench.until_painter_has("the settings from before", move |recipe| *recipe == before);
}

#[test]
fn settings_are_kept_under_a_name_and_serve_as_a_preset() {
    let mut bench = Bench::new();
    // The whole list of presets fits into the window.
    bench.window().set_size(egui::vec2(1280.0, 1600.0));
    bench.ready();
    bench.window().get_by_label("Painting").click_accesskit();
    bench.set_slider("Style strength", 3.0);
    bench.paint(1);
    bench.click("Preset: Studio");
    bench.click("Save as preset…");
    bench.window().get_by_role_and_label(Role::TextInput, "Name of the preset").type_text("Misty");
    bench.settle();
    bench.click("Save");
    bench.until_label("The preset Misty is kept");
    let file = bench.folder.path().join("presets").join("Misty.json");
    assert!(file.exists() && file.with_extension("jpg").exists());

    // From now on it is what the settings are measured against.
    bench.set_slider("Style strength", -1.0);
    bench.click("Reset style strength");
    bench.until_painter_has("the strength of Misty", |recipe| recipe.style_strength == 3.0);
    bench.click("Preset: Misty");
    bench.click("Draft");
    bench.until_painter_has("a draft", |recipe| *recipe == Recipe::from_preset(pentimento::recipe::Preset::Draft));
    bench.click("Preset: Draft");
    bench.click("Misty");
    let misty = Recipe { style_strength: 3.0, ..Recipe::default() };
    bench.until_painter_has("Misty again", move |recipe| *recipe == misty);

    // Deleted, and brought back.
    bench.click("Preset: Misty");
    bench.click("Delete preset Misty");
    bench.until_label("Deleted the preset Misty");
    assert!(!file.exists());
    bench.undo_newest();
    bench.until("the file is back", move |_| file.exists());
}

#[test]
fn a_deleted_favourite_comes_back() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(1);
    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("Favourite, iteration");
    bench.window().get_by_label_contains("Favourite, iteration").click();
    bench.settle();
    bench.press(Key::Delete);
    bench.until_label("Moved pentimento-");
    assert!(!bench.has("Favourite, iteration"));
    bench.undo_newest();
    bench.until_label("Favourite, iteration");
}

#[test]
fn layers_are_weighted_added_and_taken_out() {
    let mut bench = Bench::new();
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    bench.window().get_by_label("Layers").click_accesskit();
    bench.settle();
    bench.set_slider("Style layers: relu3_1", 4.0);
    bench.set_slider("Photo layers: relu4_2", 0.0);
    bench.click("Add to photo layers");
    bench.window().get_by_role_and_label(Role::Button, "relu2_2").click_accesskit();
    bench.settle();
    bench.press(Key::Escape);
    bench.click("Add to style layers");
    bench.window().get_by_role_and_label(Role::Button, "relu3_3").click_accesskit();
    bench.settle();
    bench.press(Key::Escape);
    bench.click("Remove Style layers: relu3_3");
    assert!(bench.has("Layers, changed"));
    bench.paint(1);
    let seen = bench.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.style_layers.to_string(), "relu1_1,relu2_1,relu3_1=4,relu4_1,relu5_1");
    assert_eq!(seen.content_layers.to_string(), "relu2_2");

    bench.click("Reset style layers");
    bench.click("Reset photo layers");
    // Two changes, each taken over between two steps.
    bench.iterate(1);
    bench.until_painter_has("the layers of the preset", |recipe| *recipe == Recipe::default());
    assert!(!bench.has("Layers, changed"));
}

#[test]
fn the_pull_of_every_term_is_shown_when_asked_for() {
    let mut bench = Bench::new();
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    bench.window().get_by_label("Layers").click_accesskit();
    bench.settle();
    bench.paint(1);
    assert!(!bench.has(" pulls "));
    bench.click("Measure the pull");
    bench.iterate(1);
    bench.until_label("pulls 100 %");
}

#[test]
fn every_section_reaches_the_painter() {
    let mut bench = Bench::new();
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    for section in ["Painting", "Colour", "Layers", "Advanced"] {
        bench.window().get_by_label(section).click_accesskit();
        bench.settle();
    }
    for (slider, value) in [("Brush size", 2.0), ("Match colours", 40.0), ("Histogram", 0.5)] {
        bench.set_slider(slider, value);
    }
    for (choice, value) in [
        ("Colours", "The photo's"),
        ("Style curve", "Falling"),
        ("Style loss", "Mean and covariance"),
        ("Smoothing", "Edge-keeping"),
        ("Optimiser", "Adam"),
        ("Edges", "Grey"),
    ] {
        bench.window().get_by_role_and_label(Role::ComboBox, choice).click();
        bench.settle();
        bench.click(value);
    }
    for (number, value) in [("Adam momentum", 0.5), ("Adam caution", 0.9), ("Averaging", 0.75)] {
        bench.window().get_by_role_and_label(Role::SpinButton, number).set_value_accesskit(value);
        bench.settle();
    }
    bench.paint(1);
    let wanted = Recipe {
        style_scale: 2.0,
        colour_match: 40.0,
        histogram: 0.5,
        colours: Colours::Photo,
        style_curve: StyleCurve::Falling,
        style_loss: StyleLoss::Moments,
        tv_norm: TvNorm::L1,
        optimizer: OptimizerKind::Adam,
        edges: Edges::Zeros,
        adam_beta1: 0.5,
        adam_beta2: 0.9,
        averaging: 0.75,
        ..Recipe::default()
    };
    assert_eq!(bench.seen.lock().unwrap()[0], wanted);
    for section in ["Painting, changed", "Colour, changed", "Layers, changed", "Advanced, changed"] {
        assert!(bench.has(section), "{section}");
    }
    bench.click("Reset colours");
    bench.click("Reset match colours");
    assert!(!bench.has("Colour, changed"));
}

/// Painting masks on the canvas.
mod masks {
    use egui::{PointerButton, Pos2, Vec2, vec2};
    use egui_kittest::kittest::NodeT;
    use image::GrayImage;

    use super::*;

    impl Bench {
        fn open_where(&mut self) {
            self.ready();
            self.window().get_by_label("Where").scroll_to_me();
            self.window().run_steps(20);
            self.window().get_by_label("Where").click();
            self.window().run_steps(20);
        }

        /// Takes a button that may lie below what fits into the window.
        fn take(&mut self, label: &str) {
            self.window().get_by_role_and_label(Role::Button, label).scroll_to_me();
            self.window().run_steps(20);
            self.click(label);
        }

        /// A place on the canvas, in points from its middle.
        fn on_canvas(&mut self, off: Vec2) -> Pos2 {
            self.window().get_by_label("Canvas: painting a mask").rect().center() + off
        }

        fn stroke(&mut self, button: PointerButton, from: Vec2, to: Vec2) {
            let (from, to) = (self.on_canvas(from), self.on_canvas(to));
            let press = |pos, pressed| Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE };
            self.window().event(Event::PointerMoved(from));
            self.window().step();
            self.window().event(press(from, true));
            self.window().step();
            self.window().event(Event::PointerMoved(from + (to - from) / 2.0));
            self.window().event(Event::PointerMoved(to));
            self.window().step();
            self.window().event(press(to, false));
            self.settle();
        }

        /// The newest mask that the painter was given, once it differs from `last`.
        fn mask_after(
            &mut self,
            last: Option<&PictureSource>,
            of: impl Fn(&Recipe) -> Option<PictureSource>,
        ) -> PictureSource {
            self.until_painter_has("a new mask", |recipe| of(recipe).is_some_and(|mask| Some(&mask) != last));
            let seen = self.seen.lock().unwrap();
            of(seen.last().unwrap()).unwrap()
        }
    }

    fn of_style(recipe: &Recipe) -> Option<PictureSource> {
        recipe.styles[0].mask.clone()
    }

    fn of_photo(recipe: &Recipe) -> Option<PictureSource> {
        recipe.photo_mask.clone()
    }

    fn read(source: &PictureSource) -> GrayImage {
        let PictureSource::File(path) = source else { panic!("{source} is no file") };
        image::open(path).unwrap().to_luma8()
    }

    fn middle(mask: &GrayImage) -> u8 {
        mask.get_pixel(mask.width() / 2, mask.height() / 2).0[0]
    }

    #[test]
    fn a_stroke_on_the_canvas_acts_on_the_running_painting() {
        let mut bench = Bench::new();
        bench.open_where();
        bench.paint(1);
        assert!(bench.has("everywhere") && bench.has("stays nowhere"));
        bench.take("Paint where The Starry Night acts");
        assert!(bench.has("Canvas: painting a mask"));
        bench.stroke(PointerButton::Primary, vec2(-60.0, 0.0), vec2(60.0, 0.0));
        let painted = bench.mask_after(None, of_style);
        let mask = read(&painted);
        assert_eq!(mask.width().max(mask.height()), 1024);
        assert_eq!((middle(&mask), mask.get_pixel(1, 1).0[0]), (255, 0));
        bench.until_label("where painted");

        // The right button erases, whatever the brush is.
        bench.stroke(PointerButton::Secondary, vec2(0.0, -5.0), vec2(0.0, 5.0));
        let erased = bench.mask_after(Some(&painted), of_style);
        assert_eq!(middle(&read(&erased)), 0);
        bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
        bench.settle();
        assert_eq!(bench.mask_after(Some(&erased), of_style), painted, "the same mask is the same file");
        bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
        bench.settle();
        bench.until_painter_has("no mask", |recipe| of_style(recipe).is_none());
        bench.window().key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
        bench.settle();
        assert_eq!(bench.mask_after(None, of_style), painted);
        bench.press(Key::Escape);
        assert!(!bench.has("Canvas: painting a mask") && bench.has("Canvas: the painting"));
        bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
        bench.settle();
        bench.iterate(1);
        assert!(bench.has("where painted"), "undo is for the mask that is painted");
    }

    #[test]
    fn the_photos_mask_is_inverted_saved_cleared_and_loaded() {
        let mut bench = Bench::new();
        bench.open_where();
        bench.paint(1);
        bench.take("Paint where the photo stays");
        bench.press(Key::E);
        bench.stroke(PointerButton::Primary, Vec2::ZERO, vec2(9.0, 0.0));
        bench.press(Key::E);
        let (small, large) = (vec2(-200.0, 0.0), vec2(0.0, 0.0));
        bench.stroke(PointerButton::Primary, small, small);
        let first = bench.mask_after(None, of_photo);
        assert_eq!(middle(&read(&first)), 0, "nothing was there to erase, and the dab is far away");
        for _ in 0..12 {
            bench.press(Key::CloseBracket);
        }
        bench.stroke(PointerButton::Primary, large, large);
        let second = bench.mask_after(Some(&first), of_photo);
        let white = |mask: &GrayImage| mask.iter().filter(|grey| **grey == 255).count();
        assert!(white(&read(&second)) > 4 * white(&read(&first)), "a larger brush");

        bench.press(Key::I);
        let inverted = bench.mask_after(Some(&second), of_photo);
        assert!(read(&second).iter().zip(read(&inverted).iter()).all(|(a, b)| a + b == 255));
        let path = bench.folder.path().join("saved mask.png");
        *bench.answer.lock().unwrap() = Answer::Chosen(path.clone());
        bench.take("Save mask");
        bench.until_label("Saved");
        assert_eq!(image::open(&path).unwrap().to_luma8(), read(&inverted));

        bench.take("Clear mask");
        bench.until_painter_has("no mask", |recipe| of_photo(recipe).is_none());
        bench.take("Load mask");
        assert_eq!(bench.mask_after(None, of_photo), PictureSource::File(path));
        // A file that is no picture changes nothing.
        let text = bench.folder.path().join("text.png");
        std::fs::write(&text, "no picture").unwrap();
        *bench.answer.lock().unwrap() = Answer::Chosen(text);
        bench.take("Load mask");
        bench.until_label("text.png");
        assert!(bench.has("stays where painted"));
        bench.click("Done");
        assert!(!bench.has("Canvas: painting a mask"));
    }

    #[test]
    fn the_brush_is_as_large_and_hard_as_its_sliders_say_until_another_photo_ends_the_mask() {
        let mut bench = Bench::new();
        bench.open_where();
        bench.paint(1);
        bench.take("Paint where The Starry Night acts");
        bench.window().get_by_role_and_label(Role::Slider, "Brush size").scroll_to_me();
        bench.window().run_steps(20);
        bench.set_slider("Brush size", 40.0);
        bench.set_slider("Brush hardness", 100.0);
        bench.stroke(PointerButton::Primary, Vec2::ZERO, Vec2::ZERO);
        let mask = read(&bench.mask_after(None, of_style));
        let white = mask.iter().filter(|grey| **grey == 255).count() as f64;
        let grey = mask.iter().filter(|grey| (1..255).contains(*grey)).count() as f64;
        // A disc of 0.4 times 1024 pixels, of which only the rim is grey.
        assert!((white + grey - std::f64::consts::PI * 204.8 * 204.8).abs() < 2000.0, "{white} and {grey} pixels");
        assert!(grey < 2000.0, "{grey} pixels are grey");
        let path = bench.write_picture("other.png");
        bench.drop_file(path);
        bench.window().step();
        bench.window().event(Event::PointerMoved(egui::pos2(640.0, 300.0)));
        bench.until_label("Photo picture: other.png");
        bench.until("the mask is left", |window| window.query_by_label("Canvas: painting a mask").is_none());
    }

    #[test]
    fn a_favourite_brings_its_masks_back() {
        let mut bench = Bench::new();
        bench.open_where();
        bench.paint(1);
        bench.take("Paint where the photo stays");
        bench.stroke(PointerButton::Primary, vec2(-60.0, 0.0), vec2(60.0, 0.0));
        let mask = bench.mask_after(None, of_photo);
        bench.press(Key::Escape);
        bench.click("Keep");
        bench.iterate(1);
        bench.until_label("Favourite, iteration");
        bench.take("Paint where the photo stays");
        bench.until("the mask is here", |window| {
            window
                .query_by_role_and_label(Role::Button, "Clear mask")
                .is_some_and(|clear| !clear.accesskit_node().is_disabled())
        });
        bench.take("Clear mask");
        bench.until_painter_has("no mask", |recipe| of_photo(recipe).is_none());
        bench.window().get_by_label_contains("Favourite, iteration").click();
        bench.until_label("Viewing a favourite");
        assert!(!bench.has("Canvas: painting a mask"));
        bench.click("Take its settings");
        assert_eq!(bench.mask_after(None, of_photo), mask);
    }
}
