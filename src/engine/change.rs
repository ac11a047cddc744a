//! What a changed job means for a painting that is under way.

use std::sync::Arc;

use super::Job;

/// What differs between two jobs, as far as the objective of a running painting cares. What differs in the styles only
/// shows when they are read, see [`super::style_mix::StyleMix`].
pub struct Change {
    /// The photo, or the network that sees it: its content must be measured again.
    pub content: bool,
    /// alpha, beta or gamma.
    pub weights: bool,
}

impl Change {
    pub fn between(old: &Job, new: &Job) -> Self {
        Self {
            content: !Arc::ptr_eq(&old.content, &new.content) || old.recipe.pooling != new.recipe.pooling,
            weights: old.recipe.weights() != new.recipe.weights(),
        }
    }
}
