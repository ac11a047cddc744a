//! Operators that have no kernel: the tensors go over to the processor, its code runs, and the result comes back.

use candle_core::backend::{BackendDevice, BackendStorage};
use candle_core::cuda_backend::WrapErr;
use candle_core::{CudaStorage, CustomOp1, CustomOp2, InplaceOp3, Layout, Result, Shape};

use super::{In, Out};
use crate::engine::storage;

/// An operator on one tensor.
pub fn apply1(op: &impl CustomOp1, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
    let (result, shape) = op.cpu_fwd(&storage.to_cpu_storage()?, layout)?;
    Ok((storage.device.storage_from_cpu_storage(&result)?, shape))
}

/// An operator on two tensors.
pub fn apply2(op: &impl CustomOp2, (a, a_l): In<'_>, (b, b_l): In<'_>) -> Result<(CudaStorage, Shape)> {
    let (result, shape) = op.cpu_fwd(&a.to_cpu_storage()?, a_l, &b.to_cpu_storage()?, b_l)?;
    Ok((a.device.storage_from_cpu_storage(&result)?, shape))
}

/// An operator that changes the first of three tensors.
pub fn change3(op: &impl InplaceOp3, (y, y_l): Out<'_>, (u, u_l): In<'_>, (v, v_l): In<'_>) -> Result<()> {
    let mut changed = y.to_cpu_storage()?;
    op.cpu_fwd(&mut changed, y_l, &u.to_cpu_storage()?, u_l, &v.to_cpu_storage()?, v_l)?;
    let values = storage::values(&changed, y_l)?;
    let start = y_l.start_offset();
    let stream = y.device.cuda_stream();
    let slice = y.as_cuda_slice_mut::<f32>()?;
    stream.memcpy_htod(values, &mut slice.slice_mut(start..start + values.len())).w()
}
