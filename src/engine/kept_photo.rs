//! Where the photo stays: the painting lies behind it.
//!
//! With the photo `P` and its mask `m` the canvas is `m P + (1 - m) y`, and the optimiser moves `y`, whose gradient is
//! `1 - m` times the canvas's. So the canvas is the photo, exactly, where the mask is white, and a soft transition where
//! it is grey; and since `y` stays as it was behind the photo, wiping the mask off brings the painting back.

use candle_core::{Device, Result, Tensor};

use super::mask::Map;
use super::{arena, vector};

/// The photo over a painting of one size.
pub struct KeptPhoto {
    photo: Tensor,
    /// `1 - m` for every colour of every pixel.
    painted: Tensor,
    /// Room for the canvas.
    canvas: Tensor,
}

impl KeptPhoto {
    /// Lays `photo` (`(height, width, 3)`) where `mask` is white.
    ///
    /// # Errors
    /// When the sizes differ or memory does not suffice.
    pub fn new(photo: Tensor, mask: &Map) -> Result<Self> {
        let painted: Vec<f32> = mask.shares().iter().flat_map(|share| [1.0 - share; 3]).collect();
        let shape = photo.dims3()?;
        let painted = Tensor::from_vec(painted, shape, &Device::Cpu)?.to_device(photo.device())?;
        let canvas = arena::tensor(shape, photo.device())?;
        Ok(Self { photo, painted, canvas })
    }

    /// The photo.
    #[must_use]
    pub fn photo(&self) -> &Tensor {
        &self.photo
    }

    /// The canvas of a painting; it holds until the next call.
    ///
    /// # Errors
    /// When the painting has another size, or the device fails.
    pub fn over(&self, painting: &Tensor) -> Result<&Tensor> {
        vector::copy(painting, &self.canvas)?;
        vector::blend(&self.photo, &self.painted, &self.canvas)?;
        Ok(&self.canvas)
    }

    /// Turns the gradient of the canvas into that of the painting, in place.
    ///
    /// # Errors
    /// When the gradient has another size, or the device fails.
    pub fn reach_through(&self, gradient: &Tensor) -> Result<()> {
        vector::multiply(&self.painted, gradient)
    }
}
