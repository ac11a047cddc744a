//! What is looked at instead of the painting: a favourite, the previous canvas, or an earlier moment.

use std::sync::Arc;

use image::RgbaImage;

use super::super::command::Exhibit;
use super::super::notices::Severity;
use super::State;
use crate::recipe::Recipe;
use crate::studio::{Aside, Canvas, Command, Favourite, RunId};

/// The canvas that was there before the artist started over, stirred it, put another in its place, or closed the window.
#[derive(Debug, Clone)]
pub struct Previous {
    /// The painting it belonged to.
    pub run: RunId,
    /// Its pixels, its recipe and its iteration.
    pub canvas: Canvas,
    /// What is known of it once the studio has handed it over; before that a frame stands in.
    pub known: Option<Known>,
}

/// What the studio knows of a canvas.
#[derive(Debug, Clone)]
pub struct Known {
    /// Tells whether a favourite was made of it.
    pub fingerprint: u64,
    /// A small version for the strip.
    pub thumbnail: Arc<RgbaImage>,
}

/// Which way along the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the first iteration.
    Earlier,
    /// Towards the canvas of now.
    Later,
}

impl Previous {
    /// What the studio has handed over.
    pub(in super::super) fn of(run: RunId, Aside { canvas, thumbnail, fingerprint }: Aside) -> Self {
        Self { run, canvas, known: Some(Known { fingerprint, thumbnail }) }
    }

    /// What stands for it in the strip.
    #[must_use]
    pub fn thumbnail(&self) -> &Arc<RgbaImage> {
        self.known.as_ref().map_or(&self.canvas.image, |known| &known.thumbnail)
    }

    /// Whether it had come to its end. Not known of a frame that stands in.
    fn is_finished(&self) -> bool {
        self.known.is_some() && self.canvas.iteration >= self.canvas.recipe.iterations
    }
}

impl State {
    /// What is looked at instead of the painting, at full size, once it is read.
    #[must_use]
    pub fn shown_exhibit(&self) -> Option<Arc<RgbaImage>> {
        match self.exhibit.as_ref()? {
            Exhibit::Previous => self.previous.as_ref().map(|previous| Arc::clone(&previous.canvas.image)),
            Exhibit::Moment(moment) => Some(Arc::clone(&moment.image)),
            Exhibit::Favourite(path) => {
                self.opened.as_ref().filter(|(opened, _)| opened == path).map(|(_, image)| Arc::clone(image))
            }
        }
    }

    /// What is looked at, be it the painting or something in its place.
    #[must_use]
    pub fn shown_image(&self) -> Option<Arc<RgbaImage>> {
        if self.exhibit.is_some() {
            return self.shown_exhibit();
        }
        self.painting.as_ref()?.canvas.as_ref().map(|canvas| Arc::clone(&canvas.image))
    }

    /// Puts a canvas beside the favourites as the previous one. But one that had hardly begun does not take the place of an earlier
    /// painting's that had got twice as far: who starts over a second time may still want what the first time set aside.
    pub(in super::super) fn set_aside(&mut self, newer: Previous) {
        let stays = |previous: &Previous| {
            previous.run > newer.run
                || (previous.run < newer.run && previous.canvas.iteration / 2 > newer.canvas.iteration)
        };
        let run = newer.run;
        let displaced = match &self.previous {
            Some(previous) if stays(previous) => Some(newer),
            _ => self.previous.replace(newer).filter(|previous| previous.run != run),
        };
        self.displaced.extend(displaced.filter(Previous::is_finished).map(|displaced| displaced.canvas));
    }

    /// Has finished canvases kept that have lost their place as the previous one: they took minutes, and nobody was asked.
    pub fn keep_displaced(&mut self, now_secs: f64) -> impl Iterator<Item = Command> + use<> {
        if !self.displaced.is_empty() {
            let text = "A finished canvas has lost its place as Previous, and becomes a favourite";
            self.notices.push(Severity::Info, text, now_secs);
        }
        std::mem::take(&mut self.displaced).into_iter().map(Command::KeepCanvas)
    }

    /// The same for the previous canvas when the window closes, unless it is there again at the next start.
    pub fn last_will(&mut self) -> Option<Command> {
        let now = self.painting.as_ref().and_then(|painting| painting.canvas.as_ref());
        // The canvas of now is written over whatever is there; without one, that may be this very canvas.
        let (iteration, keep): (_, fn(Canvas) -> Command) =
            now.map_or((0, Command::KeepUnlessLast), |canvas| (canvas.iteration, Command::KeepCanvas));
        // What was there at the start is not written over by less than half of it.
        let is_safe = |previous: &Previous| previous.run == RunId(0) && previous.canvas.iteration / 2 > iteration;
        let previous = self.previous.take_if(|previous| previous.is_finished() && !is_safe(previous))?;
        Some(keep(previous.canvas))
    }

    /// A canvas that has become a favourite need not stand beside it. Whoever looks at it looks at the favourite now.
    pub(in super::super) fn leave_previous_to_favourites(&mut self) {
        let kept = |previous: &Previous| {
            let same = |favourite: &&Favourite| match &previous.known {
                Some(known) => favourite.fingerprint == Some(known.fingerprint),
                None => {
                    let Canvas { recipe, iteration, .. } = &previous.canvas;
                    favourite.fingerprint.is_some() && (&favourite.recipe, &favourite.iteration) == (recipe, iteration)
                }
            };
            self.favourites.iter().find(same).map(|favourite| favourite.path.clone())
        };
        let Some(path) = self.previous.as_ref().and_then(kept) else { return };
        if let Some(previous) = self.previous.take()
            && self.exhibit == Some(Exhibit::Previous)
        {
            self.exhibit = Some(Exhibit::Favourite(path.clone()));
            self.opened = Some((path, previous.canvas.image));
        }
    }

    /// Iterations that what is looked at instead of the painting has seen.
    #[must_use]
    pub fn shown_iteration(&self) -> Option<u32> {
        match self.exhibit.as_ref()? {
            Exhibit::Previous => self.previous.as_ref().map(|previous| previous.canvas.iteration),
            Exhibit::Moment(moment) => Some(moment.iteration),
            Exhibit::Favourite(path) => {
                self.favourites.iter().find(|known| known.path == *path).map(|favourite| favourite.iteration)
            }
        }
    }

    /// The recipe of something that can be looked at.
    #[must_use]
    pub fn recipe_of<'a>(&'a self, exhibit: &'a Exhibit) -> Option<&'a Recipe> {
        match exhibit {
            Exhibit::Previous => self.previous.as_ref().map(|previous| &previous.canvas.recipe),
            Exhibit::Moment(moment) => Some(&moment.recipe),
            Exhibit::Favourite(path) => {
                self.favourites.iter().find(|known| known.path == *path).map(|favourite| &favourite.recipe)
            }
        }
    }

    /// The canvas of something that has no file yet.
    #[must_use]
    pub fn canvas_of(&self, exhibit: &Exhibit) -> Option<Canvas> {
        match exhibit {
            Exhibit::Previous => self.previous.as_ref().map(|previous| previous.canvas.clone()),
            Exhibit::Moment(moment) => Some(moment.canvas()),
            Exhibit::Favourite(_) => None,
        }
    }

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
