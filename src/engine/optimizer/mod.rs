//! Optimisers: they move a vector downhill on any function that gives its value and its gradient.
//!
//! Nothing here knows of losses. The vector is a tensor that is changed in place; only [`metric`] takes it for a canvas.

mod adam;
mod chosen;
mod lbfgs;
pub mod metric;

use candle_core::{Result, Tensor};

pub use adam::{Adam, AdamConfig};
pub use chosen::ChosenOptimizer;
pub use lbfgs::{Lbfgs, LbfgsConfig, StepRule};

/// A function to be minimised: writes its gradient at the first tensor into the second and returns its value.
pub type Function<'a> = dyn FnMut(&Tensor, &Tensor) -> Result<f64> + 'a;

/// How one iteration ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// The vector moved; where the value there is known, it is given.
    Moved,
    /// No step lowers the value any further (to the precision of `f32`).
    Converged,
    /// The value or gradient was infinite or NaN; the vector is back at its last good state.
    NotFinite,
}

/// A way to minimise.
pub trait Optimizer: Send {
    /// Does one iteration on `x`, in place.
    ///
    /// # Errors
    /// When `function` fails or the device does; `x` may then hold a trial point.
    fn step(&mut self, x: &Tensor, function: &mut Function<'_>) -> Result<Outcome>;

    /// Tells the optimiser that the function has changed: what it has learned about slopes no longer holds.
    fn forget(&mut self);
}

#[cfg(test)]
mod tests;
