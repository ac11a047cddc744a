//! Messages: on the screen for a while, in a list for as long as the program runs.

use egui::{Align, Align2, Area, Color32, Id, Label, Layout, Order, RichText, ScrollArea, Ui, Window, vec2};
use egui_material_icons::icons;

use super::super::action::Action;
use super::super::command::UiCommand;
use super::super::notices::{Notice, Offer, Severity};
use super::super::theme;
use super::super::widgets::{Desk, icon, icon_button};

const WIDTH_PT: f32 = 360.0;

/// Draws the messages that are still on the screen, above the lower right corner of `corner`.
pub fn toasts_ui(desk: &mut Desk<'_>, now_secs: f64, corner: egui::Rect, ui: &Ui) {
    let ctx = ui.ctx();
    let Some(next) = desk.state.notices.on_screen(now_secs).map(|notice| notice.until_secs - now_secs).reduce(f64::min)
    else {
        return;
    };
    ctx.request_repaint_after_secs(next as f32);
    // Each lies in an area of its own, above the newer ones: when an older one goes, nothing moves under the pointer and
    // a click that has begun still finds its button.
    let mut foot = corner.right_bottom() - vec2(14.0, 14.0 + theme::CANVAS_BAR_HEIGHT_PT + theme::TIMELINE_HEIGHT_PT);
    for notice in desk.state.notices.on_screen(now_secs).rev() {
        let toast = Area::new(Id::unique(("toast", notice.id)))
            .order(Order::Foreground)
            .pivot(Align2::RIGHT_BOTTOM)
            .fixed_pos(foot)
            .show(ctx, |ui| toast_ui(desk, notice, ui));
        foot.y -= toast.response.rect.height() + 6.0;
        // In a small window the older ones wait in the list.
        if foot.y < corner.center().y {
            break;
        }
    }
}

fn toast_ui(desk: &mut Desk<'_>, notice: &Notice, ui: &mut Ui) {
    egui::Frame::popup(ui.style()).show(ui, |ui| {
        ui.set_width(WIDTH_PT);
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if icon_button(ui, icons::ICON_CLOSE, "Dismiss", "Take it off the screen").clicked() {
                    desk.ask(UiCommand::Dismiss(notice.id));
                }
                offer_ui(desk, notice, ui);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| notice_ui(notice, ui));
            });
        });
    });
}

/// Draws the list of all messages.
pub fn list_ui(desk: &mut Desk<'_>, open: &mut bool, ui: &Ui) {
    Window::new(Action::ToggleMessages.label())
        .open(open)
        .collapsible(false)
        .resizable(false)
        .default_width(WIDTH_PT + 60.0)
        .anchor(Align2::RIGHT_TOP, vec2(-14.0, 60.0))
        .show(ui.ctx(), |ui| {
            let mut any = false;
            ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
                ui.set_width(WIDTH_PT + 40.0);
                for notice in desk.state.notices.newest_first() {
                    any = true;
                    ui.horizontal_top(|ui| {
                        notice_ui(notice, ui);
                        offer_ui(desk, notice, ui);
                    });
                }
            });
            if !any {
                ui.weak("Nothing was reported.");
            } else if ui.button("Clear").clicked() {
                desk.ask(UiCommand::ClearMessages);
            }
        });
}

fn offer_ui(desk: &mut Desk<'_>, notice: &Notice, ui: &mut Ui) {
    let (label, tooltip) = match &notice.offer {
        Some(Offer::Undo(_)) => ("Undo", "Take this back"),
        Some(Offer::Reveal(_)) => ("Show file", "Show it in the file manager"),
        None => return,
    };
    if ui.button(label).on_hover_text(tooltip).clicked() {
        desk.ask(UiCommand::TakeOffer(notice.id));
    }
}

fn notice_ui(notice: &Notice, ui: &mut Ui) {
    let (symbol, colour): (_, Color32) = match notice.severity {
        Severity::Info => (icons::ICON_INFO, ui.visuals().weak_text_color()),
        Severity::Error => (icons::ICON_ERROR, ui.visuals().error_fg_color),
    };
    ui.label(icon(symbol, 17.0).color(colour));
    let text = match notice.times {
        1 => notice.text.clone(),
        times => format!("{} ({times} times)", notice.text),
    };
    ui.add(Label::new(RichText::new(text)).wrap());
}
