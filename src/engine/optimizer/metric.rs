//! What L-BFGS guesses before it has learned anything: how far a step should go at every fineness of the picture.
//!
//! The loss bends most along fine detail, so a step that suits it is far too short for broad colours, and with the usual
//! guess, the same for every pixel, those take many iterations. Here steps grow with the breadth of what they change:
//!
//! `M = I + c U M' D`
//!
//! where `D` halves the canvas by the binomial kernel (1, 3, 3, 1) / 8 in each direction, `U = 4 D^T` enlarges it linearly, and
//! `M'` is the same on the half canvas. `M` is symmetric and positive definite by construction, which is all that L-BFGS asks
//! of the matrix that it starts from (Nocedal & Wright, 2nd ed., section 7.2).

use std::f32::consts::SQRT_2;

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor};
use rayon::prelude::*;

#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::values_mut;
use crate::engine::threads;

/// `c`, how much further a step goes for every halving.
pub const GAIN: f32 = 1.4;
/// A canvas with a shorter side is not halved any more: there is nothing broader in it.
pub const MIN_SIDE: usize = 8;

/// `x = M x` for a canvas `(height, width, channels)`.
///
/// # Errors
/// When the tensor is not a contiguous `f32` canvas, or the device fails.
pub fn apply(x: &Tensor) -> Result<()> {
    x.inplace_op1(&Metric)
}

struct Metric;

impl InplaceOp1 for Metric {
    fn name(&self) -> &'static str {
        "metric"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let size = layout.shape().dims3()?;
        let x = values_mut(x, layout)?;
        threads::pool().install(|| widen(x, size));
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &mut CudaStorage, layout: &Layout) -> Result<()> {
        cuda::widen(GAIN, MIN_SIDE, (x, layout))
    }
}

/// Height, width and channels.
type Size = (usize, usize, usize);

fn widen(x: &mut [f32], size: Size) {
    let (height, width, channels) = size;
    if height.min(width) < MIN_SIDE {
        return;
    }
    let half_size = (height.div_ceil(2), width.div_ceil(2), channels);
    let mut half = vec![0.0; half_size.0 * half_size.1 * channels];
    halve(x, size, &mut half, half_size);
    widen(&mut half, half_size);
    add_enlarged(&half, half_size, x, size);
}

/// The pixels that the half canvas's pixel `at` is made of, along a side of `len` pixels, and their weights.
///
/// What lies beyond an edge is the picture mirrored. The last of an odd number is alone in its pair: with `sqrt(2)` times half
/// the kernel a flat canvas comes through `U D` as flat as elsewhere, so that steps are not shorter along the edges.
fn taps(at: usize, len: usize) -> impl Iterator<Item = (usize, f32)> + Clone {
    const KERNEL: [f32; 4] = [0.125, 0.375, 0.375, 0.125];
    let alone = 2 * at + 1 == len;
    (0..if alone { 2 } else { 4 }).map(move |tap| {
        let (pixel, weight) = ((2 * at + tap).saturating_sub(1).min(len - 1), KERNEL[tap]);
        (pixel, if alone { SQRT_2 * weight } else { weight })
    })
}

/// `half = D x`.
fn halve(x: &[f32], (height, width, channels): Size, half: &mut [f32], (_, half_width, _): Size) {
    half.par_chunks_mut(half_width * channels).enumerate().for_each(|(half_y, half)| {
        for (y, down) in taps(half_y, height) {
            let row = &x[y * width * channels..][..width * channels];
            for (half_x, half) in half.chunks_exact_mut(channels).enumerate() {
                for (x, across) in taps(half_x, width) {
                    let pixel = &row[x * channels..][..channels];
                    half.iter_mut().zip(pixel).for_each(|(half, value)| *half += down * across * value);
                }
            }
        }
    });
}

/// `x = x + c U half`.
fn add_enlarged(half: &[f32], (_, half_width, channels): Size, x: &mut [f32], (height, width, _): Size) {
    // Those pixels of the half canvas that this one is a part of.
    let near = |at: usize, len: usize| {
        let pairs = (at / 2).saturating_sub(1)..(at / 2 + 2).min(len.div_ceil(2));
        pairs.flat_map(move |half| taps(half, len).filter(move |tap| tap.0 == at).map(move |tap| (half, 2.0 * tap.1)))
    };
    x.par_chunks_mut(width * channels).enumerate().for_each(|(y, row)| {
        for (half_y, down) in near(y, height) {
            let half = &half[half_y * half_width * channels..][..half_width * channels];
            for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
                for (half_x, across) in near(x, width) {
                    let half = &half[half_x * channels..][..channels];
                    let factor: f32 = GAIN * down * across;
                    pixel.iter_mut().zip(half).for_each(|(value, half)| *value += factor * half);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::engine::test_support::Noise;
    use crate::engine::vector;

    fn applied(values: &[f32], size: Size) -> Vec<f32> {
        let x = Tensor::from_slice(values, size, &Device::Cpu).unwrap();
        apply(&x).unwrap();
        x.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
        vector::dot(&tensor(a), &tensor(b)).unwrap()
    }

    #[test]
    fn it_is_symmetric_and_never_turns_a_direction_round() {
        let mut noise = Noise::new(31);
        for size in [(8, 8, 3), (9, 13, 3), (31, 50, 3), (64, 33, 1)] {
            let n = size.0 * size.1 * size.2;
            let (a, b) = (noise.vec(n), noise.vec(n));
            let (ma, mb) = (applied(&a, size), applied(&b, size));
            let (left, right) = (dot(&ma, &b), dot(&a, &mb));
            assert!((left - right).abs() < 1e-4 * dot(&ma, &ma), "{size:?}: {left} and {right}");
            assert!(dot(&ma, &a) >= dot(&a, &a), "{size:?}");
        }
    }

    #[test]
    fn broad_colour_gets_further_than_detail() {
        let (height, width) = (64, 64);
        let wave = |period: usize| -> Vec<f32> {
            (0..height * width).map(|i| if i % width % period < period / 2 { 1.0 } else { -1.0 }).collect()
        };
        let gain = |wave: &[f32]| dot(&applied(wave, (height, width, 1)), wave) / dot(wave, wave);
        let gains = [2, 4, 8, 16, 32].map(|period| gain(&wave(period)));
        assert!(gains.is_sorted() && gains[4] > 3.0 * gains[0], "{gains:?}");
    }

    #[test]
    fn steps_are_no_shorter_along_the_edges() {
        for size in [(16, 24, 1), (17, 31, 1), (40, 53, 1)] {
            let flat = applied(&vec![1.0; size.0 * size.1], size);
            let (least, most) = flat.iter().fold((f32::MAX, 0f32), |(least, most), v| (least.min(*v), most.max(*v)));
            assert!(most < 1.3 * least, "{size:?}: from {least} to {most}");
        }
    }

    #[test]
    fn a_small_canvas_stays_as_it_is() {
        let values = Noise::new(32).vec(7 * 40 * 3);
        assert_eq!(applied(&values, (7, 40, 3)), values);
    }
}
