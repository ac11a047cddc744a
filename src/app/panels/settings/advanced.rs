//! The section "Advanced": how the optimiser goes about it, and from where.

use egui::{DragValue, RichText, Ui};
use egui_material_icons::icons;

use super::super::super::command::{Slot, UiCommand};
use super::super::super::theme;
use super::super::super::widgets::{Desk, icon_button};
use super::super::fields::{Choices, choice, close_when, combo, number, row};
use super::super::{pictures, stir};
use super::Section;
use crate::recipe::{Edges, Init, LbfgsMetric, OptimizerKind, Pooling, Recipe, SEED_HELP, Scales, parameter};

pub const SECTION: Section = Section {
    title: "Advanced",
    help: "How the optimiser goes about it, what the canvas starts from, and which network looks at it.",
    draw,
    reset: |recipe, preset| {
        recipe.optimizer = preset.optimizer;
        recipe.lbfgs_history = preset.lbfgs_history;
        recipe.lbfgs_metric = preset.lbfgs_metric;
        recipe.adam_step = preset.adam_step;
        recipe.adam_beta1 = preset.adam_beta1;
        recipe.adam_beta2 = preset.adam_beta2;
        recipe.averaging = preset.averaging;
        recipe.scales = preset.scales;
        recipe.start_size = preset.start_size;
        recipe.pooling = preset.pooling;
        recipe.edges = preset.edges;
        recipe.init = preset.init.clone();
        recipe.seed = preset.seed;
    },
};

const THIS_CANVAS_HELP: &str = "The painting or favourite that the canvas shows, as it is now. \
    With Scales at One size it keeps its details too.";

const OPTIMIZER: Choices<OptimizerKind> =
    Choices { title: "Optimiser", all: OptimizerKind::ALL, label: OptimizerKind::label, help: OptimizerKind::help };
const LBFGS_METRIC: Choices<LbfgsMetric> =
    Choices { title: "First steps", all: LbfgsMetric::ALL, label: LbfgsMetric::label, help: LbfgsMetric::help };
const SCALES: Choices<Scales> = Choices { title: "Scales", all: Scales::ALL, label: Scales::label, help: Scales::help };
const POOLING: Choices<Pooling> =
    Choices { title: "Pooling", all: Pooling::ALL, label: Pooling::label, help: Pooling::help };
const EDGES: Choices<Edges> = Choices { title: "Edges", all: Edges::ALL, label: Edges::label, help: Edges::help };

fn draw(desk: &mut Desk<'_>, recipe: &mut Recipe, ui: &mut Ui) {
    let preset = &desk.state.basis.settings;
    choice(ui, &OPTIMIZER, &mut recipe.optimizer, preset.optimizer);
    match recipe.optimizer {
        OptimizerKind::Lbfgs => {
            number(ui, &parameter::LBFGS_HISTORY, &mut recipe.lbfgs_history, preset.lbfgs_history, 0.5);
            choice(ui, &LBFGS_METRIC, &mut recipe.lbfgs_metric, preset.lbfgs_metric);
        }
        OptimizerKind::Adam => {
            number(ui, &parameter::ADAM_STEP, &mut recipe.adam_step, preset.adam_step, 0.05);
            number(ui, &parameter::ADAM_BETA1, &mut recipe.adam_beta1, preset.adam_beta1, 0.002);
            number(ui, &parameter::ADAM_BETA2, &mut recipe.adam_beta2, preset.adam_beta2, 0.001);
        }
    }
    number(ui, &parameter::AVERAGING, &mut recipe.averaging, preset.averaging, 0.005);
    choice(ui, &SCALES, &mut recipe.scales, preset.scales);
    if recipe.scales == Scales::CoarseToFine {
        number(ui, &parameter::START_SIZE, &mut recipe.start_size, preset.start_size, 2.0);
    }
    choice(ui, &POOLING, &mut recipe.pooling, preset.pooling);
    choice(ui, &EDGES, &mut recipe.edges, preset.edges);
    init_row(desk, recipe, ui);
    if matches!(recipe.init, Init::Picture(_)) {
        pictures::picker_ui(desk, Slot::Start, ui);
    }
    seed_row(recipe, preset.seed, ui);
    let started =
        desk.state.painting.as_ref().map(|painting| (&painting.started_from.init, painting.started_from.seed));
    if started.is_some_and(|started| started != (&recipe.init, recipe.seed)) {
        ui.label(RichText::new("The starting canvas and the seed take effect at Start over.").small().weak());
    }
    stir::stir_ui(desk, ui);
    weights_ui(desk, ui);
}

fn init_label(init: &Init) -> &'static str {
    match init {
        Init::Content => "The photo",
        Init::Style => "The style",
        Init::Noise => "Noise",
        Init::Picture(_) => "A picture",
    }
}

fn init_row(desk: &mut Desk<'_>, recipe: &mut Recipe, ui: &mut Ui) {
    let preset = &desk.state.basis.settings.init;
    let back = (recipe.init != *preset).then(|| init_label(preset));
    let reset = row(ui, "Start from", Init::HELP, back, |ui, title| {
        let shown = combo(ui, "init", init_label(&recipe.init), |ui| {
            for init in [Init::Content, Init::Style, Init::Noise] {
                let name = init_label(&init);
                let chosen = ui.selectable_value(&mut recipe.init, init, name);
                close_when(&chosen, ui);
            }
            let canvas = ui.add_enabled(
                desk.state.has_canvas() || desk.state.exhibit.is_some(),
                egui::Button::selectable(false, "This canvas"),
            );
            close_when(&canvas, ui);
            if canvas.on_hover_text(THIS_CANVAS_HELP).clicked() {
                desk.ask(UiCommand::StartFrom(desk.state.exhibit.clone()));
            }
            let picture = matches!(recipe.init, Init::Picture(_));
            let other = ui.selectable_label(picture, "A picture…");
            close_when(&other, ui);
            if other.clicked() {
                desk.ask(UiCommand::Browse(Slot::Start));
            }
        });
        shown.labelled_by(title).on_hover_text(Init::HELP);
    });
    if reset {
        recipe.init = preset.clone();
    }
}

fn seed_row(recipe: &mut Recipe, preset: u64, ui: &mut Ui) {
    let back = (recipe.seed != preset).then(|| preset.to_string());
    let reset = row(ui, "Seed", SEED_HELP, back.as_deref(), |ui, title| {
        let seed = DragValue::new(&mut recipe.seed).speed(1.0).update_while_editing(false);
        let width = theme::ROW_FIELD_PT - theme::ROW_HEIGHT_PT - theme::SMALL_GAP_PT;
        ui.add_sized([width, theme::ROW_HEIGHT_PT], seed).labelled_by(title).on_hover_text(SEED_HELP);
        if icon_button(ui, icons::ICON_CASINO, "Random seed", "Throw the dice").clicked() {
            // Six digits can still be read out to somebody.
            recipe.seed = rand::random_range(0..1_000_000);
        }
    });
    if reset {
        recipe.seed = preset;
    }
}

fn weights_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    let weights = desk.state.weights.as_deref().unwrap_or("built in");
    let hint = format!("The trained network that looks at the pictures: {weights}");
    row(ui, "Network", &hint, None, |ui, _| {
        ui.add(egui::Label::new(RichText::new(weights).small().weak()).truncate()).on_hover_text(&hint);
    });
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
