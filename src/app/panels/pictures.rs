//! The pickers of photo and style.

use egui::{Align, Layout, Rect, RichText, Ui, vec2};
use egui_material_icons::icons;

use super::super::action::{Action, Slot, UiCommand};
use super::super::state::PictureState;
use super::super::theme;
use super::super::widgets::{Desk, icon_button, picture_tile};
use super::gallery;
use crate::recipe::Recipe;

/// Draws one picker; returns where it lies, for pictures that are dropped or pasted onto it.
pub fn picker_ui(desk: &mut Desk<'_>, slot: Slot, ui: &mut Ui) -> Rect {
    let open = match slot {
        Slot::Style => Action::OpenStyle,
        Slot::Photo | Slot::Start => Action::OpenPhoto,
    };
    ui.vertical(|ui| {
        ui.horizontal(|ui| {
            ui.set_height(theme::HEADING_HEIGHT_PT);
            ui.strong(slot.label());
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                let tooltip =
                    if slot == Slot::Start { "Choose a picture from a file".to_owned() } else { open.hint(ui.ctx()) };
                let name = format!("Open {}", slot.label().to_lowercase());
                if icon_button(ui, icons::ICON_FOLDER_OPEN, &name, &tooltip).clicked() {
                    desk.ask(UiCommand::Browse(slot));
                }
                gallery::gallery_button(desk, slot, ui);
            });
        });
        tile_ui(desk, slot, ui);
        caption_ui(desk, slot, ui);
    })
    .response
    .rect
}

fn tile_ui(desk: &mut Desk<'_>, slot: Slot, ui: &mut Ui) {
    let state = desk.state;
    let source = state.in_slot(slot);
    let info = source.and_then(|source| state.picture_info(source));
    let texture = info.map(|info| desk.textures.thumbnail(ui.ctx(), &info.thumbnail));
    let name = match source {
        Some(source) => format!("{} picture: {}", slot.label(), state.picture_name(source)),
        None => format!("{} picture: none", slot.label()),
    };
    let size = vec2(ui.available_width(), theme::PICKER_HEIGHT_PT);
    let response = picture_tile(ui, size, texture.as_ref(), &name, false);
    let loading = source.is_some_and(|source| matches!(state.picture(source), Some(PictureState::Loading)));
    if state.is_awaited(slot) || loading {
        ui.put(Rect::from_center_size(response.rect.center(), vec2(28.0, 28.0)), egui::Spinner::new().size(24.0));
    }
    let hint = format!(
        "Click to choose a file, drop one here, or point here and paste ({})",
        ui.ctx().format_shortcut(&egui::KeyboardShortcut::new(egui::Modifiers::COMMAND, egui::Key::V)),
    );
    if response.on_hover_text(hint).clicked() {
        desk.ask(UiCommand::Browse(slot));
    }
}

fn caption_ui(desk: &mut Desk<'_>, slot: Slot, ui: &mut Ui) {
    let state = desk.state;
    let Some(source) = state.in_slot(slot) else { return };
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(info) = state.picture_info(source) {
                ui.label(RichText::new(format!("{} × {}", info.width_px, info.height_px)).small().weak());
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let name = RichText::new(state.picture_name(source)).small();
                let tooltip = gallery::credit(source).unwrap_or_else(|| source.to_string());
                ui.add(egui::Label::new(name).truncate()).on_hover_text(tooltip);
            });
        });
    });
    if slot == Slot::Style && state.recipe.styles.len() > 1 {
        mixture_ui(desk, ui);
    }
}

/// A favourite or the command line may have brought several styles; the window shows the first.
fn mixture_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    ui.horizontal(|ui| {
        let others = desk.state.recipe.styles.len() - 1;
        ui.label(RichText::new(format!("mixed with {others} more")).small().weak());
        let only = ui.small_button("Use only this").on_hover_text("Take the other style pictures out of the mixture");
        if only.clicked() {
            let mut recipe: Recipe = desk.state.recipe.clone();
            recipe.styles.truncate(1);
            // A share of nothing would be no style at all once the others are gone.
            recipe.styles[0].weight = crate::recipe::parameter::STYLE_WEIGHT.default;
            desk.ask(UiCommand::SetRecipe(Box::new(recipe)));
        }
    });
}
