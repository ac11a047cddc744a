//! What a painting would take, told before it starts.

use std::fmt;

use candle_core::Device;

use super::schedule::{self, Stage};
use super::stage_plan::plan_stages;
use super::{EngineError, Job};

/// Evaluations for each iteration, the optimiser's own arithmetic included: now and then a step has to be shortened.
const EVALUATIONS_PER_ITERATION: f64 = 1.15;

/// What a painting would take.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Seconds, where the engine knows its pace.
    pub secs: Option<f64>,
    /// Bytes of memory at the most.
    pub bytes: f64,
    /// The stages in order; never empty.
    pub stages: Vec<StageEstimate>,
}

/// What one stage of a painting would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageEstimate {
    /// Canvas width in pixels.
    pub width: u32,
    /// Canvas height in pixels.
    pub height: u32,
    /// Iterations.
    pub iterations: u32,
    /// Tiles in which it is evaluated; 1 is the whole canvas at once.
    pub tiles: usize,
    /// Curvature pairs that L-BFGS keeps.
    pub lbfgs_pairs: u32,
}

impl Estimate {
    /// Reckons by the recipe's schedule, the memory that is free on the device, and the seconds that an evaluation takes for
    /// each pixel.
    ///
    /// # Errors
    /// When the recipe is invalid or memory does not suffice.
    pub fn reckon(job: &Job, device: &Device, secs_per_pixel: Option<f64>) -> Result<Self, EngineError> {
        job.recipe.validate()?;
        let (mut work, mut bytes) = (0.0, 0f64);
        let mut stages = Vec::new();
        let planned = schedule::plan(&job.recipe, job.content.width(), job.content.height());
        for (stage, plan) in planned.iter().zip(plan_stages(job, &planned, device)?) {
            work += f64::from(stage.iterations) * plan.tiles.work_pixels();
            bytes = bytes.max(plan.bytes);
            let Stage { width, height, iterations, .. } = *stage;
            let (tiles, lbfgs_pairs) = (plan.tiles.count(), plan.lbfgs_pairs);
            stages.push(StageEstimate { width, height, iterations, tiles, lbfgs_pairs });
        }
        let secs = secs_per_pixel.map(|pace| pace * EVALUATIONS_PER_ITERATION * work);
        Ok(Self { secs, bytes, stages })
    }
}

impl Estimate {
    /// Size, time and memory in words, each with its title.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::with_capacity(3);
        if let Some(last) = self.stages.last() {
            let stages = counted(self.stages.len(), "stage");
            rows.push(("Size", format!("{} x {} pixels in {stages}", last.width, last.height)));
        }
        if let Some(secs) = self.secs {
            rows.push(("Time", duration(secs)));
        }
        let tiles = match self.stages.last() {
            Some(last) if last.tiles > 1 => format!(", the largest stage in {} tiles", last.tiles),
            _ => String::new(),
        };
        rows.push(("Memory", format!("about {:.1} GB{tiles}", self.bytes / 1e9)));
        rows
    }
}

impl fmt::Display for Estimate {
    /// `size: 2048 x 1366 pixels in 4 stages; time: about 12 minutes; memory: about 5.3 GB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (title, words)) in self.rows().into_iter().enumerate() {
            write!(f, "{}{}: {words}", if i > 0 { "; " } else { "" }, title.to_lowercase())?;
        }
        Ok(())
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// In words no more exact than the estimate is.
fn duration(secs: f64) -> String {
    let minutes = (secs / 60.0).round() as usize;
    match minutes {
        0 => "less than a minute".to_owned(),
        1..60 => format!("about {}", counted(minutes, "minute")),
        _ => format!("about {} h {:02} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::image_io::Picture;
    use crate::recipe::{Recipe, Scales};

    fn job(recipe: Recipe) -> Job {
        let picture = Arc::new(Picture::from_rgba(image::RgbaImage::new(60, 40)));
        Job { recipe, content: Arc::clone(&picture), styles: vec![picture], init: None, masks: Default::default() }
    }

    #[test]
    fn time_is_work_times_pace() {
        let recipe = Recipe { size: 60, iterations: 10, scales: Scales::Single, ..Recipe::default() };
        let estimate = Estimate::reckon(&job(recipe), &Device::Cpu, Some(1e-4)).unwrap();
        // Eight more on either side: the margin is painted too.
        let pixels = 68.0 * 48.0;
        assert!((estimate.secs.unwrap() - 10.0 * pixels * 1e-4 * EVALUATIONS_PER_ITERATION).abs() < 1e-9);
        assert_eq!(estimate.stages.len(), 1);
        assert_eq!(
            estimate.to_string(),
            "size: 60 x 40 pixels in 1 stage; time: less than a minute; memory: about 0.0 GB"
        );
        assert_eq!(Estimate::reckon(&job(Recipe::default()), &Device::Cpu, None).unwrap().secs, None);
    }

    #[test]
    fn tiles_and_hours_are_told() {
        let stage = StageEstimate { width: 4096, height: 2731, iterations: 20, tiles: 6, lbfgs_pairs: 12 };
        let estimate = Estimate { secs: Some(4000.0), bytes: 5.26e9, stages: vec![stage; 2] };
        assert_eq!(
            estimate.to_string(),
            "size: 4096 x 2731 pixels in 2 stages; time: about 1 h 07 min; memory: about 5.3 GB, the largest stage in 6 tiles"
        );
        assert_eq!(
            [29.0, 31.0, 119.0, 3600.0].map(duration),
            ["less than a minute", "about 1 minute", "about 2 minutes", "about 1 h 00 min"]
        );
    }
}
