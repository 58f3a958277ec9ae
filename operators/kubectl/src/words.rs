//! How ages, times, money and amounts are written for people.
//!
//! In: values of objects. Out: a few characters.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::Resource;
use trimtab_api::{
    conditions::types,
    recommendation::Recommendation,
    resources::{ContainerResources, Resources},
    risk::RiskLevel,
};
use trimtab_core::quantity;
use trimtab_optimization_policy::{amount, limits};
use trimtab_pricing::Money;

use crate::decided_on::DecidedOn;

/// Shown where nothing is known.
pub const NOTHING: &str = "-";

/// An age as kubectl writes it: `45s`, `7m`, `3h`, `4d`, `2y`.
pub fn age(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..120 => format!("{s}s"),
        s @ 120..10_800 => format!("{}m", s / 60),
        s @ 10_800..172_800 => format!("{}h", s / 3600),
        s @ 172_800..63_072_000 => format!("{}d", s / 86_400),
        s => format!("{}y", s / 31_536_000),
    }
}

/// How long ago something was.
pub fn since(then: Timestamp, now: Timestamp) -> String {
    age(now.as_second() - then.as_second())
}

/// A time of day with its date, in UTC.
pub fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// A date in UTC.
pub fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// An amount with two decimals; an unreadable one is returned unchanged.
pub fn amount(text: &str) -> String {
    Money::parse_signed(text).map_or_else(|_| text.to_owned(), |m| m.fixed(2))
}

/// The savings of a Recommendation as a number, if any.
pub fn savings(rec: &Recommendation) -> Option<Money> {
    Money::parse_signed(&rec.status.as_ref()?.savings.as_ref()?.monthly).ok()
}

/// Sums of money, one for each currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<String, Money>);

impl Sums {
    /// Adds an amount. An unreadable or overflowing one is ignored.
    pub fn add(&mut self, amount: &str, currency: &str) {
        let Ok(amount) = Money::parse_signed(amount) else { return };
        let sum = self.0.entry(currency.to_owned()).or_default();
        *sum = sum.checked_add(amount).unwrap_or(*sum);
    }

    /// `12.30 USD`, or several with `+` between them; `-` for none.
    pub fn text(&self) -> String {
        let all: Vec<String> = self.0.iter().map(|(currency, sum)| format!("{} {currency}", sum.fixed(2))).collect();
        if all.is_empty() { NOTHING.to_owned() } else { all.join(" + ") }
    }

    /// The sums by currency, as decimals.
    pub fn by_currency(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(currency, sum)| (currency.clone(), sum.fixed(2))).collect()
    }
}

/// The first characters of a digest: enough to distinguish two.
pub fn short(digest: &str) -> &str {
    digest.get(..15).unwrap_or(digest)
}

/// `NAMESPACE/NAME`.
pub fn full_name<K: Resource>(object: &K) -> String {
    format!("{}/{}", object.meta().namespace.as_deref().unwrap_or_default(), name(object))
}

/// The name of an object.
pub fn name<K: Resource>(object: &K) -> &str {
    object.meta().name.as_deref().unwrap_or_default()
}

/// `Deployment/web`.
pub fn target(rec: &Recommendation) -> String {
    format!("{}/{}", rec.spec.target_ref.kind, rec.spec.target_ref.name)
}

/// The one word of the `Ready` condition, or `-`.
pub fn status_word<K: DecidedOn>(object: &K) -> &str {
    ready(object).map_or(NOTHING, |(reason, _)| reason)
}

/// Reason and message of the `Ready` condition.
pub fn ready<K: DecidedOn>(object: &K) -> Option<(&str, &str)> {
    let ready = object.conditions().iter().find(|c| c.type_ == types::READY)?;
    Some((ready.reason.as_str(), ready.message.as_str()))
}

/// Who rejected the same size before, where that keeps a Recommendation that nobody has decided on from being applied.
/// Then it is in the `Ready` condition.
pub fn rejected_before(rec: &Recommendation) -> Option<&str> {
    let undecided = rec.spec.approval.is_none();
    ready(rec)
        .filter(|(reason, _)| undecided && *reason == "Rejected")
        .map(|(_, message)| message.trim_end_matches('.'))
}

/// A level as people type it, in any case.
///
/// # Errors
/// Where there is no such level.
pub fn risk_level(text: &str) -> Result<RiskLevel, String> {
    [RiskLevel::Low, RiskLevel::Medium, RiskLevel::High, RiskLevel::Critical]
        .into_iter()
        .find(|level| level.as_str().eq_ignore_ascii_case(text))
        .ok_or_else(|| "expected Low, Medium, High or Critical".to_owned())
}

/// A pod's request for one resource, with its limits where they change: `512Mi→370Mi (limit 2Gi→1480Mi)`.
pub fn with_limit(request: &str, limit: Option<&str>) -> String {
    match (request, limit) {
        (request, None) => request.to_owned(),
        ("", Some(limit)) => format!("{NOTHING} (limit {limit})"),
        (request, Some(limit)) => format!("{request} (limit {limit})"),
    }
}

/// How CPU and memory of a pod change, limits included. Unknown values are empty.
pub fn changes(rec: &Recommendation) -> [String; 2] {
    let status = rec.status.as_ref();
    let current = status.map(|s| s.current.as_slice()).unwrap_or_default();
    let pairs = |amount: fn(&ContainerResources) -> Option<i64>| {
        let of = move |to: &ContainerResources| {
            let from = current.iter().find(|c| c.name == to.name)?;
            Some((amount(from), amount(to)))
        };
        rec.spec.proposal.containers.iter().filter_map(of).collect::<Vec<_>>()
    };
    let cpu = limits::change(pairs(|c| amount::millicores(&c.limits.cpu.as_ref()?.0)), amount::cpu);
    let memory = limits::change(pairs(|c| amount::bytes(&c.limits.memory.as_ref()?.0)), amount::memory);
    let summary = status.and_then(|s| s.summary.as_ref());
    [
        with_limit(summary.map_or("", |s| &s.cpu), cpu.as_deref()),
        with_limit(summary.map_or("", |s| &s.memory), memory.as_deref()),
    ]
}

/// `cpu 500m, memory 512Mi`, or `nothing`.
pub fn resources(r: &Resources) -> String {
    let parts: Vec<String> = [("cpu", &r.cpu), ("memory", &r.memory)]
        .into_iter()
        .filter_map(|(what, q)| q.as_ref().map(|q| format!("{what} {}", q.0)))
        .collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// Whether two quantities of CPU mean the same.
pub fn same_cpu(a: &str, b: &str) -> bool {
    a == b || matches!((quantity::cpu_millis(a), quantity::cpu_millis(b)), (Ok(a), Ok(b)) if a == b)
}

/// Whether two quantities of memory mean the same.
pub fn same_memory(a: &str, b: &str) -> bool {
    a == b || matches!((quantity::bytes(a), quantity::bytes(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ages_are_those_of_kubectl() {
        for (seconds, expected) in [
            (-5, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (86_400 * 729, "729d"),
            (86_400 * 731, "2y"),
        ] {
            assert_eq!(age(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn money_is_added_by_currency_and_rubbish_is_left_out() {
        let mut sums = Sums::default();
        assert_eq!(sums.text(), "-");
        for (amount, currency) in [("1.10", "USD"), ("2.205", "USD"), ("-0.5", "EUR"), ("much", "USD")] {
            sums.add(amount, currency);
        }
        assert_eq!(sums.text(), "-0.50 EUR + 3.31 USD");
        assert_eq!((amount("3"), amount("x")), ("3.00".to_owned(), "x".to_owned()));
    }

    #[test]
    fn quantities_are_compared_by_value() {
        assert!(same_cpu("0.5", "500m") && !same_cpu("0.5", "501m"));
        assert!(same_memory("1Gi", "1024Mi") && !same_memory("1G", "1Gi") && same_memory("odd", "odd"));
        assert_eq!(risk_level("mEDIUM").unwrap(), RiskLevel::Medium);
        assert!(risk_level("none").is_err());
    }
}
