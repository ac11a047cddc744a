//! The coarse-to-fine plan: at which sizes a canvas is painted, and for how many iterations. Pure arithmetic.
//!
//! Large shapes are settled where an iteration is cheap and the network's receptive field spans much of the picture;
//! each later stage starts from the enlarged result and adds detail.

use super::margin;
use super::vgg::MIN_SIDE_PX;
use crate::image_io::fit_long_side;
use crate::recipe::{Recipe, Scales};

/// Growth from stage to stage.
const GROWTH: f64 = std::f64::consts::SQRT_2;
/// Iterations of a stage in proportion to the one before it: a later stage starts from a better canvas and costs twice
/// as much an iteration.
const ITERATION_DECAY: f64 = 0.85;

/// One size at which the canvas is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// What the canvas has beyond the picture on every side, in pixels.
    pub margin: u32,
    /// Long side of the picture in pixels; style pictures are read in proportion to it.
    pub long_side: u32,
    /// Optimiser iterations.
    pub iterations: u32,
}

impl Stage {
    /// Width and height of the canvas in pixels, margin and all.
    #[must_use]
    pub const fn canvas_size(&self) -> (u32, u32) {
        (self.width + 2 * self.margin, self.height + 2 * self.margin)
    }

    /// Size at which a style picture of `width` x `height` pixels is read, its aspect kept: its long side is `scale`
    /// times that of the canvas, where `scale` is the recipe's style scale times the picture's own. That may be more
    /// than the picture has: strokes larger than life are what a large scale asks for.
    #[must_use]
    pub fn style_size(&self, scale: f64, width: u32, height: u32) -> (u32, u32) {
        canvas_size(width, height, (scale * f64::from(self.long_side)).round() as u32)
    }
}

/// The stages for a photo of `width` x `height` pixels; never empty.
#[must_use]
pub fn plan(recipe: &Recipe, width: u32, height: u32) -> Vec<Stage> {
    let long_sides = long_sides(recipe);
    let weights: Vec<f64> = (0..long_sides.len()).map(|i| ITERATION_DECAY.powi(i as i32)).collect();
    let total: f64 = weights.iter().sum();
    let mut done = 0;
    let mut share = 0.0;
    let mut stages: Vec<Stage> = long_sides
        .iter()
        .zip(weights)
        .map(|(&long_side, weight)| {
            // Rounded on the running sum, so that the iterations add up to exactly what was asked for.
            share += weight / total;
            let until = (f64::from(recipe.iterations) * share).round() as u32;
            let iterations = until - done;
            done = until;
            let (width, height) = canvas_size(width, height, long_side);
            Stage { width, height, margin: margin::width_px(recipe.edges), long_side, iterations }
        })
        .collect();
    // However few iterations there are, the painting gets the size that was asked for.
    if stages.last().is_some_and(|last| last.iterations == 0) {
        if let Some(rich) = stages.iter_mut().max_by_key(|stage| stage.iterations) {
            rich.iterations -= 1;
        }
        if let Some(last) = stages.last_mut() {
            last.iterations = 1;
        }
    }
    stages.retain(|stage| stage.iterations > 0);
    stages
}

/// Iterations of the whole painting, if its first stage is to have `first`.
#[must_use]
pub fn iterations(recipe: &Recipe, first: f64) -> u32 {
    (0..long_sides(recipe).len()).map(|i| first * ITERATION_DECAY.powi(i as i32)).sum::<f64>().round() as u32
}

/// `width` x `height` scaled to `long_side`, no side shorter than the network can take.
#[must_use]
pub fn canvas_size(width: u32, height: u32, long_side: u32) -> (u32, u32) {
    let (width, height) = fit_long_side(width, height, long_side);
    (width.max(MIN_SIDE_PX), height.max(MIN_SIDE_PX))
}

/// The stage whose canvas is most like `current`'s.
#[must_use]
pub fn nearest_stage(stages: &[Stage], current: &Stage) -> usize {
    let pixels = |stage: &Stage| (f64::from(stage.width) * f64::from(stage.height)).ln();
    let distance = |stage: &Stage| (pixels(stage) - pixels(current)).abs();
    let nearest = stages.iter().enumerate().min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)));
    nearest.map_or(0, |(index, _)| index)
}

fn long_sides(recipe: &Recipe) -> Vec<u32> {
    let mut sides = vec![recipe.size];
    if recipe.scales == Scales::CoarseToFine {
        // Downwards from the final size, so that the last step is a full one and every stage is a true fraction of it.
        let mut side = f64::from(recipe.size) / GROWTH;
        while side.round() as u32 >= recipe.start_size {
            sides.push(side.round() as u32);
            side /= GROWTH;
        }
        sides.reverse();
    }
    sides
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(size: u32, iterations: u32, scales: Scales) -> Recipe {
        Recipe { size, iterations, scales, ..Recipe::default() }
    }

    #[test]
    fn sizes_grow_by_the_root_of_two_to_the_final_one() {
        let stages = plan(&recipe(512, 500, Scales::CoarseToFine), 1024, 683);
        let widths: Vec<u32> = stages.iter().map(|stage| stage.width).collect();
        assert_eq!(widths, [128, 181, 256, 362, 512]);
        assert_eq!(stages.iter().map(|stage| stage.iterations).sum::<u32>(), 500);
        assert!(stages.is_sorted_by(|a, b| a.iterations > b.iterations));
        assert_eq!((stages[4].height, stages[4].long_side), (342, 512));
    }

    #[test]
    fn one_scale_is_one_stage() {
        let stages = plan(&recipe(300, 7, Scales::Single), 100, 400);
        assert_eq!(stages, [Stage { width: 75, height: 300, margin: stages[0].margin, long_side: 300, iterations: 7 }]);
    }

    #[test]
    fn every_iteration_is_planned_and_no_stage_is_empty() {
        for size in [16, 100, 127, 128, 200, 1000, 4096] {
            for iterations in [1, 2, 3, 10, 999] {
                let stages = plan(&recipe(size, iterations, Scales::CoarseToFine), 640, 480);
                assert_eq!(stages.iter().map(|stage| stage.iterations).sum::<u32>(), iterations);
                assert!(stages.iter().all(|stage| stage.iterations > 0));
                assert_eq!(stages.last().unwrap().width, size);
            }
        }
    }

    #[test]
    fn a_ribbon_keeps_a_side_that_the_network_can_take() {
        assert_eq!(canvas_size(1, 5000, 512), (16, 512));
        assert_eq!(canvas_size(1, 1, 64), (64, 64));
    }

    #[test]
    fn the_style_scales_along() {
        let stages = plan(&recipe(512, 100, Scales::CoarseToFine), 512, 512);
        let sizes = |scale, width, height| -> Vec<(u32, u32)> {
            stages.iter().map(|stage| stage.style_size(scale, width, height)).collect()
        };
        assert_eq!(sizes(0.5, 90, 90), [(64, 64), (91, 91), (128, 128), (181, 181), (256, 256)]);
        // The aspect is kept, above the picture's own size too, and a ribbon stays wide enough for the network.
        assert_eq!(sizes(2.0, 30, 90), [(85, 256), (121, 362), (171, 512), (241, 724), (341, 1024)]);
        assert_eq!(sizes(0.125, 1, 300)[0], (16, 16));
    }
}
