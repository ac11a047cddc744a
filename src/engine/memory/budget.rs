//! How much memory there is for a painting.

use std::sync::OnceLock;

use candle_core::Device;

#[cfg(feature = "cuda")]
use crate::engine::cuda;

/// Share of the free memory that a painting may take.
const SHARE: f64 = 0.9;

/// What a card holds of every painting, however small: the network's kernels for both directions, and room for cuDNN.
#[cfg(feature = "cuda")]
const CARD_FIXED_BYTES: usize = (160 << 20) + cuda::WORKSPACE_BYTES;

/// On a card every convolution leaves its sums in a map of their own, and the gradient of a pooled map is spread out first:
/// at the most two maps of the first block, 64 channels each.
#[cfg(any(feature = "cuda", test))]
pub(super) const CARD_WORKING_VALUES: f64 = 2.0 * 64.0;

static LIMIT: OnceLock<u64> = OnceLock::new();

/// Paints with at most so many bytes, however many are free; counts once.
pub fn limit(bytes: u64) {
    // As with the threads, a second choice comes too late.
    let _ = LIMIT.set(bytes);
}

/// The memory of a device.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Budget {
    /// Bytes that a painting may take; `None` stands for any number.
    pub bytes: Option<f64>,
    /// Values that the device's convolutions need for each pixel beside the feature maps, while they run.
    pub working_values: f64,
}

impl From<f64> for Budget {
    fn from(bytes: f64) -> Self {
        Self { bytes: Some(bytes), ..Self::default() }
    }
}

/// What a painting which holds `held` bytes already may take in all; any number where nobody has set a limit and the system
/// does not tell. With nothing held, a card lets go of what it keeps for later.
#[must_use]
pub fn budget(device: &Device, held: f64) -> Budget {
    let (free, working_values) = match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => {
            let free = cuda::free_bytes(device, held == 0.0).ok();
            (free.map(|bytes| bytes.saturating_sub(CARD_FIXED_BYTES) as u64), CARD_WORKING_VALUES)
        }
        _ => (available_bytes(), 0.0),
    };
    let free = free.map(|bytes| bytes as f64 * SHARE + held);
    let limit = LIMIT.get().map(|bytes| *bytes as f64);
    let bytes = match (free, limit) {
        (Some(free), Some(limit)) => Some(free.min(limit)),
        (free, limit) => free.or(limit),
    };
    Budget { bytes, working_values }
}

/// Memory that a program may take without others being pushed out, where the system tells.
#[cfg(not(target_os = "linux"))]
fn available_bytes() -> Option<u64> {
    use sysinfo::{MemoryRefreshKind, RefreshKind, System};
    let wanted = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let bytes = System::new_with_specifics(wanted).ok()?.available_memory();
    (bytes > 0).then_some(bytes)
}

/// Memory that a program may take without others being pushed out, where the system tells.
#[cfg(target_os = "linux")]
fn available_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
