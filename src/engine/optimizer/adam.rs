//! Adam (Kingma & Ba 2015, arXiv 1412.6980, algorithm 1).

use candle_core::{Result, Tensor};

use super::{Function, Optimizer, Outcome};
use crate::engine::vector;
use crate::recipe::parameter::{ADAM_BETA1, ADAM_BETA2, ADAM_STEP};

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
    fn default() -> Self {
        Self {
            step: f64::from(ADAM_STEP.default),
            beta1: f64::from(ADAM_BETA1.default),
            beta2: f64::from(ADAM_BETA2.default),
            epsilon: 1e-8,
        }
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
    /// Weight of all gradients in the first moment: `1 - beta1^t` after `t` steps from zero, which is the paper's bias
    /// correction, and still right when beta1 changes on the way.
    first_weight: f64,
    /// Weight of all squared gradients in the second moment.
    second_weight: f64,
}

impl Adam {
    /// Starts with zero moments.
    #[must_use]
    pub fn new(config: AdamConfig) -> Self {
        Self { config, moments: None }
    }

    /// Changes the parameters from the next step on; the moments stay.
    pub fn set_config(&mut self, config: AdamConfig) {
        self.config = config;
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
                first_weight: 0.0,
                second_weight: 0.0,
            },
        };
        let moments = self.moments.insert(moments);
        let value = function(x, &moments.gradient)?;
        let norm = vector::dot(&moments.gradient, &moments.gradient)?;
        if !value.is_finite() || !norm.is_finite() {
            return Ok(Outcome::NotFinite);
        }
        let AdamConfig { beta1, beta2, .. } = self.config;
        moments.first_weight = beta1 * moments.first_weight + 1.0 - beta1;
        moments.second_weight = beta2 * moments.second_weight + 1.0 - beta2;
        let (beta1, beta2) = (beta1 as f32, beta2 as f32);
        vector::scale_add(f64::from(1.0 - beta1), &moments.gradient, f64::from(beta1), &moments.first)?;
        vector::average_squares(beta2, &moments.gradient, &moments.second)?;
        let step = (self.config.step / moments.first_weight) as f32;
        let (scale, epsilon) = ((1.0 / moments.second_weight.sqrt()) as f32, self.config.epsilon as f32);
        vector::adam_step(&moments.first, &moments.second, [step, scale, epsilon], x)?;
        Ok(Outcome::Moved)
    }

    /// Drops the direction but keeps the sizes of the slopes, which a changed weight alters far less.
    fn forget(&mut self) {
        if let Some(moments) = &mut self.moments {
            moments.first_weight = 0.0;
            if let Ok(zeros) = moments.first.zeros_like() {
                moments.first = zeros;
            } else {
                self.moments = None;
            }
        }
    }
}
