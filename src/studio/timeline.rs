//! The moments of a painting that can be looked at and gone back to: as many as a fixed amount of memory holds.

use std::sync::Arc;

use image::RgbaImage;

use super::Canvas;
use crate::recipe::Recipe;

/// Memory for the pixels of all moments, in bytes. Room for every iteration of a default painting at 512, and for every third
/// or so in the last stage at 1024.
const BUDGET_BYTES: usize = 192 << 20;
/// More moments than this are not told apart on any screen.
const MAX_MOMENTS: usize = 1024;

/// The canvas as it stood after some iteration.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Iterations that the canvas had seen.
    pub iteration: u32,
    /// Its pixels.
    pub image: Arc<RgbaImage>,
    /// What was painted, where that is not what was shown; see [`Painter::bare_frame`](crate::engine::Painter::bare_frame).
    pub bare: Option<Arc<RgbaImage>>,
    /// The recipe in force.
    pub recipe: Arc<Recipe>,
}

impl Moment {
    /// With all that is needed to write it.
    #[must_use]
    pub fn canvas(&self) -> Canvas {
        let (image, recipe) = (Arc::clone(&self.image), Recipe::clone(&self.recipe));
        Canvas { image, deep: None, recipe, iteration: self.iteration }
    }
}

/// The same canvas at the same time, not one that looks like it.
impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.iteration == other.iteration && Arc::ptr_eq(&self.image, &other.image)
    }
}

impl Eq for Moment {}

/// Moments in order of their iterations, each iteration once.
#[derive(Debug)]
pub struct Timeline {
    moments: Vec<Moment>,
    bytes: usize,
    budget_bytes: usize,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::with_budget(BUDGET_BYTES)
    }
}

impl Timeline {
    fn with_budget(budget_bytes: usize) -> Self {
        Self { moments: Vec::new(), bytes: 0, budget_bytes }
    }

    /// The moments, oldest first.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// Adds the newest one. One of the same iteration, whose canvas was changed otherwise than by painting, gives way to it.
    pub fn push(&mut self, moment: Moment) {
        self.keep_first(self.moments.partition_point(|earlier| earlier.iteration < moment.iteration));
        self.bytes += bytes(&moment);
        self.moments.push(moment);
        while self.bytes > self.budget_bytes || self.moments.len() > MAX_MOMENTS {
            let Some(index) = self.least_missed() else { return };
            self.bytes -= bytes(&self.moments.remove(index));
        }
    }

    /// Forgets everything after this iteration.
    pub fn cut(&mut self, iteration: u32) {
        self.keep_first(self.moments.partition_point(|moment| moment.iteration <= iteration));
    }

    fn keep_first(&mut self, count: usize) {
        self.bytes -= self.moments.drain(count..).map(|moment| bytes(&moment)).sum::<usize>();
    }

    /// The moment between whose neighbours the smallest gap would be left for the memory that it frees; the first and the
    /// last always stay. The gap counts squared: to its first power, small canvases leave the large ones next to nothing.
    fn least_missed(&self) -> Option<usize> {
        let cost = |index: usize| {
            let [before, moment, after] = [index - 1, index, index + 1].map(|index| &self.moments[index]);
            f64::from(after.iteration - before.iteration).powi(2) / bytes(moment) as f64
        };
        (1..self.moments.len().saturating_sub(1)).min_by(|&one, &other| cost(one).total_cmp(&cost(other)))
    }
}

fn bytes(moment: &Moment) -> usize {
    moment.image.as_raw().len() + moment.bare.as_ref().map_or(0, |bare| bare.as_raw().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(iteration: u32, side: u32) -> Moment {
        Moment { iteration, image: Arc::new(RgbaImage::new(side, side)), bare: None, recipe: Arc::default() }
    }

    fn iterations(timeline: &Timeline) -> Vec<u32> {
        timeline.moments().iter().map(|moment| moment.iteration).collect()
    }

    #[test]
    fn memory_is_bounded_and_what_is_left_lies_evenly() {
        // Room for 100 canvases of the first stage, or 25 of the second.
        let mut timeline = Timeline::with_budget(100 * 8 * 8 * 4);
        (0..50).for_each(|iteration| timeline.push(moment(iteration, 8)));
        assert_eq!(timeline.moments().len(), 50);
        (50..250).for_each(|iteration| timeline.push(moment(iteration, 16)));
        let left = iterations(&timeline);
        let bytes: usize = timeline.moments().iter().map(bytes).sum();
        assert_eq!(timeline.bytes, bytes);
        assert!(bytes <= timeline.budget_bytes);
        assert_eq!((left[0], left[left.len() - 1]), (0, 249));
        // Four times the memory, about twice the gap.
        let gaps = |from: u32, to: u32| {
            let inside = left.windows(2).filter(move |pair| pair[0] >= from && pair[1] < to);
            inside.map(|pair| pair[1] - pair[0]).max().unwrap()
        };
        assert!((3..=8).contains(&gaps(0, 50)), "{left:?}");
        assert!((6..=16).contains(&gaps(50, 250)), "{left:?}");
    }

    #[test]
    fn a_canvas_larger_than_all_of_it_leaves_the_first_and_the_last() {
        let mut timeline = Timeline::with_budget(10);
        (0..5).for_each(|iteration| timeline.push(moment(iteration, 8)));
        assert_eq!(iterations(&timeline), [0, 4]);
    }

    #[test]
    fn a_very_long_painting_has_a_bounded_number() {
        let mut timeline = Timeline::default();
        (0..5000).for_each(|iteration| timeline.push(moment(iteration, 1)));
        assert_eq!(timeline.moments().len(), MAX_MOMENTS);
        let left = iterations(&timeline);
        assert!(left.windows(2).all(|pair| pair[1] - pair[0] <= 16), "{left:?}");
    }

    #[test]
    fn going_back_forgets_what_came_after_and_each_iteration_is_there_once() {
        let mut timeline = Timeline::default();
        (0..10).for_each(|iteration| timeline.push(moment(iteration, 8)));
        timeline.cut(6);
        assert_eq!(iterations(&timeline), [0, 1, 2, 3, 4, 5, 6]);
        let stirred = moment(6, 4);
        timeline.push(stirred.clone());
        assert_eq!(iterations(&timeline), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(timeline.moments()[6], stirred);
        assert_eq!(timeline.bytes, 6 * 8 * 8 * 4 + 4 * 4 * 4);
    }
}
