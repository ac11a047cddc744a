//! The styles of the mixture. A single one looks like the photo's picker; several are rows, each with its share.

use egui::{Align, DragValue, Label, Layout, Popup, PopupCloseBehavior, Rect, RichText, Ui, vec2};
use egui_material_icons::icons;

use super::super::command::{Slot, UiCommand};
use super::super::theme;
use super::super::widgets::{Desk, icon_button};
use super::super::words;
use super::fields::{rail, reset_button, tooltip, typed};
use super::{gallery, pictures};
use crate::recipe::{Recipe, StyleSource, parameter};

/// A share is a proportion, so four times one another either way is plenty for a slider; more can stand in a recipe.
const MOST_SHARE: f32 = 4.0;

/// Draws the styles; returns where each place lies, the innermost first, for pictures that are dropped or pasted there.
pub fn styles_ui(desk: &mut Desk<'_>, ui: &mut Ui) -> Vec<(Rect, Slot)> {
    let mut recipe = desk.state.recipe.clone();
    // What a single one had in a mixture is not hidden, or nobody could set it back.
    let usual = parameter::OWN_STYLE_SCALE.default;
    let own_size = |style: &StyleSource| style.scale != usual;
    let several = recipe.styles.len() > 1 || recipe.styles.iter().any(own_size);
    let mut places = vec![];
    let whole = ui.vertical(|ui| {
        let heading = if several { "Styles" } else { Slot::NewStyle.label() };
        pictures::heading_ui(heading, ui, |ui| {
            places.push((add_button(desk, ui), Slot::NewStyle));
            if !several {
                pictures::open_buttons(desk, Slot::Style(0), ui);
            }
        });
        if several {
            places.extend(rows_ui(desk, &mut recipe, ui));
        } else {
            pictures::tile_ui(desk, Slot::Style(0), vec2(ui.available_width(), theme::PICKER_HEIGHT_PT), ui);
            pictures::caption_ui(desk, Slot::Style(0), ui);
        }
        if desk.state.is_awaited(Slot::NewStyle) {
            ui.add(egui::Spinner::new().size(20.0));
        }
    });
    places.push((whole.response.rect, if several { Slot::NewStyle } else { Slot::Style(0) }));
    if recipe != desk.state.recipe && recipe.validate().is_ok() {
        desk.ask(UiCommand::SetRecipe(Box::new(recipe)));
    }
    places
}

/// Draws the button that adds a style; returns where it lies.
fn add_button(desk: &mut Desk<'_>, ui: &mut Ui) -> Rect {
    let hint = "Blend in one more style: choose one, drop a picture here, or point here and paste";
    let button = icon_button(ui, icons::ICON_ADD, "Add a style", hint);
    Popup::menu(&button)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .accessible_name("One more style")
        .show(|ui| {
            if ui.button("From a file…").clicked() {
                desk.ask(UiCommand::Browse(Slot::NewStyle));
                ui.close();
            }
            gallery::gallery_ui(desk, Slot::NewStyle, ui);
        });
    button.rect
}

fn rows_ui(desk: &mut Desk<'_>, recipe: &mut Recipe, ui: &mut Ui) -> Vec<(Rect, Slot)> {
    let sum: f32 = recipe.styles.iter().map(|style| style.weight).sum();
    let mut places = vec![];
    for (index, style) in recipe.styles.iter_mut().enumerate() {
        let row = ui.push_id(index, |ui| row_ui(desk, index, style, sum, ui)).response;
        places.push((row.rect, Slot::Style(index)));
    }
    places
}

fn row_ui(desk: &mut Desk<'_>, index: usize, style: &mut StyleSource, sum: f32, ui: &mut Ui) {
    let slot = Slot::Style(index);
    ui.horizontal_top(|ui| {
        pictures::tile_ui(desk, slot, vec2(theme::SMALL_PICKER_PT, theme::SMALL_PICKER_PT), ui);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing = vec2(theme::SMALL_GAP_PT, 0.0);
            name_ui(desk, index, style, ui);
            share_ui(&desk.state.slot_name(slot), style, sum, ui);
            size_ui(desk, slot, style, ui);
        });
    });
}

fn name_ui(desk: &mut Desk<'_>, index: usize, style: &StyleSource, ui: &mut Ui) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = format!("Remove {}", desk.state.slot_name(Slot::Style(index)).to_lowercase());
            // The last one cannot go.
            let is_one_of_several = desk.state.recipe.styles.len() > 1;
            if is_one_of_several
                && icon_button(ui, icons::ICON_CLOSE, &name, "Take this style out of the mixture").clicked()
            {
                desk.ask(UiCommand::RemoveStyle(index));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = RichText::new(words::picture_name(&style.picture)).small();
                let hint = gallery::credit(&style.picture).unwrap_or_else(|| style.picture.to_string());
                ui.add(Label::new(text).truncate()).on_hover_text(hint);
            });
        });
    });
}

fn share_ui(name: &str, style: &mut StyleSource, sum: f32, ui: &mut Ui) {
    const WHAT: parameter::Parameter<f32> = parameter::STYLE_WEIGHT;
    let hint = tooltip(&WHAT, WHAT.default);
    ui.horizontal(|ui| {
        ui.set_min_height(theme::ROW_HEIGHT_PT);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let width = vec2(36.0, theme::ROW_HEIGHT_PT);
            ui.allocate_ui_with_layout(width, Layout::right_to_left(Align::Center), |ui| {
                ui.set_min_size(width);
                let percent = format!("{:.0} %", 100.0 * style.weight / sum.max(f32::MIN_POSITIVE));
                ui.label(RichText::new(percent).small().weak()).on_hover_text(&hint);
            });
            ui.spacing_mut().slider_width = ui.available_width();
            let range = (WHAT.min, MOST_SHARE.max(style.weight));
            rail(ui, &format!("{name} blend"), &hint, &mut style.weight, range, WHAT.default, false);
        });
    });
}

fn size_ui(desk: &mut Desk<'_>, slot: Slot, style: &mut StyleSource, ui: &mut Ui) {
    const WHAT: parameter::Parameter<f32> = parameter::OWN_STYLE_SCALE;
    let usual = WHAT.default;
    let hint = tooltip(&WHAT, usual);
    let name = format!("{} own brush size", desk.state.slot_name(slot));
    ui.horizontal(|ui| {
        ui.label(RichText::new("Brush").small()).on_hover_text(&hint);
        let number = typed(DragValue::new(&mut style.scale), false)
            .range(WHAT.min..=WHAT.max)
            .speed(0.01)
            .fixed_decimals(2)
            .suffix(format!(" {}", WHAT.unit));
        ui.add(number).accessible_name(&name).on_hover_text(&hint);
        if style.scale != usual && reset_button(ui, &name, &usual.to_string()) {
            style.scale = usual;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            pictures::open_buttons(desk, slot, ui);
        });
    });
}
