//! Masks: grey pictures that say where a style acts and where the photo stays.

use std::sync::Arc;

use crate::image_io::Picture;
use crate::recipe::{PictureSource, Recipe};

use super::margin;
use super::region::Region;
use super::vgg::LAYERS;

/// Pixels of the masks that a recipe names.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    /// Of each style, in the recipe's order; shorter where the last styles have none.
    pub styles: Vec<Option<Arc<Picture>>>,
    /// Where the photo stays.
    pub photo: Option<Arc<Picture>>,
}

impl Masks {
    /// Every mask that the recipe names, through `open`.
    ///
    /// # Errors
    /// The first that `open` fails with.
    pub fn read<E>(
        recipe: &Recipe,
        mut open: impl FnMut(&PictureSource) -> Result<Arc<Picture>, E>,
    ) -> Result<Self, E> {
        let styles = recipe.styles.iter().map(|style| style.mask.as_ref().map(&mut open).transpose());
        let styles = styles.collect::<Result<_, _>>()?;
        Ok(Self { styles, photo: recipe.photo_mask.as_ref().map(&mut open).transpose()? })
    }

    /// Those of the styles that act at all, in their order: the ones with a weight above zero.
    #[must_use]
    pub fn acting(&self, recipe: &Recipe) -> Self {
        let styles = recipe.styles.iter().enumerate().filter(|(_, style)| style.weight > 0.0);
        let styles = styles.map(|(i, _)| self.styles.get(i).cloned().flatten()).collect();
        Self { styles, photo: self.photo.clone() }
    }

    /// Whether these are the very same pictures.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |a: &Option<Arc<Picture>>, b: &Option<Arc<Picture>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        let count = self.styles.len().max(other.styles.len());
        let at = |masks: &Self, i: usize| masks.styles.get(i).cloned().flatten();
        same(&self.photo, &other.photo) && (0..count).all(|i| same(&at(self, i), &at(other, i)))
    }

    /// The mask of style `i`, stretched to a canvas.
    #[must_use]
    pub fn style(&self, i: usize, width: u32, height: u32) -> Option<Map> {
        self.styles.get(i)?.as_deref().map(|picture| Map::of(picture, width, height))
    }

    /// Where the photo stays, stretched to a canvas.
    #[must_use]
    pub fn photo(&self, width: u32, height: u32) -> Option<Map> {
        self.photo.as_deref().map(|picture| Map::of(picture, width, height))
    }
}

/// How far every pixel of a canvas or a feature map belongs to a region: 0 not at all, 1 wholly.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    height: usize,
    width: usize,
    shares: Vec<f32>,
}

impl Map {
    /// A grey picture stretched to `width` x `height`, black as 0 and white as 1. Of a coloured one, its luma counts.
    #[must_use]
    pub fn of(picture: &Picture, width: u32, height: u32) -> Self {
        // Rec. 709. The three add up to 1, and what rounding leaves is clamped, so that white is wholly inside.
        const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];
        let colours = picture.to_rgb_f32(width, height);
        let luma = |pixel: &[f32]| match pixel {
            [r, g, b] if r == g && g == b => r / 255.0,
            _ => (pixel.iter().zip(LUMA).map(|(value, share)| value * share).sum::<f32>() / 255.0).clamp(0.0, 1.0),
        };
        let shares = colours.chunks_exact(3).map(luma).collect();
        Self { height: height as usize, width: width as usize, shares }
    }

    /// A map from its shares, row by row.
    ///
    /// # Panics
    /// When there are not `height * width` of them.
    #[must_use]
    pub fn from_shares(height: usize, width: usize, shares: Vec<f32>) -> Self {
        assert_eq!(shares.len(), height * width, "one share for every pixel");
        Self { height, width, shares }
    }

    /// This map with its mirror image in a margin around it.
    #[must_use]
    pub fn mirrored(self, margin: u32) -> Self {
        let shares = margin::mirror::<1>(&self.shares, (self.width as u32, self.height as u32), margin);
        let wider = 2 * margin as usize;
        Self { height: self.height + wider, width: self.width + wider, shares }
    }

    /// Height and width in pixels.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// The shares, row by row.
    #[must_use]
    pub fn shares(&self) -> &[f32] {
        &self.shares
    }

    /// The shares in a rectangle, row by row.
    ///
    /// # Panics
    /// When it reaches beyond the map.
    #[must_use]
    pub fn cut_out(&self, rectangle: Region) -> Vec<f32> {
        let rows = self.shares.chunks_exact(self.width.max(1)).skip(rectangle.top).take(rectangle.height);
        rows.flat_map(|row| &row[rectangle.left..][..rectangle.width]).copied().collect()
    }

    /// The sum of all shares: how many pixels the region has.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.shares.iter().copied().map(f64::from).sum()
    }

    /// This map at the resolution of each of the network's blocks, from the pixels up.
    ///
    /// From block to block the shares of 2x2 pixels are averaged, as their features are pooled; what a pooling drops at
    /// an odd edge is dropped here too.
    #[must_use]
    pub fn pyramid(self) -> Vec<Self> {
        let blocks = LAYERS[LAYERS.len() - 1].block;
        let mut levels = vec![self];
        for block in 1..usize::from(blocks) {
            let halved = levels[block - 1].halved();
            levels.push(halved);
        }
        levels
    }

    fn halved(&self) -> Self {
        let (height, width) = (self.height / 2, self.width / 2);
        let mut shares = Vec::with_capacity(height * width);
        for rows in self.shares.chunks_exact(2 * self.width.max(1)) {
            let (upper, lower) = rows.split_at(self.width);
            let squares = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            shares.extend(squares.map(|(upper, lower)| (upper[0] + upper[1] + lower[0] + lower[1]) / 4.0));
        }
        Self { height, width, shares }
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::*;
    use crate::engine::test_support::Noise;

    #[test]
    fn a_grey_picture_becomes_shares() {
        let image = RgbaImage::from_fn(3, 1, |x, _| {
            let grey = [0, 51, 255][x as usize];
            Rgba([grey, grey, grey, 255])
        });
        let map = Map::of(&Picture::from_rgba(image), 3, 1);
        assert_eq!(map.shares(), [0.0, 0.2, 1.0]);
        let green = Picture::from_rgba(RgbaImage::from_pixel(4, 4, Rgba([0, 255, 0, 255])));
        let map = Map::of(&green, 20, 10);
        assert_eq!(map.size(), (10, 20));
        assert!(map.shares().iter().all(|share| (share - 0.7152).abs() < 1e-4));
    }

    #[test]
    fn poolings_average_and_drop_odd_edges() {
        let (height, width) = (37, 51);
        let shares: Vec<f32> = Noise::new(3).vec(height * width).iter().map(|value| value.abs()).collect();
        let levels = Map::from_shares(height, width, shares.clone()).pyramid();
        let sizes: Vec<_> = levels.iter().map(Map::size).collect();
        assert_eq!(sizes, [(37, 51), (18, 25), (9, 12), (4, 6), (2, 3)]);
        for (block, level) in levels.iter().enumerate() {
            let side = 1 << block;
            for (i, share) in level.shares().iter().enumerate() {
                let (row, column) = (i / level.width * side, i % level.width * side);
                let squares = (0..side * side).map(|k| shares[(row + k / side) * width + column + k % side]);
                let mean = squares.sum::<f32>() / (side * side) as f32;
                assert!((share - mean).abs() < 1e-5, "block {block}, pixel {i}");
            }
        }
    }

    #[test]
    fn the_smallest_canvas_has_every_level() {
        let levels = Map::from_shares(16, 17, vec![1.0; 16 * 17]).pyramid();
        assert_eq!(levels.last().unwrap().shares(), [1.0]);
    }

    #[test]
    fn masks_are_the_same_only_if_their_pictures_are() {
        let picture = || Arc::new(Picture::from_rgba(RgbaImage::new(1, 1)));
        let one = Masks { styles: vec![None, Some(picture())], photo: None };
        assert!(one.is_same(&one.clone()));
        assert!(Masks::default().is_same(&Masks { styles: vec![None], photo: None }));
        assert!(!one.is_same(&Masks::default()));
        assert!(!one.is_same(&Masks { styles: vec![None, Some(picture())], photo: None }));
        assert!(!one.is_same(&Masks { photo: Some(picture()), ..one.clone() }));
    }
}
