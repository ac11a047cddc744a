//! Adam (Kingma & Ba 2015, arXiv 1412.6980, algorithm 1).

use candle_core::{Result, Tensor};

use super::{Function, Optimizer, Outcome};
use crate::engine::vector;

/// Parameters of Adam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamConfig {
    /// Step size, in units of `x`.
    pub step: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Keeps the division finite.
    pub epsilon: f64,
}

impl Default for AdamConfig {
    /// The decay rates of style-transfer-pytorch: 0.99 for the second moment follows the loss faster than the usual
    /// 0.999, which suits a few hundred steps.
    fn default() -> Self {
        Self { step: 5.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 }
    }
}

/// Adam with its moments.
pub struct Adam {
    config: AdamConfig,
    moments: Option<Moments>,
}

struct Moments {
    gradient: Tensor,
    first: Tensor,
    second: Tensor,
    /// Steps since the first moment was zero.
    first_steps: i32,
    /// Steps since the second moment was zero.
    second_steps: i32,
}

impl Adam {
    /// Starts with zero moments.
    #[must_use]
    pub fn new(config: AdamConfig) -> Self {
        Self { config, moments: None }
    }
}

impl Optimizer for Adam {
    fn step(&mut self, x: &Tensor, function: &mut Function<'_>) -> Result<Outcome> {
        let moments = match self.moments.take() {
            Some(moments) if moments.first.shape() == x.shape() => moments,
            _ => Moments {
                gradient: x.zeros_like()?,
                first: x.zeros_like()?,
                second: x.zeros_like()?,
                first_steps: 0,
                second_steps: 0,
            },
        };
        let moments = self.moments.insert(moments);
        let value = function(x, &moments.gradient)?;
        let norm = vector::dot(&moments.gradient, &moments.gradient)?;
        if !value.is_finite() || !norm.is_finite() {
            return Ok(Outcome::NotFinite);
        }
        moments.first_steps += 1;
        moments.second_steps += 1;
        let (beta1, beta2) = (self.config.beta1 as f32, self.config.beta2 as f32);
        vector::zip(&moments.gradient, &moments.first, |g, m| beta1 * m + (1.0 - beta1) * g)?;
        vector::zip(&moments.gradient, &moments.second, |g, v| beta2 * v + (1.0 - beta2) * g * g)?;
        let first_bias = 1.0 - self.config.beta1.powi(moments.first_steps);
        let second_bias = 1.0 - self.config.beta2.powi(moments.second_steps);
        let step = (self.config.step / first_bias) as f32;
        let (scale, epsilon) = ((1.0 / second_bias.sqrt()) as f32, self.config.epsilon as f32);
        vector::zip3(&moments.first, &moments.second, x, |m, v, x| x - step * m / (v.sqrt() * scale + epsilon))?;
        Ok(Outcome::Moved)
    }

    /// Drops the direction but keeps the sizes of the slopes, which a changed weight alters far less.
    fn forget(&mut self) {
        if let Some(moments) = &mut self.moments {
            moments.first_steps = 0;
            if let Ok(zeros) = moments.first.zeros_like() {
                moments.first = zeros;
            } else {
                self.moments = None;
            }
        }
    }
}
