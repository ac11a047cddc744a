//! Moments of a painting as a film.

use std::path::Path;

use super::Moment;
use crate::image_io::{self, Caption, FilmFrame, PictureError};
use crate::recipe::Recipe;

/// Frames at most: half a dozen seconds, and few enough megabytes to be sent around.
const FRAMES: usize = 80;
/// For so many frames a change is told; what changes meanwhile belongs to it, as a slider that is dragged does.
const TOLD_FRAMES: usize = 14;

/// Saves them, or as many as a film has room for, evenly spread. With `captions` it is told below them what was changed in the
/// settings, if anything was.
pub fn save_film(path: &Path, moments: &[Moment], captions: bool) -> Result<(), PictureError> {
    let shown = spread(moments, FRAMES);
    let recipes: Vec<_> = shown.iter().map(|moment| &*moment.recipe).collect();
    let told = if captions { changes(&recipes) } else { None };
    let caption = |index: usize| {
        told.as_ref().map(|told: &Vec<String>| Caption {
            left: told[index].clone(),
            right: format!("iteration {}", shown[index].iteration),
        })
    };
    let frames: Vec<_> =
        (0..shown.len()).map(|index| FilmFrame { image: &shown[index].image, caption: caption(index) }).collect();
    image_io::save_film(path, &frames)
}

/// What is told under each frame of these recipes: what was changed, for a while; nothing at all where nothing was.
fn changes(recipes: &[&Recipe]) -> Option<Vec<String>> {
    let mut told = vec![String::new(); recipes.len()];
    // The frame before the change that is told, and the last frame in which something changed.
    let mut change: Option<(usize, usize)> = None;
    for index in 1..recipes.len() {
        let is_told = change.filter(|(_, last)| index - last < TOLD_FRAMES);
        change = if recipes[index] == recipes[index - 1] {
            is_told
        } else {
            Some((is_told.map_or(index - 1, |(before, _)| before), index))
        };
        if let Some((before, _)) = change {
            told[index] = recipes[before].changes_to(recipes[index]).join("; ");
        }
    }
    told.iter().any(|text| !text.is_empty()).then_some(told)
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

    fn of_strengths(strengths: &[f32]) -> Vec<Recipe> {
        strengths.iter().map(|&style_strength| Recipe { style_strength, ..Recipe::default() }).collect()
    }

    #[test]
    fn a_change_is_told_for_a_while_and_a_drag_as_one() {
        let mut strengths = vec![0.0; 5];
        strengths.extend([0.5, 1.0]);
        strengths.extend([1.0; 30]);
        strengths.extend([0.0; 3]);
        let recipes = of_strengths(&strengths);
        let told = changes(&recipes.iter().collect::<Vec<_>>()).unwrap();
        assert!(told[..5].iter().all(String::is_empty));
        assert_eq!((&*told[5], &*told[6]), ("Style strength from 0 to 0.5", "Style strength from 0 to 1"));
        let end = 6 + TOLD_FRAMES;
        assert_eq!((&*told[end - 1], &*told[end]), ("Style strength from 0 to 1", ""));
        assert_eq!(told[37], "Style strength from 1 to 0");
    }

    #[test]
    fn where_nothing_was_changed_nothing_is_told() {
        let recipes = of_strengths(&[1.0; 9]);
        assert_eq!(changes(&recipes.iter().collect::<Vec<_>>()), None);
        assert_eq!(changes(&[]), None);
    }

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
