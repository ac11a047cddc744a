//! The arguments as they are typed.

mod processor;
mod recipe;

use std::path::PathBuf;

use clap::{Args, Parser};

use super::help;
use crate::engine::DeviceChoice;
use crate::recipe::{
    Colours, Depth, Edges, Init, LayerWeights, LbfgsMetric, OptimizerKind, Pooling, Preset, Recipe, SEED_HELP, Scales,
    StyleCurve, StyleLoss, TvNorm, parameter,
};

pub use processor::Processor;
pub use recipe::source;

// Under these the help lists its options: the sections of the window, and what the window has no need of.
const PICTURES: &str = "Pictures";
const PAINTING: &str = "Painting";
const WHERE: &str = "Where";
const COLOUR: &str = "Colour";
const LAYERS: &str = "Layers";
const ADVANCED: &str = "Advanced";
const OUTPUT: &str = "Output";

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage.";

const RENDER_NOTES: &str = "\
Ctrl-C breaks the iteration under way off and saves what there is, which counts as done; a second Ctrl-C \
ends the program at once and saves nothing.

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// Pentimento paints a photo in the manner of another picture. Without a command it opens its window.
#[derive(Parser)]
#[command(name = "pentimento", version, after_help = EXIT_CODES, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What to do instead of opening the window.
    #[command(subcommand)]
    pub command: Option<Subcommand>,
    /// Photo to begin with in the window.
    pub content: Option<PathBuf>,
    /// Style picture to begin with in the window.
    pub style: Option<PathBuf>,
    /// VGG-19 weights (safetensors or .pth) in place of the built-in ones.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    #[arg(long, help_heading = processor::HEADING, value_name = "DEVICE", default_value_t, help = DeviceChoice::HELP)]
    pub device: DeviceChoice,
    /// What every command has in common.
    #[command(flatten)]
    pub processor: Processor,
}

/// What can be done without a window.
#[derive(clap::Subcommand)]
pub enum Subcommand {
    /// Paint without a window.
    Render(Box<RenderArgs>),
    /// Take a painting up to a high resolution with the look that it has.
    Finish(FinishArgs),
    /// Print the losses of any picture under the `gatys` preset, as JSON.
    Score(ScoreArgs),
    /// Print version, devices and weights.
    Info(InfoArgs),
    /// Hold a device to the processor: features, gradients and paintings, as JSON.
    #[command(hide = true)]
    CheckDevice(CheckArgs),
}

/// `pentimento render`.
#[derive(Args)]
#[command(after_help = RENDER_NOTES)]
pub struct RenderArgs {
    #[arg(long, help_heading = PICTURES, value_name = "FILE", num_args = 1..,
        help = format!("Photo to paint; several may be given, or a folder, and are painted one after another {}",
            help::default(|r| r.content.to_string())))]
    content: Vec<PathBuf>,

    #[arg(long, help_heading = PICTURES, value_name = "FILE", num_args = 1..,
        help = format!("Style picture; several may be given {}", help::default(|r| r.styles[0].picture.to_string())))]
    style: Vec<PathBuf>,

    #[arg(long, help_heading = PICTURES, value_name = "W,W", value_delimiter = ',', allow_negative_numbers = true,
        value_parser = help::in_range(&parameter::STYLE_WEIGHT),
        help = format!("One for each style: {}", help::number(&parameter::STYLE_WEIGHT, |r| r.styles[0].weight.to_string())))]
    style_weights: Vec<f32>,

    #[arg(long, help_heading = PICTURES, value_name = "R,R", value_delimiter = ',',
        value_parser = help::in_range(&parameter::OWN_STYLE_SCALE),
        help = format!("One for each style: {}", help::number(&parameter::OWN_STYLE_SCALE, |r| r.styles[0].scale.to_string())))]
    style_scales: Vec<f32>,

    #[arg(long, help_heading = PAINTING, value_parser = help::choice(Preset::ALL, Preset::key, Preset::help),
        default_value_t = Recipe::default().preset,
        help = "Starting point for all other options")]
    preset: Preset,

    /// Start from the settings of a painting (a PNG by Pentimento) or of a preset of your own (.json) instead; pictures,
    /// masks and size are not taken from it.
    #[arg(long, help_heading = PAINTING, value_name = "FILE", conflicts_with = "preset")]
    settings: Option<PathBuf>,

    #[arg(long, help_heading = PAINTING, value_name = "LONG_SIDE", value_parser = help::in_range(&parameter::SIZE),
        help = help::number(&parameter::SIZE, |r| r.size.to_string()))]
    size: Option<u32>,

    #[arg(long, help_heading = PAINTING, value_name = "RATIO", value_parser = help::in_range(&parameter::STYLE_SCALE),
        help = help::number(&parameter::STYLE_SCALE, |r| r.style_scale.to_string()))]
    style_scale: Option<f32>,

    #[arg(long, help_heading = PAINTING, value_name = "N", value_parser = help::in_range(&parameter::ITERATIONS),
        help = help::number(&parameter::ITERATIONS, |r| r.iterations.to_string()))]
    iterations: Option<u32>,

    #[arg(long, help_heading = PAINTING, value_name = "LOG2", allow_negative_numbers = true,
        value_parser = help::in_range(&parameter::STYLE_STRENGTH),
        help = help::number(&parameter::STYLE_STRENGTH, |r| r.style_strength.to_string()))]
    style_strength: Option<f32>,

    #[arg(long, help_heading = PAINTING, value_name = "LOG2", allow_negative_numbers = true,
        value_parser = help::in_range(&parameter::CONTENT_STRENGTH),
        help = help::number(&parameter::CONTENT_STRENGTH, |r| r.content_strength.to_string()))]
    content_strength: Option<f32>,

    #[arg(long, help_heading = PAINTING, value_name = "W", allow_negative_numbers = true,
        value_parser = help::in_range(&parameter::DRAWING),
        help = help::number(&parameter::DRAWING, |r| r.drawing.to_string()))]
    drawing: Option<f32>,

    #[arg(long, help_heading = PAINTING, value_name = "W", allow_negative_numbers = true,
        value_parser = help::in_range(&parameter::TV),
        help = help::number(&parameter::TV, |r| r.tv.to_string()))]
    tv: Option<f32>,

    /// One for each style, `none` for none: where that style acts, white on black [default: everywhere].
    #[arg(long, help_heading = WHERE, value_name = "FILE,FILE", value_delimiter = ',')]
    style_masks: Vec<PathBuf>,

    /// Where the photo stays as it is, white on black [default: nowhere].
    #[arg(long, help_heading = WHERE, value_name = "FILE")]
    photo_mask: Option<PathBuf>,

    #[arg(long, help_heading = COLOUR, value_parser = help::choice(Colours::ALL, Colours::key, Colours::help),
        help = format!("Whose colours the finished picture has {}", help::default(|r| r.colours.to_string())))]
    colours: Option<Colours>,

    #[arg(long, help_heading = COLOUR, value_name = "PERCENT", value_parser = help::in_range(&parameter::COLOUR_MATCH),
        help = help::number(&parameter::COLOUR_MATCH, |r| r.colour_match.to_string()))]
    colour_match: Option<f32>,

    #[arg(long, help_heading = LAYERS, value_name = "LAYER=W,…",
        help = format!("Layers that carry content, with their weights, or none {}", help::default(|r| r.content_layers.to_string())))]
    content_layers: Option<LayerWeights>,

    #[arg(long, help_heading = LAYERS, value_name = "LAYER=W,…",
        help = format!("Layers that carry style, with their weights, or none {}", help::default(|r| r.style_layers.to_string())))]
    style_layers: Option<LayerWeights>,

    #[arg(long, help_heading = LAYERS, value_parser = help::choice(StyleCurve::ALL, StyleCurve::key, StyleCurve::help),
        help = format!("How the style layers are balanced {}", help::default(|r| r.style_curve.to_string())))]
    style_curve: Option<StyleCurve>,

    #[arg(long, help_heading = LAYERS, value_parser = help::choice(StyleLoss::ALL, StyleLoss::key, StyleLoss::help),
        help = format!("What of the style is compared {}", help::default(|r| r.style_loss.to_string())))]
    style_loss: Option<StyleLoss>,

    #[arg(long, help_heading = LAYERS, value_name = "W", value_parser = help::in_range(&parameter::HISTOGRAM),
        help = help::number(&parameter::HISTOGRAM, |r| r.histogram.to_string()))]
    histogram: Option<f32>,

    #[arg(long, help_heading = LAYERS, value_parser = help::choice(TvNorm::ALL, TvNorm::key, TvNorm::help),
        help = format!("How smoothness is measured {}", help::default(|r| r.tv_norm.to_string())))]
    tv_norm: Option<TvNorm>,

    #[arg(long, help_heading = ADVANCED, value_parser = help::choice(Scales::ALL, Scales::key, Scales::help),
        help = format!("Sizes at which it is painted {}", help::default(|r| r.scales.to_string())))]
    scales: Option<Scales>,

    #[arg(long, help_heading = ADVANCED, value_name = "LONG_SIDE",
        value_parser = help::in_range(&parameter::START_SIZE),
        help = help::number(&parameter::START_SIZE, |r| r.start_size.to_string()))]
    start_size: Option<u32>,

    #[arg(long, help_heading = ADVANCED,
        value_parser = help::choice(OptimizerKind::ALL, OptimizerKind::key, OptimizerKind::help),
        help = format!("How the canvas is moved downhill {}", help::default(|r| r.optimizer.to_string())))]
    optimizer: Option<OptimizerKind>,

    #[arg(long, help_heading = ADVANCED, value_name = "PAIRS", value_parser = help::in_range(&parameter::LBFGS_HISTORY),
        help = help::number(&parameter::LBFGS_HISTORY, |r| r.lbfgs_history.to_string()))]
    lbfgs_history: Option<u32>,

    #[arg(long, help_heading = ADVANCED, value_parser = help::choice(LbfgsMetric::ALL, LbfgsMetric::key, LbfgsMetric::help),
        help = format!("How far L-BFGS goes before it has learned {}", help::default(|r| r.lbfgs_metric.to_string())))]
    lbfgs_metric: Option<LbfgsMetric>,

    #[arg(long, help_heading = ADVANCED, value_name = "LEVELS", value_parser = help::in_range(&parameter::ADAM_STEP),
        help = help::number(&parameter::ADAM_STEP, |r| r.adam_step.to_string()))]
    adam_step: Option<f32>,

    #[arg(long, help_heading = ADVANCED, value_name = "DECAY", value_parser = help::in_range(&parameter::ADAM_BETA1),
        help = help::number(&parameter::ADAM_BETA1, |r| r.adam_beta1.to_string()))]
    adam_beta1: Option<f32>,

    #[arg(long, help_heading = ADVANCED, value_name = "DECAY", value_parser = help::in_range(&parameter::ADAM_BETA2),
        help = help::number(&parameter::ADAM_BETA2, |r| r.adam_beta2.to_string()))]
    adam_beta2: Option<f32>,

    #[arg(long, help_heading = ADVANCED, value_name = "DECAY", value_parser = help::in_range(&parameter::AVERAGING),
        help = help::number(&parameter::AVERAGING, |r| r.averaging.to_string()))]
    averaging: Option<f32>,

    #[arg(long, help_heading = ADVANCED, value_name = "content|style|noise|FILE",
        help = format!("{} {}", Init::HELP, help::default(|r| r.init.to_string())))]
    init: Option<Init>,

    #[arg(long, help_heading = ADVANCED, value_name = "N",
        help = format!("{SEED_HELP} {}", help::default(|r| r.seed.to_string())))]
    seed: Option<u64>,

    #[arg(long, help_heading = ADVANCED, value_parser = help::choice(Pooling::ALL, Pooling::key, Pooling::help),
        help = format!("How the network shrinks its feature maps {}", help::default(|r| r.pooling.to_string())))]
    pooling: Option<Pooling>,

    #[arg(long, help_heading = ADVANCED, value_parser = help::choice(Edges::ALL, Edges::key, Edges::help),
        help = format!("What the network sees beyond the picture's edges {}", help::default(|r| r.edges.to_string())))]
    edges: Option<Edges>,

    /// Where to write: .png, .jpg, .webp or .tiff; an existing file is replaced [default: CONTENT-in-STYLE.png in the
    /// current folder, or in this one if it is a folder, numbered where that exists].
    #[arg(long, short, help_heading = OUTPUT, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Where, how it is written, and what is told of it.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Where a painting is painted, how it is written, and what is told of it.
#[derive(Args)]
pub struct RunArgs {
    #[arg(long, help_heading = processor::HEADING, value_name = "DEVICE", default_value_t, help = DeviceChoice::HELP)]
    pub device: DeviceChoice,

    /// VGG-19 weights (safetensors or .pth) in place of the built-in ones.
    #[arg(long, help_heading = ADVANCED, value_name = "FILE")]
    pub weights: Option<PathBuf>,

    /// Write one JSON object a line for every loss evaluation: stage, iteration, evaluation, width, height, loss,
    /// content, drawing, style, tv, seconds.
    #[arg(long, help_heading = OUTPUT, value_name = "FILE")]
    pub trace: Option<PathBuf>,

    /// Also write the canvas after every N iterations, at the size that it has then: OUTPUT-00050.png, OUTPUT-00100.png
    /// and so on.
    #[arg(long, help_heading = OUTPUT, value_name = "N", value_parser = help::in_range(&parameter::ITERATIONS))]
    pub save_every: Option<u32>,

    /// Also write how the painting came about to an animated GIF.
    #[arg(long, help_heading = OUTPUT, value_name = "FILE")]
    pub film: Option<PathBuf>,

    #[arg(long, help_heading = OUTPUT, value_name = "BITS",
        value_parser = help::choice(Depth::ALL, Depth::key, Depth::help),
        default_value_t = Depth::DEFAULT, help = Depth::HELP)]
    pub depth: Depth,

    /// Say nothing but errors.
    #[arg(long, short, help_heading = OUTPUT)]
    pub quiet: bool,
}

/// `pentimento finish`.
#[derive(Args)]
#[command(after_help = RENDER_NOTES)]
pub struct FinishArgs {
    /// The painting: a PNG that Pentimento has written, with its recipe inside. Its photo and styles must still be where
    /// they were.
    pub painting: PathBuf,

    #[arg(long, value_name = "LONG_SIDE", value_parser = help::in_range(&parameter::FINISH_SIZE),
        default_value_t = parameter::FINISH_SIZE.default, help = format!("{} [{} to {} px]",
            parameter::FINISH_SIZE.help, parameter::FINISH_SIZE.min, parameter::FINISH_SIZE.max))]
    pub size: u32,

    /// Repaintings of the whole canvas, over all stages [default: 40 in the first stage, fewer in each later one].
    #[arg(long, value_name = "N", value_parser = help::in_range(&parameter::ITERATIONS))]
    pub iterations: Option<u32>,

    /// Where to write: .png, .jpg, .webp or .tiff; an existing file is replaced [default: PAINTING-SIZE.png in the current
    /// folder, numbered where that exists].
    #[arg(long, short, help_heading = OUTPUT, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Where, how it is written, and what is told of it.
    #[command(flatten)]
    pub run: RunArgs,
}

/// `pentimento score`.
#[derive(Args)]
pub struct ScoreArgs {
    /// The photo.
    #[arg(long, value_name = "FILE")]
    pub content: PathBuf,

    /// The style picture.
    #[arg(long, value_name = "FILE")]
    pub style: PathBuf,

    /// The picture to score.
    #[arg(long, value_name = "FILE")]
    pub image: PathBuf,

    #[arg(long, value_name = "LONG_SIDE", value_parser = help::in_range(&parameter::SIZE),
        help = format!("Long side at which the picture is scored [{} to {} px] [default: its own]",
            parameter::SIZE.min, parameter::SIZE.max))]
    pub size: Option<u32>,

    #[arg(long, value_name = "LONG_SIDE", value_parser = help::in_range(&parameter::SIZE),
        help = format!("Long side at which the style picture is read [{} to {} px] [default: as the picture's]",
            parameter::SIZE.min, parameter::SIZE.max))]
    pub style_size: Option<u32>,
}

/// `pentimento info`.
#[derive(Args)]
pub struct InfoArgs {
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `pentimento check-device`.
#[derive(Args)]
pub struct CheckArgs {
    #[arg(long, help_heading = processor::HEADING, value_name = "DEVICE", default_value_t, help = DeviceChoice::HELP)]
    pub device: DeviceChoice,

    /// Long side of the pictures that are compared on.
    #[arg(long, value_name = "LONG_SIDE", value_parser = help::in_range(&parameter::SIZE), default_value_t = 256)]
    pub size: u32,

    /// Evaluations of the paintings that are compared.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500), default_value_t = 50)]
    pub evaluations: u32,
}
