//! Something laid over the canvas, and taken back.

use std::sync::Arc;

use image::{GrayImage, RgbaImage};
use pentimento::studio::{Command, Event, RunId};

use crate::bench::{Bench, PATIENCE, Seen, canvas};

#[test]
fn what_is_brushed_into_a_finished_painting_leaves_it_finished() {
    let bench = Bench::new();
    bench.paint(1, &bench.recipe(2));
    bench.allow(2);
    bench.wait_finished();
    bench.frame();
    let seen = std::iter::from_fn(|| bench.seen.try_recv().ok()).last();
    assert_eq!(seen, Some(Seen::Step(0.0)));
    let (image, mask) = (Arc::new(RgbaImage::new(12, 6)), Arc::new(GrayImage::new(5, 3)));
    bench.studio.send(Command::Retouch { name: "iteration 1".to_owned(), image, mask });
    let (name, before) = bench.wait(|event| match event {
        Event::Retouched { run: RunId(1), name, before, .. } => Some((name, before.unwrap())),
        _ => None,
    });
    assert_eq!(
        (name.as_str(), &*before.canvas.image),
        ("iteration 1", &canvas(2)),
        "the canvas from before can be had back"
    );
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Retouch(12, 5));
    // Had it gone on, the next command would have found it in a step.
    bench.studio.send(Command::MeasureShares);
    bench.wait(|event| matches!(event, Event::Shares { iteration: 2, .. }).then_some(()));
    assert_eq!(bench.frame().iteration, 2, "shown at once");
    assert!(bench.seen.try_recv().is_err());
    bench.studio.send(Command::TakeBackRetouch);
    bench.studio.send(Command::TakeBackRetouch);
    assert!(bench.wait_problem().contains("painted on since"));
    assert_eq!(bench.frame().iteration, 2, "shown at once");
    // Who wants to have it painted over says so.
    bench.studio.send(Command::GoOn);
    bench.allow(2);
    bench.wait_iteration(4);
    bench.wait_finished();
}

#[test]
fn what_is_brushed_in_at_the_very_end_is_there_at_the_next_start() {
    let bench = Bench::new();
    bench.paint(1, &bench.recipe(2));
    bench.allow(2);
    bench.wait_finished();
    let (image, mask) = (Arc::new(RgbaImage::new(12, 6)), Arc::new(GrayImage::new(5, 3)));
    bench.studio.send(Command::Retouch { name: String::new(), image, mask });
    let Bench { gate, studio, seen, folder, .. } = bench;
    drop(gate);
    drop(studio);
    let seen = std::iter::from_fn(|| seen.try_recv().ok()).last();
    assert_eq!(seen, Some(Seen::Retouch(12, 5)));
    assert!(folder.path().join("library/.last").exists());
}
