//! What this program is, what it paints on, where it keeps things, and whose work is in it.

use std::path::Path;

use egui::{Align2, Label, RichText, ScrollArea, Ui, Window};

use super::super::action::Action;
use super::super::theme;
use super::super::widgets::Desk;
use crate::engine::weights;
use crate::image_io::samples::SAMPLES;

const WIDTH_PT: f32 = 440.0;
const WHAT: &str = "A studio for neural style transfer after Gatys, Ecker and Bethge: the picture itself is optimised until \
    a network sees the photo's content and the painting's style in it.";
const LICENCE: &str = "The program is under the MIT licence.";

/// Draws it.
pub fn about_ui(desk: &mut Desk<'_>, library: &Path, open: &mut bool, ui: &Ui) {
    let room_pt = ui.ctx().content_rect().height() - 120.0;
    Window::new(Action::ToggleAbout.label())
        .open(open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
        .show(ui.ctx(), |ui| {
            ui.set_width(WIDTH_PT);
            ScrollArea::vertical().max_height(room_pt).min_scrolled_height(room_pt).show(ui, |ui| {
                ui.heading(concat!("Pentimento ", env!("CARGO_PKG_VERSION")));
                text_ui(WHAT, ui);
                if let Some(device) = &desk.state.device {
                    part_ui("It paints on", ui);
                    text_ui(device, ui);
                    if let Some(remark) = &desk.state.device_remark {
                        text_ui(remark, ui);
                    }
                }
                part_ui("Favourites are in", ui);
                text_ui(&library.display().to_string(), ui);
                part_ui("Whose work is in it", ui);
                text_ui(LICENCE, ui);
                text_ui(&format!("The network's weights: {}.", weights::CREDIT), ui);
                for sample in SAMPLES {
                    text_ui(&format!("{}: {}.", sample.title, sample.credit), ui);
                }
            });
        });
}

fn part_ui(heading: &str, ui: &mut Ui) {
    ui.add_space(theme::GROUP_GAP_PT);
    ui.strong(heading);
}

fn text_ui(text: &str, ui: &mut Ui) {
    ui.add(Label::new(RichText::new(text).weak()).wrap());
}
