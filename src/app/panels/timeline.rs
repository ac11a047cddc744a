//! The painting's course under the canvas: dragged along, it shows the painting as it was.

use std::sync::Arc;

use egui::{EventFilter, Id, Key, Margin, Rect, Sense, Stroke, Ui, UiBuilder, WidgetInfo, emath, pos2, vec2};

use super::super::action::Action;
use super::super::command::{Exhibit, UiCommand};
use super::super::painting::Painting;
use super::super::theme;
use super::super::widgets::Desk;

const TRACK_PT: f32 = 4.0;
const KNOB_RADIUS_PT: f32 = 6.0;
/// How near to a mark of changed settings the pointer must be for the change to be told.
const REACH_PT: f32 = 5.0;

/// Draws the timeline at the lower end of what is left.
pub fn timeline_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    // The same margin as in the bar below it.
    let frame = egui::Frame::new().inner_margin(Margin::symmetric(8, 0));
    let panel = egui::Panel::bottom("timeline").resizable(false).show_separator_line(false).frame(frame);
    panel.exact_size(theme::TIMELINE_HEIGHT_PT).show(ui, |ui| {
        let (mut rect, mut film) = (ui.available_rect_before_wrap(), ui.available_rect_before_wrap());
        film.set_left(film.right() - theme::TOOL_HEIGHT_PT);
        rect.set_right(film.left() - theme::GROUP_GAP_PT);
        ui.scope_builder(UiBuilder::new().max_rect(film), |ui| desk.action_icon(ui, Action::SaveFilm, false));
        // Under its own name: a number would change with whatever comes and goes above while it is dragged.
        let response = ui.interact(rect, Id::unique("timeline track"), Sense::click_and_drag());
        let track = Track::new(rect.shrink2(vec2(KNOB_RADIUS_PT, 0.0)), desk.state.painting.as_ref());
        let now = desk.state.painting.as_ref().and_then(|painting| painting.moments.last());
        let shown = match &desk.state.exhibit {
            Some(Exhibit::Moment(moment)) => Some(moment.iteration),
            _ => now.map(|moment| moment.iteration),
        };
        draw(desk, &track, shown, response.hovered() || response.dragged() || response.has_focus(), ui);
        let name = "Timeline";
        response.widget_info(|| WidgetInfo {
            value: shown.map(f64::from),
            ..WidgetInfo::labeled(egui::Role::Slider, now.is_some(), name)
        });
        if now.is_none() {
            response.on_hover_text("The course of the painting appears here, to be looked back along");
            return;
        }
        if response.has_focus() {
            step_by_keys(desk, response.id, ui);
        }
        if let Some(pointer) = response.interact_pointer_pos() {
            let exhibit = desk.state.moment_near(track.iteration_at(pointer.x));
            if exhibit != desk.state.exhibit {
                desk.ask(exhibit.map_or(UiCommand::Do(Action::BackToPainting), UiCommand::Show));
            }
        } else if let Some(pointer) = response.hover_pos() {
            let text = what_was(desk, &track, pointer.x);
            response.on_hover_text_at_pointer(text);
        }
    });
}

/// With the focus on it, the arrows are its own; else they would move the focus.
fn step_by_keys(desk: &mut Desk<'_>, id: Id, ui: &Ui) {
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    for (key, action) in [(Key::ArrowLeft, Action::EarlierMoment), (Key::ArrowRight, Action::LaterMoment)] {
        if desk.state.offers(action) && ui.input(|input| input.key_pressed(key)) {
            desk.ask(UiCommand::Do(action));
        }
    }
}

/// Where an iteration lies on the screen. The whole course has its place from the start, so that nothing moves while it
/// is painted.
struct Track {
    rect: Rect,
    iterations: f64,
}

impl Track {
    fn new(rect: Rect, painting: Option<&Painting>) -> Self {
        let planned =
            painting.and_then(|painting| painting.progress.as_ref()).map_or(0, |progress| progress.iterations);
        let done = painting.and_then(|painting| painting.moments.last()).map_or(0, |moment| moment.iteration);
        Self { rect, iterations: f64::from(planned.max(done).max(1)) }
    }

    fn x(&self, iteration: u32) -> f32 {
        let part = (f64::from(iteration) / self.iterations) as f32;
        emath::lerp(self.rect.x_range(), part)
    }

    fn iteration_at(&self, x: f32) -> f64 {
        f64::from((x - self.rect.left()) / self.rect.width().max(1.0)) * self.iterations
    }

    fn line(&self, from_x: f32, to_x: f32) -> Rect {
        let middle = self.rect.center().y;
        Rect::from_min_max(pos2(from_x, middle - TRACK_PT / 2.0), pos2(to_x, middle + TRACK_PT / 2.0))
    }
}

fn draw(desk: &Desk<'_>, track: &Track, shown: Option<u32>, is_touched: bool, ui: &Ui) {
    let (painter, palette) = (ui.painter(), theme::palette(ui.visuals()));
    let round = TRACK_PT / 2.0;
    painter.rect_filled(track.line(track.rect.left(), track.rect.right()), round, palette.line);
    let (Some(painting), Some(shown)) = (&desk.state.painting, shown) else { return };
    let [Some(first), Some(last)] = [painting.moments.first(), painting.moments.last()] else { return };
    let course = track.line(track.x(first.iteration), track.x(last.iteration));
    painter.rect_filled(course, round, ui.visuals().weak_text_color());
    painter.rect_filled(track.line(track.x(first.iteration), track.x(shown)), round, palette.accent);
    let middle = track.rect.center().y;
    for &start in painting.history.stage_starts() {
        painter.vline(track.x(start), middle - 5.0..=middle + 5.0, Stroke::new(1.0, ui.visuals().weak_text_color()));
    }
    for change in changes(painting) {
        painter.circle_filled(pos2(track.x(change.iteration), middle - 7.0), 2.0, palette.accent);
    }
    let radius = if is_touched { KNOB_RADIUS_PT } else { KNOB_RADIUS_PT - 1.5 };
    painter.circle_filled(pos2(track.x(shown), middle), radius, palette.accent_hovered);
}

/// The settings were changed here.
struct Change<'a> {
    iteration: u32,
    painting: &'a Painting,
    /// Of the first moment under the new settings.
    index: usize,
}

impl Change<'_> {
    fn words(&self) -> String {
        let [before, after] = [self.index - 1, self.index].map(|index| &self.painting.moments[index].recipe);
        before.changes_to(after).join("\n")
    }
}

fn changes(painting: &Painting) -> impl Iterator<Item = Change<'_>> {
    let pairs = painting.moments.windows(2).enumerate();
    let changed = pairs.filter(|(_, pair)| {
        // Nearly all share one recipe, which need not be compared.
        !Arc::ptr_eq(&pair[0].recipe, &pair[1].recipe) && pair[0].recipe != pair[1].recipe
    });
    changed.map(move |(index, pair)| Change { iteration: pair[0].iteration, painting, index: index + 1 })
}

fn what_was(desk: &Desk<'_>, track: &Track, x: f32) -> String {
    let Some(painting) = &desk.state.painting else { return String::new() };
    let there = match desk.state.moment_near(track.iteration_at(x)) {
        Some(Exhibit::Moment(moment)) => {
            format!("Iteration {}, {} × {} px", moment.iteration, moment.image.width(), moment.image.height())
        }
        _ => "The canvas of now".to_owned(),
    };
    let near = changes(painting).filter(|change| (track.x(change.iteration) - x).abs() <= REACH_PT);
    std::iter::once(there).chain(near.map(|change| change.words())).collect::<Vec<_>>().join("\n")
}
