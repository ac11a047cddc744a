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

/// Relative weight of the content term.
pub const CONTENT_STRENGTH: Parameter<f32> = Parameter {
    name: "content-strength",
    label: "Photo fidelity",
    unit: "doublings",
    help: "How closely the painting keeps to the photo: each step up doubles it, 0 is the preset's balance.",
    technical: "alpha = 2^value, multiplies the feature loss at relu4_2",
    min: -10.0,
    max: 10.0,
    default: 0.0,
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

/// Long side at which the style picture is read, when it is not tied to the canvas.
pub const STYLE_SIZE: Parameter<u32> = Parameter {
    name: "style-size",
    label: "Style size",
    unit: "px",
    help: "Long side at which the style picture is read: larger gives larger brush strokes. By default it follows the canvas.",
    technical: "long side of the style picture in the last stage, scaled along with the canvas in earlier ones",
    min: 16,
    max: 8192,
    default: 512,
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
