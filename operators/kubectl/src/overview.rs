//! The one screen of `status`.
//!
//! In: what was read, and why the rest could not be. Out: text, or the same as data. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use trimtab_api::{
    OptimizationPolicy,
    recommendation::Recommendation,
    rollout::{RolloutStatus, Stage},
};
use trimtab_core::text::count;

use crate::{
    health::{self, Crds, EmergencyStop, Fact, Guard, Lead, Read},
    paint::{self, Paint, Tint},
    progress,
    table::{Cell, indented, table},
    words::{self, Sums},
};

/// Everything that the screen shows.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Who leads.
    pub operator: Read<Lead>,
    /// The emergency stop; `None` where it is off.
    pub emergency_stop: Read<Option<EmergencyStop>>,
    /// The approval guard.
    pub guard: Read<Guard>,
    /// The admission policy that gives new pods their sizes.
    pub sizes_admission: Read<Guard>,
    /// The installed CRDs.
    pub crds: Read<Crds>,
    /// All policies.
    pub policies: Read<Vec<OptimizationPolicy>>,
    /// The Recommendations of [`Seen::scope`].
    pub recommendations: Vec<Recommendation>,
    /// The namespace that was read; `None` for all.
    pub scope: Option<String>,
}

/// The totals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The namespace that was read; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    operator: Fact<Lead>,
    emergency_stop: Fact<Option<EmergencyStop>>,
    approval_guard: Fact<Guard>,
    sizes_admission: Fact<Guard>,
    crds: Fact<Crds>,
    policies: Fact<Vec<PolicyLine>>,
    recommendations: Vec<StatusLine>,
    rollouts: Vec<RolloutLine>,
    realised: Realised,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyLine {
    name: String,
    status: String,
    selected: i32,
    recommended: i32,
    savings: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusLine {
    status: String,
    count: usize,
    monthly_savings: BTreeMap<String, String>,
    #[serde(skip)]
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct RolloutLine {
    recommendation: String,
    target: String,
    stage: Stage,
    progress: String,
    line: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Realised {
    changes: usize,
    monthly: BTreeMap<String, String>,
    total: BTreeMap<String, String>,
    #[serde(skip)]
    text: (String, String),
}

/// Whether a rollout is under way.
pub fn is_rolling(rec: &Recommendation) -> bool {
    rec.status.as_ref().and_then(|s| s.rollout.as_ref()).is_some_and(|r| r.stage != Stage::Ended)
}

/// Adds up what was read.
pub fn overview(seen: &Seen) -> Overview {
    let mut by_word: BTreeMap<&str, (usize, Sums)> = BTreeMap::new();
    let (mut monthly, mut total, mut changes) = (Sums::default(), Sums::default(), 0);
    for rec in &seen.recommendations {
        let (count, sums) = by_word.entry(words::status_word(rec)).or_default();
        *count += 1;
        let Some(status) = &rec.status else { continue };
        if let Some(s) = &status.savings {
            sums.add(&s.monthly, &s.currency.0);
        }
        if let Some(r) = &status.realised_savings {
            changes += 1;
            total.add(&r.total, &r.currency.0);
            if !status.rollout.as_ref().is_some_and(RolloutStatus::is_over) {
                monthly.add(&r.monthly, &r.currency.0);
            }
        }
    }
    let policy_of = |rec: &Recommendation| {
        let name = &rec.spec.policy_ref.as_ref()?.name;
        let policies = seen.policies.as_ref().ok()?;
        policies.iter().find(|p| p.metadata.name.as_ref() == Some(name)).map(|p| &p.spec)
    };
    let rollouts = seen.recommendations.iter().filter(|rec| is_rolling(rec)).filter_map(|rec| {
        let status = rec.status.as_ref()?;
        let r = status.rollout.as_ref()?;
        Some(RolloutLine {
            recommendation: words::full_name(rec),
            target: words::target(rec),
            stage: r.stage,
            progress: r.progress.clone(),
            line: progress::under_way(r, status, policy_of(rec)),
        })
    });
    Overview {
        namespace: seen.scope.clone(),
        operator: (&seen.operator).into(),
        emergency_stop: (&seen.emergency_stop).into(),
        approval_guard: (&seen.guard).into(),
        sizes_admission: (&seen.sizes_admission).into(),
        crds: (&seen.crds).into(),
        policies: (&seen.policies.as_ref().map(|all| all.iter().map(policy_line).collect()).map_err(Clone::clone))
            .into(),
        recommendations: by_word
            .into_iter()
            .map(|(word, (count, sums))| StatusLine {
                status: word.to_owned(),
                count,
                monthly_savings: sums.by_currency(),
                text: sums.text(),
            })
            .collect(),
        rollouts: rollouts.collect(),
        realised: Realised {
            changes,
            monthly: monthly.by_currency(),
            total: total.by_currency(),
            text: (monthly.text(), total.text()),
        },
    }
}

fn policy_line(policy: &OptimizationPolicy) -> PolicyLine {
    let status = policy.status.as_ref();
    let ready = status.and_then(|s| s.conditions.iter().find(|c| c.type_ == "Ready"));
    let counts = status.and_then(|s| s.workloads.clone()).unwrap_or_default();
    let savings = status.and_then(|s| s.savings.as_ref());
    PolicyLine {
        name: policy.metadata.name.clone().unwrap_or_default(),
        status: ready.map_or_else(|| words::NOTHING.to_owned(), |c| c.reason.clone()),
        selected: counts.selected,
        recommended: counts.recommended,
        savings: savings
            .map_or_else(|| words::NOTHING.to_owned(), |s| format!("{} {}", words::amount(&s.monthly), s.currency.0)),
    }
}

/// The screen.
pub fn screen(overview: &Overview, now: Timestamp, paint: Paint) -> String {
    let head = |title: &str| paint.text(Tint::Strong, title) + "\n";
    let mut text = table(&[], &facts(overview, now), paint);
    text.push('\n');
    text.push_str(&head("POLICIES"));
    text.push_str(&indented(&match &overview.policies {
        Fact::Unknown(why) => format!("not known: {why}"),
        Fact::Known(all) if all.is_empty() => "none: to start, kubectl apply one of examples/".to_owned(),
        Fact::Known(all) => {
            let row = |p: &PolicyLine| {
                let numbers = [p.selected.to_string(), p.recommended.to_string(), p.savings.clone()];
                [p.name.clone(), p.status.clone()].into_iter().chain(numbers).map(Cell::from).collect()
            };
            let rows: Vec<Vec<Cell>> = all.iter().map(row).collect();
            table(&["NAME", "STATUS", "SELECTED", "RECOMMENDED", "SAVINGS A MONTH"], &rows, paint)
        }
    }));
    let scope = overview.namespace.as_deref().map(|n| format!(" IN {n}")).unwrap_or_default();
    text.push('\n');
    text.push_str(&head(&format!("RECOMMENDATIONS{scope}")));
    text.push_str(&indented(&if overview.recommendations.is_empty() {
        "none".to_owned()
    } else {
        let row = |l: &StatusLine| {
            vec![
                Cell::tinted(l.status.clone(), paint::status(&l.status)),
                l.count.to_string().into(),
                l.text.clone().into(),
            ]
        };
        table(
            &["STATUS", "COUNT", "SAVINGS A MONTH"],
            &overview.recommendations.iter().map(row).collect::<Vec<_>>(),
            paint,
        )
    }));
    text.push('\n');
    text.push_str(&head("ROLLOUTS IN PROGRESS"));
    text.push_str(&indented(&if overview.rollouts.is_empty() {
        "none".to_owned()
    } else {
        let row =
            |r: &RolloutLine| vec![r.recommendation.clone().into(), r.target.clone().into(), r.line.clone().into()];
        table(
            &["RECOMMENDATION", "WORKLOAD", "PROGRESS"],
            &overview.rollouts.iter().map(row).collect::<Vec<_>>(),
            paint,
        )
    }));
    let realised = &overview.realised;
    text.push('\n');
    text.push_str(&head("REALISED SAVINGS"));
    text.push_str(&indented(&if realised.changes == 0 {
        "none yet".to_owned()
    } else {
        let (monthly, total) = &realised.text;
        format!("{monthly} a month now, {total} in all, by {}", count(realised.changes, "change"))
    }));
    text
}

fn facts(overview: &Overview, now: Timestamp) -> Vec<Vec<Cell>> {
    vec![
        vec!["Operator".into(), health::operator(&overview.operator, now)],
        vec!["Emergency stop".into(), health::emergency_stop(&overview.emergency_stop)],
        vec!["Approval guard".into(), health::guard(&overview.approval_guard)],
        vec!["New pods".into(), health::sizes_admission(&overview.sizes_admission)],
        vec!["CRDs".into(), health::crds(&overview.crds)],
    ]
}

#[cfg(test)]
#[path = "overview_tests.rs"]
mod tests;
