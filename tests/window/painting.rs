//! Painting, pausing, starting over, and what is kept of it.

use egui::accesskit::Role;
use egui::{Event, Key};
use egui_kittest::kittest::Queryable;
use image::{Rgba, RgbaImage};
use pentimento::app::{Answer, Preferences};
use pentimento::image_io::{PaintingRecord, Picture, save_picture};
use pentimento::recipe::{Init, PictureSource, Recipe};

use crate::bench::Bench;

#[test]
fn a_whole_session_from_choosing_to_restoring() {
    let mut bench = Bench::new();
    bench.ready();

    // Choose: a bundled style, a photo dropped on the window.
    bench.click("Style samples");
    bench.click("Ocean Waves");
    bench.until_label("Style picture:");
    let dropped = bench.write_picture("red.png");
    bench.drop_file(dropped.clone());
    bench.window().event(Event::PointerMoved(egui::pos2(640.0, 300.0)));
    bench.until_label("Photo picture: red.png");

    // Paint: progress, losses and device are told.
    bench.paint(3);
    assert!(bench.has("24 × 16 px") && bench.has("1234") && bench.has("Test bench"));
    {
        let seen = bench.seen.lock().unwrap();
        assert_eq!(seen[0].content, PictureSource::File(dropped));
        assert_eq!(seen[0].styles[0].picture, PictureSource::Sample("ocean-waves".to_owned()));
    }

    // A slider acts on the running painting.
    bench.set_slider("Style strength", 3.0);
    bench.until_painter_has("the new style strength", |recipe| recipe.style_strength == 3.0);
    assert_eq!(bench.seen.lock().unwrap().len(), 2, "one change, one revision");

    // Keep it.
    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("Favourite, iteration");

    // Go on under other settings, then go back to those of the favourite.
    bench.set_slider("Style strength", -2.0);
    bench.until_painter_has("the weaker style", |recipe| recipe.style_strength == -2.0);
    bench.window().get_by_label_contains("Favourite, iteration").click();
    bench.until_label("Viewing a favourite");
    bench.click("Take its settings");
    bench.until_painter_has("the kept style strength", |recipe| recipe.style_strength == 3.0);
    assert!(bench.has("Pause"), "the painting has gone on");
    bench.until_label("Canvas: the painting");
}

#[test]
fn a_canvas_is_kept_once() {
    let mut bench = Bench::new();
    bench.ready();
    bench.press(Key::K);
    assert!(bench.has("There is nothing to keep yet"));
    bench.paint(2);
    bench.click("Pause");
    bench.iterate(1);
    bench.until_label("Paused");
    bench.press(Key::K);
    bench.until_label("Favourite, iteration 3");
    bench.press(Key::K);
    bench.until_label("Iteration 3 is among the favourites already");
    assert_eq!(bench.window().query_all_by_label_contains("Favourite, iteration").count(), 1);
}

#[test]
fn one_button_and_one_key_paint_pause_and_resume() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(1);
    bench.press(Key::Space);
    bench.iterate(1);
    bench.until_label("Paused");
    bench.click("Resume");
    bench.iterate(2);
    bench.until_label("Iteration 4 /");
    assert!(bench.has("Pause"));
}

#[test]
fn starting_over_keeps_the_canvas_within_reach() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(2);
    // The painter is in the midst of a step: the new painting has shown nothing yet.
    bench.click("Start over");
    bench.until_label("Previous canvas");
    bench.click("Previous canvas");
    assert!(bench.has("Viewing the previous canvas"));
    bench.press(Key::K);
    bench.until_label("Favourite, iteration");
    assert!(bench.has("Viewing a favourite") && !bench.has("Previous canvas"), "it is a favourite now");
    bench.press(Key::Escape);
    assert!(!bench.has("Viewing a favourite"));
}

#[test]
fn a_stirred_canvas_can_be_had_back() {
    let mut bench = Bench::new();
    bench.ready();
    bench.open_advanced("Stir");
    bench.paint(3);
    bench.window().get_by_role_and_label(Role::SpinButton, "Strength of the stir").set_value_accesskit(40.0);
    bench.settle();
    bench.click("Stir");
    bench.iterate(1);
    bench.until_label("Previous canvas");
    assert_eq!(*bench.disturbed.lock().unwrap(), ["stirred by 40"]);
    bench.iterate(2);
    bench.until_label("Iteration 6 /");
    bench.click("Previous canvas");
    bench.click("Paint on from it");
    assert!(!bench.has("Viewing the previous canvas"));
    bench.iterate(1);
    bench.until_label("Iteration 7 /");
    assert_eq!(*bench.disturbed.lock().unwrap(), ["stirred by 40", "went on from iteration 4"]);
}

#[test]
fn what_the_last_program_has_left_is_taken_up_with_its_settings() {
    let mut bench = Bench::with_library(|folder| {
        let last = folder.join("library/.last");
        std::fs::create_dir_all(&last).unwrap();
        let recipe = Recipe { style_strength: 1.5, ..Recipe::default() };
        let canvas = RgbaImage::from_pixel(24, 16, Rgba([40, 100, 50, 255]));
        save_picture(&last.join("1.png"), &canvas, Some(&PaintingRecord::new(recipe, 40))).unwrap();
        folder.join("library")
    });
    bench.ready();
    bench.until_label("Previous canvas");
    bench.click("Previous canvas");
    bench.click("Paint on from it");
    bench.until_label("Canvas: the painting");
    assert_eq!(*bench.disturbed.lock().unwrap(), ["went on from iteration 40"]);
    assert_eq!(bench.seen.lock().unwrap().last().unwrap().style_strength, 1.5);
    assert_eq!(bench.seen.lock().unwrap().len(), 1, "the settings are not told a second time");
    bench.iterate(1);
    bench.until_label("Iteration 41 /");
}

#[test]
fn a_new_painting_starts_from_the_canvas_or_from_a_favourite() {
    let mut bench = Bench::new();
    bench.ready();
    bench.open_advanced("Random seed");
    let start_from_this_canvas = |bench: &mut Bench| {
        bench.window().get_by_role_and_label(Role::ComboBox, "Start from").click();
        bench.settle();
        bench.click("This canvas");
    };
    bench.paint(2);
    start_from_this_canvas(&mut bench);
    // It is taken between two iterations.
    bench.iterate(1);
    bench.until_label("Starting picture picture: Canvas at iteration 3");
    bench.click("Start over");
    bench.iterate(2);
    bench.until_label("Iteration 1 /");
    let init = bench.seen.lock().unwrap().last().unwrap().init.clone();
    let Init::Picture(PictureSource::File(path)) = init else { panic!("starts from {init}") };
    assert_eq!(image::open(path).unwrap().to_rgba8().get_pixel(0, 0).0, [3, 100, 50, 255], "its very pixels");

    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("Favourite, iteration 2");
    bench.click("Favourite, iteration 2");
    start_from_this_canvas(&mut bench);
    bench.until_label("Starting picture picture: pentimento-");
    bench.press(Key::Escape);
    bench.click("Start over");
    bench.iterate(2);
    bench.until_label("Iteration 1 /");
    let init = bench.seen.lock().unwrap().last().unwrap().init.clone();
    let Init::Picture(source) = init else { panic!("starts from {init}") };
    assert_eq!(Picture::load(&source).unwrap().to_rgba().get_pixel(0, 0).0, [2, 100, 50, 255]);
}

#[test]
fn an_error_of_the_painter_becomes_one_sentence_in_the_window() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(1);
    bench.fail("the graphics card was unplugged");
    bench.until_label("the graphics card was unplugged");
    assert!(bench.has("Broken off"));
    // What was rescued can be taken up.
    bench.until_label("Favourite, iteration 1");
    bench.click("Favourite, iteration 1");
    bench.click("Paint on from it");
    bench.iterate(1);
    bench.until_label("Iteration 2 /");
    assert_eq!(*bench.disturbed.lock().unwrap(), ["went on from iteration 1"]);
    // So can a new painting be started.
    bench.fail("the graphics card was unplugged again");
    bench.until_label("the graphics card was unplugged again");
    bench.click("Paint");
    bench.iterate(1);
    bench.until_label("Iteration 1 /");
}

#[test]
fn panels_come_and_go_by_key() {
    let mut bench = Bench::new();
    bench.ready();
    assert!(bench.has("The loss curve appears here"));
    bench.press(Key::L);
    assert!(!bench.has("The loss curve appears here"));
    bench.press(Key::F1);
    assert!(bench.has("Zoom to the pointer"));
    bench.press(Key::Escape);
    bench.click("More");
    bench.click("About Pentimento");
    assert!(bench.has("Visual Geometry Group, University of Oxford") && bench.has("photo by Mathias Appel, CC0"));
    bench.press(Key::Escape);
    assert!(!bench.has("Visual Geometry Group"));
}

#[test]
fn a_deleted_favourite_comes_back() {
    let mut bench = Bench::new();
    bench.look_at_a_favourite();
    bench.settle();
    bench.press(Key::Delete);
    bench.until_label("Moved pentimento-");
    assert!(!bench.has("Favourite, iteration"));
    bench.undo_newest();
    bench.until_label("Favourite, iteration");
}

#[test]
fn a_painting_that_had_hardly_begun_displaces_none_that_had_got_further() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(6);
    let previous_is = |bench: &mut Bench, words: &str| {
        bench.click("Previous canvas");
        assert!(bench.has("Viewing the previous canvas") && bench.has(words), "{words}");
        bench.press(Key::Escape);
    };
    // The first step that is allowed then is the old painting's last.
    bench.click("Start over");
    bench.iterate(2);
    bench.until_label("Iteration 1 /");
    bench.click("Start over");
    bench.iterate(5);
    bench.until_label("Iteration 4 /");
    previous_is(&mut bench, "iteration 7");
    bench.click("Start over");
    bench.iterate(2);
    bench.until_label("Iteration 1 /");
    previous_is(&mut bench, "iteration 5");
}

#[test]
fn a_small_window_tells_less_and_nothing_lies_over_anything() {
    let mut bench = Bench::new();
    bench.window().set_size(egui::vec2(880.0, 560.0));
    bench.ready();
    let keep = |bench: &mut Bench| bench.window().get_by_role_and_label(Role::Button, "Keep").rect();
    let hint = bench.window().get_by_label_contains("Choose a photo and a style").rect();
    assert!(hint.right() <= keep(&mut bench).left(), "{hint:?}");
    bench.click("Paint");
    bench.iterate(3);
    bench.until_label("Iteration 3 /");
    let keep = keep(&mut bench);
    for told in ["Painting", "Iteration 3 /", "00:10 left", "24 × 16 px"] {
        let labels: Vec<_> = bench.window().query_all_by_label_contains(told).map(|label| label.rect()).collect();
        assert!(labels.iter().filter(|rect| rect.top() < 50.0).all(|rect| rect.right() <= keep.left()), "{told}");
    }
    assert!(bench.has("00:10 left"), "what matters most is told");
}

/// A window, tall enough for all settings, whose painting has come to its end.
fn finished() -> Bench {
    let mut bench = Bench::new();
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    bench.set_iterations(2.0);
    bench.click("Paint");
    paint_to_the_end(&mut bench);
    bench
}

/// Paints two iterations, which are all.
fn paint_to_the_end(bench: &mut Bench) {
    bench.iterate(2);
    bench.until_label("Finished");
    bench.until_label("Canvas: the painting");
}

#[test]
fn what_is_done_is_not_painted_over_with_another_photo() {
    let mut bench = finished();
    let other = bench.write_picture("other.png");
    *bench.answer.lock().unwrap() = Answer::Chosen(other.clone());
    bench.click("Open photo");
    bench.until_label("Photo picture: other.png");
    bench.until_label("Previous canvas");
    assert!(bench.has("Canvas: the photo"), "it waits for Paint");
    assert_eq!(bench.seen.lock().unwrap().len(), 1);
    // The old photo back: its painting is still there, and can be painted on.
    bench.window().key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
    bench.settle();
    assert!(!bench.has("Photo picture: other.png") && bench.has("Previous canvas"));
    bench.window().key_press_modifiers(egui::Modifiers::COMMAND.plus(egui::Modifiers::SHIFT), Key::Z);
    bench.until_label("Photo picture: other.png");
    bench.click("Paint");
    bench.until_painter_has("the other photo", move |recipe| recipe.content == PictureSource::File(other.clone()));
    assert!(bench.disturbed.lock().unwrap().is_empty(), "on a canvas of its own");
}

#[test]
fn finished_canvases_that_lose_their_place_are_kept() {
    let mut bench = finished();
    bench.click("Start over");
    paint_to_the_end(&mut bench);
    bench.until_label("Previous canvas");
    assert!(!bench.has("Favourite, iteration 2"), "two places for two canvases");
    bench.click("Start over");
    bench.until_label("Favourite, iteration 2");
}

#[test]
fn the_previous_canvas_outlives_the_window_if_it_was_finished() {
    let mut bench = finished();
    bench.click("Start over");
    bench.iterate(1);
    bench.until_label("Iteration 1 /");
    bench.until_label("Canvas: the painting");
    bench.close();
    let kept = std::fs::read_dir(bench.folder.path().join("library")).unwrap();
    let names: Vec<_> = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.ends_with("i0002.png")), "{names:?}");
}

#[test]
fn a_canvas_that_is_taken_up_stands_there_while_it_is_prepared() {
    let mut bench = Bench::new();
    bench.look_at_a_favourite();
    bench.press(Key::Escape);
    bench.fail("the graphics card was unplugged");
    bench.until_label("the graphics card was unplugged");
    bench.window().query_all_by_label_contains("Favourite, iteration").next().unwrap().click_secondary();
    bench.settle();
    bench.click("Paint on from it");
    // The favourite is read first; then it goes on without another word.
    bench.iterate(1);
    bench.until_label("Iteration 3 /");
    assert_eq!(*bench.disturbed.lock().unwrap(), ["went on from iteration 2"]);
}

#[test]
fn pictures_and_settings_are_those_of_last_time() {
    let lemur = PictureSource::Sample("lemur".to_owned());
    let last = Recipe { content: lemur.clone(), style_strength: 1.5, ..Recipe::default() };
    let preferences = Preferences { last: Some(Box::new(last)), ..Preferences::default() };
    let mut bench = Bench::with(|folder| folder.join("library"), preferences);
    bench.until_label("Photo picture: Ring-tailed lemurs");
    bench.settle();
    bench.click("Paint");
    bench.until_painter_has("both", move |recipe| recipe.content == lemur && recipe.style_strength == 1.5);
}
