//! Drawing: where light and dark meet in the photo they should meet in the painting, whatever its colours and strokes.
//!
//! `L(x) = 1/3 sum_p mean((D A_p x - D A_p photo)^2)` over three breadths `p`, with `A_p` the mean light of cells of `p x p`
//! pixels and `D` the Laplacian over four neighbours: the Laplacian loss of Li, Xu, Nie and Chua ("Laplacian-Steered Neural
//! Style Transfer", 2017). Both are linear, so with `d = A_p (x - photo)` the loss is `mean((D d)^2)`, and its gradient
//! `2/n A_p^T D D d` with `n` cells.
//!
//! The paper sums over cells of 4 and, where asked for, 16 pixels. Here some 128, 64 and 32 of them lie along the canvas (whole
//! pixels allow 105 to 160 where it is smaller than 450, and fewer where it is smaller than 210), and the mean is taken, so that
//! a weight means about the same at every size. Cells are equally large to a pixel, or a narrow one at an edge would be held harder. Light
//! is the mean of red, green and blue. Beyond the edges lies what is at them (the paper does not say), so `D` is symmetric.

use candle_core::{Result, Tensor};

use super::cells::{AddToCells, Laplacian, Light};
use crate::engine::arena;
use crate::engine::vector::{self, Loss};

/// Cells of the finest breadth along the longer side of a canvas, about.
const CELLS: f64 = 128.0;
/// With the light of every pixel held, strokes could be made of colours alone, and became glaring noise.
const MIN_CELL_PX: usize = 2;
/// Breadths, each twice the one before.
const BREADTHS: usize = 3;
/// What a weight of 1 multiplies, beside alpha: chosen by eye, see ARCHITECTURE.md.
pub const STRENGTH: f64 = 500.0;

/// The drawing of a photo, to which canvases of its size are held.
pub struct Drawing {
    breadths: [Breadth; BREADTHS],
}

/// The drawing at one breadth.
struct Breadth {
    /// The photo's light, cell by cell: `(rows, columns)`.
    photo: Tensor,
    /// Room for what the canvas lacks of it, and for that one's Laplacian.
    lacking: Tensor,
    curvature: Tensor,
}

impl Drawing {
    /// Measures a photo (`(height, width, 3)` on the 0..255 scale, from any origin).
    ///
    /// # Errors
    /// When the tensor is not a contiguous `f32` picture, memory does not suffice, or the device fails.
    pub fn of(photo: &Tensor) -> Result<Self> {
        let (height, width, _) = photo.dims3()?;
        let finest = ((height.max(width) as f64 / CELLS).round() as usize).max(MIN_CELL_PX);
        let at = |breadth: usize| Breadth::of(photo, finest << breadth);
        Ok(Self { breadths: [at(0)?, at(1)?, at(2)?] })
    }

    /// `gradient = gradient + weight * dL/dcanvas`, and answers with `weight * L(canvas)` in parts. Nothing is looked at where
    /// the weight is zero.
    ///
    /// # Errors
    /// When the tensors are not of the photo's size, or the device fails.
    pub fn add_to(&self, weight: f64, canvas: &Tensor, gradient: &Tensor) -> Result<Vec<Loss>> {
        if weight == 0.0 {
            return Ok(Vec::new());
        }
        self.breadths.iter().map(|breadth| breadth.add_to(weight / BREADTHS as f64, canvas, gradient)).collect()
    }
}

impl Breadth {
    fn of(photo: &Tensor, cell: usize) -> Result<Self> {
        let (height, width, _) = photo.dims3()?;
        let room = || arena::tensor(((height / cell).max(1), (width / cell).max(1)), photo.device());
        let (light, lacking, curvature) = (room()?, room()?, room()?);
        light.inplace_op2(photo, &Light)?;
        Ok(Self { photo: light, lacking, curvature })
    }

    fn add_to(&self, weight: f64, canvas: &Tensor, gradient: &Tensor) -> Result<Loss> {
        let per_cell = weight / self.photo.elem_count() as f64;
        self.lacking.inplace_op2(canvas, &Light)?;
        vector::add_scaled(-1.0, &self.photo, &self.lacking)?;
        self.curvature.inplace_op2(&self.lacking, &Laplacian)?;
        let loss = vector::lazy_dot(&self.curvature, &self.curvature)?;
        self.lacking.inplace_op2(&self.curvature, &Laplacian)?;
        gradient.inplace_op2(&self.lacking, &AddToCells { factor: (2.0 * per_cell) as f32 })?;
        Ok(Loss::Asked(per_cell, loss))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::engine::test_support::Noise;

    fn canvas(values: &[f32], (height, width): (usize, usize)) -> Tensor {
        Tensor::from_slice(values, (height, width, 3), &Device::Cpu).unwrap()
    }

    fn levels(seed: u64, n: usize) -> Vec<f32> {
        Noise::new(seed).vec(n).iter().map(|value| 100.0 * value).collect()
    }

    fn loss(drawing: &Drawing, canvas: &Tensor, gradient: &Tensor) -> f64 {
        Loss::read_all(&drawing.add_to(0.5, canvas, gradient).unwrap()).unwrap().iter().sum()
    }

    /// The loss as it is defined, pixel by pixel, with weight 1.
    fn definition(x: &[f32], photo: &[f32], (height, width): (usize, usize), finest: usize) -> f64 {
        let light = |(rows, columns): (usize, usize), row: usize, column: usize| {
            let (mut sum, mut count) = (0.0, 0.0);
            for y in row * height / rows..(row + 1) * height / rows {
                for x_ in column * width / columns..(column + 1) * width / columns {
                    for i in (y * width + x_) * 3..(y * width + x_) * 3 + 3 {
                        sum += f64::from(x[i]) - f64::from(photo[i]);
                        count += 1.0;
                    }
                }
            }
            sum / count
        };
        let breadth = |cell: usize| {
            let cells = ((height / cell).max(1), (width / cell).max(1));
            let (rows, columns) = (cells.0 as isize, cells.1 as isize);
            // What lies beyond the edges is what lies at them.
            let at = |row: isize, column: isize| {
                light(cells, row.clamp(0, rows - 1) as usize, column.clamp(0, columns - 1) as usize)
            };
            let laplacian = |row: isize, column: isize| {
                4.0 * at(row, column)
                    - at(row - 1, column)
                    - at(row + 1, column)
                    - at(row, column - 1)
                    - at(row, column + 1)
            };
            let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
            cells.map(|(row, column)| laplacian(row, column).powi(2)).sum::<f64>() / (rows * columns) as f64
        };
        (breadth(finest) + breadth(2 * finest) + breadth(4 * finest)) / 3.0
    }

    #[test]
    fn value_and_gradient_match_the_definition() {
        // A canvas smaller than a cell, cells of two and three pixels, and of three and four.
        for (size, finest) in [((1, 1), 2), ((1, 5), 2), ((7, 1), 2), ((9, 14), 2), ((3, 403), 3), ((323, 2), 3)] {
            let n = size.0 * size.1 * 3;
            let (photo, painted) = (levels(1, n), levels(2, n));
            let drawing = Drawing::of(&canvas(&photo, size)).unwrap();
            let gradient = Tensor::ones((size.0, size.1, 3), DType::F32, &Device::Cpu).unwrap();
            let (found, expected) =
                (loss(&drawing, &canvas(&painted, size), &gradient), 0.5 * definition(&painted, &photo, size, finest));
            assert!((found - expected).abs() <= 1e-5 * expected.max(1e-9), "{size:?}: {found}, expected {expected}");
            let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
            for i in (0..n).step_by(n.div_ceil(40)) {
                let moved = |by: f32| {
                    let mut values = painted.clone();
                    values[i] += by;
                    0.5 * definition(&values, &photo, size, finest)
                };
                // The loss is a parabola along every direction, so the difference is exact however long the step.
                let slope = 1.0 + (moved(8.0) - moved(-8.0)) / 16.0;
                let found = f64::from(gradient[i]);
                assert!(
                    (found - slope).abs() < 1e-3 * slope.abs().max(1.0),
                    "{size:?}, {i}: {found}, expected {slope}"
                );
            }
        }
    }

    #[test]
    fn other_colours_and_another_brightness_cost_nothing_but_other_edges_do() {
        let size = (40, 60);
        let photo = levels(3, size.0 * size.1 * 3);
        let drawing = Drawing::of(&canvas(&photo, size)).unwrap();
        let cost = |change: &dyn Fn(usize, f32) -> f32| {
            let painted: Vec<f32> = photo.iter().enumerate().map(|(i, value)| change(i, *value)).collect();
            let picture = canvas(&painted, size);
            loss(&drawing, &picture, &picture.zeros_like().unwrap())
        };
        assert_eq!(cost(&|_, value| value), 0.0);
        assert!(cost(&|_, value| value + 30.0) < 1e-6, "brighter");
        assert!(cost(&|i, value| value + [30.0, -10.0, -20.0][i % 3]) < 1e-6, "redder");
        assert!(cost(&|i, value| if i / 3 % 60 < 30 { value } else { value + 30.0 }) > 1.0, "an edge in the middle");
    }

    #[test]
    fn without_a_weight_nothing_is_done() {
        let picture = canvas(&levels(4, 27), (3, 3));
        let gradient = picture.zeros_like().unwrap();
        let other = canvas(&levels(5, 27), (3, 3));
        assert!(Drawing::of(&picture).unwrap().add_to(0.0, &other, &gradient).unwrap().is_empty());
        assert_eq!(vector::dot(&gradient, &gradient).unwrap(), 0.0);
    }
}
