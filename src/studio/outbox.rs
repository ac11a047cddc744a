//! What waits for the window: a queue of events, one frame, and one sheet of sketches.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Event, Frame, RunId, SketchSheet, Waker};

/// Progress events that wait at most.
///
/// A hidden window may take nothing for hours. Then the oldest progress is forgotten: a coarser loss curve is all that
/// is lost. Every other event answers something the artist did or ends a painting, so it is never dropped, and there
/// are only as many of them as the artist asked for.
const PROGRESS_LIMIT: usize = 1024;

/// Shared by both threads and the window; every lock is held for a few moves only.
pub struct Outbox {
    events: Mutex<Queue>,
    frame: Mutex<Option<Frame>>,
    sketches: Mutex<Option<SketchSheet>>,
    waker: Waker,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    progress: usize,
}

impl Outbox {
    pub fn new(waker: Waker) -> Self {
        Self { events: Mutex::default(), frame: Mutex::default(), sketches: Mutex::default(), waker }
    }

    /// Queues an event and wakes the window.
    pub fn tell(&self, event: Event) {
        {
            let mut queue = lock(&self.events);
            if matches!(event, Event::Progress { .. }) {
                if queue.progress == PROGRESS_LIMIT
                    && let Some(oldest) = queue.events.iter().position(|e| matches!(e, Event::Progress { .. }))
                {
                    queue.events.remove(oldest);
                    queue.progress -= 1;
                }
                queue.progress += 1;
            }
            queue.events.push_back(event);
        }
        (self.waker)();
    }

    /// Queues a [`Event::Problem`].
    pub fn problem(&self, error: impl ToString) {
        self.tell(Event::Problem(error.to_string()));
    }

    pub fn try_event(&self) -> Option<Event> {
        let mut queue = lock(&self.events);
        let event = queue.events.pop_front()?;
        if matches!(event, Event::Progress { .. }) {
            queue.progress -= 1;
        }
        Some(event)
    }

    /// Whether the window has taken the last frame: only then is a new one worth converting.
    pub fn wants_frame(&self) -> bool {
        lock(&self.frame).is_none()
    }

    /// Puts a frame out, in place of one that was not taken: the newest wins.
    pub fn show(&self, frame: Frame) {
        *lock(&self.frame) = Some(frame);
        (self.waker)();
    }

    pub fn take_frame(&self) -> Option<Frame> {
        lock(&self.frame).take()
    }

    /// Puts the sketches out as they are by now, in place of those that were not taken.
    pub fn show_sketches(&self, sheet: SketchSheet) {
        *lock(&self.sketches) = Some(sheet);
        (self.waker)();
    }

    pub fn take_sketches(&self) -> Option<SketchSheet> {
        lock(&self.sketches).take()
    }

    /// Forgets a frame of any painting older than `run`, so that it does not stand in the way of the new one's first.
    pub fn forget_frames_before(&self, run: RunId) {
        lock(&self.frame).take_if(|frame| frame.run < run);
    }
}

/// The locked state is consistent between any two statements, so a poisoned lock is as good as a clean one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{Losses, Progress};

    fn progress(iteration: u32) -> Event {
        let progress = Progress {
            stage: 0,
            stages: 1,
            iteration,
            iterations: 10_000,
            remaining_secs: None,
            width: 1,
            height: 1,
            losses: Losses::default(),
            evaluations: vec![],
            notice: None,
        };
        Event::Progress { run: RunId(1), progress: Box::new(progress) }
    }

    #[test]
    fn a_hidden_window_loses_old_progress_and_nothing_else() {
        let outbox = Outbox::new(Arc::new(|| ()));
        outbox.tell(Event::Started { run: RunId(1), device: "fake".to_owned() });
        for iteration in 1..=3000 {
            outbox.tell(progress(iteration));
            if iteration == 10 {
                outbox.tell(Event::Paused(RunId(1)));
            }
        }
        outbox.tell(Event::Finished(RunId(1)));
        let events: Vec<_> = std::iter::from_fn(|| outbox.try_event()).collect();
        assert_eq!(events.len(), PROGRESS_LIMIT + 3);
        assert!(matches!(events[0], Event::Started { .. }));
        assert!(matches!(events[1], Event::Paused(_)));
        assert!(matches!(&events[2], Event::Progress { progress, .. } if progress.iteration == 3000 - 1023));
        assert!(matches!(events.last(), Some(Event::Finished(_))));
        // The count of waiting progress went back to nothing: the queue fills again to the same limit.
        for iteration in 1..=2000 {
            outbox.tell(progress(iteration));
        }
        assert_eq!(std::iter::from_fn(|| outbox.try_event()).count(), PROGRESS_LIMIT);
    }
}
