//! `lint`: reads files and prints what is wrong in them. No cluster is asked.

use super::files;
use crate::{
    cli::LintArgs,
    lint::{self, Checked},
    problem::Problem,
    screen::Screen,
};

/// The exit code where a file cannot be read.
const UNREAD: u8 = 2;

/// `lint`.
pub fn lint(args: &LintArgs) -> Result<(), Problem> {
    let screen = Screen::new();
    let (mut all, mut unread) = (Checked::default(), false);
    let mut failed = |name: &str, why: &str| {
        unread = true;
        screen.note(&format!("error: cannot read {name}: {why}"));
    };
    for argument in &args.files {
        let named = files::named(argument).unwrap_or_else(|error| {
            failed(argument, &error.to_string());
            Vec::new()
        });
        for file in named {
            let (name, text) = files::read(&file);
            match text.map_err(|error| error.to_string()).and_then(|text| lint::check(name, &text)) {
                Ok(checked) => all.add(checked),
                Err(why) => failed(name, &why),
            }
        }
    }
    for finding in &all.findings {
        screen.say(&finding.to_string())?;
    }
    screen.note(&all.summary());
    match (unread, all.findings.is_empty()) {
        (true, _) => Err(Problem::Ended(UNREAD)),
        (false, false) => Err(Problem::Said),
        (false, true) => Ok(()),
    }
}
