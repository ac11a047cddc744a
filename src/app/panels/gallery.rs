//! The bundled pictures, one click away.

use egui::{Label, Popup, PopupCloseBehavior, RichText, ScrollArea, Ui, vec2};
use egui_material_icons::icons;

use super::super::command::{Slot, UiCommand};
use super::super::widgets::{Desk, icon_button, picture_tile};
use crate::image_io::samples::{SAMPLES, Sample, SampleKind, find};
use crate::recipe::PictureSource;

const TILE_PT: egui::Vec2 = vec2(132.0, 92.0);
const COLUMNS: usize = 3;

/// Draws the button that opens the bundled pictures, and these when they are open.
pub fn gallery_button(desk: &mut Desk<'_>, slot: Slot, ui: &mut Ui) {
    let place = desk.state.slot_name(slot);
    let name = format!("{place} samples");
    let response = icon_button(ui, icons::ICON_GRID_VIEW, &name, "Choose one of the bundled pictures");
    Popup::menu(&response)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .accessible_name(format!("Bundled pictures for {}", place.to_lowercase()))
        .show(|ui| gallery_ui(desk, slot, ui));
}

/// Draws the bundled pictures.
pub fn gallery_ui(desk: &mut Desk<'_>, slot: Slot, ui: &mut Ui) {
    ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
    // Photos first where a photo is wanted, but a painting may well be repainted.
    let wanted = match slot {
        Slot::Style(_) | Slot::NewStyle => SampleKind::Style,
        Slot::Photo | Slot::Start => SampleKind::Photo,
    };
    let (first, rest): (Vec<&Sample>, Vec<&Sample>) = SAMPLES.iter().partition(|sample| sample.kind == wanted);
    // A popup would give it less than there is.
    let room_pt = (ui.ctx().content_rect().height() - 200.0).clamp(160.0, 520.0);
    ScrollArea::vertical().max_height(room_pt).min_scrolled_height(room_pt).show(ui, |ui| {
        for samples in [first, rest] {
            let title = match samples.first().map(|sample| sample.kind) {
                Some(SampleKind::Photo) => "Photos",
                _ => "Paintings and prints",
            };
            ui.label(RichText::new(title).small().weak());
            for row in samples.chunks(COLUMNS) {
                ui.horizontal_top(|ui| {
                    for sample in row {
                        sample_ui(desk, slot, sample, ui);
                    }
                });
            }
        }
    });
}

fn sample_ui(desk: &mut Desk<'_>, slot: Slot, sample: &Sample, ui: &mut Ui) {
    let source = PictureSource::Sample(sample.name.to_owned());
    if desk.state.picture(&source).is_none() {
        desk.ask(UiCommand::Want(source.clone()));
    }
    let info = desk.state.picture_info(&source);
    let texture = info.map(|info| desk.textures.thumbnail(ui.ctx(), &info.thumbnail));
    ui.vertical(|ui| {
        ui.set_width(TILE_PT.x);
        ui.spacing_mut().item_spacing.y = 3.0;
        let chosen = desk.state.in_slot(slot) == Some(&source);
        let response = picture_tile(ui, TILE_PT, texture.as_ref(), sample.title, chosen).on_hover_text(sample.credit);
        ui.add(Label::new(RichText::new(sample.title).small()).truncate());
        if response.clicked() {
            desk.ask(UiCommand::Choose(slot, source));
            ui.close();
        }
    });
}

/// Who made a bundled picture.
#[must_use]
pub fn credit(source: &PictureSource) -> Option<String> {
    match source {
        PictureSource::Sample(name) => find(name).map(|sample| format!("{}. {}", sample.title, sample.credit)),
        PictureSource::File(_) => None,
    }
}
