//! What the settings are measured against: the preset that they started from.

use crate::recipe::{Preset, Recipe};
use crate::studio::OwnPreset;

/// The preset in force, built in or the artist's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    /// The artist's own name for it; a built-in preset has the one in [`Preset::label`].
    pub own_name: Option<String>,
    /// Its settings, over any pictures.
    pub settings: Recipe,
}

impl Default for Basis {
    fn default() -> Self {
        Self::built_in(Recipe::default().preset)
    }
}

impl Basis {
    /// A built-in preset.
    #[must_use]
    pub fn built_in(preset: Preset) -> Self {
        Self { own_name: None, settings: Recipe::from_preset(preset) }
    }

    /// One of the artist's own.
    #[must_use]
    pub fn own(preset: &OwnPreset) -> Self {
        Self { own_name: Some(preset.name.clone()), settings: preset.settings.clone() }
    }

    /// Name in the window.
    #[must_use]
    pub fn label(&self) -> &str {
        self.own_name.as_deref().unwrap_or(self.settings.preset.label())
    }
}
