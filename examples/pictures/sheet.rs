//! The contact sheet: five photos in five styles under the default preset, each at its full size, shown smaller.

use std::io::{Cursor, Write};

use image::imageops::{self, FilterType};
use image::{ImageFormat, Rgb, RgbImage};
use pentimento::image_io::{Picture, write_atomically};
use pentimento::recipe::{Recipe, StyleSource};

use super::{Outcome, Studio, place, sample, save};

const PHOTOS: [&str; 5] =
    ["neuschwanstein-castle", "lemur", "machu-picchu", "beacon-street-boston", "astronaut-eileen-collins"];
const STYLES: [&str; 5] =
    ["starry-night", "ocean-waves", "wheat-field-with-cypresses", "study-grande-jatte", "mada-primavesi"];
/// Side of one cell, in pixels.
const CELL_PX: u32 = 300;
const GAP_PX: u32 = 6;
const PAPER: Rgb<u8> = Rgb([48, 48, 48]);

pub fn paint_all(studio: &Studio) -> Outcome<()> {
    let side = |cells: usize| (cells as u32 + 1) * (CELL_PX + GAP_PX) + GAP_PX;
    let mut sheet = RgbImage::from_pixel(side(STYLES.len()), side(PHOTOS.len()), PAPER);
    for (column, style) in STYLES.iter().enumerate() {
        lay(&mut sheet, &bundled(style)?, column + 1, 0);
    }
    for (row, photo) in PHOTOS.iter().enumerate() {
        lay(&mut sheet, &bundled(photo)?, 0, row + 1);
        for (column, style) in STYLES.iter().enumerate() {
            lay(&mut sheet, &painted(studio, photo, style)?, column + 1, row + 1);
            println!("{photo} in the manner of {style}");
        }
    }
    save(&sheet, "screenshots/contact-sheet.jpg", 88)
}

/// One painting at its full size. Each is kept in `target/contact-sheet`, to be looked at closely and so that a sheet
/// that was interrupted goes on where it was; whoever changed the engine or the preset deletes the folder first.
fn painted(studio: &Studio, photo: &str, style: &str) -> Outcome<RgbImage> {
    let kept = place("target/contact-sheet").join(format!("{photo}-{style}.png"));
    if kept.exists() {
        return Ok(image::open(&kept)?.to_rgb8());
    }
    let styles = vec![StyleSource::new(sample(style))];
    let painting = studio.paint(Recipe { content: sample(photo), styles, ..Recipe::default() })?;
    if let Some(folder) = kept.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut png = Cursor::new(vec![]);
    painting.write_to(&mut png, ImageFormat::Png)?;
    write_atomically(&kept, |file| file.write_all(png.get_ref()))?;
    Ok(painting)
}

fn bundled(name: &str) -> Outcome<RgbImage> {
    let picture = Picture::load(&sample(name))?;
    Ok(image::DynamicImage::ImageRgba8(picture.thumbnail(2 * CELL_PX)).to_rgb8())
}

/// Fits a picture into the middle of a cell.
fn lay(sheet: &mut RgbImage, picture: &RgbImage, column: usize, row: usize) {
    let scale = f64::from(CELL_PX) / f64::from(picture.width().max(picture.height()));
    let size = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let (width, height) = (size(picture.width()), size(picture.height()));
    let small = imageops::resize(picture, width, height, FilterType::Lanczos3);
    let corner = |cell: usize, side: u32| i64::from(GAP_PX + cell as u32 * (CELL_PX + GAP_PX) + (CELL_PX - side) / 2);
    imageops::replace(sheet, &small, corner(column, width), corner(row, height));
}
