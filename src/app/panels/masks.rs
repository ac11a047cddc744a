//! Where each style acts and where the photo stays.

use egui::{Align, DragValue, Layout, RichText, Slider, Ui};
use egui_material_icons::icons;

use super::super::action::Action;
use super::super::command::UiCommand;
use super::super::masking::{BRUSH_SIZES, Editor, MaskCommand, MaskTarget, TOLERANCES, Tool};
use super::super::state::State;
use super::super::theme;
use super::super::widgets::{Desk, icon_button};
use super::super::words;
use super::fields;
use crate::recipe::Colours;

const HINT: &str = "Paint on the canvas where a style acts and where the photo stays.";

/// Leaves room for the titles and the numbers.
const SLIDER_WIDTH_PT: f32 = 112.0;

/// What a mask does, for the line above the canvas.
#[must_use]
pub fn title(state: &State, target: MaskTarget) -> String {
    match target {
        MaskTarget::Photo => "Paint where the photo stays".to_owned(),
        MaskTarget::Style(index) => format!("Paint where {} acts", style_name(state, index)),
        MaskTarget::Canvas => {
            let source = state.masking.editor().and_then(Editor::source);
            // The photo's colours lie over whatever is brushed in.
            let extent = if state.recipe.colours == Colours::Photo { ", its light and dark only" } else { "" };
            format!("Brush in from {}{extent}", source.map_or("", |source| &source.name))
        }
    }
}

fn style_name(state: &State, index: usize) -> String {
    state.recipe.styles.get(index).map(|style| words::picture_name(&style.picture)).unwrap_or_default()
}

/// Draws the section.
pub fn masks_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    let masked = MaskTarget::all(&desk.state.recipe).any(|target| target.mask(&desk.state.recipe).is_some());
    fields::section(ui, "Where", HINT, masked, |ui| {
        ui.label(RichText::new(HINT).small().weak());
        for target in MaskTarget::all(&desk.state.recipe) {
            row_ui(desk, target, ui);
        }
        if desk.state.masking.editor().is_some() {
            ui.add_space(theme::SMALL_GAP_PT);
            let tool = ui.scope(|ui| tool_ui(desk, ui)).response;
            if shown_first(desk, ui) {
                tool.scroll_to_me(None);
            }
        }
    });
}

/// Whether the mask that is painted was another when this was last asked.
fn shown_first(desk: &Desk<'_>, ui: &Ui) -> bool {
    let (id, serial) =
        (egui::Id::unique("the mask whose brush was shown"), desk.state.masking.editor().map(Editor::serial));
    let before: Option<u64> = ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or_default(id), serial));
    before != serial
}

fn row_ui(desk: &mut Desk<'_>, target: MaskTarget, ui: &mut Ui) {
    let state = desk.state;
    let editing = state.masking.editor().is_some_and(|editor| editor.target() == target);
    let masked = target.mask(&state.recipe).is_some();
    let (name, where_it_acts) = match (target, masked) {
        (MaskTarget::Photo, true) => ("Photo".to_owned(), "stays where painted"),
        (MaskTarget::Photo, false) => ("Photo".to_owned(), "stays nowhere"),
        (MaskTarget::Style(index), true) => (style_name(state, index), "where painted"),
        (MaskTarget::Style(index), false) if others_are_masked(state, index) => {
            (style_name(state, index), "in the rest")
        }
        // No recipe has a mask for it.
        (MaskTarget::Canvas, _) => return,
        (MaskTarget::Style(index), false) => (style_name(state, index), "everywhere"),
    };
    ui.horizontal(|ui| {
        ui.set_min_height(theme::HEADING_HEIGHT_PT);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let title = title(state, target);
            let paint = if editing {
                let done = icon_button(ui, icons::ICON_CHECK, &format!("Stop: {title}"), Action::LeaveMask.tooltip());
                done.clicked().then_some(UiCommand::Do(Action::LeaveMask))
            } else {
                let paint = icon_button(ui, icons::ICON_BRUSH, &title, &title);
                paint.clicked().then_some(UiCommand::Mask(MaskCommand::Edit(target)))
            };
            ui.label(RichText::new(where_it_acts).small().weak());
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = RichText::new(&name);
                ui.add(egui::Label::new(if editing { text.strong() } else { text }).truncate()).on_hover_text(&name);
            });
            desk.commands.extend(paint);
        });
    });
}

/// Whether a style without a mask must leave room for one that has a mask.
fn others_are_masked(state: &State, index: usize) -> bool {
    let styles = state.recipe.styles.iter().enumerate();
    styles.filter(|(other, _)| *other != index).any(|(_, style)| style.mask.is_some() && style.weight > 0.0)
}

const SIZE_HINT: &str = "Width of the brush as a share of the canvas ([ and ])";
const TOLERANCE_HINT: &str = "How far colours may differ from the place that is pressed ([ and ])";
const HARDNESS_HINT: &str = "Share of the brush that is hard; from there it fades to its rim";

/// Draws the brush in one line, from right to left, for where its section may be closed.
pub fn compact_tool_ui(desk: &mut Desk<'_>, narrow: bool, ui: &mut Ui) {
    let mut tool = desk.state.masking.tool;
    if tool.fills {
        let prefix = if narrow { "" } else { "Tolerance " };
        let tolerance = DragValue::new(&mut tool.tolerance).range(TOLERANCES).prefix(prefix).suffix(" %");
        ui.add(tolerance.max_decimals(0)).accessible_name("Tolerance of the fill").on_hover_text(TOLERANCE_HINT);
        return take(desk, tool);
    }
    let [of_hardness, of_size] = if narrow { ["", ""] } else { ["Hardness ", "Brush "] };
    let hardness = DragValue::new(&mut tool.hardness).range(0.0..=100.0).prefix(of_hardness).suffix(" %");
    ui.add(hardness.max_decimals(0)).accessible_name("Hardness of the brush").on_hover_text(HARDNESS_HINT);
    let size = DragValue::new(&mut tool.size).range(BRUSH_SIZES).speed(0.1).prefix(of_size).suffix(" %");
    ui.add(size.max_decimals(1)).accessible_name("Size of the brush").on_hover_text(SIZE_HINT);
    take(desk, tool);
}

/// Takes another brush, if it is another.
pub fn take(desk: &mut Desk<'_>, tool: Tool) {
    if tool != desk.state.masking.tool {
        desk.ask(UiCommand::Mask(MaskCommand::Take(tool)));
    }
}

fn tool_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    let mut tool = desk.state.masking.tool;
    egui::Grid::new("brush").num_columns(2).spacing([8.0, 6.0]).min_col_width(60.0).show(ui, |ui| {
        ui.spacing_mut().slider_width = SLIDER_WIDTH_PT;
        if tool.fills {
            let title = ui.label("Tolerance").on_hover_text(TOLERANCE_HINT);
            let tolerance = Slider::new(&mut tool.tolerance, TOLERANCES).suffix(" %").max_decimals(0);
            ui.add(tolerance).labelled_by(title.id).accessible_name("Fill tolerance").on_hover_text(TOLERANCE_HINT);
            ui.end_row();
            return;
        }
        let title = ui.label("Size").on_hover_text(SIZE_HINT);
        let size = Slider::new(&mut tool.size, BRUSH_SIZES).logarithmic(true).suffix(" %").max_decimals(1);
        ui.add(size).labelled_by(title.id).accessible_name("Brush size").on_hover_text(SIZE_HINT);
        ui.end_row();
        let title = ui.label("Hardness").on_hover_text(HARDNESS_HINT);
        let hardness = Slider::new(&mut tool.hardness, 0.0..=100.0).suffix(" %").max_decimals(0);
        ui.add(hardness).labelled_by(title.id).accessible_name("Brush hardness").on_hover_text(HARDNESS_HINT);
        ui.end_row();
    });
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP_PT;
        desk.action_icon(ui, Action::ToggleFill, tool.fills);
        desk.action_icon(ui, Action::InvertMask, false);
        desk.action_icon(ui, Action::ClearMask, false);
        desk.action_icon(ui, Action::OpenMask, false);
        desk.action_icon(ui, Action::SaveMask, false);
    });
    take(desk, tool);
}
