//! `pentimento score`: the losses of any picture, whoever painted it.

use serde::Serialize;

use super::args::{ScoreArgs, source};
use super::{CliError, engine, print};
use crate::engine::Losses;
use crate::image_io::{Picture, fit_long_side};

#[derive(Serialize)]
struct Score {
    #[serde(flatten)]
    losses: Losses,
    width: u32,
    height: u32,
}

/// Prints the losses as one JSON object.
pub fn run(args: &ScoreArgs) -> Result<(), CliError> {
    let open = |path| Picture::load(&source(path));
    let (content, style, image) = (open(&args.content)?, open(&args.style)?, open(&args.image)?);
    // The built-in weights, always: losses under other weights cannot be compared.
    let losses = engine::score(None, &content, &style, &image, args.size, args.style_size)?;
    let (width, height) = match args.size {
        Some(long_side) => fit_long_side(image.width(), image.height(), long_side),
        None => (image.width(), image.height()),
    };
    let json = serde_json::to_string(&Score { losses, width, height })
        .map_err(|error| CliError::Failed(format!("the score cannot be written as JSON: {error}")))?;
    print(&json)
}
