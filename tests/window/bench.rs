//! A window with everything that pulls its strings.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use image::{Rgba, RgbaImage};
use pentimento::app::{Answer, App, Desktop, Opening, Preferences, Purpose, Reply, Response, Severity};
use pentimento::engine::Engine;
use pentimento::recipe::Recipe;
use pentimento::studio::{Studio, StudioConfig};

use crate::painter::Reins;

/// How long a test waits for a thread before it gives up. Never waited out when all is well.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Answers every file dialog at once, and notes what it is given.
#[derive(Clone)]
pub struct ReadyDesktop {
    pub answer: Arc<Mutex<Answer>>,
    pub revealed: Arc<Mutex<Vec<PathBuf>>>,
    pub copied: Arc<Mutex<Vec<Arc<RgbaImage>>>>,
}

impl Desktop for ReadyDesktop {
    fn ask(&self, purpose: Purpose, _file_name: &str, _parent: &eframe::Frame, reply: Reply) {
        reply.send(Response::Path(purpose, self.answer.lock().unwrap().clone()));
    }

    fn reveal(&self, path: PathBuf, _reply: Reply) {
        self.revealed.lock().unwrap().push(path);
    }

    fn copy(&self, image: Arc<RgbaImage>, reply: Reply) {
        self.copied.lock().unwrap().push(image);
        reply.send(Response::Notice(Severity::Info, "Copied it".to_owned()));
    }
}

/// A window with everything that pulls its strings.
pub struct Bench {
    pub steps: Option<Sender<Result<(), String>>>,
    pub harness: Option<Harness<'static, App>>,
    pub seen: Arc<Mutex<Vec<Recipe>>>,
    pub disturbed: Arc<Mutex<Vec<String>>>,
    pub answer: Arc<Mutex<Answer>>,
    pub revealed: Arc<Mutex<Vec<PathBuf>>>,
    pub copied: Arc<Mutex<Vec<Arc<RgbaImage>>>>,
    pub woken: Receiver<()>,
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self::with_library(|folder| folder.join("library"))
    }

    pub fn with_library(library: impl Fn(&Path) -> PathBuf) -> Self {
        Self::with(library, Preferences::default())
    }

    pub fn with(library: impl Fn(&Path) -> PathBuf, preferences: Preferences) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path());
        let presets = folder.path().join("presets");
        let (steps, tokens) = unbounded();
        let (wake, woken) = unbounded();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(Answer::Cancelled));
        let disturbed = Arc::new(Mutex::new(Vec::new()));
        let engine = Reins { steps: tokens, seen: Arc::clone(&seen), disturbed: Arc::clone(&disturbed) };
        let (revealed, copied) = (Arc::default(), Arc::default());
        let desktop =
            ReadyDesktop { answer: Arc::clone(&answer), revealed: Arc::clone(&revealed), copied: Arc::clone(&copied) };
        let harness = Harness::builder().with_size([1280.0, 800.0]).build_eframe(move |cc| {
            let config = StudioConfig {
                library: library.clone(),
                presets: presets.clone(),
                make_engine: Arc::new(move |_| Ok(Arc::new(engine.clone()) as Arc<dyn Engine>)),
                // A wake-up after the end of the test has nobody to reach.
                waker: Arc::new(move || {
                    let _ = wake.send(());
                }),
                secure_every: Duration::MAX,
                moment_every: Duration::ZERO,
            };
            let studio = Studio::start(config);
            App::new(&cc.egui_ctx, studio, &Opening::default(), preferences, Box::new(desktop))
        });
        Self { steps: Some(steps), harness: Some(harness), seen, disturbed, answer, revealed, copied, woken, folder }
    }

    pub fn window(&mut self) -> &mut Harness<'static, App> {
        self.harness.as_mut().unwrap()
    }

    /// Draws whenever the studio says something, until `done`.
    pub fn until(&mut self, what: &str, done: impl Fn(&Harness<'static, App>) -> bool) {
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

    /// Paints, keeps an iteration and shows it.
    pub fn look_at_a_favourite(&mut self) {
        self.ready();
        self.paint(1);
        self.click("Keep");
        self.iterate(1);
        self.until_label("Favourite, iteration");
        self.window().get_by_label_contains("Favourite, iteration").click();
    }

    /// Draws until something with these words in its name is there.
    pub fn until_label(&mut self, label: &str) {
        self.until(label, |window| window.query_all_by_label_contains(label).next().is_some());
    }

    pub fn has(&mut self, label: &str) -> bool {
        self.window().query_all_by_label_contains(label).next().is_some()
    }

    pub fn click(&mut self, label: &str) {
        // What has just appeared may still move, and a click goes where the button was.
        self.settle();
        self.window().get_by_role_and_label(Role::Button, label).click();
        self.settle();
    }

    /// Takes back what the newest message reports, which is the lowest.
    pub fn undo_newest(&mut self) {
        self.settle();
        let all = self.window().get_all_by_role_and_label(Role::Button, "Undo");
        all.max_by(|a, b| a.rect().bottom().total_cmp(&b.rect().bottom())).unwrap().click();
        self.settle();
    }

    /// Opens the section at the end, which lies below what fits into the window, and goes to one of its buttons.
    pub fn open_advanced(&mut self, button: &str) {
        self.settle();
        self.window().get_by_label("Advanced").click_accesskit();
        self.settle();
        self.window().get_by_role_and_label(Role::Button, button).scroll_to_me();
        self.window().run_steps(20);
    }

    pub fn press(&mut self, key: Key) {
        self.window().key_press(key);
        self.settle();
    }

    /// A few frames, for menus and sections to open.
    pub fn settle(&mut self) {
        self.window().run_steps(4);
    }

    pub fn iterate(&self, times: usize) {
        for _ in 0..times {
            self.steps.as_ref().unwrap().send(Ok(())).unwrap();
        }
    }

    pub fn fail(&self, message: &str) {
        self.steps.as_ref().unwrap().send(Err(message.to_owned())).unwrap();
    }

    pub fn ready(&mut self) {
        self.until("the bundled pair", |window| {
            window.query_by_label("Canvas: the photo").is_some()
                && window.query_by_label_contains("Style picture: The Starry Night").is_some()
        });
    }

    /// Starts painting and lets so many iterations pass.
    pub fn paint(&mut self, iterations: usize) {
        self.click("Paint");
        self.iterate(iterations);
        self.until_label(&format!("Iteration {iterations} /"));
        self.until_label("Canvas: the painting");
    }

    /// Opens the section "Painting" and sets how many iterations there are.
    pub fn set_iterations(&mut self, iterations: f64) {
        self.window().get_by_label("Painting").click_accesskit();
        self.settle();
        self.window().get_by_role_and_label(Role::SpinButton, "Iterations").set_value_accesskit(iterations);
        self.settle();
    }

    /// Paints, asks for Finish and waits for what it would take.
    pub fn reckon_finish(&mut self) {
        self.ready();
        self.paint(2);
        self.click("Finish");
        self.paint_until_label("2048 x ");
    }

    /// Lets the painter go on, step by step, until something with these words in its name is there: what is taken of a canvas is
    /// taken between two steps.
    pub fn paint_until_label(&mut self, label: &str) {
        let begun = std::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            self.window().run_steps(2);
            if self.has(label) {
                return;
            }
            self.iterate(1);
            let _ = self.woken.recv_timeout(std::time::Duration::from_millis(20));
        }
        panic!("waited in vain: {label}; the window shows {:#?}", self.window().root());
    }

    pub fn set_slider(&mut self, label: &str, value: f64) {
        self.window().get_by_role_and_label(Role::Slider, label).set_value_accesskit(value);
        self.settle();
    }

    /// Lets the painter go on, step by step, until the newest recipe it has is as wanted: a change is only taken over
    /// between two steps, and nothing tells the window that it was.
    pub fn until_painter_has(&mut self, what: &str, wanted: impl Fn(&Recipe) -> bool) {
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

    pub fn drop_file(&mut self, path: PathBuf) {
        self.window().input_mut().dropped_files.push(Arc::new(Dropped(path)));
    }

    pub fn write_picture(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        RgbaImage::from_pixel(40, 30, Rgba([200, 20, 20, 255])).save(&path).unwrap();
        path
    }
}

impl Bench {
    /// Closes the window. The painter waits for a token inside a step; once none can come it gives up, and the studio can be
    /// joined.
    pub fn close(&mut self) {
        self.steps = None;
        self.harness = None;
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.close();
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
