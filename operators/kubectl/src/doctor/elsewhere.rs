//! The check whether another namespace has a Trimtab too: each that runs decides on and changes the same workloads.
//!
//! In: the Deployments and Leases of all namespaces. Out: a line. Pure. A Deployment with 0 replicas runs nothing, but would if
//! somebody scaled it up; a live Lease shows one that runs, wherever its process is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::text::verb;

use super::{Facts, Line};
use crate::health::{Operator, Read};

const CHECK: &str = "Only Trimtab";

/// The Trimtabs of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The Deployments with Trimtab's label.
    pub deployments: Read<Vec<Labelled>>,
    /// Namespace and holder of each Lease with the name of Trimtab's.
    pub leaders: Read<Vec<(String, Operator)>>,
}

/// A Deployment with Trimtab's label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it asks for at least one replica.
    pub is_scaled_up: bool,
}

/// What a namespace has of a Trimtab.
#[derive(Default)]
struct Place<'a> {
    deployments: Vec<&'a Labelled>,
    leader: Option<&'a str>,
}

impl Place<'_> {
    /// Whether a process runs, or should.
    fn runs(&self) -> bool {
        self.leader.is_some() || self.deployments.iter().any(|deployment| deployment.is_scaled_up)
    }

    fn text(&self, namespace: &str) -> String {
        let deployments = self.deployments.iter().map(|deployment| {
            let none = if deployment.is_scaled_up { "" } else { " with 0 replicas" };
            format!("Deployment {}{none}", deployment.name)
        });
        let leader = self.leader.map(|holder| format!("{holder} leads"));
        format!("{namespace} ({})", deployments.chain(leader).collect::<Vec<_>>().join(", "))
    }

    /// What takes it away.
    fn removal(&self, namespace: &str) -> String {
        match (self.deployments.as_slice(), self.leader) {
            ([], Some(holder)) => format!("stop {holder} in namespace {namespace}"),
            (deployments, _) => {
                let names: Vec<&str> = deployments.iter().map(|deployment| deployment.name.as_str()).collect();
                format!("kubectl delete deployment -n {namespace} {}", names.join(" "))
            }
        }
    }
}

/// A Lease that has expired is what is left of a Trimtab.
pub(super) fn line(facts: &Facts, now: Timestamp) -> Line {
    let Installed { deployments, leaders } = &facts.installed;
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    for deployment in deployments.iter().flatten() {
        places.entry(&deployment.namespace).or_default().deployments.push(deployment);
    }
    for (namespace, operator) in leaders.iter().flatten().filter(|(_, operator)| operator.expires >= now) {
        places.entry(namespace).or_default().leader = Some(&operator.holder);
    }
    let own = facts.own.as_str();
    let others = || places.iter().filter(move |(namespace, _)| **namespace != own);
    if places.len() > 1 {
        let removals = others().map(|(namespace, place)| place.removal(namespace)).collect::<Vec<_>>().join(", ");
        let remedy = format!("keep one; to keep that in {own}: {removals}");
        let (running, asleep): (Vec<_>, Vec<_>) = places.iter().partition(|(_, place)| place.runs());
        let named = |some: &[(&&str, &Place)]| {
            some.iter().map(|(namespace, place)| place.text(namespace)).collect::<Vec<_>>().join(", ")
        };
        return match running.as_slice() {
            [] | [_] => {
                let it = verb(asleep.len(), "it", "one of them");
                let would = format!("{} would change the same workloads if {it} were scaled up", named(&asleep));
                let is_own = running.iter().all(|(namespace, _)| **namespace == own);
                let runs = if is_own { String::new() } else { format!("; the one that runs is {}", named(&running)) };
                Line::warning(CHECK, would + &runs, remedy)
            }
            several => {
                let all = named(several);
                let message =
                    format!("{} namespaces have a Trimtab, and each changes the same workloads: {all}", several.len());
                Line::failed(CHECK, message, remedy)
            }
        };
    }
    if let Some((namespace, place)) = others().next() {
        let remedy = format!("kubectl trimtab doctor --trimtab-namespace {namespace}");
        return Line::warning(CHECK, format!("it is not in namespace {own}, but in {}", place.text(namespace)), remedy);
    }
    let open: Vec<&str> =
        [deployments.as_ref().err(), leaders.as_ref().err()].into_iter().flatten().map(String::as_str).collect();
    if open.is_empty() {
        Line::ok(CHECK, "no other namespace has one")
    } else {
        Line::not_checked(CHECK, open.join("; "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        doctor::{Status, tests::facts},
        testkit::now,
    };

    fn place(namespace: &str, name: &str) -> Labelled {
        Labelled { namespace: namespace.to_owned(), name: name.to_owned(), is_scaled_up: true }
    }

    fn leader(namespace: &str, expires: &str) -> (String, Operator) {
        let renewed = "2026-11-21T11:59:57Z".parse().unwrap();
        (namespace.to_owned(), Operator { holder: "sizer-1".to_owned(), renewed, expires: expires.parse().unwrap() })
    }

    #[test]
    fn a_second_trimtab_is_told_by_its_deployment_or_by_its_lease() {
        let mut facts = facts();
        assert_eq!(line(&facts, now()), Line::ok(CHECK, "no other namespace has one"));
        facts.installed.leaders.as_mut().unwrap().push(leader("tools", "2026-11-21T11:00:00Z"));
        assert_eq!(line(&facts, now()).status, Status::Ok, "it ended long ago");
        facts.installed.leaders.as_mut().unwrap().push(leader("tools", "2026-11-21T12:00:10Z"));
        let found = line(&facts, now());
        let says = "2 namespaces have a Trimtab, and each changes the same workloads: tools (sizer-1 leads), trimtab-system \
                    (Deployment trimtab, trimtab-1 leads)";
        assert_eq!((found.status, found.message.as_str()), (Status::Failed, says));
        let remedy = "keep one; to keep that in trimtab-system: stop sizer-1 in namespace tools";
        assert_eq!(found.remedy.as_deref(), Some(remedy));
        facts.installed.deployments.as_mut().unwrap().push(place("tools", "sizer"));
        // Whoever may list only one of them is told as much.
        facts.installed.leaders = Err("may not list leases in all namespaces".to_owned());
        let found = line(&facts, now());
        assert_eq!(found.status, Status::Failed, "{found:?}");
        let remedy = "keep one; to keep that in trimtab-system: kubectl delete deployment -n tools sizer";
        assert_eq!(found.remedy.as_deref(), Some(remedy));
    }

    #[test]
    fn one_without_replicas_changes_nothing_until_it_is_scaled_up() {
        let mut facts = facts();
        let asleep = |namespace: &str, name: &str| Labelled { is_scaled_up: false, ..place(namespace, name) };
        facts.installed.deployments.as_mut().unwrap().push(asleep("tools", "sizer"));
        let found = line(&facts, now());
        let says = "tools (Deployment sizer with 0 replicas) would change the same workloads if it were scaled up";
        assert_eq!((found.status, found.message.as_str()), (Status::Warning, says));
        let remedy = "keep one; to keep that in trimtab-system: kubectl delete deployment -n tools sizer";
        assert_eq!(found.remedy.as_deref(), Some(remedy));
        // Its process runs, wherever that is.
        facts.installed.leaders.as_mut().unwrap().push(leader("tools", "2026-11-21T12:00:10Z"));
        let found = line(&facts, now());
        assert_eq!(found.status, Status::Failed);
        assert!(found.message.contains("tools (Deployment sizer with 0 replicas, sizer-1 leads), "), "{found:?}");
        // An own one without replicas beside one that runs.
        facts.installed.deployments = Ok(vec![place("tools", "sizer"), asleep("trimtab-system", "trimtab")]);
        facts.installed.leaders = Ok(Vec::new());
        let found = line(&facts, now());
        let says = "trimtab-system (Deployment trimtab with 0 replicas) would change the same workloads if it were scaled \
                    up; the one that runs is tools (Deployment sizer)";
        assert_eq!((found.status, found.message.as_str()), (Status::Warning, says));
        // Alone, as where the program runs outside of the cluster, it is no second one.
        facts.installed.deployments = Ok(vec![asleep("trimtab-system", "trimtab")]);
        assert_eq!(line(&facts, now()).status, Status::Ok);
    }

    #[test]
    fn what_may_not_be_listed_is_not_checked() {
        let mut facts = facts();
        facts.installed.deployments = Err("may not list deployments in all namespaces".to_owned());
        assert_eq!(line(&facts, now()), Line::not_checked(CHECK, "may not list deployments in all namespaces"));
        facts.installed.leaders = Err("may not list leases in all namespaces".to_owned());
        let both = "may not list deployments in all namespaces; may not list leases in all namespaces";
        assert_eq!(line(&facts, now()), Line::not_checked(CHECK, both));
    }

    #[test]
    fn one_in_another_namespace_is_shown() {
        let mut facts = facts();
        facts.installed = Installed { deployments: Ok(vec![place("tools", "sizer")]), leaders: Ok(Vec::new()) };
        let found = line(&facts, now());
        assert_eq!(found.message, "it is not in namespace trimtab-system, but in tools (Deployment sizer)");
        assert_eq!(found.remedy.as_deref(), Some("kubectl trimtab doctor --trimtab-namespace tools"));
        facts.installed.deployments = Ok(Vec::new());
        assert_eq!(line(&facts, now()).status, Status::Ok);
    }
}
