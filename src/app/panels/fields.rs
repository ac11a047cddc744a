//! The fields of which the sections are made: a number, a choice, a slider. Each says what it means, in plain words
//! first, and shows a way back wherever it differs from the preset.

use std::fmt::Display;

use egui::emath::Numeric;
use egui::{
    Align, CollapsingHeader, ComboBox, DragValue, Id, Label, Layout, PointerButton, Rect, RectAlign, Response, Slider,
    SliderClamping, Tooltip, Ui, pos2, vec2,
};
use egui_material_icons::icons;

use super::super::theme;
use super::super::widgets::icon_button;
use crate::recipe::Parameter;

/// Draws a section that is closed at first. A quiet dot marks one in which something differs from the preset.
pub fn section(ui: &mut Ui, title: &str, help: &str, changed: bool, add_body: impl FnOnce(&mut Ui)) {
    let section = CollapsingHeader::new(title).show_unindented(ui, |ui| {
        add_body(ui);
        ui.add_space(theme::SMALL_GAP_PT);
    });
    let header = section.header_response;
    follow_opening(ui, &header, section.openness);
    if changed {
        let dot = header.rect.right_center() + vec2(6.0, 0.0);
        ui.painter().circle_filled(dot, 2.5, theme::palette(ui.visuals()).accent);
        header
            .accessible_name(format!("{title}, changed"))
            .on_hover_text(format!("{help}\n\nDiffers from the preset."));
    } else {
        header.on_hover_text(help);
    }
}

/// What is being opened at the foot of the panel is brought into sight, as far as there is room below its header.
fn follow_opening(ui: &Ui, header: &Response, openness: f32) {
    let before = ui.data_mut(|data| {
        let known = data.get_temp_mut_or(header.id.with("openness"), openness);
        std::mem::replace(known, openness)
    });
    if openness > before {
        let bottom = ui.min_rect().bottom().min(header.rect.top() + ui.clip_rect().height());
        ui.scroll_to_rect(Rect::from_min_max(header.rect.left_top(), pos2(header.rect.right(), bottom)), None);
    }
}

/// Draws one line: a title, a field that is told the title's id, and, if there is one, a way back. Tells whether that
/// was taken.
pub fn row(ui: &mut Ui, title: &str, hint: &str, back: Option<&str>, add_field: impl FnOnce(&mut Ui, Id)) -> bool {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP_PT;
        ui.set_min_height(theme::FIELD_ROW_PT);
        let size = vec2(theme::ROW_TITLE_PT, theme::ROW_HEIGHT_PT);
        let label = ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(size);
            ui.add(Label::new(title).truncate()).on_hover_text(hint)
        });
        add_field(ui, label.inner.id);
        back.is_some_and(|back| reset_button(ui, title, back))
    })
    .inner
}

/// A small button that brings the preset's value back.
pub fn reset_button(ui: &mut Ui, title: &str, back: &str) -> bool {
    let name = format!("Reset {}", title.to_lowercase());
    icon_button(ui, icons::ICON_REPLAY, &name, &format!("Back to the preset's {back}")).clicked()
}

/// Draws a number that is typed or dragged.
pub fn number<T>(ui: &mut Ui, what: &Parameter<T>, value: &mut T, preset: T, speed: f64)
where
    T: Numeric + Display + Default + Send + Sync,
{
    let hint = tooltip(what, preset);
    let back = (*value != preset).then(|| preset.to_string());
    let reset = row(ui, what.label, &hint, back.as_deref(), |ui, title| {
        // Half a number must not reach a running painting, neither while digits are typed nor while it is dragged: every size
        // on the way would be painted at.
        let dragged = ui.scope_id().with(what.name);
        let mut shown = ui.data(|data| data.get_temp(dragged)).unwrap_or(*value);
        let mut field = typed(DragValue::new(&mut shown).range(what.min..=what.max), T::INTEGRAL);
        field = field.speed(speed).update_while_editing(false);
        if !what.unit.is_empty() {
            field = field.suffix(format!(" {}", what.unit));
        }
        let size = [theme::ROW_FIELD_PT, theme::ROW_HEIGHT_PT];
        let field = ui.add_sized(size, field).labelled_by(title).on_hover_text(&hint);
        if field.dragged() {
            ui.data_mut(|data| data.insert_temp(dragged, shown));
        } else {
            ui.data_mut(|data| data.remove_temp::<T>(dragged));
            *value = shown;
        }
    });
    if reset {
        *value = preset;
    }
}

/// Has a field understand numbers as they are typed in most of the world: a single comma is a decimal point. In whole numbers, and
/// where there are more of them or a point as well, commas part the thousands.
pub fn typed(field: DragValue<'_>, whole: bool) -> DragValue<'_> {
    field.custom_parser(move |text| parse(text, whole))
}

fn parse(text: &str, whole: bool) -> Option<f64> {
    let decimal = !whole && text.matches(',').count() == 1 && !text.contains('.');
    let plain = |char| match char {
        ',' => decimal.then_some('.'),
        '\u{2212}' => Some('-'),
        char => (!char.is_whitespace()).then_some(char),
    };
    text.chars().filter_map(plain).collect::<String>().parse().ok()
}

/// What may be chosen, and what is said about each.
pub struct Choices<T: 'static> {
    /// Name in the window.
    pub title: &'static str,
    /// Every alternative.
    pub all: &'static [T],
    /// Name of one.
    pub label: fn(T) -> &'static str,
    /// What one does.
    pub help: fn(T) -> &'static str,
}

/// Draws a list to choose from, as wide as every field: a long name is cut off, or it would push the others out of sight.
pub fn combo(ui: &mut Ui, id: &str, selected: &str, add_choices: impl FnOnce(&mut Ui)) -> Response {
    let size = vec2(theme::ROW_FIELD_PT, theme::ROW_HEIGHT_PT);
    let place = ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let list = ComboBox::from_id_salt(id).selected_text(selected).width(theme::ROW_FIELD_PT).truncate();
        list.show_ui(ui, add_choices).response
    });
    place.inner
}

/// Closes the list that something was chosen from, by key too.
pub fn close_when(chosen: &Response, ui: &Ui) {
    if chosen.clicked() {
        ui.close();
    }
}

/// Draws a choice among named alternatives.
pub fn choice<T: Copy + PartialEq>(ui: &mut Ui, what: &Choices<T>, value: &mut T, preset: T) {
    let hint = (what.help)(*value);
    let back = (*value != preset).then(|| (what.label)(preset));
    let reset = row(ui, what.title, hint, back, |ui, title| {
        let shown = combo(ui, what.title, (what.label)(*value), |ui| {
            for &each in what.all {
                let chosen = ui.selectable_value(value, each, (what.label)(each)).on_hover_text((what.help)(each));
                close_when(&chosen, ui);
            }
        });
        shown.labelled_by(title).on_hover_text(hint);
    });
    if reset {
        *value = preset;
    }
}

/// How a slider shows its number.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// From a trace to a flood: steps that look equal are ratios, not differences.
    pub logarithmic: bool,
    /// Whether the unit is written behind the number.
    pub unit: bool,
    /// Digits after the point.
    pub decimals: usize,
    /// What the slider spans, where that is less than may be typed.
    pub span: Option<(f32, f32)>,
}

impl Look {
    /// Equal steps, whole numbers.
    pub const PLAIN: Self = Self { logarithmic: false, unit: false, decimals: 0, span: None };
}

/// Draws a title with a number and, below, a slider as wide as there is room.
pub fn slider(ui: &mut Ui, what: &Parameter<f32>, value: &mut f32, preset: f32, look: Look) {
    let hint = tooltip(what, preset);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.horizontal(|ui| {
            // As high as the reset button, so that nothing moves when it appears.
            ui.set_min_height(theme::HEADING_HEIGHT_PT + 2.0);
            let title = ui.label(what.label).on_hover_text(&hint);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let mut number = typed(DragValue::new(value), false);
                number = number.range(what.min..=what.max).speed(0.02).fixed_decimals(look.decimals);
                if look.unit {
                    number = number.suffix(format!(" {}", what.unit));
                }
                hint_beside(ui.add(number).labelled_by(title.id), &hint);
                let back = format!("{preset} (or double-click the slider)");
                if *value != preset && reset_button(ui, what.label, &back) {
                    *value = preset;
                }
            });
        });
        ui.spacing_mut().slider_width = ui.available_width();
        let span = look.span.unwrap_or((what.min, what.max));
        rail(ui, what.label, &hint, value, span, preset, look.logarithmic);
    });
}

/// Draws a slider alone, of the width that `ui` has set; a double-click brings the preset's value back.
pub fn rail(
    ui: &mut Ui,
    name: &str,
    hint: &str,
    value: &mut f32,
    (min, max): (f32, f32),
    preset: f32,
    logarithmic: bool,
) {
    // A number beyond the slider was typed, and stays until the slider is moved.
    let slider = Slider::new(value, min..=max).clamping(SliderClamping::Edits);
    let slider = slider.logarithmic(logarithmic).smallest_positive(0.01).show_value(false);
    let slider = hint_beside(ui.add(slider).accessible_name(name), hint);
    let twice = ui.input(|input| input.pointer.button_double_clicked(PointerButton::Primary));
    if twice && slider.contains_pointer() {
        *value = preset;
    }
}

/// Shows a hint on the right of what it is about: below, it would lie over the next slider.
fn hint_beside(response: Response, hint: &str) -> Response {
    let mut tooltip = Tooltip::for_enabled(&response);
    tooltip.popup = tooltip.popup.align(RectAlign::RIGHT);
    tooltip.show(|ui| {
        ui.set_max_width(ui.spacing().tooltip_width);
        ui.label(hint);
    });
    response
}

/// What a parameter means, first in plain words, then in the field's.
#[must_use]
pub fn tooltip<T: Display>(what: &Parameter<T>, preset: impl Display) -> String {
    let unit = if what.unit.is_empty() { String::new() } else { format!(" {}", what.unit) };
    format!(
        "{}\n\n{} to {}{unit}, preset {preset}\n{} (--{})",
        what.help, what.min, what.max, what.technical, what.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written_here_and_there() {
        let fractions =
            [("1.5", 1.5), ("1,5", 1.5), ("-0,25", -0.25), ("\u{2212}2", -2.0), ("1,024.5", 1024.5), (" 3 ", 3.0)];
        for (text, number) in fractions {
            assert_eq!(parse(text, false), Some(number), "{text}");
        }
        for (text, number) in [("2048", 2048.0), ("2,048", 2048.0), ("1 000", 1000.0)] {
            assert_eq!(parse(text, true), Some(number), "{text}");
        }
        for text in ["", "many", "1.2.3", "1,5 px"] {
            assert_eq!(parse(text, false), None, "{text}");
        }
    }
}
