//! The real engine: VGG-19 on a device.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::device::{self, DeviceChoice, Opened};
use super::evaluator::Evaluator;
use super::memory::{self, Budget, Demand};
use super::target::StyleTarget;
use super::transfer::StyleTransfer;
use super::vgg::Vgg;
use super::weights::VggWeights;
use super::{Engine, EngineError, Estimate, Interrupt, Job, Painter, canvas, threads};

/// Side of the canvas on which the pace is measured: large enough for every layer to run at its usual rate, small enough to
/// take a second at most.
const PACE_SIDE_PX: u32 = 256;

/// VGG-19, its weights loaded and laid out.
pub struct StyleEngine {
    vgg: Arc<Vgg>,
    /// Why it does not paint on a card.
    remark: Option<String>,
}

impl StyleEngine {
    /// Opens the device and lays out the weights: the built-in ones, or those of a file.
    ///
    /// # Errors
    /// When the device is not there or the file cannot be used.
    pub fn new(device: DeviceChoice, weights: Option<&Path>) -> Result<Self, EngineError> {
        let Opened { device, cuda_unavailable } = device::open(device)?;
        let weights = VggWeights::load(weights)?;
        Ok(Self { vgg: Arc::new(Vgg::new(weights, device)), remark: cuda_unavailable })
    }

    /// The network.
    #[must_use]
    pub fn vgg(&self) -> &Arc<Vgg> {
        &self.vgg
    }

    /// Seconds that an evaluation takes for each pixel, measured now.
    fn pace(&self, job: &Job) -> Result<f64, EngineError> {
        let (demand, side, never) = (Demand::of(&job.recipe), PACE_SIDE_PX, &Interrupt::default());
        let canvas = canvas::noise(0, canvas::NOISE_LEVELS, side, side, self.vgg.device())?;
        let at_once = Budget { bytes: None, ..memory::budget(self.vgg.device(), 0.0) };
        let plan = memory::plan(side, side, &demand, at_once)?;
        let style = StyleTarget::of(&self.vgg, &canvas, &demand.terms, never)?;
        let evaluator = Evaluator::new(&self.vgg, &plan, &demand.terms, &canvas, &style.into(), never)?;
        let gradient = canvas.zeros_like()?;
        threads::pool().install(|| {
            // The first evaluation touches its memory for the first time, which no later one does.
            evaluator.evaluate(&canvas, &gradient)?;
            let begun = Instant::now();
            evaluator.evaluate(&canvas, &gradient)?;
            Ok(begun.elapsed().as_secs_f64() / f64::from(side * side))
        })
    }

    /// The weights in words.
    #[must_use]
    pub fn weights_description(&self) -> &str {
        self.vgg.description()
    }
}

impl Engine for StyleEngine {
    fn device_name(&self) -> String {
        device::name(self.vgg.device())
    }

    fn device_remark(&self) -> Option<String> {
        self.remark.as_ref().map(|reason| format!("Not on a CUDA card, because {reason}."))
    }

    fn estimate(&self, job: &Job) -> Result<Estimate, EngineError> {
        // Without the time first: what does not fit needs no measuring.
        let device = self.vgg.device();
        Estimate::reckon(job, device, None)?;
        Estimate::reckon(job, device, Some(self.pace(job)?))
    }

    fn begin(&self, job: &Job) -> Result<Box<dyn Painter>, EngineError> {
        Ok(Box::new(StyleTransfer::new(Arc::clone(&self.vgg), job.clone(), &Interrupt::default())?))
    }

    fn begin_unless(&self, job: &Job, interrupt: &Interrupt) -> Result<Option<Box<dyn Painter>>, EngineError> {
        let painter = interrupt.unless_raised(StyleTransfer::new(Arc::clone(&self.vgg), job.clone(), interrupt))?;
        Ok(painter.map(|painter| Box::new(painter) as Box<dyn Painter>))
    }
}
