//! What the painting is compared with: measured from the photo and from the styles once for every size.

use candle_core::{Device, Result, Tensor};

use super::feature_maps::FeatureMaps;
use super::interrupt::Interrupt;
use super::loss::{gram, histogram, moments};
use super::terms::Terms;
use super::vgg::{Tap, Vgg};
use super::{arena, vector};
use crate::recipe::StyleLoss;

/// The content of a picture: its feature maps at the layers of [`Terms::content`], in that order.
#[derive(Clone)]
pub struct ContentTarget {
    pub(super) layers: Vec<Tensor>,
}

impl ContentTarget {
    /// Measures a picture (`(height, width, 3)`, mean subtracted).
    ///
    /// # Errors
    /// When memory does not suffice, the device fails, or `interrupt` is raised.
    pub fn of(vgg: &Vgg, picture: &Tensor, terms: &Terms, interrupt: &Interrupt) -> Result<Self> {
        let taps = terms.content_taps();
        if taps.is_empty() {
            return Ok(Self { layers: Vec::new() });
        }
        let (height, width, _) = picture.dims3()?;
        let mut maps = FeatureMaps::new(height, width, &taps, terms.variant, vgg.device())?;
        maps.interrupt = interrupt.clone();
        vgg.forward(picture, &maps)?;
        Ok(Self { layers: taps.iter().map(|tap| maps.at(*tap).clone()).collect() })
    }
}

/// What one style layer of a picture amounts to, wherever in the picture it is: only what may be averaged over pictures.
#[derive(Clone)]
pub(super) struct Statistics {
    /// The Gram matrix, `(C, C)`: the raw second moment of the features. Averaging is meaningful because it is a mean of
    /// products: the average belongs to a picture that is made of both in these proportions.
    pub second_moment: Tensor,
    /// `(C)`, for [`StyleLoss::Moments`]. Averages like the second moment, from which the covariance is made afterwards;
    /// the average of covariances would leave out how far the means lie apart.
    pub mean: Option<Tensor>,
    /// Quantiles of every channel, for the histogram term. The average of quantiles is the distribution between both
    /// (their Wasserstein barycentre).
    pub quantiles: Option<Tensor>,
}

impl Statistics {
    /// Measures a feature map as `terms` want it.
    ///
    /// # Errors
    /// When memory does not suffice or the device fails.
    pub fn of(features: &Tensor, terms: &Terms) -> Result<Self> {
        let wanted = |wanted: bool, measure: &dyn Fn() -> Result<Tensor>| wanted.then(measure).transpose();
        Ok(Self {
            second_moment: gram::gram_matrix(features)?,
            mean: wanted(terms.style_loss == StyleLoss::Moments, &|| moments::mean(features))?,
            quantiles: wanted(terms.histogram > 0.0, &|| histogram::quantiles(features))?,
        })
    }

    /// Zeros, to add up at `tap` what `terms` want of parts of a picture. Quantiles cannot be added up.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn zero(tap: Tap, terms: &Terms, device: &Device) -> Result<Self> {
        let channels = tap.channels();
        let mean = (terms.style_loss == StyleLoss::Moments).then(|| arena::tensor(channels, device));
        let second_moment = arena::tensor((channels, channels), device)?;
        Ok(Self { second_moment, mean: mean.transpose()?, quantiles: None })
    }

    /// Adds a part of the picture that has `share` of its pixels.
    ///
    /// # Errors
    /// When the device fails.
    pub fn add(&self, share: f64, part: &Self) -> Result<()> {
        vector::add_scaled(share, &part.second_moment, &self.second_moment)?;
        if let (Some(sum), Some(mean)) = (&self.mean, &part.mean) {
            vector::add_scaled(share, mean, sum)?;
        }
        Ok(())
    }

    /// The mean features.
    ///
    /// # Errors
    /// When they were not measured.
    pub fn mean(&self) -> Result<&Tensor> {
        self.mean.as_ref().ok_or_else(|| candle_core::Error::Msg("the style was measured without its mean".to_owned()))
    }

    /// The average of as many as there are shares, which add up to 1.
    fn average(shares: &[f64], all: &[&Self]) -> Result<Self> {
        let optional = |part: &dyn Fn(&Self) -> Option<&Tensor>| -> Result<Option<Tensor>> {
            let parts: Vec<&Tensor> = all.iter().filter_map(|one| part(one)).collect();
            (parts.len() == all.len()).then(|| weighted_sum(shares, &parts)).transpose()
        };
        let second_moments: Vec<&Tensor> = all.iter().map(|one| &one.second_moment).collect();
        Ok(Self {
            second_moment: weighted_sum(shares, &second_moments)?,
            mean: optional(&|one| one.mean.as_ref())?,
            quantiles: optional(&|one| one.quantiles.as_ref())?,
        })
    }
}

fn weighted_sum(shares: &[f64], tensors: &[&Tensor]) -> Result<Tensor> {
    let Some(first) = tensors.first() else { candle_core::bail!("no style to blend") };
    let sum = first.zeros_like()?;
    for (share, tensor) in shares.iter().zip(tensors) {
        vector::add_scaled(*share, tensor, &sum)?;
    }
    Ok(sum)
}

/// The style of one or several pictures: its statistics at the layers of [`Terms::style`], in that order.
#[derive(Clone)]
pub struct StyleTarget {
    pub(super) layers: Vec<Statistics>,
}

impl StyleTarget {
    /// Measures one picture (`(height, width, 3)`, mean subtracted).
    ///
    /// # Errors
    /// When memory does not suffice, the device fails, or `interrupt` is raised.
    pub fn of(vgg: &Vgg, picture: &Tensor, terms: &Terms, interrupt: &Interrupt) -> Result<Self> {
        let taps = terms.style_taps();
        if taps.is_empty() {
            return Ok(Self { layers: Vec::new() });
        }
        let (height, width, _) = picture.dims3()?;
        let mut maps = FeatureMaps::new(height, width, &taps, terms.variant, vgg.device())?;
        maps.interrupt = interrupt.clone();
        vgg.forward(picture, &maps)?;
        let layers = taps.iter().map(|tap| Statistics::of(maps.at(*tap), terms)).collect::<Result<_>>()?;
        Ok(Self { layers })
    }

    /// The statistics of one style layer, by its place in [`Terms::style`].
    pub(super) fn layer(&self, i: usize) -> Result<&Statistics> {
        self.layers.get(i).ok_or_else(|| candle_core::Error::Msg("the style was measured for other layers".to_owned()))
    }

    /// The weighted average of several styles.
    ///
    /// # Errors
    /// When there is no style, or the device fails.
    pub fn blend(styles: &[(f64, Self)]) -> Result<Self> {
        let total: f64 = styles.iter().map(|(weight, _)| weight).sum();
        let Some((_, first)) = styles.first() else { candle_core::bail!("no style to blend") };
        if total.is_nan() || total <= 0.0 {
            candle_core::bail!("the style weights add up to {total}, expected more than 0");
        }
        let shares: Vec<f64> = styles.iter().map(|(weight, _)| weight / total).collect();
        let layer = |i: usize| {
            let all: Vec<&Statistics> = styles.iter().filter_map(|(_, style)| style.layers.get(i)).collect();
            Statistics::average(&shares, &all)
        };
        Ok(Self { layers: (0..first.layers.len()).map(layer).collect::<Result<_>>()? })
    }
}
