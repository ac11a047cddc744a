//! `pentimento score`: the losses of any picture, whoever painted it.

use super::args::{ScoreArgs, source};
use super::{CliError, print, render};
use crate::engine::{DeviceChoice, StyleEngine, score};

/// Prints the losses as one JSON object.
pub fn run(args: &ScoreArgs) -> Result<(), CliError> {
    let open = |path| render::read(&source(path));
    let (content, style, image) = (open(&args.content)?, open(&args.style)?, open(&args.image)?);
    // The built-in weights and the processor, always: losses under other weights, or rounded as a card does, cannot be
    // compared.
    let engine = StyleEngine::new(DeviceChoice::Cpu, None)?;
    let score = score(&engine, &content, &style, &image, args.size, args.style_size)?;
    let json = serde_json::to_string(&score)
        .map_err(|error| CliError::Failed(format!("the score cannot be written as JSON: {error}")))?;
    print(&json)
}
