//! Pictures on the graphics card: thumbnails are sent there once, the canvas once per new frame.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{Color32, ColorImage, Context, Painter, Rect, TextureHandle, TextureOptions, TextureWrapMode, pos2};
use image::RgbaImage;

/// Thumbnails that are on the graphics card.
#[derive(Default)]
pub struct Textures {
    /// By the address of the pixels. The pixels are held as well, so no address is used twice.
    thumbnails: HashMap<usize, (Arc<RgbaImage>, TextureHandle)>,
}

impl Textures {
    /// The texture of a thumbnail.
    pub fn thumbnail(&mut self, ctx: &Context, image: &Arc<RgbaImage>) -> TextureHandle {
        let key = Arc::as_ptr(image) as usize;
        if let Some((_, texture)) = self.thumbnails.get(&key) {
            return texture.clone();
        }
        // Whatever nobody else holds any more (a deleted favourite, say) is not shown any more either.
        self.thumbnails.retain(|_, (held, _)| Arc::strong_count(held) > 1);
        // Tiles are much smaller than thumbnails; without smaller versions fine texture would flicker.
        let options = TextureOptions { mipmap_mode: Some(egui::TextureFilter::Linear), ..TextureOptions::LINEAR };
        let texture = ctx.load_texture("thumbnail", to_color_image(ctx, image), options);
        self.thumbnails.insert(key, (Arc::clone(image), texture.clone()));
        texture
    }
}

/// The one large texture.
#[derive(Default)]
pub struct CanvasTexture {
    held: Option<(Arc<RgbaImage>, TextureOptions, TextureHandle)>,
}

impl CanvasTexture {
    /// The texture of `image`; costs nothing when it is the one that was shown last.
    pub fn show(&mut self, ctx: &Context, image: &Arc<RgbaImage>, options: TextureOptions) -> TextureHandle {
        match &mut self.held {
            Some((held, held_options, texture)) if Arc::ptr_eq(held, image) && *held_options == options => {
                texture.clone()
            }
            Some((held, held_options, texture)) => {
                texture.set(to_color_image(ctx, image), options);
                (*held, *held_options) = (Arc::clone(image), options);
                texture.clone()
            }
            None => {
                let texture = ctx.load_texture("canvas", to_color_image(ctx, image), options);
                self.held = Some((Arc::clone(image), options, texture.clone()));
                texture
            }
        }
    }
}

/// What is seen through transparent pictures.
#[derive(Default)]
pub struct Checkerboard {
    held: Option<([Color32; 2], TextureHandle)>,
}

impl Checkerboard {
    /// Side of a square, in points.
    const SQUARE_PT: f32 = 8.0;

    /// Draws it in `place`.
    pub fn show(&mut self, painter: &Painter, place: Rect, colours: [Color32; 2]) {
        let [light, dark] = colours;
        let texture = match &self.held {
            Some((held, texture)) if *held == colours => texture,
            _ => {
                let squares = ColorImage::new([2, 2], vec![light, dark, dark, light]);
                let options = TextureOptions { wrap_mode: TextureWrapMode::Repeat, ..TextureOptions::NEAREST };
                &self.held.insert((colours, painter.ctx().load_texture("checkerboard", squares, options))).1
            }
        };
        // The texture is two squares wide, and goes on beyond 1.
        let end = place.size() / (2.0 * Self::SQUARE_PT);
        painter.image(texture.id(), place, Rect::from_min_max(pos2(0.0, 0.0), end.to_pos2()), Color32::WHITE);
    }
}

/// Converts for egui, leaving out rows and columns of what is larger than the graphics card can take.
fn to_color_image(ctx: &Context, image: &RgbaImage) -> ColorImage {
    let limit = ctx.input(|input| input.max_texture_side).max(1);
    let (width, height) = (image.width() as usize, image.height() as usize);
    let step = width.max(height).div_ceil(limit).max(1);
    if step == 1 {
        return ColorImage::from_rgba_unmultiplied([width, height], image.as_raw());
    }
    let size = [width / step, height / step].map(|side| side.max(1));
    let mut pixels = Vec::with_capacity(size[0] * size[1]);
    for row in 0..size[1] {
        for column in 0..size[0] {
            let [r, g, b, a] = image.get_pixel((column * step) as u32, (row * step) as u32).0;
            pixels.push(egui::Color32::from_rgba_unmultiplied(r, g, b, a));
        }
    }
    ColorImage::new(size, pixels)
}
