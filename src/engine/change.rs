//! What a changed job means for a painting that is under way.

use std::sync::Arc;

use super::Job;

/// What differs between two jobs, as far as a running painting cares.
pub struct Change {
    /// Pictures, their mixture or the network: content and style must be measured again.
    pub targets: bool,
    /// alpha, beta or gamma.
    pub weights: bool,
    /// Optimiser or one of its parameters.
    pub optimizer: bool,
}

impl Change {
    pub fn between(old: &Job, new: &Job) -> Self {
        let same_pictures = Arc::ptr_eq(&old.content, &new.content)
            && old.styles.len() == new.styles.len()
            && old.styles.iter().zip(&new.styles).all(|(old, new)| Arc::ptr_eq(old, new));
        let (old, new) = (&old.recipe, &new.recipe);
        Self {
            targets: !same_pictures || old.styles != new.styles || old.pooling != new.pooling,
            weights: old.weights() != new.weights(),
            optimizer: old.optimizer != new.optimizer
                || old.lbfgs_history != new.lbfgs_history
                || old.adam_step.to_bits() != new.adam_step.to_bits(),
        }
    }
}
