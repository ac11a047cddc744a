//! How smooth the window is while the engine works on every core, and how soon the first stroke is seen.
//!
//! ```sh
//! cargo run --release --example smoothness [-- SECONDS]
//! ```
//!
//! First paints without a window, until the first frame that an iteration has changed. Then opens the real window over the
//! real engine, with a library that is gone afterwards, waits until the pictures are there, presses the space bar to paint,
//! and draws sixty times a second. A frame's time is what eframe says that it
//! took to draw, without the wait for the screen; its interval is the time between the beginnings of two frames.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use egui::{Context, Event, Key, Modifiers, RawInput, Ui};
use pentimento::app::{App, NativeDesktop, Opening, Preferences, waker};
use pentimento::engine::{DeviceChoice, Engine, StyleEngine};
use pentimento::recipe::Recipe;
use pentimento::studio::{Command, MOMENT_EVERY, MakeEngine, RunId, SECURE_EVERY, Studio, StudioConfig};

/// What a screen of sixty frames a second leaves for one.
const INTERVAL: Duration = Duration::from_micros(16_667);
/// Time to read the pictures and to settle before the space bar is pressed.
const SETTLING_SECS: f64 = 3.0;

fn config(folder: &Path, waker: Arc<dyn Fn() + Send + Sync>) -> StudioConfig {
    let make_engine: MakeEngine = Arc::new(|weights: Option<&Path>| {
        Ok(Arc::new(StyleEngine::new(DeviceChoice::Cpu, weights)?) as Arc<dyn Engine>)
    });
    StudioConfig {
        library: folder.join("library"),
        presets: folder.join("presets"),
        make_engine,
        waker,
        secure_every: SECURE_EVERY,
        moment_every: MOMENT_EVERY,
    }
}

/// Seconds from the wish to paint to the first frame that an iteration has changed.
fn first_stroke_secs(folder: &Path) -> Option<f64> {
    let (wake, woken) = unbounded();
    let studio = Studio::start(config(
        folder,
        Arc::new(move || {
            // Nobody waits any more once the frame has come.
            let _ = wake.send(());
        }),
    ));
    let recipe = Recipe::default();
    // By the time that anybody can press Paint, the window has read the pictures, and the engine the weights.
    for source in [&recipe.content, &recipe.styles[0].picture] {
        studio.send(Command::LoadPicture(source.clone()));
    }
    std::thread::sleep(Duration::from_secs_f64(SETTLING_SECS));
    let begun = Instant::now();
    studio.send(Command::Paint { run: RunId(1), recipe: Box::new(recipe) });
    while woken.recv_timeout(Duration::from_secs(60)).is_ok() {
        while studio.try_event().is_some() {}
        if studio.latest_frame().is_some_and(|frame| frame.iteration > 0) {
            return Some(begun.elapsed().as_secs_f64());
        }
    }
    None
}

/// The window, watched.
struct Watched {
    app: App,
    seconds: f64,
    started: Instant,
    pressed: bool,
    told: bool,
    last: Option<Instant>,
    drawn_ms: Vec<f64>,
    intervals_ms: Vec<f64>,
}

impl eframe::App for Watched {
    fn raw_input_hook(&mut self, _ctx: &Context, input: &mut RawInput) {
        if !self.pressed && self.started.elapsed().as_secs_f64() > SETTLING_SECS {
            self.pressed = true;
            for pressed in [true, false] {
                let (key, modifiers) = (Key::Space, Modifiers::NONE);
                input.events.push(Event::Key { key, physical_key: None, pressed, repeat: false, modifiers });
            }
        }
    }

    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        if self.started.elapsed().as_secs_f64() > SETTLING_SECS + 1.0 {
            let now = Instant::now();
            if let Some(last) = self.last.replace(now) {
                self.intervals_ms.push(1e3 * (now - last).as_secs_f64());
            }
            self.drawn_ms.extend(frame.info().cpu_usage.map(|secs| 1e3 * f64::from(secs)));
        }
        self.app.logic(ctx, frame);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let begun = Instant::now();
        self.app.ui(ui, frame);
        if !self.told && self.started.elapsed().as_secs_f64() > SETTLING_SECS + 1.0 + self.seconds {
            self.told = true;
            for (what, times) in [("to draw", &mut self.drawn_ms), ("between two", &mut self.intervals_ms)] {
                times.sort_by(f64::total_cmp);
                let last = times.len().saturating_sub(1) as f64;
                let at = |share: f64| times.get((share * last) as usize).copied().unwrap_or(f64::NAN);
                let (median, p95, longest) = (at(0.5), at(0.95), at(1.0));
                println!("{what}: median {median:.1} ms, p95 {p95:.1} ms, longest {longest:.1} ms of {}", times.len());
            }
            ui.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        ui.request_repaint_after(INTERVAL.saturating_sub(begun.elapsed()));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(20.0);
    let folder = tempfile::tempdir()?;
    match first_stroke_secs(folder.path()) {
        Some(secs) => println!("from Paint to the first changed frame: {secs:.2} s"),
        None => println!("no frame came"),
    }
    let path = folder.path().to_owned();
    eframe::run_native(
        "pentimento",
        eframe::NativeOptions {
            viewport: egui::ViewportBuilder::default().with_title("Pentimento").with_inner_size([1280.0, 800.0]),
            ..eframe::NativeOptions::default()
        },
        Box::new(move |cc| {
            let studio = Studio::start(config(&path, waker(&cc.egui_ctx)));
            let (opening, preferences) = (Opening::default(), Preferences::default());
            let app = App::new(&cc.egui_ctx, studio, &opening, preferences, Box::<NativeDesktop>::default());
            let (started, drawn_ms, intervals_ms) = (Instant::now(), Vec::new(), Vec::new());
            Ok(Box::new(Watched {
                app,
                seconds,
                started,
                pressed: false,
                told: false,
                last: None,
                drawn_ms,
                intervals_ms,
            }))
        }),
    )?;
    Ok(())
}
