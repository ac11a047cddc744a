//! The losses as numbers and as a curve.

use egui::{Align, Color32, Layout, Sense, Stroke, Ui, Vec2b, vec2};
use egui_plot::{GridMark, Line, LineStyle, Plot, PlotPoint, PlotPoints, VLine};

use super::super::command::Exhibit;
use super::super::history::Point;
use super::super::widgets::Desk;
use super::super::{theme, words};
use crate::engine::Losses;

const NUMBERS_WIDTH_PT: f32 = 190.0;

/// One term of the loss: how it is named, coloured and read.
struct Term {
    name: &'static str,
    hint: &'static str,
    colour: Color32,
    read: fn(&Losses) -> f64,
}

fn terms(palette: &theme::Palette) -> [Term; 4] {
    [
        Term { name: "Loss", hint: "The sum of all terms", colour: palette.total, read: |losses| losses.loss },
        Term {
            name: "Style",
            hint: "How far the strokes are from the style (Gram loss times beta)",
            colour: palette.style,
            read: |losses| losses.style,
        },
        Term {
            name: "Photo",
            hint: "How far shapes and drawing are from the photo (feature loss and drawing times alpha)",
            colour: palette.content,
            read: |losses| losses.content + losses.drawing,
        },
        Term {
            name: "Smoothness",
            hint: "How grainy the canvas is (total variation times gamma)",
            colour: palette.tv,
            read: |losses| losses.tv,
        },
    ]
}

/// Draws numbers and curve side by side.
pub fn curve_ui(desk: &Desk<'_>, ui: &mut Ui) {
    let terms = terms(theme::palette(ui.visuals()));
    let painting = desk.state.painting.as_ref();
    let losses = painting.and_then(|painting| painting.progress.as_ref()).map(|progress| progress.losses);
    let shown = match &desk.state.exhibit {
        Some(Exhibit::Moment(moment)) => Some(moment.iteration),
        _ => None,
    };
    ui.horizontal_top(|ui| {
        ui.allocate_ui_with_layout(vec2(NUMBERS_WIDTH_PT, ui.available_height()), Layout::top_down(Align::Min), |ui| {
            ui.set_width(NUMBERS_WIDTH_PT);
            ui.add_space(2.0);
            ui.spacing_mut().item_spacing.y = 0.0;
            for term in &terms {
                number_ui(term, losses.as_ref(), ui);
            }
        });
        match painting.map(|painting| &painting.history).filter(|history| history.points().len() > 1) {
            Some(history) => plot_ui(&terms, history.points(), history.stage_starts(), shown, ui),
            None => {
                ui.centered_and_justified(|ui| ui.weak("The loss curve appears here while it paints"));
            }
        }
    });
}

fn number_ui(term: &Term, losses: Option<&Losses>, ui: &mut Ui) {
    let row = ui.horizontal(|ui| {
        let (dot, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
        ui.painter().circle_filled(dot.center(), 4.0, term.colour);
        ui.label(term.name);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let text = losses.map_or_else(|| "–".to_owned(), |losses| words::loss((term.read)(losses)));
            ui.label(text);
        });
    });
    row.response.on_hover_text(term.hint);
}

/// With a line at the iteration that is `shown`, if that is not the newest.
fn plot_ui(terms: &[Term], points: &[Point], stage_starts: &[u32], shown: Option<u32>, ui: &mut Ui) {
    let theme::Palette { line, accent, .. } = *theme::palette(ui.visuals());
    let last = points.last().map_or(1, |point| point.iteration);
    Plot::new("loss curve")
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .auto_bounds(Vec2b::TRUE)
        .show_background(false)
        .show_grid([false, true])
        .show_crosshair(false)
        .set_margin_fraction(vec2(0.01, 0.08))
        .y_axis_min_width(44.0)
        .x_grid_spacer(|input| round_steps(input.bounds))
        .y_axis_formatter(|mark, _| power_of_ten(mark))
        .y_grid_spacer(|input| decades(input.bounds))
        .label_formatter(|hover| match hover {
            egui_plot::HoverPosition::NearDataPoint { plot_name, position, .. } => Some(reading(plot_name, *position)),
            egui_plot::HoverPosition::Elsewhere { .. } => None,
        })
        .show(ui, |plot| {
            for start in stage_starts {
                let stage = VLine::new("", f64::from(*start)).color(line).style(LineStyle::dashed_dense());
                plot.vline(stage.allow_hover(false));
            }
            if let Some(shown) = shown {
                plot.vline(VLine::new("", f64::from(shown)).color(accent).width(1.0).allow_hover(false));
            }
            // The sum last, on top of its terms.
            for term in terms.iter().rev() {
                let curve: Vec<[f64; 2]> = points
                    .iter()
                    .filter(|point| (term.read)(&point.losses) > 0.0)
                    .map(|point| [f64::from(point.iteration), (term.read)(&point.losses).log10()])
                    .collect();
                if !curve.is_empty() {
                    plot.line(Line::new(term.name, PlotPoints::from(curve)).stroke(Stroke::new(1.5, term.colour)));
                }
            }
            plot.set_plot_bounds_x(0.0..=f64::from(last.max(2)));
        })
        .response
        .accessible_name("Loss curve on a logarithmic axis");
}

/// About five round numbers.
fn round_steps((low, high): (f64, f64)) -> Vec<GridMark> {
    let least = (high - low).max(1.0) / 5.0;
    let power = 10f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|&step| step >= least);
    let step_size = step.unwrap_or(least).max(1.0);
    let first = (low / step_size).ceil() as i64;
    let last = (high / step_size).floor() as i64;
    (first..=last).map(|index| GridMark { value: index as f64 * step_size, step_size }).collect()
}

fn reading(name: &str, at: PlotPoint) -> String {
    format!("{name} {}\niteration {:.0}", words::loss(10f64.powf(at.y)), at.x)
}

fn power_of_ten(mark: GridMark) -> String {
    let power = mark.value.round();
    if (mark.value - power).abs() > 1e-6 {
        return words::loss(10f64.powf(mark.value));
    }
    if (-2.0..=4.0).contains(&power) { format!("{}", 10f64.powf(power)) } else { format!("1e{power}") }
}

/// Whole decades, or fewer of them where they would crowd.
fn decades((low, high): (f64, f64)) -> Vec<GridMark> {
    let span = high - low;
    // The plot leaves out labels that crowd, all of them at once; three steps have room in the panel's height.
    let step = (span / 3.0).ceil().max(1.0);
    let first = (low / step).ceil();
    let count = ((high / step).floor() - first + 1.0).clamp(0.0, 16.0) as usize;
    let mut marks: Vec<GridMark> =
        (0..count).map(|index| GridMark { value: (first + index as f64) * step, step_size: step }).collect();
    // A curve within one decade still wants two readings.
    if marks.len() < 2 {
        marks = [0.2, 0.8].map(|part| GridMark { value: low + span * part, step_size: step }).into();
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_a_few_round_numbers_whatever_its_length() {
        let values = |bounds| round_steps(bounds).iter().map(|mark| mark.value).collect::<Vec<_>>();
        assert_eq!(values((0.0, 2.0)), [0.0, 1.0, 2.0]);
        assert_eq!(values((-0.4, 43.0)), [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(values((0.0, 500.0)), [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]);
        for last in 1..3000 {
            let marks = round_steps((0.0, f64::from(last)));
            assert!((2..=6).contains(&marks.len()), "{last}");
        }
    }
}
