//! In which form a painting is saved.

use std::path::Path;

use super::PictureError;
use crate::recipe::Depth;

/// The formats in which a painting can be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaintingFormat {
    /// Lossless, carries the recipe.
    Png,
    /// Lossy, see [`JPEG_QUALITY`](super::JPEG_QUALITY); without transparency.
    Jpeg,
    /// Lossless.
    WebP,
    /// Lossless.
    Tiff,
}

impl PaintingFormat {
    /// Every format, in the order in which it is offered.
    pub const ALL: &'static [Self] = &[Self::Png, Self::Jpeg, Self::WebP, Self::Tiff];

    /// Name in the window.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Tiff => "TIFF",
        }
    }

    /// File name extensions that mean this format, the usual one first.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::WebP => &["webp"],
            Self::Tiff => &["tif", "tiff"],
        }
    }

    /// Whether it holds so many bits a channel.
    #[must_use]
    pub const fn holds(self, depth: Depth) -> bool {
        matches!((self, depth), (_, Depth::Eight) | (Self::Png | Self::Tiff, Depth::Sixteen))
    }

    /// Whether it holds transparency. Where it does not, paintings lie over white.
    #[must_use]
    pub const fn holds_transparency(self) -> bool {
        !matches!(self, Self::Jpeg)
    }

    /// The format that a file name asks for. Worth asking before a long painting, not after.
    ///
    /// # Errors
    /// [`PictureError::UnknownExtension`] lists the four there are.
    pub fn of_path(path: &Path) -> Result<Self, PictureError> {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let means = |format: &Self| format.extensions().iter().any(|known| known.eq_ignore_ascii_case(extension));
        let format = Self::ALL.iter().copied().find(means);
        format.ok_or_else(|| PictureError::UnknownExtension { path: path.to_path_buf() })
    }

    /// As [`PaintingFormat::of_path`], for a picture of this depth.
    ///
    /// # Errors
    /// [`PictureError::Shallow`] too, for a format that does not hold it.
    pub fn of_path_for(path: &Path, depth: Depth) -> Result<Self, PictureError> {
        let format = Self::of_path(path)?;
        if format.holds(depth) {
            Ok(format)
        } else {
            Err(PictureError::Shallow { path: path.to_path_buf(), format: format.label() })
        }
    }
}
