//! The style of a canvas that is evaluated in tiles: what every tile adds to the statistics of the whole, and what the
//! losses ask of every tile once those are known.

use candle_core::{Result, Tensor};

use super::Term;
use super::loss::{gram, guided, moments};
use super::mask::Map;
use super::regions::Regions;
use super::target::{Compared, Statistics};
use super::terms::Terms;
use super::tiled_network::TiledNetwork;
use super::tiles::Tile;
use super::vgg::Tap;
use crate::recipe::LayerName;

/// What the styles ask of a canvas, a goal for every layer and, where there are masks, for every region.
pub struct TiledStyle {
    goals: Vec<Goal>,
    /// What of every layer is summed up.
    statistics_of: Terms,
}

struct Goal {
    layer: LayerName,
    weight: f64,
    /// Where it counts, if not everywhere.
    region: Option<Map>,
    target: Target,
}

enum Target {
    /// Features with this Gram matrix.
    Gram(Tensor),
    /// Features with this mean and covariance.
    Moments(moments::Target),
}

/// A goal's part of the loss, and its gradient at every pixel with the features `f`.
pub struct Pull {
    /// The term it belongs to.
    pub term: Term,
    /// Its loss, weight included.
    pub loss: f64,
    /// `dL/df = f S`, in a region times the pixel's share.
    slope: Tensor,
    /// What is added to that at every pixel.
    same_for_all: Option<Tensor>,
}

impl TiledStyle {
    /// The goals under `terms`.
    ///
    /// # Errors
    /// When the terms ask for what cannot be measured in tiles, or the style was measured for others. Artists are told
    /// before, by [`super::stage_plan`].
    pub fn new(terms: &Terms, style: &Regions) -> Result<Self> {
        if let Some(what) = terms.needs_the_whole() {
            candle_core::bail!("{what} cannot be measured in tiles");
        }
        let mut goals = Vec::new();
        for (i, term) in terms.style.iter().enumerate() {
            for (region, target) in style.at(term.layer)? {
                let target = Target::of(&target.layer(i)?.compared)?;
                goals.push(Goal { layer: term.layer, weight: 0.0, region: region.cloned(), target });
            }
        }
        let mut style = Self { goals, statistics_of: terms.clone() };
        style.set_weights(terms);
        Ok(style)
    }

    /// Changes the weights; `terms` must look at the same layers in the same way, see [`Terms::share_targets_with`].
    pub fn set_weights(&mut self, terms: &Terms) {
        for goal in &mut self.goals {
            goal.weight = terms.weight(Term::Style(goal.layer));
        }
    }

    /// Nothing summed up yet, for every goal.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn no_sums(&self, network: &TiledNetwork) -> Result<Vec<Statistics>> {
        let none = |goal: &Goal| Statistics::none(goal.tap(), &self.statistics_of, network.vgg.device());
        self.goals.iter().map(none).collect()
    }

    /// Adds what the tile last looked at has, goal by goal.
    ///
    /// # Errors
    /// When the device fails.
    pub fn add_to(&self, sums: &mut [Statistics], network: &TiledNetwork, tile: &Tile<'_>) -> Result<()> {
        for (goal, sum) in self.goals.iter().zip(sums) {
            match &goal.region {
                None => network.add_statistics(tile, goal.tap(), &self.statistics_of, sum)?,
                Some(region) => {
                    let shares = region.cut_out(tile.interior_on_map(goal.tap()));
                    let part = guided::total(&shares) / region.total();
                    if part > 0.0 {
                        let features = network.interior(tile, goal.tap())?;
                        sum.add(part, &Statistics::of(&features, Some(&shares), &self.statistics_of)?)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What every goal asks, now that all is summed up.
    ///
    /// # Errors
    /// When the device fails.
    pub fn pulls(&self, sums: &[Statistics], network: &TiledNetwork) -> Result<Vec<Pull>> {
        let goals = self.goals.iter().zip(sums);
        goals.map(|(goal, sum)| goal.pull(sum, network.pixels(goal.tap()) as f64)).collect()
    }

    /// The deepest layer at which a wanted term looks.
    pub fn deepest(&self, wanted: impl Fn(Term) -> bool) -> Option<Tap> {
        self.goals.iter().filter(|goal| wanted(Term::Style(goal.layer))).map(Goal::tap).max()
    }

    /// The gradient of the wanted terms at layer `layer` of the network, on the whole of the tile, into `gradient`.
    /// Answers with where they look, if any does.
    ///
    /// # Errors
    /// When the device fails.
    pub fn gradient_at(
        &self,
        layer: usize,
        pulls: &[Pull],
        wanted: impl Fn(Term) -> bool,
        tile: &Tile<'_>,
        features: &Tensor,
        gradient: &Tensor,
    ) -> Result<Option<Tap>> {
        let mut looked_at = None;
        for (goal, pull) in self.goals.iter().zip(pulls) {
            let tap = goal.tap();
            if tap.layer() != layer || !wanted(pull.term) {
                continue;
            }
            let accumulate = looked_at.is_some();
            match &goal.region {
                None => {
                    gram::pixelwise_product(features, &pull.slope, accumulate, gradient)?;
                    if let Some(vector) = &pull.same_for_all {
                        moments::add_to_pixels(vector, gradient)?;
                    }
                }
                Some(region) => {
                    let (shares, slopes) =
                        (region.cut_out(tile.on_map(tap)), (&pull.slope, pull.same_for_all.as_ref()));
                    guided::pull(features, slopes, &shares, accumulate, gradient)?;
                }
            }
            looked_at = Some(tap);
        }
        Ok(looked_at)
    }
}

impl Goal {
    fn tap(&self) -> Tap {
        self.layer.into()
    }

    /// Of a canvas with these statistics, whose feature map has so many pixels.
    fn pull(&self, found: &Statistics, pixels: f64) -> Result<Pull> {
        let term = Term::Style(self.layer);
        // A region's term counts by its part of the canvas, so the slope is the same as that of the whole.
        let part = self.region.as_ref().map_or(1.0, |region| region.total() / pixels);
        match (&self.target, &found.compared) {
            (Target::Gram(target), Compared::Gram(found)) => {
                let loss = self.weight * part * gram::loss(found, target)?.read()?;
                let slope = gram::slope(self.weight, pixels, found, target)?;
                Ok(Pull { term, loss, slope, same_for_all: None })
            }
            (Target::Moments(target), Compared::Moments(found)) => {
                let pull = target.pull(self.weight, pixels, found)?;
                let (loss, same_for_all) = (self.weight * part * pull.loss, Some(pull.same_for_all));
                Ok(Pull { term, loss, slope: pull.slope, same_for_all })
            }
            _ => candle_core::bail!("the canvas was measured for another loss"),
        }
    }
}

impl Target {
    fn of(style: &Compared) -> Result<Self> {
        Ok(match style {
            Compared::Gram(gram) => Self::Gram(gram.clone()),
            Compared::Moments(moments) => Self::Moments(moments::Target::new(moments)?),
        })
    }
}
