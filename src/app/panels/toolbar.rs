//! The top of the window: what to do next, how far it is, what to keep.

use egui::{Align, Button, Layout, ProgressBar, RichText, Sense, ThemePreference, Ui, UiBuilder, Vec2, vec2};
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

/// Draws the toolbar.
pub fn toolbar_ui(desk: &mut Desk<'_>, preferences: &Preferences, messages_open: bool, ui: &mut Ui) {
    ui.horizontal(|ui| {
        ui.set_height(theme::TOOL_HEIGHT_PT + 6.0);
        desk.primary_button(ui, desk.state.primary(), PRIMARY_WIDTH_PT);
        desk.action_button(ui, Action::StartOver);
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
            desk.action_button(ui, Action::SaveAs);
            desk.action_button(ui, Action::Keep);
            ui.add_space(theme::GROUP_GAP_PT);
            let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
            ui.scope_builder(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)), |ui| {
                progress_ui(desk, ui);
            });
        });
    });
}

fn progress_ui(desk: &Desk<'_>, ui: &mut Ui) {
    ui.spacing_mut().item_spacing = vec2(14.0, 5.0);
    let Some(painting) = &desk.state.painting else {
        ui.add_space(9.0);
        ui.weak("Choose a photo and a style, then press Paint");
        return;
    };
    ui.horizontal(|ui| {
        ui.strong(painting.phase_text());
        let Some(progress) = &painting.progress else {
            if painting.is_working() {
                ui.add(egui::Spinner::new().size(12.0));
            }
            return;
        };
        ui.label(format!("Iteration {} / {}", progress.iteration, progress.iterations));
        if progress.stages > 1 {
            ui.label(format!("Stage {} / {}", progress.stage + 1, progress.stages));
        }
        ui.label(format!("{} × {} px", progress.width, progress.height));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if painting.phase == Phase::Running {
                if let Some(remaining_secs) = progress.remaining_secs {
                    ui.strong(format!("{} left", words::duration(remaining_secs)));
                }
                if let Some(per_sec) = painting.speed.per_sec() {
                    ui.label(words::speed(per_sec));
                }
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
        let keys = Action::ToggleShortcuts;
        let shortcut = keys.shortcut().map(|shortcut| ui.ctx().format_shortcut(&shortcut)).unwrap_or_default();
        if ui.add(Button::new(keys.label()).shortcut_text(shortcut)).clicked() {
            desk.ask(UiCommand::Do(keys));
        }
        ui.separator();
        if let Some(device) = &desk.state.device {
            ui.label(RichText::new(format!("Device: {device}")).small().weak());
        }
        ui.label(RichText::new(concat!("Pentimento ", env!("CARGO_PKG_VERSION"))).small().weak());
    });
    response.accessible_name("More").on_hover_text("Depth of saved pictures, theme, keys and device");
}
