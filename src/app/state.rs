//! What the window knows. It changes by the studio's events and by the artist's wishes, and draws nothing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use image::RgbaImage;

use super::action::{Action, Exhibit, Slot};
use super::finish::Finish;
use super::notices::{Notices, Severity};
use super::painting::{Painting, Phase, ShownFrame};
use super::words;
use crate::recipe::{Init, PictureSource, Recipe};
use crate::studio::{Canvas, Command, Event, Favourite, Frame, RunId};

/// A decoded picture, as far as the window needs it.
#[derive(Debug, Clone)]
pub struct PictureInfo {
    /// Small version.
    pub thumbnail: Arc<RgbaImage>,
    /// Full width in pixels.
    pub width_px: u32,
    /// Full height in pixels.
    pub height_px: u32,
}

/// What became of a picture that was asked for.
#[derive(Debug, Clone)]
pub enum PictureState {
    /// On its way.
    Loading,
    /// Here.
    Ready(PictureInfo),
    /// Unusable; the reason was reported.
    Failed,
}

/// The canvas that was there before the artist started over. It lives in memory until it is kept or saved.
#[derive(Debug, Clone)]
pub struct Previous {
    /// The painting it belonged to.
    pub run: RunId,
    /// Its pixels, its recipe and its iteration.
    pub canvas: Canvas,
}

/// What the window knows.
#[derive(Debug, Default)]
pub struct State {
    /// The parameters as the controls show them. Its pictures were all decoded once; the artist's next choice waits in
    /// [`State::awaited`] until it is known to be usable.
    pub recipe: Recipe,
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
    /// The painting that is to be finished, while the artist decides how large.
    pub finish: Option<Finish>,
    /// Messages.
    pub notices: Notices,
    /// The device in words.
    pub device: Option<String>,
    /// The weights in words.
    pub weights: Option<String>,
    pictures: HashMap<PictureSource, PictureState>,
    awaited: HashMap<Slot, PictureSource>,
    awaited_recipe: Option<Box<Recipe>>,
    adopting: HashMap<String, Slot>,
    adopted_names: HashMap<PictureSource, String>,
    runs: u64,
}

impl State {
    /// Takes in one event.
    pub fn apply(&mut self, event: Event, now_secs: f64) {
        match event {
            Event::PictureLoaded { source, thumbnail, width, height } => {
                let info = PictureInfo { thumbnail, width_px: width, height_px: height };
                self.pictures.insert(source.clone(), PictureState::Ready(info));
                self.settle(&source);
            }
            Event::PictureFailed { source, message } => self.picture_failed(&source, message, now_secs),
            Event::PictureAdopted { name, source } => {
                if let Some(slot) = self.adopting.remove(&name) {
                    self.awaited.insert(slot, source.clone());
                }
                self.adopted_names.insert(source.clone(), name);
                self.settle(&source);
            }
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
                    if let Some(notice) = notice {
                        self.notices.push(Severity::Info, notice, now_secs);
                    }
                }
            }
            Event::Paused(run) => self.set_phase(run, Phase::Paused),
            Event::Resumed(run) => self.set_phase(run, Phase::Running),
            Event::Finished(run) => self.set_phase(run, Phase::Finished),
            Event::Failed { run, message, rescued } => {
                self.set_phase(run, Phase::Failed);
                let message = match rescued {
                    Some(path) => format!("{message} The canvas was saved to {}.", path.display()),
                    None => message,
                };
                self.notices.push(Severity::Error, message, now_secs);
            }
            Event::SetAside { run, canvas } => {
                if self.previous.as_ref().is_none_or(|previous| previous.run <= run) {
                    self.previous = Some(Previous { run, canvas });
                }
            }
            Event::Kept(favourite) => {
                let text = format!("Kept iteration {} with its settings", favourite.iteration);
                self.notices.push(Severity::Info, text, now_secs);
                if let Some(finish) = &mut self.finish {
                    finish.note_kept(&favourite);
                }
                self.favourites.retain(|known| known.path != favourite.path);
                self.favourites.insert(0, favourite);
            }
            Event::Saved(path) => {
                self.notices.push(Severity::Info, format!("Saved {}", path.display()), now_secs);
            }
            Event::FavouriteOpened { path, image } => self.opened = Some((path, image)),
            Event::FavouriteDeleted(path) => {
                self.favourites.retain(|known| known.path != path);
                if self.exhibit == Some(Exhibit::Favourite(path.clone())) {
                    self.exhibit = None;
                }
                let text = format!("Moved {} to the trash folder of the library", words::file_name(&path));
                self.notices.push(Severity::Info, text, now_secs);
            }
            Event::Library(mut favourites) => {
                favourites.reverse();
                self.favourites = favourites;
            }
            Event::FinishPlanned { painting, size, plan } => {
                if let Some(finish) = &mut self.finish {
                    finish.note_plan(&painting, size, plan);
                }
            }
            Event::WeightsChosen(weights) => self.weights = Some(weights),
            Event::Device(device) => self.device = Some(device),
            Event::Problem(message) => {
                // A picture that could not be adopted is reported in this way only; nobody need wait for it.
                self.adopting.clear();
                // The same goes for a canvas that could not be kept.
                self.finish.take_if(|finish| finish.is_waiting_for_canvas());
                self.notices.push(Severity::Error, message, now_secs);
            }
        }
    }

    /// Takes in a frame. Frames of abandoned paintings are dropped.
    pub fn take_frame(&mut self, frame: Frame) {
        if let Some(painting) = self.painting_of(frame.run) {
            painting.canvas = Some(ShownFrame { image: frame.image, iteration: frame.iteration });
        }
    }

    /// What is known of a picture.
    #[must_use]
    pub fn picture(&self, source: &PictureSource) -> Option<&PictureState> {
        self.pictures.get(source)
    }

    /// What is known of a picture that is here.
    #[must_use]
    pub fn picture_info(&self, source: &PictureSource) -> Option<&PictureInfo> {
        match self.pictures.get(source) {
            Some(PictureState::Ready(info)) => Some(info),
            _ => None,
        }
    }

    /// A picture's name as the artist knows it.
    #[must_use]
    pub fn picture_name(&self, source: &PictureSource) -> String {
        self.adopted_names.get(source).cloned().unwrap_or_else(|| words::picture_name(source))
    }

    /// The picture in a place.
    #[must_use]
    pub fn in_slot(&self, slot: Slot) -> Option<&PictureSource> {
        match slot {
            Slot::Photo => Some(&self.recipe.content),
            Slot::Style => self.recipe.styles.first().map(|style| &style.picture),
            Slot::Start => match &self.recipe.init {
                Init::Picture(source) => Some(source),
                _ => None,
            },
        }
    }

    /// Whether the artist has chosen a picture for this place that is not here yet.
    #[must_use]
    pub fn is_awaited(&self, slot: Slot) -> bool {
        self.awaited.contains_key(&slot) || self.adopting.values().any(|adopting| *adopting == slot)
    }

    /// Asks for a picture, unless it is here or on its way.
    pub fn want(&mut self, source: &PictureSource) -> Option<Command> {
        match self.pictures.get(source) {
            Some(_) => None,
            None => {
                self.pictures.insert(source.clone(), PictureState::Loading);
                Some(Command::LoadPicture(source.clone()))
            }
        }
    }

    /// Puts a picture into a place as soon as it is decoded.
    pub fn choose(&mut self, slot: Slot, source: PictureSource) -> Option<Command> {
        self.awaited.insert(slot, source.clone());
        if self.picture_info(&source).is_some() {
            self.settle(&source);
            return None;
        }
        // The artist may have mended or replaced a file that failed before.
        if matches!(self.pictures.get(&source), Some(PictureState::Failed)) {
            self.pictures.remove(&source);
        }
        self.want(&source)
    }

    /// Puts a picture without a file into a place as soon as the studio has given it one.
    pub fn adopt(&mut self, slot: Slot, image: Arc<RgbaImage>) -> Command {
        let name = format!("Pasted {}", slot.label().to_lowercase());
        // Several pastes at once would be told apart by their names only.
        let name = if self.adopting.contains_key(&name) { format!("{name} {}", self.adopting.len() + 1) } else { name };
        self.adopting.insert(name.clone(), slot);
        Command::AdoptPicture { name, image }
    }

    /// Restores a recipe, its pictures included, as soon as they are decoded.
    pub fn restore(&mut self, recipe: Recipe) -> Vec<Command> {
        let commands = pictures_of(&recipe).into_iter().filter_map(|source| self.want(source)).collect();
        self.awaited_recipe = Some(Box::new(recipe));
        self.settle_recipe();
        commands
    }

    /// Starts a new painting; the canvas of the old one stays as the previous one.
    pub fn start_painting(&mut self) -> Command {
        // The frame on the screen stands in until the studio hands over the canvas itself.
        if let Some(Painting { run, canvas: Some(ShownFrame { image, iteration }), recipe, .. }) = self.painting.take()
        {
            self.previous = Some(Previous { run, canvas: Canvas { image, recipe, iteration } });
        }
        self.exhibit = None;
        self.runs += 1;
        let run = RunId(self.runs);
        self.painting = Some(Painting::new(run, self.recipe.clone()));
        Command::Paint { run, recipe: Box::new(self.recipe.clone()) }
    }

    /// The change that the studio has not been told yet, if there is one.
    pub fn revision(&mut self) -> Option<Command> {
        let painting = self.painting.as_mut().filter(|painting| painting.phase != Phase::Failed)?;
        if painting.recipe == self.recipe {
            return None;
        }
        painting.recipe = self.recipe.clone();
        Some(Command::Revise(Box::new(self.recipe.clone())))
    }

    /// What the primary button means now.
    #[must_use]
    pub fn primary(&self) -> Action {
        match &self.painting {
            Some(painting) if painting.phase == Phase::Paused || painting.pause_wanted => Action::Resume,
            Some(painting) if painting.is_working() => Action::Pause,
            _ => Action::Paint,
        }
    }

    /// Whether an action makes sense now.
    #[must_use]
    pub fn offers(&self, action: Action) -> bool {
        let has_canvas = self.painting.as_ref().is_some_and(|painting| painting.canvas.is_some());
        match action {
            Action::Paint | Action::Pause | Action::Resume => self.primary() == action,
            Action::StartOver => self.painting.is_some(),
            Action::Keep => has_canvas,
            Action::SaveAs | Action::Finish => has_canvas || self.exhibit.is_some(),
            Action::BackToPainting | Action::TakeSettings => self.exhibit.is_some(),
            Action::DeleteShown => matches!(self.exhibit, Some(Exhibit::Favourite(_))),
            _ => true,
        }
    }

    /// The recipe of something that can be looked at.
    #[must_use]
    pub fn recipe_of(&self, exhibit: &Exhibit) -> Option<&Recipe> {
        match exhibit {
            Exhibit::Previous => self.previous.as_ref().map(|previous| &previous.canvas.recipe),
            Exhibit::Favourite(path) => {
                self.favourites.iter().find(|known| known.path == *path).map(|favourite| &favourite.recipe)
            }
        }
    }

    fn painting_of(&mut self, run: RunId) -> Option<&mut Painting> {
        self.painting.as_mut().filter(|painting| painting.run == run)
    }

    fn set_phase(&mut self, run: RunId, phase: Phase) {
        if let Some(painting) = self.painting_of(run) {
            painting.phase = phase;
            painting.pause_wanted = false;
            // Time spent holding is not time spent painting.
            painting.speed.reset();
        }
    }

    /// A picture has arrived: whoever waited for it gets it.
    fn settle(&mut self, source: &PictureSource) {
        if self.picture_info(source).is_some() {
            for slot in [Slot::Photo, Slot::Style, Slot::Start] {
                if self.awaited.get(&slot) == Some(source) {
                    self.awaited.remove(&slot);
                    self.put(slot, source.clone());
                }
            }
        }
        self.settle_recipe();
    }

    fn settle_recipe(&mut self) {
        let all_here = self
            .awaited_recipe
            .as_ref()
            .is_some_and(|recipe| pictures_of(recipe).iter().all(|source| self.picture_info(source).is_some()));
        if all_here && let Some(recipe) = self.awaited_recipe.take() {
            self.recipe = *recipe;
        }
    }

    fn put(&mut self, slot: Slot, source: PictureSource) {
        match slot {
            Slot::Photo => self.recipe.content = source,
            Slot::Start => self.recipe.init = Init::Picture(source),
            Slot::Style => {
                if let Some(style) = self.recipe.styles.first_mut() {
                    style.picture = source;
                }
            }
        }
    }

    fn picture_failed(&mut self, source: &PictureSource, message: String, now_secs: f64) {
        self.pictures.insert(source.clone(), PictureState::Failed);
        self.awaited.retain(|_, awaited| awaited != source);
        self.notices.push(Severity::Error, message, now_secs);
        // The rest of a favourite's settings is still worth having.
        if let Some(recipe) = self.awaited_recipe.take_if(|recipe| pictures_of(recipe).contains(&source)) {
            let init =
                if matches!(recipe.init, Init::Picture(_)) { self.recipe.init.clone() } else { recipe.init.clone() };
            let (content, styles) = (self.recipe.content.clone(), self.recipe.styles.clone());
            self.recipe = Recipe { content, styles, init, ..*recipe };
            let text = "The settings are back, but with the pictures that were here";
            self.notices.push(Severity::Info, text, now_secs);
        }
    }
}

/// Every picture that a recipe names.
#[must_use]
pub fn pictures_of(recipe: &Recipe) -> Vec<&PictureSource> {
    let init = match &recipe.init {
        Init::Picture(source) => Some(source),
        _ => None,
    };
    std::iter::once(&recipe.content).chain(recipe.styles.iter().map(|style| &style.picture)).chain(init).collect()
}
