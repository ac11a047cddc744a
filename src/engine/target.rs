//! What the painting is compared with: measured from the photo and from the styles once for every size.

use candle_core::{Device, Result, Tensor};

use super::feature_maps::FeatureMaps;
use super::interrupt::Interrupt;
use super::loss::drawing::Drawing;
use super::loss::moments::Moments;
use super::loss::{gram, guided, histogram};
use super::terms::Terms;
use super::vgg::{Tap, Vgg};
use super::{arena, vector};
use crate::recipe::StyleLoss;

/// The content of a picture.
pub struct ContentTarget {
    /// Its feature maps at the layers of [`Terms::content`], in that order.
    pub(super) layers: Vec<Tensor>,
    pub(super) drawing: Drawing,
}

impl ContentTarget {
    /// Measures a picture (`(height, width, 3)`, mean subtracted).
    ///
    /// # Errors
    /// When memory does not suffice, the device fails, or `interrupt` is raised.
    pub fn of(vgg: &Vgg, picture: &Tensor, terms: &Terms, interrupt: &Interrupt) -> Result<Self> {
        let (taps, drawing) = (terms.content_taps(), Drawing::of(picture)?);
        if taps.is_empty() {
            return Ok(Self { layers: Vec::new(), drawing });
        }
        let (height, width, _) = picture.dims3()?;
        let mut maps = FeatureMaps::new(height, width, &taps, terms.variant, vgg.device())?;
        maps.interrupt = interrupt.clone();
        vgg.forward(picture, &maps)?;
        Ok(Self { layers: taps.iter().map(|tap| maps.at(*tap).clone()).collect(), drawing })
    }
}

/// What one style layer of a picture amounts to, wherever in the picture it is: only what may be averaged over pictures.
#[derive(Clone)]
pub(super) struct Statistics {
    /// What the style loss compares.
    pub compared: Compared,
    /// Quantiles of every channel, for the histogram term. The average of quantiles is the distribution between both
    /// (their Wasserstein barycentre).
    pub quantiles: Option<Tensor>,
}

/// What a style loss compares. Averaging is meaningful: what it gives belongs to a picture that is made of both in these
/// proportions.
#[derive(Clone)]
pub(super) enum Compared {
    /// The Gram matrix, `(C, C)`: the raw second moment of the features.
    Gram(Tensor),
    /// Mean and covariance.
    Moments(Moments),
}

impl Statistics {
    /// Measures a feature map as `terms` want it, or what of it `shares`, one for every pixel, give to a region.
    ///
    /// # Errors
    /// When memory does not suffice, quantiles of a region are wanted, or the device fails.
    pub fn of(features: &Tensor, shares: Option<&[f32]>, terms: &Terms) -> Result<Self> {
        let compared = match (terms.style_loss, shares) {
            (StyleLoss::Gram, None) => Compared::Gram(gram::gram_matrix(features)?),
            (StyleLoss::Gram, Some(shares)) => Compared::Gram(guided::gram_matrix(features, shares)?),
            (StyleLoss::Moments, shares) => Compared::Moments(Moments::of(features, shares)?),
        };
        let quantiles = match (terms.histogram > 0.0, shares) {
            (false, _) => None,
            (true, None) => Some(histogram::quantiles(features)?),
            (true, Some(_)) => candle_core::bail!("quantiles are those of whole pictures"),
        };
        Ok(Self { compared, quantiles })
    }

    /// Nothing yet, to add up at `tap` what `terms` want of parts of a picture. Quantiles cannot be added up.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn none(tap: Tap, terms: &Terms, device: &Device) -> Result<Self> {
        let channels = tap.channels();
        let compared = match terms.style_loss {
            StyleLoss::Gram => Compared::Gram(arena::tensor((channels, channels), device)?),
            StyleLoss::Moments => Compared::Moments(Moments::none(channels, device)?),
        };
        Ok(Self { compared, quantiles: None })
    }

    /// Adds a part of the picture that has `share` of its pixels.
    ///
    /// # Errors
    /// When it was measured for another loss, or the device fails.
    pub fn add(&mut self, share: f64, part: &Self) -> Result<()> {
        match (&mut self.compared, &part.compared) {
            (Compared::Gram(sum), Compared::Gram(part)) => vector::add_scaled(share, part, sum),
            (Compared::Moments(sum), Compared::Moments(part)) => sum.add(share, part),
            _ => candle_core::bail!("the style was measured for another loss"),
        }
    }

    /// The average of as many as there are shares, which add up to 1.
    fn average(shares: &[f64], all: &[&Self]) -> Result<Self> {
        let Some(first) = all.first() else { candle_core::bail!("no style to blend") };
        let compared = match &first.compared {
            Compared::Gram(gram) => Compared::Gram(gram.zeros_like()?),
            Compared::Moments(moments) => Compared::Moments(moments.nothing()?),
        };
        let quantiles: Vec<&Tensor> = all.iter().filter_map(|one| one.quantiles.as_ref()).collect();
        let quantiles = (quantiles.len() == all.len()).then(|| weighted_sum(shares, &quantiles)).transpose()?;
        let mut average = Self { compared, quantiles };
        for (share, one) in shares.iter().zip(all) {
            average.add(*share, one)?;
        }
        Ok(average)
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
        let layers = taps.iter().map(|tap| Statistics::of(maps.at(*tap), None, terms)).collect::<Result<_>>()?;
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
