//! What the window knows of the painting at work.

use std::sync::Arc;

use image::RgbaImage;

use super::history::{LossHistory, Speed};
use crate::engine::{Progress, TermShare};
use crate::recipe::Recipe;
use crate::studio::{Moment, RunId};

/// Where a painting stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Asked for; no iteration is done yet.
    Preparing,
    /// Iterating.
    Running,
    /// Holding.
    Paused,
    /// Every iteration is done.
    Finished,
    /// Broken off.
    Failed,
}

/// The frame that is shown.
#[derive(Debug, Clone)]
pub struct ShownFrame {
    /// Its pixels.
    pub image: Arc<RgbaImage>,
    /// Iterations done.
    pub iteration: u32,
}

/// A painting at work, held or done.
#[derive(Debug, Clone)]
pub struct Painting {
    /// Its identity.
    pub run: RunId,
    /// Where it stands, as far as the studio has said.
    pub phase: Phase,
    /// The artist has asked for a pause that has not come yet.
    pub pause_wanted: bool,
    /// The last iteration.
    pub progress: Option<Progress>,
    /// The newest frame.
    pub canvas: Option<ShownFrame>,
    /// What it looked like on the way, oldest first.
    pub moments: Arc<[Moment]>,
    /// What each term of the loss added to it, when that was last measured.
    pub shares: Option<(Vec<TermShare>, Box<Recipe>)>,
    /// Course of the losses.
    pub history: LossHistory,
    /// Iterations a second.
    pub speed: Speed,
    /// The recipe that the studio was last told.
    pub recipe: Recipe,
    /// Its photo has changed in its file since it was finished.
    pub photo_has_changed: bool,
    /// The recipe at the start: what only matters there is still as it says.
    pub started_from: Recipe,
}

impl Painting {
    /// A painting that was just asked for.
    #[must_use]
    pub fn new(run: RunId, recipe: Recipe) -> Self {
        Self {
            run,
            phase: Phase::Preparing,
            pause_wanted: false,
            progress: None,
            canvas: None,
            moments: Arc::default(),
            shares: None,
            history: LossHistory::default(),
            speed: Speed::default(),
            photo_has_changed: false,
            started_from: recipe.clone(),
            recipe,
        }
    }

    /// Notes one finished iteration.
    pub fn note(&mut self, progress: Progress, now_secs: f64) {
        // A finished painting that was revised simply goes on; its next iteration is the sign.
        if self.phase == Phase::Preparing || (self.phase == Phase::Finished && progress.iteration < progress.iterations)
        {
            self.phase = Phase::Running;
        }
        self.history.push(&progress);
        self.speed.note(now_secs, progress.iteration);
        self.progress = Some(progress);
    }

    /// It went back to where it was after so many iterations.
    pub fn go_back_to(&mut self, iteration: u32) {
        self.history.cut(iteration);
        self.speed.reset();
        if let Some(progress) = &mut self.progress {
            progress.iteration = iteration;
            progress.remaining_secs = None;
        }
    }

    /// Whether it is at work or about to be.
    #[must_use]
    pub fn is_working(&self) -> bool {
        matches!(self.phase, Phase::Preparing | Phase::Running)
    }

    /// Where it stands, in words.
    #[must_use]
    pub fn phase_text(&self) -> &'static str {
        match self.phase {
            Phase::Preparing => "Preparing",
            Phase::Running if self.pause_wanted => "Pausing",
            Phase::Running => "Painting",
            Phase::Paused => "Paused",
            Phase::Finished => "Finished",
            Phase::Failed => "Broken off",
        }
    }
}
