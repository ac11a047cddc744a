//! The list of keys, read from the actions themselves.

use egui::{Align2, Grid, Ui, Window};

use super::super::action::Action;

/// Draws the list.
pub fn shortcuts_ui(open: &mut bool, ui: &Ui) {
    Window::new(Action::ToggleShortcuts.label())
        .open(open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
        .show(ui.ctx(), |ui| {
            Grid::new("shortcuts").num_columns(2).spacing([28.0, 6.0]).striped(true).show(ui, |ui| {
                for action in Action::ALL {
                    let Some(shortcut) = action.shortcut() else { continue };
                    ui.monospace(ui.ctx().format_shortcut(&shortcut));
                    ui.label(action.label()).on_hover_text(action.tooltip());
                    ui.end_row();
                }
                for (keys, what) in [
                    ("Ctrl+V", "Paste a picture where the pointer is"),
                    ("Ctrl + / Ctrl -", "Larger or smaller letters and controls"),
                    ("Wheel, drag", "Zoom to the pointer, move the picture"),
                    ("Double-click", "Fit the picture; on a slider: back to the preset"),
                ] {
                    ui.monospace(keys);
                    ui.label(what);
                    ui.end_row();
                }
            });
        });
}
