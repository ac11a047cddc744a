//! Between pictures and the tensors that the network sees: `(height, width, 3)`, red green blue on the 0..255 scale,
//! minus the mean colour of the weights.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Result, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

#[cfg(feature = "cuda")]
use super::cuda;
use super::schedule::Stage;
use super::storage::values_mut;
use super::{detail, margin, threads};
use crate::image_io::{Picture, resample_rgb_f32};

/// Standard deviation of a canvas of noise, in levels out of 255: visible grain around the mean colour, neither black
/// nor white anywhere.
pub const NOISE_LEVELS: f32 = 25.0;

/// A picture at `width` x `height`.
///
/// # Errors
/// When memory does not suffice.
pub fn from_picture(picture: &Picture, width: u32, height: u32, mean_rgb: [f32; 3], device: &Device) -> Result<Tensor> {
    from_rgb(picture.to_rgb_f32(width, height), width, height, mean_rgb, device)
}

/// Interleaved RGB in 0..255 of a picture of `width` x `height` pixels.
///
/// # Errors
/// When there are not as many values as the size says, or memory does not suffice.
pub fn from_rgb(mut values: Vec<f32>, width: u32, height: u32, mean_rgb: [f32; 3], device: &Device) -> Result<Tensor> {
    for pixel in values.chunks_exact_mut(3) {
        pixel.iter_mut().zip(mean_rgb).for_each(|(value, mean)| *value -= mean);
    }
    tensor(values, width, height, device)
}

/// Gaussian noise around zero, which is the mean colour, of a standard deviation of `levels` out of 255; the same for
/// the same seed and size.
///
/// # Errors
/// When memory does not suffice.
pub fn noise(seed: u64, levels: f32, width: u32, height: u32, device: &Device) -> Result<Tensor> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = || -> f32 { StandardNormal.sample(&mut generator) };
    let values = (0..width as usize * height as usize * 3).map(|_| levels * normal()).collect();
    tensor(values, width, height, device)
}

/// The canvas of a stage enlarged or reduced to that of another: the picture without its margin of `margin` pixels, at the
/// size of `stage`, mirrored in that one's margin. Where it grows it takes on the detail of `photo`, if there is one.
/// Brought back into the range of colours.
///
/// # Errors
/// When the canvas cannot be read from the device.
pub fn resample(
    canvas: &Tensor,
    margin: u32,
    stage: &Stage,
    photo: Option<&Picture>,
    mean_rgb: [f32; 3],
) -> Result<Tensor> {
    let (height, width, _) = canvas.dims3()?;
    let picture = margin::cut(canvas.flatten_all()?.to_vec1::<f32>()?, width, margin);
    let (from, to) = ((width as u32 - 2 * margin, height as u32 - 2 * margin), (stage.width, stage.height));
    let mut picture = resample_rgb_f32(&picture, from, to);
    if let Some(photo) = photo {
        detail::add(photo, from, to, &mut picture);
    }
    let picture = margin::mirror::<3>(&picture, to, stage.margin);
    let (width, height) = stage.canvas_size();
    let resampled = tensor(picture, width, height, canvas.device())?;
    clamp(&resampled, mean_rgb)?;
    Ok(resampled)
}

/// The canvas as interleaved RGB, held to 0..=255.
///
/// # Errors
/// When the canvas cannot be read from the device.
pub fn to_rgb(canvas: &Tensor, mean_rgb: [f32; 3]) -> Result<Vec<f32>> {
    let mut values = canvas.flatten_all()?.to_vec1::<f32>()?;
    for pixel in values.chunks_exact_mut(3) {
        pixel.iter_mut().zip(mean_rgb).for_each(|(value, mean)| *value = (*value + mean).clamp(0.0, 255.0));
    }
    Ok(values)
}

/// Brings every value of the canvas back into the range of colours.
///
/// # Errors
/// When the canvas is not a contiguous `f32` picture, or the device fails.
pub fn clamp(canvas: &Tensor, mean_rgb: [f32; 3]) -> Result<()> {
    canvas.inplace_op1(&Clamp(mean_rgb))
}

struct Clamp([f32; 3]);

impl InplaceOp1 for Clamp {
    fn name(&self) -> &'static str {
        "clamp-colours"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, canvas: &mut CudaStorage, layout: &Layout) -> Result<()> {
        cuda::clamp_colours(self.0, (canvas, layout))
    }

    fn cpu_fwd(&self, canvas: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (_, width, _) = layout.shape().dims3()?;
        threads::pool().install(|| {
            values_mut(canvas, layout)?.par_chunks_mut(width * 3).for_each(|row| {
                for pixel in row.chunks_exact_mut(3) {
                    pixel.iter_mut().zip(self.0).for_each(|(value, mean)| *value = value.clamp(-mean, 255.0 - mean));
                }
            });
            Ok(())
        })
    }
}

fn tensor(values: Vec<f32>, width: u32, height: u32, device: &Device) -> Result<Tensor> {
    Tensor::from_vec(values, (height as usize, width as usize, 3), device)
}
