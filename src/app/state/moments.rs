//! Looking back along the painting's course.

use super::super::command::Exhibit;
use super::State;

/// Which way along the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the first iteration.
    Earlier,
    /// Towards the canvas of now.
    Later,
}

impl State {
    /// What to look at for this iteration: the moment nearest to it, or with `None` the painting itself, which is the last
    /// of them.
    #[must_use]
    pub fn moment_near(&self, iteration: f64) -> Option<Exhibit> {
        let moments = &self.painting.as_ref()?.moments;
        let distance = |index: usize| (f64::from(moments[index].iteration) - iteration).abs();
        let nearest = (0..moments.len()).min_by(|&one, &other| distance(one).total_cmp(&distance(other)))?;
        (nearest + 1 < moments.len()).then(|| Exhibit::Moment(moments[nearest].clone()))
    }

    /// The moment beside the one that is looked at; `Some(None)` is the painting itself, and `None` that there is no other, or
    /// that something else is looked at.
    #[must_use]
    pub fn neighbour(&self, direction: Direction) -> Option<Option<Exhibit>> {
        let moments = &self.painting.as_ref()?.moments;
        let newest = moments.len().checked_sub(1)?;
        let shown = match &self.exhibit {
            None => newest,
            // It may have been dropped from the timeline while it was looked at.
            Some(Exhibit::Moment(shown)) => {
                moments.partition_point(|moment| moment.iteration < shown.iteration).min(newest)
            }
            Some(_) => return None,
        };
        let next = match direction {
            Direction::Earlier => shown.checked_sub(1)?,
            Direction::Later if self.exhibit.is_some() => shown + 1,
            Direction::Later => return None,
        };
        Some((next < newest).then(|| Exhibit::Moment(moments[next].clone())))
    }
}
