//! The three sliders that act while it paints.

use egui::{Align, DragValue, Layout, Slider, Ui};
use egui_material_icons::icons;

use super::super::action::UiCommand;
use super::super::theme;
use super::super::widgets::{Desk, icon_button};
use crate::recipe::{Parameter, Recipe, parameter};

/// Draws the three sliders.
pub fn controls_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    let mut recipe = desk.state.recipe.clone();
    let preset = Recipe::from_preset(recipe.preset);
    strength_ui(ui, &parameter::STYLE_STRENGTH, &mut recipe.style_strength, preset.style_strength, false);
    strength_ui(ui, &parameter::CONTENT_STRENGTH, &mut recipe.content_strength, preset.content_strength, false);
    // From a trace to a flood: steps that look equal are ratios, not differences.
    strength_ui(ui, &parameter::TV, &mut recipe.tv, preset.tv, true);
    if recipe != desk.state.recipe {
        desk.ask(UiCommand::SetRecipe(Box::new(recipe)));
    }
}

fn strength_ui(ui: &mut Ui, what: &Parameter<f32>, value: &mut f32, preset: f32, logarithmic: bool) {
    let tooltip = tooltip(what, preset);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.horizontal(|ui| {
            // As high as the reset button, so that nothing moves when it appears.
            ui.set_min_height(theme::HEADING_HEIGHT_PT + 2.0);
            let title = ui.label(what.label).on_hover_text(&tooltip);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let number = DragValue::new(value).range(what.min..=what.max).speed(0.02).fixed_decimals(2);
                ui.add(number).labelled_by(title.id).on_hover_text(&tooltip);
                if *value != preset {
                    let name = format!("Reset {}", what.label.to_lowercase());
                    let back = format!("Back to the preset's {preset} (or double-click the slider)");
                    if icon_button(ui, icons::ICON_UNDO, &name, &back).clicked() {
                        *value = preset;
                    }
                }
            });
        });
        ui.spacing_mut().slider_width = ui.available_width();
        let slider =
            Slider::new(value, what.min..=what.max).logarithmic(logarithmic).smallest_positive(0.01).show_value(false);
        let slider = ui.add(slider).accessible_name(what.label).on_hover_text(&tooltip);
        let twice = ui.input(|input| input.pointer.button_double_clicked(egui::PointerButton::Primary));
        if twice && slider.contains_pointer() {
            *value = preset;
        }
    });
}

/// What a parameter means, first in plain words, then in the field's.
#[must_use]
pub fn tooltip<T: std::fmt::Display>(what: &Parameter<T>, preset: impl std::fmt::Display) -> String {
    let unit = if what.unit.is_empty() { String::new() } else { format!(" {}", what.unit) };
    format!(
        "{}\n\n{} to {}{unit}, preset {preset}\n{} (--{})",
        what.help, what.min, what.max, what.technical, what.name
    )
}
