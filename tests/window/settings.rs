//! Settings, presets, and the closed sections.

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};
use pentimento::recipe::{Colours, Edges, OptimizerKind, Recipe, StyleCurve, StyleLoss, TvNorm};

use crate::bench::Bench;

#[test]
fn a_slider_goes_back_to_the_preset() {
    let mut bench = Bench::new();
    bench.ready();
    bench.set_slider("Photo fidelity", 4.0);
    bench.click("Reset photo fidelity");
    bench.paint(1);
    assert_eq!(bench.seen.lock().unwrap()[0].content_strength, Recipe::default().content_strength);
}

#[test]
fn what_a_section_holds_comes_into_sight_when_it_is_opened() {
    let mut bench = Bench::new();
    bench.ready();
    bench.settle();
    let foot = 800.0;
    let header = bench.window().get_by_label("Layers").rect();
    assert!(header.bottom() < foot, "it can be clicked");
    bench.window().get_by_label("Layers").click();
    bench.window().run_steps(60);
    let slider = bench.window().get_by_role_and_label(Role::Slider, "Style layers: relu5_1").rect();
    assert!(slider.bottom() < foot, "{slider:?}");
    // What was opened is not run after when the artist scrolls away from it.
    let header = bench.window().get_by_label("Layers").rect();
    bench.window().run_steps(10);
    assert_eq!(bench.window().get_by_label("Layers").rect(), header);
}

#[test]
fn the_closed_sections_reach_the_painter_too() {
    let mut bench = Bench::new();
    // All sections fit into the window.
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    bench.set_iterations(7.0);
    bench.window().get_by_label("Advanced").click_accesskit();
    bench.settle();
    bench.click("Random seed");
    bench.click("Paint");
    bench.iterate(7);
    bench.until_label("Finished");
    let seen = bench.seen.lock().unwrap();
    assert_eq!(seen[0].iterations, 7);
    assert_ne!(seen[0].seed, Recipe::default().seed);
}

#[test]
fn a_strength_beyond_its_slider_can_be_typed() {
    let mut bench = Bench::new();
    bench.ready();
    bench.set_slider("Style strength", 100.0);
    bench.paint(1);
    bench.until_painter_has("the end of the slider", |recipe| recipe.style_strength == 6.0);
    bench.window().get_by_role_and_label(Role::SpinButton, "Style strength").set_value_accesskit(9.0);
    bench.settle();
    bench.until_painter_has("what was typed", |recipe| recipe.style_strength == 9.0);
    bench.settle();
    assert_eq!(bench.seen.lock().unwrap().last().unwrap().style_strength, 9.0, "it stays");
}

#[test]
fn a_preset_is_one_step_there_and_one_step_back() {
    let mut bench = Bench::new();
    bench.ready();
    bench.set_slider("Style strength", 3.0);
    bench.window().get_by_label("Painting").click_accesskit();
    bench.settle();
    bench.window().get_by_role_and_label(Role::SpinButton, "Size").set_value_accesskit(256.0);
    bench.settle();
    bench.click("Preset: Studio");
    bench.click("Bold");
    assert!(bench.has("Preset: Bold") && bench.has("The settings are those of Bold"));
    bench.paint(1);
    let wanted = Recipe { size: 256, ..Recipe::from_preset(pentimento::recipe::Preset::Bold) };
    assert_eq!(bench.seen.lock().unwrap()[0], wanted);
    bench.click("Undo");
    assert!(bench.has("Preset: Studio"));
    let before = Recipe { style_strength: 3.0, size: 256, ..Recipe::default() };
    bench.until_painter_has("the settings from before", move |recipe| *recipe == before);
}

#[test]
fn settings_are_kept_under_a_name_and_serve_as_a_preset() {
    let mut bench = Bench::new();
    // The whole list of presets fits into the window.
    bench.window().set_size(egui::vec2(1280.0, 1600.0));
    bench.ready();
    bench.window().get_by_label("Painting").click_accesskit();
    bench.set_slider("Style strength", 3.0);
    bench.paint(1);
    bench.click("Preset: Studio");
    bench.click("Save as preset…");
    bench.window().get_by_role_and_label(Role::TextInput, "Name of the preset").type_text("Misty");
    bench.settle();
    bench.click("Save");
    bench.until_label("The preset Misty is kept");
    let file = bench.folder.path().join("presets").join("Misty.json");
    assert!(file.exists() && file.with_extension("jpg").exists());

    // From now on it is what the settings are measured against.
    bench.set_slider("Style strength", -1.0);
    bench.click("Reset style strength");
    bench.until_painter_has("the strength of Misty", |recipe| recipe.style_strength == 3.0);
    bench.click("Preset: Misty");
    bench.click("Draft");
    bench.until_painter_has("a draft", |recipe| *recipe == Recipe::from_preset(pentimento::recipe::Preset::Draft));
    bench.click("Preset: Draft");
    bench.click("Misty");
    let misty = Recipe { style_strength: 3.0, ..Recipe::default() };
    bench.until_painter_has("Misty again", move |recipe| *recipe == misty);

    // Deleted, and brought back.
    bench.click("Preset: Misty");
    bench.click("Delete preset Misty");
    bench.until_label("Deleted the preset Misty");
    assert!(!file.exists());
    bench.undo_newest();
    bench.until("the file is back", move |_| file.exists());
}

#[test]
fn layers_are_weighted_added_and_taken_out() {
    let mut bench = Bench::new();
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    bench.window().get_by_label("Layers").click_accesskit();
    bench.settle();
    bench.set_slider("Style layers: relu3_1", 4.0);
    bench.set_slider("Photo layers: relu4_2", 0.0);
    bench.click("Add to photo layers");
    bench.window().get_by_role_and_label(Role::Button, "relu2_2").click_accesskit();
    bench.settle();
    bench.press(Key::Escape);
    bench.click("Add to style layers");
    bench.window().get_by_role_and_label(Role::Button, "relu3_3").click_accesskit();
    bench.settle();
    bench.press(Key::Escape);
    bench.click("Remove Style layers: relu3_3");
    assert!(bench.has("Layers, changed"));
    bench.paint(1);
    let seen = bench.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.style_layers.to_string(), "relu1_1,relu2_1,relu3_1=4,relu4_1,relu5_1");
    assert_eq!(seen.content_layers.to_string(), "relu2_2");

    bench.click("Reset style layers");
    bench.click("Reset photo layers");
    // Two changes, each taken over between two steps.
    bench.iterate(1);
    bench.until_painter_has("the layers of the preset", |recipe| *recipe == Recipe::default());
    assert!(!bench.has("Layers, changed"));
}

#[test]
fn the_pull_of_every_term_is_shown_when_asked_for() {
    let mut bench = Bench::new();
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    bench.window().get_by_label("Layers").click_accesskit();
    bench.settle();
    bench.paint(1);
    assert!(!bench.has(" pulls "));
    bench.click("Measure the pull");
    bench.iterate(1);
    bench.until_label("Smoothness pulls 25 %");
    assert!(bench.has("Drawing pulls 75 %"));
    assert!(!bench.has("measure again"));
    bench.set_slider("Style strength", 1.0);
    assert!(bench.has("measure again"));
}

#[test]
fn a_size_that_is_dragged_counts_when_it_is_let_go() {
    let mut bench = Bench::new();
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    bench.window().get_by_label("Painting").click_accesskit();
    bench.settle();
    bench.paint(1);
    let field = bench.window().get_by_role_and_label(Role::SpinButton, "Size").rect().center();
    let press = |pos, pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    };
    bench.window().event(egui::Event::PointerMoved(field));
    bench.window().step();
    bench.window().event(press(field, true));
    for step in 1..=10 {
        bench.window().event(egui::Event::PointerMoved(field + egui::vec2(3.0 * step as f32, 0.0)));
        bench.window().step();
    }
    bench.iterate(2);
    bench.until_label("Iteration 3 /");
    assert_eq!(bench.seen.lock().unwrap().last().unwrap().size, Recipe::default().size, "not on the way");
    bench.window().event(press(field + egui::vec2(30.0, 0.0), false));
    bench.settle();
    bench.until_painter_has("another size", |recipe| recipe.size > Recipe::default().size);
}

#[test]
fn what_cannot_act_under_a_preset_is_not_offered() {
    let mut bench = Bench::new();
    bench.ready();
    assert!(!bench.has("paints without the photo"));
    bench.window().get_by_label("Painting").click_accesskit();
    bench.settle();
    bench.click("Preset: Studio");
    bench.click(pentimento::recipe::Preset::Texture.label());
    assert!(bench.has("paints without the photo"));
    let fidelity = bench.window().get_by_role_and_label(Role::Slider, "Photo fidelity");
    assert!(fidelity.accesskit_node().is_disabled());
}

#[test]
fn every_section_reaches_the_painter() {
    let mut bench = Bench::new();
    bench.window().set_size(egui::vec2(1280.0, 2600.0));
    bench.ready();
    for section in ["Painting", "Colour", "Layers", "Advanced"] {
        bench.window().get_by_label(section).click_accesskit();
        bench.settle();
    }
    for (slider, value) in [("Brush size", 2.0), ("Drawing", 3.0), ("Match colours", 40.0), ("Histogram", 0.5)] {
        bench.set_slider(slider, value);
    }
    for (choice, value) in [
        ("Colours", "The photo's"),
        ("Style curve", "Falling"),
        ("Style loss", "Mean and covariance"),
        ("Smoothing", "Edge-keeping"),
        ("Optimiser", "Adam"),
        ("Edges", "Grey"),
    ] {
        bench.window().get_by_role_and_label(Role::ComboBox, choice).click();
        bench.settle();
        bench.click(value);
    }
    for (number, value) in [("Adam momentum", 0.5), ("Adam caution", 0.9), ("Averaging", 0.75)] {
        bench.window().get_by_role_and_label(Role::SpinButton, number).set_value_accesskit(value);
        bench.settle();
    }
    bench.paint(1);
    let wanted = Recipe {
        style_scale: 2.0,
        drawing: 3.0,
        colour_match: 40.0,
        histogram: 0.5,
        colours: Colours::Photo,
        style_curve: StyleCurve::Falling,
        style_loss: StyleLoss::Moments,
        tv_norm: TvNorm::L1,
        optimizer: OptimizerKind::Adam,
        edges: Edges::Zeros,
        adam_beta1: 0.5,
        adam_beta2: 0.9,
        averaging: 0.75,
        ..Recipe::default()
    };
    assert_eq!(bench.seen.lock().unwrap()[0], wanted);
    for section in ["Painting, changed", "Colour, changed", "Layers, changed", "Advanced, changed"] {
        assert!(bench.has(section), "{section}");
    }
    bench.click("Reset colours");
    bench.click("Reset match colours");
    assert!(!bench.has("Colour, changed"));
}
