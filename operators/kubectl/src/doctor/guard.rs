//! The check of the approval guard: whether it is in force, and for the account that the controller has.
//!
//! In: what was read. Out: a line. Pure.

use super::{Facts, Line, checks, controller::DEPLOYMENT};
use crate::account::Account;

const CHECK: &str = "Approval guard";

pub(super) fn line(facts: &Facts) -> Line {
    let guard = match &facts.guard {
        Err(why) => return Line::not_checked(CHECK, why),
        Ok(guard) => guard,
    };
    let controller = facts.controller.as_ref().ok().and_then(Option::as_ref);
    let helm = guard.helm.as_deref().or_else(|| controller.and_then(|found| found.helm.as_deref()));
    if !guard.in_force {
        let message = format!("not in force, so no approval is honoured: {}", checks::lacks(guard));
        return Line::failed(CHECK, message, helm.unwrap_or_else(|| checks::remedy(guard)));
    }
    let Some(named) = &guard.account else { return Line::ok(CHECK, "in force") };
    let Some(found) = controller else {
        return match named.elsewhere(&facts.own) {
            Some(why) => {
                let remedy = format!("kubectl trimtab doctor --trimtab-namespace {}", named.namespace);
                Line::warning(CHECK, format!("in force, but not for this namespace: {why}"), remedy)
            }
            None => Line::ok(CHECK, "in force"),
        };
    };
    let runs = Account { namespace: facts.own.clone(), name: found.account.clone() };
    if *named == runs {
        return Line::ok(CHECK, "in force");
    }
    let message = format!(
        "it names {named}, and Deployment {}/{DEPLOYMENT} runs as {runs}, so no approval is honoured",
        facts.own
    );
    let by_hand = format!("name {runs} in policies/approval.yaml, and then {}", checks::APPLY_POLICIES);
    Line::failed(CHECK, message, helm.unwrap_or(&by_hand))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        doctor::{Status, tests::facts},
        health::Guard,
    };

    /// The guard for an account of this namespace, if it is in force.
    fn guard(namespace: &str) -> Guard {
        let account = Some(Account { namespace: namespace.to_owned(), name: "trimtab".to_owned() });
        Guard { account, ..Guard::in_force() }
    }

    #[test]
    fn a_guard_for_another_account_than_that_of_the_controller_is_no_guard() {
        let mut facts = facts();
        facts.guard = Ok(guard("trimtab-system"));
        assert_eq!(line(&facts), Line::ok(CHECK, "in force"));
        facts.own = "tools".to_owned();
        let found = line(&facts);
        assert_eq!(found.status, Status::Failed);
        let says = "it names system:serviceaccount:trimtab-system:trimtab, and Deployment tools/trimtab runs as \
                    system:serviceaccount:tools:trimtab";
        assert!(found.message.starts_with(says), "{found:?}");
        let remedy = found.remedy.unwrap_or_default();
        assert!(remedy.starts_with("name system:serviceaccount:tools:trimtab in policies/approval.yaml"), "{remedy}");
    }

    #[test]
    fn what_helm_installed_helm_mends() {
        let mut facts = facts();
        let helm = Some("helm upgrade sizer CHART".to_owned());
        facts.guard = Ok(Guard { helm: helm.clone(), ..guard("tools") });
        assert_eq!(line(&facts).remedy, helm);
        facts.guard = Ok(Guard { helm: helm.clone(), ..Guard::lacking("it is altered", "apply it") });
        assert_eq!(line(&facts).remedy, helm);
    }

    #[test]
    fn where_no_controller_is_the_guard_shows_where_to_look() {
        let mut facts = facts();
        facts.controller = Ok(None);
        facts.guard = Ok(guard("tools"));
        let found = line(&facts);
        assert_eq!(found.status, Status::Warning);
        assert_eq!(found.remedy.as_deref(), Some("kubectl trimtab doctor --trimtab-namespace tools"));
        facts.guard = Ok(guard("trimtab-system"));
        assert_eq!(line(&facts).status, Status::Ok);
    }
}
