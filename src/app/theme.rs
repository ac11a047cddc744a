//! Every colour, size and distance of the window, in one place.
//!
//! Colours of pictures are judged here, so everything beside them is neutral grey; one quiet ochre marks what is
//! chosen or should be pressed next.

use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, Style, TextStyle, Theme, Visuals, vec2};

/// Width of the left panel, in points.
pub const CONTROLS_WIDTH_PT: f32 = 284.0;
/// Width of the favourites panel at first, in points.
pub const FAVOURITES_WIDTH_PT: f32 = 196.0;
/// Height of the line above a picture or a strip, in points.
pub const HEADING_HEIGHT_PT: f32 = 26.0;
/// Height of the bar below the canvas, in points.
pub const CANVAS_BAR_HEIGHT_PT: f32 = 36.0;
/// Height of the timeline above that bar, in points.
pub const TIMELINE_HEIGHT_PT: f32 = 30.0;
/// Height of a picker's picture, in points.
pub const PICKER_HEIGHT_PT: f32 = 116.0;
/// Height of the panel with the loss curve, in points.
pub const PROGRESS_HEIGHT_PT: f32 = 124.0;
/// Height of the buttons in the toolbar, in points.
pub const TOOL_HEIGHT_PT: f32 = 30.0;
/// Height of a picker's picture where there are several, in points.
pub const SMALL_PICKER_PT: f32 = 72.0;
/// Height of one line of a closed section, in points.
pub const ROW_HEIGHT_PT: f32 = 24.0;
/// Height of such a line with all that may stand in it, lists and ways back, in points: nothing moves when they come and go.
pub const FIELD_ROW_PT: f32 = 28.0;
/// Width of a title in such a line, in points.
pub const ROW_TITLE_PT: f32 = 98.0;
/// Width of a field in such a line, in points.
pub const ROW_FIELD_PT: f32 = 121.0;
/// Distance between two groups of controls, in points.
pub const GROUP_GAP_PT: f32 = 12.0;
/// Distance between things that belong together, in points.
pub const SMALL_GAP_PT: f32 = 4.0;
/// Margin inside panels, in points.
pub const PANEL_MARGIN_PT: i8 = 12;
/// Room for a scroll bar beside what it scrolls, in points. It is taken out of the panel's margin.
pub const SCROLL_BAR_PT: f32 = 10.0;
/// Corner radius of pictures and fields, in points.
pub const CORNER_PT: u8 = 4;

/// The colours that egui's own visuals have no place for.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    /// Behind the canvas.
    pub canvas: Color32,
    /// The squares that are seen through a transparent picture.
    pub checker: [Color32; 2],
    /// Behind a thumbnail that does not fill its tile.
    pub tile: Color32,
    /// Thin lines around tiles.
    pub line: Color32,
    /// The one accent.
    pub accent: Color32,
    /// The accent under the pointer.
    pub accent_hovered: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Behind text that lies on the canvas.
    pub veil: Color32,
    /// Text on the veil.
    pub on_veil: Color32,
    /// Where a mask is white: the red film that retouchers lay over a picture.
    pub mask: Color32,
    /// Curve of the whole loss.
    pub total: Color32,
    /// Curve of the style term.
    pub style: Color32,
    /// Curve of the content term.
    pub content: Color32,
    /// Curve of the smoothness term.
    pub tv: Color32,
}

const DARK: Palette = Palette {
    canvas: Color32::from_gray(0x30),
    checker: [Color32::from_gray(0x4a), Color32::from_gray(0x40)],
    tile: Color32::from_gray(0x17),
    line: Color32::from_gray(0x3a),
    accent: Color32::from_rgb(0xc2, 0x9c, 0x66),
    accent_hovered: Color32::from_rgb(0xd3, 0xad, 0x76),
    on_accent: Color32::from_gray(0x16),
    veil: Color32::from_rgba_premultiplied(0x12, 0x12, 0x12, 0xe0),
    on_veil: Color32::from_gray(0xe6),
    mask: Color32::from_rgb(0xe8, 0x30, 0x50),
    total: Color32::from_gray(0xe2),
    style: Color32::from_rgb(0xc2, 0x9c, 0x66),
    content: Color32::from_rgb(0x7d, 0xa2, 0xb8),
    tv: Color32::from_rgb(0x8c, 0xa8, 0x86),
};

const LIGHT: Palette = Palette {
    canvas: Color32::from_gray(0xbc),
    checker: [Color32::from_gray(0xd8), Color32::from_gray(0xcc)],
    tile: Color32::from_gray(0xdc),
    line: Color32::from_gray(0xc4),
    accent: Color32::from_rgb(0x86, 0x62, 0x2a),
    accent_hovered: Color32::from_rgb(0x73, 0x53, 0x20),
    on_accent: Color32::from_gray(0xff),
    veil: Color32::from_rgba_premultiplied(0xe6, 0xe6, 0xe6, 0xec),
    on_veil: Color32::from_gray(0x1c),
    mask: Color32::from_rgb(0xe8, 0x30, 0x50),
    total: Color32::from_gray(0x24),
    style: Color32::from_rgb(0x9a, 0x6e, 0x28),
    content: Color32::from_rgb(0x2f, 0x6c, 0x92),
    tv: Color32::from_rgb(0x4c, 0x7a, 0x45),
};

/// The palette that goes with these visuals.
#[must_use]
pub fn palette(visuals: &Visuals) -> &'static Palette {
    if visuals.dark_mode { &DARK } else { &LIGHT }
}

/// Installs fonts and both themes.
pub fn install(ctx: &egui::Context) {
    egui_material_icons::initialize(ctx);
    ctx.style_mut_of(Theme::Dark, |style| dress(style, Theme::Dark));
    ctx.style_mut_of(Theme::Light, |style| dress(style, Theme::Light));
}

/// The greys that differ between the themes.
struct Greys {
    panel: u8,
    field: u8,
    window: u8,
    widget: u8,
    hovered: u8,
    active: u8,
    border: u8,
    text: u8,
    strong: u8,
    weak: u8,
}

fn dress(style: &mut Style, theme: Theme) {
    let (mut visuals, greys, palette) = match theme {
        Theme::Dark => (
            Visuals::dark(),
            Greys {
                panel: 0x20,
                field: 0x17,
                window: 0x26,
                widget: 0x32,
                hovered: 0x3e,
                active: 0x4a,
                border: 0x36,
                text: 0xd2,
                strong: 0xf2,
                weak: 0x9c,
            },
            &DARK,
        ),
        Theme::Light => (
            Visuals::light(),
            Greys {
                panel: 0xf0,
                field: 0xff,
                window: 0xf8,
                widget: 0xe0,
                hovered: 0xd4,
                active: 0xc8,
                border: 0xcc,
                text: 0x2a,
                strong: 0x0c,
                weak: 0x5e,
            },
            &LIGHT,
        ),
    };
    let grey = Color32::from_gray;
    visuals.panel_fill = grey(greys.panel);
    visuals.window_fill = grey(greys.window);
    visuals.window_stroke = Stroke::new(1.0, grey(greys.border));
    visuals.extreme_bg_color = grey(greys.field);
    visuals.text_edit_bg_color = Some(grey(greys.field));
    visuals.faint_bg_color = grey(greys.widget);
    visuals.weak_text_color = Some(grey(greys.weak));
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.accent;
    visuals.error_fg_color = match theme {
        Theme::Dark => Color32::from_rgb(0xe0, 0x8a, 0x7c),
        Theme::Light => Color32::from_rgb(0xa8, 0x32, 0x22),
    };
    visuals.selection.bg_fill = palette.accent.gamma_multiply(0.42);
    visuals.selection.stroke = Stroke::new(1.0, grey(greys.strong));
    visuals.slider_trailing_fill = true;
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);

    let radius = CornerRadius::same(CORNER_PT);
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, grey(greys.border));
    widgets.noninteractive.fg_stroke = Stroke::new(1.0, grey(greys.text));
    for (widget, fill, text) in [
        (&mut widgets.inactive, greys.widget, greys.text),
        (&mut widgets.hovered, greys.hovered, greys.strong),
        (&mut widgets.active, greys.active, greys.strong),
        (&mut widgets.open, greys.hovered, greys.strong),
    ] {
        widget.bg_fill = grey(fill);
        widget.weak_bg_fill = grey(fill);
        widget.bg_stroke = Stroke::NONE;
        widget.fg_stroke = Stroke::new(1.2, grey(text));
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    // A slider's handle must stand out from its rail, which takes the same grey as buttons.
    widgets.inactive.fg_stroke = Stroke::new(1.2, grey(greys.text));
    // What has the keyboard focus is drawn like what is pressed; the accent makes it findable.
    widgets.active.bg_stroke = Stroke::new(1.0, palette.accent);
    style.visuals = visuals;

    let font = |size| FontId::new(size, FontFamily::Proportional);
    style.text_styles = [
        (TextStyle::Small, font(11.5)),
        (TextStyle::Body, font(13.5)),
        (TextStyle::Button, font(13.5)),
        (TextStyle::Heading, font(16.0)),
        (TextStyle::Monospace, FontId::new(12.5, FontFamily::Monospace)),
    ]
    .into();
    style.spacing.item_spacing = vec2(8.0, 6.0);
    style.spacing.button_padding = vec2(8.0, 4.0);
    style.spacing.interact_size = vec2(36.0, 24.0);
    style.spacing.slider_rail_height = 4.0;
    style.spacing.menu_margin = Margin::same(6);
    style.spacing.window_margin = Margin::same(12);
    style.spacing.tooltip_width = 300.0;
    style.interaction.selectable_labels = false;
}
