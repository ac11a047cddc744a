//! How pictures get in and out: dialogs, drops, pastes, mixtures of styles, saving.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use image::{DynamicImage, RgbaImage};
use pentimento::app::{Answer, Preferences};
use pentimento::recipe::{Depth, Recipe};

use crate::bench::Bench;

#[test]
fn nothing_moves_when_a_picture_arrives() {
    let mut bench = Bench::new();
    let place = |bench: &mut Bench| bench.window().get_by_role_and_label(Role::Slider, "Style strength").rect();
    let before = place(&mut bench);
    bench.until_label("704 × 556");
    bench.until_label("1024 × 683");
    assert_eq!(place(&mut bench), before);
}

#[test]
fn a_library_that_cannot_be_written_is_said_and_costs_nothing() {
    // A file stands where the library's folder would have to be.
    let mut bench = Bench::with_library(|folder| {
        std::fs::write(folder.join("taken"), b"").unwrap();
        folder.join("taken").join("library")
    });
    bench.ready();
    bench.paint(1);
    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("taken");
    assert!(!bench.has("Favourite, iteration"));
    assert!(bench.has("Pause"), "the painting goes on");
}

#[test]
fn a_picture_that_cannot_be_read_leaves_the_old_one_in_place() {
    let mut bench = Bench::new();
    bench.ready();
    let missing = bench.folder.path().join("missing.png");
    bench.drop_file(missing);
    bench.window().step();
    bench.window().event(Event::PointerMoved(egui::pos2(640.0, 300.0)));
    bench.until_label("missing.png");
    assert!(bench.has("Photo picture: Neuschwanstein Castle"));
    bench.paint(1);
    assert_eq!(bench.seen.lock().unwrap()[0].content, Recipe::default().content);
}

#[test]
fn a_picture_dropped_on_the_style_becomes_the_style() {
    let mut bench = Bench::new();
    bench.ready();
    let path = bench.write_picture("brush.png");
    let at = bench.window().get_by_label_contains("Style picture").rect().center();
    bench.drop_file(path);
    bench.window().step();
    bench.window().event(Event::PointerMoved(at));
    bench.until_label("Style picture: brush.png");
    assert!(bench.has("Photo picture: Neuschwanstein Castle"));
}

#[test]
fn a_pasted_picture_goes_where_the_pointer_is() {
    let mut bench = Bench::new();
    bench.ready();
    let at = bench.window().get_by_label_contains("Style picture").rect().center();
    bench.window().event(Event::PointerMoved(at));
    let pixels = vec![egui::Color32::from_rgb(10, 200, 10); 12 * 9];
    bench.window().event(Event::PasteImage(Arc::new(egui::ColorImage::new([12, 9], pixels))));
    bench.until_label("Style picture: Pasted style");
    assert!(bench.has("12 × 9"));
}

#[test]
fn a_file_dialog_answers_for_the_place_that_asked() {
    let mut bench = Bench::new();
    bench.ready();
    *bench.answer.lock().unwrap() = Answer::Chosen(bench.write_picture("chosen.png"));
    bench.window().key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    bench.settle();
    bench.until_label("Style picture: chosen.png");
}

#[test]
fn without_file_dialogs_a_path_can_be_typed() {
    let mut bench = Bench::new();
    bench.ready();
    let path = bench.write_picture("typed.png");
    *bench.answer.lock().unwrap() = Answer::Unavailable;
    bench.click("Open photo");
    assert!(bench.has("No file dialog on this system"));
    bench.window().get_by_role_and_label(Role::TextInput, "Path").type_text(&path.display().to_string());
    bench.settle();
    bench.click("Open");
    bench.until_label("Photo picture: typed.png");
    assert!(!bench.has("No file dialog on this system"));
}

#[test]
fn save_as_writes_what_is_shown() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(2);
    let path = bench.folder.path().join("painting.png");
    *bench.answer.lock().unwrap() = Answer::Chosen(path.clone());
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::S);
    bench.settle();
    bench.iterate(1);
    bench.until_label("Saved");
    let saved = image::open(&path).unwrap().to_rgba8();
    assert_eq!(saved.dimensions(), (24, 16));
    assert!(saved.get_pixel(0, 0).0[0] >= 2);
    // Whoever wants it has it at hand, more than once.
    for times in 1..=2 {
        if times == 2 {
            bench.press(Key::M);
        }
        bench.click("Show file");
        assert_eq!(*bench.revealed.lock().unwrap(), vec![path.clone(); times]);
    }
}

#[test]
fn the_folder_of_the_favourites_is_opened_once_there_is_one() {
    let mut bench = Bench::new();
    bench.ready();
    assert!(!bench.has("Open folder"));
    bench.paint(1);
    bench.press(Key::K);
    bench.iterate(1);
    bench.until_label("Kept iteration");
    bench.click("Open folder");
    assert_eq!(*bench.revealed.lock().unwrap(), [bench.folder.path().join("library")]);
}

#[test]
fn pictures_are_as_deep_as_the_menu_says() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(1);
    let mut save = |depth: &str, name: &str| {
        bench.click("More");
        bench.click(depth);
        bench.press(Key::Escape);
        let path = bench.folder.path().join(name);
        *bench.answer.lock().unwrap() = Answer::Chosen(path.clone());
        bench.window().key_press_modifiers(Modifiers::COMMAND, Key::S);
        bench.settle();
        bench.iterate(1);
        bench.until_label(&format!("Saved {}", path.display()));
        image::open(&path).unwrap()
    };
    assert!(matches!(save("16 bits a channel", "deep.tif"), DynamicImage::ImageRgb16(_)));
    assert!(matches!(save("16 bits a channel", "as deep as it can be.jpg"), DynamicImage::ImageRgb8(_)));
    assert!(matches!(save("8 bits a channel", "plain.png"), DynamicImage::ImageRgb8(_)));
}

#[test]
fn the_depth_that_was_chosen_last_time_counts_from_the_start() {
    let deep = Preferences { depth: Depth::Sixteen, ..Preferences::default() };
    let mut bench = Bench::with(|folder| folder.join("library"), deep);
    bench.ready();
    bench.paint(1);
    bench.click("Keep");
    bench.iterate(1);
    bench.until_label("Favourite, iteration");
    let mut kept = std::fs::read_dir(bench.folder.path().join("library")).unwrap();
    let kept = kept.find_map(|entry| image::open(entry.unwrap().path()).ok()).unwrap();
    assert!(matches!(kept, DynamicImage::ImageRgb16(_)));
}

#[test]
fn several_styles_are_blended_each_with_its_own_share_and_size() {
    let mut bench = Bench::new();
    bench.ready();
    bench.click("Add a style");
    bench.click("Ocean Waves");
    bench.until_label("Style 2 picture: Ocean Waves");
    bench.set_slider("Style 2 blend", 3.0);
    assert!(bench.has("75 %"));
    let size = bench.window().get_by_role_and_label(Role::SpinButton, "Style 1 own brush size");
    size.set_value_accesskit(2.0);
    bench.settle();
    bench.paint(1);
    let of = |recipe: &Recipe| recipe.styles.iter().map(|style| (style.weight, style.scale)).collect::<Vec<_>>();
    assert_eq!(of(&bench.seen.lock().unwrap()[0]), [(1.0, 2.0), (3.0, 1.0)]);

    // One goes, and comes back as it was.
    bench.click("Remove style 1");
    assert!(bench.has("Style picture: Ocean Waves"));
    bench.until_painter_has("one style", |recipe| recipe.styles.len() == 1);
    bench.settle();
    bench.window().get_by_role_and_label(Role::Button, "Undo").click_accesskit();
    bench.settle();
    assert!(bench.has("Style 1 picture: The Starry Night"));
    bench.until_painter_has("both styles", move |recipe| of(recipe) == [(1.0, 2.0), (3.0, 1.0)]);
}

#[test]
fn the_last_share_of_a_mixture_cannot_be_taken_away() {
    let mut bench = Bench::new();
    bench.ready();
    bench.click("Add a style");
    bench.click("Ocean Waves");
    bench.until_label("Style 2 picture: Ocean Waves");
    bench.set_slider("Style 1 blend", 0.0);
    bench.set_slider("Style 2 blend", 0.0);
    bench.paint(1);
    let seen = bench.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.styles.iter().map(|style| style.weight).collect::<Vec<_>>(), [0.0, 1.0]);
}

#[test]
fn pictures_dropped_on_the_styles_replace_one_or_join_them() {
    let mut bench = Bench::new();
    bench.ready();
    let place = |bench: &mut Bench, label: &str| bench.window().get_by_label_contains(label).rect().center();
    let drop_at = |bench: &mut Bench, name: &str, at: egui::Pos2| {
        let path = bench.write_picture(name);
        bench.drop_file(path);
        bench.window().step();
        bench.window().event(Event::PointerMoved(at));
    };
    let add = place(&mut bench, "Add a style");
    drop_at(&mut bench, "second.png", add);
    bench.until_label("Style 2 picture: second.png");
    let second = place(&mut bench, "Style 2 picture");
    drop_at(&mut bench, "other.png", second);
    bench.until_label("Style 2 picture: other.png");
    let heading = place(&mut bench, "Styles");
    drop_at(&mut bench, "third.png", heading);
    bench.until_label("Style 3 picture: third.png");
    assert!(bench.has("Style 1 picture: The Starry Night") && bench.has("Style 2 picture: other.png"));
}

#[test]
fn a_picture_edited_elsewhere_is_followed_when_the_artist_comes_back() {
    let mut bench = Bench::new();
    bench.ready();
    let dropped = bench.write_picture("red.png");
    bench.drop_file(dropped.clone());
    bench.until_label("Photo picture: red.png");
    bench.set_iterations(3.0);
    bench.paint(1);
    let edit = |bench: &mut Bench, width| {
        RgbaImage::new(width, 30).save(&dropped).unwrap();
        bench.window().input_mut().events.push(Event::WindowFocused(true));
        bench.until_label(&format!("{width} × 30"));
    };
    edit(&mut bench, 60);
    bench.until_label("red.png has changed, and the painting follows");
    bench.iterate(2);
    bench.until_label("Finished");
    assert_eq!(bench.seen.lock().unwrap().len(), 2, "the same settings once more");
    // Another photo is not painted over it, not by a moved slider either.
    edit(&mut bench, 80);
    bench.until_label("red.png has changed; the next painting follows");
    assert!(bench.has("Finished"));
    bench.set_slider("Style strength", 2.0);
    bench.until_label("Previous canvas");
    assert!(bench.has("Canvas: the photo"));
    bench.click("Paint");
    bench.until_painter_has("the new settings", |recipe| recipe.style_strength == 2.0);
    assert_eq!(bench.seen.lock().unwrap().len(), 3);
}

#[test]
fn nothing_is_written_over_a_picture_that_is_painted_with() {
    let mut bench = Bench::new();
    bench.ready();
    let photo = bench.write_picture("red.png");
    bench.drop_file(photo.clone());
    bench.until_label("Photo picture: red.png");
    bench.paint(1);
    let before = std::fs::read(&photo).unwrap();
    *bench.answer.lock().unwrap() = Answer::Chosen(photo.clone());
    bench.click("Save as");
    bench.until_label("nothing was written over it");
    // Nor where the program adds the extension.
    bench.click("Dismiss");
    *bench.answer.lock().unwrap() = Answer::Chosen(photo.with_extension(""));
    bench.click("Save as");
    bench.until_label("nothing was written over it");
    assert_eq!(std::fs::read(&photo).unwrap(), before);
}

#[test]
fn a_typed_path_that_lacks_its_extension_is_known_to_be_there() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(1);
    let there = bench.write_picture("there.png");
    *bench.answer.lock().unwrap() = Answer::Unavailable;
    bench.click("Save as");
    let field = bench.window().get_by_role_and_label(Role::TextInput, "Path");
    field.click();
    bench.settle();
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::A);
    bench.settle();
    let typed = there.with_extension("");
    bench.window().get_by_role_and_label(Role::TextInput, "Path").type_text(&typed.display().to_string());
    bench.settle();
    assert!(bench.has("will be replaced") && bench.has("Replace"));
}

#[test]
fn an_own_size_is_not_hidden_when_its_style_is_the_last_one() {
    let mut bench = Bench::new();
    bench.ready();
    bench.click("Add a style");
    bench.click("Ocean Waves");
    bench.until_label("Style 2 picture: Ocean Waves");
    let size = bench.window().get_by_role_and_label(Role::SpinButton, "Style 1 own brush size");
    size.set_value_accesskit(2.0);
    bench.settle();
    bench.click("Remove style 2");
    bench.click("Reset style own brush size");
    assert!(!bench.has("own brush size"));
}

#[test]
fn another_photo_is_another_painting() {
    let mut bench = Bench::new();
    bench.ready();
    bench.paint(4);
    let drop = |bench: &mut Bench, name: &str| {
        let photo = bench.write_picture(name);
        bench.drop_file(photo);
        bench.until_label(&format!("Photo picture: {name}"));
    };
    // While it paints, at once.
    drop(&mut bench, "red.png");
    bench.iterate(1);
    bench.until_painter_has("the other photo", |recipe| recipe.content.to_string().contains("red.png"));
    bench.iterate(1);
    bench.until_label("Iteration 1 /");
    assert!(bench.has("Previous canvas") && bench.has("Pause"));
    // While it is held, when the artist says so.
    bench.click("Pause");
    bench.iterate(1);
    bench.until_label("Paused");
    let begun = bench.seen.lock().unwrap().len();
    drop(&mut bench, "blue.png");
    bench.until_label("Canvas: the photo");
    assert_eq!(bench.seen.lock().unwrap().len(), begun);
    bench.click("Paint");
    bench.until_painter_has("the third photo", |recipe| recipe.content.to_string().contains("blue.png"));
}
