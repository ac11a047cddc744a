//! How much memory a painting takes, and how much there is: running out would end the program and lose the canvas.
//!
//! A canvas whose feature maps do not fit is evaluated in tiles; only what does not fit even then is refused.

use std::sync::OnceLock;

use super::EngineError;
use super::objective::{CONTENT_TAP, DEEPEST_TAP};
use super::tiles::Tiles;
use super::vgg::{LAYERS, closes_block};
use crate::recipe::parameter::LBFGS_HISTORY;

/// Share of the free memory that a painting may take.
const SHARE: f64 = 0.9;

/// Vectors as long as the canvas beside the curvature pairs: the canvas, its last good state, four of the optimiser, and
/// room to bring it to another size and to show it.
const CANVAS_VECTORS: f64 = 8.0;

/// L-BFGS with fewer pairs than this crawls; a canvas that leaves no room for them is refused.
const FEWEST_PAIRS: u32 = 3;

/// Tiles smaller than this spend most of the time on their halos, so L-BFGS gives up pairs first.
const COMFORTABLE_TILE_PIXELS: f64 = 640.0 * 640.0;

static LIMIT: OnceLock<u64> = OnceLock::new();

/// Paints with at most so many bytes, however many are free; counts once.
pub fn limit(bytes: u64) {
    // As with the threads, a second choice comes too late.
    let _ = LIMIT.set(bytes);
}

/// Bytes that a painting which holds `held` of them already may take in all; `None` where nobody has set a limit and the
/// system does not tell.
#[must_use]
pub fn budget(held: f64) -> Option<f64> {
    let free = available_bytes().map(|bytes| bytes as f64 * SHARE + held);
    let limit = LIMIT.get().map(|bytes| *bytes as f64);
    match (free, limit) {
        (Some(free), Some(limit)) => Some(free.min(limit)),
        (free, limit) => free.or(limit),
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

/// Finds the quickest way to paint `width` x `height` pixels within `budget` bytes (`None`: any number).
///
/// The whole canvas at once is preferred, even if pairs beyond the default have to go for it: on this loss they gain next to
/// nothing. Then tiles, with as many pairs as leave room for comfortable ones.
///
/// # Errors
/// [`EngineError::Memory`] says what the smallest tiles need, what there is, and which size would fit.
pub fn plan(width: u32, height: u32, lbfgs_pairs: u32, budget: Option<f64>) -> Result<MemoryPlan, EngineError> {
    let (rows, columns) = (height as usize, width as usize);
    let pixels = f64::from(width) * f64::from(height);
    let whole = pixels * map_bytes_per_pixel();
    let complete = |tiles: Tiles, pairs, fixed| MemoryPlan {
        tiles,
        lbfgs_pairs: pairs,
        bytes: fixed + pixels * vector_bytes_per_pixel(pairs),
    };
    let Some(budget) = budget else { return Ok(complete(Tiles::whole(rows, columns), lbfgs_pairs, whole)) };

    let affordable_pairs = |fixed: f64| {
        let bytes = (budget - fixed) / pixels - vector_bytes_per_pixel(0);
        // The cast saturates: nothing affordable is 0.
        ((bytes / (vector_bytes_per_pixel(1) - vector_bytes_per_pixel(0))) as u32).min(lbfgs_pairs)
    };
    let pairs = affordable_pairs(whole);
    if whole + pixels * vector_bytes_per_pixel(0) <= budget && pairs >= lbfgs_pairs.min(LBFGS_HISTORY.default) {
        return Ok(complete(Tiles::whole(rows, columns), pairs, whole));
    }

    let content = pixels * content_bytes_per_pixel();
    let fewest = lbfgs_pairs.min(FEWEST_PAIRS);
    let pairs = affordable_pairs(content + COMFORTABLE_TILE_PIXELS * map_bytes_per_pixel()).max(fewest);
    let room = budget - content - pixels * vector_bytes_per_pixel(pairs);
    match Tiles::fitting(rows, columns, DEEPEST_TAP, room / map_bytes_per_pixel()) {
        Some(tiles) => {
            let fixed = content + tiles.tile_pixels() as f64 * map_bytes_per_pixel();
            Ok(complete(tiles, pairs, fixed))
        }
        None => Err(too_large(width, height, fewest, budget)),
    }
}

fn too_large(width: u32, height: u32, pairs: u32, budget: f64) -> EngineError {
    const GB: f64 = 1e9;
    let per_pixel = content_bytes_per_pixel() + vector_bytes_per_pixel(pairs);
    let smallest = Tiles::smallest_tile_pixels(height as usize, width as usize, DEEPEST_TAP) as f64;
    let tile = smallest * map_bytes_per_pixel();
    let pixels = f64::from(width) * f64::from(height);
    let long_side = f64::from(width.max(height)) * ((budget - tile).max(0.0) / per_pixel / pixels).sqrt();
    EngineError::Memory {
        width,
        height,
        needed_gb: (tile + pixels * per_pixel) / GB,
        free_gb: budget / GB,
        fitting_long_side: (long_side / 16.0).floor() as u32 * 16,
    }
}

/// Bytes for each pixel of a tile (or of the whole canvas): what is kept of every layer, and room for the gradient of a
/// loss.
fn map_bytes_per_pixel() -> f64 {
    let (mut values, mut scale) = (0.0, 1.0);
    for (i, layer) in LAYERS.iter().enumerate().take(DEEPEST_TAP.layer() + 1) {
        if closes_block(i) {
            scale /= 4.0;
        }
        values += scale * layer.out_channels as f64;
    }
    let gradient = LAYERS[0].out_channels as f64;
    (values + gradient) * size_of::<f32>() as f64
}

/// Bytes for each pixel of the canvas: the canvas itself and the optimiser's vectors.
fn vector_bytes_per_pixel(lbfgs_pairs: u32) -> f64 {
    3.0 * (2.0 * f64::from(lbfgs_pairs) + CANVAS_VECTORS) * size_of::<f32>() as f64
}

/// Bytes for each pixel of a canvas in tiles: the photo's features stay whole.
fn content_bytes_per_pixel() -> f64 {
    let side = f64::from(1 << (LAYERS[CONTENT_TAP.layer()].block - 1));
    CONTENT_TAP.channels() as f64 / (side * side) * size_of::<f32>() as f64
}

/// Memory that a program may take without others being pushed out, where the system tells.
fn available_bytes() -> Option<u64> {
    // Linux only; elsewhere nothing in the standard library tells.
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(width: u32, height: u32, pairs: u32, budget: f64) -> MemoryPlan {
        let plan = plan(width, height, pairs, Some(budget)).unwrap();
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
        let unlimited = plan(8192, 8192, 100, None).unwrap();
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
            let error = plan(8192, 4096, 12, Some(budget)).unwrap_err();
            let EngineError::Memory { fitting_long_side, needed_gb, free_gb, .. } = error else {
                panic!("another error: {error}");
            };
            assert!(needed_gb > free_gb && fitting_long_side > 1000, "{error}");
            assert!(planned(fitting_long_side, fitting_long_side / 2, 12, budget).tiles.count() > 1);
        }
        assert!(plan(64, 64, 12, Some(1e3)).is_err());
    }
}
