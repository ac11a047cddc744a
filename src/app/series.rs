//! Several photos, painted one after another with the same settings; each is kept when it is done.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::command::{Exhibit, Slot};
use super::notices::Severity;
use super::painting::Phase;
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
    /// Whether the canvas is another painting's, which Finish has put in between.
    interlude: bool,
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
        self.series = Some(Series { waiting, next, count, paints: false, done: false, interlude: false, painted: 0 });
    }

    /// Lets the photos go that wait; the one on the canvas stays.
    pub fn end_series(&mut self) {
        self.series = None;
    }

    /// What the series asks for now: what is done is kept, and the next photo takes its place as soon as it is read. Of one that
    /// cannot be read the artist has been told, and it is passed over.
    /// Nothing is done while the artist is about something, `deciding` among it: nobody's decision is to be taken out of
    /// their hands.
    pub fn go_on_with_series(&mut self, deciding: bool, now_secs: f64) -> Vec<Command> {
        let mut commands = vec![];
        if deciding || self.masking.is_on() || self.finish.is_some() || self.variations.is_some() {
            return commands;
        }
        while let Some(series) = &mut self.series {
            let Some(next) = series.next.clone() else {
                commands.extend(std::mem::take(&mut series.done).then_some(Command::Keep));
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
                        // Taken back, the photo of before would be painted in the place of this one.
                        self.forget_steps();
                        self.exhibit = looked_at.filter(|exhibit| matches!(exhibit, Exhibit::Favourite(_)));
                    }
                }
            }
        }
        commands
    }

    /// A favourite was made: the next photo's turn has come, if it is what the canvas has come to in the end. Whatever cannot be
    /// kept stays on the canvas until it can.
    pub(super) fn note_kept_of_series(&mut self, favourite: &Favourite, now_secs: f64) {
        let finished = self.painting.as_ref().filter(|painting| painting.phase == Phase::Finished);
        let iteration = finished.and_then(|painting| painting.progress.as_ref()).map(|done| done.iteration);
        let is_it = favourite.recipe.content == self.recipe.content && Some(favourite.iteration) == iteration;
        if let Some(series) = self.series.as_mut().filter(|series| series.next.is_none() && is_it) {
            series.painted += usize::from(!std::mem::take(&mut series.interlude));
            self.next_of_series(now_secs);
        }
    }

    /// The painting has failed, of which the artist was told: the others need not wait for it. But if it was the first, its settings
    /// may be amiss, and who has just pressed Paint is still there to mend them.
    pub(super) fn note_failed_in_series(&mut self, now_secs: f64) {
        let has_begun = |series: &&mut Series| series.next.is_none() && (series.painted > 0 || series.interlude);
        if let Some(series) = self.series.as_mut().filter(has_begun) {
            series.interlude = false;
            self.next_of_series(now_secs);
        }
    }

    /// Something else takes the canvas; the photo that is not done has its turn after it.
    pub(super) fn interrupt_series(&mut self) {
        let content = &self.recipe.content;
        let is_painted = self.painting.as_ref().is_some_and(|painting| painting.recipe.content == *content);
        let Some(series) = &mut self.series else { return };
        match series.next.take() {
            Some(next) => series.waiting.push_front(next),
            None if series.interlude => {}
            None => {
                series.waiting.push_front(content.clone());
                series.paints = is_painted;
            }
        }
        series.interlude = true;
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
