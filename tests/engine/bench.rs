//! The engine and small jobs for it.

use std::sync::{Arc, OnceLock};

use image::{Rgba, RgbaImage};
use pentimento::engine::{DeviceChoice, Job, Masks, Painter, StyleEngine};
use pentimento::image_io::Picture;
use pentimento::recipe::{Recipe, Scales};

pub fn engine() -> &'static StyleEngine {
    static ENGINE: OnceLock<StyleEngine> = OnceLock::new();
    ENGINE.get_or_init(|| StyleEngine::new(DeviceChoice::Cpu, None).unwrap())
}

/// A smooth picture with some structure; `turn` makes another one.
pub fn picture(width: u32, height: u32, turn: f32) -> Arc<Picture> {
    let image = RgbaImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 * 0.2, y as f32 * 0.2);
        let wave = |phase: f32| (127.0 + 120.0 * (x * (1.0 + turn) + y * turn + phase).sin()) as u8;
        Rgba([wave(0.0), wave(1.0 + turn), wave(2.5), 255])
    });
    Arc::new(Picture::from_rgba(image))
}

pub fn job(recipe: Recipe) -> Job {
    let (content, styles) = (picture(60, 40, 0.3), vec![picture(50, 50, 1.7)]);
    Job { recipe, content, styles, init: None, masks: Masks::default() }
}

pub fn small(iterations: u32) -> Recipe {
    Recipe { size: 64, iterations, scales: Scales::Single, tv: 0.0, ..Recipe::default() }
}

pub fn paint(painter: &mut dyn Painter) {
    while !painter.is_finished() {
        painter.step().unwrap();
    }
}
