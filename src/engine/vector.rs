//! Arithmetic on tensors seen as long vectors: what the losses and the optimisers need, without temporaries.
//!
//! Shapes are not looked at, only lengths. Sums are taken in `f32` over short runs and in `f64` over those. Every operation
//! has a name, so that a card, which cannot run a closure, has a kernel of that name.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp2, InplaceOp1, InplaceOp2, InplaceOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

#[cfg(feature = "cuda")]
use super::cuda;
use super::storage::{values, values_mut};
use super::{simd, threads};

/// Elements of one parallel task: shorter vectors are done before another thread has woken up.
const RUN: usize = 1 << 16;
/// Independent partial sums, so that the compiler can use whole vectors.
const PARTIAL_SUMS: usize = 32;

/// `sum_i a_i b_i`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn dot(a: &Tensor, b: &Tensor) -> Result<f64> {
    reduce(a, b, Reduction::Dot)
}

/// `sum_i (a_i - b_i)^2`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn squared_distance(a: &Tensor, b: &Tensor) -> Result<f64> {
    reduce(a, b, Reduction::SquaredDistance)
}

/// `sum_i |a_i|`.
///
/// # Errors
/// When the tensor is not contiguous `f32`.
pub fn abs_sum(a: &Tensor) -> Result<f64> {
    reduce(a, a, Reduction::AbsSum)
}

/// `y = a x + b y`; where `b` is zero, whatever `y` held does not matter.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn scale_add(a: f64, x: &Tensor, b: f64, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ScaleAdd { a: a as f32, b: b as f32 })
}

/// `y = y + a x`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn add_scaled(a: f64, x: &Tensor, y: &Tensor) -> Result<()> {
    scale_add(a, x, 1.0, y)
}

/// `y = x`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn copy(x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ops::copy())
}

/// `y_i = value`.
///
/// # Errors
/// When the tensor is not contiguous `f32`.
pub fn fill(value: f32, y: &Tensor) -> Result<()> {
    y.inplace_op1(&ops::fill(value))
}

/// `y = a y`.
///
/// # Errors
/// When the tensor is not contiguous `f32`.
pub fn scale(a: f32, y: &Tensor) -> Result<()> {
    y.inplace_op1(&ops::scale(a))
}

/// `y_i = x_i y_i`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn multiply(x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ops::multiply())
}

/// `y = a (y - x)`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn scale_difference(a: f32, x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ops::scale_difference(a))
}

/// `y_i = x_i` where `y_i` is above zero, else 0.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn take_where_positive(x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ops::take_where_positive())
}

/// `y_i = decay y_i + (1 - decay) x_i^2`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn average_squares(decay: f32, x: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op2(x, &ops::average_squares(decay))
}

/// `y = [y +] a (u - v)`; added if `accumulate`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn difference(a: f32, u: &Tensor, v: &Tensor, accumulate: bool, y: &Tensor) -> Result<()> {
    if accumulate { y.inplace_op3(u, v, &ops::add_difference(a)) } else { y.inplace_op3(u, v, &ops::difference(a)) }
}

/// `y_i = a_i y_i + (1 - a_i) x_i`.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn blend(x: &Tensor, a: &Tensor, y: &Tensor) -> Result<()> {
    y.inplace_op3(x, a, &ops::blend())
}

/// `y_i = y_i - step m_i / (scale sqrt(v_i) + epsilon)`, the step of Adam.
///
/// # Errors
/// When the tensors are not contiguous `f32` of the same length.
pub fn adam_step(m: &Tensor, v: &Tensor, [step, scale, epsilon]: [f32; 3], y: &Tensor) -> Result<()> {
    y.inplace_op3(m, v, &ops::adam_step(step, scale, epsilon))
}

/// A kernel of `cuda/kernels.cu` that does the same on a card: its name, and the numbers that it is given.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(any(feature = "cuda", test)), expect(dead_code, reason = "only a card asks for it"))]
pub(super) struct Kernel {
    pub name: &'static str,
    pub numbers: [f32; 3],
}

/// Every element-wise operation, for the processor and for a card.
pub(super) mod ops {
    use super::{Kernel, Map, Zip2, Zip3};

    /// A number that the kernel does not look at.
    const NONE: f32 = 0.0;

    pub fn fill(value: f32) -> Map<impl Fn(f32) -> f32 + Sync> {
        Map(move |_| value, Kernel { name: "fill", numbers: [value, NONE, NONE] })
    }

    pub fn scale(a: f32) -> Map<impl Fn(f32) -> f32 + Sync> {
        Map(move |y| a * y, Kernel { name: "scale", numbers: [a, NONE, NONE] })
    }

    pub fn copy() -> Zip2<impl Fn(f32, f32) -> f32 + Sync> {
        Zip2(|x, _| x, Kernel { name: "copy", numbers: [NONE; 3] })
    }

    pub fn multiply() -> Zip2<impl Fn(f32, f32) -> f32 + Sync> {
        Zip2(|x, y| x * y, Kernel { name: "multiply", numbers: [NONE; 3] })
    }

    pub fn scale_difference(a: f32) -> Zip2<impl Fn(f32, f32) -> f32 + Sync> {
        Zip2(move |x, y| a * (y - x), Kernel { name: "scale_difference", numbers: [a, NONE, NONE] })
    }

    pub fn take_where_positive() -> Zip2<impl Fn(f32, f32) -> f32 + Sync> {
        Zip2(|x, y| if y > 0.0 { x } else { 0.0 }, Kernel { name: "take_where_positive", numbers: [NONE; 3] })
    }

    pub fn average_squares(decay: f32) -> Zip2<impl Fn(f32, f32) -> f32 + Sync> {
        let kernel = Kernel { name: "average_squares", numbers: [decay, NONE, NONE] };
        Zip2(move |x, y| decay * y + (1.0 - decay) * x * x, kernel)
    }

    pub fn difference(a: f32) -> Zip3<impl Fn(f32, f32, f32) -> f32 + Sync> {
        Zip3(move |u, v, _| a * (u - v), Kernel { name: "difference", numbers: [a, NONE, NONE] })
    }

    pub fn add_difference(a: f32) -> Zip3<impl Fn(f32, f32, f32) -> f32 + Sync> {
        Zip3(move |u, v, y| y + a * (u - v), Kernel { name: "add_difference", numbers: [a, NONE, NONE] })
    }

    pub fn blend() -> Zip3<impl Fn(f32, f32, f32) -> f32 + Sync> {
        Zip3(|x, a, y| a * y + (1.0 - a) * x, Kernel { name: "blend", numbers: [NONE; 3] })
    }

    pub fn adam_step(step: f32, scale: f32, epsilon: f32) -> Zip3<impl Fn(f32, f32, f32) -> f32 + Sync> {
        let kernel = Kernel { name: "adam_step", numbers: [step, scale, epsilon] };
        Zip3(move |m, v: f32, y| y - step * m / (v.sqrt() * scale + epsilon), kernel)
    }
}

/// What is added up; the numbers are those of `cuda/kernels.cu`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reduction {
    Dot = 0,
    SquaredDistance = 1,
    AbsSum = 2,
}

fn reduce(a: &Tensor, b: &Tensor, reduction: Reduction) -> Result<f64> {
    a.apply_op2_no_bwd(b, &reduction)?.to_scalar()
}

impl CustomOp2 for Reduction {
    fn name(&self) -> &'static str {
        "reduce"
    }

    fn cpu_fwd(&self, a: &CpuStorage, a_l: &Layout, b: &CpuStorage, b_l: &Layout) -> Result<(CpuStorage, Shape)> {
        let (a, b) = (values(a, a_l)?, values(b, b_l)?);
        same_length(a.len(), b.len())?;
        let sum_of = |(a, b): (&[f32], &[f32])| {
            simd::arch().dispatch(
                #[inline(always)]
                || match self {
                    Self::Dot => run_sum(a, b, |a, b| a * b),
                    Self::SquaredDistance => run_sum(a, b, |a, b| (a - b) * (a - b)),
                    Self::AbsSum => run_sum(a, b, |a, _| a.abs()),
                },
            )
        };
        // Collected before they are added, so that the result does not depend on which thread was quicker.
        let sums: Vec<f64> = threads::pool().install(|| a.par_chunks(RUN).zip(b.par_chunks(RUN)).map(sum_of).collect());
        Ok((CpuStorage::F64(vec![sums.iter().sum()]), Shape::from(())))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, a: &CudaStorage, a_l: &Layout, b: &CudaStorage, b_l: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::reduce(*self, (a, a_l), (b, b_l))
    }
}

#[inline(always)]
fn run_sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let mut total = 0f64;
    for (a, b) in a.chunks(1 << 10).zip(b.chunks(1 << 10)) {
        let mut sums = [0f32; PARTIAL_SUMS];
        let (a_runs, b_runs) = (a.chunks_exact(PARTIAL_SUMS), b.chunks_exact(PARTIAL_SUMS));
        let rest: f32 = a_runs.remainder().iter().zip(b_runs.remainder()).map(|(a, b)| term(*a, *b)).sum();
        for (a, b) in a_runs.zip(b_runs) {
            for i in 0..PARTIAL_SUMS {
                sums[i] += term(a[i], b[i]);
            }
        }
        total += f64::from(rest) + sums.iter().map(|sum| f64::from(*sum)).sum::<f64>();
    }
    total
}

fn same_length(a: usize, b: usize) -> Result<()> {
    if a != b {
        candle_core::bail!("vectors of different lengths: {a} and {b}");
    }
    Ok(())
}

pub(super) struct ScaleAdd {
    pub a: f32,
    pub b: f32,
}

impl ScaleAdd {
    pub fn kernel(&self) -> Kernel {
        Kernel { name: "scale_add", numbers: [self.a, self.b, 0.0] }
    }
}

impl InplaceOp2 for ScaleAdd {
    fn name(&self) -> &'static str {
        "scale-add"
    }

    fn cpu_fwd(&self, y: &mut CpuStorage, y_l: &Layout, x: &CpuStorage, x_l: &Layout) -> Result<()> {
        let (a, b) = (self.a, self.b);
        if b == 0.0 {
            // Not a product with zero: whatever y held, NaN too, must not survive.
            Zip2(|x, _| a * x, self.kernel()).cpu_fwd(y, y_l, x, x_l)
        } else {
            Zip2(|x, y| a * x + b * y, self.kernel()).cpu_fwd(y, y_l, x, x_l)
        }
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, y: &mut CudaStorage, y_l: &Layout, x: &CudaStorage, x_l: &Layout) -> Result<()> {
        cuda::each(self.kernel(), (y, y_l), [(x, x_l)])
    }
}

/// `y_i = f(y_i)`.
pub(super) struct Map<F>(
    F,
    #[cfg_attr(not(any(feature = "cuda", test)), expect(dead_code, reason = "only a card asks for it"))] pub Kernel,
);

impl<F: Fn(f32) -> f32 + Sync> InplaceOp1 for Map<F> {
    fn name(&self) -> &'static str {
        "map"
    }

    fn cpu_fwd(&self, y: &mut CpuStorage, y_l: &Layout) -> Result<()> {
        let y = values_mut(y, y_l)?;
        threads::pool().install(|| {
            y.par_chunks_mut(RUN).for_each(|y| {
                simd::arch().dispatch(
                    #[inline(always)]
                    || y.iter_mut().for_each(|y| *y = (self.0)(*y)),
                );
            });
        });
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, y: &mut CudaStorage, y_l: &Layout) -> Result<()> {
        cuda::each(self.1, (y, y_l), [])
    }
}

/// `y_i = f(x_i, y_i)`.
pub(super) struct Zip2<F>(
    F,
    #[cfg_attr(not(any(feature = "cuda", test)), expect(dead_code, reason = "only a card asks for it"))] pub Kernel,
);

impl<F: Fn(f32, f32) -> f32 + Sync> InplaceOp2 for Zip2<F> {
    fn name(&self) -> &'static str {
        "zip"
    }

    fn cpu_fwd(&self, y: &mut CpuStorage, y_l: &Layout, x: &CpuStorage, x_l: &Layout) -> Result<()> {
        let (y, x) = (values_mut(y, y_l)?, values(x, x_l)?);
        same_length(y.len(), x.len())?;
        threads::pool().install(|| {
            y.par_chunks_mut(RUN).zip(x.par_chunks(RUN)).for_each(|(y, x)| {
                simd::arch().dispatch(
                    #[inline(always)]
                    || y.iter_mut().zip(x).for_each(|(y, x)| *y = (self.0)(*x, *y)),
                );
            });
        });
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, y: &mut CudaStorage, y_l: &Layout, x: &CudaStorage, x_l: &Layout) -> Result<()> {
        cuda::each(self.1, (y, y_l), [(x, x_l)])
    }
}

/// `y_i = f(u_i, v_i, y_i)`.
pub(super) struct Zip3<F>(
    F,
    #[cfg_attr(not(any(feature = "cuda", test)), expect(dead_code, reason = "only a card asks for it"))] pub Kernel,
);

impl<F: Fn(f32, f32, f32) -> f32 + Sync> InplaceOp3 for Zip3<F> {
    fn name(&self) -> &'static str {
        "zip3"
    }

    fn cpu_fwd(
        &self,
        y: &mut CpuStorage,
        y_l: &Layout,
        u: &CpuStorage,
        u_l: &Layout,
        v: &CpuStorage,
        v_l: &Layout,
    ) -> Result<()> {
        let (y, u, v) = (values_mut(y, y_l)?, values(u, u_l)?, values(v, v_l)?);
        same_length(y.len(), u.len())?;
        same_length(y.len(), v.len())?;
        threads::pool().install(|| {
            y.par_chunks_mut(RUN).zip(u.par_chunks(RUN)).zip(v.par_chunks(RUN)).for_each(|((y, u), v)| {
                simd::arch().dispatch(
                    #[inline(always)]
                    || y.iter_mut().zip(u).zip(v).for_each(|((y, u), v)| *y = (self.0)(*u, *v, *y)),
                );
            });
        });
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        y: &mut CudaStorage,
        y_l: &Layout,
        u: &CudaStorage,
        u_l: &Layout,
        v: &CudaStorage,
        v_l: &Layout,
    ) -> Result<()> {
        cuda::each(self.1, (y, y_l), [(u, u_l), (v, v_l)])
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn tensor(values: &[f32]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    #[test]
    fn reductions_match_f64_on_a_length_that_divides_nothing() {
        let n = 3 * RUN + 1037;
        let a: Vec<f32> = (0..n).map(|i| ((i * 37 % 101) as f32) - 50.0).collect();
        let b: Vec<f32> = (0..n).map(|i| ((i * 53 % 89) as f32) * 0.25).collect();
        let pairs = || a.iter().zip(&b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
        let (ta, tb) = (tensor(&a), tensor(&b));
        let close = |found: f64, expected: f64| assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0));
        close(dot(&ta, &tb).unwrap(), pairs().map(|(a, b)| a * b).sum());
        close(squared_distance(&ta, &tb).unwrap(), pairs().map(|(a, b)| (a - b).powi(2)).sum());
        close(abs_sum(&ta).unwrap(), pairs().map(|(a, _)| a.abs()).sum());
    }

    #[test]
    fn scale_add_with_zero_forgets_even_nan() {
        let y = tensor(&[f32::NAN, 1.0]);
        scale_add(2.0, &tensor(&[1.0, 2.0]), 0.0, &y).unwrap();
        assert_eq!(y.to_vec1::<f32>().unwrap(), [2.0, 4.0]);
        add_scaled(0.5, &tensor(&[2.0, 2.0]), &y).unwrap();
        assert_eq!(y.to_vec1::<f32>().unwrap(), [3.0, 5.0]);
    }

    #[test]
    fn different_lengths_are_refused() {
        assert!(dot(&tensor(&[1.0]), &tensor(&[1.0, 2.0])).is_err());
        assert!(copy(&tensor(&[1.0]), &tensor(&[1.0, 2.0])).is_err());
    }
}
