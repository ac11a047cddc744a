//! A decoded picture.

use std::path::{Path, PathBuf};

use image::{DynamicImage, RgbaImage};

use crate::recipe::PictureSource;

/// What is wrong with a picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Cannot be read or decoded.
    #[error("{}: {problem}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// A decoded picture, upright and sRGB-encoded.
#[derive(Debug, Clone)]
pub struct Picture {
    pixels: DynamicImage,
}

impl Picture {
    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }
}

impl Picture {
    /// Decodes the picture that `source` names.
    ///
    /// # Errors
    /// When there is no such file or it is not a picture.
    pub fn load(source: &PictureSource) -> Result<Self, PictureError> {
        Self::open(Path::new(&source.to_string()))
    }

    /// Decodes a file.
    ///
    /// # Errors
    /// When there is no such file or it is not a picture.
    pub fn open(path: &Path) -> Result<Self, PictureError> {
        let pixels = image::open(path)
            .map_err(|error| PictureError::Unreadable { path: path.to_owned(), problem: error.to_string() })?;
        Ok(Self { pixels })
    }

    /// Wraps pixels.
    #[must_use]
    pub fn from_rgba(pixels: RgbaImage) -> Self {
        Self { pixels: pixels.into() }
    }

    /// A small version.
    #[must_use]
    pub fn thumbnail(&self, max_side_px: u32) -> RgbaImage {
        self.pixels.thumbnail(max_side_px, max_side_px).to_rgba8()
    }

    /// All pixels.
    #[must_use]
    pub fn to_rgba(&self) -> RgbaImage {
        self.pixels.to_rgba8()
    }
}
