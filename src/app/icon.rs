//! The program's icon: three strokes of a brush, one over the other, so that the older ones still show.

use egui::IconData;

/// So many points on a curve are straight enough at any size of an icon.
const STEPS: usize = 128;

/// A stroke: a quadratic curve by its three points, half its width at the middle, its colour. The icon's side is 1.
struct Stroke {
    points: [[f32; 2]; 3],
    radius: f32,
    colour: [f32; 3],
}

const STROKES: [Stroke; 3] = [
    Stroke { points: [[0.20, 0.36], [0.46, 0.12], [0.82, 0.34]], radius: 0.075, colour: [0.37, 0.49, 0.56] },
    Stroke { points: [[0.17, 0.60], [0.50, 0.30], [0.84, 0.56]], radius: 0.095, colour: [0.85, 0.81, 0.73] },
    Stroke { points: [[0.24, 0.82], [0.42, 0.52], [0.78, 0.77]], radius: 0.105, colour: [0.76, 0.61, 0.40] },
];

const GROUND: [f32; 3] = [0.125, 0.125, 0.125];
/// Radius of the ground's corners.
const CORNER: f32 = 0.2;

/// Draws it with so many pixels on each side.
#[must_use]
pub fn icon(side_px: u32) -> IconData {
    let mut rgba = Vec::with_capacity((side_px * side_px * 4) as usize);
    for y in 0..side_px {
        for x in 0..side_px {
            let at = [x, y].map(|at_px| (at_px as f32 + 0.5) / side_px as f32);
            let mut colour = GROUND;
            for stroke in &STROKES {
                // A brush leaves a little of what lies beneath.
                let cover = 0.94 * coverage(stroke.distance(at), side_px);
                colour = std::array::from_fn(|i| colour[i] + (stroke.colour[i] - colour[i]) * cover);
            }
            rgba.extend(colour.map(to_byte));
            rgba.push(to_byte(coverage(ground_distance(at), side_px)));
        }
    }
    IconData { rgba, width: side_px, height: side_px }
}

impl Stroke {
    /// Distance from the stroke's outline, negative inside. It swells towards the middle as under a hand's pressure.
    fn distance(&self, at: [f32; 2]) -> f32 {
        let [start, middle, end] = self.points;
        let signed = |step: usize| {
            let t = step as f32 / STEPS as f32;
            let on = |i: usize| (1.0 - t).powi(2) * start[i] + 2.0 * t * (1.0 - t) * middle[i] + t * t * end[i];
            let pressure = 0.45 + 0.55 * (std::f32::consts::PI * t).sin();
            (at[0] - on(0)).hypot(at[1] - on(1)) - self.radius * pressure
        };
        (0..=STEPS).map(signed).fold(f32::INFINITY, f32::min)
    }
}

/// Distance from the outline of the rounded square, negative inside.
fn ground_distance(at: [f32; 2]) -> f32 {
    let [x, y] = at.map(|side| (side - 0.5).abs() - (0.5 - CORNER));
    x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0) - CORNER
}

/// How much of a pixel lies inside an outline at this distance from its centre.
fn coverage(distance: f32, side_px: u32) -> f32 {
    (0.5 - distance * side_px as f32).clamp(0.0, 1.0)
}

fn to_byte(value: f32) -> u8 {
    (value * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_is_a_painted_square_with_open_corners() {
        const SIDE: u32 = 128;
        let icon = icon(SIDE);
        let pixel = |x: u32, y: u32| {
            let at = ((y * SIDE + x) * 4) as usize;
            [icon.rgba[at], icon.rgba[at + 1], icon.rgba[at + 2], icon.rgba[at + 3]]
        };
        assert_eq!(icon.rgba.len(), (icon.width * icon.height * 4) as usize);
        assert_eq!(pixel(0, 0)[3], 0);
        assert_eq!(pixel(SIDE / 2, 2), [32, 32, 32, 255]);
        let ochre = pixel(SIDE * 45 / 100, SIDE * 66 / 100);
        assert!(ochre[0] > ochre[2] + 60 && ochre[3] == 255, "{ochre:?}");
    }
}
