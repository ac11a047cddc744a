//! The artist's own presets, as the window reaches them.

use std::fs;
use std::sync::Arc;

use pentimento::recipe::Recipe;
use pentimento::studio::{Command, Event, OwnPreset, PresetCommand};

use crate::bench::{Bench, canvas};

fn save(bench: &Bench, name: &str, settings: &Recipe) {
    let (name, settings) = (name.to_owned(), Box::new(settings.clone()));
    let save = PresetCommand::Save { name, settings, picture: Some(Arc::new(canvas(5))) };
    bench.studio.send(Command::Preset(save));
}

fn saved(bench: &Bench) -> OwnPreset {
    bench.wait(|event| match event {
        Event::PresetSaved(preset) => Some(preset),
        _ => None,
    })
}

fn listed(bench: &Bench) -> Vec<OwnPreset> {
    bench.studio.send(Command::Preset(PresetCommand::List));
    bench.wait(|event| match event {
        Event::Presets(presets) => Some(presets),
        _ => None,
    })
}

#[test]
fn a_preset_is_kept_listed_and_deleted() {
    let bench = Bench::new();
    assert!(listed(&bench).is_empty());
    assert!(!bench.path("presets").exists(), "made at the first write");
    let recipe = Recipe { style_strength: 2.5, tv: 0.25, seed: 7, ..bench.recipe(42) };
    save(&bench, "Misty", &recipe);
    let kept = saved(&bench);
    assert_eq!((kept.name.as_str(), &recipe.with_settings_of(&kept.settings)), ("Misty", &recipe));
    // As another session would find it.
    let found = listed(&bench);
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].name, &found[0].settings), (&kept.name, &kept.settings));
    assert_eq!(found[0].thumbnail.as_ref().map(|thumbnail| thumbnail.dimensions()), Some((8, 4)));
    bench.studio.send(Command::Preset(PresetCommand::Delete("Misty".to_owned())));
    bench.wait(|event| matches!(event, Event::PresetDeleted(name) if name == "Misty").then_some(()));
    assert!(listed(&bench).is_empty());
    bench.studio.send(Command::Preset(PresetCommand::Delete("Misty".to_owned())));
    assert!(bench.wait_problem().contains("Misty"));
}

#[test]
fn a_file_that_is_no_preset_is_a_sentence_and_costs_no_other() {
    let bench = Bench::new();
    save(&bench, "Good", &bench.recipe(1));
    saved(&bench);
    fs::write(bench.path("presets/Broken.json"), "{").unwrap();
    bench.studio.send(Command::Preset(PresetCommand::List));
    let message = bench.wait_problem();
    assert!(message.contains("Broken.json") && message.contains("left out"), "{message}");
    assert_eq!(listed(&bench).iter().map(|preset| preset.name.as_str()).collect::<Vec<_>>(), ["Good"]);
}

#[test]
fn a_preset_folder_that_cannot_be_written_is_a_sentence() {
    let bench = Bench::new();
    fs::write(bench.path("presets"), "a file, not a folder").unwrap();
    save(&bench, "Misty", &bench.recipe(1));
    assert!(bench.wait_problem().contains("presets"));
    save(&bench, " / ", &bench.recipe(1));
    assert!(bench.wait_problem().contains("needs a name"));
}

#[test]
fn a_preset_that_was_kept_just_before_the_end_is_written() {
    let bench = Bench::new();
    save(&bench, "Last", &bench.recipe(1));
    let Bench { studio, folder, .. } = bench;
    drop(studio);
    assert!(folder.path().join("presets/Last.json").exists());
}
