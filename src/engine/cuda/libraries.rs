//! The machine as it is: NVIDIA's libraries and cards.

use candle_core::Device;
use cudarc::driver::result;

use super::card;
use super::probe::{self, Library, Probe};

/// Opens card `number`, or says in half a sentence why it cannot be had.
pub fn open(number: usize) -> Result<Device, String> {
    probe::open(&Machine, number)
}

struct Machine;

impl Probe for Machine {
    #[cfg(feature = "dynamic-loading")]
    fn has(&self, library: Library) -> bool {
        // SAFETY: loading these runs their initialisers, which is what a program does that is linked to them.
        unsafe {
            match library {
                Library::Driver => cudarc::driver::sys::is_culib_present(),
                Library::Blas => cudarc::cublas::sys::is_culib_present(),
                Library::Rand => cudarc::curand::sys::is_culib_present(),
                Library::Dnn => cudarc::cudnn::sys::is_culib_present(),
            }
        }
    }

    /// A program that is linked to them does not start without them.
    #[cfg(not(feature = "dynamic-loading"))]
    fn has(&self, _: Library) -> bool {
        true
    }

    fn cards(&self) -> Result<usize, String> {
        let count = result::init().and_then(|()| result::device::get_count());
        count
            .map(|count| usize::try_from(count).unwrap_or(0))
            .map_err(|error| format!("the NVIDIA driver does not start ({error:?})"))
    }

    fn open(&self, number: usize) -> Result<Device, String> {
        card::open(number).map_err(|error| {
            let words = error.to_string();
            if words.contains("UNSUPPORTED_PTX_VERSION") {
                format!("the NVIDIA driver is too old for this build, which needs one for CUDA {} or newer", card::CUDA)
            } else {
                let first = words.lines().next().unwrap_or_default();
                format!("the card cannot be used ({first})")
            }
        })
    }
}
