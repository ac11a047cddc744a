//! Two pictures in one place, parted by a line that can be dragged: what there was on its left, what is looked at on its
//! right.

use std::sync::Arc;

use egui::{
    Align2, CursorIcon, EventFilter, Id, Key, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, WidgetInfo, emath, pos2,
    vec2,
};
use image::RgbaImage;

use super::super::command::Exhibit;
use super::super::state::State;
use super::super::theme;
use crate::image_io::have_one_shape;

/// How near to the line the pointer takes hold of it.
const REACH_PT: f32 = 10.0;
const KNOB_RADIUS_PT: f32 = 13.0;
/// What an arrow key moves the line by, as a part of what is seen.
const KEY_STEP: f32 = 0.02;

/// The line.
pub struct Curtain {
    /// Whether there is one.
    pub is_drawn: bool,
    /// Where, as a part of what is seen of the picture: it stays in sight when the picture is moved.
    at: f32,
}

impl Default for Curtain {
    fn default() -> Self {
        Self { is_drawn: false, at: 0.5 }
    }
}

impl Curtain {
    /// What is seen on both sides of the line, for a picture in `place` within `window`.
    #[must_use]
    pub fn parts(&self, place: Rect, window: Rect) -> Parts {
        let seen = place.intersect(window);
        let x = emath::lerp(seen.x_range(), self.at);
        Parts {
            left: Rect::from_min_max(seen.min, pos2(x, seen.bottom())),
            right: Rect::from_min_max(pos2(x, seen.top()), seen.max),
        }
    }

    /// Draws the line, between what has these names, and follows the hand.
    pub fn ui(&mut self, parts: &Parts, names: [&str; 2], ui: &Ui) {
        let seen = parts.left.union(parts.right);
        let line = Rect::from_center_size(parts.right.left_center(), vec2(2.0 * REACH_PT, seen.height()));
        let response = ui.interact(line, Id::unique("curtain"), Sense::click_and_drag());
        let response = response.on_hover_and_drag_cursor(CursorIcon::ResizeHorizontal);
        if let Some(pointer) = response.interact_pointer_pos() {
            self.at = emath::remap_clamp(pointer.x, seen.x_range(), 0.0..=1.0);
        }
        if response.is_pointer_button_down_on() {
            response.request_focus();
        }
        if response.has_focus() {
            self.follow_keys(response.id, ui);
        }
        let value = f64::from((self.at * 100.0).round());
        response.widget_info(|| WidgetInfo {
            value: Some(value),
            ..WidgetInfo::labeled(egui::Role::Slider, true, format!("Divider: {} and {}", names[0], names[1]))
        });
        draw(ui, parts, names, response.hovered() || response.dragged() || response.has_focus());
    }

    /// With the focus on it, the arrows are its own; else they would move the focus or the timeline.
    fn follow_keys(&mut self, id: Id, ui: &Ui) {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        for (key, step) in [(Key::ArrowLeft, -KEY_STEP), (Key::ArrowRight, KEY_STEP)] {
            let times = ui.input(|input| input.num_presses(key));
            self.at = (self.at + step * times as f32).clamp(0.0, 1.0);
        }
    }
}

/// The two sides of the line on the screen.
pub struct Parts {
    /// Of what there was.
    pub left: Rect,
    /// Of what is looked at.
    pub right: Rect,
}

/// What stands on the left of `own`: the photo, or beside something kept the painting as it is now. With its name. Nothing, if
/// that has another shape: then it is of something else.
#[must_use]
pub fn other_side(state: &State, own: &RgbaImage) -> Option<(Arc<RgbaImage>, &'static str)> {
    let canvas = state.painting.as_ref().and_then(|painting| painting.canvas.as_ref());
    let other = match canvas.filter(|_| state.exhibit.is_some()) {
        Some(canvas) => (Arc::clone(&canvas.image), "painting"),
        None => (Arc::clone(&state.picture_info(&state.recipe.content)?.thumbnail), "photo"),
    };
    Some(other).filter(|(other, _)| have_one_shape(own.dimensions(), other.dimensions()))
}

/// The name of what stands on the right.
#[must_use]
pub fn own_side(state: &State) -> &'static str {
    match &state.exhibit {
        None => "painting",
        Some(Exhibit::Favourite(_)) => "favourite",
        Some(Exhibit::Previous) => "previous canvas",
        Some(Exhibit::Moment(_)) => "earlier moment",
    }
}

fn draw(ui: &Ui, parts: &Parts, names: [&str; 2], is_touched: bool) {
    let (painter, palette) = (ui.painter(), theme::palette(ui.visuals()));
    let (middle, height) = (parts.right.left_center(), parts.right.y_range());
    // On any picture one of the two is seen.
    painter.vline(middle.x, height, Stroke::new(4.0, palette.veil));
    painter.vline(middle.x, height, Stroke::new(1.5, palette.on_veil));
    painter.circle(
        middle,
        KNOB_RADIUS_PT,
        palette.veil,
        Stroke::new(if is_touched { 2.0 } else { 1.0 }, palette.on_veil),
    );
    for direction in [-1.0, 1.0] {
        let tip = middle + vec2(direction * 8.0, 0.0);
        let back = direction * -4.0;
        let points = vec![tip, tip + vec2(back, -4.0), tip + vec2(back, 4.0)];
        painter.add(Shape::convex_polygon(points, palette.on_veil, Stroke::NONE));
    }
    let bottom = height.max - 10.0;
    label(&painter.with_clip_rect(parts.left), ui, pos2(middle.x - 10.0, bottom), Align2::RIGHT_BOTTOM, names[0]);
    label(&painter.with_clip_rect(parts.right), ui, pos2(middle.x + 10.0, bottom), Align2::LEFT_BOTTOM, names[1]);
}

/// Words on a veil.
fn label(painter: &Painter, ui: &Ui, at: Pos2, align: Align2, text: &str) {
    let palette = theme::palette(ui.visuals());
    let mut words = text.to_owned();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let galley = painter.layout_no_wrap(words, egui::TextStyle::Small.resolve(ui.style()), palette.on_veil);
    let rect = align.anchor_size(at, galley.size() + vec2(12.0, 6.0));
    painter.rect_filled(rect, rect.height() / 2.0, palette.veil);
    painter.galley(rect.center() - galley.size() / 2.0, galley, palette.on_veil);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_stays_in_sight() {
        let window = Rect::from_min_size(pos2(100.0, 50.0), vec2(600.0, 400.0));
        let curtain = Curtain { is_drawn: true, at: 0.25 };
        // All of the picture is seen, then a part of it that lies far to one side.
        for place in [
            Rect::from_min_size(pos2(200.0, 100.0), vec2(400.0, 300.0)),
            Rect::from_min_size(pos2(-3000.0, 0.0), vec2(3500.0, 3000.0)),
        ] {
            let Parts { left, right } = curtain.parts(place, window);
            let seen = place.intersect(window);
            assert_eq!(left.union(right), seen);
            assert!((left.width() / seen.width() - 0.25).abs() < 1e-5 && left.right() == right.left());
        }
    }
}
