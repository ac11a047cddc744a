//! Several photos, painted one after another with the same settings; each is kept when it is done.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::command::{Exhibit, Slot};
use super::notices::Severity;
use super::state::{PictureState, State};
use crate::recipe::PictureSource;
use crate::studio::{Command, Favourite};

/// The photos that wait.
#[derive(Debug)]
pub struct Series {
    waiting: VecDeque<PictureSource>,
    /// The one whose turn it is, until it is read.
    next: Option<PictureSource>,
    /// How many there are in all.
    pub count: usize,
    /// Whether a photo is painted as soon as it is read: the first waits until the artist is content with the settings.
    paints: bool,
    /// Whether the one on the canvas is done.
    done: bool,
    /// Whether it is being kept: before it is, no other photo takes the canvas.
    keeping: bool,
    /// How many were painted.
    painted: usize,
}

impl Series {
    /// Which of them is on the canvas, counted from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.count - self.waiting.len()
    }

    /// The painting has done its last iteration, or goes on after all.
    pub fn note_done(&mut self, done: bool) {
        self.done = done && self.next.is_none();
    }
}

impl State {
    /// Takes several photos, of which the first is put in its place.
    pub fn begin_series(&mut self, photos: Vec<PathBuf>) {
        let mut waiting: VecDeque<_> = photos.into_iter().map(PictureSource::File).collect();
        let count = waiting.len();
        // A file that failed before may have been mended.
        self.pictures.retain(|source, known| !(matches!(known, PictureState::Failed) && waiting.contains(source)));
        let next = waiting.pop_front();
        self.series = Some(Series { waiting, next, count, paints: false, done: false, keeping: false, painted: 0 });
    }

    /// Lets the photos go that wait; the one on the canvas stays.
    pub fn end_series(&mut self) {
        self.series = None;
    }

    /// What the series asks for now: what is done is kept, and the next photo takes its place as soon as it is read. Of one that
    /// cannot be read the artist has been told, and it is passed over.
    pub fn go_on_with_series(&mut self, now_secs: f64) -> Vec<Command> {
        let mut commands = vec![];
        // Nobody's decision is to be taken out of their hands.
        let deciding = self.masking.is_on() || self.finish.is_some() || self.variations.is_some();
        while let Some(series) = &mut self.series {
            let Some(next) = series.next.clone() else {
                if deciding || !std::mem::take(&mut series.done) {
                    break;
                }
                series.keeping = true;
                commands.push(Command::Keep);
                break;
            };
            match self.pictures.get(&next) {
                None => commands.extend(self.want(&next)),
                Some(PictureState::Loading) => break,
                Some(PictureState::Failed) => self.next_of_series(now_secs),
                Some(PictureState::Ready(_)) => {
                    series.next = None;
                    let paints = std::mem::replace(&mut series.paints, true);
                    let painted = self.recipe.content.clone();
                    self.put(Slot::Photo, next);
                    if paints {
                        // Of a hundred photos one need be held; whoever goes back to another has it read again.
                        if painted != self.recipe.content {
                            self.pictures.remove(&painted);
                        }
                        let looked_at = self.exhibit.take();
                        commands.push(self.start_painting());
                        self.exhibit = looked_at.filter(|exhibit| matches!(exhibit, Exhibit::Favourite(_)));
                    }
                }
            }
        }
        commands
    }

    /// A favourite was made: the next photo's turn has come, if it is of the one on the canvas.
    pub(super) fn note_kept_of_series(&mut self, favourite: &Favourite, now_secs: f64) {
        let iteration =
            self.painting.as_ref().and_then(|painting| painting.progress.as_ref()).map(|done| done.iteration);
        let is_it = favourite.recipe.content == self.recipe.content && Some(favourite.iteration) == iteration;
        if let Some(series) = self.series.as_mut().filter(|series| series.keeping && is_it) {
            series.keeping = false;
            series.painted += 1;
            self.next_of_series(now_secs);
        }
    }

    /// Something went wrong, perhaps the keeping: then the painting stays on the canvas, and the others wait until it was painted
    /// and kept once more.
    pub(super) fn note_trouble_of_series(&mut self) {
        if let Some(series) = &mut self.series {
            series.keeping = false;
        }
    }

    fn next_of_series(&mut self, now_secs: f64) {
        let Some(series) = &mut self.series else { return };
        series.next = series.waiting.pop_front();
        if series.next.is_none() {
            let text = format!("{} of {} photos are painted, and among the favourites", series.painted, series.count);
            self.notices.push(Severity::Info, text, now_secs);
            self.end_series();
        }
    }
}
