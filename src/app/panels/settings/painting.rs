//! The section "Painting": what every painting has.

use egui::Ui;

use super::super::super::widgets::Desk;
use super::super::fields::{Look, number, slider};
use super::super::presets;
use super::Section;
use crate::recipe::{Recipe, parameter};

pub const SECTION: Section = Section {
    title: "Painting",
    help: "The preset, the size of the painting, how long it is painted, with how large a brush, and how much of the photo's drawing stays.",
    draw,
    reset: |recipe, preset| {
        recipe.size = preset.size;
        recipe.iterations = preset.iterations;
        recipe.style_scale = preset.style_scale;
        recipe.drawing = preset.drawing;
    },
};

const DRAWING: Look = Look { logarithmic: true, decimals: 2, ..Look::PLAIN };
const BRUSH: Look = Look { logarithmic: true, unit: true, decimals: 2, ..Look::PLAIN };

fn draw(desk: &mut Desk<'_>, recipe: &mut Recipe, ui: &mut Ui) {
    presets::preset_row(desk, ui);
    let preset = &desk.state.basis.settings;
    number(ui, &parameter::SIZE, &mut recipe.size, preset.size, 4.0);
    number(ui, &parameter::ITERATIONS, &mut recipe.iterations, preset.iterations, 5.0);
    slider(ui, &parameter::STYLE_SCALE, &mut recipe.style_scale, preset.style_scale, BRUSH);
    ui.add_enabled_ui(recipe.preset.balance().content > 0.0, |ui| {
        slider(ui, &parameter::DRAWING, &mut recipe.drawing, preset.drawing, DRAWING);
    });
}
