//! A field for a path, where the system has no file dialog.

use std::path::PathBuf;

use egui::{Align2, TextEdit, Ui, Window};

use super::super::command::UiCommand;
use super::super::dialogs::Purpose;
use super::super::paths::completed;
use super::super::widgets::Desk;

/// A path that is being typed.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What the path is for.
    pub purpose: Purpose,
    /// What was typed so far.
    pub text: String,
    /// The typed file is there already.
    pub exists: bool,
    /// The field is to take the keyboard as soon as it is drawn.
    pub fresh: bool,
}

impl Prompt {
    /// An empty field, or one with a proposal in it.
    #[must_use]
    pub fn new(purpose: Purpose, proposal: String) -> Self {
        let exists = is_there(&purpose, &proposal);
        Self { purpose, text: proposal, exists, fresh: true }
    }
}

/// Whether the file that is meant by what was typed is there already.
fn is_there(purpose: &Purpose, text: &str) -> bool {
    !text.is_empty() && completed(purpose, PathBuf::from(text)).is_file()
}

/// Draws the field; `prompt` becomes `None` when it is given up.
pub fn prompt_ui(desk: &mut Desk<'_>, prompt: &mut Option<Prompt>, ui: &Ui) {
    let Some(asked) = prompt else { return };
    let mut open = true;
    let mut given_up = false;
    Window::new(asked.purpose.title())
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .default_width(440.0)
        .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
        .show(ui.ctx(), |ui| {
            let way_out =
                if asked.purpose.is_picture() { "drop a file on the window or type a path" } else { "type a path" };
            ui.label(format!("No file dialog on this system: {way_out}."));
            let field =
                TextEdit::singleline(&mut asked.text).desired_width(f32::INFINITY).hint_text("folder/picture.png");
            let field = ui.add(field).accessible_name("Path");
            if std::mem::take(&mut asked.fresh) {
                field.request_focus();
            }
            if field.changed() {
                asked.exists = is_there(&asked.purpose, asked.text.trim());
            }
            // The system's own dialogs ask before they replace a file, so this one says so too.
            let replaces = asked.purpose.is_saving() && asked.exists;
            if replaces {
                ui.label("This file is there already and will be replaced.");
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            given_up = ui.input(|input| input.key_pressed(egui::Key::Escape));
            ui.horizontal(|ui| {
                let verb = match (asked.purpose.is_saving(), replaces) {
                    (true, true) => "Replace",
                    (true, false) => "Save",
                    (false, _) => "Open",
                };
                if ui.button(verb).clicked() || entered {
                    desk.ask(UiCommand::PathTyped(asked.text.clone()));
                }
                given_up |= ui.button("Cancel").clicked();
            });
        });
    if !open || given_up {
        *prompt = None;
    }
}
