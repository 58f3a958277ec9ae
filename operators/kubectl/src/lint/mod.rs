//! `lint`: manifests in files, checked without a server: by the schemas of this release and their rules, then as the
//! controller checks them.
//!
//! In: the text of a file. Out: every fault with its line, and how many objects were looked at. Pure. Objects of other
//! groups are counted and not looked into.

mod located;

use std::fmt;

use serde_json::Value;
use trimtab_api::{GROUP, manifest};
use trimtab_core::text::count;

use crate::{own_rules, yaml_file};
use located::Located;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// Kind and name of the object: `PriceBook/rack`.
    pub object: String,
    /// The path of the field; empty for the whole object.
    pub field: String,
    /// What is wrong with it, on one line.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: ", self.file, self.line, self.object)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// What was found in files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Manifests of Trimtab's kinds.
    pub manifests: usize,
    /// Other objects and documents, which are skipped.
    pub others: usize,
    /// All faults, in the order of the files.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// Adds what was found in another file.
    pub fn add(&mut self, other: Self) {
        self.manifests += other.manifests;
        self.others += other.others;
        self.findings.extend(other.findings);
    }

    /// One line: how much was looked at, and how much is wrong.
    pub fn summary(&self) -> String {
        let others = match self.others {
            0 => String::new(),
            n => format!("; {} skipped", count(n, "other object")),
        };
        let faults = match self.findings.len() {
            0 => "no fault".to_owned(),
            n => count(n, "fault"),
        };
        format!("{} checked: {faults}{others}", count(self.manifests, "manifest"))
    }
}

/// Checks every manifest of Trimtab's kinds in a text; `file` is its name.
///
/// # Errors
/// Where the text cannot be read as YAML, although it names Trimtab's group. What does not name it may be in another
/// language, such as that of Helm's templates, and is skipped.
pub fn check(file: &str, text: &str) -> Result<Checked, String> {
    let mut checked = Checked::default();
    match yaml_file::read::<Located>(text) {
        Ok(documents) => documents.iter().flat_map(Located::objects).for_each(|object| one(file, object, &mut checked)),
        Err(_) if !text.contains(GROUP) => checked.others = 1,
        Err(why) => return Err(why),
    }
    Ok(checked)
}

fn one(file: &str, located: &Located, checked: &mut Checked) {
    let object = located.value();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    if api_version.split('/').next() != Some(GROUP) {
        checked.others += 1;
        return;
    }
    checked.manifests += 1;
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().or(metadata["generateName"].as_str()).unwrap_or("?");
    let mut found = |line: u64, field: &str, message: &str| {
        checked.findings.push(Finding {
            file: file.to_owned(),
            line,
            object: one_line(&format!("{kind}/{name}")),
            field: one_line(field),
            message: one_line(message),
        });
    };
    match manifest::checked(&object) {
        Ok(object) => {
            for message in own_rules::of(&kind, &object) {
                found(located.line_of(&named(&message)), "spec", &message);
            }
        }
        Err(faults) => {
            for fault in faults {
                found(located.line_of(&fault.at()), &fault.path, &fault.message);
            }
        }
    }
}

/// A text from a file cannot begin a line of its own.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The path of the field that a message of the controller is about: it begins with it, where there is one.
fn named(message: &str) -> String {
    format!("spec.{}", message.split([' ', ':']).next().unwrap_or_default())
}

#[cfg(test)]
mod tests;
