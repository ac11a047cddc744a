//! `--film`: how the painting came about, as an animated GIF.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbaImage;

use super::CliError;
use super::output::spare;
use crate::image_io::{FILM_SIDE_PX, Picture, PictureError, is_film, try_writing};
use crate::recipe::Recipe;
use crate::studio::{Moment, Timeline, save_film};

/// A film that grows with the painting and is written at its end.
pub struct Film {
    path: PathBuf,
    recipe: Arc<Recipe>,
    timeline: Timeline,
}

impl Film {
    /// Makes sure that there is a place for it.
    pub fn new(path: &Path, recipe: &Recipe) -> Result<Self, CliError> {
        if !is_film(path) {
            return Err(PictureError::NotAFilm { path: path.to_owned() }.into());
        }
        spare(path, recipe, "--film")?;
        try_writing(path)?;
        Ok(Self { path: path.to_owned(), recipe: Arc::new(recipe.clone()), timeline: Timeline::default() })
    }

    /// Adds the canvas after so many iterations, no larger than a film has need of.
    pub fn add(&mut self, iteration: u32, canvas: RgbaImage) {
        let image = Arc::new(Picture::from_rgba(canvas).thumbnail(FILM_SIDE_PX));
        self.timeline.push(Moment { iteration, image, bare: None, recipe: Arc::clone(&self.recipe) });
    }

    /// Writes what there is.
    pub fn save(&self) -> Result<(), CliError> {
        Ok(save_film(&self.path, self.timeline.moments(), false)?)
    }
}
