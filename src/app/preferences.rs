//! What the window remembers from one day to the next. No painting is among it: eframe rewrites its storage in place, so a
//! crash may cost it.

use egui::{Context, ThemePreference};
use serde::{Deserialize, Serialize};

use crate::recipe::{Depth, Recipe};

const KEY: &str = "preferences";
/// Apart from the others, which settings of another version must not spoil.
const LAST_KEY: &str = "settings";

/// The artist's preferences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Dark, light, or as the system.
    pub theme: ThemePreference,
    /// Magnification of letters and controls.
    pub zoom_factor: f32,
    /// Whether the favourites are shown.
    pub show_favourites: bool,
    /// Whether the loss curve is shown.
    pub show_curve: bool,
    /// Bits a channel of what is kept and saved.
    pub depth: Depth,
    /// Whether films tell what was changed in the settings.
    pub film_captions: bool,
    /// Pictures and settings as they were last.
    #[serde(skip)]
    pub last: Option<Box<Recipe>>,
}

impl Default for Preferences {
    fn default() -> Self {
        // Colours are judged more easily on a dark ground, so that is where the window starts.
        Self {
            theme: ThemePreference::Dark,
            zoom_factor: 1.0,
            show_favourites: true,
            show_curve: true,
            depth: Depth::DEFAULT,
            film_captions: true,
            last: None,
        }
    }
}

impl Preferences {
    /// Reads them; what is missing or spoilt takes its default.
    #[must_use]
    pub fn load(storage: Option<&dyn eframe::Storage>) -> Self {
        let stored: Self = storage.and_then(|storage| eframe::get_value(storage, KEY)).unwrap_or_default();
        let last = storage.and_then(|storage| eframe::get_value::<Box<Recipe>>(storage, LAST_KEY));
        let last = last.filter(|recipe| recipe.validate().is_ok());
        Self { zoom_factor: stored.zoom_factor.clamp(0.5, 4.0), last, ..stored }
    }

    /// Writes them.
    pub fn save(&self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, KEY, self);
        if let Some(last) = &self.last {
            eframe::set_value(storage, LAST_KEY, last);
        }
    }

    /// Makes the window look as they say.
    pub fn apply(&self, ctx: &Context) {
        ctx.set_theme(self.theme);
        ctx.set_zoom_factor(self.zoom_factor);
    }

    /// Notes what the artist has changed through egui's own controls and keys.
    pub fn note(&mut self, ctx: &Context) {
        self.theme = ctx.options(|options| options.theme_preference);
        self.zoom_factor = ctx.zoom_factor();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::recipe::{PictureSource, Preset};

    #[derive(Default)]
    struct Memory(HashMap<String, String>);

    impl eframe::Storage for Memory {
        fn get_string(&self, key: &str) -> Option<String> {
            self.0.get(key).cloned()
        }

        fn set_string(&mut self, key: &str, value: String) {
            self.0.insert(key.to_owned(), value);
        }

        fn remove_string(&mut self, key: &str) {
            self.0.remove(key);
        }

        fn flush(&mut self) {}
    }

    #[test]
    fn what_was_chosen_is_there_again_and_what_an_older_version_lacks_has_its_default() {
        let mut memory = Memory::default();
        assert_eq!(Preferences::load(Some(&memory)), Preferences::default());
        let chosen = Preferences { depth: Depth::Sixteen, show_curve: false, ..Preferences::default() };
        chosen.save(&mut memory);
        assert_eq!(Preferences::load(Some(&memory)), chosen);
        memory.0.insert(KEY.to_owned(), "(show_curve: false)".to_owned());
        assert_eq!(Preferences::load(Some(&memory)), Preferences { show_curve: false, ..Preferences::default() });

        let recipe = Recipe {
            size: 333,
            photo_mask: Some(PictureSource::File("a.png".into())),
            ..Recipe::from_preset(Preset::Bold)
        };
        let with = Preferences { last: Some(Box::new(recipe)), ..chosen.clone() };
        with.save(&mut memory);
        assert_eq!(Preferences::load(Some(&memory)), with);
        for spoilt in ["nonsense", "(size: 3)"] {
            memory.0.insert(LAST_KEY.to_owned(), spoilt.to_owned());
            assert_eq!(Preferences::load(Some(&memory)), chosen, "{spoilt}");
        }
    }
}
