//! One picture for each control: the default painting on the left, the same with that control moved on the right.

use image::{GrayImage, Luma, Rgb, RgbImage, imageops};
use pentimento::recipe::{
    Colours, Edges, Init, LbfgsMetric, OptimizerKind, PictureSource, Pooling, Preset, Recipe, Scales, StyleCurve,
    StyleLoss, StyleSource, TvNorm,
};

use super::{Outcome, Studio, place, sample, save};

/// Long side of each painting, in pixels, and its iterations: large enough to see the strokes, small enough to wait for.
const LONG_SIDE: u32 = 256;
const ITERATIONS: u32 = 120;
const GAP_PX: u32 = 8;

/// Standard deviation of the noise that is stirred in, in levels out of 255, and iterations after it.
const STIR_LEVELS: f32 = 60.0;
const ITERATIONS_AFTER_STIR: usize = 30;
/// How much drawing is a lot.
const MUCH_DRAWING: f32 = 8.0;
/// Where only a corner shows the difference: its side in pixels, and how often it is enlarged.
const CORNER_PX: u32 = 64;
const ENLARGED: u32 = 4;

pub fn paint_all(studio: &Studio) -> Outcome<()> {
    let only: Vec<String> = std::env::args().skip(2).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    let base = Recipe { size: LONG_SIDE, iterations: ITERATIONS, ..Recipe::default() };
    let mask = half_mask()?;
    let before = studio.paint(base.clone())?;
    for (name, change) in changes(mask) {
        if !wanted(name) {
            continue;
        }
        let mut recipe = base.clone();
        change(&mut recipe);
        let after = studio.paint(recipe.clone())?;
        match name {
            // Averaging is of use to Adam, so the left is Adam without it; and what lies between the two smoothings is not how much.
            "averaging" => show(name, &[&studio.paint(Recipe { averaging: base.averaging, ..recipe })?, &after])?,
            "tv-norm" => show(name, &[&studio.paint(Recipe { tv_norm: base.tv_norm, ..recipe })?, &after])?,
            // Where it pulls strongly, it is seen what it holds to.
            "content-layers" => {
                let usual = Recipe { content_layers: base.content_layers.clone(), ..recipe };
                show(name, &[&studio.paint(usual)?, &after])?;
            }
            // Where the style would paint the photo over, it is seen what it holds to.
            "drawing" => {
                let usual = Recipe { drawing: base.drawing, ..recipe.clone() };
                let more = Recipe { drawing: MUCH_DRAWING, ..recipe };
                show(name, &[&after, &studio.paint(usual)?, &studio.paint(more)?])?;
            }
            "edges" | "edges-replicate" => show(name, &[&corner(&before), &corner(&after)])?,
            // In the middle is what lies between: as much in the other direction.
            "style-strength" | "content-strength" => {
                let less = Recipe {
                    style_strength: -recipe.style_strength,
                    content_strength: -recipe.content_strength,
                    ..recipe
                };
                show(name, &[&studio.paint(less)?, &before, &after])?;
            }
            _ => show(name, &[&before, &after])?,
        }
    }
    if wanted("stir") {
        let stirred = studio.paint_on(base, |painter| {
            painter.stir(STIR_LEVELS)?;
            (0..ITERATIONS_AFTER_STIR).try_for_each(|_| painter.step().map(drop))
        })?;
        show("stir", &[&before, &stirred])?;
    }
    Ok(())
}

fn show(name: &str, pictures: &[&RgbImage]) -> Outcome<()> {
    save(&side_by_side(pictures), &format!("docs/controls/{name}.jpg"), 85)
}

/// The upper right corner, its pixels enlarged.
fn corner(picture: &RgbImage) -> RgbImage {
    let part = imageops::crop_imm(picture, picture.width() - CORNER_PX, 0, CORNER_PX, CORNER_PX).to_image();
    imageops::resize(&part, CORNER_PX * ENLARGED, CORNER_PX * ENLARGED, imageops::FilterType::Nearest)
}

/// White on the right half, with a soft edge, as a file that a recipe can name.
fn half_mask() -> Outcome<PictureSource> {
    let mask = GrayImage::from_fn(256, 256, |x, _| Luma([(x.clamp(96, 160) - 96).saturating_mul(4).min(255) as u8]));
    let path = place("docs/controls/mask-right-half.png");
    std::fs::create_dir_all(place("docs/controls"))?;
    mask.save(&path)?;
    Ok(PictureSource::File(path))
}

type Change = Box<dyn Fn(&mut Recipe)>;

fn changes(mask: PictureSource) -> Vec<(&'static str, Change)> {
    let second = |weight: f32, mask: Option<PictureSource>| StyleSource { weight, mask, ..ocean() };
    let style_mask = mask.clone();
    vec![
        ("style-strength", Box::new(|r: &mut Recipe| r.style_strength = 4.0) as Change),
        ("content-strength", Box::new(|r| r.content_strength = 4.0)),
        ("drawing", Box::new(|r| (r.styles, r.drawing) = (vec![ocean()], 0.0))),
        ("tv", Box::new(|r| r.tv = 20.0)),
        ("tv-norm", Box::new(|r| (r.tv, r.tv_norm) = (20.0, TvNorm::L1))),
        ("two-styles", Box::new(move |r| r.styles.push(second(1.0, None)))),
        ("own-scale", Box::new(|r| r.styles = vec![StyleSource { scale: 3.0, ..r.styles[0].clone() }])),
        ("style-scale", Box::new(|r| r.style_scale = 2.0)),
        ("colours", Box::new(|r| r.colours = Colours::Photo)),
        ("colour-match", Box::new(|r| r.colour_match = 100.0)),
        ("style-masks", Box::new(move |r| r.styles.push(second(1.0, Some(style_mask.clone()))))),
        ("photo-mask", Box::new(move |r| r.photo_mask = Some(mask.clone()))),
        ("style-layers", Box::new(|r| r.style_layers = layers("relu1_1,relu2_1"))),
        ("style-curve", Box::new(|r| r.style_curve = StyleCurve::Equal)),
        ("style-curve-falling", Box::new(|r| r.style_curve = StyleCurve::Falling)),
        (
            "content-layers",
            Box::new(|r| (r.content_strength, r.drawing, r.content_layers) = (4.0, 0.0, layers("relu2_2=8"))),
        ),
        ("style-loss", Box::new(|r| r.style_loss = StyleLoss::Moments)),
        ("histogram", Box::new(|r| r.histogram = 10.0)),
        ("init", Box::new(|r| r.init = Init::Noise)),
        ("init-style", Box::new(|r| r.init = Init::Style)),
        ("init-picture", Box::new(|r| r.init = Init::Picture(sample("machu-picchu")))),
        ("optimizer", Box::new(|r| r.optimizer = OptimizerKind::Adam)),
        ("adam-step", Box::new(|r| (r.optimizer, r.adam_step) = (OptimizerKind::Adam, 1.0))),
        ("lbfgs-history", Box::new(|r| r.lbfgs_history = 1)),
        ("lbfgs-metric", Box::new(|r| r.lbfgs_metric = LbfgsMetric::Even)),
        ("averaging", Box::new(|r| (r.optimizer, r.averaging) = (OptimizerKind::Adam, 0.9))),
        ("scales", Box::new(|r| r.scales = Scales::Single)),
        ("pooling", Box::new(|r| r.pooling = Pooling::Average)),
        ("edges", Box::new(|r| r.edges = Edges::Zeros)),
        ("edges-replicate", Box::new(|r| r.edges = Edges::Replicate)),
        (
            "preset-draft",
            Box::new(|r| {
                r.iterations =
                    Recipe::from_preset(Preset::Draft).iterations * ITERATIONS / Recipe::default().iterations;
            }),
        ),
        ("preset-bold", Box::new(|r| *r = preset(r, Preset::Bold))),
        ("preset-faithful", Box::new(|r| *r = preset(r, Preset::Faithful))),
        ("preset-texture", Box::new(|r| *r = preset(r, Preset::Texture))),
        ("preset-gatys", Box::new(|r| *r = preset(r, Preset::Gatys))),
    ]
}

fn ocean() -> StyleSource {
    StyleSource::new(sample("ocean-waves"))
}

fn preset(recipe: &Recipe, preset: Preset) -> Recipe {
    Recipe { iterations: ITERATIONS, ..recipe.with_preset(preset) }
}

fn layers(text: &str) -> pentimento::recipe::LayerWeights {
    text.parse().unwrap_or_default()
}

fn side_by_side(pictures: &[&RgbImage]) -> RgbImage {
    let width: u32 = pictures.iter().map(|picture| picture.width() + GAP_PX).sum();
    let height = pictures.iter().map(|picture| picture.height()).max().unwrap_or(0);
    let mut all = RgbImage::from_pixel(width.saturating_sub(GAP_PX), height, Rgb([255; 3]));
    let mut left = 0;
    for picture in pictures {
        imageops::replace(&mut all, *picture, left, 0);
        left += i64::from(picture.width() + GAP_PX);
    }
    all
}
