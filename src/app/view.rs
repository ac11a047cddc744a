//! Where the picture lies in the window: pan and zoom.
//!
//! The picture is a rectangle whose long side is one unit, whatever its pixels, so a painting keeps its place on the
//! screen when a stage ends and its canvas grows.

use egui::{Pos2, Rect, Vec2, vec2};

/// Magnification and position.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum View {
    /// As large as fits.
    #[default]
    Fit,
    /// As the artist has put it.
    Free {
        /// Points on the screen per unit.
        points_per_unit: f32,
        /// What lies in the middle of the window, as fractions of the picture's width and height.
        centre: Vec2,
    },
}

/// Free space around a fitted picture, in points.
const FIT_MARGIN_PT: f32 = 16.0;
/// Smallest picture that can be zoomed to, in points.
const MIN_POINTS_PER_UNIT: f32 = 48.0;
/// Largest; beyond it, single pixels of the largest painting fill the window.
const MAX_POINTS_PER_UNIT: f32 = 400_000.0;

impl View {
    /// Size in units of a picture of these dimensions.
    #[must_use]
    pub fn unit_size(width_px: f32, height_px: f32) -> Vec2 {
        vec2(width_px, height_px) / width_px.max(height_px).max(1.0)
    }

    /// Points on the screen per unit.
    #[must_use]
    pub fn points_per_unit(&self, window: Rect, size: Vec2) -> f32 {
        match self {
            Self::Free { points_per_unit, .. } => *points_per_unit,
            Self::Fit => {
                let room = (window.size() - Vec2::splat(2.0 * FIT_MARGIN_PT)).max(Vec2::splat(1.0));
                (room.x / size.x).min(room.y / size.y)
            }
        }
    }

    /// The picture's rectangle on the screen.
    #[must_use]
    pub fn place(&self, window: Rect, size: Vec2) -> Rect {
        let shown = size * self.points_per_unit(window, size);
        let centre = match self {
            Self::Fit => Vec2::splat(0.5),
            Self::Free { centre, .. } => *centre,
        };
        Rect::from_min_size(window.center() - centre * shown, shown)
    }

    /// Moves the picture by `delta` points.
    pub fn pan(&mut self, window: Rect, size: Vec2, delta: Vec2) {
        let place = self.place(window, size).translate(delta);
        *self = Self::from_place(window, size, place);
    }

    /// Magnifies by `factor`, keeping what is under `at` where it is.
    pub fn zoom(&mut self, window: Rect, size: Vec2, factor: f32, at: Pos2) {
        let before = self.points_per_unit(window, size);
        let factor = (before * factor).clamp(MIN_POINTS_PER_UNIT, MAX_POINTS_PER_UNIT) / before;
        let place = self.place(window, size);
        let place = Rect::from_min_max(at + (place.min - at) * factor, at + (place.max - at) * factor);
        *self = Self::from_place(window, size, place);
    }

    /// Shows the picture at so many points per unit, its middle where it was.
    pub fn set_points_per_unit(&mut self, points_per_unit: f32) {
        let centre = match self {
            Self::Fit => Vec2::splat(0.5),
            Self::Free { centre, .. } => *centre,
        };
        let points_per_unit = points_per_unit.clamp(MIN_POINTS_PER_UNIT, MAX_POINTS_PER_UNIT);
        *self = Self::Free { points_per_unit, centre };
    }

    fn from_place(window: Rect, size: Vec2, place: Rect) -> Self {
        // The middle of the window always shows some of the picture, so that it cannot be lost.
        let centre = ((window.center() - place.min) / place.size()).clamp(Vec2::ZERO, Vec2::splat(1.0));
        Self::Free { points_per_unit: place.width() / size.x, centre }
    }
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    const WINDOW: Rect = Rect { min: pos2(100.0, 50.0), max: pos2(900.0, 650.0) };

    fn near(a: Pos2, b: Pos2) -> bool {
        (a - b).length() < 0.05
    }

    #[test]
    fn zooming_keeps_what_is_under_the_pointer() {
        let size = View::unit_size(512.0, 384.0);
        let mut view = View::Fit;
        let place = view.place(WINDOW, size);
        let at = place.lerp_inside(vec2(0.3, 0.7));
        for factor in [1.5, 4.0, 0.7, 1.0 / 3.0] {
            view.zoom(WINDOW, size, factor, at);
            assert!(near(view.place(WINDOW, size).lerp_inside(vec2(0.3, 0.7)), at), "{factor}");
        }
    }

    #[test]
    fn a_growing_canvas_stays_where_it_is() {
        let mut view = View::Fit;
        let small = View::unit_size(128.0, 96.0);
        view.zoom(WINDOW, small, 2.0, pos2(300.0, 300.0));
        view.pan(WINDOW, small, vec2(20.0, -10.0));
        assert_eq!(view.place(WINDOW, small), view.place(WINDOW, View::unit_size(512.0, 384.0)));
    }

    #[test]
    fn the_picture_cannot_be_lost() {
        let size = View::unit_size(100.0, 300.0);
        let mut view = View::Fit;
        view.pan(WINDOW, size, vec2(1e6, -1e6));
        assert!(view.place(WINDOW, size).expand(0.1).contains(WINDOW.center()));
        view.zoom(WINDOW, size, 1e-9, WINDOW.center());
        assert!(view.points_per_unit(WINDOW, size) >= MIN_POINTS_PER_UNIT * 0.99);
    }
}
