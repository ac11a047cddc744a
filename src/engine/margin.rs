//! Pixels around the picture that are painted too and then cut off.
//!
//! Every convolution but the first sees zeros beyond its map, so the features along the edges are not those of a picture
//! that goes on, and the painting answers with a dark, discoloured line there. Four pixels of margin take that line away
//! with them, whatever the canvas' size: what reaches further in is too faint to be seen.

use crate::recipe::Edges;

/// Width of the margin in pixels, on every side.
const MARGIN_PX: u32 = 4;

/// The margin that a recipe asks for, in pixels.
#[must_use]
pub const fn width_px(edges: Edges) -> u32 {
    match edges {
        Edges::Margin => MARGIN_PX,
        Edges::Replicate | Edges::Zeros => 0,
    }
}

/// A picture of `width` x `height` pixels of `N` values with its mirror image in a margin around it, row by row.
#[must_use]
pub fn mirror<const N: usize>(values: &[f32], (width, height): (u32, u32), margin: u32) -> Vec<f32> {
    let (width, height, margin) = (width as usize, height as usize, margin as usize);
    let (pixels, _) = values.as_chunks::<N>();
    let mut mirrored = Vec::with_capacity((width + 2 * margin) * (height + 2 * margin) * N);
    for y in 0..height + 2 * margin {
        let row = &pixels[reflected(y, margin, height) * width..][..width];
        mirrored.extend((0..width + 2 * margin).flat_map(|x| row[reflected(x, margin, width)]));
    }
    mirrored
}

/// The pixel that is seen at `at` of a side of `len` with a margin before and behind it. Mirrors stand between pixels.
fn reflected(at: usize, margin: usize, len: usize) -> usize {
    if at < margin {
        (margin - 1 - at).min(len - 1)
    } else if at < margin + len {
        at - margin
    } else {
        (2 * len + margin - 1).saturating_sub(at)
    }
}

/// What is left of a picture of `width` x `height` pixels of three values when a margin is cut off on every side.
#[must_use]
pub fn cut(values: Vec<f32>, width: usize, margin: u32) -> Vec<f32> {
    let margin = margin as usize;
    if margin == 0 {
        return values;
    }
    let rows = values.chunks_exact(3 * width);
    let kept = rows.len().saturating_sub(2 * margin);
    rows.skip(margin).take(kept).flat_map(|row| row[3 * margin..3 * (width - margin)].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_mirrors_the_picture() {
        // Two rows of three pixels.
        let mirrored = mirror::<1>(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (3, 2), 2);
        let rows: Vec<_> = mirrored.chunks(7).collect();
        let (upper, lower) = ([2.0, 1.0, 1.0, 2.0, 3.0, 3.0, 2.0], [5.0, 4.0, 4.0, 5.0, 6.0, 6.0, 5.0]);
        assert_eq!(rows, [lower, upper, upper, lower, lower, upper]);
    }

    #[test]
    fn what_was_mirrored_and_cut_is_the_picture() {
        for (width, height, margin) in [(5, 7, 4), (16, 16, 4), (3, 9, 0), (4, 4, 4)] {
            let picture: Vec<f32> = (0..width * height * 3).map(|i| i as f32).collect();
            let mirrored = mirror::<3>(&picture, (width, height), margin);
            assert_eq!(mirrored.len() as u32, (width + 2 * margin) * (height + 2 * margin) * 3);
            assert_eq!(cut(mirrored, (width + 2 * margin) as usize, margin), picture);
        }
    }
}
