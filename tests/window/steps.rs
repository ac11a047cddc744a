//! The way back through the settings.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use pentimento::recipe::PictureSource;

use crate::bench::Bench;

#[test]
fn what_was_changed_is_taken_back_while_it_paints() {
    let mut bench = Bench::new();
    bench.ready();
    let undo = bench.window().get_by_role_and_label(Role::Button, "Undo change");
    assert!(undo.accesskit_node().is_disabled(), "nothing was changed yet");
    bench.paint(1);
    bench.set_slider("Style strength", 3.0);
    bench.until_painter_has("the new style strength", |recipe| recipe.style_strength == 3.0);
    bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.settle();
    assert!(bench.has("Taken back: Style strength from 0 to 3"));
    bench.until_painter_has("the old style strength", |recipe| recipe.style_strength == 0.0);
    bench.click("Redo change");
    bench.until_painter_has("the new style strength again", |recipe| recipe.style_strength == 3.0);
    bench.window().key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    bench.settle();
    assert!(bench.has("No change of settings was taken back"));
}

#[test]
fn what_was_deleted_is_brought_back_in_its_turn() {
    let mut bench = Bench::new();
    bench.look_at_a_favourite();
    bench.until_label("Viewing a favourite");
    bench.press(Key::Delete);
    bench.until_label("to the trash folder");
    bench.set_slider("Style strength", 3.0);
    let undo = |bench: &mut Bench| {
        bench.window().key_press_modifiers(Modifiers::COMMAND, Key::Z);
        bench.settle();
    };
    undo(&mut bench);
    assert!(bench.has("Taken back: Style strength from 0 to 3"));
    assert!(!bench.has("Favourite, iteration"));
    undo(&mut bench);
    bench.until_label("Favourite, iteration");
    undo(&mut bench);
    assert!(bench.has("No change is left to take back"));
    bench.press(Key::Delete);
    assert!(bench.has("Nothing to delete is shown"));
}

#[test]
fn a_photo_is_taken_back_like_any_setting() {
    let mut bench = Bench::new();
    bench.ready();
    let dropped = bench.write_picture("red.png");
    bench.drop_file(dropped.clone());
    bench.until_label("Photo picture: red.png");
    bench.paint(1);
    bench.click("Undo change");
    bench.until_painter_has("the bundled photo", |recipe| matches!(recipe.content, PictureSource::Sample(_)));
    bench.click("Redo change");
    let source = PictureSource::File(dropped);
    bench.until_painter_has("the dropped photo", move |recipe| recipe.content == source);
}
