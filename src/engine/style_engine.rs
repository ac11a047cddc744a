//! The real engine: VGG-19 on a device.

use std::path::Path;
use std::sync::Arc;

use super::device::{self, DeviceChoice};
use super::transfer::StyleTransfer;
use super::vgg::Vgg;
use super::weights::VggWeights;
use super::{Engine, EngineError, Job, Painter};

/// VGG-19, its weights loaded and laid out.
pub struct StyleEngine {
    vgg: Arc<Vgg>,
}

impl StyleEngine {
    /// Opens the device and lays out the weights: the built-in ones, or those of a file.
    ///
    /// # Errors
    /// When the device is not there or the file cannot be used.
    pub fn new(device: DeviceChoice, weights: Option<&Path>) -> Result<Self, EngineError> {
        let device = device::open(device)?;
        let weights = VggWeights::load(weights)?;
        Ok(Self { vgg: Arc::new(Vgg::new(weights, device)) })
    }

    /// The network.
    #[must_use]
    pub fn vgg(&self) -> &Arc<Vgg> {
        &self.vgg
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

    fn begin(&self, job: &Job) -> Result<Box<dyn Painter>, EngineError> {
        Ok(Box::new(StyleTransfer::new(Arc::clone(&self.vgg), job.clone())?))
    }
}
