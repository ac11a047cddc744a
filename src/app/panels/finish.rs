//! The question how large a painting is to be finished.

use egui::{Align2, Button, DragValue, Grid, Key, RichText, Ui, Window};

use super::super::action::Action;
use super::super::command::UiCommand;
use super::super::finish::Finish;
use super::super::theme;
use super::super::widgets::Desk;
use super::fields::typed;
use crate::recipe::parameter::FINISH_SIZE;

/// Sizes that are offered, in pixels.
const SIZES: [u32; 4] = [2048, 3072, 4096, 6144];

/// Room for the estimate, so that nothing moves under the pointer when it arrives, in points.
const ESTIMATE_HEIGHT_PT: f32 = 66.0;

/// Draws the question, if there is one.
pub fn finish_ui(desk: &mut Desk<'_>, ui: &Ui) {
    let state = desk.state;
    let Some(finish) = &state.finish else { return };
    let (mut open, mut given_up) = (true, ui.input(|input| input.key_pressed(Key::Escape)));
    Window::new("Finish at a high resolution")
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .default_width(420.0)
        .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
        .show(ui.ctx(), |ui| {
            size_ui(desk, finish, ui);
            ui.add_space(theme::GROUP_GAP_PT);
            ui.scope(|ui| {
                ui.set_min_height(ESTIMATE_HEIGHT_PT);
                estimate_ui(finish, ui);
            });
            ui.add_space(theme::GROUP_GAP_PT);
            ui.horizontal(|ui| {
                let start = Button::new("Start finishing");
                if ui.add_enabled(matches!(finish.plan, Some(Ok(_))) && !finish.starting, start).clicked() {
                    desk.ask(UiCommand::StartFinish);
                }
                given_up |= ui.button("Cancel").clicked();
            });
        });
    if !open || given_up {
        desk.ask(UiCommand::LeaveFinish);
    }
}

fn size_ui(desk: &mut Desk<'_>, finish: &Finish, ui: &mut Ui) {
    let mut size = finish.size;
    ui.label(Action::Finish.tooltip());
    ui.add_space(theme::SMALL_GAP_PT);
    ui.horizontal(|ui| {
        for offered in SIZES {
            ui.selectable_value(&mut size, offered, format!("{offered}")).on_hover_text("Long side in pixels");
        }
        // Every number on the way would be reckoned, so the field answers when it is left.
        let field = typed(DragValue::new(&mut size), true)
            .range(FINISH_SIZE.min..=FINISH_SIZE.max)
            .suffix(format!(" {}", FINISH_SIZE.unit))
            .update_while_editing(false);
        ui.add(field).accessible_name("Long side").on_hover_text(FINISH_SIZE.help);
    });
    if size != finish.size {
        desk.ask(UiCommand::FinishAt(size));
    }
}

fn estimate_ui(finish: &Finish, ui: &mut Ui) {
    let plan = match &finish.plan {
        Some(Ok(plan)) => plan,
        Some(Err(message)) => {
            ui.colored_label(ui.visuals().error_fg_color, message);
            return;
        }
        None => {
            // Nothing that moves: what draws it would take part of the time that is being measured.
            ui.weak("Reckoning time and memory …");
            return;
        }
    };
    Grid::new("finish estimate").num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
        for (title, value) in plan.estimate.rows() {
            ui.weak(title);
            ui.label(RichText::new(value).strong());
            ui.end_row();
        }
    });
}
