//! One device held to another: what `pentimento check-device` measures where a card is to be trusted for the first time.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use image::{Rgba, RgbaImage};
use serde::Serialize;

use super::evaluator::Evaluator;
use super::feature_maps::FeatureMaps;
use super::memory::{Budget, MemoryPlan};
use super::regions::Regions;
use super::target::StyleTarget;
use super::terms::Terms;
use super::tiles::Tiles;
use super::vgg::{Tap, Variant, Vgg};
use super::{Engine, EngineError, Interrupt, Job, Masks, StyleEngine, canvas, memory, vector};
use crate::image_io::Picture;
use crate::recipe::{Edges, LayerName, OptimizerKind, Pooling, Preset, Recipe, Scales, StyleLoss, TvNorm};

/// How far a device is from the one that it is held to. All distances are relative.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The device, in words.
    pub device: String,
    /// The one that it is held to.
    pub reference: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Of the features of every layer.
    pub features: Vec<(String, f64)>,
    /// Of loss and gradient under several recipes, each of which asks for other operators.
    pub evaluations: Vec<EvaluationDistance>,
    /// Losses of a painting on both, and their distance.
    pub trace: Vec<TraceDistance>,
}

/// The distance of one evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationDistance {
    /// What was evaluated.
    pub what: &'static str,
    /// Of the loss.
    pub loss: f64,
    /// Of the gradient.
    pub gradient: f64,
    /// Why there is no distance, where there is none.
    pub error: Option<String>,
}

/// The distance of two paintings after so many evaluations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TraceDistance {
    /// L-BFGS or Adam.
    pub optimizer: &'static str,
    /// Evaluations from the start of the painting.
    pub evaluation: u32,
    /// Loss on the device.
    pub loss: f64,
    /// Loss on the other.
    pub reference: f64,
    /// How far they are apart.
    pub distance: f64,
}

impl Comparison {
    /// What is further apart than it may be: features by more than `values`, gradients by ten times that (max pooling
    /// sends a gradient elsewhere where two values are as good as equal), losses of paintings by more than `trace`.
    #[must_use]
    pub fn faults(&self, values: f64, trace: f64) -> Vec<String> {
        // Not a number is further than anything.
        let far = |distance: f64, limit: f64| distance.is_nan() || distance > limit;
        let features = self.features.iter().filter(|(_, distance)| far(*distance, values));
        let mut faults: Vec<String> = features.map(|(layer, distance)| format!("{layer} {distance:.1e}")).collect();
        for EvaluationDistance { what, loss, gradient, error } in &self.evaluations {
            if let Some(error) = error {
                faults.push(format!("{what}: {error}"));
            } else if far(*loss, 10.0 * values) || far(*gradient, 10.0 * values) {
                faults.push(format!("{what}: loss {loss:.1e}, gradient {gradient:.1e}"));
            }
        }
        for at in self.trace.iter().filter(|at| far(at.distance, trace)) {
            faults.push(format!("{} after {} evaluations {:.1e}", at.optimizer, at.evaluation, at.distance));
        }
        faults
    }
}

/// Holds `engine` to `reference` on the photo and style of `job`, at the long side `size`, through paintings of so many
/// evaluations.
///
/// # Errors
/// When memory does not suffice or a device fails.
pub fn compare(
    reference: &StyleEngine,
    engine: &StyleEngine,
    job: &Job,
    size: u32,
    evaluations: u32,
) -> Result<Comparison, EngineError> {
    let (width, height) = super::schedule::canvas_size(job.content.width(), job.content.height(), size);
    let pair = Pair { engines: [engine, reference], job, width, height };
    let mut trace = pair.trace(OptimizerKind::Lbfgs, evaluations)?;
    trace.extend(pair.trace(OptimizerKind::Adam, evaluations)?);
    Ok(Comparison {
        device: engine.device_name(),
        reference: reference.device_name(),
        width,
        height,
        features: pair.features()?,
        evaluations: pair.evaluations()?,
        trace,
    })
}

/// The two devices, and what is computed on both.
struct Pair<'a> {
    engines: [&'a StyleEngine; 2],
    job: &'a Job,
    width: u32,
    height: u32,
}

impl Pair<'_> {
    /// What `compute` answers on both devices, brought to the processor.
    fn both<T>(&self, compute: impl Fn(&Arc<Vgg>) -> Result<T, EngineError>) -> Result<[T; 2], EngineError> {
        Ok([compute(self.engines[0].vgg())?, compute(self.engines[1].vgg())?])
    }

    /// The photo under noise: a canvas that is neither photo nor style.
    fn canvas(&self, vgg: &Vgg) -> Result<Tensor, EngineError> {
        let photo = canvas::from_picture(&self.job.content, self.width, self.height, vgg.mean_rgb(), vgg.device())?;
        let canvas = canvas::noise(1, canvas::NOISE_LEVELS, self.width, self.height, vgg.device())?;
        vector::add_scaled(1.0, &photo, &canvas)?;
        canvas::clamp(&canvas, vgg.mean_rgb())?;
        Ok(canvas)
    }

    fn features(&self) -> Result<Vec<(String, f64)>, EngineError> {
        let taps: Vec<Tap> = LayerName::all().map(Tap::from).collect();
        let variant = Variant { pooling: Pooling::Max, edges: Edges::Replicate };
        let [found, expected] = self.both(|vgg| {
            let maps = FeatureMaps::new(self.height as usize, self.width as usize, &taps, variant, vgg.device())?;
            vgg.forward(&self.canvas(vgg)?, &maps)?;
            Ok(taps.iter().map(|tap| maps.at(*tap).to_device(&Device::Cpu)).collect::<candle_core::Result<Vec<_>>>()?)
        })?;
        let layers = LayerName::all().zip(found.iter().zip(&expected));
        layers.map(|(layer, (found, expected))| Ok((layer.to_string(), distance(found, expected)?))).collect()
    }

    /// What fails under one recipe says nothing of the others.
    fn evaluations(&self) -> Result<Vec<EvaluationDistance>, EngineError> {
        let gatys = Recipe::from_preset(Preset::Gatys);
        let other = Recipe {
            pooling: Pooling::Average,
            edges: Edges::Zeros,
            drawing: 1.0,
            tv: 1.0,
            tv_norm: TvNorm::L1,
            ..gatys.clone()
        };
        let early = "relu1_2,relu2_2,relu3_1".parse()?;
        let early = Recipe { style_layers: early, tv: 1.0, edges: Edges::Replicate, ..gatys.clone() };
        // Narrow halos, so that smaller pictures can be cut too.
        let [content_layers, style_layers] = ["relu2_1", "relu1_1,relu2_1"].map(str::parse);
        let (content_layers, style_layers) = (content_layers?, style_layers?);
        let shallow = Recipe { content_layers, style_layers, ..gatys.clone() };
        let moments = Recipe { style_loss: StyleLoss::Moments, ..gatys.clone() };
        let shallow_moments = Recipe { style_loss: StyleLoss::Moments, ..shallow.clone() };
        let histogram = Recipe { histogram: 1.0, ..gatys.clone() };
        let all = [
            ("gatys", &gatys, Way::Whole),
            ("average pooling, zeros at the edges, drawing, L1 smoothing", &other, Way::Whole),
            ("losses before poolings, replicated edges, L2 smoothing", &early, Way::Whole),
            ("mean and covariance", &moments, Way::Whole),
            ("histogram", &histogram, Way::Whole),
            ("masked style", &gatys, Way::Masked),
            ("masked mean and covariance", &moments, Way::Masked),
            ("masked histogram", &histogram, Way::Masked),
            ("in tiles", &shallow, Way::Tiled),
            ("mean and covariance in tiles", &shallow_moments, Way::Tiled),
        ];
        let sensible = |way| !matches!(way, Way::Tiled) || self.cut(&Terms::of(&shallow)).is_some();
        let measured = all.into_iter().filter(|(_, _, way)| sensible(*way)).map(|(what, recipe, way)| {
            match self.evaluation(recipe, way) {
                Ok((loss, gradient)) => EvaluationDistance { what, loss, gradient, error: None },
                Err(error) => {
                    EvaluationDistance { what, loss: f64::NAN, gradient: f64::NAN, error: Some(error.to_string()) }
                }
            }
        });
        Ok(measured.collect())
    }

    /// Distances of loss and gradient.
    fn evaluation(&self, recipe: &Recipe, way: Way) -> Result<(f64, f64), EngineError> {
        let [(found, gradient), (expected, expected_gradient)] = self.both(|vgg| self.evaluate(vgg, recipe, way))?;
        Ok(((found - expected).abs() / expected.abs(), distance(&gradient, &expected_gradient)?))
    }

    /// The smallest tiles, where the picture is large enough for more than one.
    fn cut(&self, terms: &Terms) -> Option<Tiles> {
        let (rows, columns, deepest) = (self.height as usize, self.width as usize, terms.deepest());
        let smallest = Tiles::smallest_tile_pixels(rows, columns, deepest) as f64;
        Tiles::fitting(rows, columns, deepest, smallest).filter(|tiles| tiles.count() > 1)
    }

    /// Loss and gradient.
    fn evaluate(&self, vgg: &Arc<Vgg>, recipe: &Recipe, way: Way) -> Result<(f64, Tensor), EngineError> {
        let (rows, columns) = (self.height as usize, self.width as usize);
        let (terms, never) = (Terms::of(recipe), &Interrupt::default());
        let mean = vgg.mean_rgb();
        let picture = |picture: &Picture| canvas::from_picture(picture, self.width, self.height, mean, vgg.device());
        let style = StyleTarget::of(vgg, &picture(&self.job.styles[0])?, &terms, never)?;
        let regions = match way {
            Way::Masked => Regions::new(vec![(1.0, style)], &half(), (rows, columns), 0)?,
            Way::Whole | Way::Tiled => style.into(),
        };
        let demand = memory::Demand::of(recipe);
        let whole = memory::plan(self.width, self.height, &demand, Budget::default())?;
        let tiles = match way {
            Way::Tiled => self.cut(&terms).unwrap_or_else(|| whole.tiles.clone()),
            Way::Whole | Way::Masked => whole.tiles.clone(),
        };
        let plan = MemoryPlan { tiles, ..whole };
        let evaluator = Evaluator::new(vgg, &plan, &terms, &picture(&self.job.content)?, &regions, never)?;
        let canvas = self.canvas(vgg)?;
        let gradient = canvas.zeros_like()?;
        let losses = evaluator.evaluate(&canvas, &gradient)?;
        Ok((losses.loss, gradient.to_device(&Device::Cpu)?))
    }

    fn trace(&self, optimizer: OptimizerKind, evaluations: u32) -> Result<Vec<TraceDistance>, EngineError> {
        let size = self.width.max(self.height);
        let gatys = Recipe::from_preset(Preset::Gatys);
        let recipe = Recipe { size, scales: Scales::Single, optimizer, iterations: evaluations, ..gatys };
        let job = Job { recipe, masks: Masks::default(), init: None, ..self.job.clone() };
        let losses = |engine: &StyleEngine| -> Result<Vec<f64>, EngineError> {
            let mut painter = engine.begin(&job)?;
            let mut losses = Vec::new();
            while losses.len() < evaluations as usize && !painter.is_finished() {
                losses.extend(painter.step()?.evaluations.iter().map(|evaluation| evaluation.losses.loss));
            }
            Ok(losses)
        };
        let (found, expected) = (losses(self.engines[0])?, losses(self.engines[1])?);
        let name = match optimizer {
            OptimizerKind::Lbfgs => "L-BFGS",
            OptimizerKind::Adam => "Adam",
        };
        // Where the last step was shortened there are a few more.
        let marks = [1, 10, 25, 50, 100, 200, 500].into_iter().filter(|mark| *mark <= evaluations);
        let at = |mark: u32| Some((mark, *found.get(mark as usize - 1)?, *expected.get(mark as usize - 1)?));
        let point = |(evaluation, loss, reference): (u32, f64, f64)| {
            let distance = (loss - reference).abs() / reference.abs();
            TraceDistance { optimizer: name, evaluation, loss, reference, distance }
        };
        Ok(marks.filter_map(at).map(point).collect())
    }
}

/// How an evaluation goes about it.
#[derive(Clone, Copy)]
enum Way {
    Whole,
    Masked,
    Tiled,
}

/// A style that acts in one half, softly.
fn half() -> Masks {
    let grey = |x: u32| (x * 4).min(255) as u8;
    let mask = RgbaImage::from_fn(128, 8, |x, _| Rgba([grey(x), grey(x), grey(x), 255]));
    Masks { styles: vec![Some(Arc::new(Picture::from_rgba(mask)))], photo: None }
}

/// `|found - expected| / |expected|`, both on the processor.
fn distance(found: &Tensor, expected: &Tensor) -> Result<f64, EngineError> {
    let norm = vector::dot(expected, expected)?;
    Ok((vector::squared_distance(found, expected)? / norm).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::DeviceChoice;

    #[test]
    fn a_device_is_as_far_from_itself_as_nothing() {
        let engine = StyleEngine::new(DeviceChoice::Cpu, None).unwrap();
        let picture = |turn: u32| {
            let image = RgbaImage::from_fn(40, 33, |x, y| Rgba([(5 * x) as u8, (turn * y) as u8, (x * y) as u8, 255]));
            Arc::new(Picture::from_rgba(image))
        };
        let (recipe, content, styles) = (Recipe::default(), picture(3), vec![picture(7)]);
        let job = Job { recipe, content, styles, init: None, masks: Masks::default() };
        let mut found = compare(&engine, &engine, &job, 32, 11).unwrap();
        assert_eq!((found.width, found.height), (32, 26));
        // Too small for tiles.
        assert_eq!((found.features.len(), found.evaluations.len(), found.trace.len()), (16, 8, 4));
        assert!(found.trace.iter().all(|at| at.loss > 0.0), "{found:?}");
        assert_eq!(found.faults(0.0, 0.0), Vec::<String>::new(), "{found:?}");

        found.features[3].1 = 2e-3;
        found.evaluations[1].gradient = f64::NAN;
        found.trace[3].distance = 0.03;
        assert_eq!(found.faults(1e-3, 0.02).len(), 3);
        assert_eq!(found.faults(1e-2, 0.05).len(), 1, "what is not a number is always too far");
        found.evaluations[1].error = Some("the card is on fire".to_owned());
        assert!(found.faults(1e-2, 0.05)[0].contains("on fire"));
    }
}
