//! From the canvas to the finished picture: what the recipe and the photo have to say once it is painted.

use std::sync::Arc;

use image::RgbaImage;

use super::{Job, recolour};
use crate::image_io::Picture;
use crate::recipe::Colours;

/// What makes a finished picture of a canvas of one size. Reads nothing but the job: it can change at any time without
/// anything being painted anew.
pub struct Output {
    size: (u32, u32),
    colours: Colours,
    content: Arc<Picture>,
    /// The photo at `size`, interleaved RGB in 0..=255, from when its colours are first wanted.
    photo: Option<Vec<f32>>,
}

impl Output {
    /// For canvases of `width` x `height`.
    pub fn new(job: &Job, width: u32, height: u32) -> Self {
        let mut output =
            Self { size: (width, height), colours: job.recipe.colours, content: Arc::clone(&job.content), photo: None };
        output.prepare();
        output
    }

    /// Goes on with a changed job. What was resampled stays as long as photo and size do, so that switching the colours
    /// back and forth costs nothing.
    pub fn follow(&mut self, job: &Job, width: u32, height: u32) {
        if self.size != (width, height) || !Arc::ptr_eq(&self.content, &job.content) {
            *self = Self::new(job, width, height);
        } else {
            self.colours = job.recipe.colours;
            self.prepare();
        }
    }

    fn prepare(&mut self) {
        if self.colours == Colours::Photo && self.photo.is_none() {
            self.photo = Some(self.content.to_rgb_f32(self.size.0, self.size.1));
        }
    }

    /// The finished picture with 8 bits a channel; `canvas` is interleaved RGB in 0..=255.
    pub fn to_rgba(&self, canvas: Vec<f32>) -> RgbaImage {
        let mut image = RgbaImage::new(self.size.0, self.size.1);
        let colours = self.recoloured(canvas);
        for (pixel, colour) in image.pixels_mut().zip(colours.as_chunks::<3>().0) {
            // `as u8` saturates, which also takes care of the last digits of the arithmetic above.
            let [r, g, b] = colour.map(|value| (value + 0.5) as u8);
            pixel.0 = [r, g, b, u8::MAX];
        }
        image
    }

    fn recoloured(&self, mut canvas: Vec<f32>) -> Vec<f32> {
        if let (Colours::Photo, Some(photo)) = (self.colours, &self.photo) {
            recolour::take_chroma(&mut canvas, photo);
        }
        canvas
    }
}
