//! What a workload's own annotations and its namespace allow: bounds that can only narrow what a policy says.
//!
//! In: annotations, limit ranges, quotas. Out: rules and bounds for the sizing of one container. Pure.

use trimtab_api::names::{
    MAX_CPU_ANNOTATION, MAX_MEMORY_ANNOTATION, MIN_CPU_ANNOTATION, MIN_MEMORY_ANNOTATION, MODE_ANNOTATION,
};
use trimtab_sizing::{LimitRange, SizingRules};
use trimtab_world::row::{Labels, LimitRangeRow, LimitRangeScope};

use crate::amount;

/// How far a workload lets policies go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// It is left alone.
    Off,
    /// Changes are proposed and never applied without a person.
    Recommend,
    /// A policy may apply changes within its limits.
    Apply,
}

/// An annotation that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnotationError {
    /// Which annotation.
    pub key: &'static str,
    /// What it says.
    pub value: String,
    /// What it should say.
    pub expected: &'static str,
}

impl std::fmt::Display for AnnotationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "annotation {}: {:?} is not {}", self.key, self.value, self.expected)
    }
}

/// The stricter of what the workload and its namespace say.
///
/// # Errors
/// Where an annotation says none of the three modes: an unreadable wish to be left alone must not be ignored.
pub fn mode(workload: &Labels, namespace: &Labels) -> Result<Mode, AnnotationError> {
    let one = |annotations: &Labels| match annotations.get(MODE_ANNOTATION) {
        None | Some("Apply") => Ok(Mode::Apply),
        Some("Recommend") => Ok(Mode::Recommend),
        Some("Off") => Ok(Mode::Off),
        Some(other) => Err(AnnotationError {
            key: MODE_ANNOTATION,
            value: other.to_owned(),
            expected: "one of Off, Recommend and Apply",
        }),
    };
    Ok(one(workload)?.min(one(namespace)?))
}

/// `rules` narrowed by the workload's annotations for `container`.
///
/// # Errors
/// Where an annotation cannot be read.
pub fn narrowed(rules: &SizingRules, annotations: &Labels, container: &str) -> Result<SizingRules, AnnotationError> {
    let mut rules = rules.clone();
    let cpu = |key| wished(annotations, key, container, amount::millicores);
    let memory = |key| wished(annotations, key, container, amount::bytes);
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

/// The amount that `key` names for `container`: `CONTAINER=QUANTITY` wins over a bare `QUANTITY`.
fn wished(
    annotations: &Labels,
    key: &'static str,
    container: &str,
    read: impl Fn(&str) -> Option<i64>,
) -> Result<Option<i64>, AnnotationError> {
    let Some(text) = annotations.get(key) else { return Ok(None) };
    let error = || AnnotationError {
        key,
        value: text.chars().take(64).collect(),
        expected: "a quantity, or CONTAINER=QUANTITY, separated by commas",
    };
    let (mut all, mut own) = (None, None);
    for part in text.split(',').map(str::trim) {
        match part.split_once('=') {
            None => all = Some(read(part).ok_or_else(error)?),
            Some((name, value)) => {
                let value = read(value.trim()).ok_or_else(error)?;
                if name.trim() == container {
                    own = Some(value);
                }
            }
        }
    }
    Ok(own.or(all))
}

/// The tightest bounds for one container that the limit ranges of a namespace set.
pub fn limit_range<'a>(rows: impl Iterator<Item = &'a LimitRangeRow>) -> LimitRange {
    let amount = |value: Option<u64>| value.and_then(|v| i64::try_from(v).ok());
    let ratio = |thousandths: Option<u64>| thousandths.map(|t| t as f64 / 1000.0);
    let (least, most) = (
        |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b).max(),
        |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b).min(),
    );
    let lower = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::min);
    rows.flat_map(|row| row.items.iter()).filter(|item| item.scope == LimitRangeScope::Container).fold(
        LimitRange::default(),
        |r, item| LimitRange {
            cpu_min: least(r.cpu_min, amount(item.min.cpu)),
            cpu_max: most(r.cpu_max, amount(item.max.cpu)),
            memory_min: least(r.memory_min, amount(item.min.memory)),
            memory_max: most(r.memory_max, amount(item.max.memory)),
            cpu_max_ratio: lower(r.cpu_max_ratio, ratio(item.max_limit_request_ratio.cpu_thousandths)),
            memory_max_ratio: lower(r.memory_max_ratio, ratio(item.max_limit_request_ratio.memory_thousandths)),
        },
    )
}
