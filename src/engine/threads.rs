//! The engine's own thread pool: every core, at a priority below the window's.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};
use thread_priority::{ThreadPriority, set_current_thread_priority};

/// How far below the window the engine's threads run (0 is as important as anything else, 100 most).
///
/// With the window at normal priority this keeps its frames short while the engine uses every core.
const PRIORITY: u8 = 35;

static LIMIT: OnceLock<usize> = OnceLock::new();

/// Uses `threads` threads; must come before anything is computed, and counts once.
pub fn limit(threads: usize) {
    // A second choice would come too late: the pool is there.
    let _ = LIMIT.set(threads);
}

/// The pool, built on first use.
///
/// # Panics
/// When the operating system refuses to start even one thread; nothing can be computed then.
#[expect(clippy::expect_used, reason = "without a single thread there is no engine, and no sensible way to go on")]
pub fn pool() -> &'static ThreadPool {
    static POOL: OnceLock<ThreadPool> = OnceLock::new();
    POOL.get_or_init(|| {
        ThreadPoolBuilder::new()
            // 0, where nobody asked, means as many as the machine has cores.
            .num_threads(LIMIT.get().copied().unwrap_or(0))
            .thread_name(|index| format!("engine-{index}"))
            .start_handler(|_| lower_priority())
            .build()
            .expect("the operating system starts threads")
    })
}

/// Number of threads that the engine uses.
#[must_use]
pub fn count() -> usize {
    pool().current_num_threads()
}

fn lower_priority() {
    // Miri has no priorities, and would stop at the question.
    if !cfg!(miri)
        && let Ok(priority) = PRIORITY.try_into()
        && let Err(error) = set_current_thread_priority(ThreadPriority::Crossplatform(priority))
    {
        // Smoothness of the window is a courtesy; the numbers are the same without it.
        log::debug!("engine thread keeps its priority: {error:?}");
    }
}
