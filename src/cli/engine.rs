//! The one place where the command line meets the real engine.

use std::path::Path;
use std::sync::Arc;

use crate::engine::{Engine, EngineError, Losses};
use crate::image_io::Picture;

/// Interim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceChoice {
    /// Interim.
    Auto,
    /// Interim.
    Cpu,
    /// Interim.
    Cuda(usize),
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl std::str::FromStr for DeviceChoice {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("device is \"{text}\", but must be one of: auto, cpu, cuda, cuda:N")),
        }
    }
}

/// Interim.
#[derive(serde::Serialize)]
pub struct DeviceReport {
    /// Interim.
    pub chosen: String,
}

fn missing<T>() -> Result<T, EngineError> {
    Err(EngineError::Device("the engine is not part of this build yet".to_owned()))
}

pub fn make_engine(_device: DeviceChoice, _weights: Option<&Path>) -> Result<Arc<dyn Engine>, EngineError> {
    missing()
}

pub fn describe_devices() -> DeviceReport {
    DeviceReport { chosen: "none".to_owned() }
}

pub fn score(
    _weights: Option<&Path>,
    _content: &Picture,
    _style: &Picture,
    _image: &Picture,
    _size: Option<u32>,
    _style_size: Option<u32>,
) -> Result<Losses, EngineError> {
    missing()
}
