//! The engine as a whole, with the real network at small sizes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{Arc, OnceLock};

use candle_core::{DType, Device, Tensor};
use image::{Rgba, RgbaImage};
use pentimento::engine::objective::{ContentTarget, Objective, StyleTarget};
use pentimento::engine::{DeviceChoice, Engine, Job, Painter, StyleEngine};
use pentimento::image_io::Picture;
use pentimento::recipe::{Init, LossWeights, OptimizerKind, Pooling, Preset, Recipe, Scales, StyleSource};

fn engine() -> &'static StyleEngine {
    static ENGINE: OnceLock<StyleEngine> = OnceLock::new();
    ENGINE.get_or_init(|| StyleEngine::new(DeviceChoice::Cpu, None).unwrap())
}

/// A smooth picture with some structure; `turn` makes another one.
fn picture(width: u32, height: u32, turn: f32) -> Arc<Picture> {
    let image = RgbaImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 * 0.2, y as f32 * 0.2);
        let wave = |phase: f32| (127.0 + 120.0 * (x * (1.0 + turn) + y * turn + phase).sin()) as u8;
        Rgba([wave(0.0), wave(1.0 + turn), wave(2.5), 255])
    });
    Arc::new(Picture::from_rgba(image))
}

fn job(recipe: Recipe) -> Job {
    Job { recipe, content: picture(60, 40, 0.3), styles: vec![picture(50, 50, 1.7)], init: None }
}

fn small(iterations: u32) -> Recipe {
    Recipe { size: 64, iterations, scales: Scales::Single, tv: 0.0, ..Recipe::default() }
}

fn paint(painter: &mut dyn Painter) {
    while !painter.is_finished() {
        painter.step().unwrap();
    }
}

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
fn both_optimisers_lower_the_loss_from_any_start() {
    for optimizer in [OptimizerKind::Lbfgs, OptimizerKind::Adam] {
        for init in [Init::Content, Init::Style, Init::Noise] {
            let recipe = Recipe { optimizer, init: init.clone(), ..small(12) };
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

/// Through the whole network: the slope along a direction, against a difference of losses in that direction.
#[test]
fn the_gradient_matches_differences() {
    let vgg = engine().vgg();
    let (height, width) = (33, 38); // odd, so that ragged tiles and dropped pooling rows take part
    let noise = |seed: u64| {
        let mut state = seed;
        let values: Vec<f32> = (0..height * width * 3)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                60.0 * ((state >> 40) as f32 / (1 << 23) as f32 - 1.0)
            })
            .collect();
        Tensor::from_vec(values, (height, width, 3), &Device::Cpu).unwrap()
    };
    for pooling in [Pooling::Max, Pooling::Average] {
        let content = ContentTarget::of(vgg, &noise(1), pooling).unwrap();
        let style = StyleTarget::of(vgg, &noise(2), pooling).unwrap();
        let weights = LossWeights { content: 2.0, style: 0.5, tv: 3.0 };
        let objective = Objective::new(Arc::clone(vgg), (height, width), pooling, content, style, weights).unwrap();
        let canvas = noise(3);
        let gradient = Tensor::zeros((height, width, 3), DType::F32, &Device::Cpu).unwrap();
        objective.evaluate(&canvas, &gradient).unwrap();
        let norm = gradient.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
        // Along the gradient the slope is its norm. Steps small enough for the ReLUs to stay where they are.
        let step = 0.5;
        let at = |distance: f64| {
            let moved = (&canvas + (&gradient * (distance / f64::from(norm))).unwrap()).unwrap();
            objective.evaluate(&moved, &gradient.zeros_like().unwrap()).unwrap().loss
        };
        let slope = (at(step) - at(-step)) / (2.0 * step);
        assert!((slope / f64::from(norm) - 1.0).abs() < 0.01, "{pooling}: slope {slope}, gradient {norm}");
    }
}

#[test]
fn the_gatys_preset_starts_with_no_content_loss() {
    let recipe = Recipe { size: 64, ..Recipe::from_preset(Preset::Gatys) };
    let first = engine().begin(&job(recipe)).unwrap().step().unwrap().evaluations[0];
    assert_eq!(first.losses.content, 0.0);
    assert_eq!(first.losses.tv, 0.0);
    assert_eq!(first.losses.loss, first.losses.style);
}
