//! What must not be written over.

use std::path::Path;

use crate::recipe::{PictureSource, Recipe};

/// Whether a file is one of the pictures that a recipe names, by whatever name: links and relative paths are followed. What is not
/// there yet is none of them.
#[must_use]
pub fn is_painted_with(path: &Path, recipe: &Recipe) -> bool {
    let Ok(place) = path.canonicalize() else { return false };
    let is_place = |source: &PictureSource| match source {
        PictureSource::File(picture) => picture.canonicalize().is_ok_and(|picture| picture == place),
        PictureSource::Sample(_) => false,
    };
    recipe.pictures().into_iter().any(is_place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_any_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let photo = folder.path().join("photo.png");
        let recipe = Recipe { content: PictureSource::File(photo.clone()), ..Recipe::default() };
        assert!(!is_painted_with(&photo, &recipe), "not there yet");
        std::fs::write(&photo, "").unwrap();
        std::fs::write(folder.path().join("other.png"), "").unwrap();
        assert!(is_painted_with(&photo, &recipe));
        assert!(is_painted_with(&folder.path().join("./photo.png"), &recipe));
        assert!(!is_painted_with(&folder.path().join("other.png"), &recipe));
        #[cfg(unix)]
        {
            let link = folder.path().join("link.png");
            std::os::unix::fs::symlink(&photo, &link).unwrap();
            assert!(is_painted_with(&link, &recipe));
        }
    }
}
