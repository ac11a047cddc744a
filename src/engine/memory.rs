//! How much memory a painting takes, and how it gets by with what there is: running out would end the program and lose the
//! canvas.
//!
//! A canvas whose feature maps do not fit is evaluated in tiles; only what does not fit even then is refused.

mod budget;

use super::EngineError;
use super::feature_maps;
use super::terms::Terms;
use super::tiles::Tiles;
use super::vgg::{LAYERS, Tap};
use crate::recipe::parameter::LBFGS_HISTORY;
use crate::recipe::{OptimizerKind, Recipe};

pub use budget::{Budget, budget, limit};

/// Vectors as long as the canvas beside the curvature pairs: the canvas, its last good state, four of the optimiser, and
/// room to bring it to another size and to show it, or for the optimiser's smaller canvases.
const CANVAS_VECTORS: u32 = 8;

/// Those of a photo that stays: itself, where it does, and the canvas under it.
const PHOTO_VECTORS: u32 = 3;

/// L-BFGS with fewer pairs than this crawls; a canvas that leaves no room for them is refused.
const FEWEST_PAIRS: u32 = 3;

/// Tiles smaller than this spend most of the time on their halos, so L-BFGS gives up pairs first.
const COMFORTABLE_TILE_PIXELS: f64 = 640.0 * 640.0;

const GB: f64 = 1e9;

/// What of a recipe decides how much memory its canvas takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// Where the losses look.
    pub terms: Terms,
    /// Curvature pairs that L-BFGS is to keep; 0 for an optimiser without any.
    pub lbfgs_pairs: u32,
    /// Further vectors as long as the canvas.
    pub vectors: u32,
}

impl Demand {
    /// That of a painting by this recipe.
    #[must_use]
    pub fn of(recipe: &Recipe) -> Self {
        let lbfgs_pairs = match recipe.optimizer {
            OptimizerKind::Lbfgs => recipe.lbfgs_history,
            OptimizerKind::Adam => 0,
        };
        let average = u32::from(recipe.averaging > 0.0);
        let photo = if recipe.photo_mask.is_some() { PHOTO_VECTORS } else { 0 };
        Self { terms: Terms::of(recipe), lbfgs_pairs, vectors: CANVAS_VECTORS + average + photo }
    }

    /// Bytes for each pixel of the canvas, if so many pairs are kept.
    fn vector_bytes_per_pixel(&self, pairs: u32) -> f64 {
        3.0 * f64::from(2 * pairs + self.vectors) * size_of::<f32>() as f64
    }
}

/// How a canvas is evaluated in the memory that there is.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryPlan {
    /// One tile where the whole fits.
    pub tiles: Tiles,
    /// Curvature pairs that L-BFGS may keep, at most those that were asked for.
    pub lbfgs_pairs: u32,
    /// Bytes at the most.
    pub bytes: f64,
}

/// Finds the quickest way to paint `width` x `height` pixels within `budget`.
///
/// The whole canvas at once is preferred, even if pairs beyond the default have to go for it: on this loss they gain next to
/// nothing. Then tiles, with as many pairs as leave room for comfortable ones.
///
/// # Errors
/// [`EngineError::Memory`] says what the smallest tiles need, what there is, and which size would fit.
pub fn plan(width: u32, height: u32, demand: &Demand, budget: Budget) -> Result<MemoryPlan, EngineError> {
    let (rows, columns) = (height as usize, width as usize);
    let (per_pixel, deepest) = (BytesPerPixel::of(&demand.terms, budget.working_values), demand.terms.deepest());
    let pixels = f64::from(width) * f64::from(height);
    let content = pixels * per_pixel.content;
    let whole = content + pixels * per_pixel.maps;
    let vectors = |pairs| pixels * demand.vector_bytes_per_pixel(pairs);
    let complete = |tiles: Tiles, pairs, fixed| MemoryPlan { tiles, lbfgs_pairs: pairs, bytes: fixed + vectors(pairs) };
    let asked = demand.lbfgs_pairs;
    let Some(budget) = budget.bytes else { return Ok(complete(Tiles::whole(rows, columns), asked, whole)) };

    let affordable_pairs = |fixed: f64| {
        // The cast saturates: nothing affordable is 0.
        (((budget - fixed - vectors(0)) / (vectors(1) - vectors(0))) as u32).min(asked)
    };
    let pairs = affordable_pairs(whole);
    if whole + vectors(0) <= budget && pairs >= asked.min(LBFGS_HISTORY.default) {
        return Ok(complete(Tiles::whole(rows, columns), pairs, whole));
    }

    let fewest = asked.min(FEWEST_PAIRS);
    let pairs = affordable_pairs(content + COMFORTABLE_TILE_PIXELS * per_pixel.tile).max(fewest);
    let room = budget - content - vectors(pairs);
    match Tiles::fitting(rows, columns, deepest, room / per_pixel.tile) {
        Some(tiles) => {
            let fixed = content + tiles.tile_pixels() as f64 * per_pixel.tile;
            Ok(complete(tiles, pairs, fixed))
        }
        None => {
            let tile = Tiles::smallest_tile_pixels(rows, columns, deepest) as f64 * per_pixel.tile;
            let by_pixel = per_pixel.content + demand.vector_bytes_per_pixel(fewest);
            Err(EngineError::Memory {
                width,
                height,
                needed_gb: (tile + pixels * by_pixel) / GB,
                free_gb: budget / GB,
                fitting_long_side: fitting_long_side(width, height, by_pixel, budget - tile),
            })
        }
    }
}

/// How a style picture of `width` x `height` pixels is measured within `budget`: at once where that fits and in tiles
/// otherwise, as far as what the terms ask of it can be measured so.
///
/// # Errors
/// [`EngineError::StyleMemory`] says what is needed, what there is, and which size would fit.
pub fn plan_style(width: u32, height: u32, terms: &Terms, budget: Budget) -> Result<Tiles, EngineError> {
    let (rows, columns) = (height as usize, width as usize);
    let pixels = f64::from(width) * f64::from(height);
    // What is kept of every layer, and the picture itself as pixels and as a tensor; all is let go once it is measured.
    let values = feature_maps::values_per_pixel(&terms.style_taps()) + budget.working_values;
    let maps = values * size_of::<f32>() as f64;
    let picture = (2 * 3 * size_of::<f32>()) as f64;
    let whole = Tiles::whole(rows, columns);
    let Some(budget) = budget.bytes else { return Ok(whole) };
    if pixels * (maps + picture) <= budget {
        return Ok(whole);
    }
    let too_large = |by_pixel: f64, fixed: f64| EngineError::StyleMemory {
        width,
        height,
        needed_gb: (fixed + pixels * by_pixel) / GB,
        free_gb: budget / GB,
        fitting_long_side: fitting_long_side(width, height, by_pixel, budget - fixed),
    };
    if terms.needs_the_whole().is_some() {
        return Err(too_large(maps + picture, 0.0));
    }
    let deepest = terms.deepest();
    Tiles::fitting(rows, columns, deepest, (budget - pixels * picture) / maps)
        .ok_or_else(|| too_large(picture, Tiles::smallest_tile_pixels(rows, columns, deepest) as f64 * maps))
}

/// Long side of the largest picture in the shape of `width` x `height` that takes no more than `bytes`.
fn fitting_long_side(width: u32, height: u32, bytes_per_pixel: f64, bytes: f64) -> u32 {
    let needed = f64::from(width) * f64::from(height) * bytes_per_pixel;
    let long_side = f64::from(width.max(height)) * (bytes.max(0.0) / needed).sqrt();
    (long_side / 16.0).floor() as u32 * 16
}

/// What the features of a canvas take.
struct BytesPerPixel {
    /// Of the whole canvas: what is kept of every layer, room for the gradient of a loss, and what convolutions need.
    maps: f64,
    /// Of a tile: the same, and room for its part of the photo's features.
    tile: f64,
    /// Of the canvas, in tiles or not: the photo's features at every layer where content is compared.
    content: f64,
}

impl BytesPerPixel {
    fn of(terms: &Terms, working_values: f64) -> Self {
        let features = |tap: Tap| {
            let side = f64::from(1 << (LAYERS[tap.layer()].block - 1));
            tap.channels() as f64 / (side * side)
        };
        let content: Vec<f64> = terms.content_taps().into_iter().map(features).collect();
        let maps = feature_maps::values_per_pixel(&terms.taps()) + working_values;
        let bytes = |values: f64| values * size_of::<f32>() as f64;
        Self {
            maps: bytes(maps),
            tile: bytes(maps + content.iter().copied().fold(0.0, f64::max)),
            content: bytes(content.iter().sum()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::budget::CARD_WORKING_VALUES;
    use super::*;

    fn demand(lbfgs_pairs: u32) -> Demand {
        Demand { lbfgs_pairs, ..Demand::of(&Recipe::default()) }
    }

    fn planned(width: u32, height: u32, pairs: u32, budget: f64) -> MemoryPlan {
        let plan = plan(width, height, &demand(pairs), budget.into()).unwrap();
        assert!(plan.bytes <= budget, "{plan:?} in {budget}");
        plan
    }

    #[test]
    fn what_fits_is_painted_whole_and_what_does_not_in_tiles() {
        assert_eq!(planned(512, 512, 12, 2e9).tiles, Tiles::whole(512, 512));
        assert_eq!(planned(1024, 1024, 12, 2e9).tiles, Tiles::whole(1024, 1024));
        let tiled = planned(2048, 2048, 12, 4e9);
        assert!(tiled.tiles.count() > 1 && tiled.lbfgs_pairs == 12, "{tiled:?}");
        // Twice the memory, no more work.
        let roomier = planned(2048, 2048, 12, 5e9);
        assert!(roomier.tiles.work_pixels() <= tiled.tiles.work_pixels());
        let unlimited = plan(8192, 8192, &demand(100), Budget::default()).unwrap();
        assert_eq!((unlimited.tiles, unlimited.lbfgs_pairs), (Tiles::whole(8192, 8192), 100));
    }

    #[test]
    fn pairs_beyond_the_default_go_before_tiles_come() {
        let plan = planned(1024, 1024, 100, 2e9);
        assert_eq!(plan.tiles.count(), 1);
        assert!((12..100).contains(&plan.lbfgs_pairs), "{plan:?}");
    }

    #[test]
    fn tiles_take_pairs_before_they_become_tiny() {
        let plan = planned(4096, 2731, 12, 3e9);
        assert!((3..12).contains(&plan.lbfgs_pairs), "{plan:?}");
        assert!(plan.tiles.tile_pixels() as f64 > 0.5 * COMFORTABLE_TILE_PIXELS, "{plan:?}");
        // Adam has no pairs to give.
        assert_eq!(planned(4096, 2731, 0, 3e9).lbfgs_pairs, 0);
    }

    #[test]
    fn what_does_not_fit_even_in_tiles_is_refused_with_a_size_that_does() {
        for budget in [1e9, 2e9] {
            let error = plan(8192, 4096, &demand(12), budget.into()).unwrap_err();
            let EngineError::Memory { fitting_long_side, needed_gb, free_gb, .. } = error else {
                panic!("another error: {error}");
            };
            assert!(needed_gb > free_gb && fitting_long_side > 1000, "{error}");
            assert!(planned(fitting_long_side, fitting_long_side / 2, 12, budget).tiles.count() > 1);
        }
        assert!(plan(64, 64, &demand(12), 1e3.into()).is_err());
    }

    #[test]
    fn more_is_needed_for_what_a_recipe_asks_more() {
        let bytes = |change: &dyn Fn(&mut Recipe)| {
            let mut recipe = Recipe::default();
            change(&mut recipe);
            plan(100, 100, &Demand::of(&recipe), Budget::default()).unwrap().bytes / 1e4
        };
        let layers = |layers: &str| {
            let layers: crate::recipe::LayerWeights = layers.parse().unwrap();
            bytes(&|recipe| recipe.style_layers = layers.clone())
        };
        assert!(layers("relu1_2") > layers("relu1_1") + 4.0 * 63.0, "the map before a pooling beside the pooled one");
        assert!(layers("relu5_4") > layers("relu5_1"));
        let usual = bytes(&|_| {});
        let more = |change: &dyn Fn(&mut Recipe)| bytes(change) - usual;
        assert!(more(&|recipe| recipe.content_layers = "relu2_1,relu4_2".parse().unwrap()) > 4.0 * 32.0 - 1e-6);
        assert_eq!(more(&|recipe| recipe.averaging = 0.9), 12.0);
        let mask = crate::recipe::PictureSource::Sample("seurat".to_owned());
        assert_eq!(more(&|recipe| recipe.photo_mask = Some(mask.clone())), 36.0);
    }

    #[test]
    fn what_a_card_needs_beside_the_maps_is_counted_in_tiles_and_styles_too() {
        let card = |bytes: f64| Budget { working_values: CARD_WORKING_VALUES, ..bytes.into() };
        let bytes = |budget| plan(1024, 1024, &demand(12), budget).unwrap().bytes;
        let unlimited = Budget { bytes: None, ..card(0.0) };
        assert_eq!(bytes(unlimited) - bytes(Budget::default()), 1024.0 * 1024.0 * 4.0 * CARD_WORKING_VALUES);
        let enough = bytes(Budget::default());
        assert_eq!(planned(1024, 1024, 12, enough).tiles.count(), 1);
        let plan = plan(1024, 1024, &demand(12), card(enough)).unwrap();
        assert!(plan.tiles.count() > 1 && plan.bytes <= enough, "{plan:?}");
        let terms = Terms::of(&Recipe::default());
        let style = |budget| plan_style(1024, 1024, &terms, budget).unwrap().count();
        assert_eq!(style(1.3e9.into()), 1);
        assert!(style(card(1.3e9)) > 1);
    }

    #[test]
    fn a_style_that_does_not_fit_is_measured_in_tiles_or_refused_with_a_size_that_does() {
        let gram = Terms::of(&Recipe::default());
        let histogram = Terms { histogram: 1.0, ..gram.clone() };
        let plan = |width, height, terms, budget| plan_style(width, height, terms, Budget::from(budget));
        assert_eq!(plan(1024, 1024, &gram, 2e9).unwrap(), Tiles::whole(1024, 1024));
        assert!(plan(1000, 8000, &gram, 2e9).unwrap().count() > 1);
        for (terms, budget) in [(&histogram, 2e9), (&gram, 4e8)] {
            let Err(EngineError::StyleMemory { fitting_long_side, .. }) = plan(1600, 12800, terms, budget) else {
                panic!("12800 x 1600 in {budget} bytes was let through");
            };
            assert!(plan(fitting_long_side / 8, fitting_long_side, terms, budget).is_ok(), "{fitting_long_side}");
            assert!(plan(fitting_long_side / 2, fitting_long_side * 2, terms, budget).is_err());
        }
    }
}
