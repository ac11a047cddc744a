//! The margin that is painted and cut off.

use std::sync::Arc;

use image::RgbaImage;
use pentimento::engine::{Engine, Job};
use pentimento::image_io::Picture;
use pentimento::recipe::{Edges, LbfgsMetric, PictureSource, Recipe};

use crate::bench::{engine, job, paint, small};

/// By how many levels the outermost two pixels are more of one colour than those a little further in.
fn frame_cast(picture: &RgbaImage) -> f64 {
    let (width, height) = picture.dimensions();
    let mean = |rings: std::ops::Range<u32>| {
        let ring = |x: u32, y: u32| x.min(y).min(width - 1 - x).min(height - 1 - y);
        let pixels: Vec<_> = picture.enumerate_pixels().filter(|(x, y, _)| rings.contains(&ring(*x, *y))).collect();
        [0, 1, 2].map(|c| pixels.iter().map(|(.., pixel)| f64::from(pixel.0[c])).sum::<f64>() / pixels.len() as f64)
    };
    let (edge, inner) = (mean(0..2), mean(8..11));
    let mut levels: Vec<f64> = edge.iter().zip(inner).map(|(edge, inner)| edge - inner).collect();
    levels.sort_by(f64::total_cmp);
    levels[2] - levels[0]
}

#[test]
fn a_margin_that_is_cut_off_takes_the_frame_with_it() {
    let painted = |edges| {
        // Even steps: after so few iterations broad ones have not settled the edges either way.
        let recipe = Recipe { edges, size: 128, lbfgs_metric: LbfgsMetric::Even, ..small(50) };
        let sample = |name: &str| Arc::new(Picture::load(&PictureSource::Sample(name.to_owned())).unwrap());
        let (content, styles) = (sample("neuschwanstein-castle"), vec![sample("wheat-field-with-cypresses")]);
        let mut painter = engine().begin(&Job { content, styles, ..job(recipe) }).unwrap();
        paint(painter.as_mut());
        painter.frame().unwrap()
    };
    let (margin, replicate) = (painted(Edges::Margin), painted(Edges::Replicate));
    assert_eq!(margin.dimensions(), (128, 85));
    let (margin, replicate) = (frame_cast(&margin), frame_cast(&replicate));
    assert!(margin < 0.6 * replicate, "{margin} levels with a margin, {replicate} without");
}

#[test]
fn the_margin_comes_and_goes_under_the_running_canvas() {
    let mut job = job(small(20));
    let mut painter = engine().begin(&job).unwrap();
    for _ in 0..3 {
        painter.step().unwrap();
    }
    for edges in [Edges::Replicate, Edges::Margin, Edges::Zeros, Edges::Margin] {
        // What left the range of colours comes back into it when the canvas is fitted anew, and in frames always.
        let before = painter.frame().unwrap();
        job.recipe.edges = edges;
        painter.revise(&job).unwrap();
        assert_eq!(painter.frame().unwrap(), before, "{edges}");
        assert!(painter.step().unwrap().losses.loss.is_finite());
    }
}
