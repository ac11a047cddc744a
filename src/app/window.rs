//! The window: takes in what the studio says, draws, and hands on what the artist asks for.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use egui::{CentralPanel, Context, Margin, Panel, ScrollArea, Ui};

use super::command::{Slot, UiCommand};
use super::desktop::{Desktop, Reply, Response};
use super::intake::Intake;
use super::panels::canvas::CanvasPanel;
use super::panels::naming::{self, Naming};
use super::panels::prompt::{self, Prompt};
use super::panels::{
    about, controls, curve, favourites, finish, masks, messages, pictures, settings, shortcuts, styles, toolbar,
    variations,
};
use super::preferences::Preferences;
use super::state::State;
use super::textures::Textures;
use super::theme;
use super::widgets::Desk;
use crate::recipe::{PictureSource, Recipe, StyleSource};
use crate::studio::{Command, Event, PresetCommand, Studio};

/// What the window opens with.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// The photo, or the bundled one.
    pub content: Option<PathBuf>,
    /// The style, or the bundled one.
    pub style: Option<PathBuf>,
    /// Weights, or the built-in ones.
    pub weights: Option<PathBuf>,
}

impl Opening {
    /// The pictures and settings of last time, with the pictures that were given in place of theirs. Masks are those of a photo.
    fn over(&self, last: Recipe) -> Recipe {
        let file = |path: &PathBuf| PictureSource::File(path.clone());
        let mut recipe = last;
        if let Some(photo) = &self.content {
            recipe.content = file(photo);
            recipe.photo_mask = None;
            recipe.styles.iter_mut().for_each(|style| style.mask = None);
        }
        if let Some(style) = &self.style {
            recipe.styles = vec![StyleSource::new(file(style))];
        }
        recipe
    }
}

/// The window.
pub struct App {
    pub(super) studio: Studio,
    pub(super) state: State,
    pub(super) canvas: CanvasPanel,
    pub(super) preferences: Preferences,
    pub(super) desktop: Box<dyn Desktop>,
    pub(super) reply: Reply,
    pub(super) prompt: Option<Prompt>,
    pub(super) naming: Option<Naming>,
    pub(super) no_dialogs: bool,
    /// Dialogs that have not been answered yet.
    pub(super) dialogs_open: usize,
    pub(super) messages_open: bool,
    pub(super) shortcuts_open: bool,
    pub(super) about_open: bool,
    pub(super) intake: Intake,
    responses: Receiver<Response>,
    textures: Textures,
    commands: Vec<UiCommand>,
}

/// The waker that a studio needs to wake this window.
#[must_use]
pub fn waker(ctx: &Context) -> Arc<dyn Fn() + Send + Sync> {
    let ctx = ctx.clone();
    // A request without any delay makes egui draw two frames, and one is enough for what the studio says.
    Arc::new(move || ctx.request_repaint_after(std::time::Duration::from_micros(500)))
}

impl App {
    /// Dresses the window and asks the studio for all that it opens with.
    #[must_use]
    pub fn new(
        ctx: &Context,
        studio: Studio,
        opening: &Opening,
        preferences: Preferences,
        desktop: Box<dyn Desktop>,
    ) -> Self {
        theme::install(ctx);
        preferences.apply(ctx);
        let (sender, responses) = crossbeam_channel::unbounded();
        let mut app = Self {
            studio,
            state: State::default(),
            canvas: CanvasPanel::default(),
            preferences,
            desktop,
            reply: Reply { responses: sender, wake: waker(ctx) },
            prompt: None,
            naming: None,
            no_dialogs: false,
            dialogs_open: 0,
            messages_open: false,
            shortcuts_open: false,
            about_open: false,
            intake: Intake::default(),
            responses,
            textures: Textures::default(),
            commands: Vec::new(),
        };
        app.open_with(opening);
        app
    }

    fn open_with(&mut self, opening: &Opening) {
        self.studio.send(Command::SetDepth(self.preferences.depth));
        if let Some(weights) = &opening.weights {
            self.studio.send(Command::UseWeights(Some(weights.clone())));
        }
        if let Some(last) = self.preferences.last.take() {
            let commands = self.state.restore(opening.over(*last));
            self.send(commands);
        } else {
            for (slot, picture) in [(Slot::Photo, &opening.content), (Slot::Style(0), &opening.style)] {
                let command = picture.clone().and_then(|path| self.state.choose(slot, PictureSource::File(path)));
                self.send(command);
            }
        }
        self.state.opening = true;
        // The bundled pair is there even if the given files are not usable.
        let recipe = self.state.recipe.clone();
        for source in recipe.pictures() {
            let command = self.state.want(source);
            self.send(command);
        }
        self.studio.send(Command::ListLibrary);
        self.studio.send(Command::Preset(PresetCommand::List));
    }

    /// Hands commands on.
    pub(super) fn send(&self, commands: impl IntoIterator<Item = Command>) {
        for command in commands {
            self.studio.send(command);
        }
    }

    fn drain(&mut self, ctx: &Context) {
        let now_secs = ctx.input(|input| input.time);
        while let Some(event) = self.studio.try_event() {
            // Who has gone on to something else meanwhile is told by the task bar.
            if matches!(event, Event::Finished(_) | Event::Failed { .. }) && !ctx.input(|input| input.focused) {
                let attention = egui::UserAttentionType::Informational;
                ctx.send_viewport_cmd(egui::ViewportCommand::RequestUserAttention(attention));
            }
            self.state.apply(event, now_secs);
        }
        while let Some(frame) = self.studio.latest_frame() {
            self.state.take_frame(frame);
        }
        while let Some(sheet) = self.studio.latest_sketches() {
            self.state.take_sketches(sheet);
        }
        while let Ok(response) = self.responses.try_recv() {
            match response {
                Response::Path(purpose, answer) => {
                    self.dialogs_open = self.dialogs_open.saturating_sub(1);
                    self.answered(purpose, answer);
                }
                Response::Notice(severity, text) => self.state.notices.push(severity, text, now_secs),
            }
        }
        // A canvas that is to be finished may have come.
        let reckoning = self.state.reckon_finish();
        self.send(reckoning);
        self.go_on(now_secs);
    }

    /// Whatever was changed, or has just arrived, goes out as one revision.
    fn go_on(&mut self, now_secs: f64) {
        // Before the painting it belongs to has another photo, or is no more.
        self.state.tidy_masking();
        let start = self.state.start_from_taken();
        self.send(start);
        let filled = self.state.end_fill();
        self.send(filled);
        let brushed = self.state.retouches();
        self.send(brushed);
        let deciding = self.dialogs_open > 0 || self.prompt.is_some() || self.naming.is_some();
        let turn = self.state.go_on_with_series(deciding, now_secs);
        self.send(turn);
        // Who has left it before it was read has thought better of it.
        self.state.goes_on_when_shown &= self.state.exhibit.is_some();
        if self.state.goes_on_when_shown && self.state.shown_exhibit().is_some() {
            self.go_on_from_shown();
        }
        self.state.rests_when_shown &= self.state.exhibit.is_some();
        if self.state.rests_when_shown && self.state.shown_exhibit().is_some() {
            let rest = self.state.put_shown_to_rest();
            self.send(rest);
        }
        let displaced = self.state.keep_displaced(now_secs);
        self.send(displaced);
        let start = self.state.awaited_start();
        self.send(start);
        let finishing = self.state.go_on_finishing();
        self.send(finishing);
        let revision = self.state.revision();
        self.send(revision);
    }

    fn draw(&mut self, ui: &mut Ui) {
        let files_hover = ui.input(|input| !input.raw.hovered_files.is_empty());
        let now_secs = ui.input(|input| input.time);
        let mut desk = Desk { state: &self.state, textures: &mut self.textures, commands: &mut self.commands };
        let margin = Margin::same(theme::PANEL_MARGIN_PT);
        let panel = egui::Frame::side_top_panel(ui.style()).inner_margin(margin);

        let bar = panel.inner_margin(Margin::symmetric(theme::PANEL_MARGIN_PT, 6));
        Panel::top("toolbar").resizable(false).frame(bar).show(ui, |ui| {
            toolbar::toolbar_ui(&mut desk, &self.preferences, self.messages_open, ui);
        });
        let scrolled =
            panel.inner_margin(Margin { right: theme::PANEL_MARGIN_PT - theme::SCROLL_BAR_PT as i8, ..margin });
        Panel::left("controls").resizable(false).exact_size(theme::CONTROLS_WIDTH_PT).frame(scrolled).show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.set_max_width(ui.available_width() - theme::SCROLL_BAR_PT);
                let photo = pictures::picker_ui(&mut desk, Slot::Photo, ui);
                ui.add_space(theme::GROUP_GAP_PT);
                let mut places = styles::styles_ui(&mut desk, ui);
                places.push((photo, Slot::Photo));
                // What is scrolled out of sight cannot be pointed at.
                places.iter_mut().for_each(|(rect, _)| *rect = rect.intersect(ui.clip_rect()));
                self.intake.places = places;
                ui.add_space(theme::GROUP_GAP_PT);
                controls::controls_ui(&mut desk, ui);
                ui.add_space(theme::GROUP_GAP_PT);
                masks::masks_ui(&mut desk, ui);
                settings::settings_ui(&mut desk, ui);
            });
        });
        if self.preferences.show_favourites {
            Panel::right("favourites")
                .default_size(theme::FAVOURITES_WIDTH_PT)
                .size_range(140.0..=420.0)
                .frame(scrolled)
                .show(ui, |ui| favourites::favourites_ui(&mut desk, ui));
        }
        if self.preferences.show_curve {
            Panel::bottom("curve")
                .resizable(false)
                .exact_size(theme::PROGRESS_HEIGHT_PT)
                .frame(panel)
                .show(ui, |ui| curve::curve_ui(&desk, ui));
        }
        let canvas = CentralPanel::no_frame().frame(egui::Frame::new().fill(ui.visuals().panel_fill)).show(ui, |ui| {
            self.canvas.ui(&mut desk, files_hover, ui);
        });

        // Lists close like everything else that lies above the canvas.
        if ui.input(|input| input.key_pressed(egui::Key::Escape)) {
            (self.messages_open, self.shortcuts_open, self.about_open) = (false, false, false);
        }
        messages::toasts_ui(&mut desk, now_secs, canvas.response.rect, ui);
        if self.messages_open {
            messages::list_ui(&mut desk, &mut self.messages_open, ui);
        }
        if self.shortcuts_open {
            shortcuts::shortcuts_ui(&mut self.shortcuts_open, ui);
        }
        if self.about_open {
            about::about_ui(&mut desk, self.studio.library(), &mut self.about_open, ui);
        }
        variations::variations_ui(&mut desk, ui);
        finish::finish_ui(&mut desk, ui);
        prompt::prompt_ui(&mut desk, &mut self.prompt, ui);
        naming::naming_ui(&mut desk, &mut self.naming, ui);
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let brushed = self.state.leave_brushing();
        self.send(brushed);
        let will = self.state.last_will();
        self.send(will);
        self.send([Command::SecureMasks(Box::new(self.state.lasting_recipe()))]);
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.drain(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let choosing = self.state.finish.is_some() || self.state.variations.is_some();
        let asking = self.prompt.is_some() || self.naming.is_some() || choosing;
        self.intake.take(ui.ctx(), &self.state, asking, &mut self.commands);
        self.draw(ui);
        for command in std::mem::take(&mut self.commands) {
            self.dispatch(command, ui.ctx(), frame);
        }
        // Who comes back from another program may have changed a picture there.
        if ui.input(|input| input.events.contains(&egui::Event::WindowFocused(true))) {
            self.send([self.state.look_again()]);
        }
        self.preferences.note(ui.ctx());
        let (dragging, now_secs) = ui.input(|input| (input.pointer.any_down(), input.time));
        self.state.note_step(dragging, now_secs);
        self.go_on(now_secs);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        // While those of last time are still on their way, they stay what was written.
        if !self.state.awaits_settings() {
            self.preferences.last = Some(Box::new(self.state.lasting_recipe()));
        }
        self.preferences.save(storage);
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_pictures_take_the_place_of_those_of_last_time() {
        let file = |name: &str| PictureSource::File(name.into());
        let style = StyleSource { mask: Some(file("mask.png")), weight: 2.0, ..StyleSource::new(file("oil.jpg")) };
        let last = Recipe {
            content: file("old.jpg"),
            styles: vec![style.clone()],
            photo_mask: Some(file("mask.png")),
            style_strength: 2.0,
            ..Recipe::default()
        };
        assert_eq!(Opening::default().over(last.clone()), last);
        let photo = Opening { content: Some("new.jpg".into()), ..Opening::default() };
        let styles = vec![StyleSource { mask: None, ..style }];
        assert_eq!(
            photo.over(last.clone()),
            Recipe { content: file("new.jpg"), styles, photo_mask: None, ..last.clone() }
        );
        let style = Opening { style: Some("wave.jpg".into()), ..Opening::default() };
        assert_eq!(style.over(last.clone()), Recipe { styles: vec![StyleSource::new(file("wave.jpg"))], ..last });
    }
}
