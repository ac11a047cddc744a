//! The recipe inside a PNG.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::RgbaImage;
use serde::{Deserialize, Serialize};

use super::PictureError;
use crate::recipe::Recipe;

/// What a saved painting knows about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaintingRecord {
    /// Version of the program.
    pub version: String,
    /// The recipe.
    pub recipe: Recipe,
    /// Iterations done.
    pub iteration: u32,
}

impl PaintingRecord {
    /// A record of this version.
    #[must_use]
    pub fn new(recipe: Recipe, iteration: u32) -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), recipe, iteration }
    }
}

fn fail(path: &Path, error: impl ToString) -> PictureError {
    PictureError::Unreadable { path: path.to_owned(), problem: error.to_string() }
}

/// Writes a PNG.
///
/// # Errors
/// When it cannot be written.
pub fn save_picture(path: &Path, image: &RgbaImage, record: Option<&PaintingRecord>) -> Result<(), PictureError> {
    let file = File::create(path).map_err(|e| fail(path, e))?;
    let mut encoder = png::Encoder::new(file, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgba);
    if let Some(record) = record {
        let text = serde_json::to_string(record).map_err(|e| fail(path, e))?;
        encoder.add_itxt_chunk("pentimento".to_owned(), text).map_err(|e| fail(path, e))?;
    }
    let mut writer = encoder.write_header().map_err(|e| fail(path, e))?;
    writer.write_image_data(image).map_err(|e| fail(path, e))
}

/// Reads the record of a PNG.
///
/// # Errors
/// When the file is no PNG.
pub fn read_record(path: &Path) -> Result<Option<PaintingRecord>, PictureError> {
    let file = File::open(path).map_err(|e| fail(path, e))?;
    let reader = png::Decoder::new(BufReader::new(file)).read_info().map_err(|e| fail(path, e))?;
    let chunk = reader.info().utf8_text.iter().find(|chunk| chunk.keyword == "pentimento");
    Ok(chunk.and_then(|chunk| serde_json::from_str(&chunk.get_text().ok()?).ok()))
}
