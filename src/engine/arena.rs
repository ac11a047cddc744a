//! Memory for the kernels: large pages for what is large, and scratch that every thread keeps from call to call.
//!
//! An evaluation touches hundreds of megabytes at distances of many pages. With pages of 4 KiB the processor spends
//! much of its time looking up addresses, and fresh memory costs a fault per page; both vanish with pages of 2 MiB and
//! with buffers that stay.

use std::cell::Cell;

use candle_core::{Device, Result, Shape, Tensor};

/// Floats in one cache line; tensors and scratch begin on one, so that no vector straddles two.
const LINE: usize = 16;

/// From this size on, a buffer is worth large pages.
#[cfg(target_os = "linux")]
const LARGE: usize = 1 << 21;

/// A buffer that begins on a cache line.
#[derive(Default)]
pub struct Buffer {
    data: Vec<f32>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let (data, start) = aligned_zeros(len);
        Self { data, start, len }
    }

    /// The values.
    pub fn values(&self) -> &[f32] {
        &self.data[self.start..][..self.len]
    }

    /// The values, to be written.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..][..self.len]
    }
}

/// A tensor of zeros whose values begin on a cache line, in large pages where the system has them.
///
/// # Errors
/// When the device has no memory left.
pub fn tensor(shape: impl Into<Shape>, device: &Device) -> Result<Tensor> {
    let shape = shape.into();
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = device {
        return super::cuda::zeros(shape, device);
    }
    let len = shape.elem_count();
    let (data, start) = aligned_zeros(len);
    let room = data.len();
    Tensor::from_vec(data, room, device)?.narrow(0, start, len)?.reshape(shape)
}

/// Zeros with room to begin on a cache line, and where that line is.
fn aligned_zeros(len: usize) -> (Vec<f32>, usize) {
    let mut data = vec![0f32; len + LINE];
    ask_for_large_pages(&mut data);
    let past_line = data.as_ptr().addr() / size_of::<f32>() % LINE;
    (data, (LINE - past_line) % LINE)
}

/// Asks for large pages inside `data`, before it is touched for the first time. A refusal costs nothing but speed.
#[cfg(target_os = "linux")]
fn ask_for_large_pages(data: &mut [f32]) {
    let bytes = size_of_val(data);
    if bytes >= LARGE {
        let skip = data.as_ptr().addr().next_multiple_of(4096) - data.as_ptr().addr();
        // SAFETY: the range begins on a page, lies inside `data`, and this advice changes no value.
        unsafe {
            let start = data.as_mut_ptr().byte_add(skip);
            libc::madvise(start.cast(), (bytes - skip) / 4096 * 4096, libc::MADV_HUGEPAGE);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_: &mut [f32]) {}

/// Runs `work` on `len` floats that belong to this thread and hold anything.
///
/// The buffer stays with the thread for the next call: nothing is allocated in the steady state.
pub fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local! {
        static SCRATCH: Cell<Buffer> = const { Cell::new(Buffer { data: Vec::new(), start: 0, len: 0 }) };
    }
    // Taken, not borrowed: a nested call gets a buffer of its own instead of a panic.
    let mut buffer = SCRATCH.take();
    if buffer.len < len {
        drop(std::mem::take(&mut buffer));
        buffer = Buffer::zeros(len);
    }
    let result = work(&mut buffer.values_mut()[..len]);
    SCRATCH.set(buffer);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_begin_on_a_cache_line_and_hold_zeros() {
        for len in [1, 15, 16, 17, 1 << 20] {
            let tensor = tensor((len, 1), &Device::Cpu).unwrap();
            assert_eq!(tensor.dims2().unwrap(), (len, 1));
            assert!(tensor.is_contiguous());
            let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
            assert!(values.iter().all(|value| value.to_bits() == 0));
            assert_eq!(Buffer::zeros(len).values().as_ptr().addr() % 64, 0);
        }
    }

    #[test]
    fn scratch_grows_and_nests() {
        with_scratch(3, |outer| {
            outer.fill(1.0);
            with_scratch(5, |inner| inner.fill(2.0));
            assert_eq!(outer, [1.0; 3]);
        });
        with_scratch(10, |scratch| assert_eq!(scratch.len(), 10));
    }
}
