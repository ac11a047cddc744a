//! The optimiser that a recipe asks for.

use candle_core::{Result, Tensor};

use super::{Adam, AdamConfig, Function, Lbfgs, LbfgsConfig, Optimizer, Outcome};
use crate::recipe::{OptimizerKind, Recipe};

/// One of the optimisers, under the parameters of a recipe.
pub enum ChosenOptimizer {
    /// Limited-memory BFGS.
    Lbfgs(Lbfgs),
    /// Adam.
    Adam(Adam),
}

impl ChosenOptimizer {
    /// The recipe's optimiser, with nothing learned yet; L-BFGS with as many pairs as there is memory for.
    #[must_use]
    pub fn new(recipe: &Recipe, lbfgs_pairs: u32) -> Self {
        match recipe.optimizer {
            OptimizerKind::Lbfgs => Self::Lbfgs(Lbfgs::new(lbfgs_config(recipe, lbfgs_pairs))),
            OptimizerKind::Adam => Self::Adam(Adam::new(adam_config(recipe))),
        }
    }

    /// Follows a changed recipe from the next step on. Where the optimiser is still the same, it keeps what it has
    /// learned.
    pub fn follow(&mut self, recipe: &Recipe, lbfgs_pairs: u32) {
        match (&mut *self, recipe.optimizer) {
            (Self::Lbfgs(lbfgs), OptimizerKind::Lbfgs) => lbfgs.set_config(lbfgs_config(recipe, lbfgs_pairs)),
            (Self::Adam(adam), OptimizerKind::Adam) => adam.set_config(adam_config(recipe)),
            _ => *self = Self::new(recipe, lbfgs_pairs),
        }
    }
}

impl Optimizer for ChosenOptimizer {
    fn step(&mut self, x: &Tensor, function: &mut Function<'_>) -> Result<Outcome> {
        match self {
            Self::Lbfgs(lbfgs) => lbfgs.step(x, function),
            Self::Adam(adam) => adam.step(x, function),
        }
    }

    fn forget(&mut self) {
        match self {
            Self::Lbfgs(lbfgs) => lbfgs.forget(),
            Self::Adam(adam) => adam.forget(),
        }
    }
}

fn lbfgs_config(recipe: &Recipe, pairs: u32) -> LbfgsConfig {
    LbfgsConfig { history: pairs as usize, metric: recipe.lbfgs_metric, ..LbfgsConfig::default() }
}

fn adam_config(recipe: &Recipe) -> AdamConfig {
    AdamConfig {
        step: f64::from(recipe.adam_step),
        beta1: f64::from(recipe.adam_beta1),
        beta2: f64::from(recipe.adam_beta2),
        ..AdamConfig::default()
    }
}
