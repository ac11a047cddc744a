//! Painted masks: into the library, into the painting, and away again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::{GrayImage, Luma, Rgba, RgbaImage};
use pentimento::image_io::Picture;
use pentimento::recipe::{PictureSource, Recipe};
use pentimento::studio::{Command, Event};

use crate::bench::{Bench, PATIENCE, Seen};

fn mask(grey: u8) -> Arc<GrayImage> {
    Arc::new(GrayImage::from_pixel(8, 4, Luma([grey])))
}

fn store(bench: &Bench, ticket: u64, grey: u8) -> PathBuf {
    bench.studio.send(Command::StoreMask { ticket, mask: mask(grey) });
    bench.wait(|event| match event {
        Event::MaskStored { ticket: answered, source: PictureSource::File(path) } if answered == ticket => Some(path),
        _ => None,
    })
}

fn with_photo_mask(recipe: &Recipe, path: &Path) -> Recipe {
    Recipe { photo_mask: Some(PictureSource::File(path.to_path_buf())), ..recipe.clone() }
}

#[test]
fn a_stored_mask_reaches_the_running_painting() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    bench.step_begun();
    let path = store(&bench, 7, 200);
    assert!(path.starts_with(bench.path("library/masks")));
    assert_eq!(Picture::open(&path).unwrap().to_rgba().get_pixel(3, 2).0, [200, 200, 200, 255]);
    bench.revise(&with_photo_mask(&recipe, &path));
    bench.allow(1);
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Revise(0.0, 8));
    bench.step_begun();
    // A mask that is not there is a message, and painting goes on as before.
    bench.revise(&with_photo_mask(&recipe, &bench.path("missing.png")));
    bench.allow(1);
    let message = bench.wait_problem();
    assert!(message.contains("missing.png"), "{message}");
    bench.step_begun();
}

#[test]
fn masks_that_nothing_names_are_gone_when_the_studio_is() {
    let bench = Bench::new();
    let kept = store(&bench, 1, 10);
    let saved = store(&bench, 2, 20);
    let draft = store(&bench, 3, 30);
    assert_eq!(store(&bench, 4, 30), draft, "the same mask is the same file");
    bench.allow(2);
    for (run, path) in [(1, &kept), (2, &saved)] {
        bench.paint(run, &with_photo_mask(&bench.recipe(1), path));
        bench.wait_finished();
        if run == 1 {
            bench.studio.send(Command::Keep);
            bench.wait_kept();
        } else {
            bench.studio.send(Command::SaveAs(bench.path("saved.png")));
            bench.wait(|event| matches!(event, Event::Saved { .. }).then_some(()));
        }
    }
    let Bench { studio, folder, .. } = bench;
    drop(studio);
    assert!(kept.exists() && saved.exists() && !draft.exists());
    drop(folder);
}

#[test]
fn masks_of_settings_that_will_be_there_at_the_next_start_stay() {
    let bench = Bench::new();
    let (named, draft) = (store(&bench, 1, 10), store(&bench, 2, 20));
    bench.studio.send(Command::SecureMasks(Box::new(with_photo_mask(&bench.recipe(1), &named))));
    let Bench { studio, folder, .. } = bench;
    drop(studio);
    assert!(named.exists() && !draft.exists());
    drop(folder);
}

#[test]
fn what_a_fill_takes_in_is_reckoned() {
    let bench = Bench::new();
    let halves = RgbaImage::from_fn(40, 20, |x, _| Rgba(if x < 20 { [255; 4] } else { [0, 0, 0, 255] }));
    bench.studio.send(Command::ReckonSpread { ticket: 5, picture: Arc::new(halves), from: [3, 3], size: (40, 20) });
    let reach = bench.wait(|event| match event {
        Event::SpreadReckoned { ticket: 5, reach } => Some(reach),
        _ => None,
    });
    assert_eq!((reach.get_pixel(10, 10).0, reach.get_pixel(30, 10).0), ([0], [255]));
}

#[test]
fn a_mask_is_saved_where_the_artist_says_or_the_place_is_named() {
    let bench = Bench::new();
    let path = bench.path("my mask.png");
    bench.studio.send(Command::SaveMaskAs { mask: mask(90), path: path.clone() });
    bench.wait(|event| matches!(event, Event::Saved { path: saved, .. } if saved == path).then_some(()));
    assert_eq!(image::open(&path).unwrap().to_luma8(), *mask(90));
    bench.studio.send(Command::SaveMaskAs { mask: mask(90), path: bench.path("no such folder/mask.png") });
    let message = bench.wait_problem();
    assert!(message.contains("no such folder"), "{message}");
}
