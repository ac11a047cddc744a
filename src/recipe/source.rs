//! Where the pictures of a painting come from.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::parameter;

/// Where a picture comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum PictureSource {
    /// One of the bundled samples, by its name in [`crate::image_io::samples`].
    Sample(String),
    /// A file on disk.
    File(PathBuf),
}

const SAMPLE_PREFIX: &str = "sample:";

impl From<String> for PictureSource {
    fn from(text: String) -> Self {
        match text.strip_prefix(SAMPLE_PREFIX) {
            Some(name) => Self::Sample(name.to_owned()),
            None => Self::File(PathBuf::from(text)),
        }
    }
}

impl From<PictureSource> for String {
    fn from(source: PictureSource) -> Self {
        source.to_string()
    }
}

impl fmt::Display for PictureSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sample(name) => write!(f, "{SAMPLE_PREFIX}{name}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// One style picture and its share in the mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StyleSource {
    /// The picture.
    pub picture: PictureSource,
    /// Relative weight, see [`parameter::STYLE_WEIGHT`].
    pub weight: f32,
    /// Relative size, see [`parameter::OWN_STYLE_SCALE`].
    #[serde(default = "own_scale")]
    pub scale: f32,
    /// Where this style acts, white on black, stretched to the canvas; everywhere without a mask.
    #[serde(default)]
    pub mask: Option<PictureSource>,
}

fn own_scale() -> f32 {
    parameter::OWN_STYLE_SCALE.default
}

impl StyleSource {
    /// This picture, everywhere, with the same share and size as any other.
    #[must_use]
    pub fn new(picture: PictureSource) -> Self {
        Self { picture, weight: parameter::STYLE_WEIGHT.default, scale: own_scale(), mask: None }
    }
}

/// What the canvas starts from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Init {
    /// The content picture.
    Content,
    /// The first style picture, stretched to the canvas.
    Style,
    /// Seeded Gaussian noise.
    Noise,
    /// Any other picture, stretched to the canvas.
    Picture(PictureSource),
}

impl Init {
    /// One sentence for the artist.
    pub const HELP: &'static str = "What the canvas starts from: content, style, noise, or a picture file.";
}

impl From<String> for Init {
    fn from(text: String) -> Self {
        match text.as_str() {
            "content" => Self::Content,
            "style" => Self::Style,
            "noise" => Self::Noise,
            _ => Self::Picture(PictureSource::from(text)),
        }
    }
}

impl FromStr for Init {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text.to_owned()))
    }
}

impl From<Init> for String {
    fn from(init: Init) -> Self {
        init.to_string()
    }
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content => f.write_str("content"),
            Self::Style => f.write_str("style"),
            Self::Noise => f.write_str("noise"),
            Self::Picture(source) => source.fmt(f),
        }
    }
}
