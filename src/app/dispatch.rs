//! Carries out what was asked for: the one place where wishes change the state or reach the studio.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{ColorImage, Context};

use super::action::Action;
use super::command::{Exhibit, Slot, UiCommand};
use super::dialogs::{Answer, Purpose};
use super::notices::Severity;
use super::panels::naming::Naming;
use super::panels::prompt::Prompt;
use super::state::{Direction, StirLevels};
use super::steps::Way;
use super::view::View;
use super::window::App;
use crate::image_io::FILM_EXTENSION;
use crate::recipe::PictureSource;
use crate::studio::{Command, OwnPreset, PresetCommand, safe_name};

/// Extension of a picture that the artist gave none.
const PICTURE_EXTENSION: &str = "png";

impl App {
    /// Carries out one wish.
    pub(super) fn dispatch(&mut self, command: UiCommand, ctx: &Context, frame: &eframe::Frame) {
        let now_secs = now_secs(ctx);
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
            UiCommand::Adopt(slot, image) => {
                let command = self.state.adopt(slot, image);
                self.send([command]);
            }
            UiCommand::Want(source) => {
                let command = self.state.want(&source);
                self.send(command);
            }
            UiCommand::Show(exhibit) => self.show(exhibit),
            UiCommand::StartFrom(exhibit) => {
                let command = self.state.start_from(exhibit.as_ref());
                self.send(command);
            }
            UiCommand::SetStir(levels) => self.state.stir = StirLevels(levels),
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
                let command = self.state.finish.as_mut().and_then(|finish| finish.resize(size));
                self.send(command);
            }
            UiCommand::StartFinish => {
                let commands = self.state.start_finish();
                self.send(commands);
            }
            UiCommand::LeaveFinish => self.state.finish = None,
            UiCommand::Delete(path) => self.send([Command::DeleteFavourite(path)]),
            UiCommand::RestoreFavourite { trashed, path } => self.send([Command::RestoreFavourite { trashed, path }]),
            UiCommand::Undo(id) => {
                if let Some(undo) = self.state.notices.take_undo(id) {
                    self.dispatch(undo, ctx, frame);
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
            Action::Copy => self.copy_shown(ctx),
            Action::BackToPainting => self.state.exhibit = None,
            Action::EarlierMoment => self.look_along(Direction::Earlier),
            Action::LaterMoment => self.look_along(Direction::Later),
            Action::TakeSettings => {
                if let Some(exhibit) = self.state.exhibit.clone() {
                    self.take_settings(&exhibit);
                }
            }
            Action::GoOnFromShown => {
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
            Action::DeleteShown => {
                if let Some(Exhibit::Favourite(path)) = self.state.exhibit.clone() {
                    self.send([Command::DeleteFavourite(path)]);
                }
            }
            Action::OpenMask => self.ask_for_path(Purpose::OpenMask, frame),
            Action::SaveMask => self.ask_for_path(Purpose::SaveMask, frame),
            Action::Undo => self.state.step(Way::Back, now_secs(ctx)),
            Action::Redo => self.state.step(Way::Forth, now_secs(ctx)),
            Action::RedoStroke
            | Action::UndoStroke
            | Action::ToggleEraser
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
        }
    }

    fn show(&mut self, exhibit: Exhibit) {
        if let Exhibit::Favourite(path) = &exhibit
            && self.state.opened.as_ref().is_none_or(|(opened, _)| opened != path)
        {
            self.send([Command::OpenFavourite(path.clone())]);
        }
        self.state.exhibit = Some(exhibit);
    }

    fn copy_shown(&mut self, ctx: &Context) {
        if let Some(image) = self.state.shown_image() {
            let (width, height) = image.dimensions();
            ctx.copy_image(ColorImage::from_rgba_unmultiplied([width as usize, height as usize], image.as_raw()));
            let text = format!("Copied {width} × {height} pixels to the clipboard");
            self.state.notices.push(Severity::Info, text, now_secs(ctx));
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

    fn ask_for_path(&mut self, purpose: Purpose, frame: &eframe::Frame) {
        if self.no_dialogs {
            self.prompt_for_path(purpose);
        } else {
            let proposal = if purpose.is_saving() { self.proposed_name(&purpose) } else { String::new() };
            self.dialogs.ask(purpose, &proposal, frame, self.reply.clone());
        }
    }

    /// A field for a path instead of a dialog. A proposal needs its folder too: the one that the program was started in
    /// is rarely where anybody looks for pictures.
    fn prompt_for_path(&mut self, purpose: Purpose) {
        let proposal = if purpose.is_saving() {
            let folder = directories::UserDirs::new()
                .map(|dirs| dirs.picture_dir().unwrap_or_else(|| dirs.home_dir()).to_owned())
                .unwrap_or_default();
            folder.join(self.proposed_name(&purpose)).display().to_string()
        } else {
            String::new()
        };
        self.prompt = Some(Prompt::new(purpose, proposal));
    }

    /// `photo in style.png`, in characters that every file system takes.
    fn proposed_name(&self, purpose: &Purpose) -> String {
        let stem = |source: &PictureSource| {
            let name = self.state.picture_name(source);
            let stem = std::path::Path::new(&name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
            safe_name(&stem.unwrap_or(name)).unwrap_or_else(|| "picture".to_owned())
        };
        let recipe = &self.state.recipe;
        let extension = if matches!(purpose, Purpose::SaveFilm(_)) { FILM_EXTENSION } else { PICTURE_EXTENSION };
        match recipe.styles.first() {
            _ if *purpose == Purpose::SaveMask => format!("{} mask.png", stem(&recipe.content)),
            Some(style) => format!("{} in {}.{extension}", stem(&recipe.content), stem(&style.picture)),
            None => format!("{}.{extension}", stem(&recipe.content)),
        }
    }

    /// What came of a file dialog.
    pub(super) fn answered(&mut self, purpose: Purpose, answer: Answer) {
        match answer {
            Answer::Chosen(path) => self.use_path(purpose, path),
            Answer::Cancelled => {}
            Answer::Unavailable => {
                self.no_dialogs = true;
                self.prompt_for_path(purpose);
            }
        }
    }

    fn use_path(&mut self, purpose: Purpose, path: PathBuf) {
        match purpose {
            Purpose::Picture(slot) => {
                let command = self.state.choose(slot, PictureSource::File(path));
                self.send(command);
            }
            Purpose::SavePainting => self.send([Command::SaveAs(with_extension(path, PICTURE_EXTENSION))]),
            Purpose::SaveExhibit(Exhibit::Favourite(from)) => {
                self.send([Command::ExportFavourite { from, to: with_extension(path, PICTURE_EXTENSION) }]);
            }
            Purpose::SaveExhibit(exhibit) => {
                let canvas = self.state.canvas_of(&exhibit);
                let path = with_extension(path, PICTURE_EXTENSION);
                self.send(canvas.map(|canvas| Command::SaveCanvasAs { canvas, path }));
            }
            Purpose::SaveFilm(moments) => {
                self.send([Command::SaveFilm { moments, path: with_extension(path, FILM_EXTENSION) }]);
            }
            Purpose::OpenMask => {
                let command = self.state.load_mask(PictureSource::File(path));
                self.send(command);
            }
            Purpose::SaveMask => {
                let save = self.state.masking.to_save();
                self.send(save.map(|mask| Command::SaveMaskAs { mask, path: with_extension(path, PICTURE_EXTENSION) }));
            }
            Purpose::Weights => self.send([Command::UseWeights(Some(path))]),
        }
    }
}

/// The window's clock.
fn now_secs(ctx: &Context) -> f64 {
    ctx.input(|input| input.time)
}

/// Some file dialogs leave the extension to the program.
fn with_extension(path: PathBuf, extension: &str) -> PathBuf {
    if path.extension().is_some() { path } else { path.with_extension(extension) }
}
