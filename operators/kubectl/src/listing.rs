//! The table of Recommendations: which, in what order, and the content of each column.
//!
//! In: objects and filters. Out: rows. Pure.

use jiff::Timestamp;
use trimtab_api::{recommendation::Recommendation, risk::RiskLevel, rollout::Stage};
use trimtab_pricing::Money;

use crate::{
    cli::ListArgs,
    paint::{self, Tint},
    proposal,
    table::Cell,
    words,
};

/// The usual columns.
pub const HEADINGS: [&str; 9] = ["NAMESPACE", "NAME", "STATUS", "CPU", "MEMORY", "SAVINGS", "CONF%", "RISK", "AGE"];
/// What `-o wide` adds.
pub const MORE_HEADINGS: [&str; 4] = ["WORKLOAD", "POLICY", "ROLLOUT", "MESSAGE"];

/// Which Recommendations are shown.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    names: Vec<String>,
    policy: Option<String>,
    min_savings: Option<Money>,
    risk: Vec<RiskLevel>,
    status: Vec<String>,
}

impl From<&ListArgs> for Filter {
    fn from(args: &ListArgs) -> Self {
        Self {
            names: args.names.clone(),
            policy: args.policy.clone(),
            min_savings: args.min_savings,
            risk: args.risk.clone(),
            status: args.status.clone(),
        }
    }
}

impl Filter {
    /// Whether it is shown.
    pub fn admits(&self, rec: &Recommendation) -> bool {
        let any = |list: &[String], is: &dyn Fn(&str) -> bool| list.is_empty() || list.iter().any(|one| is(one));
        any(&self.names, &|name| name == words::name(rec))
            && self.policy.as_deref().is_none_or(|p| policy(rec) == Some(p))
            && self.min_savings.is_none_or(|least| words::savings(rec).is_some_and(|s| s >= least))
            && (self.risk.is_empty() || risk(rec).is_some_and(|level| self.risk.contains(&level)))
            && any(&self.status, &|word| word.eq_ignore_ascii_case(words::status_word(rec)))
    }
}

/// The policy that made it.
pub fn policy(rec: &Recommendation) -> Option<&str> {
    rec.spec.policy_ref.as_ref().map(|p| p.name.as_str())
}

/// The risk of its present proposal.
pub fn risk(rec: &Recommendation) -> Option<RiskLevel> {
    Some(rec.present_risk()?.level)
}

/// The greatest savings first; those without come last; then by name.
pub fn sort(recs: &mut [Recommendation]) {
    recs.sort_by_cached_key(|rec| (std::cmp::Reverse(words::savings(rec)), words::full_name(rec)));
}

/// The headings, without the namespace where there is only one, and with more in wide output.
pub fn headings(namespaces: bool, wide: bool) -> Vec<&'static str> {
    let more: &[&str] = if wide { &MORE_HEADINGS } else { &[] };
    HEADINGS.iter().skip(usize::from(!namespaces)).chain(more).copied().collect()
}

/// The colour of a risk.
pub fn risk_tint(level: Option<RiskLevel>) -> Tint {
    match level {
        Some(RiskLevel::Low) => Tint::Good,
        Some(RiskLevel::Medium) => Tint::Warn,
        Some(RiskLevel::High | RiskLevel::Critical) => Tint::Bad,
        None => Tint::Plain,
    }
}

/// One row, under [`headings`].
pub fn row(rec: &Recommendation, namespaces: bool, wide: bool, now: Timestamp) -> Vec<Cell> {
    let status = rec.status.as_ref();
    let dash = || words::NOTHING.to_owned();
    let or_dash = |text: Option<String>| text.filter(|t| !t.is_empty()).unwrap_or_else(dash);
    let word = words::status_word(rec);
    let [cpu, memory] = proposal::changes(rec, &proposal::present(rec, None));
    let savings = status.and_then(|s| s.savings.as_ref());
    let created = rec.metadata.creation_timestamp.as_ref();
    let mut row: Vec<Cell> = Vec::new();
    if namespaces {
        row.push(or_dash(rec.metadata.namespace.clone()).into());
    }
    row.extend([
        words::name(rec).into(),
        Cell::tinted(word, paint::status(word)),
        or_dash(Some(cpu)).into(),
        or_dash(Some(memory)).into(),
        or_dash(savings.map(|s| format!("{} {}", words::amount(&s.monthly), s.currency.0))).into(),
        or_dash(status.and_then(|s| s.confidence_percent).map(|c| c.to_string())).into(),
        Cell::tinted(or_dash(risk(rec).map(|l| l.as_str().to_owned())), risk_tint(risk(rec))),
        or_dash(created.map(|t| words::since(t.0, now))).into(),
    ]);
    if wide {
        let rollout = status.and_then(|s| s.rollout.as_ref());
        row.extend([
            words::target(rec).into(),
            or_dash(policy(rec).map(str::to_owned)).into(),
            or_dash(rollout.map(|r| match (r.stage, r.result) {
                (Stage::Ended, Some(result)) => format!("{result:?}"),
                (stage, _) => format!("{stage:?} {}", r.progress),
            }))
            .into(),
            or_dash(words::ready(rec).map(|(_, message)| message.to_owned())).into(),
        ]);
    }
    row
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::{
        paint::Paint,
        table::table,
        testkit::{now, rec, rollout},
    };

    #[test]
    fn a_table_is_what_people_know_from_kubectl() {
        let mut recs = vec![
            rec(
                json!({"metadata": {"name": "sts-db"}, "status": {"savings": {"monthly": "-4"}, "risk": {"level": "High"}}}),
            ),
            rec(json!({"status": {"current": [{"name": "app", "limits": {"memory": "2Gi"}}]},
                "spec": {"proposal": {"containers": [{"name": "app", "requests": {"memory": "256Mi"}, "limits": {"memory": "1Gi"}}]}}})),
            rec(json!({"metadata": {"name": "new"}, "status": null})),
        ];
        sort(&mut recs);
        let rows: Vec<_> = recs.iter().map(|r| row(r, true, false, now())).collect();
        assert_eq!(
            table(&headings(true, false), &rows, Paint(false)),
            "NAMESPACE   NAME         STATUS            CPU         MEMORY                            SAVINGS     CONF%   RISK   AGE
shop        deploy-web   PendingApproval   500m→120m   512Mi→256Mi (limit 2Gi→1Gi)       12.30 USD   96      Low    24h
shop        sts-db       PendingApproval   500m→120m   512Mi→256Mi (limit 512Mi→256Mi)   -4.00 USD   96      High   24h
shop        new          -                 120m        256Mi (limit 256Mi)               -           -       -      24h
"
        );
        let wide = row(&rec(json!({"status": {"rollout": rollout(json!({}))}})), false, true, now());
        assert_eq!(wide.len(), headings(false, true).len());
        assert_eq!(wide[8].text, "Deployment/web");
        assert_eq!(wide[10].text, "Watching 4/10");
    }

    #[test]
    fn filters_leave_out_what_is_not_asked_for() {
        let money = |text| Some(Money::parse_signed(text).unwrap());
        let all = Filter::default();
        for (filter, expected) in [
            (all.clone(), true),
            (Filter { policy: Some("services".into()), ..all.clone() }, true),
            (Filter { policy: Some("others".into()), ..all.clone() }, false),
            (Filter { min_savings: money("12.3"), ..all.clone() }, true),
            (Filter { min_savings: money("12.31"), ..all.clone() }, false),
            (Filter { risk: vec![RiskLevel::High, RiskLevel::Low], ..all.clone() }, true),
            (Filter { risk: vec![RiskLevel::High], ..all.clone() }, false),
            (Filter { status: vec!["pendingapproval".into()], ..all.clone() }, true),
            (Filter { status: vec!["Applied".into()], ..all.clone() }, false),
            (Filter { names: vec!["deploy-web".into()], ..all.clone() }, true),
            (Filter { names: vec!["deploy-api".into()], ..all.clone() }, false),
        ] {
            assert_eq!(filter.admits(&rec(json!({}))), expected, "{filter:?}");
        }
        let bare = rec(json!({"status": null}));
        assert!(all.admits(&bare) && !Filter { min_savings: money("-999"), ..all }.admits(&bare));
    }
}
