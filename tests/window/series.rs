//! Several photos, painted one after another.

use std::path::PathBuf;

use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use pentimento::app::Answer;
use pentimento::recipe::{PictureSource, Recipe};

use crate::bench::Bench;

/// Chooses these photos, of two iterations each, and presses Paint.
fn paint<const N: usize>(bench: &mut Bench, names: [&str; N]) -> [PathBuf; N] {
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    bench.set_iterations(2.0);
    let photos = names.map(|name| bench.write_picture(name));
    *bench.answer.lock().unwrap() = Answer::Several(photos.to_vec());
    bench.click("Open photo");
    bench.until_label(&format!("Photo picture: {}", names[0]));
    bench.click("Paint");
    photos
}

#[test]
fn several_photos_are_painted_one_after_another_and_kept() {
    let mut bench = Bench::new();
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    bench.set_iterations(2.0);
    let (red, broken, blue) =
        (bench.write_picture("red.png"), bench.folder.path().join("broken.png"), bench.write_picture("blue.png"));
    std::fs::write(&broken, "no picture").unwrap();
    *bench.answer.lock().unwrap() = Answer::Several(vec![red.clone(), broken, blue.clone()]);
    bench.click("Open photo");
    bench.until_label("Photo picture: red.png");
    assert!(bench.has("Photo 1 of 3") && bench.has("Canvas: the photo"), "it waits for the artist");

    bench.click("Paint");
    bench.iterate(2);
    bench.until_label("Photo picture: blue.png");
    bench.until_label("Favourite, iteration 2");
    assert!(bench.has("Photo 3 of 3") && bench.has("broken.png"), "the broken one was told");
    bench.until_painter_has("the last photo", move |recipe| recipe.content == PictureSource::File(blue.clone()));
    bench.iterate(2);
    bench.until_label("2 of 3 photos are painted");
    bench.until("both", |window| window.query_all_by_label_contains("Favourite, iteration 2").count() == 2);
    assert!(!bench.has("Photo 3 of 3"));
    // Taken back by the way, the photo of before would have been painted twice.
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.settle();
    assert!(bench.has("No change is left to take back") && bench.has("Photo picture: blue.png"));
    // A photo that is no longer held is read again for whoever goes back to it.
    *bench.answer.lock().unwrap() = Answer::Chosen(red.clone());
    bench.click("Open photo");
    bench.until_label("Photo picture: red.png");
    bench.until("its tile", |window| window.query_all_by_label("40 × 30").count() == 1);
    assert_eq!(bench.seen.lock().unwrap()[0].content, PictureSource::File(red));
}

#[test]
fn a_photo_that_fails_does_not_hold_up_those_behind_it() {
    let mut bench = Bench::new();
    let photos = paint(&mut bench, ["red.png", "green.png", "blue.png"]);
    bench.iterate(2);
    bench.until_label("Photo picture: green.png");
    let green = photos[1].clone();
    bench.until_painter_has("the second", move |recipe| recipe.content == PictureSource::File(green.clone()));
    bench.fail("too large for this machine");
    bench.until_label("Photo picture: blue.png");
    bench.iterate(2);
    bench.until_label("2 of 3 photos are painted");
}

#[test]
fn a_photo_that_finish_has_interrupted_has_its_turn_after_it() {
    let mut bench = Bench::new();
    let photos = paint(&mut bench, ["red.png", "blue.png"]);
    bench.iterate(2);
    bench.until_label("Photo picture: blue.png");
    let blue = photos[1].clone();
    let is_blue = move |recipe: &Recipe| recipe.content == PictureSource::File(blue.clone());
    bench.until_painter_has("the second", is_blue.clone());
    // The first one, which is a favourite now, is taken up to a high resolution meanwhile.
    bench.window().get_by_label("Favourite, iteration 2").click();
    bench.until_label("Viewing a favourite");
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::F);
    bench.settle();
    bench.iterate(1);
    bench.until_label("2048 x ");
    bench.click("Start finishing");
    bench.until_painter_has("the finishing recipe", |recipe| recipe.size == 2048);
    bench.until_painter_has("the second again", move |recipe| is_blue(recipe) && recipe.size == 512);
    bench.iterate(2);
    bench.until_label("2 of 2 photos are painted");
}

#[test]
fn a_photo_whose_canvas_is_being_saved_keeps_it() {
    let mut bench = Bench::new();
    paint(&mut bench, ["red.png", "blue.png"]);
    bench.iterate(1);
    bench.until_label("Iteration 1 /");
    // Nobody answers the question for a file yet.
    *bench.answer.lock().unwrap() = Answer::Unavailable;
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::S);
    bench.until_label("No file dialog on this system");
    bench.iterate(1);
    bench.until_label("Finished");
    bench.settle();
    assert!(bench.has("Photo picture: red.png"), "its canvas is what the question is about");
    bench.press(Key::Escape);
    bench.until_label("Photo picture: blue.png");
}

#[test]
fn photos_that_wait_can_be_let_go() {
    let mut bench = Bench::new();
    bench.ready();
    let photos = [bench.write_picture("red.png"), bench.write_picture("blue.png")];
    let tile = bench.window().get_by_label_contains("Photo picture:").rect().center();
    photos.into_iter().for_each(|photo| bench.drop_file(photo));
    bench.window().event(Event::PointerMoved(tile));
    bench.until_label("Photo picture: red.png");
    assert!(bench.has("Photo 1 of 2") && !bench.has("blue.png"), "on the photo's place, all are photos");
    bench.click("Forget the other photos");
    assert!(!bench.has("Photo 1 of 2") && bench.has("Photo picture: red.png"));
}

#[test]
fn no_photo_takes_the_canvas_of_one_that_could_not_be_kept() {
    // A file where the library's folder should be.
    let mut bench = Bench::with_library(|folder| {
        std::fs::write(folder.join("library"), "").unwrap();
        folder.join("library")
    });
    paint(&mut bench, ["red.png", "blue.png"]);
    bench.iterate(2);
    bench.until_label("Finished");
    bench.until_label("library folder");
    bench.settle();
    assert!(bench.has("Photo picture: red.png") && bench.has("Photo 1 of 2") && bench.has("Finished"));
}
