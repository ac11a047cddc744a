//! Which tensors of a file are the convolutions of VGG-19.

use super::super::vgg::{LAYERS, Layer};
use super::tensor_file::{Entry, TensorFile};
use super::{ConvWeights, Problem};

/// Entries in a palette: as many as a byte can name.
const PALETTE: usize = 256;

/// Where the weights of one convolution are.
pub struct LayerTensors<'a> {
    layer: Layer,
    weight: Entry<'a>,
    palette: Option<Entry<'a>>,
    bias: Entry<'a>,
}

/// How a file names its tensors.
enum Naming<'a> {
    /// torchvision and timm: `features.21.weight`.
    Features { prefix: &'a str },
    /// By block, as the built-in file: `conv4_2.weight`.
    Blocks { prefix: &'a str },
}

impl Naming<'_> {
    /// The name, less `.weight` or `.bias`, of the convolution at `position`.
    fn stem(&self, position: usize, layer: &Layer) -> String {
        match self {
            Self::Features { prefix } => format!("{prefix}features.{}", features_index(position, layer)),
            Self::Blocks { prefix } => format!("{prefix}{}", layer.name()),
        }
    }
}

/// Index in torchvision's `features`, where a convolution and its ReLU take two places and each pooling one.
fn features_index(position: usize, layer: &Layer) -> usize {
    2 * position + usize::from(layer.block) - 1
}

/// Finds all 16 convolutions, with their shapes checked.
pub fn find_layers(file: &TensorFile) -> Result<Vec<LayerTensors<'_>>, Problem> {
    let naming = naming(file)?;
    if let Naming::Features { prefix } = naming {
        refuse_relatives(file, prefix)?;
    }
    LAYERS.iter().enumerate().map(|(position, layer)| find_layer(file, &naming.stem(position, layer), layer)).collect()
}

fn naming(file: &TensorFile) -> Result<Naming<'_>, Problem> {
    let prefix = |suffix: &str| file.names().find_map(|name| name.strip_suffix(suffix));
    if let Some(prefix) = prefix("features.0.weight") {
        return Ok(Naming::Features { prefix });
    }
    if let Some(prefix) = prefix("conv1_1.weight") {
        return Ok(Naming::Blocks { prefix });
    }
    let found = file.names().next().map_or_else(
        || "none (save a model with torch.save(model.state_dict(), …))".to_owned(),
        |name| format!("{name} and the like"),
    );
    Err(format!("it holds no VGG-19: expected tensors named features.0.weight or conv1_1.weight, found {found}"))
}

/// Refuses other members of the VGG family by their own names, rather than by the first shape that does not fit.
fn refuse_relatives(file: &TensorFile, prefix: &str) -> Result<(), Problem> {
    let needed = "a plain VGG-19 is needed";
    let ours: Vec<usize> = LAYERS.iter().enumerate().map(|(position, layer)| features_index(position, layer)).collect();
    let (mut convolutions, mut foreign) = (0, false);
    for name in file.names() {
        let Some((index, tensor)) = name
            .strip_prefix(prefix)
            .and_then(|name| name.strip_prefix("features."))
            .and_then(|name| name.split_once('.'))
        else {
            continue;
        };
        if tensor == "running_mean" {
            return Err(format!("it holds a VGG with batch normalisation (tensor {name}); {needed}"));
        }
        if tensor == "weight" && file.shape(name).is_some_and(|shape| shape.len() == 4) {
            convolutions += 1;
            foreign |= index.parse().is_ok_and(|index| !ours.contains(&index));
        }
    }
    // The number in the name counts the three fully connected layers too.
    if foreign {
        Err(format!("it holds a VGG-{} (by its {convolutions} convolutions); {needed}", convolutions + 3))
    } else {
        Ok(())
    }
}

fn find_layer<'a>(file: &'a TensorFile, stem: &str, layer: &Layer) -> Result<LayerTensors<'a>, Problem> {
    let find = |part: &str, shape: &[usize]| {
        file.find(&format!("{stem}.{part}"), shape).map_err(|problem| format!("{problem} ({} of VGG-19)", layer.name()))
    };
    let weight = find("weight", &[layer.out_channels, layer.in_channels, 3, 3])?;
    let palette = if weight.is_bytes() { Some(find("palette", &[PALETTE])?) } else { None };
    Ok(LayerTensors { layer: *layer, weight, palette, bias: find("bias", &[layer.out_channels])? })
}

impl LayerTensors<'_> {
    /// Reads the values, looked up in the palette where there is one.
    pub fn read(&self, file: &TensorFile) -> Result<ConvWeights, Problem> {
        let weight = match &self.palette {
            None => file.read_f32(&self.weight)?,
            Some(palette) => {
                let palette: [f32; PALETTE] = file
                    .read_f32(palette)?
                    .try_into()
                    .map_err(|values: Vec<f32>| format!("palette of {} values, expected {PALETTE}", values.len()))?;
                file.read_bytes(&self.weight)?.iter().map(|&index| palette[usize::from(index)]).collect()
            }
        };
        let Layer { in_channels, out_channels, .. } = self.layer;
        Ok(ConvWeights { in_channels, out_channels, weight, bias: file.read_f32(&self.bias)? })
    }
}
