//! How `render` tells what it is doing: a bar on a terminal, a line now and then in a log, nothing when quiet.

use std::io::{IsTerminal, Write, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::CliError;
use crate::engine::Progress;

/// Lines in a log for a whole painting, about.
const LOG_LINES: u32 = 20;

pub enum Report {
    Bar(ProgressBar),
    Lines { next: u32 },
    Quiet,
}

impl Report {
    pub fn new(quiet: bool, iterations: u32) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !stderr().is_terminal() {
            return Self::Lines { next: 1 };
        }
        let bar = ProgressBar::with_draw_target(Some(iterations.into()), ProgressDrawTarget::stderr());
        // Only the template's own braces could be wrong; then the plain bar does as well.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {wide_msg}") {
            bar.set_style(style);
        }
        Self::Bar(bar)
    }

    /// One iteration is done.
    pub fn progress(&mut self, progress: &Progress) {
        if let Some(notice) = &progress.notice {
            self.say(notice);
        }
        match self {
            Self::Bar(bar) => {
                bar.set_length(progress.iterations.into());
                bar.set_position(progress.iteration.into());
                bar.set_message(summary(progress));
            }
            Self::Lines { next } => {
                if progress.iteration >= *next || progress.iteration == progress.iterations {
                    *next = progress.iteration + (progress.iterations / LOG_LINES).max(1);
                    line(&format!("iteration {}/{}: {}", progress.iteration, progress.iterations, summary(progress)));
                }
            }
            Self::Quiet => {}
        }
    }

    /// A sentence, above the bar where there is one.
    pub fn say(&self, sentence: &str) {
        match self {
            Self::Bar(bar) => bar.suspend(|| line(sentence)),
            Self::Lines { .. } => line(sentence),
            Self::Quiet => {}
        }
    }

    /// What went wrong on the way and does not end the painting; told when quiet, too.
    pub fn trouble(&self, error: &CliError) {
        match self {
            Self::Quiet => line(&format!("pentimento: {error}")),
            Self::Bar(_) | Self::Lines { .. } => self.say(&error.to_string()),
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Unlike `eprintln!`, goes on painting when nobody reads the log any more.
pub(super) fn line(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}

fn summary(progress: &Progress) -> String {
    let Progress { stage, stages, width, height, losses, .. } = progress;
    let left = progress.remaining_secs.map_or_else(String::new, |secs| format!(", {} left", clock(secs)));
    format!("stage {}/{stages}, {width} x {height} px, loss {:.4e}{left}", stage + 1, losses.loss)
}

/// `m:ss`, or `h:mm:ss` from an hour on.
fn clock(secs: f64) -> String {
    // The cast saturates, and a NaN becomes 0.
    let secs = secs.ceil() as u64;
    let (hours, minutes, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{secs:02}") } else { format!("{minutes}:{secs:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_reads_like_a_clock() {
        assert_eq!(clock(0.2), "0:01");
        assert_eq!(clock(65.0), "1:05");
        assert_eq!(clock(3_600.0 + 125.0), "1:02:05");
        assert_eq!(clock(f64::NAN), "0:00");
    }
}
