//! The recipe that takes a painting up to a high resolution with the look that it has.
//!
//! Large shapes are settled in the painting already, so the canvas starts from it, above its own size, and every stage adds
//! what its size has room for. All weights stay: every term of the loss is a mean and means the same at every size, and the
//! style is read in proportion to the canvas.

use super::schedule;
use crate::recipe::{Init, PictureSource, Recipe, Scales, parameter};

/// Iterations of the first stage; later ones have fewer, as in every painting. From 384 to 1024 pixels, 24, 20 and 17 gave
/// the strokes their detail and left the look as it was; the losses were still falling by a twentieth in three iterations.
const FIRST_ITERATIONS: f64 = 40.0;

/// Nothing is left to finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the painting is {long_side} pixels long already; choose a size above that, up to {}", parameter::SIZE.max)]
pub struct NothingToFinish {
    /// Long side of the painting in pixels.
    pub long_side: u32,
}

/// The recipe that finishes `painting`, made by `recipe` and `long_side` pixels long, at the long side `size`.
///
/// # Errors
/// [`NothingToFinish`] when `size` is no larger than the painting.
pub fn finishing(
    recipe: &Recipe,
    painting: PictureSource,
    long_side: u32,
    size: u32,
) -> Result<Recipe, NothingToFinish> {
    if size <= long_side {
        return Err(NothingToFinish { long_side });
    }
    let mut finishing = Recipe {
        init: Init::Picture(painting),
        scales: Scales::CoarseToFine,
        size,
        // At its own size the painting is finished.
        start_size: (long_side + 1).max(parameter::START_SIZE.min),
        ..recipe.clone()
    };
    finishing.iterations = schedule::iterations(&finishing, FIRST_ITERATIONS);
    Ok(finishing)
}

/// The recipe that the next painting should have after one that [`finishing`] has made the recipe of: the size of before, and what the
/// preset says of the rest, which nobody has written down. `None` where it was not made so.
#[must_use]
pub fn before_finishing(recipe: &Recipe) -> Option<Recipe> {
    let made_so = matches!(recipe.init, Init::Picture(_))
        && recipe.scales == Scales::CoarseToFine
        && recipe.size >= recipe.start_size
        && recipe.iterations == schedule::iterations(recipe, FIRST_ITERATIONS);
    let preset = Recipe::from_preset(recipe.preset);
    made_so.then(|| Recipe {
        init: preset.init,
        scales: preset.scales,
        size: (recipe.start_size - 1).max(parameter::SIZE.min),
        start_size: preset.start_size,
        iterations: preset.iterations,
        ..recipe.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Preset;

    fn finished(long_side: u32, size: u32) -> Result<Recipe, NothingToFinish> {
        finishing(&Recipe::default(), PictureSource::Sample("seurat".to_owned()), long_side, size)
    }

    #[test]
    fn what_was_before_is_found_again() {
        for preset in [Preset::Studio, Preset::Bold, Preset::Gatys] {
            let before = Recipe { size: 384, style_strength: 1.5, ..Recipe::from_preset(preset) };
            let painting = PictureSource::Sample("seurat".to_owned());
            let finishing = finishing(&before, painting.clone(), 384, 2048).unwrap();
            assert_eq!(before_finishing(&finishing), Some(before.clone()));
            assert_eq!(before_finishing(&before), None);
            let started = Recipe { init: Init::Picture(painting), ..before };
            assert_eq!(before_finishing(&started), None, "a starting picture alone is none");
        }
    }

    #[test]
    fn it_begins_above_the_painting_and_ends_at_the_size_asked_for() {
        for (long_side, size, expected) in [
            (512, 2048, &[724, 1024, 1448, 2048][..]),
            (384, 1024, &[512, 724, 1024]),
            (500, 512, &[512]),
            (1024, 1449, &[1025, 1449]),
        ] {
            let recipe = finished(long_side, size).unwrap();
            recipe.validate().unwrap();
            let stages = schedule::plan(&recipe, 4000, 3000);
            assert_eq!(stages.iter().map(|stage| stage.width).collect::<Vec<_>>(), expected);
            assert_eq!(stages[0].iterations, 40);
            assert!(stages.is_sorted_by(|a, b| a.iterations > b.iterations), "{stages:?}");
        }
    }

    #[test]
    fn what_gives_the_look_stays() {
        let preview =
            Recipe { style_strength: 1.5, style_scale: 0.75, tv: 3.0, scales: Scales::Single, ..Recipe::default() };
        let painting = PictureSource::Sample("seurat".to_owned());
        let recipe = finishing(&preview, painting.clone(), 512, 2048).unwrap();
        assert_eq!(recipe.init, Init::Picture(painting));
        assert_eq!(recipe.weights(), preview.weights());
        assert_eq!((recipe.style_scale, recipe.styles), (0.75, preview.styles));
    }

    #[test]
    fn a_painting_that_is_large_enough_is_refused() {
        for size in [16, 511, 512] {
            let error = finished(512, size).unwrap_err().to_string();
            assert!(error.contains("512 pixels") && error.contains("8192"), "{error}");
        }
    }
}
