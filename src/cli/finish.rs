//! `pentimento finish`: takes a painting up to a high resolution.

use std::ffi::OsString;

use super::CliError;
use super::args::{FinishArgs, source};
use super::output::Output;
use super::render::paint;
use crate::engine::{Engine, finishing};
use crate::image_io::{Picture, read_record};

/// Reads the recipe inside the painting, tells what finishing it will take, and does it.
pub fn run(args: &FinishArgs) -> Result<(), CliError> {
    let name = args.painting.display();
    let Some(record) = read_record(&args.painting)? else {
        return Err(CliError::Failed(format!(
            "{name}: there is no recipe inside; finish takes a PNG that Pentimento has written"
        )));
    };
    let painting = source(&args.painting);
    let picture = Picture::load(&painting)?;
    let long_side = picture.width().max(picture.height());
    let mut recipe = finishing(&record.recipe, painting, long_side, args.size)
        .map_err(|error| CliError::Usage(format!("{name}: {error}")))?;
    if let Some(iterations) = args.iterations {
        recipe.iterations = iterations;
    }

    let mut stem = args.painting.file_stem().map_or_else(OsString::new, OsString::from);
    stem.push(format!("-{}", args.size));
    let output = Output::new(args.output.as_deref(), stem, args.run.depth)?;
    paint(recipe, output, &args.run, |report, engine, job| {
        if !args.run.quiet {
            report.say(&engine.estimate(job)?.to_string());
        }
        Ok(())
    })
}
