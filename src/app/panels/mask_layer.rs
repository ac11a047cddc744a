//! The mask over the canvas while it is painted: its film, or the picture that it brings in, the brush, and what the pointer
//! does.

use egui::{
    Align, Color32, ColorImage, Event, FontSelection, Layout, PointerButton, Pos2, Rect, Response, Stroke,
    TextureHandle, TextureOptions, Ui, pos2, vec2,
};

use super::super::action::Action;
use super::super::brush::Area;
use super::super::command::UiCommand;
use super::super::masking::{Editor, MaskCommand, TOLERANCES, Tool};
use super::super::theme;
use super::super::widgets::Desk;
use super::masks;

/// Where the line above the canvas is shorter than this, it has no room for labels.
const LABELS_FROM_PT: f32 = 560.0;

/// Radius of the ring around the place that a fill would begin at.
const FILL_RING_PT: f32 = 6.0;
/// Up to here a click is not yet dragged.
const PULL_FROM_PT: f32 = 4.0;
/// Tolerance that a fill gains, in hundredths, for every point that it is dragged beyond that.
const PULL_PER_PT: f32 = 0.25;

/// Opacity of the film where the mask is white.
const FILM: f32 = 0.55;

const HOW_TO_FILL: &str = "Press; drag right for more, left for less";

/// A mask on the graphics card.
struct Film {
    texture: TextureHandle,
    /// Of which editor, and after how many of its changes.
    serial: u64,
    revision: u64,
}

/// What the layer remembers between frames.
#[derive(Default)]
pub struct MaskLayer {
    texture: Option<Film>,
    /// The button that is drawing.
    drawing: Option<PointerButton>,
    /// Where a fill was begun, and with which tolerance.
    pulled_from: Option<(Pos2, f32)>,
}

impl MaskLayer {
    /// Draws the film and the brush over the picture, which lies at `place`, and asks for what the pointer draws.
    pub fn ui(&mut self, desk: &mut Desk<'_>, response: &Response, place: Rect, ui: &Ui) {
        let Some(editor) = desk.state.masking.editor() else { return };
        let texture = self.film(editor, ui);
        let painter = ui.painter_at(response.rect);
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture.id(), place, uv, Color32::WHITE);

        let tool = desk.state.masking.tool;
        if let Some(at) = response.hover_pos().or(self.drawing.and(response.interact_pointer_pos())) {
            let stroke_radius = tool.size / 200.0 * place.width().max(place.height());
            let radius = if tool.fills { FILL_RING_PT } else { stroke_radius };
            let erases = tool.erases || self.drawing == Some(PointerButton::Secondary);
            ring(&painter, at, radius, 1.0);
            if tool.fills && editor.is_filling() {
                tell(&painter, at + vec2(2.0 * radius, -2.0 * radius), &format!("{:.0} %", tool.tolerance));
            }
            if !erases && !tool.fills {
                ring(&painter, at, radius * tool.hardness / 100.0, 0.45);
            } else if erases {
                // A line through it: this one takes away.
                let across = vec2(radius, -radius) * std::f32::consts::FRAC_1_SQRT_2;
                painter.line_segment([at - across, at + across], Stroke::new(1.0, Color32::from_white_alpha(0xa0)));
            }
            ui.ctx().set_cursor_icon(egui::CursorIcon::Crosshair);
        }
        if tool.fills {
            self.fill(desk, response, place, ui);
        } else {
            self.draw(desk, response, place, ui);
        }
    }

    /// The film on the graphics card, brought up to date where the mask has changed.
    fn film(&mut self, editor: &Editor, ui: &Ui) -> TextureHandle {
        let colour = theme::palette(ui.visuals()).mask;
        let image = |area: Area| {
            let film = |(at, grey): ([u32; 2], u8)| match editor.source() {
                _ if grey == 0 => Color32::TRANSPARENT,
                None => colour.gamma_multiply(FILM * f32::from(grey) / 255.0),
                Some(source) => {
                    let [r, g, b, a] = source.colour_at(at, editor.mask().dimensions());
                    Color32::from_rgba_unmultiplied(r, g, b, a).gamma_multiply(f32::from(grey) / 255.0)
                }
            };
            ColorImage::new(area.size(), area.places().zip(area.pixels(editor.mask())).map(film).collect())
        };
        match &mut self.texture {
            Some(film) if film.serial == editor.serial() => {
                let area = editor.changed_since(film.revision);
                if !area.is_empty() {
                    let at = [area.left as usize, area.top as usize];
                    film.texture.set_partial(at, image(area), TextureOptions::LINEAR);
                }
                film.revision = editor.revision();
                film.texture.clone()
            }
            _ => {
                let whole = image(Area::of(editor.mask()));
                let texture = ui.ctx().load_texture("mask", whole, TextureOptions::LINEAR);
                let (serial, revision) = (editor.serial(), editor.revision());
                self.texture = Some(Film { texture: texture.clone(), serial, revision });
                texture
            }
        }
    }

    /// The button that was pressed in this frame, if none was before.
    fn starting(&self, response: &Response, ui: &Ui) -> Option<PointerButton> {
        let buttons = [PointerButton::Primary, PointerButton::Secondary];
        let pressed = |button: &PointerButton| {
            // Pressed and let go within one frame is a click, and a click is a stroke too.
            (response.is_pointer_button_down_on() && ui.input(|input| input.pointer.button_pressed(*button)))
                || (response.clicked_by(*button) && self.drawing.is_none())
        };
        self.drawing.is_none().then(|| buttons.into_iter().find(pressed)).flatten()
    }

    /// Turns this frame's pointer into a fill: it begins where the button is pressed, and takes in more or less as it is dragged.
    fn fill(&mut self, desk: &mut Desk<'_>, response: &Response, place: Rect, ui: &Ui) {
        let (starting, tool) = (self.starting(response, ui), desk.state.masking.tool);
        let Some(button) = self.drawing.or(starting) else { return };
        let Some(pos) = response.interact_pointer_pos().or(response.hover_pos()) else { return };
        if starting.is_some() {
            let erases = tool.erases || button == PointerButton::Secondary;
            desk.ask(UiCommand::Mask(MaskCommand::Fill { at: fraction(place, pos), erases }));
            self.pulled_from = Some((pos, tool.tolerance));
        } else if let Some((from, tolerance)) = self.pulled_from {
            let pulled = pos.x - from.x;
            let beyond = pulled - pulled.clamp(-PULL_FROM_PT, PULL_FROM_PT);
            let tolerance = (tolerance + PULL_PER_PT * beyond).clamp(*TOLERANCES.start(), *TOLERANCES.end());
            masks::take(desk, Tool { tolerance, ..tool });
        }
        self.drawing = Some(button);
        self.lift(desk, button, ui);
    }

    /// Ends the stroke or the fill with its button.
    fn lift(&mut self, desk: &mut Desk<'_>, button: PointerButton, ui: &Ui) {
        if !ui.input(|input| input.pointer.button_down(button)) {
            self.drawing = None;
            self.pulled_from = None;
            desk.ask(UiCommand::Mask(MaskCommand::Lift));
        }
        // What was drawn is seen in the next frame.
        ui.ctx().request_repaint();
    }

    /// Turns this frame's pointer into strokes.
    fn draw(&mut self, desk: &mut Desk<'_>, response: &Response, place: Rect, ui: &Ui) {
        let starting = self.starting(response, ui);
        let Some(button) = self.drawing.or(starting) else { return };
        let mut points = Vec::new();
        ui.input(|input| {
            let mut down = starting.is_none();
            for event in &input.events {
                match event {
                    Event::PointerButton { pos, button: changed, pressed, .. } if *changed == button => {
                        if *pressed || down {
                            points.push(*pos);
                        }
                        down = *pressed;
                    }
                    Event::PointerMoved(pos) if down => points.push(*pos),
                    _ => {}
                }
            }
        });
        if starting.is_some() && points.is_empty() {
            points.extend(response.interact_pointer_pos());
        }
        if !points.is_empty() {
            let points = points.into_iter().map(|at| fraction(place, at)).collect();
            let erases = desk.state.masking.tool.erases || button == PointerButton::Secondary;
            desk.ask(UiCommand::Mask(MaskCommand::Draw { points, erases }));
        }
        self.drawing = Some(button);
        self.lift(desk, button, ui);
    }
}

/// A place on the screen as fractions of the picture that lies at `place`.
fn fraction(place: Rect, at: Pos2) -> [f32; 2] {
    let fraction = (at - place.min) / place.size();
    [fraction.x, fraction.y]
}

/// A few words that can be read on light and on dark.
fn tell(painter: &egui::Painter, at: Pos2, text: &str) {
    let galley = painter.layout_no_wrap(text.to_owned(), egui::FontId::proportional(13.0), Color32::WHITE);
    let around = Rect::from_min_size(at, galley.size()).expand2(vec2(6.0, 3.0));
    painter.rect_filled(around, 4.0, Color32::from_black_alpha(0xb0));
    painter.galley(at, galley, Color32::WHITE);
}

/// A circle that can be seen on light and on dark.
fn ring(painter: &egui::Painter, at: Pos2, radius: f32, opacity: f32) {
    painter.circle_stroke(at, radius, Stroke::new(2.5, Color32::BLACK.gamma_multiply(0.45 * opacity)));
    painter.circle_stroke(at, radius, Stroke::new(1.0, Color32::WHITE.gamma_multiply(opacity)));
}

/// The line above the canvas: what is painted, and the way out.
pub fn banner_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    let Some(editor) = desk.state.masking.editor() else { return };
    let waiting = editor.is_waiting() || editor.is_reckoning();
    let title = masks::title(desk.state, editor.target());
    let fills = desk.state.masking.tool.fills;
    let brushes_in = editor.source().is_some();
    let frame = egui::Frame::new().fill(ui.visuals().faint_bg_color).inner_margin(egui::Margin::symmetric(12, 4));
    egui::Panel::top("mask banner").resizable(false).show_separator_line(false).frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_height(theme::TOOL_HEIGHT_PT);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let narrow = ui.available_width() < LABELS_FROM_PT;
                desk.action_tool(ui, Action::LeaveMask, narrow);
                desk.action_icon(ui, Action::RedoStroke, false);
                desk.action_icon(ui, Action::UndoStroke, false);
                desk.action_icon(ui, Action::ToggleEraser, desk.state.masking.tool.erases);
                desk.action_icon(ui, Action::ToggleFill, fills);
                // The other masks have theirs in their section.
                if brushes_in {
                    masks::compact_tool_ui(desk, narrow, ui);
                }
                if waiting {
                    ui.add(egui::Spinner::new().size(16.0));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let mut text = egui::text::LayoutJob::default();
                    egui::RichText::new(title).strong().append_to(
                        &mut text,
                        ui.style(),
                        FontSelection::Default,
                        Align::Center,
                    );
                    if fills {
                        let how = egui::RichText::new(format!("   {HOW_TO_FILL}")).weak();
                        how.append_to(&mut text, ui.style(), FontSelection::Default, Align::Center);
                    }
                    ui.add(egui::Label::new(text).truncate());
                });
            });
        });
    });
}
