//! The file thread and the library: what is read, kept, saved and thrown away.

use std::fs;
use std::sync::Arc;

use image::{Rgba, RgbaImage};
use pentimento::image_io::{Picture, read_record};
use pentimento::recipe::{PictureSource, Recipe};
use pentimento::studio::{Canvas, Command, Event};

use crate::bench::{Bench, PATIENCE, Seen, canvas};

#[test]
fn a_picture_that_another_program_has_changed_is_followed() {
    let bench = Bench::new();
    let recipe = bench.recipe(9);
    bench.paint(1, &recipe);
    bench.steps_begun(1);
    let look_again =
        || bench.studio.send(Command::LookAgain(vec![bench.source("content.png"), bench.source("style.png")]));
    for picture in ["content.png", "style.png"] {
        bench.studio.send(Command::LoadPicture(bench.source(picture)));
        bench.wait(|event| matches!(event, Event::PictureLoaded { .. }).then_some(()));
    }
    look_again();
    RgbaImage::new(40, 20).save(bench.path("content.png")).unwrap();
    look_again();
    let mut loaded = None;
    let changed = bench.wait(|event| match event {
        Event::PictureLoaded { source, width, .. } => {
            assert!(loaded.replace((source, width)).is_none(), "the others are as they were");
            None
        }
        Event::PictureChanged(source) => Some(source),
        _ => None,
    });
    assert_eq!(changed, bench.source("content.png"));
    assert_eq!(loaded, Some((changed, 40)));
    bench.studio.send(Command::FollowPictures);
    bench.allow(1);
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Revise(0.0, 40));
    // What cannot be read is told, and what is there stays.
    fs::write(bench.path("style.png"), "half written").unwrap();
    look_again();
    assert!(bench.wait_problem().contains("style.png"));
}

#[test]
fn keep_writes_a_picture_that_restores_its_recipe() {
    let bench = Bench::new();
    let recipe = Recipe { style_strength: 2.5, tv: 0.25, seed: 7, ..bench.recipe(100) };
    bench.paint(1, &recipe);
    bench.allow(2);
    bench.steps_begun(3);
    assert!(!bench.path("library").exists(), "made at the first write");
    bench.studio.send(Command::Keep);
    bench.allow(1);
    let kept = bench.wait_kept();
    assert_eq!((kept.iteration, &kept.recipe), (3, &recipe));
    assert_eq!(Picture::open(&kept.path).unwrap().to_rgba(), canvas(3));
    // As another session would find it.
    bench.studio.send(Command::ListLibrary);
    let listed = bench.wait(|event| match event {
        Event::Library(favourites) => Some(favourites),
        _ => None,
    });
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].path, &listed[0].recipe, listed[0].iteration), (&kept.path, &recipe, 3));
    // Opened, exported, deleted.
    bench.studio.send(Command::OpenFavourite(kept.path.clone()));
    let opened = bench.wait(|event| match event {
        Event::FavouriteOpened { path, image } if path == kept.path => Some(image),
        _ => None,
    });
    assert_eq!(*opened, canvas(3));
    let to = bench.path("exported.png");
    bench.studio.send(Command::ExportFavourite { from: kept.path.clone(), to: to.clone() });
    bench.wait(|event| matches!(event, Event::Saved { path, .. } if path == to).then_some(()));
    assert_eq!(read_record(&to).unwrap().unwrap().recipe, recipe);
    bench.studio.send(Command::DeleteFavourite(kept.path.clone()));
    let trashed = bench.wait(|event| match event {
        Event::FavouriteDeleted { path, trashed } if path == kept.path => Some(trashed),
        _ => None,
    });
    assert!(!kept.path.exists());
    bench.studio.send(Command::ListLibrary);
    bench.wait(|event| matches!(event, Event::Library(list) if list.is_empty()).then_some(()));
    // Brought back, and once only.
    let restore = Command::RestoreFavourite { trashed: trashed.clone(), path: kept.path.clone() };
    bench.studio.send(restore.clone());
    let back = bench.wait(|event| match event {
        Event::FavouriteRestored(favourite) => Some(favourite),
        _ => None,
    });
    assert_eq!((back.path, back.recipe, back.iteration), (kept.path.clone(), recipe, 3));
    assert_eq!(Picture::open(&kept.path).unwrap().to_rgba(), canvas(3));
    bench.studio.send(restore);
    let message = bench.wait_problem();
    assert!(message.contains(&trashed.display().to_string()), "{message}");
}

#[test]
fn there_is_nothing_to_keep_before_the_first_painting() {
    let bench = Bench::new();
    bench.studio.send(Command::Keep);
    assert!(bench.wait_problem().contains("press Paint first"));
    bench.studio.send(Command::SaveAs(bench.path("saved.png")));
    assert!(bench.wait_problem().contains("press Paint first"));
    assert!(!bench.path("saved.png").exists());
}

#[test]
fn save_as_writes_where_the_artist_says_or_names_the_place() {
    let bench = Bench::new();
    bench.allow(1);
    bench.paint(1, &bench.recipe(1));
    bench.wait_finished();
    let path = bench.path("saved.png");
    bench.studio.send(Command::SaveAs(path.clone()));
    bench.wait(|event| matches!(event, Event::Saved { path: saved, .. } if saved == path).then_some(()));
    assert_eq!(Picture::open(&path).unwrap().to_rgba(), canvas(1));
    bench.studio.send(Command::SaveAs(bench.path("no such folder/saved.png")));
    let message = bench.wait_problem();
    assert!(message.contains("no such folder"), "{message}");
}

#[test]
fn a_pasted_picture_lives_in_the_library() {
    let bench = Bench::new();
    let pasted = RgbaImage::from_pixel(20, 10, Rgba([1, 2, 3, 255]));
    bench.studio.send(Command::AdoptPicture { name: "clipboard".to_owned(), image: Arc::new(pasted.clone()) });
    let source = bench.wait(|event| match event {
        Event::PictureAdopted { name, source } if name == "clipboard" => Some(source),
        _ => None,
    });
    let (width, height) = bench.wait(|event| match event {
        Event::PictureLoaded { source: loaded, width, height, .. } if loaded == source => Some((width, height)),
        _ => None,
    });
    assert_eq!((width, height), (20, 10));
    let PictureSource::File(path) = source else { panic!("a pasted picture is a file now") };
    assert!(path.starts_with(bench.path("library/pasted")));
    assert_eq!(Picture::open(&path).unwrap().to_rgba(), pasted);
}

#[test]
fn pictures_are_loaded_or_named_in_a_sentence() {
    let bench = Bench::new();
    bench.studio.send(Command::LoadPicture(bench.source("content.png")));
    let (width, height, thumbnail) = bench.wait(|event| match event {
        Event::PictureLoaded { width, height, thumbnail, .. } => Some((width, height, thumbnail)),
        _ => None,
    });
    assert_eq!((width, height), (8, 4));
    assert_eq!(thumbnail.width(), 2 * thumbnail.height(), "the aspect is kept");
    fs::write(bench.path("text.jpg"), "no picture").unwrap();
    for name in ["missing.png", "text.jpg"] {
        bench.studio.send(Command::LoadPicture(bench.source(name)));
        let message = bench.wait(|event| match event {
            Event::PictureFailed { message, .. } => Some(message),
            _ => None,
        });
        assert!(message.contains(name), "{message}");
    }
    // The same with Paint.
    bench.paint(1, &Recipe { content: bench.source("missing.png"), ..bench.recipe(1) });
    let (message, rescued) = bench.wait_failed();
    assert!(message.contains("missing.png") && rescued.is_none(), "{message}");
}

#[test]
fn a_file_that_changes_is_read_again() {
    let bench = Bench::new();
    let load = || {
        bench.studio.send(Command::LoadPicture(bench.source("content.png")));
        bench.wait(|event| match event {
            Event::PictureLoaded { width, .. } => Some(width),
            _ => None,
        })
    };
    assert_eq!(load(), 8);
    RgbaImage::from_pixel(300, 200, Rgba([9, 9, 9, 255])).save(bench.path("content.png")).unwrap();
    assert_eq!(load(), 300);
}

#[test]
fn many_favourites_come_by_and_by_and_all_of_them() {
    let bench = Bench::new();
    let canvas =
        |iteration| Canvas { image: Arc::new(canvas(iteration)), deep: None, recipe: bench.recipe(1), iteration };
    let mut kept: Vec<_> = (1..=9)
        .map(|iteration| {
            bench.studio.send(Command::KeepCanvas(canvas(iteration)));
            bench.wait_kept().path
        })
        .collect();
    bench.studio.send(Command::ListLibrary);
    let mut listed = Vec::new();
    while listed.len() < kept.len() {
        let some = bench.wait(|event| match event {
            Event::Library(favourites) => Some(favourites),
            _ => None,
        });
        assert!((1..kept.len()).contains(&some.len()), "{} at once", some.len());
        listed.extend(some.into_iter().map(|favourite| favourite.path));
    }
    listed.sort();
    kept.sort();
    assert_eq!(listed, kept);
}

#[test]
fn a_library_that_cannot_be_used_is_a_sentence() {
    let bench = Bench::new();
    fs::write(bench.path("library"), "a file, not a folder").unwrap();
    bench.studio.send(Command::ListLibrary);
    assert!(bench.wait_problem().contains("library"));
    bench.allow(1);
    bench.paint(1, &bench.recipe(1));
    bench.wait_finished();
    bench.studio.send(Command::Keep);
    assert!(bench.wait_problem().contains("library"));
}

#[test]
fn what_was_kept_just_before_the_end_is_written() {
    let bench = Bench::new();
    bench.allow(1);
    bench.paint(1, &bench.recipe(1));
    bench.wait_finished();
    bench.studio.send(Command::Keep);
    let Bench { studio, folder, .. } = bench;
    drop(studio);
    let entries = fs::read_dir(folder.path().join("library")).unwrap();
    let written = entries.filter(|entry| entry.as_ref().unwrap().path().is_file());
    assert_eq!(written.count(), 1);
}
