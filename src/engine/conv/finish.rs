//! What happens to a tile of 4x4 outputs before it is stored: bias, ReLU, pooling, or the mask of the backward pass.

use pulp::Simd;

use super::transform::TILE;
use crate::recipe::Pooling;

/// What average pooling is multiplied with, so that features keep about the magnitude that max pooling gives them
/// (neural-style found unscaled averages to paint poorly).
const AVERAGE_GAIN: f32 = 2.0;

/// The four lowest of the 23 bits of a pooled value's fraction say which of its four pixels hand the gradient on: the
/// largest one under max pooling, all above zero under average pooling; bit `2 * row + column` of the square.
///
/// So nothing has to be remembered beside the pooled map, neither the features before pooling nor an index, at the cost
/// of a relative error of 2e-6. The gradient that later takes the value's place keeps these bits.
const MARKS: u32 = 0b1111;

/// Where a tile lies in the output, and how much of it lies inside.
#[derive(Clone, Copy)]
pub struct Place {
    /// Tile row and column.
    pub tile: (usize, usize),
    /// Rows and columns of the tile that lie inside the map.
    pub inside: (usize, usize),
    /// Height and width of the map before pooling.
    pub size: (usize, usize),
    /// Channels of the output.
    pub channels: usize,
    /// First channel of the vector.
    pub channel: usize,
}

type Tile<S> = [[<S as Simd>::f32s; TILE]; TILE];

/// Finishes and stores one vector of channels of a tile.
pub trait Finish: Copy + Sync {
    /// Whether the output is half as high and wide as the convolution's.
    const POOLS: bool = false;

    /// Stores `tile` at `place`.
    ///
    /// # Safety
    /// `output` must be the output map of the size in `place` (halved, where the finish pools), writable at this tile
    /// and these channels; one vector from `place.channel` on must lie within `place.channels`; a bias must have a value
    /// for every channel, and any other map that the finish reads must be as large as the one it belongs to.
    unsafe fn store<S: Simd>(self, simd: S, tile: &Tile<S>, place: Place, output: *mut f32);
}

/// # Safety
/// `at` must be followed by one vector of values.
#[inline(always)]
unsafe fn read<S: Simd>(at: *const f32) -> S::f32s {
    // SAFETY: promised by the caller.
    unsafe { at.cast::<S::f32s>().read_unaligned() }
}

/// # Safety
/// `at` must be followed by room for one vector of values.
#[inline(always)]
unsafe fn write<S: Simd>(at: *mut f32, value: S::f32s) {
    // SAFETY: promised by the caller.
    unsafe { at.cast::<S::f32s>().write_unaligned(value) };
}

/// Calls `$store(index of the value, the value)` for every pixel of the tile that lies inside.
macro_rules! for_each_pixel {
    ($tile:expr, $place:expr, |$at:ident, $value:ident| $store:block) => {{
        let (place, (_, width)) = ($place, $place.size);
        for (y, row) in $tile.iter().enumerate().take(place.inside.0) {
            for (x, &$value) in row.iter().enumerate().take(place.inside.1) {
                let pixel = (place.tile.0 * TILE + y) * width + place.tile.1 * TILE + x;
                let $at = pixel * place.channels + place.channel;
                $store
            }
        }
    }};
}

/// `y = max(conv + bias, 0)`.
#[derive(Clone, Copy)]
pub struct Relu<'a> {
    pub bias: &'a [f32],
}

impl Finish for Relu<'_> {
    #[inline(always)]
    unsafe fn store<S: Simd>(self, simd: S, tile: &Tile<S>, place: Place, output: *mut f32) {
        // SAFETY: the bias has a value for every channel, and the caller vouches for a vector of them from here.
        let bias = unsafe { read::<S>(self.bias.as_ptr().add(place.channel)) };
        let zero = simd.splat_f32s(0.0);
        for_each_pixel!(tile, place, |at, value| {
            // SAFETY: the caller vouches for the output.
            unsafe { write::<S>(output.add(at), simd.max_f32s(simd.add_f32s(value, bias), zero)) };
        });
    }
}

/// `y = pool(max(conv + bias, 0))`, marked with where the gradient goes.
#[derive(Clone, Copy)]
pub struct ReluPool<'a> {
    pub bias: &'a [f32],
    pub pooling: Pooling,
}

impl Finish for ReluPool<'_> {
    const POOLS: bool = true;

    #[inline(always)]
    unsafe fn store<S: Simd>(self, simd: S, tile: &Tile<S>, place: Place, output: *mut f32) {
        // SAFETY: the bias has a value for every channel, and the caller vouches for a vector of them from here.
        let bias = unsafe { read::<S>(self.bias.as_ptr().add(place.channel)) };
        let zero = simd.splat_f32s(0.0);
        let (height, width) = (place.size.0 / 2, place.size.1 / 2);
        for (y, rows) in tile.chunks_exact(2).enumerate() {
            for x in 0..TILE / 2 {
                let (pooled_y, pooled_x) = (place.tile.0 * TILE / 2 + y, place.tile.1 * TILE / 2 + x);
                // Odd rows and columns at the far edges are dropped, as in the network's training.
                if pooled_y < height && pooled_x < width {
                    let mut square = [rows[0][2 * x], rows[0][2 * x + 1], rows[1][2 * x], rows[1][2 * x + 1]];
                    for value in &mut square {
                        *value = simd.max_f32s(simd.add_f32s(*value, bias), zero);
                    }
                    let at = (pooled_y * width + pooled_x) * place.channels + place.channel;
                    // SAFETY: the caller vouches for the output.
                    unsafe { write::<S>(output.add(at), pool(simd, self.pooling, square)) };
                }
            }
        }
    }
}

/// Pools four values that are not negative, and marks the result.
#[inline(always)]
pub fn pool<S: Simd>(simd: S, pooling: Pooling, square: [S::f32s; 4]) -> S::f32s {
    let [a, b, c, d] = square;
    let zero = simd.splat_f32s(0.0);
    let mark = [simd.splat_u32s(1), simd.splat_u32s(2), simd.splat_u32s(4), simd.splat_u32s(8)];
    let none = simd.splat_u32s(0);
    let (value, marks) = match pooling {
        Pooling::Max => {
            let most = simd.max_f32s(simd.max_f32s(a, b), simd.max_f32s(c, d));
            // The first of equal maxima takes the gradient, as in PyTorch; none where the ReLU has cut all off.
            let marks = simd.select_u32s(simd.equal_f32s(c, most), mark[2], mark[3]);
            let marks = simd.select_u32s(simd.equal_f32s(b, most), mark[1], marks);
            let marks = simd.select_u32s(simd.equal_f32s(a, most), mark[0], marks);
            (most, simd.select_u32s(simd.greater_than_f32s(most, zero), marks, none))
        }
        Pooling::Average => {
            let sum = simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d));
            let mut marks = none;
            for (value, mark) in square.into_iter().zip(mark) {
                marks = simd.or_u32s(marks, simd.select_u32s(simd.greater_than_f32s(value, zero), mark, none));
            }
            (simd.mul_f32s(sum, simd.splat_f32s(AVERAGE_GAIN / 4.0)), marks)
        }
    };
    marked(simd, value, marks)
}

/// `value` with other marks.
#[inline(always)]
fn marked<S: Simd>(simd: S, value: S::f32s, marks: S::u32s) -> S::f32s {
    let fraction = simd.and_u32s(simd.transmute_u32s_f32s(value), simd.splat_u32s(!MARKS));
    simd.transmute_f32s_u32s(simd.or_u32s(fraction, marks))
}

/// What one pixel of a square gets of a marked gradient of its pooled value; `index` as in [`MARKS`].
#[inline(always)]
pub fn unpool<S: Simd>(simd: S, pooling: Pooling, gradient: S::f32s, index: usize) -> S::f32s {
    let share = match pooling {
        Pooling::Max => gradient,
        Pooling::Average => simd.mul_f32s(gradient, simd.splat_f32s(AVERAGE_GAIN / 4.0)),
    };
    let mark = simd.splat_u32s(1 << index);
    let mine = simd.equal_u32s(simd.and_u32s(simd.transmute_u32s_f32s(gradient), mark), mark);
    simd.select_f32s(mine, share, simd.splat_f32s(0.0))
}

/// The gradient takes the place of the pooled value that the convolution read, and keeps its marks.
#[derive(Clone, Copy)]
pub struct ReplacePooled;

impl Finish for ReplacePooled {
    #[inline(always)]
    unsafe fn store<S: Simd>(self, simd: S, tile: &Tile<S>, place: Place, output: *mut f32) {
        for_each_pixel!(tile, place, |at, value| {
            // SAFETY: the caller vouches for the output.
            unsafe {
                let old = simd.transmute_u32s_f32s(read::<S>(output.add(at)));
                let marks = simd.and_u32s(old, simd.splat_u32s(MARKS));
                write::<S>(output.add(at), marked(simd, value, marks));
            }
        });
    }
}

/// The gradient takes the place of the feature that the convolution read, masked for the ReLU that made it:
/// `y = (conv [+ loss gradient]) where y > 0, else 0`.
#[derive(Clone, Copy)]
pub struct ReplaceFeatures<'a> {
    pub loss_gradient: Option<&'a [f32]>,
}

impl Finish for ReplaceFeatures<'_> {
    #[inline(always)]
    unsafe fn store<S: Simd>(self, simd: S, tile: &Tile<S>, place: Place, output: *mut f32) {
        let zero = simd.splat_f32s(0.0);
        match self.loss_gradient {
            None => for_each_pixel!(tile, place, |at, value| {
                // SAFETY: the caller vouches for the output.
                unsafe {
                    let active = simd.greater_than_f32s(read::<S>(output.add(at)), zero);
                    write::<S>(output.add(at), simd.select_f32s(active, value, zero));
                }
            }),
            Some(gradient) => for_each_pixel!(tile, place, |at, value| {
                // SAFETY: the caller vouches for the output, and the loss gradient is as large.
                unsafe {
                    let active = simd.greater_than_f32s(read::<S>(output.add(at)), zero);
                    let sum = simd.add_f32s(value, read::<S>(gradient.as_ptr().add(at)));
                    write::<S>(output.add(at), simd.select_f32s(active, sum, zero));
                }
            }),
        }
    }
}
