//! From the canvas to the finished picture: what the recipe and the photo have to say once it is painted.

use std::sync::Arc;

use image::{ImageBuffer, Pixel, Primitive, Rgba, RgbaImage};

use super::{Job, recolour};
use crate::image_io::{Picture, Rgba16Image, off_white};
use crate::recipe::Colours;

/// What makes a finished picture of a canvas of one size. Reads nothing but the job: it can change at any time without
/// anything being painted anew.
pub struct Output {
    size: (u32, u32),
    colours: Colours,
    content: Arc<Picture>,
    /// The photo at `size`, interleaved RGB in 0..=255, from when its colours are first wanted.
    photo: Option<Vec<f32>>,
    /// How opaque the photo is at `size`, in 0..=1, where it is not so everywhere.
    alpha: Option<Vec<f32>>,
}

impl Output {
    /// For canvases of `width` x `height`.
    pub fn new(job: &Job, width: u32, height: u32) -> Self {
        let mut output = Self {
            size: (width, height),
            colours: job.recipe.colours,
            content: Arc::clone(&job.content),
            photo: None,
            alpha: job.content.alpha_f32(width, height),
        };
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

    /// The finished picture with 8 bits a channel, as transparent as the photo; `canvas` is interleaved RGB in 0..=255.
    pub fn to_rgba(&self, canvas: Vec<f32>) -> RgbaImage {
        // `as` saturates, which also takes care of the last digits of the arithmetic.
        self.finished(canvas, u8::MAX.into(), |value| value as u8)
    }

    /// Whether the picture has other colours than the canvas.
    pub fn recolours(&self) -> bool {
        self.colours == Colours::Photo
    }

    /// The canvas as it is, with 8 bits a channel.
    pub fn to_bare_rgba(&self, canvas: &[f32]) -> RgbaImage {
        let mut image = RgbaImage::new(self.size.0, self.size.1);
        for (pixel, colour) in image.pixels_mut().zip(canvas.as_chunks::<3>().0) {
            let [r, g, b] = colour.map(|value| (value + 0.5) as u8);
            *pixel = Rgba([r, g, b, u8::MAX]);
        }
        image
    }

    /// As [`Output::to_rgba`], with 16 bits a channel.
    pub fn to_rgba16(&self, canvas: Vec<f32>) -> Rgba16Image {
        self.finished(canvas, u16::MAX.into(), |value| value as u16)
    }

    /// Takes the canvas to whole steps of 0..=`white`.
    ///
    /// The network saw the photo over white, and so is it painted; where the photo is transparent, the colour is the one
    /// that looks as painted once it lies over white again.
    fn finished<S>(&self, canvas: Vec<f32>, white: f32, step: impl Fn(f32) -> S) -> ImageBuffer<Rgba<S>, Vec<S>>
    where
        S: Primitive,
        Rgba<S>: Pixel<Subpixel = S>,
    {
        let mut image = ImageBuffer::new(self.size.0, self.size.1);
        let colours = self.recoloured(canvas);
        for (index, (pixel, &colour)) in image.pixels_mut().zip(colours.as_chunks::<3>().0).enumerate() {
            // Rounded before the colour is found, so that the two fit together.
            let alpha = self.alpha.as_ref().map_or(1.0, |alpha| (alpha[index] * white).round() / white);
            let [r, g, b] = off_white(colour, alpha).map(|value| step(value * (white / 255.0) + 0.5));
            *pixel = Rgba([r, g, b, step(alpha * white + 0.5)]);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Masks;
    use crate::recipe::Recipe;

    /// Columns that grow more opaque from left to right; what cannot be seen is red.
    fn photo() -> Picture {
        Picture::from_rgba(RgbaImage::from_fn(6, 4, |x, _| match x {
            0 => Rgba([255, 0, 0, 0]),
            x => Rgba([40, 90, 200, x as u8 * 51]),
        }))
    }

    fn output(photo: Picture, (width, height): (u32, u32)) -> Output {
        let content = Arc::new(photo);
        let styles = vec![Arc::clone(&content)];
        let job = Job { recipe: Recipe::default(), styles, content, init: None, masks: Masks::default() };
        Output::new(&job, width, height)
    }

    #[test]
    fn the_photo_itself_comes_back_as_it_was_but_for_what_was_hidden() {
        let photo = photo();
        let image = output(photo.clone(), (6, 4)).to_rgba(photo.to_rgb_f32(6, 4));
        for (found, photo) in image.pixels().zip(photo.to_rgba().pixels()) {
            let expected = if photo.0[3] == 0 { [255, 255, 255, 0] } else { photo.0 };
            assert_eq!(found.0, expected);
        }
    }

    #[test]
    fn over_white_it_looks_as_it_was_painted() {
        let output = output(photo(), (11, 7));
        let canvas: Vec<f32> = (0..11 * 7 * 3).map(|i| 215.0 + (i * i % 40) as f32).collect();
        for (pixel, painted) in output.to_rgba(canvas.clone()).pixels().zip(canvas.as_chunks::<3>().0) {
            let [colour @ .., alpha] = pixel.0.map(f32::from);
            let seen = colour.map(|value| 255.0 - (255.0 - value) * alpha / 255.0);
            // Where next to nothing is opaque, a dark colour is paled.
            let darkest = painted.iter().copied().fold(255.0, f32::min);
            let share = f32::min(1.0, alpha / (255.0 - darkest));
            for (seen, painted) in seen.iter().zip(painted) {
                let possible = 255.0 - share * (255.0 - painted);
                assert!((seen - possible).abs() <= 0.51, "{seen} is not {possible} at {alpha}");
            }
        }
    }

    #[test]
    fn an_opaque_photo_gives_an_opaque_picture_as_deep_as_the_canvas() {
        let output = output(Picture::from_rgba(RgbaImage::from_pixel(3, 2, Rgba([1, 2, 3, 255]))), (2, 1));
        let canvas = vec![0.4, 0.6, 255.0, 255.1, -0.1, 99.5];
        assert_eq!(output.to_rgba(canvas.clone()).into_raw(), [0, 1, 255, 255, 255, 0, 100, 255]);
        let deep = [103, 154, 65_535, 65_535, 65_535, 0, 25_572, 65_535];
        assert_eq!(output.to_rgba16(canvas).into_raw(), deep);
    }
}
