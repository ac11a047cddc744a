//! The loss of a canvas: `alpha * content + beta * style + gamma * tv`, and its gradient with respect to the pixels.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::Losses;
use super::loss::{content, gram, tv};
use super::vgg::{FeatureMaps, Tap, Vgg};
use crate::recipe::{LossWeights, Pooling};

/// Where the content loss looks (`conv4_2` in the paper means the ReLU after it).
pub const CONTENT_TAP: Tap = Tap::relu(4, 2);

/// Where the style loss looks.
pub const STYLE_TAPS: [Tap; 5] = [Tap::relu(1, 1), Tap::relu(2, 1), Tap::relu(3, 1), Tap::relu(4, 1), Tap::relu(5, 1)];

/// The deepest layer that any loss needs.
pub const DEEPEST_TAP: Tap = STYLE_TAPS[STYLE_TAPS.len() - 1];

/// Weight of one style layer: `1e3 / C^2`, as in the authors' notebook, so that layers with many channels, whose Gram
/// matrices have many entries, count as much as those with few.
#[must_use]
pub fn style_layer_weight(tap: Tap) -> f64 {
    1e3 / (tap.channels() * tap.channels()) as f64
}

/// The style of one or several pictures: a Gram matrix for each of [`STYLE_TAPS`].
#[derive(Clone)]
pub struct StyleTarget {
    pub(super) grams: Vec<Tensor>,
}

impl StyleTarget {
    /// Measures one picture (`(height, width, 3)`, mean subtracted).
    ///
    /// # Errors
    /// When memory does not suffice or the device fails.
    pub fn of(vgg: &Vgg, picture: &Tensor, pooling: Pooling) -> Result<Self> {
        let (height, width, _) = picture.dims3()?;
        let maps = FeatureMaps::new(height, width, DEEPEST_TAP, pooling, vgg.device())?;
        vgg.forward(picture, &maps)?;
        let grams = STYLE_TAPS.iter().map(|tap| gram::gram_matrix(maps.at(*tap))).collect::<Result<_>>()?;
        Ok(Self { grams })
    }

    /// The weighted average of several styles. Averaging is meaningful because a Gram matrix is a mean of products: the
    /// average belongs to a picture that is made of both in these proportions.
    ///
    /// # Errors
    /// When there is no style, or the device fails.
    pub fn blend(styles: &[(f64, Self)]) -> Result<Self> {
        let total: f64 = styles.iter().map(|(weight, _)| weight).sum();
        let Some((_, first)) = styles.first() else { candle_core::bail!("no style to blend") };
        if total.is_nan() || total <= 0.0 {
            candle_core::bail!("the style weights add up to {total}, expected more than 0");
        }
        let mut grams = Vec::with_capacity(first.grams.len());
        for layer in 0..first.grams.len() {
            let sum = first.grams[layer].zeros_like()?;
            for (weight, style) in styles {
                super::vector::add_scaled(weight / total, &style.grams[layer], &sum)?;
            }
            grams.push(sum);
        }
        Ok(Self { grams })
    }
}

/// The content of a picture: its feature map at [`CONTENT_TAP`].
#[derive(Clone)]
pub struct ContentTarget(Tensor);

impl ContentTarget {
    /// Measures a picture (`(height, width, 3)`, mean subtracted).
    ///
    /// # Errors
    /// When memory does not suffice or the device fails.
    pub fn of(vgg: &Vgg, picture: &Tensor, pooling: Pooling) -> Result<Self> {
        let (height, width, _) = picture.dims3()?;
        let maps = FeatureMaps::new(height, width, CONTENT_TAP, pooling, vgg.device())?;
        vgg.forward(picture, &maps)?;
        Ok(Self(maps.at(CONTENT_TAP).clone()))
    }
}

/// Evaluates the loss of canvases of one size.
pub struct Objective {
    vgg: Arc<Vgg>,
    maps: FeatureMaps,
    content: ContentTarget,
    style: StyleTarget,
    weights: LossWeights,
}

impl Objective {
    /// Prepares for canvases of the size of `content`'s picture, `height` x `width`.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn new(
        vgg: Arc<Vgg>,
        (height, width): (usize, usize),
        pooling: Pooling,
        content: ContentTarget,
        style: StyleTarget,
        weights: LossWeights,
    ) -> Result<Self> {
        let maps = FeatureMaps::with_gradient(height, width, DEEPEST_TAP, pooling, vgg.device())?;
        Ok(Self { vgg, maps, content, style, weights })
    }

    /// Changes alpha, beta and gamma from the next evaluation on.
    pub fn set_weights(&mut self, weights: LossWeights) {
        self.weights = weights;
    }

    /// The losses of `canvas`, and their gradient into `gradient` (both `(height, width, 3)`).
    ///
    /// # Errors
    /// When the tensors have another size, or the device fails.
    pub fn evaluate(&self, canvas: &Tensor, gradient: &Tensor) -> Result<Losses> {
        self.vgg.forward(canvas, &self.maps)?;
        let (mut content, mut style) = (0.0, 0.0);
        let (alpha, beta, gamma) =
            (f64::from(self.weights.content), f64::from(self.weights.style), f64::from(self.weights.tv));
        self.vgg.backward(
            &self.maps,
            |layer, features, gradient| {
                let mut written = false;
                if let Some(i) = STYLE_TAPS.iter().position(|tap| tap.layer() == layer) {
                    let weight = beta * style_layer_weight(STYLE_TAPS[i]);
                    let (gram, target) = (gram::gram_matrix(features)?, &self.style.grams[i]);
                    style += weight * gram::loss(&gram, target)?;
                    gram::gradient(weight, features, &gram, target, gradient)?;
                    written = true;
                }
                if layer == CONTENT_TAP.layer() {
                    content += alpha * content::loss(features, &self.content.0)?;
                    content::gradient(alpha, features, &self.content.0, written, gradient)?;
                    written = true;
                }
                Ok(written)
            },
            gradient,
        )?;
        let mut tv = 0.0;
        if gamma != 0.0 {
            tv = gamma * tv::loss(canvas)?;
            tv::add_gradient(gamma, canvas, gradient)?;
        }
        Ok(Losses { loss: content + style + tv, content, style, tv })
    }
}
