//! The recipe of a painting: every parameter, its one default, its range and its meaning.
//!
//! Nothing here computes or draws. The command line, the sliders, the metadata of saved pictures and the tests read
//! parameters from this module, so that none of them can disagree.

mod choice;
mod difference;
mod layers;
pub mod parameter;
mod preset;
mod source;

use serde::{Deserialize, Serialize};

pub use choice::{
    Colours, Depth, Edges, LbfgsMetric, OptimizerKind, Pooling, Preset, Scales, StyleCurve, StyleLoss, TvNorm,
};
pub use layers::{LayerName, LayerWeights};
pub use parameter::Parameter;
pub use source::{Init, PictureSource, StyleSource};

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
    /// No layer carries any loss.
    #[error("no layer carries content or style; give at least one layer a weight above 0")]
    NoLayer,
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
    /// See [`parameter::DRAWING`]. Recipes from before there was one had none.
    #[serde(default)]
    pub drawing: f32,
    /// See [`parameter::TV`].
    pub tv: f32,
    /// How the total variation is measured.
    pub tv_norm: TvNorm,
    /// See [`parameter::SIZE`].
    pub size: u32,
    /// See [`parameter::START_SIZE`].
    pub start_size: u32,
    /// See [`parameter::STYLE_SCALE`].
    pub style_scale: f32,
    /// Whose colours the finished picture has.
    pub colours: Colours,
    /// See [`parameter::COLOUR_MATCH`].
    pub colour_match: f32,
    /// Where the photo stays as it is, white on black, stretched to the canvas; nowhere without a mask.
    pub photo_mask: Option<PictureSource>,
    /// Layers that carry content.
    pub content_layers: LayerWeights,
    /// Layers that carry style.
    pub style_layers: LayerWeights,
    /// Balance of the style layers before their own weights.
    pub style_curve: StyleCurve,
    /// What is compared in the style layers.
    pub style_loss: StyleLoss,
    /// See [`parameter::HISTOGRAM`].
    pub histogram: f32,
    /// See [`parameter::ITERATIONS`].
    pub iterations: u32,
    /// Sizes at which the canvas is painted.
    pub scales: Scales,
    /// Optimiser.
    pub optimizer: OptimizerKind,
    /// See [`parameter::LBFGS_HISTORY`].
    pub lbfgs_history: u32,
    /// First guess of L-BFGS.
    pub lbfgs_metric: LbfgsMetric,
    /// See [`parameter::ADAM_STEP`].
    pub adam_step: f32,
    /// See [`parameter::ADAM_BETA1`].
    pub adam_beta1: f32,
    /// See [`parameter::ADAM_BETA2`].
    pub adam_beta2: f32,
    /// See [`parameter::AVERAGING`].
    pub averaging: f32,
    /// Start of the canvas.
    pub init: Init,
    /// Seed of the noise.
    pub seed: u64,
    /// Pooling of the network.
    pub pooling: Pooling,
    /// What the first convolution sees beyond the edges.
    pub edges: Edges,
}

/// What a seed is, in one plain sentence.
pub const SEED_HELP: &str = "Number that picks the noise; the same number gives the same noise again.";

impl Recipe {
    /// Every picture that it names, masks included.
    #[must_use]
    pub fn pictures(&self) -> Vec<&PictureSource> {
        let init = match &self.init {
            Init::Picture(source) => Some(source),
            Init::Content | Init::Style | Init::Noise => None,
        };
        let styles = self.styles.iter().flat_map(|style| std::iter::once(&style.picture).chain(&style.mask));
        std::iter::once(&self.content).chain(styles).chain(init).chain(&self.photo_mask).collect()
    }

    /// Checks every parameter against its range.
    ///
    /// # Errors
    /// The first parameter that is out of range.
    pub fn validate(&self) -> Result<(), RecipeError> {
        parameter::STYLE_STRENGTH.check(self.style_strength)?;
        parameter::CONTENT_STRENGTH.check(self.content_strength)?;
        parameter::DRAWING.check(self.drawing)?;
        parameter::TV.check(self.tv)?;
        parameter::SIZE.check(self.size)?;
        parameter::START_SIZE.check(self.start_size)?;
        parameter::STYLE_SCALE.check(self.style_scale)?;
        parameter::COLOUR_MATCH.check(self.colour_match)?;
        self.content_layers.check()?;
        self.style_layers.check()?;
        // A preset may leave content out altogether, whatever its layers.
        if (self.content_layers.is_empty() || self.preset.balance().content == 0.0) && self.style_layers.is_empty() {
            return Err(RecipeError::NoLayer);
        }
        parameter::HISTOGRAM.check(self.histogram)?;
        parameter::ITERATIONS.check(self.iterations)?;
        parameter::LBFGS_HISTORY.check(self.lbfgs_history)?;
        parameter::ADAM_STEP.check(self.adam_step)?;
        parameter::ADAM_BETA1.check(self.adam_beta1)?;
        parameter::ADAM_BETA2.check(self.adam_beta2)?;
        parameter::AVERAGING.check(self.averaging)?;
        if self.styles.is_empty() {
            return Err(RecipeError::NoStyle);
        }
        for style in &self.styles {
            parameter::STYLE_WEIGHT.check(style.weight)?;
            parameter::OWN_STYLE_SCALE.check(style.scale)?;
        }
        if self.styles.iter().all(|style| style.weight == 0.0) {
            return Err(RecipeError::NoStyleWeight);
        }
        Ok(())
    }

    /// The multipliers of the three parts of the loss that this recipe asks for: its preset's balance, moved by the strengths.
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

/// alpha, beta and gamma of `alpha * (content and drawing) + beta * style + gamma * tv`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossWeights {
    /// alpha.
    pub content: f32,
    /// beta.
    pub style: f32,
    /// gamma.
    pub tv: f32,
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
    fn a_recipe_from_an_older_version_takes_defaults_for_what_it_lacks_but_for_a_drawing() {
        let recipe: Recipe = serde_json::from_str(r#"{"size": 256}"#).unwrap();
        assert_eq!(recipe, Recipe { size: 256, drawing: 0.0, ..Recipe::default() }, "it was painted without a drawing");
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
