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

/// A device that is open.
pub struct Opened {
    /// Where tensors lie.
    pub device: Device,
    /// Why it is not a card, where one would have been taken: half a sentence.
    pub cuda_unavailable: Option<String>,
}

/// Opens the device.
///
/// # Errors
/// When a card is asked for by name and cannot be had; `auto` falls back to the processor.
pub fn open(choice: DeviceChoice) -> Result<Opened, EngineError> {
    open_with(choice, open_card)
}

fn open_with(
    choice: DeviceChoice,
    open_card: impl FnOnce(usize) -> Result<Device, String>,
) -> Result<Opened, EngineError> {
    match choice {
        DeviceChoice::Cpu => Ok(Opened { device: Device::Cpu, cuda_unavailable: None }),
        DeviceChoice::Auto => Ok(match open_card(0) {
            Ok(device) => Opened { device, cuda_unavailable: None },
            Err(reason) => Opened { device: Device::Cpu, cuda_unavailable: Some(reason) },
        }),
        DeviceChoice::Cuda(number) => match open_card(number) {
            Ok(device) => Ok(Opened { device, cuda_unavailable: None }),
            Err(reason) => {
                let words = format!("device {choice} is not available: {reason}; use --device auto or cpu");
                Err(EngineError::Device(words))
            }
        },
    }
}

#[cfg(feature = "cuda")]
fn open_card(number: usize) -> Result<Device, String> {
    super::cuda::open(number)
}

#[cfg(not(feature = "cuda"))]
fn open_card(_: usize) -> Result<Device, String> {
    Err("this build paints on the CPU only".to_owned())
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
    let card = open_card(0);
    DeviceReport {
        device: name(card.as_ref().unwrap_or(&Device::Cpu)),
        threads: threads::count(),
        instruction_set: simd::name(),
        cuda_unavailable: card.err(),
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
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => super::cuda::name(device),
        other => format!("{:?}", other.location()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where no card can be had.
    fn without(choice: DeviceChoice) -> Result<Opened, EngineError> {
        open_with(choice, |number| Err(format!("card {number} is not there")))
    }

    #[test]
    fn auto_falls_back_to_the_processor_and_says_why() {
        let opened = without(DeviceChoice::Auto).unwrap();
        assert!(opened.device.is_cpu());
        assert_eq!(opened.cuda_unavailable.as_deref(), Some("card 0 is not there"));
        // Whoever asks for the processor is told nothing of cards, and none is looked for.
        let opened = open_with(DeviceChoice::Cpu, |_| panic!("nobody has asked for a card")).unwrap();
        assert!(opened.device.is_cpu() && opened.cuda_unavailable.is_none());
        let opened = open_with(DeviceChoice::Auto, |_| Ok(Device::Cpu)).unwrap();
        assert!(opened.cuda_unavailable.is_none());
    }

    #[test]
    fn a_card_that_is_asked_for_by_name_is_had_or_refused_in_one_sentence() {
        let asked = std::cell::Cell::new(0);
        open_with(DeviceChoice::Cuda(2), |number| {
            asked.set(number);
            Ok(Device::Cpu)
        })
        .unwrap();
        assert_eq!(asked.get(), 2);
        let Err(error) = without(DeviceChoice::Cuda(2)) else { panic!("a card was found") };
        assert_eq!(error.to_string(), "device cuda:2 is not available: card 2 is not there; use --device auto or cpu");
    }

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
