//! `pentimento check-device`: holds a device to the processor. For `scripts/gpu-check.sh`, and for whoever doubts a card.

use std::sync::Arc;

use super::args::CheckArgs;
use super::{CliError, print};
use crate::engine::comparison::compare;
use crate::engine::precision::{self, Precision};
use crate::engine::{DeviceChoice, Job, Masks, StyleEngine};
use crate::image_io::Picture;
use crate::recipe::Recipe;

/// Relative distance of features that rounding explains, where sums are taken in 32 bits.
const FULL: f64 = 1e-4;
/// The same where the factors have ten binary digits.
const FAST: f64 = 1e-2;
/// Relative distance of the losses of a painting that nobody sees.
const TRACE: f64 = 0.02;

/// Prints all distances as JSON, and fails where one is too far.
pub fn run(args: &CheckArgs) -> Result<(), CliError> {
    let engine = StyleEngine::new(args.device, None)?;
    let reference = StyleEngine::new(DeviceChoice::Cpu, None)?;
    let recipe = Recipe::default();
    let content = Arc::new(Picture::load(&recipe.content)?);
    let styles = vec![Arc::new(Picture::load(&recipe.styles[0].picture)?)];
    let job = Job { recipe, content, styles, init: None, masks: Masks::default() };
    let found = compare(&reference, &engine, &job, args.size, args.evaluations)?;
    let json = serde_json::to_string_pretty(&found)
        .map_err(|error| CliError::Failed(format!("the comparison cannot be written as JSON: {error}")))?;
    print(&json)?;
    let values = match precision::chosen() {
        Precision::Fast => FAST,
        Precision::Full => FULL,
    };
    let faults = found.faults(values, TRACE);
    if faults.is_empty() {
        return Ok(());
    }
    Err(CliError::Failed(format!("{} is too far from {}: {}", found.device, found.reference, faults.join("; "))))
}
