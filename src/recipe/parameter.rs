//! The parameter table: every number that an artist can set, described once.
//!
//! The command line's help, the sliders' ranges and tooltips, validation and the tests all read these constants.

use std::fmt::Display;

use super::RecipeError;

/// One numeric parameter: what it is called, what it means, and which values it takes.
#[derive(Debug, Clone, Copy)]
pub struct Parameter<T> {
    /// Name on the command line (`--name`) and in error messages.
    pub name: &'static str,
    /// Name in the window: plain words.
    pub label: &'static str,
    /// Unit, or empty where the number has none.
    pub unit: &'static str,
    /// One plain sentence for an artist.
    pub help: &'static str,
    /// The field's own words, for the researcher.
    pub technical: &'static str,
    /// Smallest value that is accepted.
    pub min: T,
    /// Largest value that is accepted.
    pub max: T,
    /// Value in the default preset.
    pub default: T,
}

impl<T: Copy + PartialOrd + Display> Parameter<T> {
    /// Returns `value` if it lies in the range (a NaN never does).
    ///
    /// # Errors
    /// [`RecipeError::OutOfRange`] names the parameter, the value and the range.
    pub fn check(&self, value: T) -> Result<T, RecipeError> {
        if value >= self.min && value <= self.max {
            return Ok(value);
        }
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        Err(RecipeError::OutOfRange {
            name: self.name,
            value: value.to_string(),
            range: format!("{} to {}{unit}", self.min, self.max),
        })
    }
}

/// Relative weight of the style term.
pub const STYLE_STRENGTH: Parameter<f32> = Parameter {
    name: "style-strength",
    label: "Style strength",
    unit: "doublings",
    help: "How strongly the style shows: each step up doubles it, 0 is the preset's balance.",
    technical: "beta = 2^value, multiplies the Gram loss",
    min: -10.0,
    max: 10.0,
    default: 0.0,
};

/// What the sliders of the two strengths span; beyond, the picture hardly changes any more.
pub const USUAL_STRENGTHS: (f32, f32) = (-6.0, 6.0);

/// Relative weight of the content term.
pub const CONTENT_STRENGTH: Parameter<f32> = Parameter {
    name: "content-strength",
    label: "Photo fidelity",
    unit: "doublings",
    help: "How closely the painting keeps to the photo: each step up doubles it, 0 is the preset's balance.",
    technical: "alpha = 2^value, multiplies the feature loss and that of the drawing",
    min: -10.0,
    max: 10.0,
    default: 0.0,
};

/// Weight of the photo's drawing.
pub const DRAWING: Parameter<f32> = Parameter {
    name: "drawing",
    label: "Drawing",
    unit: "",
    help: "Keeps the photo's light and dark where they are, in the style's colours; for a photo that disappears under a style, or lines that get lost.",
    technical: "weight of the Laplacian loss (Li et al. 2017) at three breadths, relative to the content term; Photo fidelity multiplies both",
    min: 0.0,
    max: 20.0,
    default: 1.0,
};

/// Weight of the total-variation term.
pub const TV: Parameter<f32> = Parameter {
    name: "tv",
    label: "Smoothness",
    unit: "",
    help: "Irons out pixel noise; 0 leaves every grain, high values look like watercolour.",
    technical: "gamma / 100, multiplies the total variation of the canvas (nine-point L2 stencil, 0..255 scale)",
    min: 0.0,
    max: 100.0,
    default: 1.0,
};

/// Long side of the finished painting.
pub const SIZE: Parameter<u32> = Parameter {
    name: "size",
    label: "Size",
    unit: "px",
    help: "Long side of the finished painting; the photo's shape is kept.",
    technical: "long side of the canvas in the last stage",
    min: 16,
    max: 8192,
    default: 512,
};

/// Long side at which coarse-to-fine painting begins.
pub const START_SIZE: Parameter<u32> = Parameter {
    name: "start-size",
    label: "Begin at",
    unit: "px",
    help: "Long side at which coarse-to-fine painting begins; from a finished picture on, begin above its own size.",
    technical: "smallest long side of a stage; sizes grow by the square root of two up to the final one",
    min: 16,
    max: 8192,
    default: 128,
};

/// Long side at which a painting is finished.
pub const FINISH_SIZE: Parameter<u32> = Parameter {
    name: "size",
    label: "Size",
    unit: "px",
    help: "Long side up to which the painting is taken.",
    technical: "long side of the canvas in the last stage",
    min: 16,
    max: 8192,
    default: 2048,
};

/// Size at which styles are read, relative to the canvas.
pub const STYLE_SCALE: Parameter<f32> = Parameter {
    name: "style-scale",
    label: "Brush size",
    unit: "x",
    help: "Size at which the style picture is read, relative to the painting: larger gives larger brush strokes.",
    technical: "long side of the style picture over that of the canvas, in every stage",
    min: 0.125,
    max: 4.0,
    default: 1.0,
};

/// Size at which one style among several is read.
pub const OWN_STYLE_SCALE: Parameter<f32> = Parameter {
    name: "style-scales",
    label: "Own brush size",
    unit: "x",
    help: "Size at which this style is read, relative to the others.",
    technical: "multiplies the style scale for one picture",
    min: 0.125,
    max: 4.0,
    default: 1.0,
};

/// How far the style's colours are brought to the photo's before painting.
pub const COLOUR_MATCH: Parameter<f32> = Parameter {
    name: "colour-match",
    label: "Match colours",
    unit: "%",
    help: "How far the style picture takes on the photo's colours before it is painted with.",
    technical: "interpolates between the style and its affine colour transform to the photo's mean and covariance",
    min: 0.0,
    max: 100.0,
    default: 0.0,
};

/// Weight of one layer.
pub const LAYER_WEIGHT: Parameter<f32> = Parameter {
    name: "layer weight",
    label: "Layer weight",
    unit: "",
    help: "How strongly this layer counts; 0 leaves it out.",
    technical: "multiplies the layer's term after the curve",
    min: 0.0,
    max: 100.0,
    default: 1.0,
};

/// Weight of the histogram term.
pub const HISTOGRAM: Parameter<f32> = Parameter {
    name: "histogram",
    label: "Histogram",
    unit: "",
    help: "Brings the spread of every feature to the style's: steadier colours and contrast; 0 switches it off.",
    technical: "weight of the histogram loss (Risser et al. 2017) on the style layers, relative to the Gram loss",
    min: 0.0,
    max: 100.0,
    default: 0.0,
};

/// Optimiser iterations of the whole painting.
pub const ITERATIONS: Parameter<u32> = Parameter {
    name: "iterations",
    label: "Iterations",
    unit: "",
    help: "Repaintings of the whole canvas, over all stages; more is finer and takes longer.",
    technical: "optimiser iterations, shared out among the stages",
    min: 1,
    max: 100_000,
    default: 500,
};

/// Number of curvature pairs that L-BFGS remembers.
pub const LBFGS_HISTORY: Parameter<u32> = Parameter {
    name: "lbfgs-history",
    label: "L-BFGS memory",
    unit: "pairs",
    help: "Past steps that the L-BFGS optimiser learns from; more needs more memory.",
    technical: "curvature pairs (s, y) kept",
    min: 1,
    max: 200,
    default: 12,
};

/// Step size of Adam, in units of the 0..255 pixel range.
pub const ADAM_STEP: Parameter<f32> = Parameter {
    name: "adam-step",
    label: "Adam step",
    unit: "levels",
    help: "How far the Adam optimiser moves a pixel in one iteration, out of 255.",
    technical: "learning rate on the 0..255 scale",
    min: 0.01,
    max: 100.0,
    default: 5.1,
};

/// Decay of Adam's first moment.
pub const ADAM_BETA1: Parameter<f32> = Parameter {
    name: "adam-beta1",
    label: "Adam momentum",
    unit: "",
    help: "How long the Adam optimiser keeps going in the direction it had.",
    technical: "beta1, decay of the first moment",
    min: 0.0,
    max: 0.999,
    default: 0.9,
};

/// Decay of Adam's second moment. 0.99 follows the loss faster than the usual 0.999, which suits a few hundred steps.
pub const ADAM_BETA2: Parameter<f32> = Parameter {
    name: "adam-beta2",
    label: "Adam caution",
    unit: "",
    help: "How long the Adam optimiser remembers how steep it was.",
    technical: "beta2, decay of the second moment",
    min: 0.0,
    max: 0.9999,
    default: 0.99,
};

/// Decay of the averaged canvas.
pub const AVERAGING: Parameter<f32> = Parameter {
    name: "averaging",
    label: "Averaging",
    unit: "",
    help: "Shows and saves an average over the latest iterations, which is calmer than each of them; 0 shows the canvas itself.",
    technical: "decay of the exponential moving average of the canvas, started anew at every change of the loss or the canvas, and at every stage",
    min: 0.0,
    max: 0.999,
    default: 0.0,
};

/// How much noise is stirred into a running canvas.
pub const STIR: Parameter<f32> = Parameter {
    name: "stir",
    label: "Stir",
    unit: "levels",
    help: "Adds noise to the running canvas, to shake it out of a place where it is stuck.",
    technical: "standard deviation of the Gaussian noise, out of 255",
    min: 0.0,
    max: 128.0,
    default: 20.0,
};

/// Relative weight of one style picture among several.
pub const STYLE_WEIGHT: Parameter<f32> = Parameter {
    name: "style-weights",
    label: "Blend",
    unit: "",
    help: "Share of this picture in the mixture of styles; only the proportions count.",
    technical: "weight of the picture's Gram matrices in their weighted average",
    min: 0.0,
    max: 1000.0,
    default: 1.0,
};
