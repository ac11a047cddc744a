//! The recipe of a painting: every parameter, its one default, its range and its meaning.
//!
//! Nothing here computes or draws. The command line, the sliders, the metadata of saved pictures and the tests read
//! parameters from this module, so that none of them can disagree.

mod choice;
pub mod parameter;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use choice::{OptimizerKind, Pooling, Preset, Scales};
pub use parameter::Parameter;

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// A number outside its range.
    #[error("{name} is {value}, but must lie in {range}")]
    OutOfRange {
        /// Parameter name.
        name: &'static str,
        /// The value as given.
        value: String,
        /// The range in words.
        range: String,
    },
    /// A word that is not one of the alternatives.
    #[error("{name} is \"{value}\", but must be one of: {known}")]
    UnknownChoice {
        /// Parameter name.
        name: &'static str,
        /// The value as given.
        value: String,
        /// The alternatives.
        known: String,
    },
    /// No style picture at all.
    #[error("a painting needs at least one style picture")]
    NoStyle,
    /// Every style picture has weight zero.
    #[error("all style weights are zero; give at least one style a weight above 0")]
    NoStyleWeight,
}

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

/// Everything that determines a painting, apart from the pixels of the pictures it names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    /// The preset this recipe started from.
    pub preset: Preset,
    /// The photo.
    pub content: PictureSource,
    /// The style pictures.
    pub styles: Vec<StyleSource>,
    /// See [`parameter::STYLE_STRENGTH`].
    pub style_strength: f32,
    /// See [`parameter::CONTENT_STRENGTH`].
    pub content_strength: f32,
    /// See [`parameter::TV`].
    pub tv: f32,
    /// See [`parameter::SIZE`].
    pub size: u32,
    /// See [`parameter::STYLE_SIZE`]; `None` follows the canvas.
    pub style_size: Option<u32>,
    /// See [`parameter::ITERATIONS`].
    pub iterations: u32,
    /// Sizes at which the canvas is painted.
    pub scales: Scales,
    /// Optimiser.
    pub optimizer: OptimizerKind,
    /// See [`parameter::LBFGS_HISTORY`].
    pub lbfgs_history: u32,
    /// See [`parameter::ADAM_STEP`].
    pub adam_step: f32,
    /// Start of the canvas.
    pub init: Init,
    /// Seed of the noise.
    pub seed: u64,
    /// Pooling of the network.
    pub pooling: Pooling,
}

/// What a seed is, in one plain sentence.
pub const SEED_HELP: &str = "Number that picks the noise; the same number gives the same noise again.";

impl Default for Recipe {
    fn default() -> Self {
        Self::from_preset(Preset::Studio)
    }
}

impl Recipe {
    /// The preset's recipe, over the first bundled photo and The Starry Night.
    #[must_use]
    pub fn from_preset(preset: Preset) -> Self {
        let studio = Self {
            preset: Preset::Studio,
            content: PictureSource::Sample("neuschwanstein-castle".to_owned()),
            styles: vec![StyleSource {
                picture: PictureSource::Sample("starry-night".to_owned()),
                weight: parameter::STYLE_WEIGHT.default,
            }],
            style_strength: parameter::STYLE_STRENGTH.default,
            content_strength: parameter::CONTENT_STRENGTH.default,
            tv: parameter::TV.default,
            size: parameter::SIZE.default,
            style_size: None,
            iterations: parameter::ITERATIONS.default,
            scales: Scales::CoarseToFine,
            optimizer: OptimizerKind::Lbfgs,
            lbfgs_history: parameter::LBFGS_HISTORY.default,
            adam_step: parameter::ADAM_STEP.default,
            init: Init::Content,
            seed: 0,
            pooling: Pooling::Max,
        };
        match preset {
            Preset::Studio => studio,
            // Gatys' notebook: one size, L-BFGS with 100 pairs, no total variation, 500 iterations.
            Preset::Gatys => {
                Self { preset: Preset::Gatys, tv: 0.0, scales: Scales::Single, lbfgs_history: 100, ..studio }
            }
        }
    }

    /// This recipe's pictures and size with all other parameters of `preset`.
    #[must_use]
    pub fn with_preset(&self, preset: Preset) -> Self {
        Self {
            content: self.content.clone(),
            styles: self.styles.clone(),
            size: self.size,
            style_size: self.style_size,
            ..Self::from_preset(preset)
        }
    }

    /// Checks every parameter against its range.
    ///
    /// # Errors
    /// The first parameter that is out of range.
    pub fn validate(&self) -> Result<(), RecipeError> {
        parameter::STYLE_STRENGTH.check(self.style_strength)?;
        parameter::CONTENT_STRENGTH.check(self.content_strength)?;
        parameter::TV.check(self.tv)?;
        parameter::SIZE.check(self.size)?;
        if let Some(size) = self.style_size {
            parameter::STYLE_SIZE.check(size)?;
        }
        parameter::ITERATIONS.check(self.iterations)?;
        parameter::LBFGS_HISTORY.check(self.lbfgs_history)?;
        parameter::ADAM_STEP.check(self.adam_step)?;
        if self.styles.is_empty() {
            return Err(RecipeError::NoStyle);
        }
        for style in &self.styles {
            parameter::STYLE_WEIGHT.check(style.weight)?;
        }
        if self.styles.iter().all(|style| style.weight == 0.0) {
            return Err(RecipeError::NoStyleWeight);
        }
        Ok(())
    }

    /// The multipliers of the three loss terms that this recipe asks for: its preset's balance, moved by the strengths.
    #[must_use]
    pub fn weights(&self) -> LossWeights {
        let balance = self.preset.balance();
        LossWeights {
            content: balance.content * self.content_strength.exp2(),
            style: balance.style * self.style_strength.exp2(),
            tv: balance.tv * self.tv,
        }
    }
}

/// alpha, beta and gamma of `alpha * content + beta * style + gamma * tv`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossWeights {
    /// alpha.
    pub content: f32,
    /// beta.
    pub style: f32,
    /// gamma.
    pub tv: f32,
}

impl Preset {
    /// alpha and beta at strength 0, and gamma for a smoothness of 1.
    #[must_use]
    pub const fn balance(self) -> LossWeights {
        match self {
            // Four times the notebook's content: the photo stays recognisable under a style that is fully there.
            Self::Studio => LossWeights { content: 4.0, style: 1.0, tv: 100.0 },
            Self::Gatys => LossWeights { content: 1.0, style: 1.0, tv: 100.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid_and_survive_json() {
        for &preset in Preset::ALL {
            let recipe = Recipe::from_preset(preset);
            recipe.validate().unwrap();
            let json = serde_json::to_string(&recipe).unwrap();
            assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe);
        }
    }

    #[test]
    fn a_recipe_from_an_older_version_takes_defaults_for_what_it_lacks() {
        let recipe: Recipe = serde_json::from_str(r#"{"size": 256}"#).unwrap();
        assert_eq!(recipe, Recipe { size: 256, ..Recipe::default() });
    }

    #[test]
    fn out_of_range_values_are_named() {
        let recipe = Recipe { tv: f32::NAN, ..Recipe::default() };
        assert_eq!(recipe.validate().unwrap_err().to_string(), "tv is NaN, but must lie in 0 to 100");
        let recipe = Recipe { size: 9000, ..Recipe::default() };
        assert_eq!(recipe.validate().unwrap_err().to_string(), "size is 9000, but must lie in 16 to 8192 px");
        let recipe = Recipe { styles: vec![], ..Recipe::default() };
        assert_eq!(recipe.validate(), Err(RecipeError::NoStyle));
    }

    #[test]
    fn strengths_are_doublings_around_the_presets_balance() {
        for &preset in Preset::ALL {
            let balance = preset.balance();
            let recipe = Recipe { style_strength: 3.0, content_strength: -1.0, tv: 0.5, ..Recipe::from_preset(preset) };
            let expected =
                LossWeights { content: balance.content / 2.0, style: balance.style * 8.0, tv: balance.tv / 2.0 };
            assert_eq!(recipe.weights(), expected);
        }
    }

    #[test]
    fn gatys_is_the_notebooks_loss() {
        assert_eq!(Recipe::from_preset(Preset::Gatys).weights(), LossWeights { content: 1.0, style: 1.0, tv: 0.0 });
    }
}
