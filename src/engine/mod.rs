//! The numerics: VGG-19 features, losses, optimisers and the coarse-to-fine loop.
//!
//! The studio and the command line see only [`Engine`] and [`Painter`], so that both can be tested with a fake that
//! needs no weights. Nothing here knows of windows, channels or files of paintings.

#[cfg(test)]
mod adjoints;
mod arena;
mod average;
mod canvas;
mod change;
mod colour_match;
pub mod comparison;
pub mod conv;
#[cfg(any(feature = "cuda", test))]
mod cuda;
mod detail;
pub mod device;
mod error;
mod estimate;
mod evaluator;
pub mod feature_maps;
mod finishing;
mod interrupt;
mod kept_photo;
pub mod loss;
mod margin;
mod mask;
mod memory;
pub mod objective;
pub mod optimizer;
mod output;
mod pace;
mod panel;
mod pixel_terms;
pub mod precision;
mod prefetch;
mod preparation;
mod recolour;
mod region;
pub mod regions;
pub mod schedule;
pub mod score;
pub mod simd;
mod stage_plan;
mod storage;
mod style_engine;
mod style_mix;
mod symmetric;
pub mod target;
pub mod terms;
#[cfg(test)]
mod test_support;
pub mod threads;
mod tiled;
mod tiled_network;
mod tiled_style;
mod tiles;
mod transfer;
pub mod vector;
pub mod vgg;
pub mod weights;

use std::sync::Arc;

use image::RgbaImage;
use serde::Serialize;

use crate::image_io::{Picture, Rgba16Image};
use crate::recipe::{LayerName, Recipe};

pub use device::{DeviceChoice, DeviceReport, describe_devices};
pub use error::EngineError;
pub use estimate::{Estimate, StageEstimate};
pub use finishing::{NothingToFinish, before_finishing, finishing};
pub use interrupt::Interrupt;
pub use mask::Masks;
pub use memory::limit as limit_memory;
pub use score::{Score, score};
pub use style_engine::StyleEngine;
pub use transfer::StyleTransfer;

/// A recipe together with the pixels of the pictures it names.
#[derive(Debug, Clone)]
pub struct Job {
    /// The parameters.
    pub recipe: Recipe,
    /// Pixels of `recipe.content`.
    pub content: Arc<Picture>,
    /// Pixels of `recipe.styles`, in the same order.
    pub styles: Vec<Arc<Picture>>,
    /// Pixels of `recipe.init` where that is a picture.
    pub init: Option<Arc<Picture>>,
    /// Pixels of the masks.
    pub masks: Masks,
}

/// The terms of the loss, already multiplied by their weights, and their sum.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Losses {
    /// `content + drawing + style + tv`.
    pub loss: f64,
    /// alpha times the content loss.
    pub content: f64,
    /// alpha times the loss of the drawing.
    pub drawing: f64,
    /// beta times the style loss.
    pub style: f64,
    /// gamma times the total variation.
    pub tv: f64,
}

impl Losses {
    /// Sums up the terms, which may come in several parts.
    #[must_use]
    pub fn of(terms: impl IntoIterator<Item = (Term, f64)>) -> Self {
        let mut sums = Self::default();
        for (term, loss) in terms {
            *match term {
                Term::Content(_) => &mut sums.content,
                Term::Drawing => &mut sums.drawing,
                Term::Style(_) | Term::Histogram(_) => &mut sums.style,
                Term::TotalVariation => &mut sums.tv,
            } += loss;
            sums.loss += loss;
        }
        sums
    }
}

/// A term of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// The content loss at one layer.
    Content(LayerName),
    /// The style loss at one layer.
    Style(LayerName),
    /// The histogram loss at one style layer.
    Histogram(LayerName),
    /// The photo's drawing.
    Drawing,
    /// Total variation of the canvas.
    TotalVariation,
}

/// What one term adds to the loss and to its gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TermShare {
    /// The term.
    pub term: Term,
    /// Its loss, weight included.
    pub loss: f64,
    /// Root mean square over the canvas of its gradient with respect to the pixels, weight included.
    pub gradient_rms: f64,
}

/// One evaluation of loss and gradient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Evaluation {
    /// Evaluations since the start of the painting, this one included.
    pub evaluation: u32,
    /// The losses found.
    #[serde(flatten)]
    pub losses: Losses,
    /// Seconds since the start of the painting.
    pub seconds: f64,
}

/// What one optimiser iteration did.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Stage of the coarse-to-fine plan, from 0.
    pub stage: usize,
    /// Number of stages in the plan.
    pub stages: usize,
    /// Iterations done in the whole painting, this one included.
    pub iteration: u32,
    /// Iterations that the whole painting will have.
    pub iterations: u32,
    /// Estimated seconds until the painting is finished, once there is something to estimate from.
    pub remaining_secs: Option<f64>,
    /// Canvas width in this stage, in pixels.
    pub width: u32,
    /// Canvas height in this stage, in pixels.
    pub height: u32,
    /// Losses of the canvas as it stands now.
    pub losses: Losses,
    /// Every evaluation that this iteration made, in order.
    pub evaluations: Vec<Evaluation>,
    /// A sentence for the artist when something unusual happened (a non-finite loss was rolled back, say).
    pub notice: Option<String>,
}

/// A painting in progress.
pub trait Painter: Send {
    /// Does one optimiser iteration; does nothing to a finished painting but report it again.
    ///
    /// # Errors
    /// When the device fails or memory runs out; the canvas keeps its last good state.
    fn step(&mut self) -> Result<Progress, EngineError>;

    /// As [`Painter::step`], but if `interrupt` is raised meanwhile, the iteration, or the preparation of the next size before
    /// it, may be broken off: then nothing has changed, but that the canvas may have the next size, and there is nothing to
    /// tell. The next call does it from its beginning. A painter whose iterations are short need not look.
    ///
    /// # Errors
    /// As [`Painter::step`].
    fn step_unless(&mut self, interrupt: &Interrupt) -> Result<Option<Progress>, EngineError> {
        let _ = interrupt;
        self.step().map(Some)
    }

    /// Whether every planned iteration is done. A later [`Painter::revise`] may make it unfinished again.
    fn is_finished(&self) -> bool;

    /// The canvas as the recipe finishes it (see [`crate::recipe::Colours`]), as transparent as the photo: 8-bit RGBA at
    /// the size of the current stage.
    ///
    /// # Errors
    /// When the canvas cannot be read from the device.
    fn frame(&self) -> Result<RgbaImage, EngineError>;

    /// As [`Painter::frame`], rounded to 16 bits a channel.
    ///
    /// # Errors
    /// When the canvas cannot be read from the device.
    fn deep_frame(&self) -> Result<Rgba16Image, EngineError>;

    /// What is painted, where [`Painter::frame`] shows something else: not in the photo's colours, and without the photo where that
    /// stays. Whoever wants to go back to it needs this.
    ///
    /// # Errors
    /// When the canvas cannot be read from the device.
    fn bare_frame(&self) -> Result<Option<RgbaImage>, EngineError> {
        Ok(None)
    }

    /// Stirs Gaussian noise of a standard deviation of `levels` out of 255 into the canvas. The optimiser forgets how it
    /// came there, and a finished painting is painted on.
    ///
    /// # Errors
    /// When `levels` is out of the range of [`crate::recipe::parameter::STIR`] or the device fails; the painting then
    /// goes on as before.
    fn stir(&mut self, levels: f32) -> Result<(), EngineError>;

    /// Goes on from this picture in the canvas' place, stretched to the size of the current stage; where that is its own
    /// size, from exactly its pixels. The optimiser forgets how it came there, and a finished painting is painted on.
    ///
    /// # Errors
    /// When memory does not suffice; the painting then goes on as before.
    fn go_on_from(&mut self, picture: &Picture) -> Result<(), EngineError>;

    /// Lays `picture` over the canvas where `mask` is white, and in part where it is grey, both stretched to the size of the current
    /// stage. The optimiser forgets how it came there. What is finished stays so.
    ///
    /// # Errors
    /// When memory does not suffice; the painting then goes on as before.
    fn retouch(&mut self, picture: &Picture, mask: &Picture) -> Result<(), EngineError>;

    /// Puts the canvas from before the last [`Painter::retouch`] back, exactly; tells whether that was still there: it is not once
    /// the canvas was painted on or changed otherwise.
    ///
    /// # Errors
    /// When the device fails.
    fn take_back_retouch(&mut self) -> Result<bool, EngineError>;

    /// Paints a finished painting on, once more for as long as its last stage.
    fn go_on(&mut self);

    /// Goes on where this painting was before, or another of the same job was left: from this picture, after so many
    /// iterations, hence in the stage to which they belong. If that was the end, it is painted on as by
    /// [`Painter::go_on_from`].
    ///
    /// # Errors
    /// When that stage cannot be prepared.
    fn take_up(&mut self, picture: &Picture, iterations: u32) -> Result<(), EngineError> {
        let _ = iterations;
        self.go_on_from(picture)
    }

    /// As [`Painter::take_up`], but if `interrupt` is raised meanwhile, it may be broken off: then it is to be done again
    /// before anything else, or not at all.
    ///
    /// # Errors
    /// As [`Painter::take_up`].
    fn take_up_unless(
        &mut self,
        picture: &Picture,
        iterations: u32,
        interrupt: &Interrupt,
    ) -> Result<Option<()>, EngineError> {
        let _ = interrupt;
        self.take_up(picture, iterations).map(Some)
    }

    /// Goes on painting the same canvas under a changed job: new weights act at the very next iteration, new pictures
    /// or sizes re-enter the current stage.
    ///
    /// # Errors
    /// When the recipe is invalid or the new stage cannot be prepared; the painting then goes on as before.
    fn revise(&mut self, job: &Job) -> Result<(), EngineError>;

    /// As [`Painter::revise`], but if `interrupt` is raised meanwhile, it may be broken off: then nothing has changed.
    ///
    /// # Errors
    /// As [`Painter::revise`].
    fn revise_unless(&mut self, job: &Job, interrupt: &Interrupt) -> Result<Option<()>, EngineError> {
        let _ = interrupt;
        self.revise(job).map(Some)
    }

    /// What each term of the loss adds to it and to its gradient on the canvas as it stands: content, style and histogram
    /// terms from the pixels up, then the drawing and total variation. Changes nothing and takes several iterations' time.
    ///
    /// # Errors
    /// When the device fails.
    fn shares(&mut self) -> Result<Vec<TermShare>, EngineError>;

    /// As [`Painter::shares`], but if `interrupt` is raised meanwhile, it may be broken off.
    ///
    /// # Errors
    /// As [`Painter::shares`].
    fn shares_unless(&mut self, interrupt: &Interrupt) -> Result<Option<Vec<TermShare>>, EngineError> {
        let _ = interrupt;
        self.shares().map(Some)
    }
}

/// Something that can paint.
pub trait Engine: Send + Sync {
    /// The device in words that an artist understands, for example `CPU, 2 threads, AVX2`.
    fn device_name(&self) -> String;

    /// What the artist may want to know about the choice of this device, in a sentence: why it is not a card, say.
    fn device_remark(&self) -> Option<String> {
        None
    }

    /// What a painting would take. An engine that does not measure its pace tells no time.
    ///
    /// # Errors
    /// When the recipe is invalid or memory does not suffice.
    fn estimate(&self, job: &Job) -> Result<Estimate, EngineError> {
        Estimate::reckon(job, &candle_core::Device::Cpu, None)
    }

    /// Prepares a painting up to, and not including, its first iteration.
    ///
    /// # Errors
    /// When the recipe is invalid, the weights cannot be read, or memory does not suffice.
    fn begin(&self, job: &Job) -> Result<Box<dyn Painter>, EngineError>;

    /// As [`Engine::begin`], but if `interrupt` is raised meanwhile, it may be broken off.
    ///
    /// # Errors
    /// As [`Engine::begin`].
    fn begin_unless(&self, job: &Job, interrupt: &Interrupt) -> Result<Option<Box<dyn Painter>>, EngineError> {
        let _ = interrupt;
        self.begin(job).map(Some)
    }
}
