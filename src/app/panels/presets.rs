//! The presets, built in and the artist's own: a picture and a line for each.

use std::sync::{Arc, LazyLock};

use egui::{
    Align2, Button, CornerRadius, Label, Popup, PopupCloseBehavior, Rect, Response, RichText, ScrollArea, Sense,
    Stroke, StrokeKind, Ui, pos2, vec2,
};
use egui_material_icons::icons;
use image::RgbaImage;

use super::super::basis::Basis;
use super::super::command::UiCommand;
use super::super::theme;
use super::super::widgets::{Desk, fit_inside, icon, icon_button};
use super::fields::row;
use crate::image_io::Picture;
use crate::recipe::{Preset, Recipe};
use crate::studio::OwnPreset;

const HELP: &str = "Where all other settings start from. A preset leaves pictures, masks and size alone.";

const WIDTH_PT: f32 = 380.0;
const TILE_PT: egui::Vec2 = vec2(96.0, 64.0);

/// Changes that the line of an own preset tells: more would be a paragraph.
const TOLD_CHANGES: usize = 3;

/// A built-in preset and what it looks like, painted by `examples/pictures`.
type Sample = (Preset, Option<Arc<RgbaImage>>);

static BUILT_IN: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let read = |preset: Preset| Picture::decode(painted(preset), preset.key()).ok();
    Preset::ALL.iter().map(|&preset| (preset, read(preset).map(|picture| Arc::new(picture.to_rgba())))).collect()
});

fn painted(preset: Preset) -> &'static [u8] {
    macro_rules! bytes {
        ($name:literal) => {
            include_bytes!(concat!("../../../assets/presets/", $name, ".jpg"))
        };
    }
    match preset {
        Preset::Studio => bytes!("studio"),
        Preset::Draft => bytes!("draft"),
        Preset::Bold => bytes!("bold"),
        Preset::Faithful => bytes!("faithful"),
        Preset::Texture => bytes!("texture"),
        Preset::Gatys => bytes!("gatys"),
    }
}

/// Draws the line with the preset in force, which opens all others.
pub fn preset_row(desk: &mut Desk<'_>, ui: &mut Ui) {
    row(ui, "Preset", HELP, None, |ui, _| {
        let label = desk.state.basis.label();
        let name = format!("Preset: {label}");
        let button = Button::new((label, icon(icons::ICON_EXPAND_MORE, 16.0)))
            .truncate()
            .min_size(vec2(theme::ROW_FIELD_PT, theme::ROW_HEIGHT_PT));
        let button = ui.add(button).accessible_name(name).on_hover_text(HELP);
        Popup::menu(&button)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .accessible_name("Presets")
            .show(|ui| presets_ui(desk, ui));
    });
}

fn presets_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    ui.set_width(WIDTH_PT);
    ui.spacing_mut().item_spacing.y = theme::SMALL_GAP_PT;
    // So low that it has room above or below its button; else it would lie over it, and shift from frame to frame.
    let room_pt = (ui.ctx().content_rect().height() - 360.0).clamp(160.0, 560.0);
    let state = desk.state;
    ScrollArea::vertical().max_height(room_pt).show(ui, |ui| {
        ui.set_max_width(WIDTH_PT - theme::SCROLL_BAR_PT);
        // The artist's own come first: they are few, and what lies below needs scrolling.
        if !state.own_presets.is_empty() {
            ui.label(RichText::new("Your own").small().weak());
        }
        for own in &state.own_presets {
            own_ui(desk, own, ui);
        }
        if !state.own_presets.is_empty() {
            ui.label(RichText::new("Built in").small().weak());
        }
        for (preset, picture) in BUILT_IN.iter() {
            let basis = Basis::built_in(*preset);
            let chosen = state.basis == basis;
            if tile(desk, preset.label(), preset.help(), picture.as_ref(), chosen, ui).clicked() {
                choose(desk, basis, ui);
            }
        }
    });
    ui.separator();
    let save = ui.button("Save as preset…").on_hover_text("Keep these settings under a name, without the pictures");
    if save.clicked() {
        desk.ask(UiCommand::NamePreset);
        ui.close();
    }
}

fn own_ui(desk: &mut Desk<'_>, own: &OwnPreset, ui: &mut Ui) {
    let chosen = desk.state.basis.own_name.as_deref() == Some(own.name.as_str());
    let response = tile(desk, &own.name, &description(&own.settings), own.thumbnail.as_ref(), chosen, ui);
    let corner = Rect::from_min_size(response.rect.right_top() + vec2(-28.0, 4.0), vec2(24.0, 24.0));
    let name = format!("Delete preset {}", own.name);
    let mut place = ui.new_child(egui::UiBuilder::new().max_rect(corner));
    if icon_button(&mut place, icons::ICON_DELETE, &name, "Delete this preset").clicked() {
        desk.ask(UiCommand::DeletePreset(own.name.clone()));
    } else if response.clicked() {
        choose(desk, Basis::own(own), ui);
    }
}

/// What an own preset is, in a line: where it comes from, and what is different there.
fn description(settings: &Recipe) -> String {
    let preset = settings.preset;
    let changes = Recipe::from_preset(preset).changes_to(settings);
    let told = changes.iter().take(TOLD_CHANGES).cloned().collect::<Vec<_>>().join("; ");
    match changes.len() {
        0 => format!("As {}.", preset.label()),
        count if count > TOLD_CHANGES => format!("{}: {told}; and {} more.", preset.label(), count - TOLD_CHANGES),
        _ => format!("{}: {told}.", preset.label()),
    }
}

fn choose(desk: &mut Desk<'_>, basis: Basis, ui: &Ui) {
    desk.ask(UiCommand::Apply { settings: Box::new(basis.settings.clone()), basis: Box::new(basis) });
    ui.close();
}

/// Draws a picture with a name and a sentence beside it, clickable as a whole.
fn tile(
    desk: &mut Desk<'_>,
    name: &str,
    line: &str,
    picture: Option<&Arc<RgbaImage>>,
    chosen: bool,
    ui: &mut Ui,
) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), TILE_PT.y + 8.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, chosen, name));
    let palette = theme::palette(ui.visuals());
    let corner = CornerRadius::same(theme::CORNER_PT);
    if chosen || response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, corner, ui.visuals().widgets.hovered.weak_bg_fill);
    }
    if chosen || response.has_focus() {
        let stroke = Stroke::new(if chosen { 2.0 } else { 1.0 }, palette.accent);
        ui.painter().rect_stroke(rect, corner, stroke, StrokeKind::Inside);
    }
    let place = Rect::from_min_size(rect.min + vec2(4.0, 4.0), TILE_PT);
    ui.painter().rect_filled(place, corner, palette.tile);
    match picture {
        Some(picture) => {
            let texture = desk.textures.thumbnail(ui.ctx(), picture);
            let inside = fit_inside(place, texture.size_vec2());
            egui::Image::from_texture(&texture).corner_radius(theme::CORNER_PT).paint_at(ui, inside);
        }
        None => {
            let symbol = icons::ICON_BRUSH;
            let font = egui::FontId::new(24.0, symbol.font_family());
            ui.painter().text(place.center(), Align2::CENTER_CENTER, symbol.codepoint, font, palette.line);
        }
    }
    let words = Rect::from_min_max(pos2(place.right() + 12.0, rect.top() + 6.0), rect.max - vec2(30.0, 4.0));
    // Over the tile that is allocated already, so this takes no room of its own.
    let layout = egui::Layout::top_down(egui::Align::Min);
    let mut words = ui.new_child(egui::UiBuilder::new().max_rect(words).layout(layout));
    words.spacing_mut().item_spacing.y = 2.0;
    words.add(Label::new(RichText::new(name).strong()).truncate().selectable(false).sense(Sense::empty()));
    words.add(Label::new(RichText::new(line).small().weak()).wrap().selectable(false).sense(Sense::empty()));
    response
}
