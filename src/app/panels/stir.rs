//! Noise for a canvas that is stuck.

use egui::{DragValue, Ui};

use super::super::action::Action;
use super::super::command::UiCommand;
use super::super::widgets::Desk;
use super::fields::typed;
use crate::recipe::parameter::STIR;

/// Draws the button and how strongly it stirs.
pub fn stir_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    ui.horizontal(|ui| {
        desk.action_button(ui, Action::Stir);
        let mut levels = desk.state.stir.0;
        let field = typed(DragValue::new(&mut levels), false)
            .range(STIR.min..=STIR.max)
            .speed(0.5)
            .suffix(format!(" {}", STIR.unit));
        let hint = format!("{} ({})", STIR.help, STIR.technical);
        ui.add(field).accessible_name("Strength of the stir").on_hover_text(hint);
        if levels != desk.state.stir.0 {
            desk.ask(UiCommand::SetStir(levels));
        }
    });
}
