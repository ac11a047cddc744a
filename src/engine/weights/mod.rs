//! The weights of VGG-19: built in, or from a file of the artist's.
//!
//! Every set comes with a convention for its input, and all of them are brought to one: `conv1_1` is rewritten so that
//! it takes channels in the order red, green, blue, 0..255, minus [`VggWeights::mean_rgb`]. That is exact, because the
//! convolution is linear in its input and zero padding stays zero.

mod layout;
mod pickle;
mod tensor_file;
#[cfg(test)]
mod tests;
mod torch_file;

use std::path::Path;

use rayon::prelude::*;

use self::layout::LayerTensors;
use self::tensor_file::TensorFile;
use super::EngineError;
use super::threads;

/// What is wrong with a file, as the second half of a sentence that begins with its name.
type Problem = String;

/// The Oxford weights that the program carries; see `models/README.md`.
static EMBEDDED: &[u8] = include_bytes!("../../../models/vgg19-oxford-palette.safetensors");
/// Whose they are, and under which terms they are shared.
pub const CREDIT: &str = "VGG-19 by the Visual Geometry Group, University of Oxford (Creative Commons Attribution)";
const EMBEDDED_NAME: &str = "models/vgg19-oxford-palette.safetensors (built in)";

/// Mean pixel that Simonyan & Zisserman subtracted, in the order red, green, blue.
const OXFORD_MEAN_RGB: [f32; 3] = [123.68, 116.779, 103.939];
/// Mean and standard deviation of ImageNet on a scale of 0..1, with which torchvision and timm normalise.
const TORCHVISION_MEAN_RGB: [f32; 3] = [0.485, 0.456, 0.406];
const TORCHVISION_STD_RGB: [f32; 3] = [0.229, 0.224, 0.225];

/// Relative distance of a `conv1_1` from the built-in one below which it is the same network.
///
/// The palette moves the Oxford weights by less than 1 %, half precision by 0.1 %; networks trained apart differ by
/// more than 100 %.
const SAME_NETWORK: f32 = 0.05;

/// The weights of one 3x3 convolution.
#[derive(Debug, Clone, PartialEq)]
pub struct ConvWeights {
    /// Channels that go in.
    pub in_channels: usize,
    /// Channels that come out.
    pub out_channels: usize,
    /// `[out_channels][in_channels][3][3]`.
    pub weight: Vec<f32>,
    /// `[out_channels]`.
    pub bias: Vec<f32>,
}

/// The weights of the network, for an input in red, green, blue, 0..255, minus `mean_rgb`.
#[derive(Debug, Clone, PartialEq)]
pub struct VggWeights {
    /// The 16 convolutions, in the order of [`LAYERS`](super::vgg::LAYERS).
    pub layers: Vec<ConvWeights>,
    /// The mean pixel to subtract, on a scale of 0..255.
    pub mean_rgb: [f32; 3],
    /// What these weights are, for the artist.
    pub description: String,
    /// Whether they are the program's own, of which [`VggWeights::embedded_layer`] gives any layer again.
    pub built_in: bool,
}

/// What the first convolution of a file expects to be fed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Convention {
    /// Blue, green, red; 0..255; minus the mean pixel.
    Oxford,
    /// Red, green, blue; 0..1; minus the mean, divided by the standard deviation.
    Torchvision,
}

impl VggWeights {
    /// The weights from `path`, or the built-in ones.
    ///
    /// # Errors
    /// As [`VggWeights::from_file`].
    pub fn load(path: Option<&Path>) -> Result<Self, EngineError> {
        path.map_or_else(Self::embedded, Self::from_file)
    }

    /// The weights that the program carries: those of the University of Oxford, with which Gatys et al. painted.
    ///
    /// # Errors
    /// When the program was built with a damaged file.
    pub fn embedded() -> Result<Self, EngineError> {
        embedded_file()
            .and_then(|file| Self::read(&file, Some(Convention::Oxford)))
            .map(|(weights, _)| Self { description: "VGG-19 (Oxford), built in".to_owned(), built_in: true, ..weights })
            .map_err(|problem| EngineError::Weights { path: EMBEDDED_NAME.into(), problem })
    }

    /// One convolution beyond the first of the weights that the program carries.
    ///
    /// # Errors
    /// When there is no such layer, or the program was built with a damaged file.
    pub fn embedded_layer(layer: usize) -> Result<ConvWeights, EngineError> {
        embedded_file()
            .and_then(|file| {
                let tensors = layout::find_layers(&file)?;
                tensors.get(layer).ok_or_else(|| format!("it has no layer {layer}"))?.read(&file)
            })
            .map_err(|problem| EngineError::Weights { path: EMBEDDED_NAME.into(), problem })
    }

    /// Reads a VGG-19 from a safetensors file or from a PyTorch file (`.pth`, `.pt`; zip or the older format).
    ///
    /// Tensors are named as in torchvision and timm (`features.0.weight`) or by block (`conv1_1.weight`), possibly with
    /// a prefix. Which convention the first convolution follows is seen from its values: those of the Oxford network
    /// are recognised, everything else is taken for torchvision's. No code in a file is ever run.
    ///
    /// # Errors
    /// When the file cannot be read, is cut short, or does not hold a VGG-19; the error names the tensor at fault.
    pub fn from_file(path: &Path) -> Result<Self, EngineError> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        TensorFile::open(path)
            .and_then(|file| Self::read(&file, None))
            .map(|(weights, convention)| {
                let origin = match convention {
                    Convention::Oxford => "Oxford",
                    Convention::Torchvision => "torchvision",
                };
                Self { description: format!("VGG-19 ({origin}), from {name}"), ..weights }
            })
            .map_err(|problem| EngineError::Weights { path: path.to_owned(), problem })
    }

    /// Reads all layers; `convention` is found out where it is not known.
    fn read(file: &TensorFile, convention: Option<Convention>) -> Result<(Self, Convention), Problem> {
        // Everything is checked before anything large is read, and in order, so that the first fault is reported.
        let tensors = layout::find_layers(file)?;
        let mut layers: Vec<ConvWeights> = threads::pool()
            .install(|| tensors.par_iter().map(|layer| layer.read(file)).collect::<Result<_, Problem>>())?;
        let [first, ..] = layers.as_mut_slice() else { return Err("it holds no convolution".to_owned()) };
        let convention = convention.map_or_else(|| recognise(first), Ok)?;
        let mean_rgb = convention.adapt(first);
        Ok((Self { layers, mean_rgb, description: String::new(), built_in: false }, convention))
    }
}

impl Convention {
    /// Rewrites the first convolution for red, green, blue, 0..255, minus the mean pixel that is returned.
    fn adapt(self, first: &mut ConvWeights) -> [f32; 3] {
        for kernels in first.weight.chunks_exact_mut(3 * 9) {
            match self {
                Self::Oxford => {
                    let (blue, rest) = kernels.split_at_mut(9);
                    blue.swap_with_slice(&mut rest[9..]);
                }
                Self::Torchvision => {
                    for (kernel, std) in kernels.chunks_exact_mut(9).zip(TORCHVISION_STD_RGB) {
                        kernel.iter_mut().for_each(|weight| *weight /= 255.0 * std);
                    }
                }
            }
        }
        match self {
            Self::Oxford => OXFORD_MEAN_RGB,
            Self::Torchvision => TORCHVISION_MEAN_RGB.map(|mean| 255.0 * mean),
        }
    }
}

fn embedded_file() -> Result<TensorFile, Problem> {
    TensorFile::from_bytes(EMBEDDED)
}

/// Tells by the values of the first convolution whose input convention a file follows.
///
/// The Oxford weights are also passed around under torchvision's names (converted from Caffe, without a palette), and
/// nothing but the values tells the two apart.
fn recognise(first: &ConvWeights) -> Result<Convention, Problem> {
    let embedded = embedded_file()?;
    let layers: Vec<LayerTensors> = layout::find_layers(&embedded)?;
    let [oxford, ..] = layers.as_slice() else { return Ok(Convention::Torchvision) };
    let oxford = oxford.read(&embedded)?;
    let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
    let distance = norm(&mut first.weight.iter().zip(&oxford.weight).map(|(a, b)| a - b));
    let same = distance < SAME_NETWORK * norm(&mut oxford.weight.iter().copied());
    Ok(if same { Convention::Oxford } else { Convention::Torchvision })
}
