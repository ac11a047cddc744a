//! Numbers that a device has been asked for and that nobody has waited for yet.
//!
//! A card computes while the program goes on; reading a number stops both until it is there. So sums stay where they are until
//! somebody has to know them, and several are read at once. On the processor they are known from the start.

use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor};
#[cfg(feature = "cuda")]
use candle_core::{CudaStorage, Device};

use super::ops::ScaleAdd;
use super::reduction::Reduction;
#[cfg(feature = "cuda")]
use crate::engine::cuda;

/// A number in `f64`, wherever it is.
#[derive(Debug, Clone)]
pub struct Sum(Tensor);

impl Sum {
    pub(super) fn new(a: &Tensor, b: &Tensor, reduction: Reduction) -> Result<Self> {
        Ok(Self(a.apply_op2_no_bwd(b, &reduction)?))
    }

    /// Takes a tensor that holds one `f64`.
    #[must_use]
    pub fn of(value: Tensor) -> Self {
        Self(value)
    }

    /// The number, waited for.
    ///
    /// # Errors
    /// When the device fails.
    pub fn read(&self) -> Result<f64> {
        self.0.to_scalar()
    }

    /// Several numbers, waited for once.
    ///
    /// # Errors
    /// When the device fails.
    pub fn read_all(sums: &[&Self]) -> Result<Vec<f64>> {
        #[cfg(feature = "cuda")]
        if let Some(Device::Cuda(device)) = sums.first().map(|sum| sum.0.device()) {
            return cuda::read_numbers(device, &sums.iter().map(|sum| &sum.0).collect::<Vec<_>>());
        }
        sums.iter().map(|sum| sum.read()).collect()
    }
}

/// A loss: known, or a factor times a sum that nobody has waited for.
#[derive(Debug, Clone)]
pub enum Loss {
    /// Known.
    Known(f64),
    /// A factor and a sum.
    Asked(f64, Sum),
}

impl Loss {
    /// The loss, multiplied.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        match self {
            Self::Known(loss) => Self::Known(factor * loss),
            Self::Asked(of_sum, sum) => Self::Asked(factor * of_sum, sum),
        }
    }

    /// The loss, waited for.
    ///
    /// # Errors
    /// When the device fails.
    pub fn read(&self) -> Result<f64> {
        match self {
            Self::Known(loss) => Ok(*loss),
            Self::Asked(factor, sum) => Ok(factor * sum.read()?),
        }
    }

    /// Several losses with what they are of, waited for once.
    ///
    /// # Errors
    /// When the device fails.
    pub fn read_each<T>(parts: Vec<(T, Self)>) -> Result<impl Iterator<Item = (T, f64)>> {
        let (names, losses): (Vec<T>, Vec<Self>) = parts.into_iter().unzip();
        Ok(names.into_iter().zip(Self::read_all(&losses)?))
    }

    /// Several losses, waited for once.
    ///
    /// # Errors
    /// When the device fails.
    pub fn read_all(losses: &[Self]) -> Result<Vec<f64>> {
        let asked = losses.iter().filter_map(|loss| match loss {
            Self::Known(_) => None,
            Self::Asked(_, sum) => Some(sum),
        });
        let mut sums = Sum::read_all(&asked.collect::<Vec<_>>())?.into_iter();
        let value = |loss: &Self| match loss {
            Self::Known(loss) => *loss,
            // There is a sum for every loss that was asked for.
            Self::Asked(factor, _) => factor * sums.next().unwrap_or(f64::NAN),
        };
        Ok(losses.iter().map(value).collect())
    }
}

/// `y = y + (sum of factor * value) x`.
pub(super) struct AddScaledBy<'a>(pub [(f64, &'a Sum); 2]);

impl InplaceOp2 for AddScaledBy<'_> {
    fn name(&self) -> &'static str {
        "add-scaled-by"
    }

    fn cpu_fwd(&self, y: &mut CpuStorage, y_l: &Layout, x: &CpuStorage, x_l: &Layout) -> Result<()> {
        let mut scale = 0.0;
        for (factor, sum) in self.0 {
            scale += factor * sum.read()?;
        }
        ScaleAdd { a: scale as f32, b: 1.0 }.cpu_fwd(y, y_l, x, x_l)
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, y: &mut CudaStorage, y_l: &Layout, x: &CudaStorage, x_l: &Layout) -> Result<()> {
        cuda::add_scaled_by(self.0.map(|(factor, sum)| (factor, &sum.0)), (y, y_l), (x, x_l))
    }
}
