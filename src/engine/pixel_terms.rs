//! The terms of the loss that look at the pixels themselves and not at a feature map. They are cheap, and taken over the
//! whole canvas even where the network sees it in tiles.

use candle_core::{Result, Tensor};

use super::loss::drawing::Drawing;
use super::loss::tv;
use super::terms::Terms;
use super::vector::{self, Loss};
use super::{Term, TermShare};
use crate::recipe::TvNorm;

/// Smoothness, and the photo's drawing.
pub struct PixelTerms {
    drawing: Drawing,
    drawing_weight: f64,
    tv: f64,
    tv_norm: TvNorm,
}

impl PixelTerms {
    /// Those of `terms`, with the drawing of the photo.
    #[must_use]
    pub fn new(drawing: Drawing, terms: &Terms) -> Self {
        let mut pixel_terms = Self { drawing, drawing_weight: 0.0, tv: 0.0, tv_norm: terms.tv_norm };
        pixel_terms.set_weights(terms);
        pixel_terms
    }

    /// Changes the weights from the next evaluation on.
    pub fn set_weights(&mut self, terms: &Terms) {
        self.drawing_weight = terms.weight(Term::Drawing);
        (self.tv, self.tv_norm) = (terms.weight(Term::TotalVariation), terms.tv_norm);
    }

    /// Adds their gradient, and tells the loss of each, in parts.
    ///
    /// # Errors
    /// When the tensors are of another size than the photo, or the device fails.
    pub fn add_to(&self, canvas: &Tensor, gradient: &Tensor, mut tell: impl FnMut(Term, Loss)) -> Result<()> {
        for loss in self.drawing.add_to(self.drawing_weight, canvas, gradient)? {
            tell(Term::Drawing, loss);
        }
        tell(Term::TotalVariation, tv::add_to(self.tv_norm, self.tv, canvas, gradient)?);
        Ok(())
    }

    /// What each that has a weight adds to loss and gradient; `room` is a gradient that may be written over.
    ///
    /// # Errors
    /// As [`PixelTerms::add_to`].
    pub fn shares(&self, canvas: &Tensor, room: &Tensor) -> Result<Vec<TermShare>> {
        let mut shares = Vec::new();
        if self.drawing_weight != 0.0 {
            vector::fill(0.0, room)?;
            let losses = self.drawing.add_to(self.drawing_weight, canvas, room)?;
            shares.push(share(Term::Drawing, Loss::read_all(&losses)?.iter().sum(), room)?);
        }
        if self.tv != 0.0 {
            vector::fill(0.0, room)?;
            let loss = tv::add_to(self.tv_norm, self.tv, canvas, room)?.read()?;
            shares.push(share(Term::TotalVariation, loss, room)?);
        }
        Ok(shares)
    }
}

/// A term's share, where it has this loss and this gradient alone.
///
/// # Errors
/// When the device fails.
pub fn share(term: Term, loss: f64, gradient: &Tensor) -> Result<TermShare> {
    let gradient_rms = (vector::dot(gradient, gradient)? / gradient.elem_count() as f64).sqrt();
    Ok(TermShare { term, loss, gradient_rms })
}
