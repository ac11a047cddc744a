//! Presets: those of the artist's own, and which one the settings started from.

use super::super::basis::Basis;
use super::super::command::UiCommand;
use super::super::notices::Severity;
use super::State;
use crate::recipe::Recipe;
use crate::studio::{Command, OwnPreset, PresetCommand};

impl State {
    /// Takes a preset's settings over, or those from before it; pictures, masks and size stay.
    pub fn apply_settings(&mut self, settings: &Recipe, basis: Basis, now_secs: f64) {
        let changed = self.recipe.with_settings_of(settings);
        if changed != self.recipe {
            let back = UiCommand::Apply {
                settings: Box::new(std::mem::replace(&mut self.recipe, changed)),
                basis: Box::new(self.basis.clone()),
            };
            let text = if *settings == basis.settings {
                format!("The settings are those of {}", basis.label())
            } else {
                "The settings are what they were before".to_owned()
            };
            self.notices.push_undoable(text, back, now_secs);
        }
        self.basis = basis;
    }

    /// The artist's preset of this name; names that differ in case only are one file on some systems.
    #[must_use]
    pub fn own_preset(&self, name: &str) -> Option<&OwnPreset> {
        let name = name.to_lowercase();
        self.own_presets.iter().find(|preset| preset.name.to_lowercase() == name)
    }

    /// Keeps the settings under a name, with the canvas as it stands for their picture.
    #[must_use]
    pub fn save_preset(&self, name: String) -> Command {
        let canvas = self.painting.as_ref().and_then(|painting| painting.canvas.as_ref());
        // An older preset goes under its own spelling, or it would be there twice.
        let name = self.own_preset(&name).map_or(name, |older| older.name.clone());
        Command::Preset(PresetCommand::Save {
            name,
            settings: Box::new(self.lasting_recipe()),
            picture: canvas.map(|frame| frame.image.clone()),
        })
    }

    pub(super) fn preset_saved(&mut self, preset: OwnPreset, now_secs: f64) {
        self.notices.push(Severity::Info, format!("The preset {} is kept", preset.name), now_secs);
        // An older one of that name would be written over it.
        self.notices.withdraw(|undo| matches!(undo, UiCommand::BringBackPreset(gone) if gone.name == preset.name));
        // What has just been kept is what the settings differ from now, unless they have moved on meanwhile.
        let kept = Recipe { init: self.recipe.init.clone(), ..self.recipe.with_settings_of(&preset.settings) };
        if kept == self.recipe {
            self.basis = Basis::own(&preset);
        }
        self.own_presets.retain(|known| known.name != preset.name);
        self.own_presets.push(preset);
        self.own_presets.sort_by_key(|preset| preset.name.to_lowercase());
    }

    pub(super) fn preset_deleted(&mut self, name: &str, now_secs: f64) {
        if let Some(index) = self.own_presets.iter().position(|known| known.name == name) {
            let gone = self.own_presets.remove(index);
            let back = UiCommand::BringBackPreset(Box::new(gone));
            self.notices.push_undoable(format!("Deleted the preset {name}"), back, now_secs);
        }
    }
}
