//! What several tests of the engine need.

/// Reproducible values in -1..1.
pub struct Noise(u64);

impl Noise {
    /// Starts at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next value.
    pub fn value(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// The next `len` values.
    pub fn vec(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.value()).collect()
    }
}

/// Features `(height, width, channels)` in which every pixel stands as often as its share of thirds says, in one row: what a
/// region is to be like.
pub fn repeated(features: &[f32], channels: usize, shares: &[f32]) -> (Vec<f32>, (usize, usize, usize)) {
    let pixels = features.chunks_exact(channels).zip(shares);
    let values: Vec<f32> = pixels.flat_map(|(pixel, share)| pixel.repeat((share * 3.0).round() as usize)).collect();
    let count = values.len() / channels;
    (values, (1, count, channels))
}

/// Shares for so many pixels: none, one, two or three thirds.
pub fn thirds(noise: &mut Noise, pixels: usize) -> Vec<f32> {
    noise.vec(pixels).iter().map(|value| (1.5 + 2.0 * value).round().clamp(0.0, 3.0) / 3.0).collect()
}
