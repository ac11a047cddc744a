//! The three sliders that act while it paints.

use egui::{RichText, Ui};

use super::super::command::UiCommand;
use super::super::widgets::Desk;
use super::fields::{Look, slider};
use crate::recipe::parameter;

const STRENGTH: Look = Look { decimals: 2, span: Some(parameter::USUAL_STRENGTHS), ..Look::PLAIN };
const SMOOTHNESS: Look = Look { logarithmic: true, decimals: 2, ..Look::PLAIN };

/// Draws the three sliders.
pub fn controls_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    let mut recipe = desk.state.recipe.clone();
    let preset = &desk.state.basis.settings;
    slider(ui, &parameter::STYLE_STRENGTH, &mut recipe.style_strength, preset.style_strength, STRENGTH);
    let asks_for_the_photo = recipe.preset.balance().content > 0.0;
    ui.add_enabled_ui(asks_for_the_photo, |ui| {
        slider(ui, &parameter::CONTENT_STRENGTH, &mut recipe.content_strength, preset.content_strength, STRENGTH);
    });
    if !asks_for_the_photo {
        ui.label(RichText::new(format!("{} paints without the photo.", recipe.preset.label())).small().weak());
    }
    slider(ui, &parameter::TV, &mut recipe.tv, preset.tv, SMOOTHNESS);
    if recipe != desk.state.recipe {
        desk.ask(UiCommand::SetRecipe(Box::new(recipe)));
    }
}
