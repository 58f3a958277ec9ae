//! `kubectl trimtab`: what people see of Recommendations, and how they decide on them.
//!
//! In: a command line and a cluster. Out: text on standard output, and an exit code: 0 is success, 1 is an error, 2 is
//! wrong usage; `doctor` and `lint` have codes of their own. Output is made by pure functions of objects ([`listing`],
//! [`overview`], [`doctor`], [`explain`], [`progress`], [`diff`], [`report`], [`export`], [`why`], [`import`]) and of
//! files ([`lint`]); [`verbs`] reads and writes around them. Previews are computed by the controller's own code, which
//! never writes here.

pub mod account;
pub mod action_text;
mod admission;
pub mod backing_off;
pub mod bounds;
pub mod carried;
pub mod chart;
pub mod cli;
mod cluster;
pub mod completion;
pub mod course;
mod decided_action;
pub mod decided_before;
pub mod decided_on;
mod decided_recommendation;
pub mod decision;
pub mod decision_text;
pub mod diff;
pub mod discover;
pub mod doctor;
mod engine;
pub mod explain;
pub mod export;
pub mod health;
pub mod import;
mod installed;
pub mod irreversible;
pub mod lint;
pub mod listing;
mod lookup;
pub mod overview;
mod own;
pub mod own_rules;
pub mod paint;
pub mod pending;
pub mod policy_file;
pub mod problem;
pub mod progress;
pub mod proposal;
pub mod refusal;
pub mod report;
pub mod screen;
pub mod table;
pub mod target;
#[cfg(test)]
mod testkit;
pub mod undo;
pub mod uninstall;
mod usage;
pub mod verbs;
mod whoami;
pub mod why;
pub mod words;
pub mod yaml_file;

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches};
use jiff::Timestamp;

pub use cli::Cli;
use problem::Problem;

/// Provided by the process: the command line has no clock of its own.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// The time of day.
    pub now: fn() -> Timestamp,
}

/// The name the binary was called by, from its file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalledAs {
    /// `kubectl-trimtab`: kubectl runs it for `kubectl trimtab`.
    Plugin,
    /// `kubectl_complete-trimtab`: kubectl runs it when somebody presses Tab after `kubectl trimtab`.
    Completion,
    /// Anything else.
    Other,
}

/// The name a binary with this first argument was called by.
pub fn called_as(program: Option<&OsStr>) -> CalledAs {
    let name = program.and_then(|p| Path::new(p).file_stem()).and_then(OsStr::to_str);
    match name {
        Some("kubectl-trimtab") => CalledAs::Plugin,
        Some("kubectl_complete-trimtab") => CalledAs::Completion,
        _ => CalledAs::Other,
    }
}

/// Runs as the plugin where the binary was called so; `None` where it was not.
pub fn as_plugin(arguments: &[OsString], around: Surroundings) -> Option<ExitCode> {
    match called_as(arguments.first().map(OsString::as_os_str)) {
        CalledAs::Plugin => {
            // Help names what people type. The completion scripts are for the file's own name.
            let command = Cli::command().bin_name("kubectl trimtab");
            let parsed = command.try_get_matches_from(arguments).and_then(|found| Cli::from_arg_matches(&found));
            Some(match parsed {
                Ok(cli) => run(cli, around),
                Err(error) => error.exit(),
            })
        }
        CalledAs::Completion => {
            let words: Vec<String> = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
            Some(finish(verbs::complete(&words)))
        }
        CalledAs::Other => None,
    }
}

/// Runs one verb to its end.
pub fn run(cli: Cli, around: Surroundings) -> ExitCode {
    finish(verbs::run(cli, around))
}

fn finish(result: Result<(), Problem>) -> ExitCode {
    let Err(problem) = result else { return ExitCode::SUCCESS };
    if let Some(text) = problem.said() {
        screen::note(&format!("error: {text}"));
    }
    ExitCode::from(problem.code())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::{CalledAs, called_as};

    #[test]
    fn the_name_of_the_file_decides() {
        for (program, expected) in [
            (Some("/usr/local/bin/kubectl-trimtab"), CalledAs::Plugin),
            (Some("kubectl-trimtab.exe"), CalledAs::Plugin),
            (Some("kubectl_complete-trimtab"), CalledAs::Completion),
            (Some("/opt/kubectl-trimtab/trimtab"), CalledAs::Other),
            (Some("trimtab"), CalledAs::Other),
            (None, CalledAs::Other),
        ] {
            assert_eq!(called_as(program.map(OsStr::new)), expected, "{program:?}");
        }
    }
}
