//! How a convolution is cut into tasks that fit the caches and keep all threads busy. Pure arithmetic.

use std::ops::RangeInclusive;

use super::kernels::WinogradKernel;
use super::transform::{FREQUENCIES, TILE};
use crate::engine::{panel, threads};

/// Room between the matrices of one task, in floats: keeps them off the same cache sets, which equal power-of-two
/// distances would share.
const STAGGER: usize = 16;

/// Output channels that are multiplied and transformed back together.
const OUTPUT_BLOCK: usize = 64;
/// Panels in them, at most: with no vectors at all, a panel is two channels wide.
pub const MAX_PANELS: usize = OUTPUT_BLOCK / 2;

/// Tiles of one task: enough that reading (or making) the transformed kernels pays, few enough that what they are
/// transformed into stays in a core's share of the caches.
const TILES: RangeInclusive<usize> = 36..=66;

/// How one convolution is cut into tasks: blocks of tiles, and where those are too few for all threads, blocks of
/// output channels too (the input transform is then done once for each of them).
pub struct Plan {
    pub height: usize,
    pub width: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub tiles_across: usize,
    pub tiles: usize,
    pub tiles_per_block: usize,
    pub blocks: usize,
    pub channels_per_split: usize,
    pub splits: usize,
    /// Output channels that are computed together, a multiple of the panel's width.
    pub output_block: usize,
    /// Floats for the transformed kernels of one panel.
    pub stack_len: usize,
    pub panels_per_block: usize,
    pub step_depth: usize,
    pub steps: usize,
}

impl Plan {
    /// Cuts the convolution of a height x width map.
    pub fn new(height: usize, width: usize, kernel: &WinogradKernel) -> Self {
        let (in_channels, out_channels) = (kernel.in_channels(), kernel.out_channels());
        let tiles_across = width.div_ceil(TILE);
        let tiles = tiles_across * height.div_ceil(TILE);
        let threads = threads::count();
        let tiles_per_block = tiles_per_block(tiles, threads, kernel.width());
        let blocks = tiles.div_ceil(tiles_per_block);
        let output_block =
            OUTPUT_BLOCK.next_multiple_of(kernel.width()).min(out_channels.next_multiple_of(kernel.width()));
        let wanted_splits = if blocks < threads { threads.div_ceil(blocks) } else { 1 };
        let channels_per_split = out_channels.div_ceil(wanted_splits).next_multiple_of(output_block);
        let splits = out_channels.div_ceil(channels_per_split);
        Self {
            height,
            width,
            in_channels,
            out_channels,
            tiles_across,
            tiles,
            tiles_per_block,
            blocks,
            channels_per_split,
            splits,
            output_block,
            stack_len: kernel.scratch_len(),
            panels_per_block: output_block / kernel.width(),
            step_depth: kernel.step_depth(),
            steps: kernel.steps(),
        }
    }

    /// How many there are.
    pub fn tasks(&self) -> usize {
        self.blocks * self.splits
    }

    /// Floats from one matrix of transformed input to the next.
    pub fn input_stride(&self) -> usize {
        self.tiles_per_block * self.step_depth + STAGGER
    }

    /// Floats from one matrix of products to the next.
    pub fn product_stride(&self) -> usize {
        self.tiles_per_block * self.output_block + STAGGER
    }

    /// Floats that one task works in.
    pub fn scratch_len(&self) -> usize {
        FREQUENCIES * (self.steps * self.input_stride() + self.product_stride() + self.in_channels)
            + self.panels_per_block * self.stack_len
    }
}

/// The size of the blocks that lets all threads finish together, in whole groups of the product's rows.
fn tiles_per_block(tiles: usize, threads: usize, panel_width: usize) -> usize {
    if tiles < TILES.start() * threads {
        // Too few for all threads: these share the channels.
        return tiles.min(*TILES.end());
    }
    let slowest = |block: usize| {
        let (whole, rest) = (tiles / block, tiles % block);
        if whole.is_multiple_of(threads) { whole / threads * block + rest } else { whole.div_ceil(threads) * block }
    };
    TILES.step_by(panel::rows_per_call(panel_width)).min_by_key(|&block| slowest(block)).unwrap_or(*TILES.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_let_all_threads_end_at_about_the_same_time() {
        for threads in 1..=16 {
            for tiles in 1..=2000 {
                let block = tiles_per_block(tiles, threads, 16);
                assert!((1..=*TILES.end()).contains(&block), "{tiles} tiles, {threads} threads: blocks of {block}");
                if tiles >= TILES.start() * threads {
                    let ideal = tiles.div_ceil(threads);
                    let rounds = (tiles / block).div_ceil(threads);
                    assert!(block.is_multiple_of(6) && rounds * block <= 2 * ideal, "{tiles} tiles, {threads} threads");
                }
            }
        }
    }
}
