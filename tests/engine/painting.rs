//! A painting from its first iteration to its last, and what changes it on the way.

use std::sync::Arc;

use image::{GrayImage, Luma, Rgba, RgbaImage};
use pentimento::engine::{Engine, Job};
use pentimento::image_io::Picture;
use pentimento::recipe::{Colours, Init, OptimizerKind, Recipe, StyleSource};

use crate::bench::{engine, job, paint, picture, small};

#[test]
fn both_optimisers_lower_the_loss_from_any_start() {
    for optimizer in [OptimizerKind::Lbfgs, OptimizerKind::Adam] {
        for init in [Init::Content, Init::Style, Init::Noise] {
            let recipe = Recipe { optimizer, init: init.clone(), ..small(20) };
            let mut painter = engine().begin(&job(recipe)).unwrap();
            let first = painter.step().unwrap().evaluations[0].losses.loss;
            paint(painter.as_mut());
            let last = painter.step().unwrap().losses.loss;
            assert!(last < 0.7 * first, "{optimizer} from {init}: {last} after {first}");
        }
    }
}

#[test]
fn the_same_recipe_paints_the_same_picture() {
    let recipe = Recipe { init: Init::Noise, seed: 7, ..small(3) };
    let result = |recipe: &Recipe| {
        let mut painter = engine().begin(&job(recipe.clone())).unwrap();
        paint(painter.as_mut());
        painter.frame().unwrap()
    };
    assert_eq!(result(&recipe), result(&recipe));
    assert_ne!(result(&recipe), result(&Recipe { seed: 8, ..recipe.clone() }));
}

#[test]
fn a_moved_slider_counts_in_the_very_next_iteration() {
    let mut job = job(small(20));
    let mut painter = engine().begin(&job).unwrap();
    let before = (0..5).map(|_| painter.step().unwrap()).last().unwrap();
    job.recipe.style_strength += 3.0;
    painter.revise(&job).unwrap();
    let after = painter.step().unwrap();
    // The canvas is the same, so the style term is eight times what it was.
    let ratio = after.evaluations[0].losses.style / before.losses.style;
    assert!((ratio - 8.0).abs() < 0.01, "style term times {ratio}");
    assert_eq!(after.iteration, before.iteration + 1);
}

#[test]
fn a_finished_painting_goes_on_when_its_goal_moves() {
    let mut job = job(small(2));
    let mut painter = engine().begin(&job).unwrap();
    paint(painter.as_mut());
    painter.revise(&job).unwrap();
    assert!(painter.is_finished(), "nothing has changed");
    job.recipe.content_strength = 2.0;
    painter.revise(&job).unwrap();
    assert!(!painter.is_finished());
    // It counts on, through further changes too, until it has painted its last stage once more.
    assert_eq!(painter.step().unwrap().iteration, 3);
    job.recipe.content_strength = 1.0;
    painter.revise(&job).unwrap();
    paint(painter.as_mut());
    let end = painter.step().unwrap();
    assert_eq!((end.iteration, end.iterations), (4, 4));
    job.recipe.content_strength = 0.0;
    job.recipe.iterations = 30;
    painter.revise(&job).unwrap();
    paint(painter.as_mut());
    assert_eq!(painter.step().unwrap().iteration, 30);
    // Another preset may have fewer, and is seen all the same.
    job.recipe.style_strength = 2.0;
    job.recipe.iterations = 3;
    painter.revise(&job).unwrap();
    paint(painter.as_mut());
    assert_eq!(painter.step().unwrap().iteration, 33);
    // What the canvas has seen it has seen, though fewer are planned, and at whatever size.
    job.recipe.iterations = 2;
    painter.revise(&job).unwrap();
    assert!(painter.is_finished());
    job.recipe.size = 96;
    job.recipe.iterations = 5;
    painter.revise(&job).unwrap();
    let step = painter.step().unwrap();
    assert_eq!((step.iteration, step.iterations), (34, 38));
    // Taken up beyond the plan, it is as far as it was.
    painter.take_up(&picture(48, 32, 0.2), 90).unwrap();
    assert_eq!(painter.step().unwrap().iteration, 91);
}

#[test]
fn pictures_sizes_and_optimisers_change_under_the_running_canvas() {
    let mut job = job(small(30));
    let mut painter = engine().begin(&job).unwrap();
    let first = (0..4).map(|_| painter.step().unwrap()).last().unwrap();

    job.styles.push(picture(32, 64, 0.9));
    job.recipe.styles.push(StyleSource { weight: 2.0, ..job.recipe.styles[0].clone() });
    painter.revise(&job).unwrap();
    let blended = painter.step().unwrap();
    assert!((blended.evaluations[0].losses.style / first.losses.style - 1.0).abs() > 0.01, "the style has changed");
    assert!((blended.evaluations[0].losses.content / first.losses.content - 1.0).abs() < 1e-3, "the content has not");

    job.recipe.optimizer = OptimizerKind::Adam;
    painter.revise(&job).unwrap();
    painter.step().unwrap();

    let canvas = painter.frame().unwrap();
    job.recipe.size = 96;
    painter.revise(&job).unwrap();
    let larger = painter.frame().unwrap();
    assert_eq!((larger.width(), larger.height()), (96, 64));
    let small_again = image::imageops::resize(&larger, canvas.width(), canvas.height(), image::imageops::Triangle);
    let distance: u64 = small_again.iter().zip(canvas.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(distance / (canvas.len() as u64) < 20, "the canvas was carried over");

    job.content = picture(40, 80, 0.1);
    painter.revise(&job).unwrap();
    let progress = painter.step().unwrap();
    assert_eq!((progress.width, progress.height), (48, 96));
}

#[test]
fn an_optimiser_that_comes_later_has_its_whole_memory() {
    let job = job(small(6));
    let paint = |start: OptimizerKind| {
        let mut first = job.clone();
        first.recipe.optimizer = start;
        let mut painter = engine().begin(&first).unwrap();
        painter.revise(&job).unwrap();
        paint(painter.as_mut());
        painter.frame().unwrap()
    };
    assert_eq!(paint(OptimizerKind::Adam), paint(OptimizerKind::Lbfgs));
}

#[test]
fn a_moved_style_weight_acts_like_a_start_with_that_weight() {
    let mut job = job(small(20));
    job.styles.push(picture(32, 64, 0.9));
    job.recipe.styles.push(StyleSource { scale: 0.5, ..job.recipe.styles[0].clone() });
    let mut painter = engine().begin(&job).unwrap();
    let even = painter.step().unwrap().evaluations[0].losses;
    let canvas = painter.frame().unwrap();
    job.recipe.styles[0].weight = 0.0;
    job.recipe.styles[1].weight = 5.0;
    painter.revise(&job).unwrap();
    assert_eq!(painter.frame().unwrap(), canvas, "the canvas stays");
    let moved = painter.step().unwrap();
    assert_eq!(moved.iteration, 2, "and counts on");
    assert!(moved.evaluations[0].losses.style != even.style);
    let alone = Job {
        styles: vec![Arc::clone(&job.styles[1])],
        recipe: Recipe { styles: vec![job.recipe.styles[1].clone()], ..job.recipe.clone() },
        ..job.clone()
    };
    let first = |job: &Job| engine().begin(job).unwrap().step().unwrap().evaluations[0].losses;
    assert_eq!(first(&job), first(&alone));
    // A style of its own size is not what it is at the common one.
    let mut larger = alone.clone();
    larger.recipe.styles[0].scale = 1.0;
    assert!((first(&larger).style / first(&alone).style - 1.0).abs() > 0.01);
    // The two sizes multiply.
    larger.recipe.style_scale = 0.5;
    assert_eq!(first(&larger), first(&alone));
}

#[test]
fn matched_colours_act_on_the_running_canvas_and_keep_it() {
    let mut job = job(small(20));
    let mut painter = engine().begin(&job).unwrap();
    let before = (0..3).map(|_| painter.step().unwrap()).last().unwrap();
    let canvas = painter.frame().unwrap();
    for (strength, expected) in [(0.0, 1.0), (100.0, 0.9)] {
        job.recipe.colour_match = strength;
        painter.revise(&job).unwrap();
        assert_eq!(painter.frame().unwrap(), canvas);
        if strength > 0.0 {
            let after = painter.step().unwrap().evaluations[0].losses;
            assert!((after.content / before.losses.content - 1.0).abs() < 1e-3, "the content has not moved");
            assert!((after.style / before.losses.style - expected).abs() > 0.01, "the style has");
        }
    }
}

#[test]
fn the_shown_picture_is_the_average_where_one_is_wanted() {
    let mut job = job(Recipe { averaging: 0.9, ..small(8) });
    let mut averaged = engine().begin(&job).unwrap();
    let start = averaged.frame().unwrap();
    let mut plain = engine().begin(&Job { recipe: small(8), ..job.clone() }).unwrap();
    assert_eq!(start, plain.frame().unwrap());
    let (mut sum, mut weight) = (vec![0.0; start.len()], 0.0);
    for _ in 0..4 {
        // What is painted is the same; only what is shown is not.
        assert_eq!(averaged.step().unwrap().losses, plain.step().unwrap().losses);
        let canvas = plain.frame().unwrap();
        sum.iter_mut().zip(canvas.iter()).for_each(|(sum, value)| *sum = 0.9 * *sum + 0.1 * f64::from(*value));
        weight = 0.9 * weight + 0.1;
    }
    // The frames are clamped and rounded before they are averaged here, so single pixels may differ by more.
    let distance = |frame: &RgbaImage| {
        sum.iter().zip(frame.iter()).map(|(s, v)| (s / weight - f64::from(*v)).abs()).sum::<f64>() / sum.len() as f64
    };
    let (near, far) = (distance(&averaged.frame().unwrap()), distance(&plain.frame().unwrap()));
    assert!(near < 0.5 && far > 2.0 * near, "{near} from the average, the canvas {far}");

    // Switched off and on: at once the canvas itself, then a new average.
    job.recipe.averaging = 0.0;
    averaged.revise(&job).unwrap();
    assert_eq!(averaged.frame().unwrap(), plain.frame().unwrap());
    job.recipe.averaging = 0.9;
    averaged.revise(&job).unwrap();
    averaged.step().unwrap();
    plain.step().unwrap();
    assert_eq!(averaged.frame().unwrap(), plain.frame().unwrap(), "one canvas is its own average");
    averaged.step().unwrap();
    plain.step().unwrap();
    assert_ne!(averaged.frame().unwrap(), plain.frame().unwrap());
    // A moved goal begins anew.
    job.recipe.style_strength = 1.0;
    averaged.revise(&job).unwrap();
    assert_eq!(averaged.frame().unwrap(), plain.frame().unwrap());
}

#[test]
fn stirring_moves_the_canvas_by_so_many_levels_and_paints_on() {
    let job = job(small(3));
    let mut painter = engine().begin(&job).unwrap();
    painter.step().unwrap();
    let before = painter.frame().unwrap();
    painter.stir(8.0).unwrap();
    let after = painter.frame().unwrap();
    // Values that are neither black nor white move freely.
    let moves: Vec<f64> = before
        .iter()
        .zip(after.iter())
        .enumerate()
        .filter(|(i, (before, _))| i % 4 < 3 && (40..215).contains(*before))
        .map(|(_, (before, after))| f64::from(*after) - f64::from(*before))
        .collect();
    let rms = (moves.iter().map(|d| d * d).sum::<f64>() / moves.len() as f64).sqrt();
    assert!((rms - 8.0).abs() < 0.5, "{rms}");
    // Each stir is another one, and the same in every run.
    let twin = || {
        let mut twin = engine().begin(&job).unwrap();
        twin.step().unwrap();
        twin.stir(8.0).unwrap();
        twin
    };
    assert_eq!(twin().frame().unwrap(), after);
    let mut twice = twin();
    twice.go_on_from(&Picture::from_rgba(before.clone())).unwrap();
    assert_eq!(twice.frame().unwrap(), before, "a picture of the same size is taken exactly");
    twice.stir(8.0).unwrap();
    assert_ne!(twice.frame().unwrap(), after);

    assert!(painter.stir(f32::NAN).is_err() && painter.stir(1000.0).is_err());
    assert_eq!(painter.frame().unwrap(), after, "a refused stir changes nothing");
    paint(painter.as_mut());
    painter.stir(20.0).unwrap();
    assert!(!painter.is_finished());
    let progress = painter.step().unwrap();
    assert_eq!((progress.iteration, progress.iterations), (4, 6));
    paint(painter.as_mut());
    painter.go_on_from(&picture(10, 10, 0.5)).unwrap();
    assert!(!painter.is_finished());
}

#[test]
fn what_is_brushed_in_lies_over_the_canvas_and_nothing_else_changes() {
    let mut painter = engine().begin(&job(small(3))).unwrap();
    paint(painter.as_mut());
    let before = painter.frame().unwrap();
    let (width, height) = before.dimensions();
    let other = RgbaImage::from_fn(width, height, |x, y| Rgba([(x * 5) as u8, (y * 7) as u8, 99, 255]));
    // White, grey, and black in thirds.
    let grey = |x| {
        if x < width / 3 {
            255
        } else if x < 2 * width / 3 {
            51
        } else {
            0
        }
    };
    let mask = GrayImage::from_fn(width, height, |x, _| Luma([grey(x)]));
    painter.retouch(&Picture::from_rgba(other.clone()), &Picture::from_grey(&mask)).unwrap();
    assert!(painter.is_finished(), "it is not painted on");
    let after = painter.frame().unwrap();
    for (x, y, pixel) in after.enumerate_pixels() {
        let share = f32::from(grey(x)) / 255.0;
        for channel in 0..3 {
            let (was, other) = (before.get_pixel(x, y).0[channel], other.get_pixel(x, y).0[channel]);
            let expected = f32::from(was) + (f32::from(other) - f32::from(was)) * share;
            // The canvas from before was finer than its eight bits, and L-BFGS may have left it beyond black and white.
            let tolerance = match (grey(x), was) {
                (51, 0 | 255) => 30.0,
                (51, _) => 1.01,
                _ => 0.0,
            };
            let found = f32::from(pixel.0[channel]);
            assert!((found - expected).abs() <= tolerance, "{found} for {expected} at {x}, {y}");
        }
    }
    // And back, exactly, but once.
    assert!(painter.take_back_retouch().unwrap() && painter.is_finished());
    assert_eq!(painter.frame().unwrap(), before);
    assert!(!painter.take_back_retouch().unwrap());
    // A painting at work goes on from there.
    let mut painter = engine().begin(&job(small(3))).unwrap();
    painter.step().unwrap();
    let one = Picture::from_grey(&GrayImage::from_pixel(1, 1, Luma([255])));
    painter.retouch(&Picture::from_rgba(other.clone()), &one).unwrap();
    assert_eq!(painter.frame().unwrap(), other, "a mask is stretched to the canvas");
    let progress = painter.step().unwrap();
    assert_eq!((progress.iteration, progress.iterations), (2, 3));
    assert_ne!(painter.frame().unwrap(), other);
    assert!(!painter.take_back_retouch().unwrap(), "it was painted on");
}

#[test]
fn a_picture_of_the_same_size_is_the_first_canvas_exactly() {
    let mut painter = engine().begin(&job(small(3))).unwrap();
    paint(painter.as_mut());
    let favourite = painter.frame().unwrap();
    let init = Init::Picture(pentimento::recipe::PictureSource::Sample("unused".to_owned()));
    let again = Job {
        recipe: Recipe { init, ..small(3) },
        init: Some(Arc::new(Picture::from_rgba(favourite.clone()))),
        ..job(small(3))
    };
    assert_eq!(engine().begin(&again).unwrap().frame().unwrap(), favourite);
}

#[test]
fn the_photos_colours_come_and_go_without_painting_anew() {
    let mut job = job(small(8));
    let mut plain = engine().begin(&job).unwrap();
    let mut switched = engine().begin(&job).unwrap();
    let luma = |[r, g, b, _]: [u8; 4]| 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
    for painted in 1..=8 {
        // The optimiser remembers everything: whatever is switched, both paint the same.
        assert_eq!(switched.step().unwrap().losses, plain.step().unwrap().losses);
        let canvas = plain.frame().unwrap();
        job.recipe.colours = Colours::Photo;
        switched.revise(&job).unwrap();
        let recoloured = switched.frame().unwrap();
        for (recoloured, painted) in recoloured.pixels().zip(canvas.pixels()) {
            // Three channels rounded on both sides.
            assert!((luma(recoloured.0) - luma(painted.0)).abs() < 1.01, "{recoloured:?} for {painted:?}");
        }
        assert_ne!(recoloured, canvas);
        if painted % 2 == 0 {
            job.recipe.colours = Colours::Style;
            switched.revise(&job).unwrap();
            assert_eq!(switched.frame().unwrap(), canvas);
        }
    }
    job.recipe.colours = Colours::Photo;
    switched.revise(&job).unwrap();
    assert!(switched.is_finished(), "there is nothing to paint");
    // A grey photo has no colours to give, at any size.
    let grey = RgbaImage::from_fn(60, 40, |x, y| Rgba([(3 * x + y) as u8, (3 * x + y) as u8, (3 * x + y) as u8, 255]));
    job.content = Arc::new(Picture::from_rgba(grey));
    job.recipe.size = 80;
    switched.revise(&job).unwrap();
    let frame = switched.frame().unwrap();
    assert_eq!(frame.dimensions(), (80, 53));
    assert!(frame.pixels().all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
}

#[test]
fn a_style_of_weight_zero_leaves_no_trace() {
    let alone = job(small(3));
    let mut with_idle = alone.clone();
    with_idle.styles.push(picture(32, 32, 0.5));
    with_idle.recipe.styles.push(StyleSource { weight: 0.0, ..alone.recipe.styles[0].clone() });
    let losses = |job: &Job| engine().begin(job).unwrap().step().unwrap().losses;
    assert_eq!(losses(&alone), losses(&with_idle));
}

#[test]
fn a_refused_change_leaves_the_painting_as_it_was() {
    let mut job = job(small(10));
    let mut painter = engine().begin(&job).unwrap();
    painter.step().unwrap();
    let canvas = painter.frame().unwrap();
    job.recipe.tv = -1.0;
    assert!(painter.revise(&job).is_err());
    assert_eq!(painter.frame().unwrap(), canvas);
    assert_eq!(painter.step().unwrap().iteration, 2);
}

#[test]
fn tiny_and_ribbon_pictures_are_painted() {
    for (content, style) in [((1, 1), (1, 1)), ((1, 300), (300, 1)), ((17, 16), (16, 17))] {
        let mut job = job(Recipe { tv: 1.0, ..small(2) });
        job.content = picture(content.0, content.1, 0.2);
        job.styles = vec![picture(style.0, style.1, 0.7)];
        let mut painter = engine().begin(&job).unwrap();
        paint(painter.as_mut());
        assert!(painter.step().unwrap().losses.loss.is_finite());
    }
}
