//! The check whether Trimtab is installed at all: where it is not, no part of it is missed one by one.
//!
//! In: what was read. Out: a line, where Trimtab is not installed. Pure.

use jiff::Timestamp;

use super::{Facts, Line, controller::DEPLOYMENT};
use crate::health;

/// What is said where neither the guard nor the Deployment exists and nobody leads. What may not be read may exist.
pub(super) fn line(facts: &Facts, now: Timestamp) -> Option<Line> {
    let is_unguarded =
        facts.guard.as_ref().is_ok_and(|guard| !guard.in_force && guard.account.is_none() && guard.release.is_none());
    let nobody_leads = facts.operator.as_ref().is_ok_and(|lead| health::absence(lead, now).is_some());
    if !is_unguarded || !nobody_leads || !matches!(facts.controller, Ok(None)) {
        return None;
    }
    let own = &facts.own;
    let left = if facts.crds.as_ref().is_ok_and(|crds| crds.current) { "; its CRDs are still there" } else { "" };
    let message = format!(
        "Trimtab is not installed in namespace {own}: there is no approval guard in this cluster, and no Deployment \
         {own}/{DEPLOYMENT}{left}"
    );
    Some(Line::failed("Installation", message, "docs/install.md; for another namespace, --trimtab-namespace"))
}

#[cfg(test)]
mod tests {
    use crate::{
        doctor::{exit_code, lines, tests::facts},
        health::{Crds, Guard, Lead},
        testkit::now,
    };

    #[test]
    fn what_is_not_installed_is_said_once() {
        let mut facts = facts();
        facts.guard = Ok(Guard::lacking("the policy is missing", "apply it"));
        facts.operator = Ok(Lead::Absent);
        assert!(lines(&facts, now()).len() > 2, "a Deployment is there");
        facts.controller = Ok(None);
        let found = lines(&facts, now());
        assert_eq!((found.len(), exit_code(&found)), (2, 2), "{found:?}");
        assert!(found.iter().any(|line| line.message.ends_with("trimtab-system/trimtab; its CRDs are still there")));
        facts.crds = Ok(Crds { current: false, lack: Some("all of them".to_owned()), accept: None });
        let found = lines(&facts, now());
        assert!(found.iter().any(|line| line.message.starts_with("Trimtab is not installed in namespace")));
        assert!(found.iter().all(|line| !line.message.contains("CRDs")), "{found:?}");
    }

    #[test]
    fn what_runs_without_a_deployment_is_checked_part_by_part() {
        let mut facts = facts();
        facts.guard = Ok(Guard::lacking("the policy is missing", "apply it"));
        facts.controller = Ok(None);
        assert!(lines(&facts, now()).len() > 2, "somebody leads");
        facts.operator = Err("no permission".to_owned());
        assert!(lines(&facts, now()).len() > 2, "somebody may lead");
        facts.operator = Ok(Lead::Absent);
        facts.guard = Err("no permission".to_owned());
        assert!(lines(&facts, now()).len() > 2, "there may be a guard");
    }
}
