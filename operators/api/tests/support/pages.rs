//! The pages of the documentation. In: the repository. Out: their paths, in order.
#![allow(clippy::unwrap_used, dead_code)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Directories with pages, in addition to `README.md`.
pub const ALL: [&str; 3] = ["docs", "policies", "examples"];

/// `README.md`, and every page in these directories of the repository.
pub fn pages(root: &Path, dirs: &[&str]) -> Vec<PathBuf> {
    let mut found = vec![root.join("README.md")];
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
