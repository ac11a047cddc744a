//! What a fill takes in, for every tolerance at once.
//!
//! `reach(p)` is the least tolerance at which a fill that starts at a pixel comes to pixel `p`: the least, over all ways from there to
//! `p`, of the greatest distance `|c_q - c_0|` of their pixels `q` to the colour at the start. Colours are compared in Oklab
//! (Ottosson 2020), after the noise of single pixels was smoothed.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma, RgbaImage};

use crate::image_io::rgb_over_white;

/// The distance in Oklab, in which black and white are 1 apart, that the greatest tolerance bridges.
const WIDEST: f32 = 0.3;
/// What no tolerance reaches.
const NEVER: u8 = u8::MAX;

type Colour = [f32; 3];

/// The least tolerance, 0 to 254, at which a fill that starts at a pixel, column and row, comes to each pixel of a mask of
/// this size over the picture; 255 where none does.
#[must_use]
pub fn reach(picture: &RgbaImage, [x, y]: [u32; 2], size: (u32, u32)) -> GrayImage {
    let (width, height) = picture.dimensions();
    if x >= width || y >= height {
        return GrayImage::from_pixel(size.0, size.1, Luma([NEVER]));
    }
    let colours = smoothed(&oklab(picture), width as usize);
    let reach = flood(&colours, width as usize, y as usize * width as usize + x as usize);
    // Specks and lines of a pixel or two, smoothed to three or four, do not stand out of what is filled.
    let joins: [fn(u8, u8) -> u8; 4] = [u8::min, u8::min, u8::max, u8::max];
    let without_specks = joins.into_iter().fold(reach, |reach, join| neighbourhoods(&reach, width as usize, join));
    // One value was made for each pixel.
    let reach = GrayImage::from_raw(width, height, without_specks).unwrap_or_default();
    if size == (width, height) { reach } else { imageops::resize(&reach, size.0, size.1, FilterType::Triangle) }
}

/// Goes through the pixels from the most easily reached on, as Dijkstra's algorithm does: there are only as many distances as greys.
fn flood(colours: &[Colour], width: usize, start: usize) -> Vec<u8> {
    let mut reach = vec![NEVER; colours.len()];
    let mut waiting = vec![Vec::new(); usize::from(NEVER)];
    reach[start] = 0;
    waiting[0].push(start);
    for tolerance in 0..NEVER {
        while let Some(here) = waiting[usize::from(tolerance)].pop() {
            if reach[here] != tolerance {
                continue;
            }
            for next in neighbours(here, width, colours.len()) {
                // `as` saturates, at what no tolerance reaches.
                let needed = (distance(colours[next], colours[start]) / WIDEST * f32::from(NEVER)) as u8;
                let needed = needed.max(tolerance);
                if needed < reach[next] {
                    reach[next] = needed;
                    waiting[usize::from(needed)].push(next);
                }
            }
        }
    }
    reach
}

fn neighbours(here: usize, width: usize, len: usize) -> impl Iterator<Item = usize> {
    let x = here % width;
    let (left, right) = ((x > 0).then(|| here - 1), (x + 1 < width).then_some(here + 1));
    let (above, below) = (here.checked_sub(width), Some(here + width).filter(|below| *below < len));
    [left, right, above, below].into_iter().flatten()
}

fn distance(a: Colour, b: Colour) -> f32 {
    [0, 1, 2].map(|i| (a[i] - b[i]).powi(2)).iter().sum::<f32>().sqrt()
}

fn oklab(picture: &RgbaImage) -> Vec<Colour> {
    let linear: Vec<f32> = (0..=u8::MAX)
        .map(|value| f32::from(value) / 255.0)
        .map(|value| if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) })
        .collect();
    let mix =
        |weights: [f32; 3], values: Colour| weights.iter().zip(values).map(|(weight, value)| weight * value).sum();
    picture
        .pixels()
        .map(|pixel| {
            let rgb = rgb_over_white(pixel.0).map(|value| linear[usize::from(value)]);
            let cones = [
                [0.412_221_5, 0.536_332_5, 0.051_446],
                [0.211_903_5, 0.680_699_5, 0.107_397],
                [0.088_302_5, 0.281_718_8, 0.629_978_7],
            ];
            let cones = cones.map(|weights| f32::cbrt(mix(weights, rgb)));
            [
                [0.210_454_3, 0.793_617_8, -0.004_072],
                [1.977_998_5, -2.428_592_2, 0.450_593_7],
                [0.025_904, 0.782_771_8, -0.808_675_8],
            ]
            .map(|weights| mix(weights, cones))
        })
        .collect()
}

/// The mean of each pixel and those around it.
fn smoothed(colours: &[Colour], width: usize) -> Vec<Colour> {
    let add = |a: Colour, b: Colour| [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
    neighbourhoods(colours, width, add).into_iter().map(|sum| sum.map(|channel| channel / 9.0)).collect()
}

/// Each value joined with the eight around it; beyond the edges the outermost are repeated.
fn neighbourhoods<T: Copy>(values: &[T], width: usize, join: impl Fn(T, T) -> T) -> Vec<T> {
    let rows = values.chunks_exact(width).flat_map(|row| {
        let join = &join;
        (0..width).map(move |x| join(join(row[x.saturating_sub(1)], row[x]), row[(x + 1).min(width - 1)]))
    });
    let rows: Vec<T> = rows.collect();
    let last = (rows.len() / width).saturating_sub(1);
    let at = |x: usize, y: usize| rows[y * width + x];
    (0..rows.len())
        .map(|i| (i % width, i / width))
        .map(|(x, y)| join(join(at(x, y.saturating_sub(1)), at(x, y)), at(x, (y + 1).min(last))))
        .collect()
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    fn grey(value: u8) -> Rgba<u8> {
        Rgba([value, value, value, 255])
    }

    fn reach(picture: &RgbaImage, from: [u32; 2]) -> GrayImage {
        super::reach(picture, from, picture.dimensions())
    }

    fn taken_in(reach: &GrayImage, tolerance: u8) -> usize {
        reach.iter().filter(|needed| **needed <= tolerance).count()
    }

    #[test]
    fn an_edge_stops_it_and_a_slope_does_not() {
        // Left of column 40 it grows lighter by and by, right of it it is lighter at once.
        let picture = RgbaImage::from_fn(80, 30, |x, _| grey(if x < 40 { 100 + x as u8 } else { 190 }));
        let reach = reach(&picture, [2, 15]);
        let left = |x: u32| reach.get_pixel(x, 15).0[0];
        assert!(left(2) == 0 && left(20) < left(36), "{} {} {}", left(2), left(20), left(36));
        assert!(left(36) < left(45), "{} {}", left(36), left(45));
        assert_eq!(taken_in(&reach, left(45) - 1) % 30, 0, "whole columns");
        assert!(taken_in(&reach, left(36)) >= 36 * 30);
        assert_eq!(taken_in(&reach, left(45)), 80 * 30);
    }

    #[test]
    fn what_is_alike_but_apart_is_not_taken_in() {
        // Two light fields, a dark bar between them.
        let picture = RgbaImage::from_fn(60, 20, |x, _| grey(if (25..35).contains(&x) { 20 } else { 220 }));
        let reach = reach(&picture, [5, 5]);
        assert_eq!(reach.get_pixel(10, 10).0, [0]);
        assert_eq!(reach.get_pixel(30, 10).0, [NEVER], "black is too far from white");
        assert_eq!(reach.get_pixel(50, 10).0, [NEVER]);
    }

    #[test]
    fn colours_part_what_greys_would_not() {
        let picture = RgbaImage::from_fn(40, 20, |x, _| if x < 20 { Rgba([200, 90, 60, 255]) } else { grey(119) });
        let reach = reach(&picture, [4, 4]);
        assert!(reach.get_pixel(35, 4).0[0] > 80, "{:?}", reach.get_pixel(35, 4));
    }

    #[test]
    fn specks_are_filled_and_noise_does_not_stop_it() {
        let mut picture = RgbaImage::from_fn(50, 50, |x, y| grey(150 + (x * 7 + y * 13) as u8 % 5));
        picture.put_pixel(30, 30, grey(0));
        let reach = reach(&picture, [10, 10]);
        assert_eq!(taken_in(&reach, 30), 2500, "{:?}", reach.iter().max());
    }

    #[test]
    fn any_size_and_any_place_will_do() {
        for (width, height) in [(1, 1), (1, 9), (7, 1), (3, 2)] {
            let picture = RgbaImage::from_pixel(width, height, Rgba([0, 0, 0, 0]));
            assert_eq!(taken_in(&reach(&picture, [width - 1, height - 1]), 0), (width * height) as usize);
            assert_eq!(taken_in(&reach(&picture, [width, 0]), NEVER - 1), 0, "beside the picture");
        }
        assert_eq!(super::reach(&RgbaImage::new(0, 0), [0, 0], (4, 3)).dimensions(), (4, 3));
    }

    #[test]
    fn the_mask_may_be_larger_than_the_picture() {
        let picture = RgbaImage::from_fn(40, 30, |x, _| grey(if x < 20 { 40 } else { 220 }));
        let reach = super::reach(&picture, [3, 3], (80, 60));
        assert_eq!(
            (reach.dimensions(), reach.get_pixel(30, 50).0, reach.get_pixel(50, 50).0),
            ((80, 60), [0], [NEVER])
        );
    }
}
