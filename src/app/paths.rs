//! Paths: asked for by the system's dialog or by a field, and what is done with the answer.

use std::path::PathBuf;

use super::command::Exhibit;
use super::desktop::Response;
use super::dialogs::{Answer, Purpose};
use super::notices::Severity;
use super::panels::prompt::Prompt;
use super::window::App;
use super::words;
use crate::image_io::{FILM_EXTENSION, is_painted_with};
use crate::recipe::PictureSource;
use crate::studio::{Command, safe_name};

/// Extension of a picture that the artist gave none.
const PICTURE_EXTENSION: &str = "png";
/// Styles that a proposed name tells.
const NAMED_STYLES: usize = 3;
/// What most file systems take, less room for an extension and a number.
const LONGEST_NAME_BYTES: usize = 240;

impl App {
    pub(super) fn ask_for_path(&mut self, purpose: Purpose, frame: &eframe::Frame) {
        if self.no_dialogs {
            self.prompt_for_path(purpose);
        } else {
            let proposal = if purpose.is_saving() { self.proposed_name(&purpose) } else { String::new() };
            self.dialogs_open += 1;
            self.desktop.ask(purpose, &proposal, frame, self.reply.clone());
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
            let name = words::picture_name(source);
            let stem = std::path::Path::new(&name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
            safe_name(&stem.unwrap_or(name)).unwrap_or_else(|| "picture".to_owned())
        };
        let recipe = &self.state.recipe;
        let extension = extension(purpose);
        if *purpose == Purpose::SaveMask {
            return format!("{} mask.png", stem(&recipe.content));
        }
        let styles: Vec<_> = recipe.styles.iter().take(NAMED_STYLES).map(|style| stem(&style.picture)).collect();
        let mut name = stem(&recipe.content);
        if !styles.is_empty() {
            name = format!("{name} in {}", styles.join(" and "));
        }
        format!("{}.{extension}", &name[..name.floor_char_boundary(LONGEST_NAME_BYTES)])
    }

    /// What came of a file dialog.
    pub(super) fn answered(&mut self, purpose: Purpose, answer: Answer) {
        match answer {
            Answer::Chosen(path) => self.use_path(purpose, path),
            Answer::Several(photos) => self.state.begin_series(photos),
            Answer::Cancelled => {}
            Answer::Unavailable => {
                self.no_dialogs = true;
                self.prompt_for_path(purpose);
            }
        }
    }

    pub(super) fn use_path(&mut self, purpose: Purpose, path: PathBuf) {
        let path = completed(&purpose, path);
        // A mask may well be written where it came from.
        if purpose.is_saving() && purpose != Purpose::SaveMask && is_painted_with(&path, &self.state.recipe) {
            let text =
                format!("{} is painted with, so nothing was written over it; choose another name", path.display());
            self.reply.send(Response::Notice(Severity::Error, text));
            return;
        }
        match purpose {
            Purpose::Picture(slot) => {
                let command = self.state.choose(slot, PictureSource::File(path));
                self.send(command);
            }
            Purpose::SavePainting => self.send([Command::SaveAs(path)]),
            Purpose::SaveExhibit(Exhibit::Favourite(from)) => {
                self.send([Command::ExportFavourite { from, to: path }]);
            }
            Purpose::SaveExhibit(exhibit) => {
                let canvas = self.state.canvas_of(&exhibit);
                self.send(canvas.map(|canvas| Command::SaveCanvasAs { canvas, path }));
            }
            Purpose::SaveFilm(moments) => {
                let captions = self.preferences.film_captions;
                self.send([Command::SaveFilm { moments, path, captions }]);
            }
            Purpose::OpenMask => {
                let command = self.state.load_mask(PictureSource::File(path));
                self.send(command);
            }
            Purpose::SaveMask => {
                let save = self.state.masking.to_save();
                self.send(save.map(|mask| Command::SaveMaskAs { mask, path }));
            }
            Purpose::Weights => self.send([Command::UseWeights(Some(path))]),
        }
    }
}

/// The file that is meant by a path: absolute, since recipes name it, and with an extension, which some file dialogs leave to the
/// program.
pub fn completed(purpose: &Purpose, path: PathBuf) -> PathBuf {
    let path = std::path::absolute(&path).unwrap_or(path);
    if purpose.is_saving() && path.extension().is_none() { path.with_extension(extension(purpose)) } else { path }
}

fn extension(purpose: &Purpose) -> &'static str {
    if matches!(purpose, Purpose::SaveFilm(_)) { FILM_EXTENSION } else { PICTURE_EXTENSION }
}
