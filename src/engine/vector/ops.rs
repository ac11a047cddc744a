//! Every element-wise operation, for the processor as a closure and for a card as the name of a kernel.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, InplaceOp1, InplaceOp2, InplaceOp3, Layout, Result};
use rayon::prelude::*;

use super::{RUN, same_length};
#[cfg(feature = "cuda")]
use crate::engine::cuda;
use crate::engine::storage::{values, values_mut};
use crate::engine::{simd, threads};

/// A kernel of `cuda/kernels.cu` that does the same on a card: its name, and the numbers that it is given.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(any(feature = "cuda", test)), expect(dead_code, reason = "only a card asks for it"))]
pub struct Kernel {
    pub name: &'static str,
    pub numbers: [f32; 3],
}

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

pub struct ScaleAdd {
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
pub struct Map<F>(
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
pub struct Zip2<F>(
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
pub struct Zip3<F>(
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
