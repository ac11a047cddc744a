//! The section "Colour": whose colours the painting has.

use egui::Ui;

use super::super::super::widgets::Desk;
use super::super::fields::{Choices, Look, choice, slider};
use super::Section;
use crate::recipe::{Colours, Recipe, parameter};

pub const SECTION: Section = Section {
    title: "Colour",
    help: "Whether the painting has the colours of the style or those of the photo.",
    draw,
    reset: |recipe, preset| {
        recipe.colours = preset.colours;
        recipe.colour_match = preset.colour_match;
    },
};

const COLOURS: Choices<Colours> =
    Choices { title: "Colours", all: Colours::ALL, label: Colours::label, help: Colours::help };
const PERCENT: Look = Look { unit: true, ..Look::PLAIN };

fn draw(desk: &mut Desk<'_>, recipe: &mut Recipe, ui: &mut Ui) {
    let preset = &desk.state.basis.settings;
    choice(ui, &COLOURS, &mut recipe.colours, preset.colours);
    slider(ui, &parameter::COLOUR_MATCH, &mut recipe.colour_match, preset.colour_match, PERCENT);
}
