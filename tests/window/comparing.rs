//! Pictures beside each other, and on the clipboard.

use egui::accesskit::Role;
use egui::{Event, Key};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::bench::Bench;

/// Where the line stands, in hundredths of what is seen of the picture.
fn line_at(bench: &mut Bench, name: &str) -> f64 {
    let node = bench.window().get_by_role_and_label(Role::Slider, name);
    node.accesskit_node().numeric_value().unwrap()
}

#[test]
fn a_line_parts_photo_and_painting_and_follows_the_hand() {
    let mut bench = Bench::new();
    bench.ready();
    bench.press(Key::D);
    assert!(!bench.has("Divider"), "there is no painting to compare");
    bench.paint(1);
    bench.press(Key::D);
    let name = "Divider: photo and painting";
    assert!(bench.has("Canvas: two pictures"));
    assert_eq!(line_at(&mut bench, name), 50.0);

    let line = bench.window().get_by_role_and_label(Role::Slider, name).rect();
    let (from, to) = (line.center() + egui::vec2(0.0, 40.0), line.center() + egui::vec2(-90.0, 40.0));
    bench.window().hover_at(from);
    bench.settle();
    bench.window().drag_at(from);
    bench.settle();
    bench.window().hover_at(to);
    bench.settle();
    bench.window().drop_at(to);
    bench.settle();
    let dragged = line_at(&mut bench, name);
    assert!((20.0..45.0).contains(&dragged), "{dragged}");
    let moved = bench.window().get_by_role_and_label(Role::Slider, name).rect();
    assert!((moved.center().x - to.x).abs() < 1.0, "the line is not where it was dragged to");

    // In the hand, it has the focus: arrows move it, and not along the timeline.
    bench.press(Key::ArrowRight);
    assert_eq!(line_at(&mut bench, name), dragged + 2.0);
    assert!(!bench.has("Viewing an earlier moment"));
    bench.press(Key::D);
    assert!(!bench.has("Divider") && bench.has("Canvas: the painting"));
}

#[test]
fn what_was_kept_stands_beside_the_painting_of_now() {
    let mut bench = Bench::new();
    bench.look_at_a_favourite();
    bench.press(Key::D);
    assert!(bench.has("Divider: painting and favourite"));
    bench.press(Key::Escape);
    assert!(bench.has("Divider: photo and painting"));
    bench.press(Key::ArrowLeft);
    assert!(bench.has("Divider: painting and earlier moment"));
}

#[test]
fn the_shown_picture_goes_to_the_clipboard() {
    let mut bench = Bench::new();
    bench.ready();
    let copied = |bench: &mut Bench| {
        bench.window().event(Event::Copy);
        bench.window().step();
        let image = bench.copied.lock().unwrap().pop();
        image.map(|image| (image.dimensions(), image.get_pixel(0, 0).0))
    };
    assert_eq!(copied(&mut bench), None, "nothing is painted");
    bench.paint(2);
    assert_eq!(copied(&mut bench), Some(((24, 16), [2, 100, 50, 255])));
    bench.settle();
    assert!(bench.has("Copied it"));
    // Of an earlier moment, that.
    bench.press(Key::ArrowLeft);
    assert_eq!(copied(&mut bench), Some(((24, 16), [1, 100, 50, 255])));
}
