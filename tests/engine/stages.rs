//! From one size to the next.

use std::sync::Arc;

use image::{Rgba, RgbaImage};
use pentimento::engine::{Engine, Job, Painter};
use pentimento::image_io::{Picture, resample_rgb_f32};
use pentimento::recipe::{Colours, Init, PictureSource, Recipe, Scales};

use crate::bench::{engine, job};

#[test]
fn a_painting_goes_through_its_stages_and_ends_at_the_size_asked_for() {
    let recipe = Recipe { size: 200, iterations: 5, ..Recipe::default() };
    let mut painter = engine().begin(&job(recipe)).unwrap();
    let mut seen = Vec::new();
    let mut evaluations = 0;
    while !painter.is_finished() {
        let progress = painter.step().unwrap();
        for evaluation in &progress.evaluations {
            evaluations += 1;
            assert_eq!(evaluation.evaluation, evaluations);
        }
        seen.push((progress.stage, progress.iteration, progress.width, progress.height));
    }
    assert_eq!(seen, [(0, 1, 141, 94), (0, 2, 141, 94), (0, 3, 141, 94), (1, 4, 200, 133), (1, 5, 200, 133)]);
    let frame = painter.frame().unwrap();
    assert_eq!((frame.width(), frame.height()), (200, 133));
    // Reporting a finished painting again changes nothing.
    assert!(painter.step().unwrap().evaluations.is_empty());
    assert_eq!(painter.frame().unwrap(), frame);
}

#[test]
fn a_painting_is_taken_up_in_the_stage_where_it_was_left() {
    let job = job(Recipe { size: 256, iterations: 8, ..Recipe::default() });
    let mut painter = engine().begin(&job).unwrap();
    let left = loop {
        let progress = painter.step().unwrap();
        // The third of three.
        if progress.stage == 2 {
            break progress;
        }
    };
    let frame = painter.frame().unwrap();
    let take_up = |iterations| {
        let mut painter = engine().begin(&job).unwrap();
        painter.take_up(&Picture::from_rgba(frame.clone()), iterations).unwrap();
        assert!(painter.frame().unwrap() == frame, "from exactly these pixels");
        painter
    };
    let mut again = take_up(left.iteration);
    let next = again.step().unwrap();
    let expected = (2, left.iteration + 1, left.iterations, 256);
    assert_eq!((next.stage, next.iteration, next.iterations, next.width), expected);
    // What was learned at the first size is in the pixels: no loss of a start from the photo is as low.
    let first = engine().begin(&job).unwrap().step().unwrap().evaluations[0].losses.loss;
    assert!(next.evaluations[0].losses.loss < 0.5 * first);
    while !again.is_finished() {
        again.step().unwrap();
    }
    assert_eq!(again.step().unwrap().iteration, 8);

    let mut at_the_end = take_up(8);
    assert!(!at_the_end.is_finished(), "a finished painting is painted on");
    assert_eq!(at_the_end.step().unwrap().iteration, 9);
}

#[test]
fn a_painting_goes_back_to_an_earlier_stage_and_through_the_rest_again() {
    let job = job(Recipe { size: 181, iterations: 6, ..Recipe::default() });
    let mut painter = engine().begin(&job).unwrap();
    let first = painter.step().unwrap();
    let moment = Picture::from_rgba(painter.frame().unwrap());
    let until_finished = |painter: &mut Box<dyn Painter>| {
        let mut sizes = Vec::new();
        while !painter.is_finished() {
            let progress = painter.step().unwrap();
            sizes.push((progress.iteration, progress.iterations, progress.width));
        }
        sizes
    };
    let course = until_finished(&mut painter);
    assert_eq!(course.last(), Some(&(6, 6, 181)));
    // Painted on beyond its end, and then all the same back to the beginning.
    painter.go_on_from(&moment).unwrap();
    assert!(painter.step().unwrap().iterations > 6);
    painter.take_up(&moment, first.iteration).unwrap();
    assert!(painter.frame().unwrap() == moment.to_rgba(), "exactly these pixels");
    assert_eq!(until_finished(&mut painter), course);
}

#[test]
fn at_the_end_of_a_stage_it_goes_back_to_the_small_canvas() {
    let job = job(Recipe { size: 181, iterations: 6, ..Recipe::default() });
    let mut painter = engine().begin(&job).unwrap();
    let (mut end, mut frame) = (painter.step().unwrap(), painter.frame().unwrap());
    let next = loop {
        let progress = painter.step().unwrap();
        if progress.stage == 1 {
            break progress;
        }
        (end, frame) = (progress, painter.frame().unwrap());
    };
    let mut again = engine().begin(&job).unwrap();
    again.take_up(&Picture::from_rgba(frame.clone()), end.iteration).unwrap();
    assert!(again.frame().unwrap() == frame, "exactly these pixels");
    let there = again.step().unwrap();
    assert_eq!((there.stage, there.iteration, there.width), (1, next.iteration, next.width));
}

#[test]
fn what_was_painted_is_there_beside_what_was_made_of_it() {
    let mut recipe = Recipe { size: 96, iterations: 2, ..Recipe::default() };
    let mut painter = engine().begin(&job(recipe.clone())).unwrap();
    painter.step().unwrap();
    assert!(painter.bare_frame().unwrap().is_none(), "there is nothing but what was painted");
    let painted = painter.frame().unwrap();
    recipe.colours = Colours::Photo;
    painter.revise(&job(recipe)).unwrap();
    assert!(painter.frame().unwrap() != painted);
    assert!(painter.bare_frame().unwrap().unwrap() == painted);
}

#[test]
fn the_next_stage_starts_from_the_average() {
    let recipe = Recipe { size: 181, iterations: 8, averaging: 0.99, ..Recipe::default() };
    let mut painter = engine().begin(&job(recipe)).unwrap();
    let mut end_of_stage = painter.frame().unwrap();
    let mut progress = painter.step().unwrap();
    while progress.stage == 0 {
        end_of_stage = painter.frame().unwrap();
        progress = painter.step().unwrap();
    }
    // One iteration later it still looks like what was shown; L-BFGS's first step is one level on average.
    let frame = painter.frame().unwrap();
    let small = image::imageops::resize(&frame, end_of_stage.width(), end_of_stage.height(), image::imageops::Triangle);
    let distance: u64 = small.iter().zip(end_of_stage.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(distance < 6 * small.len() as u64, "{} levels apart", distance as f64 / small.len() as f64);
}

/// A photo of single pixels.
fn speckled() -> Arc<Picture> {
    Arc::new(Picture::from_rgba(RgbaImage::from_fn(200, 140, |x, y| {
        let value = if (x * x + 3 * y * y + x * y) % 7 < 3 { 60 } else { 190 };
        Rgba([value, value, value, 255])
    })))
}

/// How much of the photo's detail that 128 pixels have no room for is in `frame`: 1 is all, 0 none.
fn share_of_detail(frame: RgbaImage, photo: &Picture) -> f32 {
    let (width, height) = frame.dimensions();
    let small = (128, 128 * height / width);
    let blur = |large: &[f32]| {
        let down = resample_rgb_f32(large, (width, height), small);
        resample_rgb_f32(&down, small, (width, height))
    };
    let detail = |large: &[f32]| -> Vec<f32> { large.iter().zip(blur(large)).map(|(a, b)| a - b).collect() };
    let photo = detail(&photo.to_rgb_f32(width, height));
    let canvas = detail(&Picture::from_rgba(frame).to_rgb_f32(width, height));
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    product(&canvas, &photo) / product(&photo, &photo)
}

#[test]
fn an_enlarged_canvas_takes_on_the_photos_fine_detail() {
    let share = |init: Init| {
        let recipe = Recipe { size: 181, iterations: 8, init, ..Recipe::default() };
        let job = Job { content: speckled(), ..job(recipe) };
        let mut painter = engine().begin(&job).unwrap();
        while painter.step().unwrap().stage == 0 {}
        share_of_detail(painter.frame().unwrap(), &job.content)
    };
    let (from_photo, from_noise) = (share(Init::Content), share(Init::Noise));
    assert!(from_photo > 0.6 && from_noise.abs() < 0.3, "{from_photo}, from noise {from_noise}");
}

#[test]
fn a_painting_that_is_finished_at_a_larger_size_takes_it_on_at_once() {
    let painting = Picture::from_rgba(RgbaImage::from_pixel(128, 90, Rgba([120, 130, 140, 255])));
    let init = Init::Picture(PictureSource::Sample("unused".to_owned()));
    let recipe = Recipe { size: 181, iterations: 3, scales: Scales::Single, init, ..Recipe::default() };
    let job = Job { content: speckled(), init: Some(Arc::new(painting)), ..job(recipe) };
    let frame = engine().begin(&job).unwrap().frame().unwrap();
    let share = share_of_detail(frame, &job.content);
    assert!(share > 0.8, "{share}");
}
