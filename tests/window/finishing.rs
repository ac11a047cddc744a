//! Finishing at a high resolution.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use pentimento::recipe::{Init, PictureSource, Recipe};

use crate::bench::Bench;

#[test]
fn the_canvas_is_finished_at_the_size_that_was_chosen() {
    let mut bench = Bench::new();
    bench.reckon_finish();
    bench.window().get_by_label("3072").click();
    bench.settle();
    bench.iterate(1);
    bench.until_label("3072 x ");
    assert!(bench.has("GB") && bench.has("stages"));
    assert!(!bench.folder.path().join("library").exists(), "who only asks what it would take keeps nothing");
    bench.click("Start finishing");
    bench.until_painter_has("the finishing recipe", |recipe| recipe.size == 3072);
    assert!(!bench.has("Finish at a high resolution"));
    {
        let seen = bench.seen.lock().unwrap();
        let recipe = seen.last().unwrap();
        let Init::Picture(PictureSource::File(kept)) = &recipe.init else { panic!("it starts from the canvas") };
        assert!(kept.starts_with(bench.folder.path().join("library")));
        // The canvas was 24 pixels long.
        assert_eq!(recipe.start_size, 25);
    }
    // It is a painting like any other, and the old canvas is within reach.
    bench.iterate(1);
    bench.until_label("Iteration ");
    assert!(bench.has("Previous canvas") && bench.has("Pause"));
    // The next one is as large as before, and starts from the photo again.
    bench.click("Start over");
    bench.iterate(1);
    bench.until_painter_has("the recipe of before", |recipe| *recipe == Recipe::default());
    assert!(bench.has("Size and iterations are what they were before Finish"));
}

#[test]
fn a_finish_is_cancelled_in_favour_of_the_painting_that_it_began_with() {
    let mut bench = Bench::new();
    bench.reckon_finish();
    assert!(!bench.has("Cancel finish"));
    bench.click("Start finishing");
    bench.until_painter_has("the finishing recipe", |recipe| recipe.size == 2048);
    bench.paint_until_label("Iteration ");
    bench.click("Cancel finish");
    bench.until_painter_has("the recipe of before", |recipe| *recipe == Recipe::default());
    // It rests there.
    bench.paint_until_label("Paused");
    assert!(!bench.has("Cancel finish") && bench.has("Previous canvas") && bench.has("Resume"));
}

#[test]
fn another_photo_is_not_painted_at_the_size_that_was_finished() {
    let mut bench = Bench::new();
    bench.reckon_finish();
    bench.click("Start finishing");
    bench.until_painter_has("the finishing recipe", |recipe| recipe.size == 2048);
    let source = PictureSource::File(bench.write_picture("red.png"));
    let PictureSource::File(dropped) = source.clone() else { unreachable!("it is a file") };
    bench.drop_file(dropped);
    let wanted = Recipe { content: source, ..Recipe::default() };
    bench.until_painter_has("the recipe of before with another photo", move |recipe| *recipe == wanted);
}

#[test]
fn who_thinks_better_of_finishing_has_kept_nothing() {
    let mut bench = Bench::new();
    bench.reckon_finish();
    bench.click("Cancel");
    assert!(!bench.has("Finish at a high resolution"));
    bench.iterate(1);
    bench.until_label("Iteration ");
    assert!(!bench.folder.path().join("library").exists());
}

#[test]
fn a_favourite_is_finished_or_left_as_it_is() {
    let mut bench = Bench::new();
    bench.look_at_a_favourite();
    bench.until_label("Viewing a favourite");
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::F);
    bench.settle();
    bench.iterate(1);
    bench.until_label("2048 x ");
    // Smaller than it is, there is nothing to finish.
    bench.window().get_by_role_and_label(Role::SpinButton, "Long side").set_value_accesskit(16.0);
    bench.settle();
    bench.iterate(1);
    bench.until_label("24 pixels long already");
    bench.press(Key::Escape);
    assert!(!bench.has("Finish at a high resolution"));
    assert!(bench.has("Viewing a favourite"), "one key, one step back");
    assert_eq!(bench.seen.lock().unwrap().len(), 1, "nothing new was painted");
}
