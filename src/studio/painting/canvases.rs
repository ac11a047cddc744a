//! What leaves the painting thread: canvases for the window, for the library, and for the next program.

use std::sync::Arc;
use std::time::Instant;

use image::RgbaImage;

use super::{Easel, NOTHING_PAINTED};
use crate::studio::files::FileJob;
use crate::studio::frames::for_the_window;
use crate::studio::run::{PaintingError, Phase, Run, guarded};
use crate::studio::{Canvas, Event, Frame};

impl Easel {
    /// Ends the run, and hands its canvas to the window, which may want to keep it yet.
    pub(super) fn set_aside(&mut self) {
        if let Some(mut run) = self.run.take()
            && let Some(canvas) = run.rescue(self.depth)
        {
            self.tell(Event::set_aside(run.id, canvas));
        }
    }

    /// Puts the canvas out, whether or not the last one was taken.
    pub(super) fn show(&mut self) {
        let Some(run) = &mut self.run else { return };
        match run.image() {
            Ok(image) => {
                if run.phase != Phase::Painting || run.moment_is_due(self.hub.moment_every) {
                    run.note_moment(Arc::clone(&image));
                }
                self.hub.outbox.show(frame(run, image));
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Ends the run with a message and its canvas safe in the library. A painter that merely returned an error stays,
    /// so that a gentler recipe or Resume can try again.
    pub(super) fn fail(&mut self, error: &PaintingError) {
        let Some(run) = &mut self.run else { return };
        run.phase = Phase::Failed;
        let rescued = run.rescue(self.depth).and_then(|canvas| {
            run.note_moment(Arc::clone(&canvas.image));
            self.hub.outbox.show(frame(run, Arc::clone(&canvas.image)));
            match guarded(|| Ok::<_, PaintingError>(self.hub.library.keep(&canvas))) {
                Ok(Ok(favourite)) => Some(favourite),
                Ok(Err(error)) => {
                    self.hub.outbox.problem(error);
                    None
                }
                Err(error) => {
                    self.hub.outbox.problem(error);
                    None
                }
            }
        });
        let event = Event::Failed {
            run: run.id,
            message: error.to_string(),
            rescued: rescued.as_ref().map(|favourite| favourite.path.clone()),
        };
        if let Some(favourite) = rescued {
            self.tell(Event::Kept(favourite));
        }
        self.tell(event);
    }

    /// Hands the canvas as it stands to the window.
    pub(super) fn take(&mut self) {
        let canvas = self.canvas().map_err(|message| self.hub.outbox.problem(message)).ok();
        self.tell(Event::Taken(canvas));
    }

    fn canvas(&mut self) -> Result<Canvas, String> {
        match &mut self.run {
            Some(run) => run.canvas(self.depth).map_err(|error| error.to_string()),
            None => Err(NOTHING_PAINTED.to_owned()),
        }
    }

    /// Takes the canvas as it stands and lets the file thread write it, so that painting goes on meanwhile.
    pub(super) fn hand_over(&mut self, job: impl FnOnce(Canvas) -> FileJob, lost: impl FnOnce(String) -> Event) {
        match self.canvas() {
            // The file thread outlives this one, see `Studio::drop`; if it could not be started, that has been said.
            Ok(canvas) => drop(self.hub.files.send(job(canvas))),
            Err(message) => self.tell(lost(message)),
        }
    }

    /// Has the canvas of now written, so that it outlives this program.
    pub(super) fn secure(&mut self) {
        if let Some(canvas) = self.run.as_mut().and_then(|run| run.rescue(self.depth)) {
            drop(self.hub.files.send(FileJob::Secure(canvas)));
        }
        self.secured = Instant::now();
    }
}

fn frame(run: &Run, canvas: Arc<RgbaImage>) -> Frame {
    let (image, moments) = (for_the_window(canvas, run.phase), run.moments());
    Frame { run: run.id, iteration: run.iteration, image, moments }
}
