//! Looking back along a painting, and going back.

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;
use pentimento::image_io::caption_height_px;
use pentimento::recipe::Colours;
use pentimento::studio::{Command, Event, Moment, RunId};

use crate::bench::{Bench, Seen, canvas};

/// The iterations of what the newest frame brings along.
fn iterations(moments: &[Moment]) -> Vec<u32> {
    moments.iter().map(|moment| moment.iteration).collect()
}

#[test]
fn every_moment_has_its_canvas_and_the_recipe_in_force() {
    let bench = Bench::with_moments();
    let before = bench.recipe(100);
    bench.paint(1, &before);
    bench.allow(2);
    bench.steps_begun(3);
    let mut after = before;
    after.style_strength = 2.0;
    bench.revise(&after);
    bench.allow(3);
    bench.wait_iteration(5);
    bench.steps_begun(3);
    // Nobody took a frame all the while.
    let frame = bench.frame();
    assert_eq!(iterations(&frame.moments), [0, 1, 2, 3, 4, 5]);
    assert!(frame.moments.iter().all(|moment| *moment.image == canvas(moment.iteration)));
    // The third step had begun before the change.
    let recipes: Vec<_> = frame.moments.iter().map(|moment| moment.recipe.style_strength).collect();
    assert_eq!(recipes, [0.0, 0.0, 0.0, 0.0, 2.0, 2.0]);
    // The canvas of now is not there twice.
    assert!(std::sync::Arc::ptr_eq(&frame.image, &frame.moments[5].image));
}

#[test]
fn going_back_goes_on_from_there_under_the_settings_of_now() {
    let bench = Bench::with_moments();
    let mut recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    bench.allow(5);
    bench.wait_iteration(5);
    bench.steps_begun(6);
    let moments = bench.frame().moments;
    recipe.style_strength = 3.0;
    bench.revise(&recipe);
    bench.studio.send(Command::GoBackTo(moments[2].clone()));
    bench.allow(1);
    // Before it stands at six.
    let aside = bench.wait_set_aside(1);
    assert_eq!((aside.iteration, &*aside.image), (6, &canvas(6)));
    let went_back = bench.wait(|event| match event {
        Event::WentBack { run: RunId(1), iteration } => Some(iteration),
        _ => None,
    });
    assert_eq!(went_back, 2);
    assert_eq!(bench.seen.recv().unwrap(), Seen::Revise(3.0, 8));
    assert_eq!(bench.seen.recv().unwrap(), Seen::GoOnFrom(8));
    bench.allow(1);
    bench.wait_iteration(3);
    bench.steps_begun(2);
    let frame = bench.frame();
    assert_eq!(iterations(&frame.moments), [0, 1, 2, 3]);
    assert_eq!(frame.moments[3].recipe.style_strength, 3.0);
}

#[test]
fn what_is_gone_back_to_is_what_was_painted_not_what_was_made_of_it() {
    let bench = Bench::with_moments();
    let mut recipe = bench.recipe(100);
    recipe.colours = Colours::Photo;
    bench.paint(1, &recipe);
    bench.allow(3);
    bench.wait_iteration(3);
    bench.steps_begun(4);
    let moments = bench.frame().moments;
    assert_eq!(*moments[2].image, canvas(2));
    bench.studio.send(Command::GoBackTo(moments[2].clone()));
    bench.allow(1);
    assert_eq!(bench.seen.recv().unwrap(), Seen::GoOnFrom(9));
}

#[test]
fn a_finished_painting_goes_on_from_where_it_went_back_to() {
    let bench = Bench::with_moments();
    bench.paint(1, &bench.recipe(4));
    bench.allow(4);
    bench.wait_finished();
    let moments = bench.frame().moments;
    bench.studio.send(Command::GoBackTo(moments[1].clone()));
    bench.wait(|event| matches!(event, Event::Resumed(_)).then_some(()));
    bench.allow(3);
    bench.wait_finished();
    assert_eq!(iterations(&bench.frame().moments), [0, 1, 2, 3, 4]);
}

#[test]
fn a_film_tells_what_was_changed_if_it_is_to_and_anything_was() {
    let bench = Bench::with_moments();
    let mut recipe = bench.recipe(4);
    bench.paint(1, &recipe);
    bench.allow(4);
    bench.wait_finished();
    let height = |moments: &Arc<[Moment]>, captions| {
        let (moments, path) = (Arc::clone(moments), bench.path("film.gif"));
        bench.studio.send(Command::SaveFilm { moments, path: path.clone(), captions });
        bench.wait(|event| matches!(event, Event::Saved { .. }).then_some(()));
        image::open(path).unwrap().height()
    };
    assert_eq!(height(&bench.frame().moments, true), 4, "nothing was");
    recipe.style_strength = 2.0;
    recipe.iterations = 6;
    bench.revise(&recipe);
    bench.allow(2);
    bench.wait_finished();
    let moments = bench.frame().moments;
    assert_eq!(height(&moments, false), 4);
    assert_eq!(height(&moments, true), 4 + caption_height_px());
}

#[test]
fn a_film_is_written_with_a_frame_for_each_moment() {
    let bench = Bench::with_moments();
    bench.paint(1, &bench.recipe(4));
    bench.allow(4);
    bench.wait_finished();
    let moments = bench.frame().moments;
    let path = bench.path("film.gif");
    let captions = false;
    bench.studio.send(Command::SaveFilm { moments: moments.clone(), path: path.clone(), captions });
    let saved = bench.wait(|event| match event {
        Event::Saved { path, .. } => Some(path),
        _ => None,
    });
    assert_eq!(saved, path);
    let film = GifDecoder::new(BufReader::new(File::open(&path).unwrap())).unwrap();
    let frames = film.into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 5);
    bench.studio.send(Command::SaveFilm { moments, path: bench.path("film.png"), captions });
    assert!(bench.wait_problem().contains("film.png"));
}
