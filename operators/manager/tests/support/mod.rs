//! The repository for tests: its packages and its source files.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{Metadata, MetadataCommand};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// The packages of the workspace with the content of their manifests. Needs nothing outside the repository.
pub fn workspace() -> Metadata {
    MetadataCommand::new().current_dir(root()).no_deps().exec().unwrap()
}

/// All packages in a build for this platform, with resolved versions and features.
pub fn resolved() -> Metadata {
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let options = ["--locked".to_owned(), "--filter-platform".to_owned(), host];
    MetadataCommand::new().current_dir(root()).other_options(options).exec().unwrap()
}

/// A file of the repository.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every file under these directories with this extension, with its path from the root and its text, in order of path.
pub fn files(directories: &[&str], extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for directory in directories {
        walk(&root().join(directory), extension, &mut found);
    }
    found.sort();
    found
}

/// Whether a file is only there for tests.
pub fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap();
    path.contains("/tests/")
        || path.contains("/examples/")
        || ["tests.rs", "testkit.rs", "fakes.rs", "properties.rs"].contains(&name)
        || name.ends_with("_tests.rs")
}

/// The part before the module of tests at the end of a file.
fn before_tests(text: &str) -> &str {
    let module = ["\nmod tests {", "\npub(crate) mod tests {"].iter().filter_map(|opening| text.rfind(opening)).max();
    module.and_then(|at| text[..at].rfind("\n#[cfg(test)]")).map_or(text, |at| &text[..at])
}

/// The files of the program, each without its tests.
pub fn program(directories: &[&str]) -> Vec<(String, String)> {
    let files = files(directories, "rs").into_iter().filter(|(path, _)| !is_test(path));
    files.map(|(path, text)| (path, before_tests(&text).to_owned())).collect()
}

fn walk(directory: &Path, extension: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, extension, found);
        } else if path.extension().is_some_and(|e| e == extension) {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}
