//! The artist's own presets: settings without pictures, each in one JSON file of a plain folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbaImage;

use super::names::safe_name;
use super::{Favourite, OwnPreset};
use crate::image_io::{
    Picture, PictureError, WriteError, read_settings, save_picture, settings_alone, write_atomically, write_settings,
};
use crate::recipe::Recipe;

/// What can go wrong with the artist's own presets.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    #[error("a preset needs a name with at least one letter or digit")]
    NoName,
    #[error("the presets folder {} cannot be created: {source}; make room for it or permit writing there", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("the presets folder {} cannot be read: {source}", path.display())]
    List { path: PathBuf, source: io::Error },
    #[error("{} is not a preset that this version can use ({detail}), so it was left out", path.display())]
    Unusable { path: PathBuf, detail: String },
    #[error("the preset {} cannot be deleted: {source}", path.display())]
    Delete { path: PathBuf, source: io::Error },
    #[error("the preset cannot be written to {0}")]
    Write(#[from] WriteError),
    #[error(transparent)]
    Thumbnail(#[from] PictureError),
}

/// A folder of presets. Nothing is created before the first write.
pub struct PresetShelf {
    folder: PathBuf,
}

impl PresetShelf {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes the settings under a name that is safe for files, over an older preset of that name. A small version of
    /// `picture` goes beside them.
    pub fn save(&self, name: &str, settings: &Recipe, picture: Option<&RgbaImage>) -> Result<OwnPreset, PresetError> {
        let name = safe_name(name).ok_or(PresetError::NoName)?;
        fs::create_dir_all(&self.folder).map_err(|source| PresetError::Create { path: self.folder.clone(), source })?;
        let thumbnail = picture.map(|picture| Arc::new(small(picture)));
        // The picture first: without its settings it is nothing, and settings do without one.
        match &thumbnail {
            Some(thumbnail) => save_picture(&self.picture_path(&name), thumbnail.as_ref(), None)?,
            None => drop(fs::remove_file(self.picture_path(&name))),
        }
        let settings = settings_alone(settings);
        write_atomically(&self.path(&name), |file| write_settings(&settings, file))?;
        Ok(OwnPreset { name, settings, thumbnail })
    }

    /// All presets by name, and what was left out, each with its reason.
    pub fn list(&self) -> Result<(Vec<OwnPreset>, Vec<PresetError>), PresetError> {
        let unreadable = |source| PresetError::List { path: self.folder.clone(), source };
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((vec![], vec![])),
            entries => entries.map_err(unreadable)?,
        };
        let (mut presets, mut left_out) = (vec![], vec![]);
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
            if !is_json || !path.is_file() {
                continue;
            }
            match (read_settings(&path), path.file_stem().and_then(|stem| stem.to_str())) {
                (Ok(settings), Some(name)) => presets.push(OwnPreset {
                    name: name.to_owned(),
                    settings,
                    thumbnail: Picture::open(&self.picture_path(name)).ok().map(|it| Arc::new(small(&it.to_rgba()))),
                }),
                (Ok(_), None) => {
                    left_out.push(PresetError::Unusable { path, detail: "its name is not Unicode".to_owned() });
                }
                (Err(detail), _) => left_out.push(PresetError::Unusable { path, detail }),
            }
        }
        presets.sort_by_key(|preset| preset.name.to_lowercase());
        Ok((presets, left_out))
    }

    /// Removes a preset and its picture.
    pub fn delete(&self, name: &str) -> Result<(), PresetError> {
        // Whatever was asked for, nothing but a file of this folder is touched.
        if Path::new(name).file_name().is_none_or(|file_name| file_name != name) {
            return Err(PresetError::NoName);
        }
        let path = self.path(name);
        fs::remove_file(&path).map_err(|source| PresetError::Delete { path, source })?;
        // A preset need not have a picture.
        let _ = fs::remove_file(self.picture_path(name));
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn picture_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.jpg"))
    }
}

fn small(picture: &RgbaImage) -> RgbaImage {
    Picture::from_rgba(picture.clone()).thumbnail(Favourite::THUMBNAIL_SIDE_PX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Init, PictureSource, Preset, StyleSource};

    fn recipe() -> Recipe {
        let mask = PictureSource::File("mask.png".into());
        Recipe {
            content: PictureSource::File("photo.jpg".into()),
            styles: vec![StyleSource::new(PictureSource::File("style.jpg".into()))],
            photo_mask: Some(mask.clone()),
            size: 1234,
            init: Init::Picture(mask),
            style_strength: 2.5,
            ..Recipe::from_preset(Preset::Bold)
        }
    }

    #[test]
    fn a_preset_holds_the_settings_and_none_of_the_pictures() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = PresetShelf::new(folder.path().join("made at the first write"));
        assert!(shelf.list().unwrap().0.is_empty());
        let picture = RgbaImage::from_pixel(600, 300, image::Rgba([10, 20, 30, 255]));
        let saved = shelf.save("Wild / strokes", &recipe(), Some(&picture)).unwrap();
        assert_eq!(saved.name, "Wild - strokes");
        assert_eq!(saved.settings, Recipe { style_strength: 2.5, ..Recipe::from_preset(Preset::Bold) });
        let (listed, left_out) = shelf.list().unwrap();
        assert!(left_out.is_empty());
        assert_eq!((&listed[0].name, &listed[0].settings), (&saved.name, &saved.settings));
        assert_eq!(listed[0].thumbnail.as_ref().unwrap().dimensions(), (256, 128));
        let text = fs::read_to_string(shelf.path("Wild - strokes")).unwrap();
        for key in ["photo.jpg", "style.jpg", "mask.png", "1234", "neuschwanstein"] {
            assert!(!text.contains(key), "{key} in {text}");
        }
    }

    #[test]
    fn a_preset_of_the_same_name_is_replaced_with_its_picture() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = PresetShelf::new(folder.path().to_owned());
        let picture = RgbaImage::from_pixel(6, 3, image::Rgba([1, 2, 3, 255]));
        shelf.save("Mine", &recipe(), Some(&picture)).unwrap();
        shelf.save("Mine", &Recipe { tv: 7.0, ..recipe() }, None).unwrap();
        let (listed, _) = shelf.list().unwrap();
        assert_eq!((listed.len(), listed[0].settings.tv, listed[0].thumbnail.is_none()), (1, 7.0, true));
        shelf.delete("Mine").unwrap();
        assert!(shelf.list().unwrap().0.is_empty());
        let gone = shelf.delete("Mine").unwrap_err().to_string();
        assert!(gone.contains("Mine.json"), "{gone}");
    }

    #[test]
    fn what_is_no_preset_is_left_out_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = PresetShelf::new(folder.path().to_owned());
        shelf.save("Good", &recipe(), None).unwrap();
        let newer = r#"{"pentimento_preset": 99, "settings": {}}"#;
        let wild = r#"{"pentimento_preset": 1, "settings": {"tv": -5.0}}"#;
        for (name, text) in [("a", "no json"), ("b", "[]"), ("c", newer), ("d", wild), ("e", "{\"settings\": {}}")] {
            fs::write(folder.path().join(format!("{name}.json")), text).unwrap();
        }
        fs::write(folder.path().join("f.json"), vec![b' '; (1 << 20) + 2]).unwrap();
        fs::write(folder.path().join("notes.txt"), "none of our business").unwrap();
        fs::create_dir(folder.path().join("folder.json")).unwrap();
        let (listed, left_out) = shelf.list().unwrap();
        assert_eq!(listed.iter().map(|preset| preset.name.as_str()).collect::<Vec<_>>(), ["Good"]);
        let reasons: Vec<String> = left_out.iter().map(ToString::to_string).collect();
        assert_eq!(reasons.len(), 6, "{reasons:?}");
        for (name, word) in [("c.json", "newer version"), ("d.json", "tv is -5"), ("f.json", "too large")] {
            assert!(reasons.iter().any(|it| it.contains(name) && it.contains(word)), "{name}: {reasons:?}");
        }
    }

    #[test]
    fn nothing_outside_the_folder_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("precious.json");
        fs::write(&precious, "{}").unwrap();
        let shelf = PresetShelf::new(folder.path().join("presets"));
        let saved = shelf.save("../precious", &recipe(), None).unwrap();
        assert!(matches!(shelf.delete("../precious"), Err(PresetError::NoName)));
        shelf.delete(&saved.name).unwrap();
        // Whatever somebody has called a file that lies there.
        let long = "by hand ".repeat(12) + "?";
        fs::write(folder.path().join(format!("presets/{long}.json")), "{}").unwrap();
        shelf.delete(&long).unwrap();
        assert_eq!(fs::read_to_string(&precious).unwrap(), "{}");
        assert!(matches!(shelf.save("...", &recipe(), None), Err(PresetError::NoName)));
    }

    #[test]
    fn a_folder_that_is_a_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = PresetShelf::new(file.clone()).save("Mine", &recipe(), None).unwrap_err().to_string();
        assert!(error.contains(&file.display().to_string()), "{error}");
    }
}
