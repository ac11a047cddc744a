use candle_core::Device;
use image::{Rgba, RgbaImage};

use super::*;
use crate::engine::mask::Masks;
use crate::engine::objective::Objective;
use crate::engine::target::{ContentTarget, StyleTarget};
use crate::engine::test_support::Noise;
use crate::engine::tiled_network::style_target;
use crate::engine::vgg::Tap;
use crate::engine::weights::VggWeights;
use crate::image_io::Picture;
use crate::recipe::{Edges, Pooling, Recipe, StyleLoss, TvNorm};

/// A canvas with structure at many scales, so that features differ from place to place.
fn canvas(height: usize, width: usize, seed: u64) -> Tensor {
    let grain = Noise::new(seed).vec(height * width * 3);
    let values = grain.iter().enumerate().map(|(i, grain)| {
        let (y, x) = ((i / 3 / width) as f32, (i / 3 % width) as f32);
        let wave = (x * 0.05 + seed as f32).sin() + (y * 0.08).cos() + (x * y * 1e-3).sin();
        35.0 * wave + 25.0 * grain
    });
    Tensor::from_vec(values.collect(), (height, width, 3), &Device::Cpu).unwrap()
}

fn relative_distance(found: &Tensor, expected: &Tensor) -> f64 {
    let norm = vector::dot(expected, expected).unwrap();
    (vector::squared_distance(found, expected).unwrap() / norm).sqrt()
}

fn terms(content: &str, style: &str, pooling: Pooling, edges: Edges) -> Terms {
    let layers = |text: &str| text.parse().unwrap();
    let (content_layers, style_layers) = (layers(content), layers(style));
    let recipe =
        Recipe { content_layers, style_layers, pooling, edges, content_strength: 2.0, tv: 1.0, ..Recipe::default() };
    Terms::of(&recipe)
}

/// A grey picture as a mask, with soft and hard edges, black from row to row here and there.
fn mask(height: usize, width: usize) -> Option<Arc<Picture>> {
    let image = RgbaImage::from_fn(width as u32, height as u32, |x, y| {
        let grey = if y % 64 < 20 { 0 } else { (2 * x).min(255) as u8 };
        Rgba([grey, grey, grey, 255])
    });
    Some(Arc::new(Picture::from_rgba(image)))
}

/// One style everywhere; with masks three, of which two have one of their own, beside a photo that stays.
fn regions(style: &StyleTarget, (height, width): (usize, usize), masked: bool) -> Regions {
    if !masked {
        return style.clone().into();
    }
    // That of a picture on its side is stretched to this one's size.
    let masks = Masks { styles: vec![mask(height, width), None, mask(width, height)], photo: mask(40, 60) };
    let styles = [1.0, 3.0, 2.0].map(|weight| (weight, style.clone()));
    Regions::new(styles.to_vec(), &masks, (height, width), 0).unwrap()
}

#[test]
fn tiles_give_the_loss_and_the_gradient_of_the_whole() {
    let vgg = Arc::new(Vgg::new(VggWeights::load(None).unwrap(), Device::Cpu));
    let paper = "relu1_1,relu2_1,relu3_1,relu4_1,relu5_1";
    let moments = |terms: Terms| Terms { style_loss: StyleLoss::Moments, ..terms };
    // Odd rows and columns are dropped by the poolings at the far edges; the third is cut in one direction only. The
    // fourth to the sixth look at what goes into a pooling, two terms at one layer and deeper than usual.
    for (height, width, terms, masked) in [
        (283, 331, terms("relu4_2", paper, Pooling::Max, Edges::Replicate), false),
        (269, 317, terms("relu4_2", paper, Pooling::Max, Edges::Replicate), true),
        (47, 457, terms("relu4_2", paper, Pooling::Average, Edges::Zeros), false),
        (171, 229, terms("relu1_2,relu3_1=0.5", "relu1_2,relu2_2,relu3_1", Pooling::Max, Edges::Replicate), false),
        (171, 229, terms("relu1_2,relu3_1=0.5", "relu1_2,relu2_2,relu3_1", Pooling::Max, Edges::Replicate), true),
        (40, 501, terms("none", "relu2_2,relu5_3", Pooling::Average, Edges::Replicate), false),
        (165, 219, moments(terms("relu1_2,relu3_1", "relu1_2,relu2_2,relu3_1", Pooling::Max, Edges::Zeros)), false),
        (165, 219, moments(terms("relu1_2,relu3_1", "relu1_2,relu2_2,relu3_1", Pooling::Max, Edges::Zeros)), true),
    ] {
        let (photo, brush, canvas) =
            (canvas(height, width, 1), canvas(height + 9, width - 5, 2), canvas(height, width, 3));
        // The slope of a root is steep where features hardly vary.
        let tolerance = if terms.style_loss == StyleLoss::Moments { 1e-4 } else { 1e-5 };
        let terms = Terms { tv_norm: TvNorm::L1, ..terms };
        let style = StyleTarget::of(&vgg, &brush, &terms, &Interrupt::default()).unwrap();
        let content = ContentTarget::of(&vgg, &photo, &terms, &Interrupt::default()).unwrap();
        let size = (height, width);
        let style = regions(&style, size, masked);
        let whole = Objective::new(Arc::clone(&vgg), size, &terms, content, &style).unwrap();
        let expected_gradient = canvas.zeros_like().unwrap();
        let expected = whole.evaluate(&canvas, &expected_gradient).unwrap();

        let deepest = terms.deepest();
        let tiles = |h, w| Tiles::fitting(h, w, deepest, Tiles::smallest_tile_pixels(h, w, deepest) as f64);
        let style =
            style_target(&vgg, &brush, tiles(height + 9, width - 5).unwrap(), &terms, &Interrupt::default()).unwrap();
        let style = regions(&style, size, masked);
        let tiles = tiles(height, width).unwrap();
        assert!(tiles.count() > 1, "{tiles:?}");
        let tiled =
            TiledObjective::new(Arc::clone(&vgg), tiles, &terms, &photo, &style, &Interrupt::default()).unwrap();
        let gradient = Tensor::full(f32::NAN, (height, width, 3), &Device::Cpu).unwrap();
        let found = tiled.evaluate(&canvas, &gradient).unwrap();
        for (found, expected) in
            [(found.loss, expected.loss), (found.content, expected.content), (found.drawing, expected.drawing)]
                .into_iter()
                .chain([(found.style, expected.style)])
        {
            assert!((found - expected).abs() <= 1e-5 * expected, "{height} x {width}: {found}, not {expected}");
        }
        let distance = relative_distance(&gradient, &expected_gradient);
        assert!(distance < tolerance, "{height} x {width}: gradients differ by {distance}");

        // Every term by itself takes its time, so only where the network is shallow.
        let look = |found: bool| if found { tiled.shares(&canvas) } else { whole.shares(&canvas) };
        let shallow = terms.deepest() == Tap::relu(3, 1);
        let (shares, expected) = if shallow { (look(true).unwrap(), look(false).unwrap()) } else { Default::default() };
        assert_eq!((shares.len(), expected.len()), if shallow { (7, 7) } else { (0, 0) });
        for (found, expected) in shares.iter().zip(expected) {
            assert_eq!(found.term, expected.term);
            assert!((found.loss - expected.loss).abs() <= 1e-5 * expected.loss, "{found:?}, {expected:?}");
            assert!((found.gradient_rms / expected.gradient_rms - 1.0).abs() < tolerance, "{found:?}, {expected:?}");
        }
        // Once more: nothing of an evaluation is left over for the next.
        assert_eq!(tiled.evaluate(&canvas, &gradient).unwrap(), found);
        assert!(relative_distance(&gradient, &expected_gradient) < tolerance);
    }
}

#[test]
fn styles_that_act_nowhere_ask_for_nothing() {
    let vgg = Arc::new(Vgg::new(VggWeights::load(None).unwrap(), Device::Cpu));
    let terms = Terms { drawing: 0.0, tv: 0.0, ..terms("none", "relu2_1", Pooling::Max, Edges::Replicate) };
    let picture = canvas(120, 200, 1);
    let tiles = Tiles::fitting(120, 200, terms.deepest(), 120.0 * 130.0).unwrap();
    let style = style_target(&vgg, &picture, tiles.clone(), &terms, &Interrupt::default()).unwrap();
    let black = Arc::new(Picture::from_rgba(RgbaImage::from_pixel(4, 4, Rgba([0, 0, 0, 255]))));
    let masks = Masks { styles: vec![Some(black)], photo: None };
    let nowhere = Regions::new(vec![(1.0, style)], &masks, (120, 200), 0).unwrap();
    let tiled = TiledObjective::new(vgg, tiles, &terms, &picture, &nowhere, &Interrupt::default()).unwrap();
    let gradient = Tensor::full(f32::NAN, (120, 200, 3), &Device::Cpu).unwrap();
    assert_eq!(tiled.evaluate(&picture, &gradient).unwrap(), Losses::default());
    assert_eq!(vector::dot(&gradient, &gradient).unwrap(), 0.0);
}

#[test]
fn what_needs_the_whole_is_refused() {
    let vgg = Arc::new(Vgg::new(VggWeights::load(None).unwrap(), Device::Cpu));
    let terms = terms("none", "relu1_1", Pooling::Max, Edges::Replicate);
    let picture = canvas(96, 200, 1);
    let tiles = Tiles::fitting(96, 200, terms.deepest(), 96.0 * 120.0).unwrap();
    let style = Regions::from(style_target(&vgg, &picture, tiles.clone(), &terms, &Interrupt::default()).unwrap());
    let terms = Terms { histogram: 1.0, ..terms };
    assert!(style_target(&vgg, &picture, tiles.clone(), &terms, &Interrupt::default()).is_err());
    assert!(TiledObjective::new(vgg, tiles, &terms, &picture, &style, &Interrupt::default()).is_err());
}
