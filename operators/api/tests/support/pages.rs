//! The pages of the documentation. In: the repository. Out: their paths, in order.
#![allow(clippy::unwrap_used, dead_code)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Directories with pages, in addition to those at the root.
pub const ALL: [&str; 4] = ["docs", "policies", "examples", "charts/trimtab"];

/// The pages at the root of the repository, and every page in these directories.
pub fn pages(root: &Path, dirs: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::from(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|page| root.join(page)));
    let mut open: Vec<PathBuf> = dirs.iter().map(|dir| root.join(dir)).collect();
    while let Some(dir) = open.pop() {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
