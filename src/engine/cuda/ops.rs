//! The engine's operators on a card, but for convolutions and products: lengths are checked, then a kernel is launched.

use candle_core::cuda_backend::WrapErr;
use candle_core::{CudaDevice, CudaStorage, Layout, Result, Shape, Storage, Tensor};
use cudarc::driver::{CudaSlice, DevicePtr};

use super::card::{self, Card, values};
use super::kernels::{self, Address, Launch, Rectangle, Size};
use crate::engine::vector::ops::Kernel;
use crate::engine::vector::reduction::Reduction;
use crate::recipe::{Pooling, TvNorm};

/// A tensor that is written.
pub type Out<'a> = (&'a mut CudaStorage, &'a Layout);
/// A tensor that is read.
pub type In<'a> = (&'a CudaStorage, &'a Layout);

fn same_length(a: usize, b: usize) -> Result<()> {
    if a != b {
        candle_core::bail!("{a} values on a card do not go with {b}");
    }
    Ok(())
}

/// Where a slice lies.
pub fn address<T>(slice: &CudaSlice<T>) -> Address {
    slice.device_ptr(slice.stream()).0
}

/// An element-wise operation.
pub fn each<const N: usize>(kernel: Kernel, (y, y_l): Out<'_>, others: [In<'_>; N]) -> Result<()> {
    let (y_at, n) = values(y, y_l)?;
    let mut addresses = [0; N];
    for (address, (other, other_l)) in addresses.iter_mut().zip(others) {
        let (at, len) = values(other, other_l)?;
        same_length(n, len)?;
        *address = at;
    }
    // SAFETY: all tensors have `n` values.
    unsafe { card::of(&y.device)?.launch(kernels::each(kernel, y_at, &addresses, n)) }
}

/// `y = y + (sum of factor * value) x`; every value is a tensor of one `f64` on the same card.
pub fn add_scaled_by(terms: [(f64, &Tensor); 2], (y, y_l): Out<'_>, (x, x_l): In<'_>) -> Result<()> {
    let ((y_at, n), (x_at, len)) = (values(y, y_l)?, values(x, x_l)?);
    same_length(n, len)?;
    let [(a, a_value), (b, b_value)] = terms;
    let on_card = [(a, with_number(a_value, address)?), (b, with_number(b_value, address)?)];
    // SAFETY: both vectors have `n` values, and the numbers stay on the card at least as long as the tensors here.
    unsafe { card::of(&x.device)?.launch(kernels::add_scaled_by(on_card, x_at, y_at, n)) }
}

/// Reads tensors of one `f64` each, waiting for the card once.
pub fn read_numbers(device: &CudaDevice, numbers: &[&Tensor]) -> Result<Vec<f64>> {
    let stream = device.cuda_stream();
    // SAFETY: every number is written before they are read.
    let mut all = unsafe { stream.alloc::<f64>(numbers.len()).w()? };
    for (i, number) in numbers.iter().enumerate() {
        with_number(number, |number| stream.memcpy_dtod(number, &mut all.slice_mut(i..=i)).w())??;
    }
    stream.clone_dtoh(&all).w()
}

/// Does something with a tensor's one `f64`, which has its memory to itself.
fn with_number<T>(number: &Tensor, work: impl FnOnce(&CudaSlice<f64>) -> T) -> Result<T> {
    let (storage, _) = number.storage_and_layout();
    match &*storage {
        Storage::Cuda(storage) if storage.as_cuda_slice::<f64>()?.len() == 1 => Ok(work(storage.as_cuda_slice()?)),
        _ => candle_core::bail!("not one number on a card"),
    }
}

/// Adds up what blocks of a kernel leave: `factor` times the sum of as many as [`kernels::sums`] says for `n`. The caller has
/// seen that what else `leave` names has `n` values.
fn sum(card: &Card, factor: f64, n: usize, leave: impl FnOnce(Address) -> Launch) -> Result<CudaSlice<f64>> {
    let count = kernels::sums(n);
    // SAFETY: both are written before anything reads them, `sums` has one for each block of a kernel over `n` values, and
    // the caller vouches for what the kernel reads.
    unsafe {
        let sums = card.stream().alloc::<f64>(count).w()?;
        let sum = card.stream().alloc::<f64>(1).w()?;
        card.launch(leave(address(&sums)))?;
        card.launch(kernels::sum_of_blocks(address(&sums), address(&sum), factor, count))?;
        Ok(sum)
    }
}

/// A sum over two vectors.
pub fn reduce(kind: Reduction, (a, a_l): In<'_>, (b, b_l): In<'_>) -> Result<(CudaStorage, Shape)> {
    let ((a_at, n), (b_at, len)) = (values(a, a_l)?, values(b, b_l)?);
    same_length(n, len)?;
    let sum = sum(&*card::of(&a.device)?, 1.0, n, |sums| kernels::reduce(kind, a_at, b_at, sums, n))?;
    Ok((CudaStorage::wrap_cuda_slice(sum, a.device.clone()), Shape::from(())))
}

/// Total variation without a weight.
pub fn total_variation(norm: TvNorm, (canvas, canvas_l): In<'_>) -> Result<(CudaStorage, Shape)> {
    let size = canvas_l.shape().dims3()?;
    let (at, n) = values(canvas, canvas_l)?;
    let leave = |sums| kernels::total_variation(at, sums, norm, size);
    let sum = sum(&*card::of(&canvas.device)?, 1.0 / n as f64, n, leave)?;
    Ok((CudaStorage::wrap_cuda_slice(sum, canvas.device.clone()), Shape::from(())))
}

/// Adds the gradient of the total variation, summed up and not averaged, times `factor`.
pub fn add_total_variation_gradient(
    norm: TvNorm,
    factor: f32,
    (gradient, gradient_l): Out<'_>,
    (canvas, canvas_l): In<'_>,
) -> Result<()> {
    let size = canvas_l.shape().dims3()?;
    let ((to, len), (at, n)) = (values(gradient, gradient_l)?, values(canvas, canvas_l)?);
    same_length(n, len)?;
    // SAFETY: both tensors have as many values as the size says.
    unsafe { card::of(&canvas.device)?.launch(kernels::add_total_variation_gradient(to, at, factor, norm, size)) }
}

/// The mean light of the cells of a canvas; the caller has compared the shapes.
pub fn light_of_cells((light, light_l): Out<'_>, (canvas, canvas_l): In<'_>) -> Result<()> {
    let ((to, _), (at, _)) = (values(light, light_l)?, values(canvas, canvas_l)?);
    let (cells, size) = (light_l.shape().dims2()?, canvas_l.shape().dims3()?);
    // SAFETY: both have as many values as their shapes say, and the caller has seen that the canvas has a pixel for each cell.
    unsafe { card::of(&canvas.device)?.launch(kernels::light_of_cells(at, to, cells, size)) }
}

/// The Laplacian of cells; the caller has compared the shapes.
pub fn laplacian((out, out_l): Out<'_>, (x, x_l): In<'_>) -> Result<()> {
    let ((to, _), (at, _)) = (values(out, out_l)?, values(x, x_l)?);
    // SAFETY: both have as many values as the shape says.
    unsafe { card::of(&x.device)?.launch(kernels::laplacian(at, to, x_l.shape().dims2()?)) }
}

/// Shares out what cells are given among the pixels of a canvas; the caller has compared the shapes.
pub fn add_to_cells(factor: f32, (canvas, canvas_l): Out<'_>, (cells, cells_l): In<'_>) -> Result<()> {
    let ((to, _), (at, _)) = (values(canvas, canvas_l)?, values(cells, cells_l)?);
    let (of, size) = (cells_l.shape().dims2()?, canvas_l.shape().dims3()?);
    // SAFETY: as for `light_of_cells`.
    unsafe { card::of(&cells.device)?.launch(kernels::add_to_cells(at, to, factor, of, size)) }
}

/// `x = M x` for a canvas, see `optimizer/metric.rs`; not halved any more where a side is shorter than `min_side`.
pub fn widen(gain: f32, min_side: usize, (x, x_l): Out<'_>) -> Result<()> {
    let (at, _) = values(x, x_l)?;
    widen_level(&*card::of(&x.device)?, gain, min_side, at, x_l.shape().dims3()?)
}

fn widen_level(card: &Card, gain: f32, min_side: usize, canvas: Address, size: Size) -> Result<()> {
    let (height, width, channels) = size;
    if height.min(width) < min_side {
        return Ok(());
    }
    let half_size = (height.div_ceil(2), width.div_ceil(2), channels);
    // SAFETY: the first kernel writes all of the half canvas; both canvases have as many values as their sizes say.
    unsafe {
        let half = card.stream().alloc::<f32>(half_size.0 * half_size.1 * channels).w()?;
        card.launch(kernels::halve(canvas, address(&half), size))?;
        widen_level(card, gain, min_side, address(&half), half_size)?;
        card.launch(kernels::add_enlarged(address(&half), canvas, gain, size))
    }
}

/// Holds a canvas to the range of colours.
pub fn clamp_colours(mean_rgb: [f32; 3], (canvas, canvas_l): Out<'_>) -> Result<()> {
    let (at, n) = values(canvas, canvas_l)?;
    // SAFETY: the canvas has `n` values.
    unsafe { card::of(&canvas.device)?.launch(kernels::clamp_colours(at, mean_rgb, n)) }
}

/// Pools a map of this size, with which the caller has compared both shapes.
pub fn pool(pooling: Pooling, (pooled, pooled_l): Out<'_>, (map, map_l): In<'_>, size: Size) -> Result<()> {
    let ((to, _), (at, _)) = (values(pooled, pooled_l)?, values(map, map_l)?);
    // SAFETY: the caller has compared both shapes with `size`.
    unsafe { card::of(&map.device)?.launch(kernels::bias_relu_pool(at, 0, to, pooling, size)) }
}

/// Replaces features of this size by their gradient, from that of the pooled map; the caller has compared all shapes with it.
pub fn unpool(
    pooling: Pooling,
    (features, features_l): Out<'_>,
    (pooled, pooled_l): In<'_>,
    loss: Option<In<'_>>,
    size: Size,
) -> Result<()> {
    let ((to, _), (at, _)) = (values(features, features_l)?, values(pooled, pooled_l)?);
    let loss = loss.map(|(loss, loss_l)| values(loss, loss_l)).transpose()?.map_or(0, |(at, _)| at);
    // SAFETY: the caller has compared all shapes with `size`.
    unsafe { card::of(&pooled.device)?.launch(kernels::unpool_features(to, at, loss, pooling, size)) }
}

/// The mean of every channel.
pub fn mean((map, map_l): In<'_>) -> Result<(CudaStorage, Shape)> {
    let size = map_l.shape().dims3()?;
    let ((at, _), card) = (values(map, map_l)?, card::of(&map.device)?);
    // SAFETY: the map has as many values as the size says, both others as many as the kernels leave in them, and they are
    // written before they are read.
    let mean = unsafe {
        let sums = card.stream().alloc::<f64>(kernels::mean_sums(size)).w()?;
        let mean = card.stream().alloc::<f32>(size.2).w()?;
        for launch in kernels::mean(at, address(&sums), address(&mean), size) {
            card.launch(launch)?;
        }
        mean
    };
    Ok((CudaStorage::wrap_cuda_slice(mean, map.device.clone()), Shape::from(size.2)))
}

/// Adds a vector of channels to every pixel.
pub fn add_to_pixels((map, map_l): Out<'_>, (vector, vector_l): In<'_>) -> Result<()> {
    let (height, width, channels) = map_l.shape().dims3()?;
    let ((to, _), (at, len)) = (values(map, map_l)?, values(vector, vector_l)?);
    same_length(channels, len)?;
    // SAFETY: the map has as many values as its shape says, the vector one for each channel.
    unsafe { card::of(&vector.device)?.launch(kernels::add_to_pixels(to, at, channels, height * width)) }
}

/// Weighs every pixel by its share; the caller has compared the shapes.
pub fn weigh_pixels(shares: &[f32], add: bool, (output, output_l): Out<'_>, (input, input_l): In<'_>) -> Result<()> {
    let (_, _, channels) = input_l.shape().dims3()?;
    let ((to, len), (at, n)) = (values(output, output_l)?, values(input, input_l)?);
    same_length(n, len)?;
    same_length(n, shares.len() * channels)?;
    let card = card::of(&input.device)?;
    let on_card = card.stream().clone_htod(shares).w()?;
    // SAFETY: one share for every pixel, and as many values in both maps.
    unsafe { card.launch(kernels::weigh_pixels(to, at, address(&on_card), channels, add, shares.len())) }
}

/// `part = map[rectangle]`; the caller has seen that it lies inside and that the part fits.
pub fn cut_out(rectangle: Rectangle, (part, part_l): Out<'_>, (map, map_l): In<'_>) -> Result<()> {
    let (_, width, channels) = map_l.shape().dims3()?;
    let ((to, _), (at, _)) = (values(part, part_l)?, values(map, map_l)?);
    // SAFETY: the caller vouches for the rectangle.
    unsafe { card::of(&map.device)?.launch(kernels::cut_out(to, at, (width, channels), rectangle)) }
}

/// `map[rectangle] = map[rectangle] + part`; as [`cut_out`].
pub fn add_in(rectangle: Rectangle, (map, map_l): Out<'_>, (part, part_l): In<'_>) -> Result<()> {
    let (_, width, channels) = map_l.shape().dims3()?;
    let ((to, _), (at, _)) = (values(map, map_l)?, values(part, part_l)?);
    // SAFETY: the caller vouches for the rectangle.
    unsafe { card::of(&part.device)?.launch(kernels::add_in(to, at, (width, channels), rectangle)) }
}

/// Zeros everywhere but in the rectangle, which lies inside.
pub fn clear_around(rectangle: Rectangle, (map, map_l): Out<'_>) -> Result<()> {
    let ((to, _), size) = (values(map, map_l)?, map_l.shape().dims3()?);
    // SAFETY: the map has as many values as its shape says, and nothing beyond them is cleared wherever the rectangle lies.
    unsafe { card::of(&map.device)?.launch(kernels::clear_around(to, size, rectangle)) }
}
