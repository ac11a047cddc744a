//! The command line: the headless face of the engine.
//!
//! [`parse`] turns words into a [`Task`]; [`run`] carries it out. The window is a task of its own, which the program
//! hands to another module, so that nothing here knows of windows.

mod args;
mod batch;
mod check;
mod error;
mod film;
mod finish;
mod help;
mod info;
mod output;
mod render;
mod report;
mod score;
mod trace;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::engine::DeviceChoice;

pub use error::CliError;

/// What the command line asks for.
pub enum Task {
    /// Open the window.
    Window(Launch),
    /// Work without a window.
    Headless(Headless),
    /// Print this (help, or the version) and be done.
    Print(clap::Error),
}

/// How the window begins.
#[derive(Debug)]
pub struct Launch {
    /// The photo.
    pub content: Option<PathBuf>,
    /// The style picture.
    pub style: Option<PathBuf>,
    /// Weights in place of the built-in ones.
    pub weights: Option<PathBuf>,
    /// Where to compute.
    pub device: DeviceChoice,
}

/// Work that needs no window.
pub struct Headless(args::Subcommand);

/// Understands the command line; the first of `words` is the program's own name.
///
/// # Errors
/// [`CliError::Usage`] for what cannot be understood, [`CliError::Failed`] for a picture that does not exist.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Task, CliError> {
    let arguments = match args::Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => return Err(CliError::from_clap(&error)),
        Err(help) => return Ok(Task::Print(help)),
    };
    arguments.processor.apply();
    if let Some(subcommand) = arguments.command {
        return Ok(Task::Headless(Headless(subcommand)));
    }
    // A mistyped subcommand looks like a picture; better one sentence here than a window with a message in it.
    for path in arguments.content.iter().chain(&arguments.style) {
        if !path.exists() {
            let text = format!("{}: there is no such file or command", path.display());
            // One plain word was hardly meant as a file.
            let is_word = path.extension().is_none() && path.components().count() == 1;
            return Err(if is_word { CliError::Usage(format!("{text} (see --help)")) } else { CliError::Failed(text) });
        }
    }
    let args::Arguments { content, style, weights, device, .. } = arguments;
    // Recipes name them, and may be read from another folder.
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    let [content, style, weights] = [content, style, weights].map(|path| path.map(absolute));
    Ok(Task::Window(Launch { content, style, weights, device }))
}

/// Carries out a task that needs no window.
///
/// # Errors
/// One sentence for whoever called the program.
pub fn run(task: Headless) -> Result<ExitCode, CliError> {
    match task.0 {
        args::Subcommand::Render(args) => render::run(&args)?,
        args::Subcommand::Finish(args) => finish::run(&args)?,
        args::Subcommand::Score(args) => score::run(&args)?,
        args::Subcommand::Info(args) => info::run(&args)?,
        args::Subcommand::CheckDevice(args) => check::run(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints an answer. Whoever closed the pipe has read enough, which is no error.
fn print(answer: &str) -> Result<(), CliError> {
    match writeln!(io::stdout(), "{answer}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::Failed(format!("the answer cannot be printed ({error})")))
        }
        _ => Ok(()),
    }
}
