//! Small paintings side by side.

use pentimento::recipe::Recipe;
use pentimento::studio::{Command, SketchSheet};

use crate::bench::{Bench, PATIENCE, Seen, Step, canvas};

/// The sheet, as soon as it is as wanted.
fn sheet(bench: &Bench, wanted: impl Fn(&SketchSheet) -> bool) -> SketchSheet {
    loop {
        match bench.studio.latest_sketches() {
            Some(sheet) if wanted(&sheet) => return sheet,
            _ => bench.woken.recv_timeout(PATIENCE).expect("there should have been another sheet"),
        }
    }
}

fn strengths(bench: &Bench, iterations: u32) -> Vec<Recipe> {
    let recipe = bench.recipe(iterations);
    [1.0, 2.0, 3.0].map(|style_strength| Recipe { style_strength, ..recipe.clone() }).into()
}

#[test]
fn sketches_take_turns_until_all_are_done() {
    let bench = Bench::new();
    bench.studio.send(Command::Sketch { ticket: 7, recipes: strengths(&bench, 2) });
    let begun = sheet(&bench, |sheet| sheet.images.iter().all(Option::is_some));
    assert_eq!((begun.ticket, begun.done), (7, 0.0), "all can be seen before any is painted on");
    bench.allow(6);
    let done = sheet(&bench, |sheet| sheet.done == 1.0);
    assert!(done.images.iter().all(|image| **image.as_ref().unwrap() == canvas(2)));
    let turns: Vec<_> =
        bench.seen.try_iter().map(|seen| if let Seen::Step(strength) = seen { strength } else { 0.0 }).collect();
    assert_eq!(turns, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
}

#[test]
fn the_painting_waits_for_the_sketches_or_for_their_end() {
    let bench = Bench::new();
    bench.paint(1, &bench.recipe(100));
    bench.allow(1);
    bench.wait_iteration(1);
    assert_eq!([bench.step_begun(), bench.step_begun()], [0.0, 0.0]);
    // The second step of the painting is broken off.
    bench.gate.send(Step::Endless).unwrap();
    bench.studio.send(Command::Sketch { ticket: 1, recipes: strengths(&bench, 1) });
    assert_eq!(bench.step_begun(), 1.0);
    bench.allow(3);
    sheet(&bench, |sheet| sheet.done == 1.0);
    bench.steps_begun(2);
    assert_eq!(bench.step_begun(), 0.0, "then it goes on");

    bench.gate.send(Step::Endless).unwrap();
    bench.studio.send(Command::Sketch { ticket: 2, recipes: strengths(&bench, 100) });
    assert_eq!(bench.step_begun(), 1.0);
    bench.studio.send(Command::EndSketches);
    bench.allow(2);
    assert_eq!(bench.step_begun(), 0.0);
    bench.wait_iteration(2);
}

#[test]
fn one_that_fails_is_left_out_and_said_so() {
    let bench = Bench::new();
    let mut recipes = strengths(&bench, 1);
    recipes[0].content = bench.source("missing.png");
    bench.studio.send(Command::Sketch { ticket: 1, recipes });
    assert!(bench.wait_problem().contains("missing.png"));
    bench.gate.send(Step::Panic).unwrap();
    bench.allow(1);
    let done = sheet(&bench, |sheet| sheet.done == 1.0);
    assert!(done.images[0].is_none(), "it was never begun");
    assert!(**done.images[1].as_ref().unwrap() == canvas(0), "it broke off before its first iteration");
    assert!(**done.images[2].as_ref().unwrap() == canvas(1));
}
