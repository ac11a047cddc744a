//! `--trace`: one JSON object a line for every loss evaluation.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::CliError;
use crate::engine::{Evaluation, Progress};

/// One line. The order of the fields is the order in the file.
#[derive(Serialize)]
struct Line {
    stage: usize,
    iteration: u32,
    evaluation: u32,
    width: u32,
    height: u32,
    loss: f64,
    content: f64,
    drawing: f64,
    style: f64,
    tv: f64,
    seconds: f64,
}

/// A trace file that grows with the painting, whole lines only, so that it can be read meanwhile.
pub struct Trace {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Trace {
    pub fn create(path: &Path) -> Result<Self, CliError> {
        let file = File::create(path)
            .map_err(|error| CliError::Failed(format!("{}: the trace cannot be written ({error})", path.display())))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Writes the evaluations of one iteration.
    pub fn write(&mut self, progress: &Progress) -> Result<(), CliError> {
        let written = progress
            .evaluations
            .iter()
            .try_for_each(|evaluation| self.line(&line(progress, evaluation)))
            .and_then(|()| self.file.flush());
        written.map_err(|error| {
            CliError::Failed(format!("{}: the trace cannot be continued ({error})", self.path.display()))
        })
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, line)?;
        self.file.write_all(b"\n")
    }
}

fn line(progress: &Progress, evaluation: &Evaluation) -> Line {
    let losses = evaluation.losses;
    Line {
        stage: progress.stage,
        iteration: progress.iteration,
        evaluation: evaluation.evaluation,
        width: progress.width,
        height: progress.height,
        loss: losses.loss,
        content: losses.content,
        drawing: losses.drawing,
        style: losses.style,
        tv: losses.tv,
        seconds: evaluation.seconds,
    }
}
