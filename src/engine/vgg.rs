//! The VGG-19 network: which convolutions there are.

/// One convolution of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Block, from 1; a pooling stands between two blocks.
    pub block: u8,
    /// Place in the block, from 1.
    pub index: u8,
    /// Channels that go in.
    pub in_channels: usize,
    /// Channels that come out.
    pub out_channels: usize,
}

impl Layer {
    /// The name in the literature, for example `conv4_2`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("conv{}_{}", self.block, self.index)
    }
}

const fn layer(block: u8, index: u8, in_channels: usize, out_channels: usize) -> Layer {
    Layer { block, index, in_channels, out_channels }
}

/// The 16 convolutions in order.
pub const LAYERS: [Layer; 16] = [
    layer(1, 1, 3, 64),
    layer(1, 2, 64, 64),
    layer(2, 1, 64, 128),
    layer(2, 2, 128, 128),
    layer(3, 1, 128, 256),
    layer(3, 2, 256, 256),
    layer(3, 3, 256, 256),
    layer(3, 4, 256, 256),
    layer(4, 1, 256, 512),
    layer(4, 2, 512, 512),
    layer(4, 3, 512, 512),
    layer(4, 4, 512, 512),
    layer(5, 1, 512, 512),
    layer(5, 2, 512, 512),
    layer(5, 3, 512, 512),
    layer(5, 4, 512, 512),
];
