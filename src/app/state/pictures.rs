//! The pictures that the window knows of, and those that it waits for.
//!
//! The artist's choice takes its place only once it is known to be usable, so what stands in the recipe can be painted.

use std::sync::Arc;

use image::RgbaImage;

use super::super::basis::Basis;
use super::super::command::Slot;
use super::super::finish::Loan;
use super::super::notices::Severity;
use super::super::painting::Phase;
use super::super::words;
use super::{Exhibit, State};
use crate::recipe::{Init, PictureSource, Recipe, StyleSource};
use crate::studio::{Canvas, Command, before_finishing};

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

impl State {
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

    /// The picture in a place.
    #[must_use]
    pub fn in_slot(&self, slot: Slot) -> Option<&PictureSource> {
        match slot {
            Slot::Photo => Some(&self.recipe.content),
            Slot::Style(index) => self.recipe.styles.get(index).map(|style| &style.picture),
            Slot::NewStyle => None,
            Slot::Start => match &self.recipe.init {
                Init::Picture(source) => Some(source),
                _ => None,
            },
        }
    }

    /// Whether the artist has chosen a picture for this place that is not here yet.
    #[must_use]
    pub fn is_awaited(&self, slot: Slot) -> bool {
        self.awaited.iter().any(|(awaiting, _)| *awaiting == slot)
            || self.adopting.values().any(|adopting| *adopting == slot)
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

    /// Asks for pictures that somebody wants to paint with. One that failed before may be there by now.
    pub(in super::super) fn want_all(&mut self, sources: &[PictureSource]) -> Vec<Command> {
        let failed = |known: &PictureState| matches!(known, PictureState::Failed);
        self.pictures.retain(|source, known| !(failed(known) && sources.contains(source)));
        sources.iter().filter_map(|source| self.want(source)).collect()
    }

    /// Puts a picture into a place as soon as it is decoded.
    pub fn choose(&mut self, slot: Slot, source: PictureSource) -> Option<Command> {
        self.expect(slot, source.clone());
        if self.picture_info(&source).is_some() {
            self.settle(&source);
            // It may have been edited since it was here last.
            return Some(self.look_again_at(vec![&source]));
        }
        self.want_all(&[source]).pop()
    }

    /// Notes which picture is to go into a place.
    pub(super) fn expect(&mut self, slot: Slot, source: PictureSource) {
        if slot != Slot::NewStyle {
            self.awaited.retain(|(awaiting, _)| *awaiting != slot);
        }
        self.awaited.push((slot, source));
    }

    /// Puts a picture without a file into a place as soon as the studio has given it one.
    pub fn adopt(&mut self, slot: Slot, image: Arc<RgbaImage>) -> Command {
        self.adopt_as(format!("Pasted {}", self.slot_name(slot).to_lowercase()), slot, image)
    }

    /// Lets new paintings start from something that is looked at, or from the painting's canvas as it is now. A canvas
    /// becomes a file in the library first, so that the recipe can be read again.
    pub fn start_from(&mut self, exhibit: Option<&Exhibit>) -> Option<Command> {
        let (image, iteration) = match exhibit {
            Some(Exhibit::Favourite(path)) => return self.choose(Slot::Start, PictureSource::File(path.clone())),
            Some(exhibit) => {
                let canvas = self.canvas_of(exhibit)?;
                (canvas.image, canvas.iteration)
            }
            None => {
                // The studio has it in full, and with what is brushed in just now.
                self.starts_from_taken = true;
                return Some(Command::Take);
            }
        };
        Some(self.adopt_canvas(image, iteration))
    }

    /// Lets new paintings start from the canvas that was asked for, once it has come.
    pub fn start_from_taken(&mut self) -> Option<Command> {
        let Canvas { image, iteration, .. } = self.taken_start.take()?;
        Some(self.adopt_canvas(image, iteration))
    }

    fn adopt_canvas(&mut self, image: Arc<RgbaImage>, iteration: u32) -> Command {
        self.adopt_as(format!("Canvas at iteration {iteration}"), Slot::Start, image)
    }

    fn adopt_as(&mut self, name: String, slot: Slot, image: Arc<RgbaImage>) -> Command {
        // Several pastes at once would be told apart by their names only.
        let name = if self.adopting.contains_key(&name) { format!("{name} {}", self.adopting.len() + 1) } else { name };
        self.adopting.insert(name.clone(), slot);
        Command::AdoptPicture { name, image }
    }

    /// Restores a recipe, its pictures included, as soon as they are decoded.
    pub fn restore(&mut self, recipe: Recipe) -> Vec<Command> {
        let pictures: Vec<_> = recipe.pictures().into_iter().cloned().collect();
        let mut commands = vec![self.look_again_at(recipe.pictures())];
        commands.extend(self.want_all(&pictures));
        self.awaited_recipe = Some(Box::new(recipe));
        self.masking.start_afresh();
        self.settle_recipe();
        commands
    }

    /// A picture has arrived: whoever waited for it gets it.
    pub(super) fn settle(&mut self, source: &PictureSource) {
        if self.picture_info(source).is_some() {
            let (arrived, awaited) = self.awaited.drain(..).partition(|(_, awaited)| awaited == source);
            self.awaited = awaited;
            let arrived: Vec<(Slot, PictureSource)> = arrived;
            for (slot, source) in arrived {
                self.put(slot, source);
            }
        }
        self.settle_recipe();
    }

    /// Whether settings are to come back as soon as their pictures are here.
    pub(in super::super) fn awaits_settings(&self) -> bool {
        self.awaited_recipe.is_some()
    }

    fn settle_recipe(&mut self) {
        let all_here = self
            .awaited_recipe
            .as_ref()
            .is_some_and(|recipe| recipe.pictures().iter().all(|source| self.picture_info(source).is_some()));
        if all_here && let Some(recipe) = self.awaited_recipe.take() {
            self.take_over(*recipe);
        }
    }

    /// Sets every control as a recipe from elsewhere says.
    fn take_over(&mut self, recipe: Recipe) {
        self.basis = Basis::built_in(recipe.preset);
        self.loan = Loan::of(&recipe);
        self.recipe = recipe;
    }

    /// Puts a picture that is here into a place.
    pub(in super::super) fn put(&mut self, slot: Slot, source: PictureSource) {
        match slot {
            Slot::Photo => {
                self.end_finishing();
                self.recipe.content = source;
            }
            Slot::Start => self.recipe.init = Init::Picture(source),
            // A style that was taken out while a file was chosen for it comes back as a new one.
            Slot::Style(index) => match self.recipe.styles.get_mut(index) {
                Some(style) => style.picture = source,
                None => self.recipe.styles.push(StyleSource::new(source)),
            },
            Slot::NewStyle => self.recipe.styles.push(StyleSource::new(source)),
        }
    }

    /// Asks whether another program has changed one of the pictures.
    #[must_use]
    pub fn look_again(&self) -> Command {
        self.look_again_at(self.recipe.pictures())
    }

    /// The same of other pictures, as far as they are here.
    fn look_again_at(&self, sources: Vec<&PictureSource>) -> Command {
        let here = sources.into_iter().filter(|source| self.picture_info(source).is_some());
        Command::LookAgain(here.cloned().collect())
    }

    /// It has: the painting follows, but for the photo of one that is finished, over which no other is painted.
    pub(super) fn picture_changed(&mut self, source: &PictureSource, now_secs: f64) {
        let Some(painting) = &mut self.painting else { return };
        let name = words::picture_name(source);
        let text = if painting.phase == Phase::Finished && painting.recipe.content == *source {
            painting.photo_has_changed = true;
            format!("{name} has changed; the next painting follows")
        } else {
            // What it started from is behind it.
            let recipe = Recipe { init: Init::Content, ..painting.recipe.clone() };
            if !recipe.pictures().contains(&source) {
                return;
            }
            self.pictures_changed = true;
            format!("{name} has changed, and the painting follows")
        };
        self.notices.push(Severity::Info, text, now_secs);
    }

    /// The command for that; a finished painting whose photo has changed as well is not painted over.
    pub(super) fn follow_pictures(&mut self) -> Command {
        if self.painting.as_ref().is_some_and(|painting| painting.photo_has_changed) {
            self.leave_painting();
            return Command::Stop;
        }
        Command::FollowPictures
    }

    pub(super) fn picture_failed(&mut self, source: &PictureSource, message: String, now_secs: f64) {
        self.pictures.insert(source.clone(), PictureState::Failed);
        self.mask_failed(source);
        self.awaited.retain(|(_, awaited)| awaited != source);
        self.notices.push(Severity::Error, message, now_secs);
        // A favourite without its mask or its start is still worth having, and so is the rest of its settings without its pictures.
        if let Some(recipe) = &mut self.awaited_recipe
            && let Some(lacking) = do_without(recipe, source, self.awaited_start.is_some())
        {
            self.notices.push(Severity::Info, format!("The settings come back without {lacking}"), now_secs);
            return self.settle_recipe();
        }
        if let Some(recipe) = self.awaited_recipe.take_if(|recipe| recipe.pictures().contains(&source)) {
            let Recipe { content, styles, init, photo_mask, .. } = self.recipe.clone();
            let init = if matches!(recipe.init, Init::Picture(_)) { init } else { recipe.init.clone() };
            // Masks belong to their photo.
            self.take_over(Recipe { content, styles, init, photo_mask, ..*recipe });
            let text = "The settings are back, but with the pictures that were here";
            self.notices.push(Severity::Info, text, now_secs);
        }
    }
}

/// Takes a mask or a starting picture out of a recipe wherever it is named; tells what it was. What is taken up goes on from its own
/// canvas.
fn do_without(recipe: &mut Recipe, source: &PictureSource, taken_up: bool) -> Option<&'static str> {
    if matches!(&recipe.init, Init::Picture(start) if start == source) {
        let finished = before_finishing(recipe);
        recipe.init = Recipe::from_preset(recipe.preset).init;
        // Without what it was to make larger, Finish would begin with a canvas on which no large shape is settled.
        if let Some(before) = finished.filter(|_| !taken_up) {
            *recipe = before;
        }
        return Some("the picture that they start from");
    }
    let masks = recipe.styles.iter_mut().map(|style| &mut style.mask).chain([&mut recipe.photo_mask]);
    (masks.filter_map(|mask| mask.take_if(|mask| mask == source)).count() > 0).then_some("this mask")
}
