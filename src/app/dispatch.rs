//! Carries out what was asked for: the one place where wishes change the state or reach the studio.

use std::path::PathBuf;
use std::sync::Arc;

use egui::Context;

use super::action::Action;
use super::command::{Exhibit, Slot, UiCommand};
use super::dialogs::Purpose;
use super::notices::Severity;
use super::panels::naming::Naming;
use super::state::{Direction, StirLevels};
use super::steps::Way;
use super::view::View;
use super::window::App;
use crate::studio::{Command, OwnPreset, PresetCommand};

impl App {
    /// Carries out one wish.
    pub(super) fn dispatch(&mut self, command: UiCommand, ctx: &Context, frame: &eframe::Frame) {
        let now_secs = now_secs(ctx);
        if command.takes_the_canvas() {
            let brushed = self.state.leave_brushing();
            self.send(brushed);
        }
        match command {
            UiCommand::Do(action) => self.act(action, ctx, frame),
            UiCommand::SetRecipe(recipe) => self.state.recipe = *recipe,
            UiCommand::Apply { settings, basis } => self.state.apply_settings(&settings, *basis, now_secs),
            UiCommand::NamePreset => {
                self.naming = Some(Naming::new(self.state.basis.own_name.clone().unwrap_or_default()));
            }
            UiCommand::SavePreset(name) => {
                let command = self.state.save_preset(name);
                self.send([command]);
            }
            UiCommand::DeletePreset(name) => self.send([Command::Preset(PresetCommand::Delete(name))]),
            UiCommand::BringBackPreset(preset) => {
                let OwnPreset { name, settings, thumbnail: picture } = *preset;
                let save = PresetCommand::Save { name, settings: Box::new(settings), picture };
                self.send([Command::Preset(save)]);
            }
            UiCommand::RemoveStyle(index) => self.state.remove_style(index, now_secs),
            UiCommand::BringBackStyle { index, style } => self.state.bring_back_style(index, *style),
            UiCommand::Browse(slot) => {
                self.intake.last_slot = slot;
                self.ask_for_path(Purpose::Picture(slot), frame);
            }
            UiCommand::Choose(slot, source) => {
                self.intake.last_slot = slot;
                let command = self.state.choose(slot, source);
                self.send(command);
            }
            UiCommand::BeginSeries(photos) => self.state.begin_series(photos),
            UiCommand::EndSeries => self.state.end_series(),
            UiCommand::Adopt(slot, image) => {
                let command = self.state.adopt(slot, image);
                self.send([command]);
            }
            UiCommand::Want(source) => {
                let command = self.state.want(&source);
                self.send(command);
            }
            UiCommand::Show(exhibit) => self.show(exhibit),
            UiCommand::GoOnFrom(exhibit) => {
                self.show(exhibit);
                self.state.goes_on_when_shown = true;
            }
            UiCommand::StartFrom(exhibit) => {
                let command = self.state.start_from(exhibit.as_ref());
                self.send(command);
            }
            UiCommand::SetStir(levels) => self.state.stir = StirLevels(levels),
            UiCommand::SetFilmCaptions(captions) => self.preferences.film_captions = captions,
            UiCommand::SetDepth(depth) => {
                self.preferences.depth = depth;
                self.send([Command::SetDepth(depth)]);
            }
            UiCommand::TakeSettings(exhibit) => self.take_settings(&exhibit),
            UiCommand::Save(exhibit) => self.ask_for_path(Purpose::SaveExhibit(exhibit), frame),
            UiCommand::Keep(exhibit) => self.send(self.state.canvas_of(&exhibit).map(Command::KeepCanvas)),
            UiCommand::ChooseVariation(index) => {
                let command = self.state.choose_variation(index);
                self.send(command);
            }
            UiCommand::Finish(exhibit) => {
                let command = self.state.ask_to_finish(exhibit);
                self.send(command);
            }
            UiCommand::FinishAt(size) => {
                let command = self.state.resize_finish(size);
                self.send(command);
            }
            UiCommand::StartFinish => {
                let command = self.state.start_finish();
                self.send(command);
            }
            UiCommand::LeaveFinish => self.state.finish = None,
            UiCommand::Delete(path) => self.send([Command::DeleteFavourite(path)]),
            UiCommand::RestoreFavourite { trashed, path } => self.send([Command::RestoreFavourite { trashed, path }]),
            UiCommand::TakeBackRetouch => self.send([Command::TakeBackRetouch]),
            UiCommand::TakeOffer(id) => {
                if let Some(offer) = self.state.notices.take_offer(id) {
                    self.dispatch(offer, ctx, frame);
                }
            }
            UiCommand::MeasureShares => self.send([Command::MeasureShares]),
            UiCommand::Mask(command) => {
                let command = self.state.mask(command);
                self.send(command);
            }
            UiCommand::BrowseWeights => self.ask_for_path(Purpose::Weights, frame),
            UiCommand::ResetWeights => self.send([Command::UseWeights(None)]),
            UiCommand::PathTyped(text) => {
                let path = PathBuf::from(text.trim());
                if !path.as_os_str().is_empty()
                    && let Some(prompt) = self.prompt.take()
                {
                    self.use_path(prompt.purpose, path);
                }
            }
            UiCommand::Reveal(path) => self.desktop.reveal(path, self.reply.clone()),
            UiCommand::Dismiss(id) => self.state.notices.dismiss(id),
            UiCommand::ClearMessages => self.state.notices.clear(),
        }
    }

    fn act(&mut self, action: Action, ctx: &Context, frame: &eframe::Frame) {
        if let Some(lacking) = action.lacking().filter(|_| !self.state.offers(action)) {
            return self.state.notices.push(Severity::Info, lacking, now_secs(ctx));
        }
        match action {
            Action::Paint | Action::StartOver => {
                if self.state.end_finishing() {
                    let text = "Size and iterations are what they were before Finish";
                    self.state.notices.push(Severity::Info, text, now_secs(ctx));
                }
                let command = self.state.start_painting();
                self.send([command]);
            }
            Action::Pause => {
                if let Some(painting) = &mut self.state.painting {
                    painting.pause_wanted = true;
                }
                self.send([Command::Pause]);
            }
            Action::Resume => {
                if let Some(painting) = &mut self.state.painting {
                    painting.pause_wanted = false;
                }
                self.send([Command::Resume]);
            }
            Action::Keep => match &self.state.exhibit {
                Some(exhibit @ (Exhibit::Previous | Exhibit::Moment(_))) => {
                    self.send(self.state.canvas_of(exhibit).map(Command::KeepCanvas));
                }
                Some(Exhibit::Favourite(_)) | None => self.send([Command::Keep]),
            },
            Action::SaveAs => {
                let purpose = self.state.exhibit.clone().map_or(Purpose::SavePainting, Purpose::SaveExhibit);
                self.ask_for_path(purpose, frame);
            }
            Action::SaveFilm => {
                if let Some(painting) = &self.state.painting {
                    self.ask_for_path(Purpose::SaveFilm(Arc::clone(&painting.moments)), frame);
                }
            }
            Action::Variations => {
                let command = self.state.vary();
                self.send([command]);
            }
            Action::Stir => self.send([Command::Stir { levels: self.state.stir.0 }]),
            Action::Finish => self.dispatch(UiCommand::Finish(self.state.exhibit.clone()), ctx, frame),
            Action::OpenPhoto => self.dispatch(UiCommand::Browse(Slot::Photo), ctx, frame),
            Action::OpenStyle => self.dispatch(UiCommand::Browse(Slot::Style(0)), ctx, frame),
            Action::Fit => self.canvas.view = View::Fit,
            Action::ActualPixels => self.canvas.show_actual_pixels(),
            // The canvas itself watches how long it is held.
            Action::Compare => {}
            Action::Part => self.canvas.curtain.is_drawn ^= true,
            Action::Copy => self.copy_shown(),
            Action::BackToPainting => self.state.exhibit = None,
            Action::EarlierMoment => self.look_along(Direction::Earlier),
            Action::LaterMoment => self.look_along(Direction::Later),
            Action::TakeSettings => {
                if let Some(exhibit) = self.state.exhibit.clone() {
                    self.take_settings(&exhibit);
                }
            }
            Action::GoOnFromShown => self.go_on_from_shown(),
            Action::GoOn => {
                self.state.exhibit = None;
                self.send([Command::GoOn]);
            }
            Action::CancelFinish => {
                if let Some(small) = self.state.cancel_finishing() {
                    self.send([Command::Stop]);
                    self.show(small);
                }
            }
            Action::BrushIn => drop(self.state.brush_in()),
            Action::DeleteShown => {
                if let Some(Exhibit::Favourite(path)) = self.state.exhibit.clone() {
                    self.send([Command::DeleteFavourite(path)]);
                }
            }
            Action::OpenMask => self.ask_for_path(Purpose::OpenMask, frame),
            Action::SaveMask => self.ask_for_path(Purpose::SaveMask, frame),
            Action::Undo if let Some(deed) = self.state.deed_to_take_back() => {
                self.dispatch(UiCommand::TakeOffer(deed), ctx, frame);
            }
            Action::Undo | Action::Redo => {
                let way = if action == Action::Undo { Way::Back } else { Way::Forth };
                let pictures = self.state.step(way, now_secs(ctx));
                self.send(pictures);
            }
            Action::RedoStroke
            | Action::UndoStroke
            | Action::ToggleEraser
            | Action::ToggleFill
            | Action::SmallerBrush
            | Action::LargerBrush
            | Action::InvertMask
            | Action::ClearMask
            | Action::LeaveMask => {
                let command = self.state.mask_action(action);
                self.send(command);
            }
            Action::ToggleFavourites => self.preferences.show_favourites ^= true,
            Action::ToggleCurve => self.preferences.show_curve ^= true,
            Action::ToggleMessages => {
                self.messages_open ^= true;
                self.state.notices.mark_read();
            }
            Action::ToggleShortcuts => self.shortcuts_open ^= true,
            Action::ToggleAbout => self.about_open ^= true,
            Action::OpenLibrary => {
                let library = self.studio.library().to_owned();
                // Where no file manager shows it, which cannot always be found out, this does.
                let text = format!("The favourites are in {}", library.display());
                self.state.notices.push(Severity::Info, text, now_secs(ctx));
                self.desktop.reveal(library, self.reply.clone());
            }
        }
    }

    fn show(&mut self, exhibit: Exhibit) {
        if let Exhibit::Favourite(path) = &exhibit
            && self.state.opened.as_ref().is_none_or(|(opened, _)| opened != path)
        {
            self.send([Command::OpenFavourite(path.clone())]);
        }
        self.state.exhibit = Some(exhibit);
        self.state.goes_on_when_shown = false;
    }

    pub(super) fn go_on_from_shown(&mut self) {
        self.state.goes_on_when_shown = false;
        if self.state.exhibit.is_none() && self.state.offers_previous() {
            self.state.exhibit = Some(Exhibit::Previous);
        }
        if self.state.can_take_up() {
            let commands = self.state.take_up_shown();
            self.send(commands);
        } else if let Some(Exhibit::Moment(moment)) = &self.state.exhibit {
            self.send([Command::GoBackTo(moment.clone())]);
            self.state.exhibit = None;
        } else if let Some(image) = self.state.shown_exhibit() {
            self.send([Command::GoOnFrom(image)]);
            self.state.exhibit = None;
        }
    }

    fn copy_shown(&self) {
        if let Some(image) = self.state.shown_image() {
            self.desktop.copy(image, self.reply.clone());
        }
    }

    fn look_along(&mut self, direction: Direction) {
        if let Some(neighbour) = self.state.neighbour(direction) {
            self.state.exhibit = neighbour;
        }
    }

    fn take_settings(&mut self, exhibit: &Exhibit) {
        if let Some(recipe) = self.state.recipe_of(exhibit).cloned() {
            let commands = self.state.restore(recipe);
            self.send(commands);
            // From an earlier moment one may want to paint on as well.
            self.state.exhibit.take_if(|shown| !matches!(shown, Exhibit::Moment(_)));
        }
    }
}

/// The window's clock.
fn now_secs(ctx: &Context) -> f64 {
    ctx.input(|input| input.time)
}
