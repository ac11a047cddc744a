//! The strip of kept iterations, newest first, with the previous canvas at its head.

use egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use super::super::action::Action;
use super::super::command::{Exhibit, UiCommand};
use super::super::state::Previous;
use super::super::widgets::{Desk, icon_button, picture_tile};
use super::super::{theme, words};
use crate::studio::Favourite;

/// Draws the strip.
pub fn favourites_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    // Whatever is in it, the strip is as wide as it was made.
    ui.set_min_width(ui.available_width());
    ui.horizontal(|ui| {
        ui.set_height(theme::HEADING_HEIGHT_PT);
        ui.strong(Action::ToggleFavourites.label());
        if !desk.state.favourites.is_empty() {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add_space(theme::SCROLL_BAR_PT);
                let open = Action::OpenLibrary;
                if icon_button(ui, open.icon(), open.label(), open.tooltip()).clicked() {
                    desk.ask(UiCommand::Do(open));
                }
            });
        }
    });
    ui.add_space(theme::SMALL_GAP_PT);
    let state = desk.state;
    if state.favourites.is_empty() && state.previous.is_none() {
        let key = Action::Keep.keys(ui.ctx()).unwrap_or_default();
        let text = format!(
            "Press Keep ({key}) while it paints to keep an iteration you like. It is stored with its settings, so you can always go back to it."
        );
        ui.set_max_width(ui.available_width() - theme::SCROLL_BAR_PT);
        ui.add(Label::new(RichText::new(text).weak()).wrap());
        return;
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.set_max_width(ui.available_width() - theme::SCROLL_BAR_PT);
        if let Some(previous) = &state.previous {
            previous_ui(desk, previous, ui);
            ui.add_space(theme::GROUP_GAP_PT);
        }
        for favourite in &state.favourites {
            favourite_ui(desk, favourite, ui);
            ui.add_space(theme::SMALL_GAP_PT);
        }
    });
}

fn previous_ui(desk: &mut Desk<'_>, previous: &Previous, ui: &mut Ui) {
    let exhibit = Exhibit::Previous;
    let response = tile(desk, previous.thumbnail(), "Previous canvas", &exhibit, ui);
    response.context_menu(|ui| {
        common_entries(desk, &exhibit, ui);
        if ui.button("Keep as a favourite").clicked() {
            desk.ask(UiCommand::Keep(exhibit.clone()));
        }
    });
    let name = words::painting_name(&previous.canvas.recipe);
    response.on_hover_text(format!("{name}\nIteration {}, not kept as a favourite", previous.canvas.iteration));
    ui.add(Label::new(RichText::new("Previous, not kept").small().weak()).truncate());
}

fn favourite_ui(desk: &mut Desk<'_>, favourite: &Favourite, ui: &mut Ui) {
    let exhibit = Exhibit::Favourite(favourite.path.clone());
    let name = format!("Favourite, iteration {}", favourite.iteration);
    let response = tile(desk, &favourite.thumbnail, &name, &exhibit, ui);
    response.context_menu(|ui| {
        common_entries(desk, &exhibit, ui);
        if ui.button("Show file").on_hover_text("Show it in the file manager").clicked() {
            desk.ask(UiCommand::Reveal(favourite.path.clone()));
        }
        if ui.button("Delete").on_hover_text(Action::DeleteShown.tooltip()).clicked() {
            desk.ask(UiCommand::Delete(favourite.path.clone()));
        }
    });
    response.on_hover_text(format!("{}\nIteration {}", words::painting_name(&favourite.recipe), favourite.iteration));
    let text = format!("Iteration {}", favourite.iteration);
    ui.add(Label::new(RichText::new(text).small().weak()).truncate());
}

fn tile(
    desk: &mut Desk<'_>,
    image: &std::sync::Arc<image::RgbaImage>,
    name: &str,
    exhibit: &Exhibit,
    ui: &mut Ui,
) -> egui::Response {
    let texture = desk.textures.thumbnail(ui.ctx(), image);
    let width = ui.available_width();
    let aspect = image.height() as f32 / image.width().max(1) as f32;
    let size = vec2(width, (width * aspect).clamp(48.0, width * 1.25));
    let selected = desk.state.exhibit.as_ref() == Some(exhibit);
    let response = picture_tile(ui, size, Some(&texture), name, selected);
    if response.clicked() {
        desk.ask(UiCommand::Show(exhibit.clone()));
    }
    response
}

fn common_entries(desk: &mut Desk<'_>, exhibit: &Exhibit, ui: &mut Ui) {
    if ui.button("Show").clicked() {
        desk.ask(UiCommand::Show(exhibit.clone()));
    }
    if ui.button(Action::TakeSettings.label()).clicked() {
        desk.ask(UiCommand::TakeSettings(exhibit.clone()));
    }
    let go_on = Action::GoOnFromShown;
    if ui.button(go_on.label()).on_hover_text(go_on.tooltip()).clicked() {
        desk.ask(UiCommand::GoOnFrom(exhibit.clone()));
    }
    let start = ui.button("Start from it").on_hover_text("New paintings start from this picture, see Advanced");
    if start.clicked() {
        desk.ask(UiCommand::StartFrom(Some(exhibit.clone())));
    }
    if ui.button("Finish…").on_hover_text(Action::Finish.tooltip()).clicked() {
        desk.ask(UiCommand::Finish(Some(exhibit.clone())));
    }
    if ui.button("Save as…").clicked() {
        desk.ask(UiCommand::Save(exhibit.clone()));
    }
}
