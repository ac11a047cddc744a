//! Paints the pictures that the repository shows, each by one command:
//!
//! ```sh
//! cargo run --release --example pictures -- presets    # assets/presets
//! cargo run --release --example pictures -- controls   # docs/controls
//! cargo run --release --example pictures -- sheet      # screenshots/contact-sheet.jpg
//! cargo run --release --example pictures -- icon       # assets/icon
//! ```

mod controls;
mod icon;
mod presets;
mod sheet;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, RgbImage};
use pentimento::engine::{DeviceChoice, Engine, EngineError, Job, Masks, Painter, StyleEngine};
use pentimento::image_io::{Picture, PictureError, write_atomically};
use pentimento::recipe::{Init, PictureSource, Recipe};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let studio = || StyleEngine::new(DeviceChoice::default(), None).map(|engine| Studio { engine });
    match std::env::args().nth(1).as_deref() {
        Some("presets") => presets::paint_all(&studio()?),
        Some("controls") => controls::paint_all(&studio()?),
        Some("sheet") => sheet::paint_all(&studio()?),
        Some("icon") => icon::draw_all(),
        _ => Err("say what to paint: presets, controls, sheet or icon".into()),
    }
}

/// Paints from recipes alone.
struct Studio {
    engine: StyleEngine,
}

impl Studio {
    /// The finished painting of a recipe.
    fn paint(&self, recipe: Recipe) -> Outcome<RgbImage> {
        self.paint_on(recipe, |_| Ok(()))
    }

    /// The painting of a recipe after what is done to it when it is finished.
    fn paint_on(
        &self,
        recipe: Recipe,
        then: impl FnOnce(&mut dyn Painter) -> Result<(), EngineError>,
    ) -> Outcome<RgbImage> {
        let load = |source: &PictureSource| Picture::load(source).map(Arc::new);
        let content = load(&recipe.content)?;
        let styles = recipe.styles.iter().map(|style| load(&style.picture)).collect::<Result<_, PictureError>>()?;
        let init = match &recipe.init {
            Init::Picture(source) => Some(load(source)?),
            _ => None,
        };
        let masks = Masks::read(&recipe, load)?;
        let mut painter = self.engine.begin(&Job { recipe, content, styles, init, masks })?;
        while !painter.is_finished() {
            painter.step()?;
        }
        then(&mut *painter)?;
        Ok(DynamicImage::ImageRgba8(painter.frame()?).to_rgb8())
    }
}

/// A path in the repository.
fn place(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn sample(name: &str) -> PictureSource {
    PictureSource::Sample(name.to_owned())
}

fn save(picture: &RgbImage, relative: &str, quality: u8) -> Outcome<()> {
    let mut jpeg = vec![];
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, quality))?;
    write(&jpeg, relative)
}

fn write(bytes: &[u8], relative: &str) -> Outcome<()> {
    let path = place(relative);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    write_atomically(&path, |file| std::io::Write::write_all(file, bytes))?;
    println!("{relative} {} bytes", bytes.len());
    Ok(())
}
