//! Which style acts where: the style term of the loss, region by region.

use candle_core::Result;

use super::mask::{Map, Masks};
use super::target::StyleTarget;
use crate::recipe::LayerName;

/// The measured styles of a painting, divided over its canvas.
///
/// Without any mask they are blended into one target for the whole canvas. Where masks are given, each masked style
/// acts by itself in its region, the blend of the others acts in what is left, and none of them acts, nor is measured,
/// where the photo stays. Each region is compared with its style by its own statistics, see [`guided`](super::loss::guided).
///
/// Regions that share a pixel divide it in proportion to their styles' weights, so that together they pull at it no
/// harder than one style would.
///
/// A departure from the paper: a region's term counts by the region's part of the canvas. Then a pixel feels its style
/// as strongly in a small region as in a large one, and as strongly as without any mask.
pub struct Regions {
    division: Division,
}

/// Where the styles act.
enum Division {
    /// One target everywhere.
    Whole(StyleTarget),
    /// Each in a region of its own.
    Parts(Vec<Region>),
}

/// Where one target acts.
struct Region {
    /// For each block of the network, from the pixels up.
    levels: Vec<Map>,
    target: StyleTarget,
}

impl From<StyleTarget> for Regions {
    fn from(target: StyleTarget) -> Self {
        Self { division: Division::Whole(target) }
    }
}

impl Regions {
    /// Divides the canvas of a picture of `height` x `width` pixels, with a margin of `margin` pixels around it, among
    /// styles, each with its weight above zero; `masks` has theirs, in the same order.
    ///
    /// # Errors
    /// When there is no style, or the device fails.
    pub fn new(
        styles: Vec<(f64, StyleTarget)>,
        masks: &Masks,
        (height, width): (usize, usize),
        margin: u32,
    ) -> Result<Self> {
        let (w, h) = (width as u32, height as u32);
        let mirrored = |map: Map| map.mirrored(margin);
        let of_styles: Vec<_> = (0..styles.len()).map(|i| masks.style(i, w, h).map(mirrored)).collect();
        let photo = masks.photo(w, h).map(mirrored);
        let (height, width) = (height + 2 * margin as usize, width + 2 * margin as usize);
        if photo.is_none() && of_styles.iter().all(Option::is_none) {
            return Ok(Self { division: Division::Whole(StyleTarget::blend(&styles)?) });
        }
        let (mut masked, mut others) = (Vec::new(), Vec::new());
        for (style, mask) in styles.iter().zip(of_styles) {
            match mask {
                Some(mask) => masked.push((style, mask)),
                None => others.push(style.clone()),
            }
        }
        let weighted: Vec<_> = masked.iter().map(|((weight, _), mask)| (*weight as f32, mask.shares())).collect();
        let mut shares = divide(&weighted, photo.as_ref().map(Map::shares), height * width);
        let rest = shares.pop();
        let mut targets: Vec<_> = masked.iter().map(|((_, target), _)| target.clone()).collect();
        if !others.is_empty() {
            targets.push(StyleTarget::blend(&others)?);
            shares.extend(rest);
        }
        let regions = shares.into_iter().zip(targets);
        let regions = regions.map(|(shares, target)| (Map::from_shares(height, width, shares), target));
        let regions: Vec<_> = regions.filter(|(map, _)| map.total() > 0.0).collect();
        let division = match regions.as_slice() {
            [(map, target)] if map.shares().iter().all(|share| *share >= 1.0) => Division::Whole(target.clone()),
            _ => {
                let region = |(map, target): (Map, _)| Region { levels: map.pyramid(), target };
                Division::Parts(regions.into_iter().map(region).collect())
            }
        };
        Ok(Self { division })
    }

    /// The targets at the resolution of a layer, and where each acts, if not everywhere.
    pub(super) fn at(&self, layer: LayerName) -> Result<Vec<(Option<&Map>, &StyleTarget)>> {
        match &self.division {
            Division::Whole(target) => Ok(vec![(None, target)]),
            Division::Parts(regions) => {
                let parts = regions.iter().map(|region| Ok((Some(region.at(layer)?), &region.target)));
                // A region may lie wholly in a row or column that a pooling has dropped.
                let present =
                    |part: &Result<(Option<&Map>, _)>| !matches!(part, Ok((Some(map), _)) if map.total() == 0.0);
                parts.filter(present).collect()
            }
        }
    }
}

impl Region {
    /// The region at the resolution of a layer.
    fn at(&self, layer: LayerName) -> Result<&Map> {
        let level = self.levels.get(usize::from(layer.block()) - 1);
        level.ok_or_else(|| candle_core::Error::Msg(format!("no level of the mask belongs to {layer}")))
    }
}

/// What each masked style gets of every pixel, then what is left for the others.
///
/// With masks `m_s` and weights `w_s` the masked styles cover `k = min(1, sum m_s)` of a pixel and divide that in
/// proportion to `w_s m_s`; `1 - k` is left. Where the photo stays by `p`, all of it counts `1 - p`.
fn divide(masks: &[(f32, &[f32])], photo: Option<&[f32]>, pixels: usize) -> Vec<Vec<f32>> {
    let mut shares = vec![vec![0.0; pixels]; masks.len() + 1];
    for i in 0..pixels {
        let painted = photo.map_or(1.0, |photo| 1.0 - photo[i]);
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (weight, mask) in masks {
            sum += mask[i];
            weighted += weight * mask[i];
        }
        let covered = sum.min(1.0);
        if weighted > 0.0 {
            for ((weight, mask), shares) in masks.iter().zip(&mut shares) {
                shares[i] = painted * covered * weight * mask[i] / weighted;
            }
        }
        shares[masks.len()][i] = painted * (1.0 - covered);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::test_support::Noise;

    #[test]
    fn every_pixel_is_divided_wholly() {
        let pixels = 500;
        let mut noise = Noise::new(4);
        let mut mask = || noise.vec(pixels).iter().map(|value| (1.4 * value).clamp(0.0, 1.0)).collect::<Vec<f32>>();
        let (a, b, photo) = (mask(), mask(), mask());
        let shares = divide(&[(1.0, &a), (3.0, &b)], Some(&photo), pixels);
        for i in 0..pixels {
            let sum: f32 = shares.iter().map(|shares| shares[i]).sum();
            assert!((sum - (1.0 - photo[i])).abs() < 1e-5, "pixel {i}");
            // Shared pixels go by weight.
            assert!((shares[1][i] * a[i] - 3.0 * shares[0][i] * b[i]).abs() < 1e-5, "pixel {i}");
            assert!(shares[2][i] <= 1.0 - a[i].max(b[i]) + 1e-6, "pixel {i}");
        }
    }

    #[test]
    fn a_style_alone_acts_where_its_mask_says() {
        let mask = [0.0, 0.25, 1.0];
        let shares = divide(&[(0.5, &mask)], None, 3);
        assert_eq!(shares, [vec![0.0, 0.25, 1.0], vec![1.0, 0.75, 0.0]]);
        assert_eq!(divide(&[], Some(&mask), 3), [vec![1.0, 0.75, 0.0]]);
    }
}
