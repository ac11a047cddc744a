//! Moments of a painting as a film.

use std::path::Path;

use super::Moment;
use crate::image_io::{self, PictureError};

/// Frames at most: half a dozen seconds, and few enough megabytes to be sent around.
const FRAMES: usize = 80;

/// Saves them, or as many as a film has room for, evenly spread.
pub fn save_film(path: &Path, moments: &[Moment]) -> Result<(), PictureError> {
    let frames: Vec<_> = spread(moments, FRAMES).into_iter().map(|moment| &*moment.image).collect();
    image_io::save_film(path, &frames)
}

/// So many of them at most, evenly spread, the last among them.
fn spread<T>(all: &[T], count: usize) -> Vec<&T> {
    let Some(last) = all.len().checked_sub(1) else { return Vec::new() };
    let count = count.min(all.len());
    (1..=count).map(|step| &all[last - last * (count - step) / count.saturating_sub(1).max(1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_keeps_both_ends() {
        let all: Vec<_> = (0..11).collect();
        assert_eq!(spread(&all, 3), [&0, &5, &10]);
        assert_eq!(spread(&all, 1), [&10]);
        assert_eq!(spread(&all[..4], 80), [&0, &1, &2, &3]);
        assert_eq!(spread(&all[..1], 80), [&0]);
        assert!(spread(&all[..0], 80).is_empty());
    }
}
