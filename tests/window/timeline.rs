//! Looking back along the painting.

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;
use pentimento::app::Answer;

use crate::bench::Bench;

/// The painting after so many iterations, and the timeline with them.
fn painted(iterations: usize) -> Bench {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(iterations);
    bench.settle();
    bench
}

#[test]
fn arrows_step_along_the_course_and_what_is_seen_can_be_kept() {
    let mut bench = painted(5);
    bench.press(Key::ArrowRight);
    assert!(!bench.has("Viewing an earlier moment"), "there is nothing later than now");
    bench.press(Key::ArrowLeft);
    bench.press(Key::ArrowLeft);
    assert!(bench.has("Viewing an earlier moment") && bench.has("iteration 3"));
    bench.press(Key::K);
    bench.until_label("Favourite, iteration 3");
    bench.press(Key::ArrowRight);
    assert!(bench.has("iteration 4"));
    bench.press(Key::ArrowRight);
    assert!(!bench.has("Viewing an earlier moment"));
    bench.press(Key::ArrowLeft);
    bench.press(Key::Escape);
    assert!(!bench.has("Viewing an earlier moment"));
}

#[test]
fn a_focused_slider_keeps_the_arrows() {
    let mut bench = painted(3);
    bench.window().get_by_role_and_label(Role::Slider, "Style strength").focus();
    bench.settle();
    bench.press(Key::ArrowLeft);
    assert!(!bench.has("Viewing an earlier moment"));
    // The timeline has a use for them itself.
    bench.window().get_by_role_and_label(Role::Slider, "Timeline").focus();
    bench.settle();
    bench.press(Key::ArrowLeft);
    assert!(bench.has("Viewing an earlier moment") && bench.has("iteration 2"));
}

#[test]
fn the_timeline_is_dragged_along_and_painted_on_from() {
    let mut bench = painted(10);
    bench.set_slider("Style strength", 2.0);
    bench.iterate(2);
    bench.until_painter_has("the new style strength", |recipe| recipe.style_strength == 2.0);
    // The course is ten of five hundred iterations long.
    let track = bench.window().get_by_role_and_label(Role::Slider, "Timeline").rect();
    let at = |iteration: f32| track.left_center() + egui::vec2(6.0 + (track.width() - 12.0) * iteration / 500.0, 0.0);
    bench.window().hover_at(at(7.0));
    bench.settle();
    bench.window().drag_at(at(7.0));
    bench.settle();
    assert!(bench.has("iteration 7"));
    bench.window().hover_at(at(4.0));
    bench.settle();
    assert!(bench.has("iteration 4"), "it is dragged along");
    bench.window().drop_at(at(4.0));
    bench.settle();

    // Its settings come back, and it stays to be painted on from.
    bench.click("Take its settings");
    bench.until_painter_has("the old style strength", |recipe| recipe.style_strength == 0.0);
    assert!(bench.has("Viewing an earlier moment"));
    bench.click("Paint on from it");
    bench.iterate(1);
    bench.until("going back", |window| window.query_by_label_contains("Previous canvas").is_some());
    bench.iterate(1);
    // A step that was allowed before may have been left over.
    bench.until("it goes on from there", |window| {
        ["Iteration 5 /", "Iteration 6 /"].iter().any(|label| window.query_by_label_contains(label).is_some())
    });
    assert_eq!(*bench.disturbed.lock().unwrap(), ["went on from iteration 4"]);
    assert!(!bench.has("Viewing an earlier moment"));
}

#[test]
fn the_course_is_saved_as_a_film() {
    let mut bench = painted(3);
    let path = bench.folder.path().join("film");
    *bench.answer.lock().unwrap() = Answer::Chosen(path.clone());
    bench.click("Save as film");
    bench.until_label("film.gif");
    assert!(path.with_extension("gif").is_file());
}
