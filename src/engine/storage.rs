//! Views of candle's CPU storage that the engine's own operators read and write.

use candle_core::{CpuStorage, Layout, Result, bail};

/// The values of a contiguous `f32` tensor.
///
/// # Errors
/// When the tensor is of another type or not contiguous.
pub fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(data), Some((start, end))) => Ok(&data[start..end]),
        (CpuStorage::F32(_), None) => bail!("expected a contiguous tensor, got {:?}", layout.shape()),
        _ => bail!("expected f32, got another type in a tensor of shape {:?}", layout.shape()),
    }
}

/// The values of a contiguous `f32` tensor, to be written.
///
/// # Errors
/// When the tensor is of another type or not contiguous.
pub fn values_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(data), Some((start, end))) => Ok(&mut data[start..end]),
        (CpuStorage::F32(_), None) => bail!("expected a contiguous tensor, got {:?}", layout.shape()),
        _ => bail!("expected f32, got another type in a tensor of shape {:?}", layout.shape()),
    }
}

/// A pointer that several threads may write through, each to elements of its own.
#[derive(Clone, Copy)]
pub struct SharedMut(*mut f32);

// SAFETY: the pointer itself is plain data; every `unsafe` block that writes through it argues why no two threads
// write the same element.
unsafe impl Send for SharedMut {}
// SAFETY: as above.
unsafe impl Sync for SharedMut {}

impl SharedMut {
    /// Shares `slice` for the time of one parallel loop.
    pub fn new(slice: &mut [f32]) -> Self {
        Self(slice.as_mut_ptr())
    }

    /// The pointer to the first element.
    pub fn get(self) -> *mut f32 {
        self.0
    }
}
