//! Rectangles of canvases and feature maps: cut out, added in, cleared around. Tensors are `(height, width, channels)`.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, InplaceOp1, InplaceOp2, Layout, Result, Tensor};
use rayon::prelude::*;

#[cfg(feature = "cuda")]
use super::cuda;
use super::storage::{values, values_mut};
use super::threads;

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Region {
    /// Refuses a region that reaches beyond a map of this size.
    fn check(self, height: usize, width: usize) -> Result<()> {
        if self.top + self.height > height || self.left + self.width > width {
            candle_core::bail!("{self:?} reaches beyond a map of {height} x {width}");
        }
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn rectangle(self) -> [usize; 4] {
        [self.top, self.left, self.height, self.width]
    }

    /// Refuses a part of another size than this region of the map.
    fn fits(self, part: &Layout, map: &Layout) -> Result<()> {
        let (height, width, channels) = map.shape().dims3()?;
        self.check(height, width)?;
        expect_part(part, self, channels)
    }
}

/// `part = map[region]`.
///
/// # Errors
/// When the region lies outside the map, or `part` is not of its size.
pub fn cut_out(map: &Tensor, region: Region, part: &Tensor) -> Result<()> {
    part.inplace_op2(map, &CutOut(region))
}

/// `map[region] = map[region] + part`.
///
/// # Errors
/// When the region lies outside the map, or `part` is not of its size.
pub fn add_in(part: &Tensor, region: Region, map: &Tensor) -> Result<()> {
    map.inplace_op2(part, &AddIn(region))
}

/// Zeros everywhere in `map` but in the region.
///
/// # Errors
/// When the region lies outside the map.
pub fn clear_around(map: &Tensor, region: Region) -> Result<()> {
    map.inplace_op1(&ClearAround(region))
}

fn expect_part(part: &Layout, region: Region, channels: usize) -> Result<()> {
    let expected = (region.height, region.width, channels);
    if part.shape().dims3()? != expected {
        candle_core::bail!("a part of shape {:?}, expected {expected:?}", part.shape());
    }
    Ok(())
}

struct CutOut(Region);

impl InplaceOp2 for CutOut {
    fn name(&self) -> &'static str {
        "cut-out"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, part: &mut CudaStorage, part_l: &Layout, map: &CudaStorage, map_l: &Layout) -> Result<()> {
        self.0.fits(part_l, map_l)?;
        cuda::cut_out(self.0.rectangle(), (part, part_l), (map, map_l))
    }

    fn cpu_fwd(&self, part: &mut CpuStorage, part_l: &Layout, map: &CpuStorage, map_l: &Layout) -> Result<()> {
        self.0.fits(part_l, map_l)?;
        let (_, width, channels) = map_l.shape().dims3()?;
        let (part, map) = (values_mut(part, part_l)?, values(map, map_l)?);
        let Region { top, left, width: columns, .. } = self.0;
        threads::pool().install(|| {
            part.par_chunks_mut((columns * channels).max(1)).enumerate().for_each(|(row, part)| {
                part.copy_from_slice(&map[((top + row) * width + left) * channels..][..columns * channels]);
            });
        });
        Ok(())
    }
}

struct AddIn(Region);

impl InplaceOp2 for AddIn {
    fn name(&self) -> &'static str {
        "add-in"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, map: &mut CudaStorage, map_l: &Layout, part: &CudaStorage, part_l: &Layout) -> Result<()> {
        self.0.fits(part_l, map_l)?;
        cuda::add_in(self.0.rectangle(), (map, map_l), (part, part_l))
    }

    fn cpu_fwd(&self, map: &mut CpuStorage, map_l: &Layout, part: &CpuStorage, part_l: &Layout) -> Result<()> {
        self.0.fits(part_l, map_l)?;
        let (_, width, channels) = map_l.shape().dims3()?;
        let (map, part) = (values_mut(map, map_l)?, values(part, part_l)?);
        let Region { top, left, width: columns, .. } = self.0;
        threads::pool().install(|| {
            map.par_chunks_mut(width * channels).skip(top).zip(part.par_chunks((columns * channels).max(1))).for_each(
                |(map, part)| {
                    map[left * channels..][..part.len()].iter_mut().zip(part).for_each(|(map, part)| *map += part);
                },
            );
        });
        Ok(())
    }
}

struct ClearAround(Region);

impl InplaceOp1 for ClearAround {
    fn name(&self) -> &'static str {
        "clear-around"
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, map: &mut CudaStorage, map_l: &Layout) -> Result<()> {
        let (height, width, _) = map_l.shape().dims3()?;
        self.0.check(height, width)?;
        cuda::clear_around(self.0.rectangle(), (map, map_l))
    }

    fn cpu_fwd(&self, map: &mut CpuStorage, map_l: &Layout) -> Result<()> {
        let (height, width, channels) = map_l.shape().dims3()?;
        self.0.check(height, width)?;
        let map = values_mut(map, map_l)?;
        let Region { top, left, height: rows, width: columns } = self.0;
        threads::pool().install(|| {
            map.par_chunks_mut((width * channels).max(1)).enumerate().for_each(|(row, map)| {
                if (top..top + rows).contains(&row) {
                    map[..left * channels].fill(0.0);
                    map[(left + columns) * channels..].fill(0.0);
                } else {
                    map.fill(0.0);
                }
            });
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    fn map() -> Tensor {
        Tensor::arange(1f32, 5.0 * 4.0 * 2.0 + 1.0, &Device::Cpu).unwrap().reshape((5, 4, 2)).unwrap()
    }

    const REGION: Region = Region { top: 1, left: 2, height: 3, width: 2 };

    #[test]
    fn what_is_cut_out_and_added_in_again_is_doubled_and_the_rest_stays() {
        let (original, map) = (map(), map());
        let part = Tensor::zeros((3, 2, 2), DType::F32, &Device::Cpu).unwrap();
        cut_out(&map, REGION, &part).unwrap();
        assert_eq!(part.to_vec3::<f32>().unwrap()[0], [[13.0, 14.0], [15.0, 16.0]]);
        add_in(&part, REGION, &map).unwrap();
        let (before, after) = (original.to_vec3::<f32>().unwrap(), map.to_vec3::<f32>().unwrap());
        clear_around(&map, REGION).unwrap();
        let alone = map.to_vec3::<f32>().unwrap();
        for (y, x) in (0..5).flat_map(|y| (0..4).map(move |x| (y, x))) {
            let inside = (1..4).contains(&y) && x >= 2;
            let factor = if inside { 2.0 } else { 1.0 };
            assert_eq!(after[y][x], [factor * before[y][x][0], factor * before[y][x][1]]);
            assert_eq!(alone[y][x], if inside { after[y][x].clone() } else { vec![0.0; 2] });
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let part = Tensor::zeros((3, 2, 2), DType::F32, &Device::Cpu).unwrap();
        assert!(cut_out(&map(), Region { top: 3, ..REGION }, &part).is_err());
        assert!(add_in(&part, Region { left: 3, ..REGION }, &map()).is_err());
        assert!(cut_out(&map(), Region { height: 2, ..REGION }, &part).is_err());
        assert!(clear_around(&map(), Region { width: 5, ..REGION }).is_err());
    }
}
