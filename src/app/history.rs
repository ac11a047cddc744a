//! The course of a painting: its losses for the curve, and how fast it goes.

use std::collections::VecDeque;

use crate::engine::{Losses, Progress};

/// More points than this are not told apart on any screen, and they are all drawn in every frame.
const MAX_POINTS: usize = 1024;

/// The losses at one iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Iterations done.
    pub iteration: u32,
    /// The losses then.
    pub losses: Losses,
}

/// Losses over the iterations, thinned out when there are many.
#[derive(Debug, Clone, Default)]
pub struct LossHistory {
    points: Vec<Point>,
    stage_starts: Vec<u32>,
    stage: Option<usize>,
    /// Only every `stride`-th iteration is kept.
    stride: u32,
}

impl LossHistory {
    /// Adds what one iteration did.
    pub fn push(&mut self, progress: &Progress) {
        // Another photo or size may take a painting back to an earlier stage.
        if self.points.last().is_some_and(|last| progress.iteration < last.iteration) {
            self.cut(progress.iteration.saturating_sub(1));
        }
        if self.stage.is_some_and(|stage| stage != progress.stage) {
            self.stage_starts.push(progress.iteration);
        }
        self.stage = Some(progress.stage);
        let last = self.points.last().map(|point| point.iteration);
        if last.is_some_and(|last| progress.iteration < last + self.stride.max(1)) {
            return;
        }
        self.points.push(Point { iteration: progress.iteration, losses: progress.losses });
        if self.points.len() > MAX_POINTS {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.stride = self.stride.max(1) * 2;
        }
    }

    /// Forgets everything after this iteration.
    pub fn cut(&mut self, iteration: u32) {
        self.points.retain(|point| point.iteration <= iteration);
        self.stage_starts.retain(|&start| start <= iteration);
        // Which stage that was is told by the next iteration; it begins nothing new.
        self.stage = None;
    }

    /// The points, oldest first.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Iterations at which a new stage began, the first stage left out.
    #[must_use]
    pub fn stage_starts(&self) -> &[u32] {
        &self.stage_starts
    }
}

/// Iterations a second, averaged over the last few seconds.
#[derive(Debug, Clone, Default)]
pub struct Speed {
    /// (time in seconds, iterations done), oldest first.
    marks: VecDeque<(f64, u32)>,
}

impl Speed {
    const WINDOW_SECS: f64 = 6.0;

    /// Notes how far the painting is at `now_secs`.
    pub fn note(&mut self, now_secs: f64, iteration: u32) {
        // Several iterations may be drained in one frame; the frame's time belongs to the last of them.
        match self.marks.back_mut() {
            Some(last) if last.0 == now_secs => last.1 = iteration,
            _ => self.marks.push_back((now_secs, iteration)),
        }
        // Two marks stay whatever their age: a single slow iteration still has a speed.
        while self.marks.len() > 2 && now_secs - self.marks[0].0 > Self::WINDOW_SECS {
            self.marks.pop_front();
        }
    }

    /// Forgets everything, as after a pause.
    pub fn reset(&mut self) {
        self.marks.clear();
    }

    /// Iterations a second, once there is something to tell it from.
    #[must_use]
    pub fn per_sec(&self) -> Option<f64> {
        let (first, last) = (self.marks.front()?, self.marks.back()?);
        let (secs, iterations) = (last.0 - first.0, last.1.checked_sub(first.1)?);
        (secs > 0.0 && iterations > 0).then(|| f64::from(iterations) / secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(iteration: u32, stage: usize) -> Progress {
        Progress {
            stage,
            stages: 3,
            iteration,
            iterations: 100_000,
            remaining_secs: None,
            width: 64,
            height: 48,
            losses: Losses { loss: f64::from(iteration), ..Losses::default() },
            evaluations: vec![],
            notice: None,
        }
    }

    #[test]
    fn the_curve_goes_on_where_a_change_has_taken_the_painting_back() {
        let mut history = LossHistory::default();
        for (iteration, stage) in [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (3, 1), (4, 1)] {
            history.push(&progress(iteration, stage));
        }
        let iterations: Vec<u32> = history.points().iter().map(|point| point.iteration).collect();
        assert_eq!(iterations, [1, 2, 3, 4]);
        assert!(history.stage_starts().iter().all(|&start| start <= 3));
    }

    #[test]
    fn a_long_painting_keeps_its_whole_course_in_few_points() {
        let mut history = LossHistory::default();
        for iteration in 1..=100_000 {
            history.push(&progress(iteration, (iteration / 40_000) as usize));
        }
        let points = history.points();
        assert!((MAX_POINTS / 4..=MAX_POINTS).contains(&points.len()), "{}", points.len());
        assert_eq!(points[0].iteration, 1);
        assert!(points.last().unwrap().iteration > 99_000);
        assert_eq!(history.stage_starts(), [40_000, 80_000]);

        history.cut(60_000);
        assert_eq!(history.stage_starts(), [40_000]);
        assert!((59_000..=60_000).contains(&history.points().last().unwrap().iteration));
        (60_001..=60_500).for_each(|iteration| history.push(&progress(iteration, 1)));
        assert_eq!(history.stage_starts(), [40_000], "the stage to which it went back did not begin there");
        assert!(history.points().last().unwrap().iteration > 60_001, "it goes on from there");
    }

    #[test]
    fn speed_is_iterations_over_time_and_forgets_a_pause() {
        let mut speed = Speed::default();
        assert_eq!(speed.per_sec(), None);
        for second in 0..30 {
            speed.note(f64::from(second), second as u32 * 4);
        }
        assert_eq!(speed.per_sec(), Some(4.0));
        speed.reset();
        speed.note(100.0, 120);
        assert_eq!(speed.per_sec(), None);
        speed.note(110.0, 125);
        assert_eq!(speed.per_sec(), Some(0.5));
    }
}
