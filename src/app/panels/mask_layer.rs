//! The mask over the canvas while it is painted: its film, or the picture that it brings in, the brush, and what the pointer
//! does.

use egui::{
    Align, Color32, ColorImage, Event, Layout, PointerButton, Pos2, Rect, Response, Stroke, TextureHandle,
    TextureOptions, Ui, pos2, vec2,
};

use super::super::action::Action;
use super::super::brush::Area;
use super::super::command::UiCommand;
use super::super::masking::{Editor, MaskCommand};
use super::super::theme;
use super::super::widgets::Desk;
use super::masks;

/// Where the line above the canvas is shorter than this, it has no room for labels.
const LABELS_FROM_PT: f32 = 560.0;

/// Opacity of the film where the mask is white.
const FILM: f32 = 0.55;

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
            let radius = tool.size / 200.0 * place.width().max(place.height());
            let erases = tool.erases || self.drawing == Some(PointerButton::Secondary);
            ring(&painter, at, radius, 1.0);
            if !erases {
                ring(&painter, at, radius * tool.hardness / 100.0, 0.45);
            } else {
                // A line through it: this one takes away.
                let across = vec2(radius, -radius) * std::f32::consts::FRAC_1_SQRT_2;
                painter.line_segment([at - across, at + across], Stroke::new(1.0, Color32::from_white_alpha(0xa0)));
            }
            ui.ctx().set_cursor_icon(egui::CursorIcon::Crosshair);
        }
        self.draw(desk, response, place, ui);
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

    /// Turns this frame's pointer into strokes.
    fn draw(&mut self, desk: &mut Desk<'_>, response: &Response, place: Rect, ui: &Ui) {
        let buttons = [PointerButton::Primary, PointerButton::Secondary];
        let pressed = |button: &PointerButton| {
            // Pressed and let go within one frame is a click, and a click is a stroke too.
            (response.is_pointer_button_down_on() && ui.input(|input| input.pointer.button_pressed(*button)))
                || (response.clicked_by(*button) && self.drawing.is_none())
        };
        let starting = self.drawing.is_none().then(|| buttons.into_iter().find(pressed)).flatten();
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
        let fraction = |at: Pos2| {
            let fraction = (at - place.min) / place.size();
            [fraction.x, fraction.y]
        };
        if !points.is_empty() {
            let points = points.into_iter().map(fraction).collect();
            let erases = desk.state.masking.tool.erases || button == PointerButton::Secondary;
            desk.ask(UiCommand::Mask(MaskCommand::Draw { points, erases }));
        }
        self.drawing = Some(button);
        if !ui.input(|input| input.pointer.button_down(button)) {
            self.drawing = None;
            desk.ask(UiCommand::Mask(MaskCommand::Lift));
        }
        // What was drawn is seen in the next frame.
        ui.ctx().request_repaint();
    }
}

/// A circle that can be seen on light and on dark.
fn ring(painter: &egui::Painter, at: Pos2, radius: f32, opacity: f32) {
    painter.circle_stroke(at, radius, Stroke::new(2.5, Color32::BLACK.gamma_multiply(0.45 * opacity)));
    painter.circle_stroke(at, radius, Stroke::new(1.0, Color32::WHITE.gamma_multiply(opacity)));
}

/// The line above the canvas: what is painted, and the way out.
pub fn banner_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    let Some(editor) = desk.state.masking.editor() else { return };
    let (title, waiting) = (masks::title(desk.state, editor.target()), editor.is_waiting());
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
                // The other masks have theirs in their section.
                if brushes_in {
                    masks::compact_tool_ui(desk, narrow, ui);
                }
                if waiting {
                    ui.add(egui::Spinner::new().size(16.0));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(egui::Label::new(egui::RichText::new(title).strong()).truncate());
                });
            });
        });
    });
}
