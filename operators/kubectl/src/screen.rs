//! Standard output and the terminal, in one place.
//!
//! A reader may stop at any time, as `head` does. That is no error: the standard library's macros panic then, so they
//! are not used for printing.

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

use crate::{
    cli::Output,
    paint::{Paint, harmless},
    problem::Problem,
};

/// Where a verb prints its results.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// Whether in colour.
    pub paint: Paint,
}

impl Screen {
    /// Standard output, in colour on a terminal that supports it and whose user wants it. Output to a pipe or a file is
    /// never coloured, not even with `CLICOLOR_FORCE`: programs read it.
    pub fn new() -> Self {
        let out = io::stdout();
        Self { paint: Paint(out.is_terminal() && AutoStream::choice(&out) != ColorChoice::Never) }
    }

    /// Writes text, adding a newline where it does not end with one.
    pub fn say(&self, text: &str) -> Result<(), Problem> {
        Ok(write(text)?)
    }

    /// Prints a side message on standard error.
    pub fn note(&self, text: &str) {
        note(text);
    }

    /// Writes a value in machine-readable form.
    pub fn machine<T: Serialize>(&self, format: Output, value: &T) -> Result<(), Problem> {
        let failed = |e: String| Problem::Failed(format!("cannot write the output: {e}"));
        match format {
            Output::Yaml => self.say(&serde_yaml::to_string(value).map_err(|e| failed(e.to_string()))?),
            _ => self.say(&serde_json::to_string_pretty(value).map_err(|e| failed(e.to_string()))?),
        }
    }

    /// Asks a yes/no question. `None` where there is nobody to ask.
    pub fn ask(&self, question: &str) -> Result<Option<bool>, Problem> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(None);
        }
        // A user who does not see the question gives no answer, which means no.
        let _ = write!(io::stderr().lock(), "{question} [y/N] ");
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(Some(is_yes(&answer)))
    }
}

/// Writes a program's output. Once nobody reads it any more, the rest is dropped.
///
/// # Errors
/// Where it cannot be written for another reason.
pub fn answer(text: &str) -> io::Result<()> {
    match write(text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Prints a side message on standard error. Failures to print it are ignored.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(harmless(text).as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_yes_is_yes() {
        for (answer, expected) in
            [("y\n", true), ("YES", true), ("", false), ("\n", false), ("yep", false), ("n", false)]
        {
            assert_eq!(is_yes(answer), expected, "{answer:?}");
        }
    }
}
