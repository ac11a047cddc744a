//! How the kernels of `kernels.cu` are launched: their arguments, and how many threads.
//!
//! Nothing here needs a card. A launch is plain data, so that the tests can carry it out on the processor.

use std::ffi::c_void;

use super::super::vector::ops::Kernel;
use super::super::vector::reduction::Reduction;
use crate::recipe::{Edges, Pooling, TvNorm};

/// The kernels' source. What a card runs is compiled from it by `build.rs`.
#[cfg(test)]
pub const SOURCE: &str = include_str!("kernels.cu");

/// Where values lie on the card; 0 where there are none.
pub type Address = u64;

/// Threads of a block, `BLOCK` there.
pub const BLOCK: u32 = 256;
/// Blocks that leave a sum each: enough to fill a large card.
const MAX_SUMS: usize = 1024;
/// Values that a thread adds up at least, before another block is worth it.
const VALUES_PER_THREAD: usize = 8;
/// Pixels that one thread takes in the first layer, `CANVAS_RUN` there.
const CANVAS_RUN: usize = 8;
/// Pixels that one thread adds up for the mean of a channel.
const MEAN_CHUNK: usize = 256;

/// An argument of a kernel, laid out as C passes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Argument {
    Address(Address),
    Count(u64),
    Int(i32),
    Float(f32),
    Double(f64),
}

/// One launch of a kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// Its name.
    pub kernel: &'static str,
    /// Blocks of [`BLOCK`] threads.
    pub blocks: u32,
    /// In the order of its parameters.
    pub arguments: Vec<Argument>,
}

impl Launch {
    /// With a thread for each of `threads` values.
    fn each(kernel: &'static str, mut arguments: Vec<Argument>, threads: usize) -> Self {
        arguments.push(Argument::Count(threads as u64));
        Self { kernel, blocks: threads.div_ceil(BLOCK as usize).max(1) as u32, arguments }
    }

    /// Pointers to the arguments, as a launch takes them; they hold as long as this does.
    pub fn pointers(&mut self) -> Vec<*mut c_void> {
        let pointer = |argument: &mut Argument| match argument {
            Argument::Address(value) | Argument::Count(value) => std::ptr::from_mut(value).cast(),
            Argument::Int(value) => std::ptr::from_mut(value).cast(),
            Argument::Float(value) => std::ptr::from_mut(value).cast(),
            Argument::Double(value) => std::ptr::from_mut(value).cast(),
        };
        self.arguments.iter_mut().map(pointer).collect()
    }
}

use Argument::{Address as At, Count, Double, Float, Int};

/// A map's height, width and channels.
pub type Size = (usize, usize, usize);

/// Height, width and channels, as arguments. The card's own limits keep them far below 2^31.
fn size((height, width, channels): Size) -> [Argument; 3] {
    [Int(height as i32), Int(width as i32), Int(channels as i32)]
}

fn flag(yes: bool) -> Argument {
    Int(i32::from(yes))
}

fn average(pooling: Pooling) -> Argument {
    flag(pooling == Pooling::Average)
}

/// An element-wise operation of [`vector`](super::super::vector) on `n` values.
pub fn each(kernel: Kernel, y: Address, others: &[Address], n: usize) -> Launch {
    let addresses = [y].into_iter().chain(others.iter().copied()).map(At);
    Launch::each(kernel.name, addresses.chain(kernel.numbers.map(Float)).collect(), n)
}

/// `y = y + (sum of factor * value) x`, where the values (`f64`) are on the card.
pub fn add_scaled_by(terms: [(f64, Address); 2], x: Address, y: Address, n: usize) -> Launch {
    let terms = terms.into_iter().flat_map(|(factor, value)| [At(value), Double(factor)]);
    Launch::each("add_scaled_by", [At(y), At(x)].into_iter().chain(terms).collect(), n)
}

/// Sums that [`reduce`] and [`total_variation`] leave for `n` values.
pub fn sums(n: usize) -> usize {
    n.div_ceil(BLOCK as usize * VALUES_PER_THREAD).clamp(1, MAX_SUMS)
}

/// `sums` (`f64`) are as many as [`sums`] says.
pub fn reduce(kind: Reduction, a: Address, b: Address, sums_at: Address, n: usize) -> Launch {
    let arguments = vec![At(a), At(b), At(sums_at), Int(kind as i32)];
    Launch { blocks: sums(n) as u32, ..Launch::each("reduce", arguments, n) }
}

/// `sum = factor * (sums added up)`, both `f64`.
pub fn sum_of_blocks(sums: Address, sum: Address, factor: f64, n: usize) -> Launch {
    Launch { blocks: 1, ..Launch::each("sum_of_blocks", vec![At(sums), At(sum), Double(factor)], n) }
}

/// Sums (`f64`) that [`mean`] leaves on its way.
pub fn mean_sums((height, width, channels): Size) -> usize {
    (height * width).div_ceil(MEAN_CHUNK) * channels
}

/// The mean of every channel; both are to be launched.
pub fn mean(map: Address, sums: Address, mean: Address, of: Size) -> [Launch; 2] {
    let (pixels, channels, chunks) = ((of.0 * of.1) as u64, Int(of.2 as i32), mean_sums(of) / of.2);
    let first = vec![At(map), At(sums), Count(pixels), channels, Int(MEAN_CHUNK as i32)];
    let second = vec![At(sums), At(mean), Count(pixels), channels, Int(chunks as i32)];
    [Launch::each("sums_of_channels", first, chunks * of.2), Launch::each("mean_of_chunks", second, of.2)]
}

/// `y = max(y + bias, 0)` for a map.
pub fn bias_relu(y: Address, bias: Address, (height, width, channels): Size) -> Launch {
    Launch::each("bias_relu", vec![At(y), At(bias), Int(channels as i32)], height * width * channels)
}

/// `pooled = pool(max(map + bias, 0))` with marks; without a bias, `pool(map)`.
pub fn bias_relu_pool(map: Address, bias: Address, pooled: Address, pooling: Pooling, of: Size) -> Launch {
    let arguments = [At(map), At(bias), At(pooled)].into_iter().chain(size(of)).chain([average(pooling)]);
    Launch::each("bias_relu_pool", arguments.collect(), of.0 / 2 * (of.1 / 2) * of.2)
}

/// Spreads the marked gradient of a pooled map over the map `of` this size.
pub fn unpool(pooled: Address, gradient: Address, pooling: Pooling, of: Size) -> Launch {
    let arguments = [At(pooled), At(gradient)].into_iter().chain(size(of)).chain([average(pooling)]);
    Launch::each("unpool", arguments.collect(), of.0 * of.1 * of.2)
}

/// Replaces features by their gradient, see [`conv::unpool`](super::super::conv::unpool).
pub fn unpool_features(features: Address, pooled: Address, loss: Address, pooling: Pooling, of: Size) -> Launch {
    let arguments = [At(features), At(pooled), At(loss)].into_iter().chain(size(of)).chain([average(pooling)]);
    Launch::each("unpool_features", arguments.collect(), of.0 * of.1 * of.2)
}

/// `y = (gradient [+ loss]) where y > 0, else 0`.
pub fn replace_features(y: Address, gradient: Address, loss: Address, n: usize) -> Launch {
    Launch::each("replace_features", vec![At(y), At(gradient), At(loss)], n)
}

/// `y = gradient`, with the marks of `y`.
pub fn replace_pooled(y: Address, gradient: Address, n: usize) -> Launch {
    Launch::each("replace_pooled", vec![At(y), At(gradient)], n)
}

/// The first layer: `output = max(conv(canvas) + bias, 0)`, with `of` the output's size.
pub fn forward_canvas(
    canvas: Address,
    kernels: Address,
    bias: Address,
    output: Address,
    edges: Edges,
    of: Size,
) -> Launch {
    let addresses = [At(canvas), At(kernels), At(bias), At(output)];
    let arguments = addresses.into_iter().chain(size(of)).chain([flag(edges != Edges::Zeros)]);
    Launch::each("forward_canvas", arguments.collect(), (of.0 * of.1).div_ceil(CANVAS_RUN) * of.2)
}

/// Its gradient with respect to the canvas, with `of` the size of `gradient`.
pub fn canvas_gradient(gradient: Address, kernels: Address, output: Address, edges: Edges, of: Size) -> Launch {
    let addresses = [At(gradient), At(kernels), At(output)];
    let arguments = addresses.into_iter().chain(size(of)).chain([flag(edges != Edges::Zeros)]);
    Launch::each("canvas_gradient", arguments.collect(), of.0 * of.1)
}

/// Holds a canvas to the range of colours.
pub fn clamp_colours(canvas: Address, mean_rgb: [f32; 3], n: usize) -> Launch {
    Launch::each("clamp_colours", [At(canvas)].into_iter().chain(mean_rgb.map(Float)).collect(), n)
}

/// `half = D x` for a canvas `of` this size, see `optimizer/metric.rs`.
pub fn halve(canvas: Address, half: Address, of: Size) -> Launch {
    let arguments = [At(canvas), At(half)].into_iter().chain(size(of));
    Launch::each("halve", arguments.collect(), of.0.div_ceil(2) * of.1.div_ceil(2) * of.2)
}

/// `x = x + gain U half` for a canvas `of` this size.
pub fn add_enlarged(half: Address, canvas: Address, gain: f32, of: Size) -> Launch {
    let arguments = [At(half), At(canvas), Float(gain)].into_iter().chain(size(of));
    Launch::each("add_enlarged", arguments.collect(), of.0 * of.1 * of.2)
}

/// Leaves as many `sums` (`f64`) as [`sums`] says.
pub fn total_variation(canvas: Address, sums_at: Address, norm: TvNorm, of: Size) -> Launch {
    let n = of.0 * of.1 * of.2;
    let arguments = [At(canvas), At(sums_at)].into_iter().chain(size(of)).chain([flag(norm == TvNorm::L1)]);
    Launch { blocks: sums(n) as u32, ..Launch::each("total_variation", arguments.collect(), n) }
}

/// `gradient = gradient + factor * (slope of the summed variation)`.
pub fn add_total_variation_gradient(gradient: Address, canvas: Address, factor: f32, norm: TvNorm, of: Size) -> Launch {
    let arguments = [At(gradient), At(canvas), Float(factor)].into_iter().chain(size(of));
    let arguments = arguments.chain([flag(norm == TvNorm::L1)]);
    Launch::each("add_total_variation_gradient", arguments.collect(), of.0 * of.1 * of.2)
}

/// The mean light of `rows` times `columns` cells of a canvas `of` this size.
pub fn light_of_cells(canvas: Address, light: Address, (rows, columns): (usize, usize), of: Size) -> Launch {
    let arguments = [At(canvas), At(light), Int(rows as i32), Int(columns as i32)].into_iter().chain(size(of));
    Launch::each("light_of_cells", arguments.collect(), rows * columns)
}

/// `out = D x` for `rows` times `columns` cells, see `loss/cells.rs`.
pub fn laplacian(x: Address, out: Address, (rows, columns): (usize, usize)) -> Launch {
    Launch::each("laplacian", vec![At(x), At(out), Int(rows as i32), Int(columns as i32)], rows * columns)
}

/// Shares out `factor` times the value of each cell among the pixels of a canvas `of` this size.
pub fn add_to_cells(cells: Address, canvas: Address, factor: f32, (rows, columns): (usize, usize), of: Size) -> Launch {
    let arguments = [At(cells), At(canvas), Float(factor), Int(rows as i32), Int(columns as i32)];
    let arguments = arguments.into_iter().chain(size(of));
    Launch::each("add_to_cells", arguments.collect(), of.0 * of.1 * of.2)
}

/// Adds a vector of channels to each of `pixels`.
pub fn add_to_pixels(map: Address, vector: Address, channels: usize, pixels: usize) -> Launch {
    Launch::each("add_to_pixels", vec![At(map), At(vector), Int(channels as i32)], pixels * channels)
}

/// `output = output + share * input` for every pixel's share if `add`, else `output = sqrt(share) * input`.
pub fn weigh_pixels(
    output: Address,
    input: Address,
    shares: Address,
    channels: usize,
    add: bool,
    pixels: usize,
) -> Launch {
    let arguments = vec![At(output), At(input), At(shares), Int(channels as i32), flag(add)];
    Launch::each("weigh_pixels", arguments, pixels * channels)
}

/// A rectangle of a map: first row, first column, rows, columns.
pub type Rectangle = [usize; 4];

/// `part = map[rectangle]`, with the map's width and channels.
pub fn cut_out(part: Address, map: Address, (width, channels): (usize, usize), rectangle: Rectangle) -> Launch {
    part_of_map("cut_out", [part, map], (width, channels), rectangle)
}

/// `map[rectangle] = map[rectangle] + part`.
pub fn add_in(map: Address, part: Address, (width, channels): (usize, usize), rectangle: Rectangle) -> Launch {
    part_of_map("add_in", [map, part], (width, channels), rectangle)
}

fn part_of_map(
    kernel: &'static str,
    addresses: [Address; 2],
    (map_width, channels): (usize, usize),
    [top, left, height, width]: Rectangle,
) -> Launch {
    let numbers = [map_width, channels, top, left, width].map(|number| Int(number as i32));
    Launch::each(kernel, addresses.map(At).into_iter().chain(numbers).collect(), height * width * channels)
}

/// Zeros everywhere in a map but in the rectangle.
pub fn clear_around(map: Address, (map_height, map_width, channels): Size, rectangle: Rectangle) -> Launch {
    let [top, left, height, width] = rectangle;
    let numbers = [map_width, channels, top, left, height, width].map(|number| Int(number as i32));
    Launch::each("clear_around", [At(map)].into_iter().chain(numbers).collect(), map_height * map_width * channels)
}

#[cfg(test)]
mod tests;
