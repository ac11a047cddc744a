//! What is left of a painting when the program comes to a bad end.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use image::open;
use pentimento::image_io::read_record;
use pentimento::studio::{Command, Event, Favourite};

use crate::bench::{Bench, Step, canvas};

/// The canvases in the folder for unfinished ones.
fn unfinished(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.join("library/.unfinished")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "png")).collect()
}

/// Everything that the file thread had to do before is done, and this is what is in the library then.
fn listed(bench: &Bench) -> Vec<Favourite> {
    bench.studio.send(Command::ListLibrary);
    bench.wait(|event| match event {
        Event::Library(favourites) => Some(favourites),
        _ => None,
    })
}

#[test]
fn the_canvas_of_a_program_that_crashed_is_among_the_favourites_of_the_next() {
    let bench = Bench::in_folder(tempfile::tempdir().unwrap(), Duration::ZERO);
    let recipe = bench.recipe(100);
    bench.allow(2);
    bench.paint(1, &recipe);
    // The third iteration has begun, so the canvas of the second is on its way.
    bench.steps_begun(3);
    assert!(listed(&bench).is_empty(), "nothing was kept");
    let [path] = &unfinished(bench.folder.path())[..] else { panic!("one canvas, over the last one") };
    assert_eq!(read_record(path).unwrap().unwrap().iteration, 2);
    // Of a program that is no more, nobody holds the lock.
    let left = path.with_file_name("another.png");
    fs::copy(path, &left).unwrap();

    let Bench { gate, studio, folder, .. } = bench;
    // A step that fails would be kept as a favourite of its own.
    gate.send(Step::Endless).unwrap();
    drop(studio);
    assert_eq!(unfinished(folder.path()), [left], "a good end leaves nothing");

    let bench = Bench::in_folder(folder, Duration::MAX);
    assert!(bench.wait_problem().contains("sudden end"));
    let [favourite] = &listed(&bench)[..] else { panic!("one favourite") };
    assert_eq!((favourite.iteration, &favourite.recipe), (2, &recipe));
    assert_eq!(open(&favourite.path).unwrap().to_rgba8(), canvas(2));
    assert!(unfinished(bench.folder.path()).is_empty());
}

#[test]
fn a_canvas_is_written_when_it_is_finished_and_not_at_every_iteration() {
    let bench = Bench::in_folder(tempfile::tempdir().unwrap(), Duration::MAX);
    bench.allow(2);
    bench.paint(1, &bench.recipe(3));
    bench.steps_begun(3);
    assert!(listed(&bench).is_empty());
    assert!(!bench.path("library/.unfinished").exists(), "it may still go on for a while");
    bench.allow(1);
    bench.wait_finished();
    // It is handed over after that was told, so something must follow that is answered later.
    bench.studio.send(Command::SaveAs(bench.path("saved.png")));
    bench.wait(|event| matches!(event, Event::Saved { .. }).then_some(()));
    let [path] = &unfinished(bench.folder.path())[..] else { panic!("one canvas") };
    assert_eq!(read_record(path).unwrap().unwrap().iteration, 3);
}
