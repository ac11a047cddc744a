//! Small paintings under other settings, to choose from.

use egui::{Align2, Grid, Key, Label, ProgressBar, RichText, Ui, Vec2, Window, vec2};

use super::super::action::Action;
use super::super::command::UiCommand;
use super::super::theme;
use super::super::variations::{COLUMNS, Variation, Variations};
use super::super::widgets::{Desk, picture_tile};

/// Width of a sketch at most, in points.
const WIDTH_PT: f32 = 250.0;
/// What of the window's size is not sketches, in points.
const AROUND_PT: Vec2 = vec2(80.0, 250.0);

/// For a line to be read in, in points.
const LEAST_WIDTH_PT: f32 = 300.0;

/// Draws the choice, if there is one.
pub fn variations_ui(desk: &mut Desk<'_>, ui: &Ui) {
    let state = desk.state;
    let Some(variations) = &state.variations else { return };
    let (mut open, given_up) = (true, ui.input(|input| input.key_pressed(Key::Escape)));
    let size = tile_size(desk, ui);
    Window::new(Action::Variations.label())
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
        .show(ui.ctx(), |ui| {
            // The line above breaks where the sketches end, or they would stand in the left of a wide window.
            ui.set_max_width(
                (COLUMNS as f32 * (size.x + theme::GROUP_GAP_PT) - theme::GROUP_GAP_PT).max(LEAST_WIDTH_PT),
            );
            ui.label("Your settings in the middle, and what others would do. Click one to take its settings.");
            ui.add_space(theme::SMALL_GAP_PT);
            Grid::new("variations").spacing(Vec2::splat(theme::GROUP_GAP_PT)).show(ui, |ui| {
                for (index, choice) in variations.choices.iter().enumerate() {
                    sketch_ui(desk, variations, index, choice, size, ui);
                    if index % COLUMNS == COLUMNS - 1 {
                        ui.end_row();
                    }
                }
            });
            ui.add_space(theme::SMALL_GAP_PT);
            let done = ProgressBar::new(variations.done()).desired_height(5.0);
            ui.add(done.fill(theme::palette(ui.visuals()).accent)).accessible_name("Progress of the sketches");
            let waits =
                state.painting.as_ref().is_some_and(|painting| painting.is_working()) && variations.done() < 1.0;
            ui.weak(if waits { "The painting waits meanwhile." } else { "" });
        });
    if !open || given_up {
        desk.ask(UiCommand::ChooseVariation(None));
    }
}

/// As large as the window has room for, in the photo's shape.
fn tile_size(desk: &Desk<'_>, ui: &Ui) -> Vec2 {
    let photo = desk.state.picture_info(&desk.state.recipe.content);
    let aspect = photo.map_or(0.75, |photo| photo.height_px as f32 / photo.width_px.max(1) as f32);
    let room = (ui.ctx().content_rect().size() - AROUND_PT) / COLUMNS as f32;
    let width = WIDTH_PT.min(room.x).min(room.y / aspect).max(60.0);
    vec2(width, width * aspect)
}

fn sketch_ui(desk: &mut Desk<'_>, variations: &Variations, index: usize, choice: &Variation, size: Vec2, ui: &mut Ui) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = theme::SMALL_GAP_PT;
        ui.set_width(size.x);
        let image = variations.sheet.as_ref().and_then(|sheet| sheet.images.get(index)?.as_ref());
        let texture = image.map(|image| desk.textures.thumbnail(ui.ctx(), image));
        let is_now = choice.recipe == desk.state.recipe;
        let tile = picture_tile(ui, size, texture.as_ref(), choice.name, is_now);
        let changes = desk.state.recipe.changes_to(&choice.recipe).join("\n");
        if !changes.is_empty() {
            tile.clone().on_hover_text(changes);
        }
        if tile.clicked() {
            desk.ask(UiCommand::ChooseVariation(Some(index)));
        }
        ui.add(Label::new(RichText::new(choice.name).small()).truncate());
    });
}
