//! Settings without pictures, in a JSON file: what a preset of the artist's own is.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::recipe::{Init, Recipe};

/// Version of the files that this program writes; it reads these and all older ones.
const VERSION: u32 = 1;
/// Settings are about a thousand bytes; a file that is larger than this is not ours.
const MAX_BYTES: u64 = 1 << 20;
/// What belongs to a painting and not to its manner.
const LEFT_OUT: [&str; 4] = ["content", "styles", "photo_mask", "size"];

/// What stands in a preset's file. The number comes first, so that a newer file is not mistaken for a broken one.
#[derive(Serialize, Deserialize)]
struct PresetFile {
    pentimento_preset: u32,
    settings: Map<String, Value>,
}

/// The settings of a recipe alone, over the pictures that any recipe starts with.
#[must_use]
pub fn settings_alone(recipe: &Recipe) -> Recipe {
    let settings = Recipe::default().with_settings_of(recipe);
    // A starting picture is a picture as well; without it the preset's own start is the next best.
    match settings.init {
        Init::Picture(_) => Recipe { init: Recipe::from_preset(settings.preset).init, ..settings },
        _ => settings,
    }
}

/// Writes the settings of a recipe, without its pictures and size.
///
/// # Errors
/// When writing fails.
pub fn write_settings(recipe: &Recipe, file: &mut impl Write) -> io::Result<()> {
    let Value::Object(mut map) = serde_json::to_value(recipe)? else {
        return Err(io::Error::other("a recipe is not an object"));
    };
    LEFT_OUT.iter().for_each(|key| drop(map.remove(*key)));
    serde_json::to_writer_pretty(&mut *file, &PresetFile { pentimento_preset: VERSION, settings: map })?;
    file.write_all(b"\n")
}

/// Reads what [`write_settings`] wrote.
///
/// # Errors
/// Half a sentence on why the file holds no settings that this version can use.
pub fn read_settings(path: &Path) -> Result<Recipe, String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| words(&error))?;
    if text.len() as u64 > MAX_BYTES {
        return Err("it is too large".to_owned());
    }
    let file: PresetFile = serde_json::from_str(&text).map_err(|error| words(&error))?;
    if file.pentimento_preset > VERSION {
        return Err(format!("a newer version of Pentimento made it, preset version {}", file.pentimento_preset));
    }
    let recipe: Recipe = serde_json::from_value(Value::Object(file.settings)).map_err(|error| words(&error))?;
    recipe.validate().map_err(|error| words(&error))?;
    Ok(settings_alone(&recipe))
}
