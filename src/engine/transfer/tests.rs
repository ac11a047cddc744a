//! Whatever is broken off, at whichever layer, leaves all as it was.

use candle_core::Device;
use image::{Rgba, RgbaImage};

use super::*;
use crate::engine::Masks;
use crate::engine::weights::VggWeights;
use crate::image_io::Picture;
use crate::recipe::{PictureSource, Recipe, Scales, StyleSource};

fn picture(turn: u32) -> Arc<Picture> {
    let image = RgbaImage::from_fn(40, 30, |x, y| Rgba([(x * 5) as u8, (y * turn) as u8, ((x + turn) * y) as u8, 255]));
    Arc::new(Picture::from_rgba(image))
}

/// Two styles, small sizes.
fn job() -> Job {
    let style = || StyleSource::new(PictureSource::Sample("starry-night".to_owned()));
    let (styles, scales) = (vec![style(), style()], Scales::CoarseToFine);
    let recipe = Recipe { size: 48, start_size: 24, iterations: 4, scales, styles, ..Recipe::default() };
    let styles = vec![picture(7), picture(11)];
    Job { recipe, content: picture(3), styles, init: None, masks: Masks::default() }
}

/// Calls `act` with interrupts that are raised later and later, until it gets to its end; tells how often it did not.
fn broken_off(mut act: impl FnMut(&Interrupt) -> Option<()>) -> usize {
    (0..).find(|looks| act(&Interrupt::after(*looks)).is_some()).unwrap()
}

#[test]
fn what_is_broken_off_at_any_layer_leaves_all_as_it_was() {
    let vgg = Arc::new(Vgg::new(VggWeights::load(None).unwrap(), Device::Cpu));
    let new = |interrupt: &Interrupt| {
        interrupt.unless_raised(StyleTransfer::new(Arc::clone(&vgg), job(), interrupt)).unwrap()
    };
    // Two styles and the photo, of a dozen layers each.
    assert!(broken_off(|interrupt| new(interrupt).map(|_| ())) > 30);
    let never = Interrupt::default();
    let (mut painter, mut other) = (new(&never).unwrap(), new(&never).unwrap());
    let frame = |painter: &StyleTransfer| painter.deep_frame().unwrap();
    let losses = |progress: &Progress| (progress.iteration, progress.stage, progress.losses);

    // Iterations, and sizes between them.
    while !painter.is_finished() {
        let before = frame(&painter);
        let mut progress = None;
        let times = broken_off(|interrupt| {
            // It may have the next size by now.
            let now = frame(&painter);
            assert!(now == before || now.width() > before.width());
            progress = painter.step_unless(interrupt).unwrap();
            progress.as_ref().map(|_| ())
        });
        assert!(times > 15, "{times}");
        assert_eq!(losses(&progress.unwrap()), losses(&other.step().unwrap()));
    }
    assert!(painter.stage > 0, "no size was prepared on the way");

    // Changed pictures.
    let mut changed = Job { content: picture(5), ..job() };
    changed.styles[1] = picture(13);
    assert!(broken_off(|interrupt| painter.revise_unless(&changed, interrupt).unwrap()) > 20);
    other.revise(&changed).unwrap();
    let shares = other.shares().unwrap();
    assert!(
        broken_off(|interrupt| painter.shares_unless(interrupt).unwrap().map(|found| assert_eq!(found, shares))) > 50
    );
    assert_eq!(losses(&painter.step().unwrap()), losses(&other.step().unwrap()));

    // Back to the first size.
    let canvas = Picture::from_rgba(painter.frame().unwrap());
    assert!(broken_off(|interrupt| painter.take_up_unless(&canvas, 1, interrupt).unwrap()) > 20);
    other.take_up(&canvas, 1).unwrap();
    assert_eq!(losses(&painter.step().unwrap()), losses(&other.step().unwrap()));
}
