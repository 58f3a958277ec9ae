//! Annotations of a workload and its namespace: bounds that can only narrow those of a policy.
//!
//! In: annotations. Out: how far policies may go, and rules for the sizing of one container. Pure.

use trimtab_api::{
    mode::Mode,
    names::{MAX_CPU_ANNOTATION, MAX_MEMORY_ANNOTATION, MIN_CPU_ANNOTATION, MIN_MEMORY_ANNOTATION, MODE_ANNOTATION},
};
use trimtab_sizing::SizingRules;
use trimtab_world::row::Labels;

use crate::amount;

/// Maximum length at which an unreadable annotation is shown.
const MAX_SHOWN: usize = 64;

/// An annotation that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnotationError {
    /// Which annotation.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// The expected value.
    pub expected: String,
}

impl std::fmt::Display for AnnotationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "annotation {}: {:?} is not {}", self.key, self.value, self.expected)
    }
}

/// The stricter of the modes of the workload and its namespace.
///
/// # Errors
/// If an annotation is none of the three modes: an unreadable request to be left alone must not be ignored.
pub fn mode(workload: &Labels, namespace: &Labels) -> Result<Mode, AnnotationError> {
    let one = |annotations: &Labels| {
        let value = annotations.get(MODE_ANNOTATION);
        Mode::said(value).ok_or_else(|| AnnotationError {
            key: MODE_ANNOTATION,
            value: value.unwrap_or_default().chars().take(MAX_SHOWN).collect(),
            expected: "one of Off, Recommend and Apply".to_owned(),
        })
    };
    Ok(one(workload)?.min(one(namespace)?))
}

/// `rules` narrowed by the workload's annotations for `container`.
///
/// # Errors
/// If an annotation cannot be read.
pub fn narrowed(rules: &SizingRules, annotations: &Labels, container: &str) -> Result<SizingRules, AnnotationError> {
    let mut rules = rules.clone();
    let cpu = |key| wished(annotations, key, container, "CPU such as 250m", amount::sane_cpu);
    let memory = |key| memory_wished(annotations, key, container);
    if let Some(min) = cpu(MIN_CPU_ANNOTATION)? {
        rules.cpu.min_millicores = rules.cpu.min_millicores.max(min);
    }
    if let Some(max) = cpu(MAX_CPU_ANNOTATION)? {
        rules.cpu.max_millicores = Some(rules.cpu.max_millicores.map_or(max, |m| m.min(max)));
    }
    if let Some(min) = memory(MIN_MEMORY_ANNOTATION)? {
        rules.memory.min_bytes = rules.memory.min_bytes.max(min);
    }
    if let Some(max) = memory(MAX_MEMORY_ANNOTATION)? {
        rules.memory.max_bytes = Some(rules.memory.max_bytes.map_or(max, |m| m.min(max)));
    }
    Ok(rules)
}

/// Bounds of less than 1Mi, in bytes, are taken for a wrong unit.
const LEAST_MEANT: i64 = 1 << 20;

/// The amount of memory in bytes that the annotation `key` sets for `container`.
///
/// # Errors
/// If the annotation cannot be read.
pub fn memory_wished(annotations: &Labels, key: &'static str, container: &str) -> Result<Option<i64>, AnnotationError> {
    // 512 is 512 bytes, which nobody means: taken literally, it would protect nothing.
    let meant = |text: &str| amount::sane_memory(text).filter(|bytes| *bytes == 0 || *bytes >= LEAST_MEANT);
    wished(annotations, key, container, "memory such as 512Mi", meant)
}

/// The amount that `key` sets for `container`: `CONTAINER=QUANTITY` wins over a bare `QUANTITY`. The whole text must be
/// valid, including the parts for other containers.
fn wished(
    annotations: &Labels,
    key: &'static str,
    container: &str,
    what: &str,
    read: impl Fn(&str) -> Option<i64>,
) -> Result<Option<i64>, AnnotationError> {
    let Some(text) = annotations.get(key) else { return Ok(None) };
    let error = || AnnotationError {
        key,
        value: text.chars().take(MAX_SHOWN).collect(),
        expected: format!("an amount of {what}, or CONTAINER=AMOUNT, separated by commas"),
    };
    let (mut all, mut own) = (None, None);
    for part in text.split(',').map(str::trim) {
        match part.split_once('=') {
            // Two amounts for all containers, as in `0,5`: which one is meant must not be guessed.
            None if all.is_some() => return Err(error()),
            None => all = Some(read(part).ok_or_else(error)?),
            Some((name, value)) => {
                let value = read(value.trim()).ok_or_else(error)?;
                if name.trim() == container {
                    // The same for one container.
                    if own.is_some() {
                        return Err(error());
                    }
                    own = Some(value);
                }
            }
        }
    }
    Ok(own.or(all))
}

#[cfg(test)]
mod tests;
