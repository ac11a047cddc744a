//! The top of the window: what to do next, how far it is, what to keep.

use egui::{Align, Button, Label, Layout, ProgressBar, RichText, Sense, ThemePreference, Ui, UiBuilder, Vec2, vec2};
use egui_material_icons::icons;

use super::super::action::Action;
use super::super::command::UiCommand;
use super::super::painting::{Painting, Phase};
use super::super::preferences::Preferences;
use super::super::widgets::{Desk, icon};
use super::super::{theme, words};
use crate::recipe::Depth;

/// Wide enough for the longest of its labels, so that nothing moves when the meaning changes.
const PRIMARY_WIDTH_PT: f32 = 104.0;

/// Where there is less room than this beside the first button, the others have no labels.
const LABELS_FROM_PT: f32 = 960.0;
/// Between what is told of the progress.
const GAP_PT: f32 = 14.0;

/// Draws the toolbar.
pub fn toolbar_ui(desk: &mut Desk<'_>, preferences: &Preferences, messages_open: bool, ui: &mut Ui) {
    ui.horizontal(|ui| {
        ui.set_height(theme::TOOL_HEIGHT_PT + 6.0);
        desk.primary_button(ui, desk.state.primary(), PRIMARY_WIDTH_PT);
        let narrow = ui.available_width() < LABELS_FROM_PT;
        desk.action_tool(ui, Action::StartOver, narrow);
        if desk.state.offers(Action::CancelFinish) {
            desk.action_tool(ui, Action::CancelFinish, narrow);
        }
        desk.action_icon(ui, Action::Variations, desk.state.variations.is_some());
        desk.action_icon(ui, Action::Undo, false);
        desk.action_icon(ui, Action::Redo, false);
        ui.add_space(theme::GROUP_GAP_PT);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            more_menu(desk, preferences, ui);
            messages_button(desk, messages_open, ui);
            desk.action_icon(ui, Action::ToggleFavourites, preferences.show_favourites);
            desk.action_icon(ui, Action::ToggleCurve, preferences.show_curve);
            ui.add_space(theme::SMALL_GAP_PT);
            desk.action_icon(ui, Action::Finish, false);
            desk.action_tool(ui, Action::SaveAs, narrow);
            desk.action_tool(ui, Action::Keep, narrow);
            ui.add_space(theme::GROUP_GAP_PT);
            let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
            ui.scope_builder(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)), |ui| {
                progress_ui(desk, ui);
            });
        });
    });
}

/// The room in one line, from which texts are cut off in the order in which they matter.
struct Room(f32);

impl Room {
    /// The text, if there is room for it still.
    fn take(&mut self, text: String, ui: &Ui) -> Option<String> {
        let font = egui::TextStyle::Body.resolve(ui.style());
        let width_pt = ui.painter().layout_no_wrap(text.clone(), font, egui::Color32::WHITE).size().x + GAP_PT;
        if width_pt > self.0 {
            return None;
        }
        self.0 -= width_pt;
        Some(text)
    }
}

fn progress_ui(desk: &Desk<'_>, ui: &mut Ui) {
    ui.spacing_mut().item_spacing = vec2(GAP_PT, 5.0);
    let Some(painting) = &desk.state.painting else {
        ui.add_space(9.0);
        ui.add(Label::new(RichText::new("Choose a photo and a style, then press Paint").weak()).truncate());
        return;
    };
    ui.horizontal(|ui| {
        let mut room = Room(ui.available_width());
        if let Some(phase) = room.take(desk.state.phase_text(painting).to_owned(), ui) {
            ui.strong(phase);
        }
        let Some(progress) = &painting.progress else {
            if painting.is_working() {
                ui.add(egui::Spinner::new().size(12.0));
            }
            return;
        };
        let runs = painting.phase == Phase::Running && !desk.state.is_held_by_variations();
        let left = progress.remaining_secs.filter(|_| runs).map(|secs| format!("{} left", words::duration(secs)));
        let left = left.and_then(|text| room.take(text, ui));
        let stage = (progress.stages > 1).then(|| format!("Stage {} / {}", progress.stage + 1, progress.stages));
        let told = [
            Some(format!("Iteration {} / {}", progress.iteration, progress.iterations)),
            stage,
            Some(format!("{} × {} px", progress.width, progress.height)),
        ];
        for text in told.into_iter().flatten() {
            if let Some(text) = room.take(text, ui) {
                ui.label(text);
            }
        }
        let speed = painting.speed.per_sec().filter(|_| runs).and_then(|speed| room.take(words::speed(speed), ui));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(left) = left {
                ui.strong(left);
            }
            if let Some(speed) = speed {
                ui.label(speed);
            }
        });
    });
    ui.add(ProgressBar::new(done(painting)).desired_height(5.0).fill(theme::palette(ui.visuals()).accent))
        .accessible_name("Progress of the painting");
}

fn done(painting: &Painting) -> f32 {
    let Some(progress) = &painting.progress else { return 0.0 };
    progress.iteration as f32 / progress.iterations.max(1) as f32
}

fn messages_button(desk: &mut Desk<'_>, open: bool, ui: &mut Ui) {
    let unread = desk.state.notices.unread_errors();
    let response = desk.action_icon(ui, Action::ToggleMessages, open);
    if unread > 0 {
        let at = response.rect.right_top() + vec2(-7.0, 8.0);
        ui.painter().circle_filled(at, 4.0, ui.visuals().error_fg_color);
    }
}

fn more_menu(desk: &mut Desk<'_>, preferences: &Preferences, ui: &mut Ui) {
    let button = Button::new(icon(icons::ICON_MORE_VERT, 18.0))
        .frame_when_inactive(false)
        .min_size(Vec2::splat(theme::TOOL_HEIGHT_PT));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(200.0);
        ui.label(RichText::new("Keep and save with").small().weak());
        ui.horizontal(|ui| {
            for &depth in Depth::ALL {
                let choice = ui.selectable_label(preferences.depth == depth, format!("{} a channel", depth.label()));
                if choice.on_hover_text(depth.help()).clicked() {
                    desk.ask(UiCommand::SetDepth(depth));
                }
            }
        });
        let mut captions = preferences.film_captions;
        let help = "Below the pictures of a film, for a second each; nothing where nothing was changed";
        if ui.checkbox(&mut captions, "Films tell what was changed").on_hover_text(help).changed() {
            desk.ask(UiCommand::SetFilmCaptions(captions));
        }
        ui.separator();
        ui.label(RichText::new("Theme").small().weak());
        ui.horizontal(|ui| {
            let mut theme = ui.ctx().options(|options| options.theme_preference);
            for (choice, name) in [
                (ThemePreference::Dark, "Dark"),
                (ThemePreference::Light, "Light"),
                (ThemePreference::System, "As the system"),
            ] {
                ui.selectable_value(&mut theme, choice, name);
            }
            ui.ctx().set_theme(theme);
        });
        ui.separator();
        for action in [Action::ToggleShortcuts, Action::ToggleAbout] {
            let mut button = Button::new(action.label());
            if let Some(keys) = action.keys(ui.ctx()) {
                button = button.shortcut_text(keys);
            }
            if ui.add(button).clicked() {
                desk.ask(UiCommand::Do(action));
            }
        }
    });
    response.accessible_name("More").on_hover_text("Depth of saved pictures, theme, keys, and what this is");
}
