//! What the window shows of each built-in preset: the bundled pair under its settings, small.

use pentimento::recipe::{Preset, Recipe};

use super::{Outcome, Studio, save};

/// Twice the size of a tile in the window, for screens with small pixels.
const LONG_SIDE: u32 = 192;
/// A small canvas settles sooner than a full one.
const SHARE_OF_ITERATIONS: u32 = 4;
/// All of them are part of the program.
const JPEG_QUALITY: u8 = 80;

pub fn paint_all(studio: &Studio) -> Outcome<()> {
    for &preset in Preset::ALL {
        let full = Recipe::from_preset(preset);
        let recipe = Recipe { size: LONG_SIDE, iterations: full.iterations.div_ceil(SHARE_OF_ITERATIONS), ..full };
        save(&studio.paint(recipe)?, &format!("assets/presets/{preset}.jpg"), JPEG_QUALITY)?;
    }
    Ok(())
}
