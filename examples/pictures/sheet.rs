//! The contact sheet: five photos in five styles under the default preset, each at its full size, shown smaller.

use std::io::{Cursor, Write};

use image::imageops::{self, FilterType};
use image::{ImageFormat, Rgb, RgbImage};
use pentimento::image_io::{Picture, fit_long_side, write_atomically};
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
    let mut styles = vec![RgbImage::from_pixel(CELL_PX, 1, PAPER)];
    for style in STYLES {
        styles.push(small(&bundled(style)?));
    }
    let mut rows = vec![row_of(&styles)];
    for photo in PHOTOS {
        let mut row = vec![small(&bundled(photo)?)];
        for style in STYLES {
            row.push(small(&painted(studio, photo, style)?));
            println!("{photo} in the manner of {style}");
        }
        rows.push(row_of(&row));
    }
    let height = rows.iter().map(|row| row.height() + GAP_PX).sum::<u32>() + GAP_PX;
    let mut sheet = RgbImage::from_pixel(rows[0].width(), height, PAPER);
    let mut top = GAP_PX;
    for row in &rows {
        imageops::replace(&mut sheet, row, 0, i64::from(top));
        top += row.height() + GAP_PX;
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

/// As large as a cell has room for.
fn small(picture: &RgbImage) -> RgbImage {
    let (width, height) = fit_long_side(picture.width(), picture.height(), CELL_PX);
    imageops::resize(picture, width, height, FilterType::Lanczos3)
}

/// Pictures side by side, each in the middle of its cell; the row is as high as the highest of them.
fn row_of(pictures: &[RgbImage]) -> RgbImage {
    let height = pictures.iter().map(RgbImage::height).max().unwrap_or(1);
    let mut row = RgbImage::from_pixel(pictures.len() as u32 * (CELL_PX + GAP_PX) + GAP_PX, height, PAPER);
    for (column, picture) in pictures.iter().enumerate() {
        let left = GAP_PX + column as u32 * (CELL_PX + GAP_PX) + (CELL_PX - picture.width()) / 2;
        imageops::replace(&mut row, picture, i64::from(left), i64::from((height - picture.height()) / 2));
    }
    row
}
