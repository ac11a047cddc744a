//! The section "Layers": where in the network, and by what measure, style and photo are compared.

use egui::{Align, DragValue, Label, Layout, RichText, Ui, vec2};
use egui_material_icons::icons;

use super::super::super::command::UiCommand;
use super::super::super::theme;
use super::super::super::widgets::{Desk, icon_button, icon_button_size};
use super::super::fields::{Choices, Look, choice, rail, reset_button, slider, typed};
use super::Section;
use crate::engine::{Term, TermShare};
use crate::recipe::{LayerName, LayerWeights, Recipe, StyleCurve, StyleLoss, TvNorm, parameter};

pub const SECTION: Section = Section {
    title: "Layers",
    help: "Which layers of the network carry style and photo, from fine grain to whole objects, and how they are compared.",
    draw,
    reset: |recipe, preset| {
        recipe.style_layers = preset.style_layers.clone();
        recipe.style_curve = preset.style_curve;
        recipe.style_loss = preset.style_loss;
        recipe.histogram = preset.histogram;
        recipe.content_layers = preset.content_layers.clone();
        recipe.tv_norm = preset.tv_norm;
    },
};

/// A group of layers that carry the same term.
struct Group {
    title: &'static str,
    help: &'static str,
    /// The layers that are shown even without any weight.
    usual: &'static [(u8, u8)],
}

const STYLE: Group = Group {
    title: "Style layers",
    help: "How strongly the style counts at each layer: the first are fine grain, the last are large shapes.",
    usual: &[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)],
};
const PHOTO: Group = Group {
    title: "Photo layers",
    help: "How strongly the photo counts at each layer: early ones hold to every edge, late ones to what is where.",
    usual: &[(3, 2), (4, 2), (5, 2)],
};

const CURVE: Choices<StyleCurve> =
    Choices { title: "Style curve", all: StyleCurve::ALL, label: StyleCurve::label, help: StyleCurve::help };
const LOSS: Choices<StyleLoss> =
    Choices { title: "Style loss", all: StyleLoss::ALL, label: StyleLoss::label, help: StyleLoss::help };
const TV_NORM: Choices<TvNorm> =
    Choices { title: "Smoothing", all: TvNorm::ALL, label: TvNorm::label, help: TvNorm::help };
const HISTOGRAM: Look = Look { logarithmic: true, decimals: 2, ..Look::PLAIN };

/// Width of a layer's number, in points.
const WEIGHT_PT: f32 = 46.0;
/// A layer that was added is taken out by its button; at zero it would vanish under the pointer that drags it.
const LEAST_ADDED: f32 = 0.01;

fn draw(desk: &mut Desk<'_>, recipe: &mut Recipe, ui: &mut Ui) {
    let preset = &desk.state.basis.settings;
    measure_ui(desk, ui);
    let pulls = Pulls::of(desk);
    if pulls.outdated {
        ui.label(RichText::new("The bars are from before the last change; measure again.").small().weak());
    }
    group_ui(&STYLE, &mut recipe.style_layers, &preset.style_layers, |layer| pulls.of_term(Term::Style(layer)), ui);
    choice(ui, &CURVE, &mut recipe.style_curve, preset.style_curve);
    choice(ui, &LOSS, &mut recipe.style_loss, preset.style_loss);
    slider(ui, &parameter::HISTOGRAM, &mut recipe.histogram, preset.histogram, HISTOGRAM);
    pull_ui("Histogram", pulls.of_histogram(), ui);
    ui.add_space(theme::SMALL_GAP_PT);
    ui.add_enabled_ui(recipe.preset.balance().content > 0.0, |ui| {
        let pull = |layer| pulls.of_term(Term::Content(layer));
        group_ui(&PHOTO, &mut recipe.content_layers, &preset.content_layers, pull, ui);
    });
    named_pull_ui("Drawing", pulls.of_term(Term::Drawing), ui);
    ui.add_space(theme::SMALL_GAP_PT);
    choice(ui, &TV_NORM, &mut recipe.tv_norm, preset.tv_norm);
    named_pull_ui("Smoothness", pulls.of_term(Term::TotalVariation), ui);
}

/// Asks how strongly each term pulls; not done unasked, since it takes as long as several iterations.
fn measure_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    const HELP: &str = "Finds out how strongly each layer pulls at the painting as it stands, and shows it under the \
        sliders. Takes as long as a few iterations.\n\nRoot mean square of each term's gradient, as shares of their sum";
    let measure = ui.add_enabled(desk.state.painting.is_some(), egui::Button::new("Measure the pull"));
    if measure.on_hover_text(HELP).on_disabled_hover_text(HELP).clicked() {
        desk.ask(UiCommand::MeasureShares);
    }
}

/// How strongly each term pulls at the canvas, when that was last measured.
#[derive(Default)]
struct Pulls {
    shares: Vec<TermShare>,
    total: f64,
    /// The settings of the terms have changed since.
    outdated: bool,
}

impl Pulls {
    fn of(desk: &Desk<'_>) -> Self {
        let measured = desk.state.painting.as_ref().and_then(|painting| painting.shares.as_ref());
        let Some((shares, under)) = measured else { return Self::default() };
        let total = shares.iter().map(|share| share.gradient_rms).sum();
        Self { shares: shares.clone(), total, outdated: terms_differ(under, &desk.state.recipe) }
    }

    fn sum(&self, wanted: impl Fn(Term) -> bool) -> Option<f64> {
        let pulls: Vec<f64> =
            self.shares.iter().filter(|share| wanted(share.term)).map(|share| share.gradient_rms).collect();
        (!pulls.is_empty() && self.total > 0.0).then(|| pulls.iter().sum::<f64>() / self.total)
    }

    fn of_term(&self, term: Term) -> Option<f64> {
        self.sum(|other| other == term)
    }

    fn of_histogram(&self) -> Option<f64> {
        self.sum(|term| matches!(term, Term::Histogram(_)))
    }
}

/// Whether two recipes have other terms, or weigh them in another way.
fn terms_differ(one: &Recipe, other: &Recipe) -> bool {
    fn terms(recipe: &Recipe) -> impl PartialEq + use<'_> {
        let Recipe { style_layers, content_layers, style_curve, style_loss, histogram, tv, tv_norm, .. } = recipe;
        let Recipe { preset, style_strength, content_strength, drawing, styles, .. } = recipe;
        let layers = (style_layers, content_layers, style_curve, style_loss);
        (layers, histogram, tv, tv_norm, preset, style_strength, content_strength, drawing, styles)
    }
    terms(one) != terms(other)
}

/// A bar as long as the share of one term, below its slider.
fn pull_ui(name: &str, share: Option<f64>, ui: &mut Ui) {
    bar_ui(name, share, ui, |ui| ui.add_space(56.0));
}

/// The same of a term whose slider is elsewhere, and so with its name.
fn named_pull_ui(name: &str, share: Option<f64>, ui: &mut Ui) {
    bar_ui(name, share, ui, |ui| {
        ui.label(RichText::new(name).small());
    });
}

fn bar_ui(name: &str, share: Option<f64>, ui: &mut Ui, before: impl FnOnce(&mut Ui)) {
    let Some(share) = share else { return };
    let text = format!("{:.0} %", 100.0 * share);
    ui.horizontal(|ui| {
        before(ui);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let label = ui.label(RichText::new(&text).small().weak());
            label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name} pulls {text}")));
            ui.add(egui::ProgressBar::new(share as f32).desired_height(4.0));
        });
    });
}

fn group_ui(
    group: &Group,
    weights: &mut LayerWeights,
    preset: &LayerWeights,
    pull: impl Fn(LayerName) -> Option<f64>,
    ui: &mut Ui,
) {
    let usual = |layer: LayerName| group.usual.contains(&(layer.block(), layer.index()));
    let (shown, rest): (Vec<LayerName>, Vec<LayerName>) =
        LayerName::all().partition(|&layer| usual(layer) || weights.weight(layer) > 0.0 || preset.weight(layer) > 0.0);
    ui.horizontal(|ui| {
        ui.set_min_height(theme::HEADING_HEIGHT_PT);
        ui.label(RichText::new(group.title).weak()).on_hover_text(group.help);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            add_menu(group, weights, &rest, ui);
            if *weights != *preset && reset_button(ui, group.title, "layers") {
                *weights = preset.clone();
            }
        });
    });
    // After a reset, a layer that was added is gone; drawn once more, it would get its least weight back.
    let kept = |layer: &LayerName| usual(*layer) || weights.weight(*layer) > 0.0 || preset.weight(*layer) > 0.0;
    let shown: Vec<LayerName> = shown.into_iter().filter(kept).collect();
    for layer in shown {
        let removable = !usual(layer) && preset.weight(layer) == 0.0;
        layer_ui(group, layer, weights, preset.weight(layer), removable, ui);
        pull_ui(&format!("{}: {layer}", group.title), pull(layer), ui);
    }
}

fn layer_ui(group: &Group, layer: LayerName, weights: &mut LayerWeights, preset: f32, removable: bool, ui: &mut Ui) {
    const WHAT: parameter::Parameter<f32> = parameter::LAYER_WEIGHT;
    let hint =
        format!("{}\n\n{} to {}, preset {preset}\n{} at {layer}", depth(layer), WHAT.min, WHAT.max, WHAT.technical);
    let name = format!("{}: {layer}", group.title);
    let least = if removable { LEAST_ADDED } else { WHAT.min };
    let mut weight = weights.weight(layer);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP_PT;
        let size = vec2(52.0, theme::ROW_HEIGHT_PT);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(size);
            ui.add(Label::new(RichText::new(layer.to_string()).small()).truncate()).on_hover_text(&hint);
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            // The place of the button is kept free, so that nothing moves when it appears.
            let button = icon_button_size(ui);
            if removable {
                let taken = icon_button(ui, icons::ICON_CLOSE, &format!("Remove {name}"), "Take this layer out");
                if taken.clicked() {
                    weight = 0.0;
                    return;
                }
            } else if weight == preset {
                ui.allocate_space(button);
            } else if reset_button(ui, &name, &preset.to_string()) {
                weight = preset;
            }
            let number = typed(DragValue::new(&mut weight), false).range(least..=WHAT.max).speed(0.02).max_decimals(2);
            ui.add_sized([WEIGHT_PT, theme::ROW_HEIGHT_PT], number).accessible_name(&name).on_hover_text(&hint);
            ui.spacing_mut().slider_width = ui.available_width();
            rail(ui, &name, &hint, &mut weight, (least, WHAT.max), preset.max(least), true);
        });
    });
    if weight != weights.weight(layer) {
        weights.set(layer, weight);
    }
}

fn add_menu(group: &Group, weights: &mut LayerWeights, rest: &[LayerName], ui: &mut Ui) {
    let name = format!("Add to {}", group.title.to_lowercase());
    let button = icon_button(ui, icons::ICON_ADD, &name, "Let one more layer count");
    egui::Popup::menu(&button).accessible_name(name).show(|ui| {
        for &layer in rest {
            if ui.button(layer.to_string()).on_hover_text(depth(layer)).clicked() {
                weights.set(layer, parameter::LAYER_WEIGHT.default);
            }
        }
    });
}

/// What a layer sees, in plain words.
fn depth(layer: LayerName) -> &'static str {
    match layer.block() {
        1 => "Colours and the finest grain.",
        2 => "Fine texture: single hatches and dabs.",
        3 => "Strokes and small patterns.",
        4 => "Large patterns, and parts of things.",
        _ => "Whole things and how they are arranged.",
    }
}
