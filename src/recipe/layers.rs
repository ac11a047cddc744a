//! Which layers of the network carry content and style, and how strongly.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{RecipeError, parameter};

/// Convolutions in each of VGG-19's five blocks.
const BLOCKS: [u8; 5] = [2, 2, 4, 4, 4];

/// The feature map after one convolution's ReLU: `relu4_2` in the literature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct LayerName {
    block: u8,
    index: u8,
}

impl LayerName {
    /// The layer `relu{block}_{index}`, both from 1; `None` where VGG-19 has none.
    #[must_use]
    pub const fn new(block: u8, index: u8) -> Option<Self> {
        if block >= 1 && block as usize <= BLOCKS.len() && index >= 1 && index <= BLOCKS[block as usize - 1] {
            Some(Self { block, index })
        } else {
            None
        }
    }

    /// Every layer, from the pixels up.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..).zip(BLOCKS).flat_map(|(block, count)| (1..=count).map(move |index| Self { block, index }))
    }

    /// Block, from 1; a pooling stands between blocks.
    #[must_use]
    pub const fn block(self) -> u8 {
        self.block
    }

    /// Convolution within the block, from 1.
    #[must_use]
    pub const fn index(self) -> u8 {
        self.index
    }
}

impl fmt::Display for LayerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "relu{}_{}", self.block, self.index)
    }
}

impl From<LayerName> for String {
    fn from(layer: LayerName) -> Self {
        layer.to_string()
    }
}

impl TryFrom<String> for LayerName {
    type Error = RecipeError;
    fn try_from(text: String) -> Result<Self, RecipeError> {
        text.parse()
    }
}

impl FromStr for LayerName {
    type Err = RecipeError;
    /// Reads `relu4_2`; `conv4_2`, as the literature often writes it, means the same.
    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let digits = text.strip_prefix("relu").or_else(|| text.strip_prefix("conv")).unwrap_or(text);
        let parsed = digits.split_once('_').and_then(|(block, index)| Some((block.parse().ok()?, index.parse().ok()?)));
        parsed.and_then(|(block, index)| Self::new(block, index)).ok_or_else(|| RecipeError::UnknownChoice {
            name: "layer",
            value: text.to_owned(),
            known: "relu1_1 to relu1_2, relu2_1 to relu2_2, relu3_1 to relu3_4, relu4_1 to relu4_4, relu5_1 to relu5_4"
                .to_owned(),
        })
    }
}

/// Layers at which a loss looks, each with its weight, see [`parameter::LAYER_WEIGHT`]. A layer that is not named has
/// weight zero and costs nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LayerWeights(BTreeMap<LayerName, f32>);

impl LayerWeights {
    /// These layers, all with the same weight of 1.
    #[must_use]
    pub fn even(layers: &[(u8, u8)]) -> Self {
        let layers = layers.iter().filter_map(|&(block, index)| LayerName::new(block, index));
        Self(layers.map(|layer| (layer, parameter::LAYER_WEIGHT.default)).collect())
    }

    /// The weight of a layer.
    #[must_use]
    pub fn weight(&self, layer: LayerName) -> f32 {
        self.0.get(&layer).copied().unwrap_or(0.0)
    }

    /// Sets the weight of a layer; zero takes it out.
    pub fn set(&mut self, layer: LayerName, weight: f32) {
        if weight == 0.0 {
            self.0.remove(&layer);
        } else {
            self.0.insert(layer, weight);
        }
    }

    /// The layers with a weight above zero, from the pixels up.
    pub fn iter(&self) -> impl Iterator<Item = (LayerName, f32)> + '_ {
        self.0.iter().map(|(layer, weight)| (*layer, *weight)).filter(|(_, weight)| *weight != 0.0)
    }

    /// Whether no layer has any weight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Holds every weight to its range.
    ///
    /// # Errors
    /// The first weight that is out of range.
    pub fn check(&self) -> Result<(), RecipeError> {
        self.0.values().try_for_each(|weight| parameter::LAYER_WEIGHT.check(*weight).map(|_| ()))
    }
}

impl fmt::Display for LayerWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (layer, weight)) in self.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{layer}")?;
            let usual = parameter::LAYER_WEIGHT.default;
            if weight != usual {
                write!(f, "={weight}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for LayerWeights {
    type Err = RecipeError;
    /// Reads `relu4_2` or `relu3_2=0.5,relu4_2`; `none` stands for no layer at all.
    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let mut weights = Self::default();
        if text == "none" {
            return Ok(weights);
        }
        for word in text.split(',') {
            let (layer, weight) = match word.split_once('=') {
                None => (word, parameter::LAYER_WEIGHT.default),
                Some((layer, weight)) => {
                    let number = weight.trim().parse().map_err(|_| RecipeError::OutOfRange {
                        name: parameter::LAYER_WEIGHT.name,
                        value: format!("\"{weight}\""),
                        range: format!("{} to {}", parameter::LAYER_WEIGHT.min, parameter::LAYER_WEIGHT.max),
                    })?;
                    (layer, parameter::LAYER_WEIGHT.check(number)?)
                }
            };
            weights.set(layer.trim().parse()?, weight);
        }
        Ok(weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_read_and_written_alike() {
        assert_eq!(LayerName::all().count(), 16);
        for layer in LayerName::all() {
            assert_eq!(layer.to_string().parse::<LayerName>().unwrap(), layer);
        }
        assert_eq!("conv4_2".parse::<LayerName>().unwrap(), LayerName::new(4, 2).unwrap());
        for text in ["relu0_1", "relu6_1", "relu1_3", "relu4", "pool1", ""] {
            assert!(text.parse::<LayerName>().is_err(), "{text}");
        }
    }

    #[test]
    fn weights_are_read_and_written_alike() {
        let weights: LayerWeights = "relu4_2=0.5, relu1_1".parse().unwrap();
        assert_eq!(weights.to_string(), "relu1_1,relu4_2=0.5");
        assert_eq!(weights.weight(LayerName::new(4, 2).unwrap()), 0.5);
        assert!("none".parse::<LayerWeights>().unwrap().is_empty());
        for text in ["relu4_2=x", "relu4_2=-1", "relu9_9", ""] {
            assert!(text.parse::<LayerWeights>().is_err(), "{text}");
        }
        let json = serde_json::to_string(&weights).unwrap();
        assert_eq!(serde_json::from_str::<LayerWeights>(&json).unwrap(), weights);
    }
}
