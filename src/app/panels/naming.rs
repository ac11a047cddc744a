//! A field for the name of a preset.

use egui::{Align2, TextEdit, Ui, Window};

use super::super::command::UiCommand;
use super::super::widgets::Desk;
use crate::studio::safe_name;

/// A name that is being typed.
#[derive(Debug, Clone)]
pub struct Naming {
    text: String,
    /// The field is to take the keyboard as soon as it is drawn.
    fresh: bool,
}

impl Naming {
    /// A field with a proposal in it.
    #[must_use]
    pub fn new(proposal: String) -> Self {
        Self { text: proposal, fresh: true }
    }
}

/// Draws the field; `naming` becomes `None` when it is done or given up.
pub fn naming_ui(desk: &mut Desk<'_>, naming: &mut Option<Naming>, ui: &Ui) {
    let Some(asked) = naming else { return };
    let (mut open, mut done) = (true, false);
    Window::new("Save as preset")
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .default_width(320.0)
        .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
        .show(ui.ctx(), |ui| {
            ui.label("Keeps every setting but pictures, masks and size.");
            let field = TextEdit::singleline(&mut asked.text).desired_width(f32::INFINITY).hint_text("Name");
            let field = ui.add(field).accessible_name("Name of the preset");
            if std::mem::take(&mut asked.fresh) {
                field.request_focus();
            }
            let name = safe_name(&asked.text);
            let older = name.as_deref().and_then(|name| desk.state.own_preset(name));
            match (&name, older) {
                (_, Some(older)) => drop(ui.label(format!("{} is there already and will be replaced.", older.name))),
                (Some(name), None) if name != asked.text.trim() => drop(ui.label(format!("Will be called {name}."))),
                _ => {}
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            done = ui.input(|input| input.key_pressed(egui::Key::Escape));
            ui.horizontal(|ui| {
                let verb = if older.is_some() { "Replace" } else { "Save" };
                let save = ui.add_enabled(name.is_some(), egui::Button::new(verb)).clicked() || entered;
                if let Some(name) = name.filter(|_| save) {
                    desk.commands.push(UiCommand::SavePreset(name));
                    done = true;
                }
                done |= ui.button("Cancel").clicked();
            });
        });
    if !open || done {
        *naming = None;
    }
}
