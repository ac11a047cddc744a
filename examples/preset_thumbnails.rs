//! Paints what the window shows of each built-in preset: the bundled pair under its settings, small.
//!
//! ```sh
//! cargo run --release --no-default-features --example preset_thumbnails
//! ```
//!
//! Without the window, because the window holds the pictures that this makes.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use image::DynamicImage;
use image::codecs::jpeg::JpegEncoder;
use pentimento::engine::{DeviceChoice, Engine, Job, StyleEngine};
use pentimento::image_io::{Picture, write_atomically};
use pentimento::recipe::{Preset, Recipe};

/// Twice the size of a tile in the window, for screens with small pixels.
const LONG_SIDE: u32 = 192;
/// A small canvas settles sooner than a full one.
const SHARE_OF_ITERATIONS: u32 = 4;
/// Six of them are part of the program.
const JPEG_QUALITY: u8 = 80;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/presets");
    std::fs::create_dir_all(&folder)?;
    let engine = StyleEngine::new(DeviceChoice::default(), None)?;
    for &preset in Preset::ALL {
        let path = folder.join(format!("{preset}.jpg"));
        let jpeg = paint(&engine, preset)?;
        write_atomically(&path, |file| std::io::Write::write_all(file, &jpeg))?;
        println!("{} {} bytes", path.display(), jpeg.len());
    }
    Ok(())
}

fn paint(engine: &StyleEngine, preset: Preset) -> Result<Vec<u8>, Box<dyn Error>> {
    let full = Recipe::from_preset(preset);
    let recipe = Recipe { size: LONG_SIDE, iterations: full.iterations.div_ceil(SHARE_OF_ITERATIONS), ..full };
    let content = Arc::new(Picture::load(&recipe.content)?);
    let styles = recipe.styles.iter().map(|style| Ok(Arc::new(Picture::load(&style.picture)?)));
    let styles = styles.collect::<Result<_, pentimento::image_io::PictureError>>()?;
    let mut painter = engine.begin(&Job { recipe, content, styles, init: None, masks: Default::default() })?;
    while !painter.is_finished() {
        painter.step()?;
    }
    let picture = DynamicImage::ImageRgba8(painter.frame()?).to_rgb8();
    let mut jpeg = vec![];
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY))?;
    Ok(jpeg)
}
