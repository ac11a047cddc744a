//! What a changed job means for a painting that is under way.

use std::sync::Arc;

use super::Job;
use super::terms::Terms;

/// What differs between two jobs, as far as the objective of a running painting cares. What differs in the styles only
/// shows when they are read, see [`super::style_mix::StyleMix`].
pub struct Change {
    /// The photo, the network or where it is looked at: content must be measured again.
    pub content: bool,
    /// How strongly any term counts.
    pub weights: bool,
    /// Where styles act or the photo stays.
    pub masks: bool,
}

impl Change {
    pub fn between(old: &Job, new: &Job) -> Self {
        let (old_terms, new_terms) = (Terms::of(&old.recipe), Terms::of(&new.recipe));
        Self {
            content: !Arc::ptr_eq(&old.content, &new.content) || !new_terms.share_targets_with(&old_terms),
            weights: old_terms != new_terms,
            masks: !old.masks.is_same(&new.masks),
        }
    }
}
