//! Masks through the whole engine, with the real network at small sizes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::{Arc, OnceLock};

use candle_core::{DType, Device, Tensor};
use image::{Rgba, RgbaImage};
use pentimento::engine::objective::Objective;
use pentimento::engine::regions::Regions;
use pentimento::engine::target::{ContentTarget, StyleTarget};
use pentimento::engine::terms::Terms;
use pentimento::engine::{DeviceChoice, Engine, Interrupt, Job, Masks, StyleEngine};
use pentimento::image_io::Picture;
use pentimento::recipe::{OptimizerKind, Pooling, Recipe, Scales, StyleLoss, StyleSource};

const SIZE: (u32, u32) = (64, 43);

fn engine() -> &'static StyleEngine {
    static ENGINE: OnceLock<StyleEngine> = OnceLock::new();
    ENGINE.get_or_init(|| StyleEngine::new(DeviceChoice::Cpu, None).unwrap())
}

fn picture(width: u32, height: u32, turn: f32) -> Arc<Picture> {
    let image = RgbaImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 * 0.2, y as f32 * 0.2);
        let wave = |phase: f32| (127.0 + 120.0 * (x * (1.0 + turn) + y * turn + phase).sin()) as u8;
        Rgba([wave(0.0), wave(1.0 + turn), wave(2.5), 255])
    });
    Arc::new(Picture::from_rgba(image))
}

/// A mask of the canvas's size, from the grey at every pixel.
fn mask(grey: impl Fn(u32, u32) -> u8) -> Option<Arc<Picture>> {
    let image = RgbaImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let grey = grey(x, y);
        Rgba([grey, grey, grey, 255])
    });
    Some(Arc::new(Picture::from_rgba(image)))
}

fn right_half(x: u32, _: u32) -> u8 {
    if x >= SIZE.0 / 2 { 255 } else { 0 }
}

/// Two styles at one size, from the photo.
fn job(iterations: u32) -> Job {
    let recipe = Recipe { size: SIZE.0, iterations, scales: Scales::Single, ..Recipe::default() };
    let style = recipe.styles[0].clone();
    let recipe = Recipe { styles: vec![style.clone(), StyleSource { weight: 3.0, ..style }], ..recipe };
    let styles = vec![picture(50, 50, 1.7), picture(40, 60, 0.9)];
    Job { recipe, content: picture(640, 430, 0.3), styles, init: None, masks: Masks::default() }
}

fn style_loss(job: &Job) -> f64 {
    engine().begin(job).unwrap().step().unwrap().evaluations[0].losses.style
}

#[test]
fn masks_that_change_nothing_change_nothing() {
    let plain = job(3);
    let mut masked = job(3);
    masked.masks.photo = mask(|_, _| 0);
    assert_eq!(style_loss(&plain), style_loss(&masked));

    // One style with a white mask is that style alone, and a black one leaves all to the other.
    let mut alone = job(3);
    alone.recipe.styles.pop();
    alone.styles.pop();
    for masks in [[mask(|_, _| 255), None], [None, mask(|_, _| 0)]] {
        masked.masks = Masks { styles: masks.to_vec(), photo: None };
        assert_eq!(style_loss(&alone), style_loss(&masked));
    }
    // Masks belong to their styles, whether or not one before them acts.
    masked.recipe.styles[0].weight = 0.0;
    masked.masks = Masks { styles: vec![mask(right_half), None], photo: None };
    let mut other = job(3);
    other.recipe.styles.remove(0);
    other.styles.remove(0);
    assert_eq!(style_loss(&other), style_loss(&masked));
}

#[test]
fn a_style_under_a_black_mask_acts_nowhere() {
    let mut job = job(3);
    job.recipe.tv = 0.0;
    job.masks = Masks { styles: vec![mask(|_, _| 0), mask(|_, _| 0)], photo: None };
    let mut painter = engine().begin(&job).unwrap();
    let photo = painter.frame().unwrap();
    let losses = painter.step().unwrap().losses;
    assert_eq!((losses.style, losses.loss), (0.0, losses.content));
    assert_eq!(painter.frame().unwrap(), photo, "nothing pulls at the photo");
}

#[test]
fn the_gradient_matches_differences_under_masks() {
    let vgg = engine().vgg();
    let (height, width) = (33, 38); // odd, so that dropped pooling rows take part
    let noise = |seed| common::noise(seed, (height, width));
    let gram =
        Recipe { pooling: Pooling::Average, content_strength: -5.0, style_strength: 1.0, tv: 0.0, ..Recipe::default() };
    let moments = Recipe { style_loss: StyleLoss::Moments, ..gram.clone() };
    let histogram = Recipe { histogram: 3.0, ..gram.clone() };
    // The histogram loss leaps where ranks change.
    for (recipe, tolerance) in [(gram, 0.01), (moments, 0.01), (histogram, 0.3)] {
        let terms = Terms::of(&recipe);
        let styles = (2..5)
            .map(|seed| (seed as f64, StyleTarget::of(vgg, &noise(seed), &terms, &Interrupt::default()).unwrap()))
            .collect::<Vec<_>>();
        let ramp = mask(|x, y| (x * 3 + y) as u8);
        let masks = Masks { styles: vec![mask(right_half), None, ramp], photo: mask(|_, y| (y * 2) as u8) };
        let regions = Regions::new(styles, &masks, (height, width), 0).unwrap();
        let content = ContentTarget::of(vgg, &noise(1), &terms, &Interrupt::default()).unwrap();
        let objective = Objective::new(Arc::clone(vgg), (height, width), &terms, content, &regions).unwrap();
        let canvas = noise(9);
        let gradient = Tensor::zeros((height, width, 3), DType::F32, &Device::Cpu).unwrap();
        objective.evaluate(&canvas, &gradient).unwrap();
        let norm = gradient.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
        let step = 0.5;
        let at = |distance: f64| {
            let moved = (&canvas + (&gradient * (distance / f64::from(norm))).unwrap()).unwrap();
            objective.evaluate(&moved, &gradient.zeros_like().unwrap()).unwrap().loss
        };
        let slope = (at(step) - at(-step)) / (2.0 * step);
        assert!(
            (slope / f64::from(norm) - 1.0).abs() < tolerance,
            "{:?}: slope {slope}, gradient {norm}",
            recipe.style_loss
        );
    }
}

#[test]
fn the_photo_stays_exactly_where_its_mask_is_white() {
    for optimizer in [OptimizerKind::Lbfgs, OptimizerKind::Adam] {
        let mut job = job(6);
        job.recipe.optimizer = optimizer;
        job.recipe.init = pentimento::recipe::Init::Noise;
        job.masks.photo = mask(right_half);
        let mut painter = engine().begin(&job).unwrap();
        while !painter.is_finished() {
            painter.step().unwrap();
        }
        let painting = painter.frame().unwrap();
        let photo = photo_frame();
        let distances = |from: u32, to: u32| {
            (0..SIZE.1).flat_map(move |y| (from..to).map(move |x| (x, y))).map(|(x, y)| {
                let (a, b) = (painting.get_pixel(x, y), photo.get_pixel(x, y));
                a.0.iter().zip(b.0).map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>()
            })
        };
        assert_eq!(distances(SIZE.0 / 2, SIZE.0).max(), Some(0), "{optimizer}");
        assert!(distances(0, SIZE.0 / 2).sum::<u32>() > 20 * SIZE.0 * SIZE.1, "{optimizer}");
    }
}

/// The photo at the size of the canvas.
fn photo_frame() -> RgbaImage {
    engine().begin(&job(1)).unwrap().frame().unwrap()
}

#[test]
fn a_mask_painted_while_it_paints_acts_at_once_and_its_loss_brings_the_painting_back() {
    let mut job = job(20);
    let mut painter = engine().begin(&job).unwrap();
    let before = (0..5).map(|_| painter.step().unwrap()).last().unwrap();
    let painted = painter.frame().unwrap();

    job.masks.photo = mask(|_, _| 255);
    painter.revise(&job).unwrap();
    assert_eq!(painter.frame().unwrap(), photo_frame());
    job.masks.photo = None;
    painter.revise(&job).unwrap();
    assert_eq!(painter.frame().unwrap(), painted);

    job.masks.styles = vec![mask(right_half), None];
    painter.revise(&job).unwrap();
    let after = painter.step().unwrap();
    assert_eq!(after.iteration, before.iteration + 1);
    assert_eq!(after.evaluations[0].losses.content, before.losses.content, "the same canvas");
    let ratio = after.evaluations[0].losses.style / before.losses.style;
    assert!((ratio - 1.0).abs() > 0.05, "style term times {ratio}");
}

#[test]
fn a_finished_painting_is_painted_on_under_a_new_mask() {
    let mut job = job(2);
    let mut painter = engine().begin(&job).unwrap();
    while !painter.is_finished() {
        painter.step().unwrap();
    }
    painter.revise(&job).unwrap();
    assert!(painter.is_finished(), "nothing has changed");
    job.masks.styles = vec![mask(right_half)];
    painter.revise(&job).unwrap();
    assert!(!painter.is_finished());
}

/// Two styles side by side: each half comes to look like its own style, not like the other.
#[test]
fn each_half_takes_after_its_own_style() {
    let mut job = job(30);
    job.recipe.style_strength = 4.0;
    job.styles = [[220, 40, 40], [30, 60, 220]]
        .map(|[r, g, b]| {
            let stripes = |x: u32| {
                if (x / 3).is_multiple_of(2) { Rgba([r, g, b, 255]) } else { Rgba([r / 2, g / 2, b / 2, 255]) }
            };
            Arc::new(Picture::from_rgba(RgbaImage::from_fn(64, 64, |x, _| stripes(x))))
        })
        .to_vec();
    job.masks.styles = vec![None, mask(right_half)];
    let mut painter = engine().begin(&job).unwrap();
    while !painter.is_finished() {
        painter.step().unwrap();
    }
    let painting = painter.frame().unwrap();
    let mean = |from: u32, to: u32, channel: usize| {
        let pixels = (0..SIZE.1).flat_map(|y| (from..to).map(move |x| (x, y)));
        let sum: f64 = pixels.map(|(x, y)| f64::from(painting.get_pixel(x, y).0[channel])).sum();
        sum / f64::from(SIZE.1 * (to - from))
    };
    let (left, right) = ((0, SIZE.0 / 3), (SIZE.0 * 2 / 3, SIZE.0));
    // How much redder than blue.
    let [left, right] = [left, right].map(|(from, to)| mean(from, to, 0) - mean(from, to, 2));
    assert!(left > 15.0 && right < -15.0, "red minus blue is {left} on the left and {right} on the right");
}
