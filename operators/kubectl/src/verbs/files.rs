//! Files that people name: read up to a maximum length, and written.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::{problem::Problem, yaml_file};

/// The name of standard input in messages.
pub(super) const STDIN: &str = "standard input";

/// The name of a file for messages, and its text; `-` is standard input.
pub(super) fn read(file: &str) -> (&str, io::Result<String>) {
    match file {
        "-" => (STDIN, yaml_file::text(io::stdin().lock())),
        file => (file, File::open(file).and_then(yaml_file::text)),
    }
}

/// The files that an argument names: itself, or what ends with `.yaml` or `.yml` in this directory and below it, in
/// order of path. Links to directories are not followed, since they may lead in a circle.
pub(super) fn named(argument: &str) -> io::Result<Vec<String>> {
    if argument == "-" || !fs::metadata(argument)?.is_dir() {
        return Ok(vec![argument.to_owned()]);
    }
    let (mut open, mut found) = (vec![PathBuf::from(argument)], Vec::new());
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if path.is_file() && path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a file, and the directories above it.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty());
    let written = directory.map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    written.map_err(|error| Problem::Failed(format!("cannot write {}: {error}", path.display())))
}
