//! The program: parses arguments and hands over.

use std::io::Write;
use std::process::ExitCode;

use pentimento::cli::{self, CliError, Task};

fn main() -> ExitCode {
    match start() {
        Ok(code) => code,
        Err(error) => {
            // With stderr closed, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "pentimento: {error}");
            error.exit_code()
        }
    }
}

fn start() -> Result<ExitCode, CliError> {
    match cli::parse(std::env::args_os())? {
        Task::Print(text) => {
            // Nobody is left to tell when even this cannot be printed.
            let _ = text.print();
            Ok(ExitCode::SUCCESS)
        }
        Task::Headless(task) => cli::run(task),
        Task::Window(launch) => open_window(launch),
    }
}

#[cfg(feature = "gui")]
fn open_window(launch: cli::Launch) -> Result<ExitCode, CliError> {
    // Started from the desktop there is a console that nobody has asked for; one that the program was typed into stays.
    #[cfg(windows)]
    hide_console_ng::hide_console();
    let cli::Launch { content, style, weights, device } = launch;
    pentimento::app::run(pentimento::app::Launch { content, style, weights, device })
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error| CliError::Failed(error.to_string()))
}

#[cfg(not(feature = "gui"))]
fn open_window(_launch: cli::Launch) -> Result<ExitCode, CliError> {
    Err(CliError::Failed("this build has no window; paint with `pentimento render`, see --help".to_owned()))
}
