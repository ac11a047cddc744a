//! How much memory a painting takes, and how much there is: running out would end the program and lose the canvas.

use super::EngineError;
use super::feature_maps;
use super::terms::Terms;

/// Share of the free memory that a painting may take.
const SHARE: f64 = 0.9;

/// Refuses a canvas that does not fit into the free memory; where that cannot be found out, everything is let through.
///
/// # Errors
/// [`EngineError::Memory`] says what is needed, what is free and which size would fit.
pub fn check(width: u32, height: u32, lbfgs_pairs: u32, terms: &Terms) -> Result<(), EngineError> {
    let Some(free) = available_bytes() else { return Ok(()) };
    check_against(width, height, bytes_per_pixel(lbfgs_pairs, terms), free as f64)
}

/// Refuses to read a style picture at a size that does not fit into the free memory.
///
/// # Errors
/// [`EngineError::StyleMemory`] says what is needed, what is free and which size would fit.
pub fn check_style(width: u32, height: u32, terms: &Terms) -> Result<(), EngineError> {
    let Some(free) = available_bytes() else { return Ok(()) };
    check_style_against(width, height, terms, free as f64)
}

const GB: f64 = 1e9;

fn check_against(width: u32, height: u32, per_pixel: f64, free: f64) -> Result<(), EngineError> {
    let Some((needed, fitting_long_side)) = excess(width, height, per_pixel, free) else {
        return Ok(());
    };
    Err(EngineError::Memory { width, height, needed_gb: needed / GB, free_gb: free / GB, fitting_long_side })
}

fn check_style_against(width: u32, height: u32, terms: &Terms, free: f64) -> Result<(), EngineError> {
    // What is kept of every layer, and the picture itself; all is let go once it is measured.
    let per_pixel = (feature_maps::values_per_pixel(&terms.style_taps()) + 3.0) * size_of::<f32>() as f64;
    let Some((needed, fitting_long_side)) = excess(width, height, per_pixel, free) else { return Ok(()) };
    Err(EngineError::StyleMemory { width, height, needed_gb: needed / GB, free_gb: free / GB, fitting_long_side })
}

/// The bytes needed, and the long side that would fit, where a picture takes more than there is.
fn excess(width: u32, height: u32, bytes_per_pixel: f64, free: f64) -> Option<(f64, u32)> {
    let needed = bytes_per_pixel * f64::from(width) * f64::from(height);
    if needed <= free * SHARE {
        return None;
    }
    let long_side = f64::from(width.max(height)) * (free * SHARE / needed).sqrt();
    Some((needed, (long_side / 16.0).floor() as u32 * 16))
}

/// Bytes for each pixel of the canvas: what is kept of every layer, room for the gradient of a loss, half of that again
/// for the stage before (it is let go when the next one stands), and the optimiser's vectors.
fn bytes_per_pixel(lbfgs_pairs: u32, terms: &Terms) -> f64 {
    let maps = feature_maps::values_per_pixel(&terms.taps());
    let optimizer = 3.0 * (2.0 * f64::from(lbfgs_pairs) + 8.0);
    (1.5 * maps + optimizer) * size_of::<f32>() as f64
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
    use crate::recipe::Recipe;

    #[test]
    fn a_canvas_that_does_not_fit_is_refused_with_one_that_does() {
        let (free, per_pixel) = (2e9, bytes_per_pixel(20, &Terms::of(&Recipe::default())));
        assert!(check_against(512, 512, per_pixel, free).is_ok());
        let Err(EngineError::Memory { fitting_long_side, .. }) = check_against(4096, 2048, per_pixel, free) else {
            panic!("4096 x 2048 in 2 GB was let through");
        };
        assert!(check_against(fitting_long_side, fitting_long_side / 2, per_pixel, free).is_ok());
        assert!(fitting_long_side > 1000);
    }

    #[test]
    fn more_is_needed_where_a_loss_looks_before_a_pooling() {
        let needed = |layers: &str| {
            let recipe = Recipe { style_layers: layers.parse().unwrap(), ..Recipe::default() };
            bytes_per_pixel(12, &Terms::of(&recipe))
        };
        assert!(needed("relu1_2") > needed("relu1_1") + 1.4 * 4.0 * 64.0);
        assert!(needed("relu5_4") > needed("relu5_1"));
    }

    #[test]
    fn a_style_that_does_not_fit_is_refused_with_a_size_that_does() {
        let (free, terms) = (2e9, Terms::of(&Recipe::default()));
        assert!(check_style_against(1024, 1024, &terms, free).is_ok());
        let Err(EngineError::StyleMemory { fitting_long_side, .. }) = check_style_against(1000, 8000, &terms, free)
        else {
            panic!("8000 x 1000 in 2 GB was let through");
        };
        assert!(check_style_against(fitting_long_side / 8, fitting_long_side, &terms, free).is_ok());
        assert!(check_style_against(fitting_long_side / 4, fitting_long_side * 2, &terms, free).is_err());
    }
}
