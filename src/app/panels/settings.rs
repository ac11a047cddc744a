//! The parameters that wait in closed sections: what a newcomer need not see.

use egui::{CollapsingHeader, ComboBox, DragValue, Grid, Response, RichText, Ui, emath::Numeric};
use egui_material_icons::icons;

use super::super::action::{Slot, UiCommand};
use super::super::widgets::{Desk, icon_button};
use super::controls::tooltip;
use super::{pictures, stir};
use crate::recipe::{Init, OptimizerKind, Parameter, Pooling, Preset, Recipe, SEED_HELP, Scales, parameter};

/// Leaves room for the longest title, the indentation and the scroll bar.
const FIELD_WIDTH_PT: f32 = 118.0;

const THIS_CANVAS_HELP: &str = "The painting or favourite that the canvas shows, as it is now. \
    With Scales at One size it keeps its details too.";

/// Draws both sections.
pub fn settings_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    let mut recipe = desk.state.recipe.clone();
    CollapsingHeader::new("Painting").show(ui, |ui| painting_ui(&mut recipe, ui));
    CollapsingHeader::new("Advanced").show(ui, |ui| advanced_ui(desk, &mut recipe, ui));
    if recipe != desk.state.recipe {
        desk.ask(UiCommand::SetRecipe(Box::new(recipe)));
    }
}

fn rows(ui: &mut Ui, name: &str, add_rows: impl FnOnce(&mut Ui)) {
    Grid::new(name).num_columns(2).spacing([8.0, 6.0]).min_col_width(98.0).show(ui, add_rows);
}

fn painting_ui(recipe: &mut Recipe, ui: &mut Ui) {
    let preset = Recipe::from_preset(recipe.preset);
    rows(ui, "painting", |ui| {
        let mut chosen = recipe.preset;
        choice(ui, "Preset", &mut chosen, Preset::ALL, Preset::label, Preset::help);
        if chosen != recipe.preset {
            *recipe = recipe.with_preset(chosen);
        }
        number(ui, &parameter::SIZE, &mut recipe.size, preset.size, 4.0);
        number(ui, &parameter::ITERATIONS, &mut recipe.iterations, preset.iterations, 5.0);
    });
}

fn advanced_ui(desk: &mut Desk<'_>, recipe: &mut Recipe, ui: &mut Ui) {
    let preset = Recipe::from_preset(recipe.preset);
    rows(ui, "advanced", |ui| {
        choice(ui, "Optimiser", &mut recipe.optimizer, OptimizerKind::ALL, OptimizerKind::label, OptimizerKind::help);
        match recipe.optimizer {
            OptimizerKind::Lbfgs => {
                number(ui, &parameter::LBFGS_HISTORY, &mut recipe.lbfgs_history, preset.lbfgs_history, 0.5);
            }
            OptimizerKind::Adam => number(ui, &parameter::ADAM_STEP, &mut recipe.adam_step, preset.adam_step, 0.05),
        }
        choice(ui, "Scales", &mut recipe.scales, Scales::ALL, Scales::label, Scales::help);
        choice(ui, "Pooling", &mut recipe.pooling, Pooling::ALL, Pooling::label, Pooling::help);
        number(ui, &parameter::STYLE_SCALE, &mut recipe.style_scale, preset.style_scale, 0.01);
        init_row(desk, recipe, ui);
        seed_row(recipe, ui);
    });
    if matches!(recipe.init, Init::Picture(_)) {
        pictures::picker_ui(desk, Slot::Start, ui);
    }
    let started =
        desk.state.painting.as_ref().map(|painting| (&painting.started_from.init, painting.started_from.seed));
    if started.is_some_and(|started| started != (&recipe.init, recipe.seed)) {
        ui.label(RichText::new("The starting canvas and the seed take effect at Start over.").small().weak());
    }
    ui.add_space(4.0);
    stir::stir_ui(desk, ui);
    ui.add_space(4.0);
    weights_ui(desk, ui);
}

fn init_row(desk: &mut Desk<'_>, recipe: &mut Recipe, ui: &mut Ui) {
    let label = |init: &Init| match init {
        Init::Content => "The photo",
        Init::Style => "The style",
        Init::Noise => "Noise",
        Init::Picture(_) => "A picture",
    };
    let title = ui.label("Start from").on_hover_text(Init::HELP);
    let response = ComboBox::from_id_salt("init")
        .selected_text(label(&recipe.init))
        .width(FIELD_WIDTH_PT)
        .show_ui(ui, |ui| {
            for init in [Init::Content, Init::Style, Init::Noise] {
                let name = label(&init);
                ui.selectable_value(&mut recipe.init, init, name);
            }
            let canvas = ui.add_enabled(
                desk.state.has_canvas() || desk.state.exhibit.is_some(),
                egui::Button::selectable(false, "This canvas"),
            );
            if canvas.on_hover_text(THIS_CANVAS_HELP).clicked() {
                desk.ask(UiCommand::StartFrom(desk.state.exhibit.clone()));
            }
            let picture = matches!(recipe.init, Init::Picture(_));
            if ui.selectable_label(picture, "A picture…").clicked() {
                desk.ask(UiCommand::Browse(Slot::Start));
            }
        })
        .response;
    response.labelled_by(title.id).on_hover_text(Init::HELP);
    ui.end_row();
}

fn seed_row(recipe: &mut Recipe, ui: &mut Ui) {
    let title = ui.label("Seed").on_hover_text(SEED_HELP);
    ui.horizontal(|ui| {
        let seed = DragValue::new(&mut recipe.seed).speed(1.0).update_while_editing(false);
        ui.add_sized([FIELD_WIDTH_PT - 30.0, 24.0], seed).labelled_by(title.id).on_hover_text(SEED_HELP);
        if icon_button(ui, icons::ICON_CASINO, "Random seed", "Throw the dice").clicked() {
            // Six digits can still be read out to somebody.
            recipe.seed = rand::random_range(0..1_000_000);
        }
    });
    ui.end_row();
}

fn weights_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    ui.label("Network weights");
    let weights = desk.state.weights.as_deref().unwrap_or("built in");
    ui.add(egui::Label::new(RichText::new(weights).small().weak()).truncate()).on_hover_text(weights);
    ui.horizontal(|ui| {
        let open =
            ui.button("Open file…").on_hover_text("VGG-19 weights as .safetensors or .pth, from the next painting on");
        if open.clicked() {
            desk.ask(UiCommand::BrowseWeights);
        }
        if ui.button("Built in").on_hover_text("Use the weights that came with the program").clicked() {
            desk.ask(UiCommand::ResetWeights);
        }
    });
}

fn number<T>(ui: &mut Ui, what: &Parameter<T>, value: &mut T, preset: T, speed: f64)
where
    T: Numeric + std::fmt::Display,
{
    let hint = tooltip(what, preset);
    let title = ui.label(what.label).on_hover_text(&hint);
    ui.horizontal(|ui| {
        field(ui, what, value, speed).labelled_by(title.id).on_hover_text(&hint);
        if *value != preset {
            let name = format!("Reset {}", what.label.to_lowercase());
            if icon_button(ui, icons::ICON_UNDO, &name, &format!("Back to the preset's {preset}")).clicked() {
                *value = preset;
            }
        }
    });
    ui.end_row();
}

fn field<T: Numeric>(ui: &mut Ui, what: &Parameter<T>, value: &mut T, speed: f64) -> Response {
    // While digits are typed, half a number must not reach a running painting.
    let mut field = DragValue::new(value).range(what.min..=what.max).speed(speed).update_while_editing(false);
    if !what.unit.is_empty() {
        field = field.suffix(format!(" {}", what.unit));
    }
    ui.add_sized([FIELD_WIDTH_PT - 30.0, 24.0], field)
}

fn choice<T: Copy + PartialEq>(
    ui: &mut Ui,
    title: &str,
    value: &mut T,
    all: &[T],
    label: impl Fn(T) -> &'static str,
    help: impl Fn(T) -> &'static str,
) {
    let name = ui.label(title);
    let shown = ComboBox::from_id_salt(title).selected_text(label(*value)).width(FIELD_WIDTH_PT).show_ui(ui, |ui| {
        for &each in all {
            ui.selectable_value(value, each, label(each)).on_hover_text(help(each));
        }
    });
    shown.response.labelled_by(name.id).on_hover_text(help(*value));
    ui.end_row();
}
