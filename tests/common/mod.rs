//! What several of the tests have in common.

use candle_core::{Device, Tensor};

/// Reproducible noise as a canvas.
pub fn noise(seed: u64, (height, width): (usize, usize)) -> Tensor {
    let mut state = seed;
    let values: Vec<f32> = (0..height * width * 3)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            60.0 * ((state >> 40) as f32 / (1 << 23) as f32 - 1.0)
        })
        .collect();
    Tensor::from_vec(values, (height, width, 3), &Device::Cpu).unwrap()
}
