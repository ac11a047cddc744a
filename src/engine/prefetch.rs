//! Memory that is asked for before it is needed: kernels of deep layers come from main memory at every use, and the
//! processor's own guesses stop where a product takes over.

use std::ops::Range;

/// Values on one cache line.
const LINE: usize = 64 / size_of::<f32>();

/// Hints that `values[range]` will be read soon; what of it lies beyond `values` is left out. Only x86-64 has a hint in
/// stable Rust; elsewhere nothing happens.
#[inline(always)]
pub fn into_second_level(values: &[f32], range: Range<usize>) {
    let end = range.end.min(values.len());
    for line in values[range.start.min(end)..end].chunks(LINE) {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        // SAFETY: every x86-64 has SSE, and a hint reads nothing.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast());
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        let _ = line;
    }
}
