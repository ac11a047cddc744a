//! A soft round brush on a grey picture. Pure arithmetic.
//!
//! A stroke covers every pixel by its distance to the whole line that the pointer drew, not dab by dab: a fast stroke
//! has no gaps, and a slow one does not pile up.

use image::GrayImage;

/// A rectangle of pixels; the right and lower ends lie outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Left.
    pub left: u32,
    /// Top.
    pub top: u32,
    /// Right, exclusive.
    pub right: u32,
    /// Bottom, exclusive.
    pub bottom: u32,
}

impl Area {
    /// The whole of a picture.
    #[must_use]
    pub fn of(image: &GrayImage) -> Self {
        Self { left: 0, top: 0, right: image.width(), bottom: image.height() }
    }

    /// Whether it holds no pixel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    /// The smallest one around both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => Self {
                left: self.left.min(other.left),
                top: self.top.min(other.top),
                right: self.right.max(other.right),
                bottom: self.bottom.max(other.bottom),
            },
        }
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        [self.right.saturating_sub(self.left) as usize, self.bottom.saturating_sub(self.top) as usize]
    }

    /// The places of its pixels, column and row, row by row.
    pub fn places(self) -> impl Iterator<Item = [u32; 2]> {
        (self.top..self.bottom).flat_map(move |y| (self.left..self.right).map(move |x| [x, y]))
    }

    /// Its pixels in a picture that it lies in, row by row.
    #[must_use]
    pub fn pixels(&self, image: &GrayImage) -> Vec<u8> {
        (self.top..self.bottom).flat_map(|y| image.as_raw()[self.row(image, y)].iter().copied()).collect()
    }

    /// Puts as many pixels in the place of its own.
    pub fn put(&self, pixels: &[u8], image: &mut GrayImage) {
        for (y, pixels) in (self.top..self.bottom).zip(pixels.chunks_exact(self.size()[0].max(1))) {
            let row = self.row(image, y);
            image.as_flat_samples_mut().samples[row].copy_from_slice(pixels);
        }
    }

    fn row(&self, image: &GrayImage, y: u32) -> std::ops::Range<usize> {
        let start = y as usize * image.width() as usize;
        start + self.left as usize..start + self.right as usize
    }
}

/// A round brush.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brush {
    /// From its centre to its outermost trace, in pixels; at least one.
    pub radius_px: f32,
    /// Share of the radius, 0 to 1, that is covered fully; from there it fades to the radius, over a pixel at least.
    pub hardness: f32,
    /// Whether it takes white away instead of laying it on.
    pub erases: bool,
}

impl Brush {
    /// How much of a pixel is covered, 0 to 1, at so many pixels from the line.
    fn coverage(&self, distance_px: f32) -> f32 {
        let radius = self.radius_px.max(1.0);
        let fade = ((1.0 - self.hardness.clamp(0.0, 1.0)) * radius).max(1.0);
        let t = ((radius - distance_px) / fade).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    }
}

/// A point in pixels; the first pixel's centre is at one half.
pub type Point = [f32; 2];

/// A stroke that is being painted.
#[derive(Debug, Clone)]
pub struct Stroke {
    brush: Brush,
    before: GrayImage,
    /// How far the stroke covers every pixel, of 255.
    coverage: Vec<u8>,
    last: Option<Point>,
    touched: Area,
}

impl Stroke {
    /// Begins over a picture.
    #[must_use]
    pub fn begin(brush: Brush, mask: &GrayImage) -> Self {
        let coverage = vec![0; mask.as_raw().len()];
        Self { brush, before: mask.clone(), coverage, last: None, touched: Area::default() }
    }

    /// Draws on to a point; answers with the pixels that may have changed.
    pub fn extend(&mut self, mask: &mut GrayImage, to: Point) -> Area {
        let from = self.last.replace(to).unwrap_or(to);
        let area = self.reach(from, to);
        let width = mask.width() as usize;
        let (before, mask) = (self.before.as_raw(), mask.as_flat_samples_mut().samples);
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let distance = distance_to_segment([x as f32 + 0.5, y as f32 + 0.5], from, to);
                let covered = (255.0 * self.brush.coverage(distance)).round() as u8;
                let i = y as usize * width + x as usize;
                if covered > self.coverage[i] {
                    self.coverage[i] = covered;
                    mask[i] = blend(before[i], covered, self.brush.erases);
                }
            }
        }
        self.touched = self.touched.union(area);
        area
    }

    /// All that the stroke may have changed, and how it was before.
    #[must_use]
    pub fn finish(self) -> (Area, Vec<u8>) {
        let pixels = self.touched.pixels(&self.before);
        (self.touched, pixels)
    }

    /// The pixels that the brush can reach on its way.
    fn reach(&self, from: Point, to: Point) -> Area {
        let radius = self.brush.radius_px.max(1.0);
        // `as` saturates, which is the cutting off at the edges that is wanted.
        let range = |a: f32, b: f32, end: u32| {
            (((a.min(b) - radius).floor() as u32).min(end), ((a.max(b) + radius).ceil() as u32).min(end))
        };
        let (left, right) = range(from[0], to[0], self.before.width());
        let (top, bottom) = range(from[1], to[1], self.before.height());
        Area { left, top, right, bottom }
    }
}

/// A grey that is covered so far, of 255, with white or, if it erases, with black.
#[must_use]
pub fn blend(before: u8, covered: u8, erases: bool) -> u8 {
    let (before, covered) = (u16::from(before), u16::from(covered));
    let towards = if erases { 0 } else { 255 };
    // At most 255 * 255 + 127, which fits 16 bits; the quotient is at most 255.
    ((before * (255 - covered) + towards * covered + 127) / 255) as u8
}

fn distance_to_segment(point: Point, from: Point, to: Point) -> f32 {
    let (along, off) = ([to[0] - from[0], to[1] - from[1]], [point[0] - from[0], point[1] - from[1]]);
    let length = along[0] * along[0] + along[1] * along[1];
    let t = if length > 0.0 { ((off[0] * along[0] + off[1] * along[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
    (off[0] - t * along[0]).hypot(off[1] - t * along[1])
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};

    use super::*;

    const WIDTH: u32 = 83;
    const HEIGHT: u32 = 61;

    fn paint(brush: Brush, line: &[Point], mask: &mut GrayImage) -> (Area, Vec<u8>) {
        let mut stroke = Stroke::begin(brush, mask);
        for point in line {
            stroke.extend(mask, *point);
        }
        stroke.finish()
    }

    fn random_line(random: &mut impl Rng) -> Vec<Point> {
        // Some of it lies beyond the edges.
        (0..random.random_range(1..6))
            .map(|_| [random.random_range(-30.0..110.0), random.random_range(-30.0..90.0)])
            .collect()
    }

    fn random_brush(random: &mut impl Rng) -> Brush {
        Brush { radius_px: random.random_range(0.5..25.0), hardness: random.random_range(0.0..=1.0), erases: false }
    }

    fn distance(line: &[Point], x: u32, y: u32) -> f32 {
        let at = [x as f32 + 0.5, y as f32 + 0.5];
        let segments = line.windows(2).map(|ends| distance_to_segment(at, ends[0], ends[1]));
        segments.fold(distance_to_segment(at, line[0], line[0]), f32::min)
    }

    #[test]
    fn a_stroke_is_full_inside_and_leaves_no_trace_outside() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for _ in 0..60 {
            let (brush, line) = (random_brush(&mut random), random_line(&mut random));
            let mut mask = GrayImage::new(WIDTH, HEIGHT);
            let (touched, _) = paint(brush, &line, &mut mask);
            let radius = brush.radius_px.max(1.0);
            for (x, y, grey) in mask.enumerate_pixels() {
                let distance = distance(&line, x, y);
                if distance <= (radius * brush.hardness).min(radius - 1.0) {
                    assert_eq!(grey.0, [255], "{brush:?}, {distance} from {line:?}");
                }
                if distance >= radius {
                    assert_eq!(grey.0, [0], "{brush:?}, {distance} from {line:?}");
                }
                let inside = (touched.left..touched.right).contains(&x) && (touched.top..touched.bottom).contains(&y);
                assert!(inside || grey.0 == [0], "{x}, {y} outside of {touched:?}");
            }
        }
    }

    #[test]
    fn a_slow_stroke_paints_what_a_fast_one_does() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        for _ in 0..30 {
            let (brush, line) = (random_brush(&mut random), random_line(&mut random));
            let between =
                |a: Point, b: Point| (0..=20).map(move |i| [0, 1].map(|k| a[k] + (b[k] - a[k]) * i as f32 / 20.0));
            let mut slow: Vec<Point> = vec![line[0]];
            slow.extend(line.windows(2).flat_map(|ends| between(ends[0], ends[1])));
            // Back over its own trace.
            slow.extend(slow.clone().iter().rev());
            let (mut fast_mask, mut slow_mask) = (GrayImage::new(WIDTH, HEIGHT), GrayImage::new(WIDTH, HEIGHT));
            paint(brush, &line, &mut fast_mask);
            paint(brush, &slow, &mut slow_mask);
            for (fast, slow) in fast_mask.pixels().zip(slow_mask.pixels()) {
                assert!(fast.0[0].abs_diff(slow.0[0]) <= 1, "{brush:?} along {line:?}");
            }
        }
    }

    #[test]
    fn greys_fall_from_the_middle_to_the_rim() {
        let brush = Brush { radius_px: 20.0, hardness: 0.4, erases: false };
        let mut mask = GrayImage::new(61, 61);
        paint(brush, &[[30.5, 30.5]], &mut mask);
        let row: Vec<u8> = (30..61).map(|x| mask.get_pixel(x, 30).0[0]).collect();
        assert!(row.is_sorted_by(|a, b| a >= b), "{row:?}");
        assert_eq!((row[8], row[14], row[20]), (255, 128, 0));
    }

    #[test]
    fn the_eraser_takes_away_and_undo_brings_back() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for _ in 0..30 {
            let line = random_line(&mut random);
            let brush = random_brush(&mut random);
            let mut mask = GrayImage::from_fn(WIDTH, HEIGHT, |_, _| image::Luma([random.random()]));
            let original = mask.clone();
            let (touched, before) = paint(Brush { erases: true, ..brush }, &line, &mut mask);
            assert!(mask.iter().zip(original.iter()).all(|(erased, original)| erased <= original));
            let erased = mask.clone();
            let after = touched.pixels(&mask);
            touched.put(&before, &mut mask);
            assert_eq!(mask, original);
            touched.put(&after, &mut mask);
            assert_eq!(mask, erased);
        }
    }

    #[test]
    fn areas_join_and_empty_ones_do_not_count() {
        let area = Area { left: 3, top: 4, right: 9, bottom: 5 };
        assert_eq!(Area::default().union(area), area);
        assert_eq!(area.union(Area { left: 50, right: 50, ..area }), area);
        assert_eq!(
            area.union(Area { left: 0, top: 7, right: 1, bottom: 8 }),
            Area { left: 0, top: 4, right: 9, bottom: 8 }
        );
        assert_eq!(area.size(), [6, 1]);
    }
}
