//! The loss of a canvas, a sum of weighted terms, and its gradient with respect to the pixels.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::feature_maps::FeatureMaps;
use super::interrupt::Interrupt;
use super::loss::{content, gram, guided, histogram, moments};
use super::mask::Map;
use super::pixel_terms::{PixelTerms, share};
use super::regions::Regions;
use super::target::{Compared, ContentTarget};
use super::terms::Terms;
use super::vector::{self, Loss};
use super::vgg::{Tap, Vgg};
use super::{Losses, Term, TermShare};

/// Evaluates the loss of canvases of one size.
pub struct Objective {
    vgg: Arc<Vgg>,
    maps: FeatureMaps,
    /// In the order in which their gradients are added: at every layer the style's comes first.
    terms: Vec<FeatureTerm>,
    pixel_terms: PixelTerms,
}

/// A term that looks at a feature map. Several may look at the same one.
struct FeatureTerm {
    name: Term,
    tap: Tap,
    weight: f64,
    /// Where it counts, if not everywhere; never of content.
    region: Option<Map>,
    goal: Goal,
}

impl FeatureTerm {
    fn new(name: Term, tap: Tap, region: Option<Map>, goal: Goal) -> Self {
        Self { name, tap, weight: 0.0, region, goal }
    }

    /// The weighted loss, and `gradient = [gradient +] its slope`; added if `accumulate`.
    fn evaluate(&self, features: &Tensor, accumulate: bool, gradient: &Tensor) -> Result<Loss> {
        let (height, width, _) = features.dims3()?;
        // The term counts by the region's part of the canvas, see `Regions`.
        let part = self.region.as_ref().map_or(1.0, |region| region.total() / (height * width) as f64);
        let shares = self.region.as_ref().map(Map::shares);
        self.goal.evaluate(self.weight * part, features, shares, accumulate, gradient)
    }
}

/// What the features of one layer should become.
enum Goal {
    /// This feature map.
    Content(Tensor),
    /// Features with this Gram matrix.
    Gram(Tensor),
    /// Features with this mean and covariance.
    Moments(moments::Target),
    /// Features with these quantiles in every channel.
    Histogram(Tensor),
}

impl Goal {
    /// To be like a style.
    fn of_style(style: &Compared) -> Result<Self> {
        Ok(match style {
            Compared::Gram(gram) => Self::Gram(gram.clone()),
            Compared::Moments(moments) => Self::Moments(moments::Target::new(moments)?),
        })
    }

    /// `weight` times the loss, and `gradient = [gradient +] weight * dL/dF`; added if `accumulate`. With `shares`, of the
    /// region to which they belong.
    fn evaluate(
        &self,
        weight: f64,
        features: &Tensor,
        shares: Option<&[f32]>,
        accumulate: bool,
        gradient: &Tensor,
    ) -> Result<Loss> {
        let loss = match (self, shares) {
            (Self::Content(target), _) => {
                content::gradient(weight, features, target, accumulate, gradient)?;
                content::loss(features, target)?
            }
            (Self::Gram(target), None) => {
                let found = gram::gram_matrix(features)?;
                gram::gradient(weight, features, &found, target, accumulate, gradient)?;
                gram::loss(&found, target)?
            }
            (Self::Gram(target), Some(shares)) => {
                let found = guided::gram_matrix(features, shares)?;
                guided::gradient(weight, features, (&found, target), shares, accumulate, gradient)?;
                gram::loss(&found, target)?
            }
            (Self::Moments(target), shares) => {
                Loss::Known(target.evaluate(weight, features, shares, accumulate, gradient)?)
            }
            (Self::Histogram(quantiles), shares) => {
                Loss::Known(histogram::evaluate(weight, features, shares, quantiles, accumulate, gradient)?)
            }
        };
        Ok(loss.times(weight))
    }
}

impl Objective {
    /// Prepares for canvases of the size of `content`'s picture, `height` x `width`; both targets measured for `terms`.
    ///
    /// # Errors
    /// When no term looks at any layer, a target lacks what a term needs, or memory does not suffice.
    pub fn new(
        vgg: Arc<Vgg>,
        (height, width): (usize, usize),
        terms: &Terms,
        content: ContentTarget,
        style: &Regions,
    ) -> Result<Self> {
        let maps = FeatureMaps::with_gradient(height, width, &terms.taps(), terms.variant, vgg.device())?;
        if content.layers.len() != terms.content.len() {
            candle_core::bail!("the targets were measured for other layers");
        }
        let mut feature_terms = style_terms(terms, style)?;
        for (term, target) in terms.content.iter().zip(content.layers) {
            feature_terms.push(FeatureTerm::new(Term::Content(term.layer), term.tap(), None, Goal::Content(target)));
        }
        let pixel_terms = PixelTerms::new(content.drawing, terms);
        let mut objective = Self { vgg, maps, terms: feature_terms, pixel_terms };
        objective.set_weights(terms);
        Ok(objective)
    }

    /// Changes the weights from the next evaluation on; `terms` must look at the same layers in the same way, see
    /// [`Terms::share_targets_with`].
    pub fn set_weights(&mut self, terms: &Terms) {
        for term in &mut self.terms {
            term.weight = terms.weight(term.name);
        }
        self.pixel_terms.set_weights(terms);
    }

    /// Changes the style to be reached, and the weights, from the next evaluation on; as [`Objective::set_weights`].
    ///
    /// # Errors
    /// When the target lacks what a term needs, or the device fails.
    pub fn set_style(&mut self, terms: &Terms, style: &Regions) -> Result<()> {
        let mut all = style_terms(terms, style)?;
        all.extend(self.terms.drain(..).filter(|term| matches!(term.name, Term::Content(_))));
        self.terms = all;
        self.set_weights(terms);
        Ok(())
    }

    /// The losses of `canvas`, and their gradient into `gradient` (both `(height, width, 3)`).
    ///
    /// # Errors
    /// When the tensors have another size, or the device fails.
    pub fn evaluate(&self, canvas: &Tensor, gradient: &Tensor) -> Result<Losses> {
        let mut parts = Vec::new();
        let mut tell = |name, loss| parts.push((name, loss));
        match self.terms.iter().map(|term| term.tap).max() {
            Some(deepest) => self.evaluate_features(deepest, canvas, gradient, |_| true, &mut tell)?,
            // Masks may leave nothing to any style.
            None => vector::fill(0.0, gradient)?,
        }
        self.pixel_terms.add_to(canvas, gradient, tell)?;
        // All is under way; a card is waited for here, and once.
        Ok(Losses::of(Loss::read_each(parts)?))
    }

    /// Breaks an evaluation off with an error when this is raised.
    pub fn heed(&mut self, interrupt: Interrupt) {
        self.maps.interrupt = interrupt;
    }

    /// What each term adds to loss and gradient, found by evaluating it alone. Takes about as long as an evaluation for
    /// every term; nothing is remembered, and the next evaluation is as if nobody had asked.
    ///
    /// # Errors
    /// As [`Objective::evaluate`].
    pub fn shares(&self, canvas: &Tensor) -> Result<Vec<TermShare>> {
        let gradient = canvas.zeros_like()?;
        let mut wanted: Vec<(Term, Tap)> = self.terms.iter().map(|term| (term.name, term.tap)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut shares = Vec::with_capacity(wanted.len() + 2);
        for (term, tap) in wanted {
            let mut losses = Vec::new();
            self.evaluate_features(tap, canvas, &gradient, |name| name == term, |_, loss| losses.push(loss))?;
            shares.push(share(term, Loss::read_all(&losses)?.iter().sum(), &gradient)?);
        }
        shares.extend(self.pixel_terms.shares(canvas, &gradient)?);
        Ok(shares)
    }

    /// The gradient of the wanted terms on feature maps as deep as `deepest`, into `gradient`; tells the loss of each.
    fn evaluate_features(
        &self,
        deepest: Tap,
        canvas: &Tensor,
        gradient: &Tensor,
        wanted: impl Fn(Term) -> bool,
        mut tell: impl FnMut(Term, Loss),
    ) -> Result<()> {
        self.vgg.forward_to(deepest, canvas, &self.maps)?;
        let terms_at = |layer, features: &Tensor, gradient: &Tensor| {
            let mut written = false;
            for term in self.terms.iter().filter(|term| term.tap.layer() == layer && wanted(term.name)) {
                let loss = term.evaluate(features, written, gradient)?;
                tell(term.name, loss);
                written = true;
            }
            Ok(written)
        };
        self.vgg.backward(deepest, &self.maps, terms_at, gradient)
    }
}

/// What the styles ask of the layers, still without weights.
fn style_terms(terms: &Terms, style: &Regions) -> Result<Vec<FeatureTerm>> {
    let mut all = Vec::new();
    for (i, term) in terms.style.iter().enumerate() {
        for (region, target) in style.at(term.layer)? {
            let statistics = target.layer(i)?;
            let goal = Goal::of_style(&statistics.compared)?;
            all.push(FeatureTerm::new(Term::Style(term.layer), term.tap(), region.cloned(), goal));
            if let Some(quantiles) = &statistics.quantiles {
                let goal = Goal::Histogram(quantiles.clone());
                all.push(FeatureTerm::new(Term::Histogram(term.layer), term.tap(), region.cloned(), goal));
            }
        }
    }
    Ok(all)
}
