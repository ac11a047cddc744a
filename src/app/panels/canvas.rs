//! The picture itself: the painting, a favourite, or the photo before there is a painting.

use std::sync::Arc;

use egui::{
    Align, Align2, Color32, Layout, PointerButton, Rect, RichText, Sense, Stroke, StrokeKind, TextureFilter,
    TextureOptions, Ui, UiBuilder, Vec2, pos2, vec2,
};
use image::RgbaImage;

use super::super::action::Action;
use super::super::command::Exhibit;
use super::super::painting::Phase;
use super::super::state::State;
use super::super::textures::{CanvasTexture, Checkerboard};
use super::super::theme;
use super::super::view::View;
use super::super::widgets::Desk;
use super::super::words;
use super::curtain::{self, Curtain};
use super::mask_layer::{self, MaskLayer};
use super::timeline;

/// Physical pixels a picture's pixel must cover before it is shown as a square.
const NEAREST_FROM_PIXELS: f32 = 6.0;

/// Where what lies over the canvas has less room than this, its buttons have no labels.
const BANNER_LABELS_FROM_PT: f32 = 700.0;

/// What the canvas remembers between frames.
#[derive(Default)]
pub struct CanvasPanel {
    /// Magnification and position.
    pub view: View,
    texture: CanvasTexture,
    photo: CanvasTexture,
    checkerboard: Checkerboard,
    mask: MaskLayer,
    compare_held: bool,
    /// Between the picture and what it is compared with.
    pub curtain: Curtain,
    /// Screen points per unit for one pixel on one pixel, as of the last frame.
    actual_points_per_unit: f32,
}

/// What is looked at.
enum Shown {
    Photo,
    Painting,
    Exhibit,
}

impl CanvasPanel {
    /// One pixel of the picture on one pixel of the screen.
    pub fn show_actual_pixels(&mut self) {
        if self.actual_points_per_unit > 0.0 {
            self.view.set_points_per_unit(self.actual_points_per_unit);
        }
    }

    /// Draws everything that lies between the side panels.
    pub fn ui(&mut self, desk: &mut Desk<'_>, files_hover: bool, ui: &mut Ui) {
        mask_layer::banner_ui(desk, ui);
        egui::Panel::bottom("canvas bar")
            .resizable(false)
            .show_separator_line(false)
            .exact_size(theme::CANVAS_BAR_HEIGHT_PT)
            .show(ui, |ui| {
                self.bar_ui(desk, ui);
            });
        timeline::timeline_ui(desk, ui);
        let palette = theme::palette(ui.visuals());
        let frame = egui::Frame::new().fill(palette.canvas);
        let canvas = egui::CentralPanel::no_frame().frame(frame).show(ui, |ui| self.picture_ui(desk, files_hover, ui));
        banner_ui(desk, canvas.response.rect, ui);
    }

    fn picture_ui(&mut self, desk: &mut Desk<'_>, files_hover: bool, ui: &mut Ui) {
        let (window, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
        let palette = theme::palette(ui.visuals());
        let painter = ui.painter_at(window);
        let Some((image, shown)) = shown_picture(desk.state) else {
            painter.text(
                window.center(),
                Align2::CENTER_CENTER,
                "Drop a photo here",
                egui::TextStyle::Heading.resolve(ui.style()),
                ui.visuals().weak_text_color(),
            );
            response.accessible_name("Canvas, empty");
            return;
        };
        let size = unit_size(desk.state, &image);
        let masking = desk.state.masking.editor().is_some();
        self.navigate(ui, &response, window, size, masking);
        let place = self.view.place(window, size);

        // The zoom is told in pixels of the picture that is really there.
        let long_side_px = image.width().max(image.height()) as f32;
        let ppp = ui.ctx().pixels_per_point();
        self.actual_points_per_unit = long_side_px / ppp;
        let physical_per_px = self.view.points_per_unit(window, size) / self.actual_points_per_unit;

        let has_photo = desk.state.picture_info(&desk.state.recipe.content);
        let comparing = (self.compare_held || wants_compare(ui)) && !matches!(shown, Shown::Photo);
        let texture = match has_photo.filter(|_| comparing) {
            Some(photo) => self.photo.show(ui.ctx(), &photo.thumbnail, TextureOptions::LINEAR),
            None => self.texture.show(ui.ctx(), &image, self.sampling(physical_per_px)),
        };
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        self.checkerboard.show(&painter, place, palette.checker);
        let parted = self.curtain.is_drawn && !masking && !comparing && !matches!(shown, Shown::Photo);
        let other = curtain::other_side(desk.state, &image).filter(|_| parted);
        if let Some((other, other_name)) = &other {
            let parts = self.curtain.parts(place, window);
            let other = self.photo.show(ui.ctx(), other, TextureOptions::LINEAR);
            painter.with_clip_rect(parts.left).image(other.id(), place, uv, Color32::WHITE);
            painter.with_clip_rect(parts.right).image(texture.id(), place, uv, Color32::WHITE);
            self.curtain.ui(&parts, [other_name, curtain::own_side(desk.state)], ui);
        } else {
            painter.image(texture.id(), place, uv, Color32::WHITE);
        }
        if masking && !comparing {
            self.mask.ui(desk, &response, place, ui);
        }

        let name = match shown {
            _ if desk.state.masking.editor().is_some_and(|editor| editor.source().is_some()) => {
                "Canvas: brushing another picture in"
            }
            _ if masking => "Canvas: painting a mask",
            Shown::Photo => "Canvas: the photo",
            _ if comparing => "Canvas: comparing with the photo",
            _ if other.is_some() => "Canvas: two pictures, parted by a line",
            Shown::Painting => "Canvas: the painting",
            Shown::Exhibit => "Canvas: a kept picture",
        };
        if files_hover {
            painter.rect_stroke(window.shrink(3.0), 6.0, Stroke::new(2.0, palette.accent), StrokeKind::Inside);
            pill(ui, window, "Drop here for the photo, or on the styles");
        } else if matches!(shown, Shown::Photo) && !masking {
            pill(ui, window, photo_hint(desk.state));
        } else if parted && other.is_none() {
            pill(ui, window, "No line here: these pictures have different shapes");
        }
        response.accessible_name(name);
    }

    /// Pan and zoom; with a brush in the hand, the middle button alone moves the picture.
    fn navigate(&mut self, ui: &Ui, response: &egui::Response, window: Rect, size: Vec2, masking: bool) {
        if (response.dragged_by(PointerButton::Primary) && !masking) || response.dragged_by(PointerButton::Middle) {
            self.view.pan(window, size, response.drag_delta());
        }
        if response.double_clicked() && !masking {
            self.view = View::Fit;
        }
        let Some(at) = response.hover_pos() else { return };
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = pinch * (scroll / 240.0).exp();
        if factor != 1.0 {
            self.view.zoom(window, size, factor, at);
        }
    }

    fn sampling(&self, physical_per_px: f32) -> TextureOptions {
        // Fitted early stages are magnified as well, and there they are meant to look like a soft first sketch.
        if self.view != View::Fit && physical_per_px >= NEAREST_FROM_PIXELS {
            return TextureOptions { magnification: TextureFilter::Nearest, ..TextureOptions::LINEAR };
        }
        // Shrunk a lot, bilinear sampling alone would skip pixels.
        let mipmap_mode = (physical_per_px < 0.6).then_some(TextureFilter::Linear);
        TextureOptions { mipmap_mode, ..TextureOptions::LINEAR }
    }

    fn bar_ui(&mut self, desk: &mut Desk<'_>, ui: &mut Ui) {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = theme::SMALL_GAP_PT;
            desk.action_icon(ui, Action::Fit, self.view == View::Fit);
            desk.action_text(ui, Action::ActualPixels);
            let compare = desk.action_icon(ui, Action::Compare, false);
            self.compare_held = compare.is_pointer_button_down_on();
            desk.action_icon(ui, Action::Part, self.curtain.is_drawn);
            desk.action_icon(ui, Action::Copy, false);
            ui.spacing_mut().item_spacing.x = theme::GROUP_GAP_PT;
            if let Some(percent) = self.percent() {
                ui.label(RichText::new(percent).small().weak()).on_hover_text("Magnification");
            }
            if let Some(device) = &desk.state.device {
                let chip = egui::Label::new(RichText::new(device).small().weak()).truncate();
                let remark = desk.state.device_remark.as_ref().map_or_else(String::new, |remark| format!("\n{remark}"));
                ui.add(chip).on_hover_text(format!("Computes on: {device}{remark}"));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = RichText::new(caption(desk.state)).small().weak();
                ui.add(egui::Label::new(text).truncate());
            });
        });
    }

    fn percent(&self) -> Option<String> {
        let View::Free { points_per_unit, .. } = self.view else { return None };
        (self.actual_points_per_unit > 0.0)
            .then(|| format!("{:.0} %", points_per_unit / self.actual_points_per_unit * 100.0))
    }
}

/// Something else than the painting is looked at: says so and offers what can be done with it. It lies over the canvas, so
/// that a picture stands where the painting stood and the two can be compared.
fn banner_ui(desk: &mut Desk<'_>, canvas: Rect, ui: &mut Ui) {
    let Some(exhibit) = &desk.state.exhibit else { return };
    let what = match exhibit {
        Exhibit::Favourite(_) => "Viewing a favourite",
        Exhibit::Previous => "Viewing the previous canvas",
        Exhibit::Moment(_) => "Viewing an earlier moment",
    };
    let place = Rect::from_min_size(canvas.min, vec2(canvas.width(), theme::TOOL_HEIGHT_PT + 8.0));
    ui.painter().rect_filled(place, 0.0, ui.visuals().panel_fill.gamma_multiply(0.9));
    ui.scope_builder(UiBuilder::new().max_rect(place.shrink2(vec2(12.0, 4.0))), |ui| {
        ui.horizontal_centered(|ui| {
            let narrow = place.width() < BANNER_LABELS_FROM_PT;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                desk.action_tool(ui, Action::BackToPainting, narrow);
                if desk.state.offers(Action::DeleteShown) {
                    desk.action_icon(ui, Action::DeleteShown, false);
                }
                desk.action_tool(ui, Action::TakeSettings, narrow);
                desk.action_tool(ui, Action::GoOnFromShown, narrow);
                desk.action_tool(ui, Action::BrushIn, narrow);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.strong(what);
                    if let Some(iteration) = desk.state.shown_iteration() {
                        ui.add(egui::Label::new(RichText::new(format!("iteration {iteration}")).weak()).truncate());
                    }
                });
            });
        });
    });
}

/// The picture that the canvas shows.
fn shown_picture(state: &State) -> Option<(Arc<RgbaImage>, Shown)> {
    if let Some(exhibit) = &state.exhibit {
        let image = state.shown_exhibit().or_else(|| match exhibit {
            // The small version bridges the moment until the file is read.
            Exhibit::Favourite(path) => {
                let favourite = state.favourites.iter().find(|known| known.path == *path)?;
                Some(Arc::clone(&favourite.thumbnail))
            }
            Exhibit::Previous | Exhibit::Moment(_) => None,
        });
        return image.map(|image| (image, Shown::Exhibit));
    }
    if let Some(canvas) = state.painting.as_ref().and_then(|painting| painting.canvas.as_ref()) {
        return Some((Arc::clone(&canvas.image), Shown::Painting));
    }
    let photo = state.picture_info(&state.recipe.content)?;
    Some((Arc::clone(&photo.thumbnail), Shown::Photo))
}

/// Size in units. Early stages are so small that rounding changes their aspect; the photo's is the true one.
fn unit_size(state: &State, image: &RgbaImage) -> Vec2 {
    let own = View::unit_size(image.width() as f32, image.height() as f32);
    let of_this_photo = !matches!(state.exhibit, Some(Exhibit::Favourite(_) | Exhibit::Previous));
    let Some(photo) = state.picture_info(&state.recipe.content).filter(|_| of_this_photo) else {
        return own;
    };
    let size = View::unit_size(photo.width_px as f32, photo.height_px as f32);
    let rounding = 1.0 / image.width().min(image.height()).max(1) as f32;
    if ((own.x / own.y) / (size.x / size.y) - 1.0).abs() <= rounding { size } else { own }
}

fn wants_compare(ui: &Ui) -> bool {
    let key = Action::Compare.shortcut().map(|shortcut| shortcut.logical_key);
    !ui.ctx().text_edit_focused()
        && key.is_some_and(|key| ui.input(|input| input.key_down(key) && input.modifiers.is_none()))
}

fn photo_hint(state: &State) -> &'static str {
    match &state.painting {
        Some(painting) if painting.is_working() => "Preparing the painting",
        Some(painting) if painting.phase == Phase::Failed => "The painting broke off, see Messages",
        _ => "Press Paint or the space bar",
    }
}

fn caption(state: &State) -> String {
    if state.exhibit.is_some() {
        return String::new();
    }
    match &state.painting {
        Some(_) => words::painting_name(&state.recipe),
        None => format!("{}, the photo", words::picture_name(&state.recipe.content)),
    }
}

/// A line of text at the bottom of the canvas.
fn pill(ui: &Ui, window: Rect, text: &str) {
    let palette = theme::palette(ui.visuals());
    let font = egui::TextStyle::Body.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, palette.on_veil);
    let size = galley.size() + vec2(28.0, 14.0);
    let rect = Rect::from_center_size(pos2(window.center().x, window.bottom() - 40.0), size);
    ui.painter().rect_filled(rect, size.y / 2.0, palette.veil);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, palette.on_veil);
}
