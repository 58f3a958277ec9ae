//! Why a verb did not come to its end, and the exit code that this means.

use std::io;

/// Why a verb did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The command line makes no sense. Exit code 2, as for what the parser refuses.
    #[error("{0}")]
    Usage(String),
    /// It cannot be done. Exit code 1.
    #[error("{0}")]
    Failed(String),
    /// It ended badly and everything has been said. Exit code 1.
    #[error("it failed, as was said above")]
    Said,
    /// Whoever read the output has stopped, as `head` does. That is no error.
    #[error("nobody reads the output any more")]
    NobodyReads,
}

impl Problem {
    /// The exit code of the process.
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failed(_) | Self::Said => 1,
            Self::NobodyReads => 0,
        }
    }

    /// What is still to be said about it.
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::Usage(text) | Self::Failed(text) => Some(text),
            Self::Said | Self::NobodyReads => None,
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
