//! The average of the canvas over the latest iterations, as in style-transfer-pytorch.
//!
//! `v_t = d v_(t-1) + (1 - d) x_t` from `v_0 = 0`, divided by the weight `1 - d^t` that the canvases have in it, so that the
//! zero at the beginning has none.

use candle_core::{Result, Tensor};

use super::vector;

/// An exponential moving average of canvases of one size. It knows of no restart: where the past no longer counts, a new
/// one is made.
pub struct Average {
    decay: f64,
    sum: Tensor,
    /// Weight of all canvases in `sum`.
    weight: f64,
}

impl Average {
    /// An average of no canvas yet, for canvases like `canvas`; `decay` lies between 0 and 1.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn new(decay: f64, canvas: &Tensor) -> Result<Self> {
        Ok(Self { decay, sum: canvas.zeros_like()?, weight: 0.0 })
    }

    /// Changes the decay from the next canvas on. The past keeps the weight that it has, which is why that is counted
    /// and not taken from a formula.
    pub fn set_decay(&mut self, decay: f64) {
        self.decay = decay;
    }

    /// Takes in a canvas.
    ///
    /// # Errors
    /// When the canvas has another size.
    pub fn add(&mut self, canvas: &Tensor) -> Result<()> {
        vector::scale_add(1.0 - self.decay, canvas, self.decay, &self.sum)?;
        self.weight = self.decay * self.weight + 1.0 - self.decay;
        Ok(())
    }

    /// The average, once there was a canvas.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn value(&self) -> Result<Option<Tensor>> {
        if self.weight == 0.0 {
            return Ok(None);
        }
        let value = self.sum.zeros_like()?;
        vector::scale_add(1.0 / self.weight, &self.sum, 0.0, &value)?;
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn canvas(values: &[f32]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    #[track_caller]
    fn holds(average: &Average, expected: &[f32]) {
        let found = average.value().unwrap().unwrap().to_vec1::<f32>().unwrap();
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-4), "{found:?} is not {expected:?}");
    }

    #[test]
    fn the_first_canvas_counts_in_full_and_later_ones_as_the_decay_says() {
        let mut average = Average::new(0.9, &canvas(&[0.0; 2])).unwrap();
        assert!(average.value().unwrap().is_none());
        average.add(&canvas(&[10.0, -50.0])).unwrap();
        holds(&average, &[10.0, -50.0]);
        average.add(&canvas(&[20.0, -50.0])).unwrap();
        // (0.9 * 10 + 20) / 1.9
        holds(&average, &[29.0 / 1.9, -50.0]);
        average.set_decay(0.0);
        average.add(&canvas(&[7.0, 8.0])).unwrap();
        holds(&average, &[7.0, 8.0]);
    }

    #[test]
    fn a_decay_that_changes_keeps_the_average_an_average() {
        let mut average = Average::new(0.5, &canvas(&[0.0])).unwrap();
        for decay in [0.5, 0.99, 0.1, 0.999] {
            average.set_decay(decay);
            average.add(&canvas(&[123.0])).unwrap();
            holds(&average, &[123.0]);
        }
    }
}
