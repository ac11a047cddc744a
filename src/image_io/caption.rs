//! A line of text below a picture.

use image::{GenericImageView, Pixel, Rgba, RgbaImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

const WEIGHT: FontWeight = FontWeight::Regular;
const HEIGHT: RasterHeight = RasterHeight::Size16;
/// Between the text and the edges of its line, in pixels.
const MARGIN_PX: u32 = 4;
const GROUND: Rgba<u8> = Rgba([0x20, 0x20, 0x20, 0xff]);
const INK: [u8; 3] = [0xe6; 3];
/// For what the font lacks.
const UNKNOWN: char = '?';
/// Characters between what is told on the left and on the right.
const GAP: usize = 2;

/// What is told below a picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caption {
    /// From the left edge on; what does not fit ends in dots.
    pub left: String,
    /// Up to the right edge, if there is room for both.
    pub right: String,
}

/// Height of the line that [`caption_below`] adds.
#[must_use]
pub fn caption_height_px() -> u32 {
    HEIGHT.val() as u32 + 2 * MARGIN_PX
}

/// The picture with a line of text below it.
#[must_use]
pub fn caption_below(picture: &RgbaImage, caption: &Caption) -> RgbaImage {
    let (width, height) = picture.dimensions();
    let mut whole = RgbaImage::from_pixel(width, height + caption_height_px(), GROUND);
    for (x, y, pixel) in picture.enumerate_pixels() {
        whole.put_pixel(x, y, *pixel);
    }
    let room = (width.saturating_sub(2 * MARGIN_PX) / char_width_px()) as usize;
    let (left, mut right): (Vec<char>, Vec<char>) = (caption.left.chars().collect(), caption.right.chars().collect());
    if left.len() + GAP + right.len() > room && !left.is_empty() {
        right.clear();
    }
    right.truncate(room);
    let left = shortened(left, room);
    write(&mut whole, MARGIN_PX, height + MARGIN_PX, &left);
    let right_from = MARGIN_PX + (room - right.len()) as u32 * char_width_px();
    write(&mut whole, right_from, height + MARGIN_PX, &right);
    whole
}

fn char_width_px() -> u32 {
    get_raster_width(WEIGHT, HEIGHT) as u32
}

fn shortened(all: Vec<char>, room: usize) -> Vec<char> {
    const DOTS: &str = "...";
    if all.len() <= room {
        return all;
    }
    all.into_iter().take(room.saturating_sub(DOTS.len())).chain(DOTS.chars()).take(room).collect()
}

fn write(picture: &mut RgbaImage, x: u32, y: u32, text: &[char]) {
    for (index, &letter) in text.iter().enumerate() {
        let raster = get_raster(letter, WEIGHT, HEIGHT).or_else(|| get_raster(UNKNOWN, WEIGHT, HEIGHT));
        let Some(raster) = raster else { continue };
        let from = x + index as u32 * char_width_px();
        for (row, line) in (y..).zip(raster.rows()) {
            for (column, &cover) in (from..).zip(line) {
                if picture.in_bounds(column, row) {
                    picture.get_pixel_mut(column, row).blend(&Rgba([INK[0], INK[1], INK[2], cover]));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns that have ink in them.
    fn inked(picture: &RgbaImage, height: u32) -> Vec<u32> {
        let is_inked = |x: &u32| (height..picture.height()).any(|y| picture.get_pixel(*x, y).0[0] > 0x80);
        (0..picture.width()).filter(is_inked).collect()
    }

    #[test]
    fn the_picture_is_whole_and_the_text_stays_on_its_sides() {
        let picture = RgbaImage::from_pixel(200, 30, Rgba([9, 80, 200, 255]));
        let whole = caption_below(&picture, &Caption { left: "Tv".to_owned(), right: "9".to_owned() });
        assert_eq!(whole.dimensions(), (200, 30 + caption_height_px()));
        assert!(picture.enumerate_pixels().all(|(x, y, pixel)| whole.get_pixel(x, y) == pixel));
        let inked = inked(&whole, 30);
        let middle = inked.iter().filter(|x| (40..180).contains(*x)).count();
        assert!(inked[0] < 12 && inked[inked.len() - 1] > 184 && middle == 0, "{inked:?}");
    }

    #[test]
    fn what_does_not_fit_ends_in_dots_and_hurts_nobody() {
        let caption = Caption { left: "Style strength from 0 to 2, ∞".to_owned(), right: "iteration 12".to_owned() };
        for width in [1, 7, 30, 100, 160, 1000] {
            let whole = caption_below(&RgbaImage::new(width, 2), &caption);
            assert_eq!(whole.width(), width);
        }
        let cut = |text: &str, room| shortened(text.chars().collect(), room).into_iter().collect::<String>();
        assert_eq!((&*cut("abcdefgh", 5), &*cut("abcdefgh", 2), &*cut("abc", 3)), ("ab...", "..", "abc"));
        // What is on the left matters more.
        let narrow = caption_below(&RgbaImage::new(100, 2), &caption);
        let alone = caption_below(&RgbaImage::new(100, 2), &Caption { right: String::new(), ..caption });
        assert!(narrow == alone);
    }
}
