//! Which device paints, in words that an artist understands.

use std::fmt;
use std::str::FromStr;

use candle_core::Device;
use serde::Serialize;

use super::{EngineError, simd, threads};

/// The device that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The best that works.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// A CUDA card by its number.
    Cuda(usize),
}

impl DeviceChoice {
    /// One sentence of help.
    pub const HELP: &'static str = "Where to paint: auto, cpu, cuda or cuda:N.";
}

impl FromStr for DeviceChoice {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        let unknown =
            || EngineError::Device(format!("device is \"{text}\", but must be one of: auto, cpu, cuda, cuda:N"));
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let number = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                number.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

/// Why this build never paints on CUDA.
const NO_CUDA: &str = "this build paints on the CPU only";

/// Opens the device.
///
/// # Errors
/// When CUDA is asked for by name; `auto` falls back to the CPU.
pub fn open(choice: DeviceChoice) -> Result<Device, EngineError> {
    match choice {
        DeviceChoice::Auto | DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Cuda(_) => {
            Err(EngineError::Device(format!("device {choice} is not available: {NO_CUDA}; use --device auto or cpu")))
        }
    }
}

/// What there is to paint with.
#[derive(Debug, Clone, Serialize)]
pub struct DeviceReport {
    /// The device that `auto` takes, in plain words.
    pub device: String,
    /// Threads that the engine uses.
    pub threads: usize,
    /// Instruction set that the kernels use.
    pub instruction_set: &'static str,
    /// Why `auto` does not take CUDA, where it does not.
    pub cuda_unavailable: Option<String>,
}

/// Describes what there is to paint with.
#[must_use]
pub fn describe_devices() -> DeviceReport {
    DeviceReport {
        device: name(&Device::Cpu),
        threads: threads::count(),
        instruction_set: simd::name(),
        cuda_unavailable: Some(NO_CUDA.to_owned()),
    }
}

/// The device in plain words.
#[must_use]
pub fn name(device: &Device) -> String {
    match device {
        Device::Cpu => {
            let threads = threads::count();
            let plural = if threads == 1 { "" } else { "s" };
            format!("CPU, {threads} thread{plural}, {}", simd::name())
        }
        other => format!("{:?}", other.location()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_and_written_alike() {
        for text in ["auto", "cpu", "cuda:0", "cuda:3"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse::<DeviceChoice>().unwrap(), DeviceChoice::Cuda(0));
        for text in ["", "gpu", "cuda:", "cuda:x", "cuda:-1"] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }
}
