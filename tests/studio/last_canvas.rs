//! What the next program finds of a painting, however this one ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pentimento::image_io::read_record;
use pentimento::studio::{Canvas, Command, Event, Favourite, RunId};
use tempfile::TempDir;

use crate::bench::{Bench, PATIENCE, Seen, Step, canvas};

/// The canvases that wait for the next program.
fn waiting(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.join("library/.last")).unwrap();
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

/// A good end in the middle of a step, and what it leaves.
fn close(bench: Bench) -> TempDir {
    let Bench { gate, studio, folder, .. } = bench;
    // One that fails would be kept as a favourite.
    gate.send(Step::Endless).unwrap();
    drop(studio);
    folder
}

#[test]
fn a_window_that_is_closed_opens_with_its_last_canvas_set_aside() {
    let bench = Bench::in_folder(tempfile::tempdir().unwrap(), Duration::MAX);
    let recipe = bench.recipe(100);
    bench.allow(2);
    bench.paint(1, &recipe);
    bench.steps_begun(3);
    assert!(listed(&bench).is_empty() && !bench.path("library/.last").exists(), "it may still go on for a while");
    let folder = close(bench);

    // As often as it is opened without painting anything.
    let mut folder = Some(folder);
    for _ in 0..2 {
        let bench = Bench::in_folder(folder.take().unwrap(), Duration::MAX);
        let found = bench.wait_set_aside(0);
        assert_eq!((found.iteration, &found.recipe, &*found.image), (2, &recipe, &canvas(2)));
        assert!(listed(&bench).is_empty(), "nobody has kept it");
        let Bench { studio, folder: again, .. } = bench;
        drop(studio);
        folder = Some(again);
    }

    // The next painting takes its place.
    let bench = Bench::in_folder(folder.take().unwrap(), Duration::MAX);
    bench.allow(1);
    bench.paint(1, &recipe);
    bench.steps_begun(2);
    let folder = close(bench);
    let [path] = &waiting(folder.path())[..] else { panic!("one canvas") };
    assert_eq!(read_record(path).unwrap().unwrap().iteration, 1);
}

#[test]
fn a_program_that_crashes_loses_what_was_painted_since_the_last_time_and_no_more() {
    let bench = Bench::in_folder(tempfile::tempdir().unwrap(), Duration::ZERO);
    bench.allow(2);
    bench.paint(1, &bench.recipe(100));
    // The third iteration has begun, so the canvas of the second is on its way.
    bench.steps_begun(3);
    assert!(listed(&bench).is_empty());
    let [path] = &waiting(bench.folder.path())[..] else { panic!("one canvas, over the last one") };
    assert_eq!(read_record(path).unwrap().unwrap().iteration, 2);
    // Of a program that is no more the files are there, and nobody holds the lock.
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("library/.last")).unwrap();
    for name in ["1.png", "2.png"] {
        let left = home.path().join("library/.last").join(name);
        fs::copy(path, &left).unwrap();
        fs::write(left.with_extension("lock"), "").unwrap();
    }
    close(bench);

    let bench = Bench::in_folder(home, Duration::MAX);
    assert_eq!(bench.wait_set_aside(0).iteration, 2);
    assert!(bench.wait_problem().contains("sudden end"));
    // Two programs had crashed, and only one canvas can be shown.
    assert_eq!(listed(&bench).len(), 1);
    let Bench { studio, folder, .. } = bench;
    drop(studio);
    let bench = Bench::in_folder(folder, Duration::MAX);
    assert_eq!(bench.wait_set_aside(0).iteration, 2);
    bench.studio.send(Command::SaveAs(bench.path("nothing.png")));
    assert!(!bench.wait_problem().contains("sudden end"), "that is no longer news");
}

#[test]
fn a_canvas_is_taken_up_where_it_was_left() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    let left = Canvas { image: Arc::new(canvas(40)), deep: None, recipe: recipe.clone(), iteration: 40 };
    bench.studio.send(Command::TakeUp { run: RunId(1), canvas: left });
    bench.wait_started(1);
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::GoOnFrom(8));
    bench.step_begun();
    assert_eq!(bench.frame().iteration, 40);
    // It can be kept as what it is before anything more is painted.
    bench.studio.send(Command::Keep);
    bench.allow(1);
    let kept = bench.wait_kept();
    assert_eq!(kept.recipe, recipe);
}

#[test]
fn a_finished_canvas_is_written_at_once() {
    let bench = Bench::in_folder(tempfile::tempdir().unwrap(), Duration::MAX);
    bench.allow(3);
    bench.paint(1, &bench.recipe(3));
    bench.wait_finished();
    // It is handed over after that was told, so something must follow that is answered later.
    bench.studio.send(Command::SaveAs(bench.path("saved.png")));
    bench.wait(|event| matches!(event, Event::Saved { .. }).then_some(()));
    let [path] = &waiting(bench.folder.path())[..] else { panic!("one canvas") };
    assert_eq!(read_record(path).unwrap().unwrap().iteration, 3);
    // The next program finds it, so at the end it need not become a favourite as well; another one need.
    bench.studio.send(Command::Stop);
    let aside = bench.wait_set_aside(1);
    let other = Canvas { image: Arc::new(canvas(2)), iteration: 2, ..aside.clone() };
    bench.studio.send(Command::KeepUnlessLast(aside));
    bench.studio.send(Command::KeepUnlessLast(other));
    assert_eq!(bench.wait_kept().iteration, 2);
}

#[test]
fn a_canvas_that_cannot_be_written_on_the_way_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("library")).unwrap();
    fs::write(folder.path().join("library/.last"), "a file where the folder should be").unwrap();
    let bench = Bench::in_folder(folder, Duration::ZERO);
    bench.allow(4);
    bench.paint(1, &bench.recipe(4));
    let mut told = 0;
    loop {
        match bench.next_event() {
            Event::Problem(message) if message.contains("cannot be written on the way") => told += 1,
            Event::Finished(_) => bench.studio.send(Command::ListLibrary),
            Event::Library(_) => break,
            _ => {}
        }
    }
    assert_eq!(told, 1, "of four");
}
