//! The list of keys, read from the actions themselves.

use egui::{Align2, Grid, RichText, ScrollArea, Ui, Window};

use super::super::action::Action;

/// What the hand does without an action of its own.
const GESTURES: &[(&str, &str)] = &[
    ("Ctrl+V", "Paste a picture where the pointer is"),
    ("Ctrl+plus, Ctrl+minus", "Larger or smaller letters and controls"),
    ("Wheel, drag", "Zoom to the pointer, move the picture"),
    ("Double-click", "Fit the picture; on a slider, back to the preset"),
];

/// Draws the list.
pub fn shortcuts_ui(open: &mut bool, ui: &Ui) {
    let room_pt = ui.ctx().content_rect().height() - 120.0;
    Window::new(Action::ToggleShortcuts.label())
        .open(open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
        .show(ui.ctx(), |ui| {
            ScrollArea::vertical().max_height(room_pt).min_scrolled_height(room_pt).show(ui, |ui| {
                ui.spacing_mut().interact_size.y = 18.0;
                Grid::new("shortcuts").num_columns(2).spacing([28.0, 4.0]).show(ui, rows_ui);
            });
        });
}

fn rows_ui(ui: &mut Ui) {
    actions_ui(|action| !action.is_about_masks(), ui);
    for (keys, what) in GESTURES {
        row_ui(keys, what, ui);
    }
    ui.end_row();
    ui.weak("While a mask is painted");
    ui.end_row();
    actions_ui(Action::is_about_masks, ui);
}

fn actions_ui(listed: impl Fn(Action) -> bool, ui: &mut Ui) {
    for &action in Action::ALL.iter().filter(|&&action| listed(action)) {
        let Some(keys) = action.keys(ui.ctx()) else { continue };
        let what = match action {
            // One key, one line: it does what the first button offers.
            Action::Pause | Action::Resume => continue,
            Action::Paint => "Paint, pause, resume",
            _ => action.label(),
        };
        row_ui(&keys, what, ui);
    }
}

fn row_ui(keys: &str, what: &str, ui: &mut Ui) {
    ui.label(RichText::new(keys).strong());
    ui.label(what);
    ui.end_row();
}
