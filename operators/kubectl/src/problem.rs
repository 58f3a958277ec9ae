//! Why a verb did not complete, and the exit code for it.

use std::io;

/// Why a verb did not complete.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The command line is invalid. Exit code 2, as for parser errors.
    #[error("{0}")]
    Usage(String),
    /// It cannot be done. Exit code 1.
    #[error("{0}")]
    Failed(String),
    /// It failed and everything has been printed. Exit code 1.
    #[error("failed: see above")]
    Said,
    /// Everything has been printed, and the verb has exit codes of its own.
    #[error("see above")]
    Ended(u8),
    /// The reader of the output has stopped, as `head` does. That is no error.
    #[error("the output was closed")]
    NobodyReads,
}

impl Problem {
    /// The exit code of the process.
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failed(_) | Self::Said => 1,
            Self::Ended(code) => *code,
            Self::NobodyReads => 0,
        }
    }

    /// What remains to be printed about it.
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::Usage(text) | Self::Failed(text) => Some(text),
            Self::Said | Self::Ended(_) | Self::NobodyReads => None,
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Failed(format!("cannot write the output: {error}")),
        }
    }
}
