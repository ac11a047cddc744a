//! The painting thread: order, stops, changes, failures.

use std::sync::atomic::Ordering;

use image::{Rgba, RgbaImage};
use pentimento::image_io::{Picture, read_record};
use pentimento::recipe::Recipe;
use pentimento::studio::{Command, Event, RunId};

use crate::bench::{Bench, PATIENCE, Seen, Step, canvas};

#[test]
fn a_painting_reports_every_iteration_in_order() {
    let bench = Bench::new();
    bench.allow(3);
    bench.paint(1, &bench.recipe(3));
    let mut told = vec![];
    loop {
        match bench.next_event() {
            Event::Device { name, remark } => told.extend([name, remark.unwrap_or_default()]),
            Event::Started { run: RunId(1), device } => told.push(format!("started on {device}")),
            Event::Progress { run: RunId(1), progress } => told.push(progress.iteration.to_string()),
            Event::Finished(RunId(1)) => break,
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert_eq!(told, ["a fake device", "Chosen by the test.", "started on a fake device", "1", "2", "3"]);
    // Nobody took a frame until now, and still the finished canvas is the one that waits.
    let frame = bench.frame();
    assert_eq!((frame.run, frame.iteration), (RunId(1), 3));
    assert_eq!(*frame.image, canvas(3));
    assert!(bench.studio.latest_frame().is_none());
}

#[test]
fn frames_are_converted_only_when_somebody_takes_them() {
    let bench = Bench::new();
    bench.paint(1, &bench.recipe(100));
    bench.allow(5);
    bench.wait_iteration(5);
    assert_eq!(bench.frames.load(Ordering::SeqCst), 1, "only the canvas before the first iteration");
    assert_eq!(bench.frame().iteration, 0);
    bench.allow(1);
    bench.wait_iteration(6);
    // The seventh step has begun: the frame of the sixth is out.
    bench.steps_begun(7);
    assert_eq!(bench.frame().iteration, 6);
    assert_eq!(bench.frames.load(Ordering::SeqCst), 2);
}

#[test]
fn stop_ends_a_painting_at_the_next_boundary_and_sets_its_canvas_aside() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    bench.allow(1);
    bench.steps_begun(2);
    bench.studio.send(Command::Stop);
    bench.allow(1);
    let canvas_aside = bench.wait_set_aside(1);
    assert_eq!(canvas_aside.iteration, 2);
    assert_eq!(*canvas_aside.image, canvas(2));
    // It can still be kept.
    bench.studio.send(Command::KeepCanvas(canvas_aside));
    let kept = bench.wait_kept();
    assert_eq!((kept.iteration, kept.recipe), (2, recipe));
    assert!(bench.seen.try_recv().is_err(), "no step after Stop");
}

#[test]
fn what_cannot_wait_breaks_a_long_iteration_off_and_a_slider_does_not() {
    let bench = Bench::new();
    let mut recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    let endless = || {
        bench.gate.send(Step::Endless).unwrap();
        bench.step_begun()
    };
    bench.allow(1);
    bench.steps_begun(1);
    bench.wait_iteration(1);
    endless();
    // One that was broken off by this would let the next step begin, and nothing would end that.
    recipe.style_strength += 1.0;
    bench.revise(&recipe);
    bench.studio.send(Command::Keep);
    assert_eq!(bench.wait_kept().iteration, 1);
    assert_eq!(endless(), recipe.style_strength, "the change was made meanwhile");
    bench.studio.send(Command::SaveAs(bench.path("saved.png")));
    bench.wait(|event| matches!(event, Event::Saved { .. }).then_some(()));
    endless();
    bench.studio.send(Command::Stir { levels: 10.0 });
    endless();
    bench.studio.send(Command::Pause);
    bench.wait(|event| matches!(event, Event::Paused(_)).then_some(()));
    bench.studio.send(Command::Resume);
    endless();
    bench.paint(2, &recipe);
    bench.wait_started(2);
    endless();
    bench.studio.send(Command::Stop);
    bench.paint(3, &recipe);
    bench.wait_started(3);
    endless();
    // The end of the studio does not wait for it either.
}

#[test]
fn settings_that_take_long_to_prepare_hold_nothing_up() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    let strength = |style_strength| Recipe { style_strength, ..recipe.clone() };
    let wait_revision = |strength| {
        let revised = bench.seen.iter().find(|seen| matches!(seen, Seen::Revise(found, _) if *found >= strength));
        assert_eq!(revised, Some(Seen::Revise(strength, 8)));
    };
    bench.paint(1, &recipe);
    bench.allow(1);
    bench.steps_begun(2);
    bench.gets_ready(false);
    bench.revise(&strength(1.0));
    bench.allow(1);
    wait_revision(1.0);
    bench.studio.send(Command::Keep);
    assert_eq!(bench.wait_kept().recipe, recipe, "what is kept was painted under the old ones");
    // They come into force nevertheless, unless there are newer ones by then.
    bench.gets_ready(true);
    assert_eq!(bench.step_begun(), 1.0);
    bench.gets_ready(false);
    bench.revise(&strength(2.0));
    bench.allow(1);
    wait_revision(2.0);
    bench.revise(&strength(3.0));
    bench.studio.send(Command::Pause);
    bench.wait(|event| matches!(event, Event::Paused(_)).then_some(()));
    wait_revision(3.0);
    bench.gets_ready(true);
    bench.studio.send(Command::Resume);
    assert_eq!(bench.step_begun(), 3.0);
}

#[test]
fn what_was_sent_together_with_long_settings_goes_before_them() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    bench.allow(1);
    bench.steps_begun(2);
    bench.gets_ready(false);
    // Both wait for the end of the step.
    bench.revise(&Recipe { style_strength: 1.0, ..recipe.clone() });
    bench.studio.send(Command::Keep);
    bench.allow(1);
    assert_eq!(bench.wait_kept().recipe, recipe);
    bench.gets_ready(true);
    assert_eq!(bench.step_begun(), 1.0);
}

#[test]
fn a_painting_that_takes_long_to_prepare_gives_way_to_the_next() {
    let bench = Bench::new();
    let wait_begin = || assert!(bench.seen.iter().any(|seen| seen == Seen::Begin));
    for (stopped, run) in [(false, 1), (true, 3)] {
        bench.gets_ready(false);
        bench.paint(run, &bench.recipe(100));
        wait_begin();
        if stopped {
            bench.studio.send(Command::Stop);
        }
        bench.paint(run + 1, &bench.recipe(100));
        wait_begin();
        bench.gets_ready(true);
        let started = bench.wait(|event| match event {
            Event::Started { run, .. } => Some(run),
            _ => None,
        });
        assert_eq!(started, RunId(run + 1));
        bench.step_begun();
        bench.studio.send(Command::Stop);
        bench.allow(1);
    }
    // Nor does the end of the studio wait for it.
    bench.gets_ready(false);
    bench.paint(5, &bench.recipe(100));
    wait_begin();
}

#[test]
fn a_new_painting_silences_the_old_one() {
    let bench = Bench::new();
    bench.paint(1, &bench.recipe(100));
    bench.step_begun();
    bench.paint(2, &bench.recipe(100));
    bench.paint(3, &bench.recipe(2));
    bench.allow(3);
    bench.wait_started(3);
    let mut iterations = vec![];
    loop {
        match bench.next_event() {
            Event::Progress { run: RunId(3), progress } => iterations.push(progress.iteration),
            Event::Finished(RunId(3)) => break,
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert_eq!(iterations, [1, 2]);
    assert_eq!(bench.frame().run, RunId(3));
}

#[test]
fn a_panic_costs_a_message_but_neither_the_canvas_nor_the_thread() {
    let bench = Bench::new();
    let recipe = Recipe { style_strength: 1.5, ..bench.recipe(100) };
    bench.paint(1, &recipe);
    bench.allow(2);
    bench.gate.send(Step::Panic).unwrap();
    let (message, rescued) = bench.wait_failed();
    assert!(message.contains("the fake painter panics"), "{message}");
    let rescued = rescued.expect("two iterations were painted");
    let record = read_record(&rescued).unwrap().unwrap();
    assert_eq!((record.recipe, record.iteration), (recipe.clone(), 2));
    assert_eq!(Picture::open(&rescued).unwrap().to_rgba(), canvas(2));
    assert_eq!(bench.frame().iteration, 2);
    // The canvas can still be saved, sliders do no harm, and the thread paints on.
    bench.revise(&Recipe { style_strength: 0.5, ..recipe.clone() });
    bench.studio.send(Command::Keep);
    assert_eq!(bench.wait_kept().iteration, 2);
    bench.allow(1);
    bench.paint(2, &Recipe { iterations: 1, ..recipe });
    bench.wait_finished();
}

#[test]
fn a_panic_before_the_first_iteration_rescues_nothing() {
    let bench = Bench::new();
    bench.gate.send(Step::Panic).unwrap();
    bench.paint(1, &bench.recipe(100));
    assert_eq!(bench.wait_failed().1, None);
    assert!(!bench.path("library").exists());
}

#[test]
fn an_error_keeps_the_painter_for_a_gentler_recipe() {
    let bench = Bench::new();
    let recipe = bench.recipe(3);
    bench.paint(1, &recipe);
    bench.allow(2);
    bench.gate.send(Step::Error).unwrap();
    let (message, rescued) = bench.wait_failed();
    assert!(message.contains("not a finite number at 8 x 4"), "{message}");
    assert_eq!(Picture::open(&rescued.unwrap()).unwrap().to_rgba(), canvas(2));
    bench.revise(&Recipe { style_strength: -2.0, ..recipe });
    bench.wait(|event| matches!(event, Event::Resumed(RunId(1))).then_some(()));
    bench.allow(1);
    bench.wait_iteration(3);
    bench.wait_finished();
}

#[test]
fn a_slider_acts_on_the_very_next_step_and_only_its_last_place_counts() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Step(0.0));
    for strength in [1.0, 2.0, 3.0] {
        bench.revise(&Recipe { style_strength: strength, ..recipe.clone() });
    }
    bench.allow(1);
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Revise(3.0, 8));
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Step(3.0));
}

#[test]
fn a_finished_painting_goes_on_when_a_change_gives_it_more_to_do() {
    let bench = Bench::new();
    let recipe = bench.recipe(2);
    bench.allow(5);
    bench.paint(1, &recipe);
    bench.wait_finished();
    bench.revise(&Recipe { style_strength: 1.0, ..recipe.clone() });
    bench.revise(&Recipe { iterations: 4, ..recipe });
    // What was finished can be had back.
    assert_eq!(*bench.wait_set_aside(1).image, canvas(2));
    bench.wait(|event| matches!(event, Event::Resumed(RunId(1))).then_some(()));
    bench.wait_iteration(4);
    bench.wait_finished();
}

#[test]
fn a_change_of_picture_loads_it_first() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    bench.step_begun();
    RgbaImage::from_pixel(32, 32, Rgba([9, 9, 9, 255])).save(bench.path("large.png")).unwrap();
    bench.revise(&Recipe { content: bench.source("large.png"), ..recipe.clone() });
    bench.allow(1);
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Revise(0.0, 32));
    bench.step_begun();
    // A picture that is not there is a message, and painting goes on as before.
    bench.revise(&Recipe { content: bench.source("missing.png"), ..recipe });
    bench.allow(1);
    let message = bench.wait_problem();
    assert!(message.contains("missing.png"), "{message}");
    bench.step_begun();
}

#[test]
fn a_paused_painting_holds_with_its_last_canvas_shown() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    bench.allow(1);
    bench.steps_begun(2);
    bench.studio.send(Command::Pause);
    bench.allow(1);
    bench.wait(|event| matches!(event, Event::Paused(RunId(1))).then_some(()));
    assert_eq!(bench.frame().iteration, 2);
    // A slider moves while it holds: it is taken over, and still nothing is painted.
    bench.revise(&Recipe { style_strength: 4.0, ..recipe });
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Revise(4.0, 8));
    bench.studio.send(Command::Keep);
    let kept = bench.wait_kept();
    assert_eq!((kept.iteration, kept.recipe.style_strength), (2, 4.0));
    assert!(bench.seen.try_recv().is_err(), "no step while paused");
    bench.studio.send(Command::Resume);
    bench.wait(|event| matches!(event, Event::Resumed(RunId(1))).then_some(()));
    assert_eq!(bench.step_begun(), 4.0);
}

#[test]
fn the_terms_shares_are_told_while_painting_and_paused() {
    let bench = Bench::new();
    let shares = |bench: &Bench| {
        bench.wait(|event| match event {
            Event::Shares { run: RunId(1), iteration, shares } => Some((iteration, shares)),
            _ => None,
        })
    };
    // Nobody paints yet: there is nothing to tell.
    bench.studio.send(Command::MeasureShares);
    bench.paint(1, &bench.recipe(100));
    bench.allow(1);
    bench.steps_begun(2);
    // Asked twice before the painter looks, it answers once.
    bench.studio.send(Command::MeasureShares);
    bench.studio.send(Command::MeasureShares);
    bench.studio.send(Command::Pause);
    bench.allow(1);
    let (iteration, found) = shares(&bench);
    assert_eq!((iteration, found.len(), found[0].loss), (2, 1, 2.0));
    assert!(matches!(bench.next_event(), Event::Paused(RunId(1))));
    bench.studio.send(Command::MeasureShares);
    assert_eq!(shares(&bench).0, 2);
}

#[test]
fn a_stir_acts_between_two_steps_and_hands_over_the_canvas_from_before() {
    let bench = Bench::new();
    let recipe = bench.recipe(100);
    bench.paint(1, &recipe);
    bench.allow(1);
    bench.steps_begun(2);
    bench.studio.send(Command::Stir { levels: 30.0 });
    bench.allow(1);
    let before = bench.wait_set_aside(1);
    assert_eq!((before.iteration, &before.recipe), (2, &recipe));
    assert_eq!(*before.image, canvas(2));
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Stir(30.0));
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Step(0.0), "it paints on");
    // And back: the canvas of now is handed over in its turn.
    bench.studio.send(Command::GoOnFrom(before.image));
    bench.allow(1);
    assert_eq!(*bench.wait_set_aside(1).image, canvas(3));
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::GoOnFrom(8));
    bench.step_begun();
}

#[test]
fn a_stir_shows_on_a_paused_painting_and_makes_a_finished_one_paint_on() {
    let bench = Bench::new();
    bench.paint(1, &bench.recipe(2));
    bench.step_begun();
    bench.studio.send(Command::Pause);
    bench.allow(1);
    bench.wait(|event| matches!(event, Event::Paused(_)).then_some(()));
    bench.frame();
    bench.studio.send(Command::Stir { levels: 5.0 });
    bench.wait_set_aside(1);
    assert_eq!(bench.seen.recv_timeout(PATIENCE).unwrap(), Seen::Stir(5.0));
    bench.studio.send(Command::Keep);
    bench.wait_kept();
    assert_eq!(bench.frame().iteration, 1, "shown at once");
    assert!(bench.seen.try_recv().is_err(), "no step while paused");
    bench.studio.send(Command::Resume);
    bench.allow(1);
    bench.wait_finished();
    bench.studio.send(Command::Stir { levels: 5.0 });
    bench.wait(|event| matches!(event, Event::Resumed(RunId(1))).then_some(()));
    bench.allow(2);
    bench.wait_iteration(4);
    bench.wait_finished();
}

#[test]
fn a_stir_that_cannot_be_done_is_a_sentence() {
    let bench = Bench::new();
    bench.studio.send(Command::Stir { levels: 5.0 });
    assert!(bench.wait_problem().contains("press Paint first"));
    bench.paint(1, &bench.recipe(100));
    bench.step_begun();
    bench.studio.send(Command::Stir { levels: -1.0 });
    bench.allow(1);
    let told = bench.wait(|event| match event {
        Event::Problem(message) => Some(message),
        Event::SetAside { .. } => panic!("nothing was changed"),
        _ => None,
    });
    assert!(told.contains("stir is -1"), "{told}");
    bench.step_begun();
}

#[test]
fn a_recipe_out_of_range_never_reaches_the_engine() {
    let bench = Bench::new();
    bench.paint(1, &Recipe { tv: -1.0, ..bench.recipe(1) });
    assert!(bench.wait_failed().0.contains("tv is -1"));
}

#[test]
fn weights_that_cannot_be_used_leave_the_old_ones_in_place() {
    let bench = Bench::new();
    for bad in ["bad.safetensors", "panic.safetensors"] {
        bench.studio.send(Command::UseWeights(Some(bench.path(bad))));
        bench.wait_problem();
    }
    bench.studio.send(Command::UseWeights(Some(bench.path("good.safetensors"))));
    let words = bench.wait(|event| match event {
        Event::WeightsChosen(words) => Some(words),
        _ => None,
    });
    assert!(words.contains("good.safetensors"), "{words}");
    bench.allow(1);
    bench.paint(1, &bench.recipe(1));
    bench.wait_finished();
}

#[test]
fn dropping_the_studio_ends_an_endless_painting() {
    let bench = Bench::new();
    bench.paint(1, &bench.recipe(100_000));
    bench.step_begun();
    let Bench { gate, studio, .. } = bench;
    let closing = std::thread::spawn(move || drop(studio));
    // The painter is let go step by step until it is asked for no more.
    while gate.send(Step::Go).is_ok() && !closing.is_finished() {
        std::thread::yield_now();
    }
    closing.join().unwrap();
}
