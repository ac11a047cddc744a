//! An iteration that is broken off.

use pentimento::engine::{Engine, Interrupt, Job, Progress};
use pentimento::recipe::{OptimizerKind, Recipe, Scales};

use crate::bench::{engine, job, picture, small};

/// All but the time it took.
fn numbers(progress: &Progress) -> (u32, f64, Vec<(u32, f64)>) {
    let evaluations = progress.evaluations.iter().map(|found| (found.evaluation, found.losses.loss));
    (progress.iteration, progress.losses.loss, evaluations.collect())
}

#[test]
fn an_iteration_that_was_broken_off_is_done_again_as_if_nothing_had_been() {
    for optimizer in [OptimizerKind::Lbfgs, OptimizerKind::Adam] {
        let job = job(Recipe { optimizer, ..small(9) });
        let (mut painter, mut other) = (engine().begin(&job).unwrap(), engine().begin(&job).unwrap());
        let interrupt = Interrupt::default();
        // Before the first iteration, before the second, and when L-BFGS has some memory.
        for iteration in 0..5 {
            let before = painter.deep_frame().unwrap();
            interrupt.raise();
            assert_eq!(painter.step_unless(&interrupt).unwrap(), None, "{optimizer}, iteration {iteration}");
            assert!(painter.deep_frame().unwrap() == before, "{optimizer}, iteration {iteration}: another canvas");
            interrupt.lower();
            let progress = painter.step_unless(&interrupt).unwrap().unwrap();
            assert_eq!(numbers(&progress), numbers(&other.step().unwrap()), "{optimizer}, iteration {iteration}");
        }
        assert!(painter.deep_frame().unwrap() == other.deep_frame().unwrap(), "{optimizer}: another painting");
        // Another question that was broken off leaves nothing behind either.
        interrupt.raise();
        assert!(painter.step_unless(&interrupt).unwrap().is_none());
        assert_eq!(painter.shares_unless(&interrupt).unwrap(), None);
        assert_eq!(painter.shares().unwrap(), other.shares().unwrap(), "{optimizer}");
        interrupt.lower();
        assert_eq!(numbers(&painter.step().unwrap()), numbers(&other.step().unwrap()), "{optimizer}");
    }
}

#[test]
fn a_size_that_is_being_prepared_and_a_change_that_was_not_finished_leave_all_as_it_was() {
    let recipe = Recipe { size: 64, start_size: 32, scales: Scales::CoarseToFine, iterations: 6, ..small(6) };
    let job = job(recipe);
    let interrupt = Interrupt::default();
    interrupt.raise();
    assert!(engine().begin_unless(&job, &interrupt).unwrap().is_none());
    interrupt.lower();
    let mut painter = engine().begin_unless(&job, &interrupt).unwrap().unwrap();
    let mut other = engine().begin(&job).unwrap();
    let changed = Job { content: picture(70, 50, 0.9), ..job.clone() };
    let mut stages = 0;
    while !painter.is_finished() {
        let before = painter.deep_frame().unwrap();
        interrupt.raise();
        assert_eq!(painter.step_unless(&interrupt).unwrap(), None);
        assert_eq!(painter.revise_unless(&changed, &interrupt).unwrap(), None);
        assert!(painter.deep_frame().unwrap() == before);
        interrupt.lower();
        let progress = painter.step_unless(&interrupt).unwrap().unwrap();
        assert_eq!(numbers(&progress), numbers(&other.step().unwrap()));
        stages = progress.stage + 1;
    }
    assert!(stages > 1, "no size was prepared on the way");
    // In the end it can still be changed, to the same.
    assert!(painter.revise_unless(&changed, &interrupt).unwrap().is_some());
    other.revise(&changed).unwrap();
    assert_eq!(numbers(&painter.step().unwrap()), numbers(&other.step().unwrap()));
}
