//! Opens the window, or says in one sentence why there is none.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use egui::ViewportBuilder;

use super::desktop::NativeDesktop;
use super::dialogs::watch_for_missing_dialogs;
use super::icon::icon;
use super::preferences::Preferences;
use super::window::{App, Opening, waker};
use crate::engine::{DeviceChoice, Engine, EngineError, StyleEngine};
use crate::studio::{MOMENT_EVERY, MakeEngine, SECURE_EVERY, Studio, StudioConfig, default_library, default_presets};

/// Large enough for a task bar at 200 %.
const ICON_SIDE_PX: u32 = 128;

/// Why there is no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// Nothing to show a window on.
    #[error("no window can be opened because no display was found; `pentimento render` paints without one")]
    NoDisplay,
    /// A display without OpenGL.
    #[error(
        "no window can be opened because OpenGL does not work on this display; `pentimento render` paints without a window"
    )]
    NoGraphics,
    /// The window system needs a library that is not installed.
    #[error(
        "no window can be opened because a library of the window system is missing (on Debian and Ubuntu: \
         libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libegl1); `pentimento render` paints without a window"
    )]
    NoLibrary,
}

/// What the command line says about the window.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    /// The photo, or the bundled one.
    pub content: Option<PathBuf>,
    /// The style, or the bundled one.
    pub style: Option<PathBuf>,
    /// Weights, or the built-in ones.
    pub weights: Option<PathBuf>,
    /// What to compute on.
    pub device: DeviceChoice,
}

/// Opens the window over the real engine and returns when it is closed.
///
/// # Errors
/// When there is no display, no graphics, or a library is missing.
pub fn run(launch: Launch) -> Result<(), AppError> {
    let Launch { content, style, weights, device } = launch;
    let make_engine = move |weights: Option<&Path>| -> Result<Arc<dyn Engine>, EngineError> {
        Ok(Arc::new(StyleEngine::new(device, weights)?))
    };
    open_window(Arc::new(make_engine), Opening { content, style, weights })
}

/// Opens the window over any engine and returns when it is closed.
///
/// # Errors
/// When there is no display, no graphics, or a library is missing.
pub fn open_window(make_engine: MakeEngine, opening: Opening) -> Result<(), AppError> {
    watch_for_missing_dialogs();
    let started = Arc::new(AtomicBool::new(false));
    let creator_started = Arc::clone(&started);
    let hook: Arc<PanicHook> = Arc::from(take_hook());
    let until_started = (Arc::clone(&started), Arc::clone(&hook));
    // winit panics where a library is missing. Its report would bury the one sentence; later panics are real ones.
    set_hook(Box::new(move |info| {
        if until_started.0.load(Ordering::Relaxed) {
            (until_started.1)(info);
        }
    }));
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("Pentimento")
            .with_app_id("pentimento")
            .with_icon(icon(ICON_SIDE_PX))
            .with_inner_size([1280.0, 800.0])
            .with_min_inner_size([880.0, 560.0]),
        ..eframe::NativeOptions::default()
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        eframe::run_native(
            "pentimento",
            options,
            Box::new(move |cc| {
                creator_started.store(true, Ordering::Relaxed);
                let config = StudioConfig {
                    library: default_library(),
                    presets: default_presets(),
                    make_engine,
                    waker: waker(&cc.egui_ctx),
                    secure_every: SECURE_EVERY,
                    moment_every: MOMENT_EVERY,
                };
                let preferences = Preferences::load(cc.storage);
                let studio = Studio::start(config);
                Ok(Box::new(App::new(&cc.egui_ctx, studio, &opening, preferences, Box::<NativeDesktop>::default())))
            }),
        )
    }));
    set_hook(Box::new(move |info| hook(info)));
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(reason(&error)),
        Err(panic) if started.load(Ordering::Relaxed) => resume_unwind(panic),
        Err(_) => Err(AppError::NoLibrary),
    }
}

type PanicHook = dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync;

/// eframe's own words name files of the machine that built it, so they are replaced.
fn reason(error: &eframe::Error) -> AppError {
    match error {
        eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => AppError::NoDisplay,
        _ => AppError::NoGraphics,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_names_the_way_without_a_window() {
        for error in [AppError::NoDisplay, AppError::NoGraphics, AppError::NoLibrary] {
            assert!(error.to_string().contains("`pentimento render`"), "{error}");
        }
    }
}
