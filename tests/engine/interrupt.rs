//! An iteration that is broken off.

use pentimento::engine::{Engine, Interrupt, Progress};
use pentimento::recipe::{OptimizerKind, Recipe};

use crate::bench::{engine, job, small};

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
        // Nobody could do anything with half of an answer to another question.
        interrupt.raise();
        assert!(painter.step_unless(&interrupt).unwrap().is_none());
        assert_eq!(painter.shares().unwrap(), other.shares().unwrap(), "{optimizer}");
    }
}
