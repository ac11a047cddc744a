//! Painting masks on the canvas.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Vec2, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use image::GrayImage;
use pentimento::app::Answer;
use pentimento::recipe::{PictureSource, Recipe};

use crate::bench::Bench;

impl Bench {
    fn open_where(&mut self) {
        self.ready();
        self.window().get_by_label("Where").scroll_to_me();
        self.window().run_steps(20);
        self.window().get_by_label("Where").click();
        self.window().run_steps(20);
    }

    /// Takes a button that may lie below what fits into the window.
    fn take(&mut self, label: &str) {
        self.window().get_by_role_and_label(Role::Button, label).scroll_to_me();
        self.window().run_steps(20);
        self.click(label);
    }

    /// A place on the canvas, in points from its middle.
    fn on_canvas(&mut self, off: Vec2) -> Pos2 {
        let brushing = self.has("Canvas: brushing another picture in");
        let name = if brushing { "Canvas: brushing another picture in" } else { "Canvas: painting a mask" };
        self.window().get_by_label(name).rect().center() + off
    }

    fn stroke(&mut self, button: PointerButton, from: Vec2, to: Vec2) {
        let (from, to) = (self.on_canvas(from), self.on_canvas(to));
        let press = |pos, pressed| Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE };
        self.window().event(Event::PointerMoved(from));
        self.window().step();
        self.window().event(press(from, true));
        self.window().step();
        self.window().event(Event::PointerMoved(from + (to - from) / 2.0));
        self.window().event(Event::PointerMoved(to));
        self.window().step();
        self.window().event(press(to, false));
        self.settle();
    }

    /// The newest mask that the painter was given, once it differs from `last`.
    fn mask_after(
        &mut self,
        last: Option<&PictureSource>,
        of: impl Fn(&Recipe) -> Option<PictureSource>,
    ) -> PictureSource {
        self.until_painter_has("a new mask", |recipe| of(recipe).is_some_and(|mask| Some(&mask) != last));
        let seen = self.seen.lock().unwrap();
        of(seen.last().unwrap()).unwrap()
    }
}

fn of_style(recipe: &Recipe) -> Option<PictureSource> {
    recipe.styles[0].mask.clone()
}

fn of_photo(recipe: &Recipe) -> Option<PictureSource> {
    recipe.photo_mask.clone()
}

fn read(source: &PictureSource) -> GrayImage {
    let PictureSource::File(path) = source else { panic!("{source} is no file") };
    image::open(path).unwrap().to_luma8()
}

fn middle(mask: &GrayImage) -> u8 {
    mask.get_pixel(mask.width() / 2, mask.height() / 2).0[0]
}

#[test]
fn a_stroke_on_the_canvas_acts_on_the_running_painting() {
    let mut bench = Bench::new();
    bench.open_where();
    bench.paint(1);
    assert!(bench.has("everywhere") && bench.has("stays nowhere"));
    bench.take("Paint where The Starry Night acts");
    assert!(bench.has("Canvas: painting a mask"));
    bench.stroke(PointerButton::Primary, vec2(-60.0, 0.0), vec2(60.0, 0.0));
    let painted = bench.mask_after(None, of_style);
    let mask = read(&painted);
    assert_eq!(mask.width().max(mask.height()), 1024);
    assert_eq!((middle(&mask), mask.get_pixel(1, 1).0[0]), (255, 0));
    bench.until_label("where painted");

    // The right button erases, whatever the brush is.
    bench.stroke(PointerButton::Secondary, vec2(0.0, -5.0), vec2(0.0, 5.0));
    let erased = bench.mask_after(Some(&painted), of_style);
    assert_eq!(middle(&read(&erased)), 0);
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.settle();
    assert_eq!(bench.mask_after(Some(&erased), of_style), painted, "the same mask is the same file");
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.settle();
    bench.until_painter_has("no mask", |recipe| of_style(recipe).is_none());
    bench.window().key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    bench.settle();
    assert_eq!(bench.mask_after(None, of_style), painted);
    bench.press(Key::Escape);
    assert!(!bench.has("Canvas: painting a mask") && bench.has("Canvas: the painting"));
    // Outside the mask, all that was painted in it is one change.
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.settle();
    bench.until_painter_has("no mask", |recipe| of_style(recipe).is_none());
    bench.click("Redo change");
    bench.until_painter_has("the mask", move |recipe| of_style(recipe).as_ref() == Some(&painted));
}

#[test]
fn the_photos_mask_is_inverted_saved_cleared_and_loaded() {
    let mut bench = Bench::new();
    bench.open_where();
    bench.paint(1);
    bench.take("Paint where the photo stays");
    bench.press(Key::E);
    bench.stroke(PointerButton::Primary, Vec2::ZERO, vec2(9.0, 0.0));
    bench.press(Key::E);
    let (small, large) = (vec2(-200.0, 0.0), vec2(0.0, 0.0));
    bench.stroke(PointerButton::Primary, small, small);
    let first = bench.mask_after(None, of_photo);
    assert_eq!(middle(&read(&first)), 0, "nothing was there to erase, and the dab is far away");
    for _ in 0..12 {
        bench.press(Key::CloseBracket);
    }
    bench.stroke(PointerButton::Primary, large, large);
    let second = bench.mask_after(Some(&first), of_photo);
    let white = |mask: &GrayImage| mask.iter().filter(|grey| **grey == 255).count();
    assert!(white(&read(&second)) > 4 * white(&read(&first)), "a larger brush");

    bench.press(Key::I);
    let inverted = bench.mask_after(Some(&second), of_photo);
    assert!(read(&second).iter().zip(read(&inverted).iter()).all(|(a, b)| a + b == 255));
    let path = bench.folder.path().join("saved mask.png");
    *bench.answer.lock().unwrap() = Answer::Chosen(path.clone());
    bench.take("Save mask");
    bench.until_label("Saved");
    assert_eq!(image::open(&path).unwrap().to_luma8(), read(&inverted));

    bench.take("Clear mask");
    bench.until_painter_has("no mask", |recipe| of_photo(recipe).is_none());
    bench.take("Load mask");
    assert_eq!(bench.mask_after(None, of_photo), PictureSource::File(path));
    // A file that is no picture changes nothing.
    let text = bench.folder.path().join("text.png");
    std::fs::write(&text, "no picture").unwrap();
    *bench.answer.lock().unwrap() = Answer::Chosen(text);
    bench.take("Load mask");
    bench.until_label("text.png");
    assert!(bench.has("stays where painted"));
    bench.click("Done");
    assert!(!bench.has("Canvas: painting a mask"));
}

#[test]
fn a_fill_takes_in_the_sky_and_dragging_it_decides_how_much_of_it() {
    let mut bench = Bench::new();
    bench.open_where();
    bench.paint(1);
    bench.take("Paint where the photo stays");
    bench.press(Key::G);
    assert!(bench.has("drag right for more") && bench.has("Fill tolerance") && !bench.has("Brush size"));
    let sky = vec2(20.0, -110.0);
    bench.stroke(PointerButton::Primary, sky, sky);
    let clicked = bench.mask_after(None, of_photo);
    let share = |mask: &GrayImage, rows: std::ops::Range<f32>| {
        let rows = [rows.start, rows.end].map(|part| (part * mask.height() as f32) as u32);
        let of_rows = mask.enumerate_pixels().filter(|(_, y, _)| (rows[0]..rows[1]).contains(y));
        let (white, all) =
            of_rows.fold((0, 0), |(white, all), (_, _, grey)| (white + u32::from(grey.0[0] > 127), all + 1));
        white as f32 / all as f32
    };
    let mask = read(&clicked);
    assert!(share(&mask, 0.05..0.15) > 0.4, "the sky of the sample photo: {}", share(&mask, 0.05..0.15));
    assert!(share(&mask, 0.8..1.0) < 0.05, "its forest: {}", share(&mask, 0.8..1.0));

    // The right button takes out; dragged to the left, it takes out less than was filled.
    bench.stroke(PointerButton::Secondary, sky, sky - vec2(130.0, 0.0));
    let rest = read(&bench.mask_after(Some(&clicked), of_photo));
    let (all, left) = (share(&mask, 0.0..1.0), share(&rest, 0.0..1.0));
    assert!(0.05 < left && left < all - 0.05, "{all} filled, {left} left");
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.settle();
    bench.until_painter_has("the whole sky", move |recipe| of_photo(recipe).as_ref() == Some(&clicked));
    bench.press(Key::G);
    assert!(bench.has("Brush size"));
}

#[test]
fn the_brush_is_as_large_and_hard_as_its_sliders_say_until_another_photo_ends_the_mask() {
    let mut bench = Bench::new();
    bench.open_where();
    bench.paint(1);
    bench.take("Paint where The Starry Night acts");
    bench.window().get_by_role_and_label(Role::Slider, "Brush size").scroll_to_me();
    bench.window().run_steps(20);
    bench.set_slider("Brush size", 40.0);
    bench.set_slider("Brush hardness", 100.0);
    bench.stroke(PointerButton::Primary, Vec2::ZERO, Vec2::ZERO);
    let mask = read(&bench.mask_after(None, of_style));
    let white = mask.iter().filter(|grey| **grey == 255).count() as f64;
    let grey = mask.iter().filter(|grey| (1..255).contains(*grey)).count() as f64;
    // A disc of 0.4 times 1024 pixels, of which only the rim is grey.
    assert!((white + grey - std::f64::consts::PI * 204.8 * 204.8).abs() < 2000.0, "{white} and {grey} pixels");
    assert!(grey < 2000.0, "{grey} pixels are grey");
    let path = bench.write_picture("other.png");
    bench.drop_file(path);
    bench.window().step();
    bench.window().event(Event::PointerMoved(egui::pos2(640.0, 300.0)));
    bench.until_label("Photo picture: other.png");
    bench.until("the mask is left", |window| window.query_by_label("Canvas: painting a mask").is_none());
}

#[test]
fn a_favourite_brings_its_masks_back() {
    let mut bench = Bench::new();
    bench.open_where();
    bench.paint(1);
    bench.take("Paint where the photo stays");
    bench.stroke(PointerButton::Primary, vec2(-60.0, 0.0), vec2(60.0, 0.0));
    let mask = bench.mask_after(None, of_photo);
    bench.press(Key::Escape);
    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("Favourite, iteration");
    bench.take("Paint where the photo stays");
    bench.until("the mask is here", |window| {
        window
            .query_by_role_and_label(Role::Button, "Clear mask")
            .is_some_and(|clear| !clear.accesskit_node().is_disabled())
    });
    bench.take("Clear mask");
    bench.until_painter_has("no mask", |recipe| of_photo(recipe).is_none());
    bench.window().get_by_label_contains("Favourite, iteration").click();
    bench.until_label("Viewing a favourite");
    assert!(!bench.has("Canvas: painting a mask"));
    bench.click("Take its settings");
    assert_eq!(bench.mask_after(None, of_photo), mask);
}

#[test]
fn an_earlier_moment_is_brushed_into_the_canvas_and_taken_back() {
    let mut bench = Bench::new();
    bench.ready();
    bench.set_iterations(6.0);
    bench.paint(5);
    bench.iterate(1);
    bench.until_label("Finished");
    bench.press(Key::ArrowLeft);
    bench.press(Key::ArrowLeft);
    bench.press(Key::ArrowLeft);
    assert!(bench.has("Viewing an earlier moment") && bench.has("iteration 3"));
    bench.click("Brush in");
    assert!(bench.has("Brush in from iteration 3") && !bench.has("Viewing an earlier moment"));
    assert!(bench.has("Canvas: brushing another picture in"));
    bench.window().get_by_role_and_label(Role::SpinButton, "Size of the brush").set_value_accesskit(30.0);
    bench.settle();
    bench.stroke(PointerButton::Primary, vec2(-60.0, 0.0), vec2(60.0, 0.0));
    assert!(bench.disturbed.lock().unwrap().is_empty(), "nothing happens before the artist is done");
    bench.press(Key::Escape);
    bench.until_label("Brushed in from iteration 3");
    {
        let disturbed = bench.disturbed.lock().unwrap();
        let [retouch] = disturbed.as_slice() else { panic!("{disturbed:?}") };
        let share = retouch.strip_prefix("iteration 3 over ").and_then(|rest| rest.strip_suffix(" %")).unwrap();
        assert!((15..50).contains(&share.parse::<u32>().unwrap()), "{share}");
    }
    assert!(bench.has("Finished") && bench.has("Canvas: the painting") && bench.has("Previous canvas"));
    // Masks of the recipe are none of its business.
    assert!(bench.seen.lock().unwrap().iter().all(|recipe| recipe.photo_mask.is_none()));
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.settle();
    let disturbed = Arc::clone(&bench.disturbed);
    bench.until("the canvas from before", move |_| disturbed.lock().unwrap().len() == 2);
    assert_eq!(bench.disturbed.lock().unwrap()[1], "taken back");
    // Who wants to have it painted over says so.
    bench.click("Paint on");
    bench.iterate(1);
    bench.until_label("Iteration 7 / 7");
}

#[test]
fn who_brushes_nothing_in_changes_nothing() {
    let mut bench = Bench::new();
    bench.look_at_a_favourite();
    bench.until_label("Viewing a favourite");
    // Into the canvas, of which a frame may still be on its way.
    bench.until("a canvas", |window| {
        window.query_by_label("Brush in").is_some_and(|button| !button.accesskit_node().is_disabled())
    });
    bench.press(Key::H);
    assert!(bench.has("Brush in from a favourite, iteration "));
    bench.stroke(PointerButton::Primary, vec2(-60.0, 0.0), vec2(60.0, 0.0));
    bench.click("Undo stroke");
    bench.press(Key::G);
    assert!(bench.has("drag right for more"));
    // Another picture is looked at in its place.
    bench.window().get_by_label_contains("Favourite, iteration").click();
    bench.until_label("Viewing a favourite");
    assert!(!bench.has("Brush in from"));
    // It begins with the brush, whatever was in hand last. And what was painted is not lost by that.
    bench.press(Key::H);
    assert!(bench.has("Brush in from") && !bench.has("drag right for more"));
    bench.stroke(PointerButton::Primary, vec2(-60.0, 0.0), vec2(60.0, 0.0));
    bench.window().get_by_label_contains("Favourite, iteration").click();
    bench.settle();
    assert!(!bench.has("Brush in from"));
    bench.iterate(1);
    bench.until_label("Brushed in from a favourite");
    assert_eq!(bench.disturbed.lock().unwrap().len(), 1);
}

/// A finished painting of six iterations, into which something is brushed from the third.
fn brushing() -> Bench {
    let mut bench = Bench::new();
    bench.ready();
    bench.set_iterations(6.0);
    bench.paint(5);
    bench.iterate(1);
    bench.until_label("Finished");
    (0..3).for_each(|_| bench.press(Key::ArrowLeft));
    bench.press(Key::H);
    bench.stroke(PointerButton::Primary, vec2(-60.0, 0.0), vec2(60.0, 0.0));
    assert!(bench.disturbed.lock().unwrap().is_empty());
    bench
}

#[test]
fn what_is_being_brushed_in_is_kept_with_the_canvas() {
    let mut bench = brushing();
    bench.press(Key::K);
    bench.until_label("Favourite, iteration 6");
    assert!(!bench.has("Brush in from"));
    assert_eq!(bench.disturbed.lock().unwrap().len(), 1, "before the canvas was kept");
}

#[test]
fn what_is_being_brushed_in_is_not_lost_by_starting_over() {
    let mut bench = brushing();
    bench.click("Start over");
    bench.iterate(1);
    let disturbed = Arc::clone(&bench.disturbed);
    bench.until("the strokes on the canvas", move |_| disturbed.lock().unwrap().len() == 1);
    assert!(bench.has("Previous canvas"));
    assert!(!bench.has("Brush in from"));
}

#[test]
fn what_is_being_brushed_in_is_not_lost_by_another_photo() {
    let mut bench = brushing();
    let red = bench.write_picture("red.png");
    bench.drop_file(red);
    bench.until_label("Photo picture: red.png");
    let disturbed = Arc::clone(&bench.disturbed);
    bench.until("the strokes on the canvas", move |_| disturbed.lock().unwrap().len() == 1);
    assert!(bench.has("Previous canvas") && bench.has("Canvas: the photo"));
    assert!(!bench.has("Brush in from"));
}
