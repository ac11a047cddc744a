//! The photo's fine detail, handed to a canvas that grows.
//!
//! An enlarged canvas has nothing in its finest octave, and a stage of a few dozen iterations does not bring windows and
//! eyes back there. So the photo's own finest octave is added, as in a Laplacian pyramid (Burt and Adelson, 1983): the
//! optimiser turns it into strokes, where from a blur it would have to invent it.

use super::Job;
use super::terms::Terms;
use crate::image_io::{Picture, resample_rgb_f32};
use crate::recipe::Init;

/// The photo that a growing canvas takes its detail from; none where the photo does not count, or the canvas started from
/// something that was not to look like it.
#[must_use]
pub fn photo_of(job: &Job) -> Option<&Picture> {
    let terms = Terms::of(&job.recipe);
    let counts = !terms.content.is_empty() || terms.drawing > 0.0;
    let looks_like_it = matches!(job.recipe.init, Init::Content | Init::Picture(_));
    (counts && looks_like_it).then_some(&*job.content)
}

/// Adds to `canvas`, enlarged from `from` to `to` (width, height), what `photo` shows at `to` and does not show at
/// `from`. Interleaved RGB, in levels out of 255 from any origin. A canvas that does not grow stays as it is.
pub fn add(photo: &Picture, from: (u32, u32), to: (u32, u32), canvas: &mut [f32]) {
    if to.0 < from.0 || to.1 < from.1 || to == from {
        return;
    }
    let blurred = resample_rgb_f32(&photo.to_rgb_f32(from.0, from.1), from, to);
    for ((value, fine), blurred) in canvas.iter_mut().zip(photo.to_rgb_f32(to.0, to.1)).zip(blurred) {
        *value += fine - blurred;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::{Rgba, RgbaImage};

    use super::*;
    use crate::engine::Masks;
    use crate::recipe::{LayerWeights, Preset, Recipe};

    /// Broad bands and single dark pixels.
    fn photo(side: u32) -> Picture {
        Picture::from_rgba(RgbaImage::from_fn(side, side, |x, y| {
            let band = if x < side / 2 { 80 } else { 180 };
            let value = if x % 5 == 2 && y % 7 == 3 { 20 } else { band };
            Rgba([value, value, value / 2, 255])
        }))
    }

    #[test]
    fn the_photo_itself_becomes_the_sharp_photo() {
        let (photo, from, to) = (photo(40), (20, 20), (40, 40));
        let mut canvas = resample_rgb_f32(&photo.to_rgb_f32(20, 20), from, to);
        let sharp = photo.to_rgb_f32(40, 40);
        let distance = |canvas: &[f32]| canvas.iter().zip(&sharp).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(distance(&canvas) > 20.0);
        add(&photo, from, to, &mut canvas);
        assert!(distance(&canvas) < 0.01, "{} levels", distance(&canvas));
    }

    #[test]
    fn only_a_photo_that_counts_gives_its_detail() {
        let photo = Arc::new(photo(8));
        let gives = |recipe: Recipe| {
            let (content, styles) = (Arc::clone(&photo), vec![Arc::clone(&photo)]);
            photo_of(&Job { recipe, content, styles, init: None, masks: Masks::default() }).is_some()
        };
        let no_content = Recipe { content_layers: LayerWeights::default(), ..Recipe::default() };
        assert!(gives(Recipe { drawing: 0.0, ..Recipe::default() }) && gives(no_content.clone()));
        assert!(!gives(Recipe { drawing: 0.0, ..no_content }), "neither content nor drawing");
        assert!(
            !gives(Recipe::from_preset(Preset::Texture)) && !gives(Recipe { init: Init::Style, ..Recipe::default() })
        );
    }

    #[test]
    fn broad_colours_are_left_to_the_canvas() {
        let (from, to) = ((20, 30), (30, 45));
        let mut canvas = vec![7.0; 30 * 45 * 3];
        add(&photo(200), from, to, &mut canvas);
        let mean = canvas.iter().sum::<f32>() / canvas.len() as f32;
        assert!((mean - 7.0).abs() < 0.5, "{mean}");
        assert!(canvas.iter().any(|value| (value - 7.0).abs() > 5.0));
    }

    #[test]
    fn a_canvas_that_does_not_grow_stays() {
        for (from, to) in [((20, 20), (20, 20)), ((20, 20), (10, 10)), ((20, 10), (10, 20))] {
            let before = vec![7.0; (to.0 * to.1 * 3) as usize];
            let mut canvas = before.clone();
            add(&photo(40), from, to, &mut canvas);
            assert_eq!(canvas, before);
        }
    }
}
