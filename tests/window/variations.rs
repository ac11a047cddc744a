//! Choosing between small paintings under other settings.

use std::sync::Arc;

use egui::Key;
use egui_kittest::kittest::Queryable;

use crate::bench::Bench;

#[test]
fn the_settings_of_a_variation_are_taken_by_a_click() {
    let mut bench = Bench::new();
    bench.ready();
    bench.click("Variations");
    let seen = Arc::clone(&bench.seen);
    bench.until("nine sketches", |_| seen.lock().unwrap().len() == 9);
    assert!(seen.lock().unwrap().iter().all(|recipe| recipe.size == 128), "small ones");
    assert!(bench.has("As it is") && bench.has("Finer strokes"));
    bench.click("Stronger style");
    assert!(!bench.has("Weaker style"), "that was the choice");

    // The painting begins with them, at its own size.
    bench.click("Paint");
    bench.iterate(12);
    bench.until_label("Canvas: the painting");
    let painted = bench.seen.lock().unwrap().last().unwrap().clone();
    assert_eq!((painted.style_strength, painted.size), (2.0, 512));
}

#[test]
fn a_running_painting_waits_and_goes_on_when_none_is_taken() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(1);
    bench.press(Key::V);
    bench.until_label("The painting waits meanwhile");
    assert!(bench.has("Waiting for the variations"));
    // The step that was under way.
    bench.iterate(1);
    bench.until_label("Iteration 2 /");
    bench.press(Key::Escape);
    // One of them goes to a sketch if it has begun its step by now.
    bench.iterate(2);
    bench.until("the painting goes on", |window| {
        ["Iteration 3 /", "Iteration 4 /"].iter().any(|label| window.query_by_label_contains(label).is_some())
    });
    assert!(!bench.has("Weaker style") && !bench.has("Waiting for"));
    let seen = bench.seen.lock().unwrap();
    assert!(seen.iter().filter(|recipe| recipe.size == 512).count() == 1, "its settings are as they were");
}
