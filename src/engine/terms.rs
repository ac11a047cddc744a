//! The terms of the loss as data: which layers they look at, how they compare, and how strongly each counts.

use super::Term;
use super::loss::{drawing, histogram, moments};
use super::vgg::{Tap, Variant};
use crate::recipe::{LayerName, LayerWeights, Recipe, StyleCurve, StyleLoss, TvNorm};

/// A term at one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerTerm {
    /// Where it looks.
    pub layer: LayerName,
    /// Everything that multiplies it.
    pub weight: f64,
}

impl LayerTerm {
    /// Where it looks, in the network.
    #[must_use]
    pub fn tap(&self) -> Tap {
        self.layer.into()
    }
}

/// Everything that a recipe says about the loss.
///
/// `loss = sum_l content_l * mean((F_l - P_l)^2) + drawing * D + sum_l style_l * (S_l + histogram * H_l) + tv * TV`, with the
/// loss of the drawing `D`, the style loss `S` that `style_loss` names and the histogram loss `H` brought to about the strength
/// of the Gram loss; see the files in [`loss`](super::loss).
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// The network that looks.
    pub variant: Variant,
    /// Content, from the pixels up: alpha times the layer's own weight.
    pub content: Vec<LayerTerm>,
    /// The photo's drawing: alpha times its own weight.
    pub drawing: f64,
    /// Style, from the pixels up: beta times the curve times the layer's own weight.
    pub style: Vec<LayerTerm>,
    /// What the style layers compare.
    pub style_loss: StyleLoss,
    /// Weight of the histogram term relative to the style term.
    pub histogram: f64,
    /// gamma.
    pub tv: f64,
    /// How neighbouring pixels are compared.
    pub tv_norm: TvNorm,
}

impl Terms {
    /// The terms that a recipe asks for; what has no weight is left out, and costs nothing.
    #[must_use]
    pub fn of(recipe: &Recipe) -> Self {
        let weights = recipe.weights();
        let (alpha, beta) = (f64::from(weights.content), f64::from(weights.style));
        Self {
            variant: Variant::of(recipe),
            content: layer_terms(&recipe.content_layers, |_| alpha),
            drawing: alpha * f64::from(recipe.drawing) * drawing::STRENGTH,
            style: layer_terms(&recipe.style_layers, |layer| beta * curve(recipe.style_curve, layer)),
            style_loss: recipe.style_loss,
            histogram: f64::from(recipe.histogram),
            tv: f64::from(weights.tv),
            tv_norm: recipe.tv_norm,
        }
    }

    /// What multiplies a term's own value; 0 for one that is not among these.
    #[must_use]
    pub fn weight(&self, term: Term) -> f64 {
        let at =
            |terms: &[LayerTerm], layer| terms.iter().find(|term| term.layer == layer).map_or(0.0, |term| term.weight);
        let strength = match self.style_loss {
            StyleLoss::Gram => 1.0,
            StyleLoss::Moments => moments::GRAM_STRENGTH,
        };
        match term {
            Term::Content(layer) => at(&self.content, layer),
            Term::Style(layer) => at(&self.style, layer) * strength,
            Term::Histogram(layer) => at(&self.style, layer) * self.histogram * histogram::GRAM_STRENGTH,
            Term::Drawing => self.drawing,
            Term::TotalVariation => self.tv,
        }
    }

    /// Where the content terms look.
    #[must_use]
    pub fn content_taps(&self) -> Vec<Tap> {
        self.content.iter().map(LayerTerm::tap).collect()
    }

    /// Where the style terms look.
    #[must_use]
    pub fn style_taps(&self) -> Vec<Tap> {
        self.style.iter().map(LayerTerm::tap).collect()
    }

    /// Where any term looks.
    #[must_use]
    pub fn taps(&self) -> Vec<Tap> {
        let mut taps = [self.content_taps(), self.style_taps()].concat();
        taps.sort_unstable();
        taps.dedup();
        taps
    }

    /// The deepest of them; the first layer where there is none.
    #[must_use]
    pub fn deepest(&self) -> Tap {
        self.taps().last().copied().unwrap_or(Tap::relu(1, 1))
    }

    /// What of these terms cannot be summed up tile by tile, in words.
    #[must_use]
    pub fn needs_the_whole(&self) -> Option<&'static str> {
        (self.histogram > 0.0).then_some("the histogram loss")
    }

    /// Whether pictures that were measured for `other` need not be measured again for these: the same layers are looked
    /// at in the same way, however much they count.
    #[must_use]
    pub fn share_targets_with(&self, other: &Self) -> bool {
        self.variant == other.variant
            && self.content_taps() == other.content_taps()
            && self.style_taps() == other.style_taps()
            && self.style_loss == other.style_loss
            && (self.histogram > 0.0) == (other.histogram > 0.0)
    }
}

fn layer_terms(layers: &LayerWeights, weight: impl Fn(LayerName) -> f64) -> Vec<LayerTerm> {
    let terms = layers.iter().map(|(layer, own)| LayerTerm { layer, weight: weight(layer) * f64::from(own) });
    terms.filter(|term| term.weight > 0.0).collect()
}

/// Weight of a style layer under a curve.
///
/// * `Paper`: `1e3 / C^2`, as in the authors' notebook, so that layers with many channels, whose Gram matrices have many
///   entries, count as much as those with few.
/// * `Falling`: four times less from block to block, as in style-transfer-pytorch. The first four blocks stand to each
///   other as under `Paper`, whose fifth counts as much as its fourth.
/// * `Equal`: the same for all.
///
/// The latter two are scaled so that over the first layers of the five blocks, the default, all curves add up to the same.
#[must_use]
pub fn curve(curve: StyleCurve, layer: LayerName) -> f64 {
    let paper = |tap: Tap| 1e3 / (tap.channels() * tap.channels()) as f64;
    let falling = |block: u8| 0.25f64.powi(i32::from(block) - 1);
    let total: f64 = (1..=5).map(|block| paper(Tap::relu(block, 1))).sum();
    match curve {
        StyleCurve::Paper => paper(layer.into()),
        StyleCurve::Falling => total * falling(layer.block()) / (1..=5).map(falling).sum::<f64>(),
        StyleCurve::Equal => total / 5.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Preset;

    fn layer(text: &str) -> LayerName {
        text.parse().unwrap()
    }

    #[test]
    fn gatys_has_the_notebooks_terms() {
        let terms = Terms::of(&Recipe::from_preset(Preset::Gatys));
        assert_eq!(terms.content, [LayerTerm { layer: layer("relu4_2"), weight: 1.0 }]);
        let weights = [64, 128, 256, 512, 512].map(|channels| 1e3 / f64::from(channels * channels));
        let expected: Vec<_> = (1..=5)
            .zip(weights)
            .map(|(block, weight)| LayerTerm { layer: LayerName::new(block, 1).unwrap(), weight })
            .collect();
        assert_eq!(terms.style, expected);
        assert_eq!((terms.style_loss, terms.histogram, terms.drawing, terms.tv), (StyleLoss::Gram, 0.0, 0.0, 0.0));
    }

    #[test]
    fn every_curve_adds_up_to_the_same_over_the_default_layers() {
        let sum = |kind| (1..=5).map(|block| curve(kind, LayerName::new(block, 1).unwrap())).sum::<f64>();
        for &kind in StyleCurve::ALL {
            assert!((sum(kind) / sum(StyleCurve::Paper) - 1.0).abs() < 1e-12, "{kind}");
        }
        let of = |kind, text| curve(kind, layer(text));
        assert!((of(StyleCurve::Falling, "relu2_2") / of(StyleCurve::Falling, "relu3_4") - 4.0).abs() < 1e-12);
        assert_eq!(of(StyleCurve::Equal, "relu1_1"), of(StyleCurve::Equal, "relu5_4"));
    }

    #[test]
    fn only_what_is_looked_at_asks_for_new_targets() {
        let recipe = Recipe::default();
        let terms = Terms::of(&recipe);
        let with = |change: &dyn Fn(&mut Recipe)| {
            let mut recipe = recipe.clone();
            change(&mut recipe);
            let changed = Terms::of(&recipe);
            assert_ne!(changed, terms);
            changed.share_targets_with(&terms)
        };
        assert!(with(&|recipe| recipe.style_strength = 1.0));
        assert!(with(&|recipe| recipe.style_layers.set(layer("relu3_1"), 0.5)));
        assert!(with(&|recipe| recipe.style_curve = StyleCurve::Equal));
        assert!(with(&|recipe| recipe.tv_norm = TvNorm::L1));
        assert!(with(&|recipe| recipe.drawing = 0.0));
        assert!(!with(&|recipe| recipe.style_layers.set(layer("relu3_1"), 0.0)));
        assert!(!with(&|recipe| recipe.content_layers.set(layer("relu3_4"), 0.5)));
        assert!(!with(&|recipe| recipe.style_loss = StyleLoss::Moments));
        assert!(!with(&|recipe| recipe.histogram = 1.0));
        assert!(!with(&|recipe| recipe.edges = crate::recipe::Edges::Zeros));
    }

    #[test]
    fn a_preset_without_content_looks_at_style_only() {
        let terms = Terms::of(&Recipe::from_preset(Preset::Texture));
        assert!(terms.content.is_empty());
        assert_eq!(terms.drawing, 0.0);
        assert_eq!(terms.taps(), terms.style_taps());
    }
}
