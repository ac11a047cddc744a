//! `pentimento render`: paints without a window.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{RenderArgs, RunArgs};
use super::film::Film;
use super::output::{Output, default_stem, spare};
use super::report::{self, Report};
use super::trace::Trace;
use super::{CliError, batch, print};
use crate::engine::{Engine, Interrupt, Job, Masks, Painter, StyleEngine};
use crate::image_io::{PaintingRecord, Picture, PictureError, save_picture, try_writing};
use crate::recipe::{Depth, Init, PictureSource, Recipe};

/// Paints and writes the picture, or those of several photos; prints where they went.
pub fn run(args: &RenderArgs) -> Result<(), CliError> {
    let recipes = args.recipes()?;
    match <[Recipe; 1]>::try_from(recipes) {
        Ok([recipe]) => {
            let output = match args.output.as_deref().filter(|path| path.is_dir()) {
                Some(folder) => Output::named_in(folder, &recipe, args.run.depth),
                None => Output::new(args.output.as_deref(), default_stem(&recipe), args.run.depth),
            }?;
            paint(recipe, output, &args.run, |_, _, _| Ok(()))
        }
        Err(recipes) => batch::run(args, recipes),
    }
}

/// Paints `recipe`, after `announce` has told what there is to tell before it starts.
pub(super) fn paint(
    recipe: Recipe,
    output: Output,
    args: &RunArgs,
    announce: impl FnOnce(&Report, &StyleEngine, &Job) -> Result<(), CliError>,
) -> Result<(), CliError> {
    // Everything that can be found wrong is found wrong before the first iteration.
    output.spare(&recipe, args.save_every)?;
    if let Some(path) = &args.trace {
        spare(path, &recipe, "--trace")?;
        try_writing(path)?;
    }
    let film = args.film.as_deref().map(|path| Film::new(path, &recipe)).transpose()?;
    let job = load(recipe)?;
    let easel = Easel::new(args)?;
    let report = Report::new(args.quiet, job.recipe.iterations);
    announce(&report, &easel.engine, &job)?;
    easel.paint(job, output, args, film, report).map(|_| ())
}

/// What the paintings of a run share.
pub(super) struct Easel {
    engine: StyleEngine,
    /// Raised by the first Ctrl-C.
    pub stop: Interrupt,
}

/// How a painting ended that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    AtItsEnd,
    /// By Ctrl-C.
    Stopped,
}

impl Easel {
    pub fn new(args: &RunArgs) -> Result<Self, CliError> {
        Ok(Self { engine: StyleEngine::new(args.device, args.weights.as_deref())?, stop: watch_for_ctrl_c()? })
    }

    /// Paints and writes the picture; prints where it went.
    pub fn paint(
        &self,
        job: Job,
        output: Output,
        args: &RunArgs,
        film: Option<Film>,
        mut report: Report,
    ) -> Result<Ended, CliError> {
        let Some(painter) = self.engine.begin_unless(&job, &self.stop)? else { return Err(nothing_done()) };
        report.say(&format!("painting on {}", self.engine.device_name()));
        let trace = args.trace.as_deref().map(Trace::create).transpose()?;
        if let Some(loss) = output.loss(&job.content) {
            report.say(&loss);
        }

        let (recipe, depth, save_every) = (job.recipe, args.depth, args.save_every);
        let mut painting = Painting { painter, recipe, iteration: 0, output, depth, save_every, film };
        let result = painting.paint(&mut report, trace, &self.stop);
        report.end();
        let concluded = painting.conclude(result);
        // However the painting ended, it is told first; a film of nothing is none.
        let film = painting.film.as_ref().filter(|_| painting.iteration > 0).map_or(Ok(()), Film::save);
        let (path, ended) = concluded?;
        if ended == Ended::Stopped {
            let count = painting.iteration;
            let iterations = if count == 1 { "iteration" } else { "iterations" };
            report.say(&format!("stopped after {count} {iterations}; what there is was saved"));
        }
        if !args.quiet {
            print(&path.display().to_string())?;
        }
        film.map(|()| ended)
    }
}

fn nothing_done() -> CliError {
    CliError::Failed("stopped before the first iteration was done, so nothing was written".to_owned())
}

/// Reads a picture, and says what its owner should know of that.
pub(super) fn read(source: &PictureSource) -> Result<Picture, PictureError> {
    let picture = Picture::load(source)?;
    if let Some(remark) = picture.remark() {
        report::line(&format!("{source}: {remark}"));
    }
    Ok(picture)
}

/// Reads the pictures that a recipe names.
pub(super) fn load(recipe: Recipe) -> Result<Job, PictureError> {
    let open = |source: &PictureSource| read(source).map(Arc::new);
    let content = open(&recipe.content)?;
    let styles = recipe.styles.iter().map(|style| open(&style.picture)).collect::<Result<_, _>>()?;
    let init = match &recipe.init {
        Init::Picture(source) => Some(open(source)?),
        Init::Content | Init::Style | Init::Noise => None,
    };
    let masks = Masks::read(&recipe, open)?;
    Ok(Job { recipe, content, styles, init, masks })
}

/// A flag that the first Ctrl-C raises; the second ends the program.
fn watch_for_ctrl_c() -> Result<Interrupt, CliError> {
    /// What a shell reports for a program that an interrupt ended.
    const INTERRUPTED: i32 = 130;
    let stop = Interrupt::default();
    let raised = stop.clone();
    ctrlc::set_handler(move || {
        if raised.is_raised() {
            std::process::exit(INTERRUPTED);
        }
        raised.raise();
    })
    .map_err(|error| CliError::Failed(format!("Ctrl-C cannot be watched for: {error}")))?;
    Ok(stop)
}

struct Painting {
    painter: Box<dyn Painter>,
    recipe: Recipe,
    iteration: u32,
    output: Output,
    depth: Depth,
    /// Iterations from one canvas that is written on the way to the next.
    save_every: Option<u32>,
    film: Option<Film>,
}

impl Painting {
    /// Paints until the end, an error or a stop.
    fn paint(&mut self, report: &mut Report, mut trace: Option<Trace>, stop: &Interrupt) -> Result<Ended, CliError> {
        self.add_to_film()?;
        while !self.painter.is_finished() {
            if stop.is_raised() {
                return Ok(Ended::Stopped);
            }
            let Some(progress) = self.painter.step_unless(stop)? else { continue };
            let before = std::mem::replace(&mut self.iteration, progress.iteration);
            if let Some(trace) = &mut trace {
                trace.write(&progress)?;
            }
            // An iteration that was rolled back counts once, one that ended its stage for all that were left of it.
            let reached = |every: u32| self.iteration / every > before / every;
            report.progress(&progress);
            if self.save_every.is_some_and(reached)
                && !self.painter.is_finished()
                && let Err(error) = self.write(&self.output.path_after(self.iteration))
            {
                // The painting itself may still find room at its end.
                report.trouble(&error);
            }
            self.add_to_film()?;
        }
        Ok(Ended::AtItsEnd)
    }

    fn add_to_film(&mut self) -> Result<(), CliError> {
        if let Some(film) = &mut self.film {
            film.add(self.iteration, self.painter.frame()?);
        }
        Ok(())
    }

    /// Saves what there is, however the painting ended; hands the error on if it ended with one.
    fn conclude(&self, result: Result<Ended, CliError>) -> Result<(PathBuf, Ended), CliError> {
        match result {
            Ok(Ended::Stopped) if self.iteration == 0 => Err(nothing_done()),
            Ok(ended) => Ok((self.save()?, ended)),
            Err(error) if self.iteration == 0 => Err(error),
            Err(error) => Err(CliError::Failed(match self.save() {
                Ok(path) => {
                    format!("{error} (the canvas after {} iterations was saved as {})", self.iteration, path.display())
                }
                Err(worse) => format!("{error} (and the canvas could not be saved: {worse})"),
            })),
        }
    }

    fn save(&self) -> Result<PathBuf, CliError> {
        let path = self.output.path();
        self.write(&path)?;
        Ok(path)
    }

    /// Writes the canvas as it stands.
    fn write(&self, path: &Path) -> Result<(), CliError> {
        let record = PaintingRecord::new(self.recipe.clone(), self.iteration);
        match self.depth {
            Depth::Eight => save_picture(path, &self.painter.frame()?, Some(&record))?,
            Depth::Sixteen => save_picture(path, &self.painter.deep_frame()?, Some(&record))?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use image::RgbaImage;

    use super::*;
    use crate::engine::{EngineError, Evaluation, Losses, Progress, TermShare};
    use crate::image_io::{Rgba16Image, read_record};

    /// Finishes after `iterations`, fails at `fails_at`, and raises the flag of a stop at `stops_at`.
    struct Fake {
        iteration: u32,
        iterations: u32,
        fails_at: Option<u32>,
        stops_at: Option<u32>,
        stop: Interrupt,
    }

    impl Painter for Fake {
        fn step(&mut self) -> Result<Progress, EngineError> {
            if self.fails_at == Some(self.iteration + 1) {
                return Err(EngineError::NotFinite { width: 3, height: 2 });
            }
            self.iteration += 1;
            if self.stops_at == Some(self.iteration) {
                self.stop.raise();
            }
            let losses = Losses { loss: 10.0, content: 1.0, drawing: 4.0, style: 2.0, tv: 3.0 };
            let evaluation = |n| Evaluation { evaluation: 2 * self.iteration + n, losses, seconds: 0.5 };
            Ok(Progress {
                stage: 0,
                stages: 1,
                iteration: self.iteration,
                iterations: self.iterations,
                remaining_secs: None,
                width: 3,
                height: 2,
                losses,
                evaluations: vec![evaluation(0), evaluation(1)],
                notice: None,
            })
        }

        fn is_finished(&self) -> bool {
            self.iteration >= self.iterations
        }

        fn frame(&self) -> Result<RgbaImage, EngineError> {
            Ok(RgbaImage::new(3, 2))
        }

        fn deep_frame(&self) -> Result<Rgba16Image, EngineError> {
            Ok(Rgba16Image::new(3, 2))
        }

        fn stir(&mut self, _levels: f32) -> Result<(), EngineError> {
            Ok(())
        }

        fn retouch(&mut self, _picture: &Picture, _mask: &Picture) -> Result<(), EngineError> {
            Ok(())
        }

        fn go_on(&mut self) {}

        fn take_back_retouch(&mut self) -> Result<bool, EngineError> {
            Ok(false)
        }

        fn go_on_from(&mut self, _picture: &Picture) -> Result<(), EngineError> {
            Ok(())
        }

        fn revise(&mut self, _job: &Job) -> Result<(), EngineError> {
            Ok(())
        }

        fn shares(&mut self) -> Result<Vec<TermShare>, EngineError> {
            Ok(vec![])
        }
    }

    struct Outcome {
        folder: tempfile::TempDir,
        result: Result<(PathBuf, Ended), CliError>,
    }

    impl Outcome {
        fn saved_iteration(&self) -> u32 {
            read_record(&self.folder.path().join("out.png")).unwrap().unwrap().iteration
        }
    }

    /// Into `out.png`.
    fn painting(fake: Fake, folder: &tempfile::TempDir, save_every: Option<u32>) -> Painting {
        let output = Output::Asked(folder.path().join("out.png"));
        let (painter, recipe) = (Box::new(fake), Recipe::default());
        Painting { painter, recipe, iteration: 0, output, depth: Depth::Eight, save_every, film: None }
    }

    fn paint(fails_at: Option<u32>, stops_at: Option<u32>, trace: Option<&str>) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        let stop = Interrupt::default();
        if stops_at == Some(0) {
            stop.raise();
        }
        let fake = Fake { iteration: 0, iterations: 4, fails_at, stops_at, stop: stop.clone() };
        let mut painting = painting(fake, &folder, None);
        let trace = trace.map(|name| Trace::create(&folder.path().join(name)).unwrap());
        let result = painting.paint(&mut Report::Quiet, trace, &stop);
        let result = painting.conclude(result);
        Outcome { folder, result }
    }

    #[test]
    fn a_whole_painting_is_saved_and_every_evaluation_is_traced() {
        let outcome = paint(None, None, Some("trace.jsonl"));
        assert_eq!(outcome.result.as_ref().unwrap().1, Ended::AtItsEnd);
        assert_eq!(outcome.saved_iteration(), 4);
        let text = std::fs::read_to_string(outcome.folder.path().join("trace.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 8);
        assert_eq!(
            text.lines().next().unwrap(),
            r#"{"stage":0,"iteration":1,"evaluation":2,"width":3,"height":2,"loss":10.0,"content":1.0,"drawing":4.0,"style":2.0,"tv":3.0,"seconds":0.5}"#
        );
    }

    #[test]
    fn canvases_on_the_way_are_written_where_they_are_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let stop = Interrupt::default();
        let fake = Fake { iteration: 0, iterations: 6, fails_at: None, stops_at: None, stop: stop.clone() };
        let mut painting = painting(fake, &folder, Some(2));
        let result = painting.paint(&mut Report::Quiet, None, &stop);
        painting.conclude(result).unwrap();
        let record = |name: &str| read_record(&folder.path().join(name)).unwrap().unwrap();
        for (name, iteration) in [("out-00002.png", 2), ("out-00004.png", 4), ("out.png", 6)] {
            assert_eq!(record(name).iteration, iteration, "{name}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "the last is not written twice");
    }

    #[test]
    fn a_canvas_that_cannot_be_written_on_the_way_does_not_end_the_painting() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("out-00002.png")).unwrap();
        let stop = Interrupt::default();
        let fake = Fake { iteration: 0, iterations: 6, fails_at: None, stops_at: None, stop: stop.clone() };
        let mut painting = painting(fake, &folder, Some(2));
        let result = painting.paint(&mut Report::Quiet, None, &stop);
        let (path, ended) = painting.conclude(result).unwrap();
        assert_eq!((read_record(&path).unwrap().unwrap().iteration, ended), (6, Ended::AtItsEnd));
        assert!(folder.path().join("out-00004.png").is_file());
    }

    #[test]
    fn a_stop_saves_what_there_is() {
        let outcome = paint(None, Some(2), None);
        assert_eq!(outcome.result.as_ref().unwrap().1, Ended::Stopped);
        assert_eq!(outcome.saved_iteration(), 2);
        let outcome = paint(None, Some(0), None);
        assert!(outcome.result.unwrap_err().to_string().contains("before the first iteration"));
        assert_eq!(std::fs::read_dir(outcome.folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_failure_saves_what_there_is_and_is_still_a_failure() {
        let outcome = paint(Some(4), None, None);
        let error = outcome.result.as_ref().unwrap_err().to_string();
        assert!(error.contains("not a finite number") && error.contains("out.png"), "{error}");
        assert_eq!(outcome.saved_iteration(), 3);
        let outcome = paint(Some(1), None, None);
        assert!(outcome.result.is_err());
        assert_eq!(std::fs::read_dir(outcome.folder.path()).unwrap().count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_trace_that_cannot_go_on_costs_no_canvas() {
        let folder = tempfile::tempdir().unwrap();
        let stop = Interrupt::default();
        let fake = Fake { iteration: 0, iterations: 4, fails_at: None, stops_at: None, stop: stop.clone() };
        let mut painting = painting(fake, &folder, None);
        // A device that is always full.
        let trace = Trace::create(std::path::Path::new("/dev/full")).unwrap();
        let result = painting.paint(&mut Report::Quiet, Some(trace), &stop);
        let error = painting.conclude(result).unwrap_err().to_string();
        assert!(error.contains("/dev/full") && error.contains("was saved as"), "{error}");
        assert!(folder.path().join("out.png").exists());
    }
}
