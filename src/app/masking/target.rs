//! What masks are for.

use crate::recipe::{PictureSource, Recipe};

/// What a mask is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MaskTarget {
    /// Where the photo stays.
    Photo,
    /// Where the style of this index acts.
    Style(usize),
    /// Where another picture is brushed into the canvas, once: no recipe has it.
    Canvas,
}

impl MaskTarget {
    /// Everything that can have a mask in a recipe.
    pub fn all(recipe: &Recipe) -> impl Iterator<Item = Self> {
        (0..recipe.styles.len()).map(Self::Style).chain([Self::Photo])
    }

    /// Its mask in a recipe.
    #[must_use]
    pub fn mask(self, recipe: &Recipe) -> Option<&PictureSource> {
        match self {
            Self::Photo => recipe.photo_mask.as_ref(),
            Self::Style(index) => recipe.styles.get(index)?.mask.as_ref(),
            Self::Canvas => None,
        }
    }

    /// The picture that it is about.
    #[must_use]
    pub(super) fn picture(self, recipe: &Recipe) -> Option<&PictureSource> {
        match self {
            Self::Photo | Self::Canvas => Some(&recipe.content),
            Self::Style(index) => Some(&recipe.styles.get(index)?.picture),
        }
    }

    pub(super) fn set(self, recipe: &mut Recipe, mask: Option<PictureSource>) {
        match self {
            Self::Photo => recipe.photo_mask = mask,
            Self::Style(index) => {
                if let Some(style) = recipe.styles.get_mut(index) {
                    style.mask = mask;
                }
            }
            Self::Canvas => {}
        }
    }
}
