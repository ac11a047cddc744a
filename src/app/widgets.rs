//! Small pieces that several panels draw.

use egui::{Button, CornerRadius, Rect, Response, RichText, Sense, Stroke, StrokeKind, TextureHandle, Ui, Vec2, vec2};
use egui_material_icons::MaterialIcon;

use super::action::Action;
use super::command::UiCommand;
use super::state::State;
use super::textures::Textures;
use super::theme;

/// Size of an icon in a small button, in points.
const SMALL_ICON_PT: f32 = 16.0;

/// What a panel may use while it draws: it reads the state and asks for things, and changes nothing itself.
pub struct Desk<'a> {
    /// What the window knows.
    pub state: &'a State,
    /// Thumbnails.
    pub textures: &'a mut Textures,
    /// What is asked for.
    pub commands: &'a mut Vec<UiCommand>,
}

impl Desk<'_> {
    /// Asks for something.
    pub fn ask(&mut self, command: UiCommand) {
        self.commands.push(command);
    }

    /// A button with icon and label.
    pub fn action_button(&mut self, ui: &mut Ui, action: Action) -> Response {
        let button = Button::new((icon(action.icon(), 16.0), action.label()));
        self.run_button(ui, action, button.min_size(vec2(0.0, theme::TOOL_HEIGHT_PT)))
    }

    /// A button with the icon only.
    pub fn action_icon(&mut self, ui: &mut Ui, action: Action, selected: bool) -> Response {
        let mut button = Button::new(icon(action.icon(), 18.0)).frame_when_inactive(selected);
        if selected {
            button = button.fill(ui.visuals().widgets.active.weak_bg_fill);
        }
        self.run_button(ui, action, button.min_size(Vec2::splat(theme::TOOL_HEIGHT_PT)))
    }

    /// A button with its label, or without where that finds no room.
    pub fn action_tool(&mut self, ui: &mut Ui, action: Action, narrow: bool) -> Response {
        if narrow { self.action_icon(ui, action, false) } else { self.action_button(ui, action) }
    }

    /// A frameless button with the label only, where that is as short as an icon.
    pub fn action_text(&mut self, ui: &mut Ui, action: Action) -> Response {
        let button = Button::new(action.label()).frame_when_inactive(false);
        self.run_button(ui, action, button.min_size(Vec2::splat(theme::TOOL_HEIGHT_PT)))
    }

    /// The one filled button.
    pub fn primary_button(&mut self, ui: &mut Ui, action: Action, width_pt: f32) -> Response {
        let palette = theme::palette(ui.visuals());
        ui.scope(|ui| {
            let widgets = &mut ui.visuals_mut().widgets;
            for (visuals, fill) in [
                (&mut widgets.inactive, palette.accent),
                (&mut widgets.hovered, palette.accent_hovered),
                (&mut widgets.active, palette.accent_hovered),
            ] {
                visuals.weak_bg_fill = fill;
                visuals.fg_stroke.color = palette.on_accent;
            }
            let button = Button::new((icon(action.icon(), 18.0), RichText::new(action.label()).size(14.5)));
            self.run_button(ui, action, button.min_size(vec2(width_pt, theme::TOOL_HEIGHT_PT)))
        })
        .inner
    }

    fn run_button(&mut self, ui: &mut Ui, action: Action, button: Button<'_>) -> Response {
        let hint = action.hint(ui.ctx());
        let response = ui
            .add_enabled(self.state.offers(action), button)
            .accessible_name(action.label())
            .on_hover_text(&hint)
            .on_disabled_hover_text(&hint);
        if response.clicked() {
            self.ask(UiCommand::Do(action));
        }
        response
    }
}

/// An icon as text.
#[must_use]
pub fn icon(icon: MaterialIcon, size_pt: f32) -> RichText {
    icon.rich_text().size(size_pt)
}

/// A small frameless button with an icon and an accessible name.
pub fn icon_button(ui: &mut Ui, symbol: MaterialIcon, name: &str, tooltip: &str) -> Response {
    let button = Button::new(icon(symbol, SMALL_ICON_PT)).frame_when_inactive(false).min_size(icon_button_size(ui));
    ui.add(button).accessible_name(name).on_hover_text(tooltip)
}

/// The room that an [`icon_button`] takes, where it is kept free.
#[must_use]
pub fn icon_button_size(ui: &Ui) -> Vec2 {
    vec2(SMALL_ICON_PT + 2.0 * ui.spacing().button_padding.x, theme::ROW_HEIGHT_PT)
}

/// The largest rectangle of this aspect in the middle of `room`.
#[must_use]
pub fn fit_inside(room: Rect, size: Vec2) -> Rect {
    let scale = (room.width() / size.x.max(1.0)).min(room.height() / size.y.max(1.0));
    Rect::from_center_size(room.center(), size * scale)
}

/// A clickable picture that keeps its aspect.
pub fn picture_tile(
    ui: &mut Ui,
    size_pt: Vec2,
    texture: Option<&TextureHandle>,
    name: &str,
    selected: bool,
) -> Response {
    let (rect, response) = ui.allocate_exact_size(size_pt, Sense::click());
    let response = response.accessible_name(name);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, name));
    let palette = theme::palette(ui.visuals());
    let corner = CornerRadius::same(theme::CORNER_PT);
    ui.painter().rect_filled(rect, corner, palette.tile);
    if let Some(texture) = texture {
        let place = fit_inside(rect.shrink(1.0), texture.size_vec2());
        egui::Image::from_texture(texture).corner_radius(theme::CORNER_PT - 1).paint_at(ui, place);
    }
    let stroke = if response.has_focus() || selected {
        Stroke::new(2.0, palette.accent)
    } else if response.hovered() {
        Stroke::new(1.0, ui.visuals().widgets.hovered.fg_stroke.color)
    } else {
        Stroke::new(1.0, palette.line)
    };
    ui.painter().rect_stroke(rect, corner, stroke, StrokeKind::Inside);
    response
}
