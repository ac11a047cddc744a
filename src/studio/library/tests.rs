use std::time::Duration;

use super::*;
use crate::recipe::Recipe;

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_709_208_000)
}

fn library(folder: &Path) -> Library {
    Library { now: noon, ..Library::new(folder.to_owned()) }
}

fn pixels(red: u8) -> RgbaImage {
    RgbaImage::from_pixel(20, 10, image::Rgba([red, 2, 3, 255]))
}

fn canvas(red: u8) -> Canvas {
    let recipe = Recipe { style_strength: 2.5, ..Recipe::default() };
    Canvas { image: Arc::new(pixels(red)), deep: None, recipe, iteration: 7 }
}

fn list(library: &Library) -> Vec<Favourite> {
    library.files().unwrap().into_iter().filter_map(read_favourite).collect()
}

#[test]
fn nothing_is_overwritten_within_one_second() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(&folder.path().join("made at the first write"));
    assert!(list(&library).is_empty());
    let first = library.keep(&canvas(1)).unwrap();
    let second = library.keep(&canvas(2)).unwrap();
    assert_eq!(first.path.file_name().unwrap(), "pentimento-20240229-120000-i0007.png");
    assert_eq!(second.path.file_name().unwrap(), "pentimento-20240229-120000-i0007-2.png");
    assert_eq!(Picture::open(&first.path).unwrap().to_rgba(), pixels(1));
    assert_eq!(Picture::open(&second.path).unwrap().to_rgba(), pixels(2));
    let listed = list(&library);
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|favourite| favourite.recipe == canvas(1).recipe && favourite.iteration == 7));
}

#[test]
fn foreign_files_are_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    fs::write(folder.path().join("notes.txt"), "hello").unwrap();
    fs::write(folder.path().join("broken.png"), "not a picture").unwrap();
    fs::create_dir(folder.path().join("folder.png")).unwrap();
    pixels(1).save(folder.path().join("no recipe.png")).unwrap();
    let kept = library.keep(&canvas(1)).unwrap();
    let listed: Vec<_> = list(&library).into_iter().map(|favourite| favourite.path).collect();
    assert_eq!(listed, [kept.path]);
}

#[test]
fn a_deleted_favourite_is_still_in_the_trash() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    for red in [1, 2] {
        let kept = library.keep(&canvas(red)).unwrap();
        let trashed = library.delete(&kept.path).unwrap();
        assert!(!kept.path.exists());
        assert_eq!(Picture::open(&trashed).unwrap().to_rgba(), pixels(red));
        let gone = library.delete(&kept.path).unwrap_err().to_string();
        assert!(gone.contains(&kept.path.display().to_string()), "{gone}");
    }
    assert!(list(&library).is_empty());
    assert_eq!(fs::read_dir(folder.path().join(TRASH)).unwrap().count(), 2);
}

#[test]
fn a_deleted_favourite_comes_back_where_it_was_and_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let first = library.keep(&canvas(1)).unwrap();
    let trashed = library.delete(&first.path).unwrap();
    let back = library.restore(&trashed, &first.path).unwrap();
    assert_eq!((back.path, back.recipe, back.iteration), (first.path.clone(), first.recipe, 7));
    // The trash is empty, and says so.
    let gone = library.restore(&trashed, &first.path).unwrap_err().to_string();
    assert!(gone.contains(&trashed.display().to_string()), "{gone}");
    assert_eq!(list(&library).len(), 1, "nothing empty is left behind");
    // Another favourite has taken the name by now.
    let trashed = library.delete(&first.path).unwrap();
    let second = library.keep(&canvas(2)).unwrap();
    assert_eq!(second.path, first.path);
    let back = library.restore(&trashed, &first.path).unwrap();
    assert_ne!(back.path, first.path);
    assert_eq!(Picture::open(&back.path).unwrap().to_rgba(), pixels(1));
    assert_eq!(Picture::open(&second.path).unwrap().to_rgba(), pixels(2));
}

#[test]
fn only_what_is_in_the_trash_can_be_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let kept = library.keep(&canvas(1)).unwrap();
    let stranger = folder.path().join("stranger.png");
    fs::write(&stranger, "precious").unwrap();
    for trashed in [&stranger, &folder.path().join(TRASH).join("../stranger.png")] {
        let error = library.restore(trashed, &kept.path).unwrap_err();
        assert!(matches!(error, LibraryError::Foreign { .. }), "{error}");
    }
    assert!(stranger.exists());
}

#[test]
fn only_favourites_can_be_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("stranger.png");
    fs::write(&stranger, "precious").unwrap();
    let library = library(&folder.path().join("library"));
    assert!(matches!(library.delete(&stranger), Err(LibraryError::Foreign { .. })));
    assert!(stranger.exists());
}

#[test]
fn a_library_that_is_a_file_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let library = library(&file);
    assert!(matches!(library.files(), Err(LibraryError::List { .. })));
    let error = library.keep(&canvas(1)).unwrap_err();
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
}

#[test]
fn a_picture_is_adopted_once() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let path = library.adopt("Pasted style", &pixels(1)).unwrap();
    assert_eq!(library.adopt("Pasted style", &pixels(1)).unwrap(), path);
    assert_ne!(library.adopt("Pasted style", &pixels(2)).unwrap(), path);
    assert_eq!(Picture::open(&path).unwrap().to_rgba(), pixels(1));
    assert!(list(&library).is_empty(), "pasted pictures are no favourites");
    // Whoever reads the recipe later still knows it by its name.
    assert_eq!(pasted_name(&path), Some("Pasted style"));
    for other in ["pasted/0123456789abcdef.png", "elsewhere/Red 0123456789abcdef.png", "pasted/Red 0123.png"] {
        assert_eq!(pasted_name(Path::new(other)), None, "{other}");
    }
}
