//! What is minimised: gradients, shares, strengths.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use pentimento::engine::objective::Objective;
use pentimento::engine::target::{ContentTarget, StyleTarget};
use pentimento::engine::terms::Terms;
use pentimento::engine::{Engine, Interrupt, Job, Painter, Term};
use pentimento::image_io::Picture;
use pentimento::recipe::{
    Edges, Init, LayerWeights, PictureSource, Pooling, Preset, Recipe, StyleLoss, StyleSource, TvNorm,
};

use crate::bench::{engine, job, paint, picture, small};
use crate::common::noise;

fn objective(recipe: &Recipe, size: (usize, usize)) -> Objective {
    let (vgg, terms) = (engine().vgg(), Terms::of(recipe));
    let content = ContentTarget::of(vgg, &noise(1, size), &terms, &Interrupt::default()).unwrap();
    let style = StyleTarget::of(vgg, &noise(2, size), &terms, &Interrupt::default()).unwrap();
    Objective::new(Arc::clone(vgg), size, &terms, content, &style.into()).unwrap()
}

fn norm(gradient: &Tensor) -> f64 {
    f64::from(gradient.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap()).sqrt()
}

/// Through the whole network: the slope along a direction, against a difference of losses in that direction.
#[test]
fn the_gradient_matches_differences() {
    let layers = |text: &str| text.parse::<LayerWeights>().unwrap();
    let plain = Recipe { content_strength: -1.0, tv: 0.03, ..Recipe::default() };
    let recipes = [
        Recipe { edges: Edges::Zeros, ..plain.clone() },
        Recipe { pooling: Pooling::Average, ..plain.clone() },
        // Right before every pooling, at the same layers, and as deep as there is a layer.
        Recipe {
            style_layers: layers("relu1_2,relu2_2=0.5,relu3_4=3,relu5_4=20"),
            content_layers: layers("relu2_2=0.1,relu4_4,relu5_4"),
            ..plain.clone()
        },
        Recipe {
            style_layers: layers("relu1_2,relu3_4"),
            content_layers: layers("relu2_2"),
            pooling: Pooling::Average,
            ..plain.clone()
        },
        // As deep as a layer right before a pooling.
        Recipe { style_layers: layers("none"), content_layers: layers("relu2_2"), ..plain.clone() },
        Recipe { style_loss: StyleLoss::Moments, tv_norm: TvNorm::L1, ..plain.clone() },
        Recipe { histogram: 2.0, style_layers: layers("relu1_1"), ..plain },
    ];
    let size = (33, 38); // odd, so that ragged tiles and dropped pooling rows take part
    for recipe in recipes {
        let objective = objective(&recipe, size);
        let canvas = noise(3, size);
        let gradient = Tensor::zeros((size.0, size.1, 3), DType::F32, &Device::Cpu).unwrap();
        objective.evaluate(&canvas, &gradient).unwrap();
        let norm = norm(&gradient);
        // Along the gradient the slope is its norm. Steps small enough for the ReLUs to stay where they are.
        let step = 0.5;
        let at = |distance: f64| {
            let moved = (&canvas + (&gradient * (distance / norm)).unwrap()).unwrap();
            objective.evaluate(&moved, &gradient.zeros_like().unwrap()).unwrap().loss
        };
        let slope = (at(step) - at(-step)) / (2.0 * step);
        println!("{}: slope {slope}, gradient {norm}", recipe.style_layers);
        // The histogram loss leaps where ranks change.
        let tolerance = match recipe.style_loss {
            StyleLoss::Moments => 0.01,
            StyleLoss::Gram if recipe.histogram > 0.0 => 0.3,
            StyleLoss::Gram => 0.01,
        };
        assert!((slope / norm - 1.0).abs() < tolerance, "{recipe:?}: slope {slope}, gradient {norm}");
    }
}

#[test]
fn the_shares_of_the_terms_add_up_to_the_loss() {
    let recipe = Recipe {
        content_layers: "relu2_2=0.1,relu4_2".parse().unwrap(),
        style_layers: "relu1_1,relu2_2,relu5_1".parse().unwrap(),
        histogram: 1.0,
        ..Recipe::default()
    };
    let size = (32, 48);
    let objective = objective(&recipe, size);
    let canvas = noise(3, size);
    let gradient = canvas.zeros_like().unwrap();
    let losses = objective.evaluate(&canvas, &gradient).unwrap();
    let shares = objective.shares(&canvas).unwrap();
    let layer = |text: &str| text.parse().unwrap();
    let terms: Vec<Term> = shares.iter().map(|share| share.term).collect();
    let style = ["relu1_1", "relu2_2", "relu5_1"].map(layer);
    let expected = ["relu2_2", "relu4_2"].map(|text| Term::Content(layer(text))).into_iter();
    let expected = expected.chain(style.map(Term::Style)).chain(style.map(Term::Histogram));
    let expected = expected.chain([Term::Drawing, Term::TotalVariation]);
    assert_eq!(terms, expected.collect::<Vec<_>>());
    let sum: f64 = shares.iter().map(|share| share.loss).sum();
    assert!((sum / losses.loss - 1.0).abs() < 1e-6, "{sum}, expected {}", losses.loss);
    // No gradient is longer than the sum of the gradients that make it up.
    let longest: f64 = shares.iter().map(|share| share.gradient_rms).sum();
    assert!(shares.iter().all(|share| share.gradient_rms > 0.0));
    assert!(norm(&gradient) / (gradient.elem_count() as f64).sqrt() <= longest);
    // Asking has left no trace.
    let again = canvas.zeros_like().unwrap();
    assert_eq!(objective.evaluate(&canvas, &again).unwrap(), losses);
    assert_eq!(norm(&again), norm(&gradient));
    // A term alone is all there is.
    let alone =
        Recipe { style_layers: LayerWeights::default(), drawing: 0.0, tv: 0.0, histogram: 0.0, ..Recipe::default() };
    let objective = self::objective(&alone, size);
    objective.evaluate(&canvas, &gradient).unwrap();
    let share = objective.shares(&canvas).unwrap()[0].gradient_rms;
    assert!((share * (gradient.elem_count() as f64).sqrt() / norm(&gradient) - 1.0).abs() < 1e-5);
}

#[test]
fn layers_and_losses_change_under_the_running_canvas() {
    let mut job = job(small(30));
    let mut painter = engine().begin(&job).unwrap();
    let before = (0..4).map(|_| painter.step().unwrap()).last().unwrap().losses;
    let revised = |painter: &mut dyn Painter, job: &Job| {
        painter.revise(job).unwrap();
        painter.step().unwrap().evaluations[0].losses
    };
    // Half of one layer's weight takes less than half off the sum.
    job.recipe.style_layers.set("relu2_1".parse().unwrap(), 0.5);
    let lighter = revised(painter.as_mut(), &job);
    assert!(lighter.style < before.style && lighter.style > 0.5 * before.style, "{lighter:?} after {before:?}");
    // Elsewhere, deeper and right before a pooling.
    job.recipe.style_layers = "relu1_2,relu5_3".parse().unwrap();
    job.recipe.content_layers = "relu3_4,relu5_2=2".parse().unwrap();
    let elsewhere = revised(painter.as_mut(), &job);
    assert!((elsewhere.content / before.content - 1.0).abs() > 0.01);
    for change in [
        &(|recipe: &mut Recipe| recipe.style_loss = StyleLoss::Moments) as &dyn Fn(&mut Recipe),
        &|recipe| recipe.histogram = 1.0,
        &|recipe| recipe.edges = Edges::Zeros,
    ] {
        let before = painter.step().unwrap().losses.style;
        change(&mut job.recipe);
        let after = revised(painter.as_mut(), &job).style;
        assert!((after / before - 1.0).abs() > 1e-3, "{after} after {before}");
    }
    assert!(painter.shares().unwrap().len() >= 6);
}

/// The photo's drawing stays as far as it is asked for, from one iteration to the next.
#[test]
fn the_drawing_stays_as_far_as_it_is_asked_for() {
    let painted = |drawing: f32| {
        let mut job = job(Recipe { drawing, style_strength: -4.0, ..small(30) });
        let mut painter = engine().begin(&job).unwrap();
        paint(painter.as_mut());
        // How far it is from the photo's, in one measure; what has changed is painted on.
        job.recipe.drawing = 2.0;
        painter.revise(&job).unwrap();
        painter.step().unwrap().evaluations[0].losses.drawing
    };
    let (without, usual, strong) = (painted(0.0), painted(1.0), painted(20.0));
    assert!(strong < 0.5 * usual && usual < 0.9 * without, "{without} without, {usual}, {strong} with much of it");
    let first = |recipe: Recipe| engine().begin(&job(recipe)).unwrap().step().unwrap().evaluations[0].losses;
    assert_eq!(first(Recipe { drawing: 0.0, init: Init::Noise, ..small(1) }).drawing, 0.0);
    // It is asked for of the photo, and counts as the photo does.
    assert_eq!(first(Recipe { size: 64, ..Recipe::from_preset(Preset::Texture) }).drawing, 0.0);
    let [once, twice] =
        [0.0, 1.0].map(|content_strength| first(Recipe { content_strength, init: Init::Noise, ..small(1) }).drawing);
    assert!(once > 0.0 && (twice / once - 2.0).abs() < 1e-6, "{once} and {twice}");
}

#[test]
fn one_weight_means_a_comparable_strength_under_every_loss() {
    let sample = |name: &str| Arc::new(Picture::load(&PictureSource::Sample(name.to_owned())).unwrap());
    let recipe = Recipe { size: 128, tv: 1.0, ..small(20) };
    let (content, styles) = (sample("neuschwanstein-castle"), vec![sample("starry-night")]);
    let mut job = Job { content, styles, ..job(recipe.clone()) };
    let mut painter = engine().begin(&job).unwrap();
    paint(painter.as_mut());
    // How hard the terms of a kind pull at the same canvas.
    let mut pull = |recipe: Recipe, wanted: fn(Term) -> bool| -> f64 {
        job.recipe = recipe;
        painter.revise(&job).unwrap();
        let shares = painter.shares().unwrap();
        shares.iter().filter(|share| wanted(share.term)).map(|share| share.gradient_rms).sum()
    };
    let is_style = |term| matches!(term, Term::Style(_));
    let is_tv = |term| term == Term::TotalVariation;
    let gram = pull(recipe.clone(), is_style);
    let moments = pull(Recipe { style_loss: StyleLoss::Moments, ..recipe.clone() }, is_style);
    let histogram = pull(Recipe { histogram: 1.0, ..recipe.clone() }, |term| matches!(term, Term::Histogram(_)));
    for (name, ratio) in [("moments", moments / gram), ("histogram", histogram / gram)] {
        assert!((0.1..2.0).contains(&ratio), "{name} pulls {ratio} times as hard as the Gram loss");
    }
    let soft = pull(Recipe { tv_norm: TvNorm::L2, ..recipe.clone() }, is_tv);
    let ratio = pull(Recipe { tv_norm: TvNorm::L1, ..recipe }, is_tv) / soft;
    assert!((0.7..1.4).contains(&ratio), "the edge-keeping norm pulls {ratio} times as hard as the soft one");
}

#[test]
fn styles_are_blended_under_every_loss() {
    for (style_loss, histogram) in [(StyleLoss::Gram, 1.0), (StyleLoss::Moments, 1.0)] {
        let recipe = Recipe { style_loss, histogram, ..small(1) };
        let first_loss = |weights: [f32; 2]| {
            let mut job = job(recipe.clone());
            job.styles.push(picture(32, 64, 0.9));
            let style = job.recipe.styles[0].clone();
            job.recipe.styles = weights.map(|weight| StyleSource { weight, ..style.clone() }).to_vec();
            engine().begin(&job).unwrap().step().unwrap().evaluations[0].losses.style
        };
        let (one, other, both) = (first_loss([1.0, 0.0]), first_loss([0.0, 1.0]), first_loss([1.0, 1.0]));
        assert!(both > 0.0 && both < one.max(other), "{style_loss}: {both} between {one} and {other}");
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
