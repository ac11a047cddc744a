//! The one error that leaves the command line.

use std::process::ExitCode;

use crate::engine::EngineError;
use crate::image_io::{PictureError, WriteError};
use crate::recipe::RecipeError;

/// Why the program ends without having done its work: one sentence and an exit code.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The command line cannot be understood.
    #[error("{0}")]
    Usage(String),
    /// The work failed.
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    /// 1 for what failed, 2 for wrong usage.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
        })
    }

    /// Clap's message in one line: what is wrong and what may have been meant, without the usage that `--help` shows.
    pub(super) fn from_clap(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let mut sentence = String::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if line.starts_with("Usage:") || line.starts_with("For more information") {
                break;
            }
            if !sentence.is_empty() {
                sentence.push_str(if line.starts_with("tip:") { "; " } else { " " });
            }
            sentence.push_str(line);
        }
        let sentence = sentence.strip_prefix("error: ").unwrap_or(&sentence);
        Self::Usage(format!("{sentence} (see --help)"))
    }
}

impl From<RecipeError> for CliError {
    fn from(error: RecipeError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<PictureError> for CliError {
    fn from(error: PictureError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<WriteError> for CliError {
    fn from(error: WriteError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        Self::Failed(error.to_string())
    }
}
