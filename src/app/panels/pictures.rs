//! The picker of a picture, and the pieces that it shares with the list of styles.

use egui::{Align, Layout, Rect, RichText, Ui, Vec2, vec2};
use egui_material_icons::icons;

use super::super::action::Action;
use super::super::command::{Slot, UiCommand};
use super::super::state::PictureState;
use super::super::theme;
use super::super::widgets::{Desk, icon_button, picture_tile};
use super::super::words;
use super::gallery;

/// Draws one picker; returns where it lies, for pictures that are dropped or pasted onto it.
pub fn picker_ui(desk: &mut Desk<'_>, slot: Slot, ui: &mut Ui) -> Rect {
    ui.vertical(|ui| {
        heading_ui(slot.label(), ui, |ui| open_buttons(desk, slot, ui));
        tile_ui(desk, slot, vec2(ui.available_width(), theme::PICKER_HEIGHT_PT), ui);
        caption_ui(desk, slot, ui);
        if slot == Slot::Photo {
            series_ui(desk, ui);
        }
    })
    .response
    .rect
}

/// Draws how far several photos have come.
fn series_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    let Some(series) = &desk.state.series else { return };
    let text = format!("Photo {} of {}, each is kept when done", series.number(), series.count);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let hint = "Paint only the photo on the canvas, and forget the others";
            if icon_button(ui, icons::ICON_CLOSE, "Forget the other photos", hint).clicked() {
                desk.ask(UiCommand::EndSeries);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.label(RichText::new(text).small()).on_hover_text(
                    "They are painted one after another, each with the settings as they are then; every one is kept as a \
                     favourite when it is done, and the next begins",
                );
            });
        });
    });
}

/// Draws the line above a picture or several, with buttons at its right end, the last one first.
pub fn heading_ui(title: &str, ui: &mut Ui, add_buttons: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.set_height(theme::HEADING_HEIGHT_PT);
        ui.strong(title);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            add_buttons(ui);
        });
    });
}

/// Draws the buttons that choose a picture: from a file, or from the bundled ones.
pub fn open_buttons(desk: &mut Desk<'_>, slot: Slot, ui: &mut Ui) {
    let tooltip = match slot {
        Slot::Photo => Action::OpenPhoto.hint(ui.ctx()),
        Slot::Style(0) => Action::OpenStyle.hint(ui.ctx()),
        Slot::Style(_) | Slot::NewStyle | Slot::Start => "Choose a picture from a file".to_owned(),
    };
    let name = format!("Open {}", desk.state.slot_name(slot).to_lowercase());
    if icon_button(ui, icons::ICON_FOLDER_OPEN, &name, &tooltip).clicked() {
        desk.ask(UiCommand::Browse(slot));
    }
    gallery::gallery_button(desk, slot, ui);
}

/// Draws the picture of a place, which a click replaces.
pub fn tile_ui(desk: &mut Desk<'_>, slot: Slot, size: Vec2, ui: &mut Ui) {
    let state = desk.state;
    let source = state.in_slot(slot);
    let info = source.and_then(|source| state.picture_info(source));
    let texture = info.map(|info| desk.textures.thumbnail(ui.ctx(), &info.thumbnail));
    let place = state.slot_name(slot);
    let name = match source {
        Some(source) => format!("{place} picture: {}", words::picture_name(source)),
        None => format!("{place} picture: none"),
    };
    let response = picture_tile(ui, size, texture.as_ref(), &name, false);
    let loading = source.is_some_and(|source| matches!(state.picture(source), Some(PictureState::Loading)));
    if state.is_awaited(slot) || loading {
        // Over the tile that is allocated already: what follows must not move while a picture is on its way.
        let place = Rect::from_center_size(response.rect.center(), vec2(24.0, 24.0));
        ui.new_child(egui::UiBuilder::new().max_rect(place)).add(egui::Spinner::new().size(24.0));
    }
    let several = if slot == Slot::Photo { " Several photos are painted one after another." } else { "" };
    let hint = format!(
        "Click to choose a file, drop one here, or point here and paste ({}).{several}",
        ui.ctx().format_shortcut(&egui::KeyboardShortcut::new(egui::Modifiers::COMMAND, egui::Key::V)),
    );
    if response.on_hover_text(hint).clicked() {
        desk.ask(UiCommand::Browse(slot));
    }
}

/// Draws the picture's name and size.
pub fn caption_ui(desk: &Desk<'_>, slot: Slot, ui: &mut Ui) {
    let state = desk.state;
    let Some(source) = state.in_slot(slot) else { return };
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(info) = state.picture_info(source) {
                ui.label(RichText::new(format!("{} × {}", info.width_px, info.height_px)).small().weak());
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let name = RichText::new(words::picture_name(source)).small();
                let tooltip = gallery::credit(source).unwrap_or_else(|| source.to_string());
                ui.add(egui::Label::new(name).truncate()).on_hover_text(tooltip);
            });
        });
    });
}
