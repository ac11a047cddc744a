//! What the window knows. It changes by the studio's events and by the artist's wishes, and draws nothing.

mod exhibits;
mod offers;
mod pictures;
mod presets;
mod starting;
mod styles;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use image::RgbaImage;

use super::basis::Basis;
use super::command::{Exhibit, Slot, UiCommand};
use super::finish::{Finish, Loan};
use super::masking::Masking;
use super::notices::{Notices, Severity};
use super::painting::{Painting, Phase, ShownFrame};
use super::series::Series;
use super::steps::Steps;
use super::variations::Variations;
use super::words;
use crate::recipe::{PictureSource, Recipe, parameter};
use crate::studio::{Canvas, Command, Event, Favourite, Frame, OwnPreset, RunId};

pub use exhibits::{Direction, Previous};
pub use pictures::{PictureInfo, PictureState};

/// Strength of the noise that a stir adds: standard deviation out of 255.
#[derive(Debug, Clone, Copy)]
pub struct StirLevels(pub f32);

impl Default for StirLevels {
    fn default() -> Self {
        Self(parameter::STIR.default)
    }
}

/// What the window knows.
#[derive(Debug, Default)]
pub struct State {
    /// The parameters as the controls show them. Its pictures were all decoded once; the artist's next choice waits in
    /// [`State::awaited`] until it is known to be usable.
    pub recipe: Recipe,
    /// How strongly the canvas is stirred when the artist asks for it.
    pub stir: StirLevels,
    /// The preset that the parameters started from, which they are measured against.
    pub basis: Basis,
    /// The artist's own presets, by name.
    pub own_presets: Vec<OwnPreset>,
    /// The painting, if there is one.
    pub painting: Option<Painting>,
    /// The canvas before this one.
    pub previous: Option<Previous>,
    /// Favourites, newest first.
    pub favourites: Vec<Favourite>,
    /// What is looked at instead of the painting.
    pub exhibit: Option<Exhibit>,
    /// The favourite that was last read at full size.
    pub opened: Option<(PathBuf, Arc<RgbaImage>)>,
    /// The mask that is painted, and the brush.
    pub masking: Masking,
    /// Sketches under other settings, while the artist chooses.
    pub variations: Option<Variations>,
    /// Photos that are painted one after another.
    pub series: Option<Series>,
    /// The painting that is to be finished, while the artist decides how large.
    pub finish: Option<Finish>,
    /// What Finish has set for its one painting.
    pub(super) loan: Option<Box<Loan>>,
    /// Messages.
    pub notices: Notices,
    /// The device in words.
    pub device: Option<String>,
    /// What may be said about its choice, in a sentence.
    pub device_remark: Option<String>,
    /// The weights in words.
    pub weights: Option<String>,
    pub(super) pictures: HashMap<PictureSource, PictureState>,
    /// Choices on their way, in the order in which they were made; each place but that for a new style has one at most.
    pub(super) awaited: Vec<(Slot, PictureSource)>,
    awaited_recipe: Option<Box<Recipe>>,
    /// A canvas that is taken up as soon as the pictures of its recipe are there.
    awaited_start: Option<Canvas>,
    /// Finished canvases that have lost their place beside the favourites, and become some.
    displaced: Vec<Canvas>,
    /// Whether what is looked at is to be painted on as soon as it is read.
    pub(super) goes_on_when_shown: bool,
    /// Whether it is to be put on the easel then, and to rest there.
    pub(super) rests_when_shown: bool,
    adopting: HashMap<String, Slot>,
    /// New paintings are to start from the canvas that is on its way.
    pub(super) starts_from_taken: bool,
    /// That canvas.
    pub(super) taken_start: Option<Canvas>,
    runs: u64,
    /// A picture of the painting has changed in its file, and the studio has not been told yet to follow it.
    pictures_changed: bool,
    /// The way back through the settings.
    pub(super) steps: Steps,
    /// Whether the pictures that the program was started with are still on their way.
    pub(super) opening: bool,
    /// The number of the last question to the studio whose answer comes back with it.
    pub(super) tickets: u64,
}

impl State {
    /// Takes in one event.
    pub fn apply(&mut self, event: Event, now_secs: f64) {
        match event {
            Event::PictureLoaded { source, thumbnail, width, height, remark } => {
                self.mask_arrived(&source, &thumbnail);
                if let Some(remark) = remark {
                    self.notices.push(Severity::Info, format!("{source}: {remark}"), now_secs);
                }
                let info = PictureInfo { thumbnail, width_px: width, height_px: height };
                self.pictures.insert(source.clone(), PictureState::Ready(info));
                self.settle(&source);
            }
            Event::PictureChanged(source) => self.picture_changed(&source, now_secs),
            Event::PictureFailed { source, message } => self.picture_failed(&source, message, now_secs),
            Event::PictureAdopted { name, source } => {
                if let Some(slot) = self.adopting.remove(&name) {
                    self.expect(slot, source.clone());
                }
                self.settle(&source);
            }
            Event::MaskStored { ticket, source } => self.mask_stored(ticket, source),
            Event::SpreadReckoned { ticket, reach } => self.spread_reckoned(ticket, reach),
            Event::Started { run, device } => {
                if let Some(painting) = self.painting_of(run) {
                    painting.phase = Phase::Running;
                    self.device = Some(device);
                }
            }
            Event::Progress { run, progress } => {
                if let Some(painting) = self.painting_of(run) {
                    let notice = progress.notice.clone();
                    painting.note(*progress, now_secs);
                    self.note_done(false);
                    // It was painted on.
                    self.withdraw_retouches();
                    if let Some(notice) = notice {
                        self.notices.push(Severity::Info, notice, now_secs);
                    }
                }
            }
            Event::Shares { run, shares, .. } => {
                if let Some(painting) = self.painting_of(run) {
                    painting.shares = Some((shares, Box::new(painting.recipe.clone())));
                }
            }
            Event::WentBack { run, iteration } => {
                if let Some(painting) = self.painting_of(run) {
                    painting.go_back_to(iteration);
                }
            }
            Event::Paused(run) => self.set_phase(run, Phase::Paused),
            Event::Resumed(run) => self.set_phase(run, Phase::Running),
            Event::Finished(run) => {
                if self.painting_of(run).is_some() {
                    self.set_phase(run, Phase::Finished);
                    self.note_done(true);
                }
            }
            Event::Failed { run, message, rescued } => {
                self.set_phase(run, Phase::Failed);
                let message = match rescued {
                    Some(path) => format!("{message} The canvas was saved to {}.", path.display()),
                    None => message,
                };
                self.notices.push(Severity::Error, message, now_secs);
                if self.painting_of(run).is_some() {
                    self.note_failed_in_series(now_secs);
                }
            }
            Event::SetAside { run, aside } => {
                if self.painting_of(run).is_some() {
                    // Something else than painting has changed the canvas.
                    self.withdraw_retouches();
                }
                self.set_aside(Previous::of(run, *aside));
                self.leave_previous_to_favourites();
            }
            Event::Kept(favourite) => {
                let text = format!("Kept iteration {} with its settings", favourite.iteration);
                self.notices.push(Severity::Info, text, now_secs);
                self.note_kept_of_series(&favourite, now_secs);
                self.favourites.retain(|known| known.path != favourite.path);
                self.favourites.insert(0, favourite);
                self.leave_previous_to_favourites();
            }
            Event::Taken(canvas) => self.note_taken(canvas),
            Event::KeptToFinish { ticket, path } => self.note_kept_to_finish(ticket, path),
            Event::Retouched { run, name, before } => self.note_retouched(run, &name, before, now_secs),
            Event::KeptAlready(favourite) => {
                let text = format!("Iteration {} is among the favourites already", favourite.iteration);
                self.notices.push(Severity::Info, text, now_secs);
                self.note_kept_of_series(&favourite, now_secs);
            }
            Event::Saved { path, over_white } => {
                let text = if over_white {
                    format!("Saved {} over white, since this format holds no transparency", path.display())
                } else {
                    format!("Saved {}", path.display())
                };
                self.notices.push_written(text, path, now_secs);
            }
            Event::FavouriteOpened { path, image } => self.opened = Some((path, image)),
            Event::FavouriteDeleted { path, trashed } => {
                self.favourites.retain(|known| known.path != path);
                if self.exhibit == Some(Exhibit::Favourite(path.clone())) {
                    self.exhibit = None;
                }
                let text = format!("Moved {} to the trash folder of the library", words::file_name(&path));
                self.notices.push_undoable(text, UiCommand::RestoreFavourite { trashed, path }, now_secs);
            }
            Event::FavouriteRestored(favourite) => {
                let text = format!("Brought back {}", words::file_name(&favourite.path));
                self.notices.push(Severity::Info, text, now_secs);
                // Newest first, by the time in their names.
                let place = self.favourites.iter().position(|known| known.path < favourite.path);
                self.favourites.insert(place.unwrap_or(self.favourites.len()), favourite);
            }
            Event::Library(older) => {
                let known = |favourite: &Favourite| self.favourites.iter().any(|known| known.path == favourite.path);
                let news: Vec<_> = older.into_iter().filter(|favourite| !known(favourite)).collect();
                self.favourites.extend(news);
            }
            Event::Presets(presets) => self.own_presets = presets,
            Event::PresetSaved(preset) => self.preset_saved(preset, now_secs),
            Event::PresetDeleted(name) => self.preset_deleted(&name, now_secs),
            Event::FinishPlanned { ticket, plan } => {
                if let Some(finish) = &mut self.finish {
                    finish.note_plan(ticket, plan);
                }
            }
            Event::WeightsChosen(weights) => self.weights = Some(weights),
            Event::Device { name, remark } => (self.device, self.device_remark) = (Some(name), remark),
            Event::Problem(message) | Event::NotKept(message) => {
                self.notices.push(Severity::Error, message, now_secs);
            }
            Event::NotAdopted { name, message } => {
                self.adopting.remove(&name);
                self.notices.push(Severity::Error, message, now_secs);
            }
        }
    }

    /// Takes in a frame. Frames of abandoned paintings are dropped.
    pub fn take_frame(&mut self, frame: Frame) {
        if let Some(painting) = self.painting_of(frame.run) {
            painting.canvas = Some(ShownFrame { image: frame.image, iteration: frame.iteration });
            painting.moments = frame.moments;
        }
    }

    /// The change that the studio has not been told yet, if there is one.
    pub fn revision(&mut self) -> Option<Command> {
        let painting = self.painting.as_mut().filter(|painting| painting.phase != Phase::Failed)?;
        if painting.recipe == self.recipe {
            return std::mem::take(&mut self.pictures_changed).then(|| self.follow_pictures());
        }
        // Another photo is not painted over this one: it is another painting, begun at once while this one is at work, or else by
        // Paint. But who takes the settings of an earlier moment may be about to go back to it.
        let photo = &self.recipe.content;
        let looks_back = matches!(&self.exhibit, Some(Exhibit::Moment(moment)) if moment.recipe.content == *photo);
        if (painting.recipe.content != *photo && !looks_back) || painting.photo_has_changed {
            if painting.is_working() && !painting.pause_wanted {
                return Some(self.start_painting());
            }
            self.leave_painting();
            return Some(Command::Stop);
        }
        painting.recipe = self.recipe.clone();
        Some(Command::Revise(Box::new(self.recipe.clone())))
    }

    fn painting_of(&mut self, run: RunId) -> Option<&mut Painting> {
        self.painting.as_mut().filter(|painting| painting.run == run)
    }

    pub(super) fn note_done(&mut self, done: bool) {
        if let Some(series) = &mut self.series {
            series.note_done(done);
        }
    }

    fn set_phase(&mut self, run: RunId, phase: Phase) {
        if let Some(painting) = self.painting_of(run) {
            painting.phase = phase;
            painting.pause_wanted = false;
            // Time spent holding is not time spent painting.
            painting.speed.reset();
        }
    }
}

#[cfg(test)]
mod tests;
