//! The checks of `doctor`. In: what was read. Out: a line each. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use trimtab_api::{OptimizationPolicy, conditions::types};
use trimtab_core::text::{first_of, verb};

use super::{
    Facts, Line, NAMED,
    controller::DEPLOYMENT,
    rights::{self, Feature, Needed},
};
use crate::{
    health::{self, APPLY_CRDS, Crds, Guard, Read},
    words,
};

pub(super) const SERVER: &str = "API server";
const CRDS: &str = "CRDs";
const REQUESTER: &str = "Requester policy";
const SIZES: &str = "Sizes policy";
const USAGE: &str = "Usage source";
const LEADER: &str = "Leader";
const VERSION: &str = "Version";

/// What applies the admission policies.
pub(super) const APPLY_POLICIES: &str = "kubectl apply --server-side --force-conflicts -f policies/";

/// The policy was left behind when the feature was taken away.
const OUTLIVED: &str = "in force, though the feature admission is off: new pods still get the sizes in AppliedSizes, \
                        and Trimtab does not see that they do";
const DELETE_SIZES: &str = "kubectl delete mutatingadmissionpolicybinding,mutatingadmissionpolicy trimtab-sizes, or \
                            features.admission: true in the values of the chart";

pub(super) fn crds(crds: &Read<Crds>) -> Line {
    match crds {
        Err(why) => Line::not_checked(CRDS, why),
        Ok(Crds { current: true, accept: Some(accept), .. }) => {
            let message = format!("the API server accepts or refuses something else than this release does: {accept}");
            Line::warning(CRDS, message, APPLY_CRDS)
        }
        Ok(Crds { current: true, .. }) => {
            Line::ok(CRDS, concat!("as trimtab ", env!("CARGO_PKG_VERSION"), " needs them"))
        }
        Ok(Crds { lack, .. }) => Line::failed(CRDS, lack.as_deref().unwrap_or("they are altered"), APPLY_CRDS),
    }
}

/// The line of something that was compared with the release of the `plugin`. Where the controller is of another release, it
/// may need what is there, and what the plugin says to do may take that away.
pub(super) fn compared(line: Line, facts: &Facts, plugin: &str) -> Line {
    let controller = facts.controller.as_ref().ok().and_then(Option::as_ref);
    let other = controller.and_then(|found| found.version.as_deref()).filter(|version| *version != plugin);
    let Some((version, remedy)) = other.zip(line.remedy.as_deref()) else { return line };
    let remedy =
        format!("{}, since this one compares with {plugin}; if it says the same: {remedy}", use_plugin_of(version));
    Line { remedy: Some(remedy), ..line }
}

fn use_plugin_of(version: &str) -> String {
    format!("use the plugin of release {version}")
}

pub(super) fn lacks(guard: &Guard) -> &str {
    guard.lacks.as_deref().unwrap_or("it is altered")
}

pub(super) fn remedy(guard: &Guard) -> &str {
    guard.remedy.as_deref().unwrap_or(APPLY_POLICIES)
}

/// Without it the guard still sees to it that nobody names somebody else.
pub(super) fn requester(facts: &Facts) -> Line {
    let free = "people may set the annotation trimtab.dev/requested-by themselves, to their own name only";
    match (&facts.has_mutating, &facts.requester) {
        (Err(why), _) | (Ok(true), Err(why)) => Line::not_checked(REQUESTER, why),
        (Ok(false), _) => Line::not_checked(REQUESTER, format!("not available before Kubernetes 1.36: {free}")),
        (Ok(true), Ok(Guard { in_force: true, .. })) => Line::ok(REQUESTER, "in force"),
        (Ok(true), Ok(found)) => {
            Line::warning(REQUESTER, format!("not in force, so {free}: {}", lacks(found)), remedy(found))
        }
    }
}

/// Without it changes are still made, and made permanent by other means, unless a policy asks for this one.
pub(super) fn sizes(facts: &Facts) -> Line {
    let policies = facts.policies.as_deref().unwrap_or_default();
    let asked = Feature::Admission.asked_by(policies);
    let (message, todo) = match (&facts.has_mutating, &facts.sizes) {
        (Err(why), _) | (Ok(true), Err(why)) => return Line::not_checked(SIZES, why),
        (Ok(true), Ok(Guard { in_force: true, .. })) => {
            if asked.is_empty() && is_off(facts, Feature::Admission) {
                return Line::warning(SIZES, OUTLIVED, DELETE_SIZES);
            }
            return Line::ok(SIZES, "in force");
        }
        (Ok(false), _) => {
            let message = "not available before Kubernetes 1.36: delivery Admission is not possible";
            if asked.is_empty() {
                return Line::not_checked(SIZES, message);
            }
            (message.to_owned(), "set delivery.mode of these policies to Auto or Template".to_owned())
        }
        (Ok(true), Ok(found)) => {
            let message = format!("not in force, so new pods do not get their sizes by admission: {}", lacks(found));
            if asked.is_empty() && is_off(facts, Feature::Admission) {
                return Line::ok(SIZES, format!("off, with the feature admission: {}", lacks(found)));
            }
            (message, remedy(found).to_owned())
        }
    };
    match asked.as_slice() {
        [] => Line::warning(SIZES, message, todo),
        asked => Line::failed(SIZES, format!("{message}, which {} for", asking(asked)), todo),
    }
}

/// `a, b ask`, `a asks`.
fn asking(policies: &[&str]) -> String {
    format!("{} {}", policies.join(", "), verb(policies.len(), "asks", "ask"))
}

fn missing_of(missing: &[Needed], feature: Feature) -> Vec<&Needed> {
    missing.iter().filter(|needed| needed.feature == feature).collect()
}

fn count_of(feature: Feature) -> usize {
    rights::needed().iter().filter(|needed| needed.feature == feature).count()
}

/// Whether a feature has none of its permissions, as where the role of it is left out.
fn is_off(facts: &Facts, feature: Feature) -> bool {
    facts.missing.as_ref().is_ok_and(|missing| missing_of(missing, feature).len() == count_of(feature))
}

pub(super) fn rights(facts: &Facts, feature: Feature) -> Line {
    let check = format!("Rights: {}", feature.as_str());
    let missing = match &facts.missing {
        Err(why) => return Line::not_checked(&check, why),
        Ok(missing) => missing_of(missing, feature),
    };
    if missing.is_empty() {
        return Line::ok(&check, "all are granted");
    }
    let policies = facts.policies.as_deref().unwrap_or_default();
    let asked = if feature == Feature::Recommend { Vec::new() } else { feature.asked_by(policies) };
    let list = rights::text(&missing, &facts.own);
    let waiting = feature.needed_by(facts.recommendations.as_deref().unwrap_or_default());
    let is_asked = !asked.is_empty() || !waiting.is_empty();
    if feature != Feature::Recommend && missing.len() == count_of(feature) && !is_asked {
        return Line::ok(&check, format!("off: {}, which takes {list}", feature.without()));
    }
    let asked = if asked.is_empty() { String::new() } else { format!(", which {} for", asking(&asked)) };
    let waiting = match waiting.len() {
        0 => String::new(),
        n => format!(
            ", which {} of {} {}",
            verb(n, "the rollout", "the rollouts"),
            first_of(&waiting, NAMED),
            verb(n, "needs", "need")
        ),
    };
    let remedy = format!(
        "kubectl apply --server-side --force-conflicts -f deploy/rbac.yaml, or features.{}: true in the values of the \
         chart",
        feature.as_str()
    );
    Line::failed(&check, format!("{}{asked}{waiting}: missing {list}", feature.without()), remedy)
}

/// The usage source, as the policies have found it.
pub(super) fn usage(policies: &Read<Vec<OptimizationPolicy>>) -> Line {
    let working: Vec<&OptimizationPolicy> = match policies {
        Err(why) => return Line::not_checked(USAGE, why),
        Ok(all) => all.iter().filter(|policy| !policy.spec.suspend).collect(),
    };
    if working.is_empty() {
        return Line::not_checked(USAGE, "no policy reads usage: there is none, or all are suspended");
    }
    let (mut failed, mut open, mut sources) = (Vec::new(), Vec::new(), BTreeSet::new());
    for policy in &working {
        let name = policy.metadata.name.as_deref().unwrap_or_default();
        let said = |c: &Condition| format!("{name}: {}: {}", c.reason, c.message);
        match condition(policy, types::METRICS_AVAILABLE) {
            Some(c) if c.status == "True" => {
                sources.extend(policy.status.as_ref().and_then(|status| status.metrics_source.as_deref()));
            }
            Some(c) if c.status == "False" => failed.push(said(c)),
            Some(c) => open.push(said(c)),
            None => match condition(policy, types::READY) {
                Some(c) => open.push(said(c)),
                None => open.push(format!("{name} has no status yet")),
            },
        }
        open.extend(condition(policy, types::METRICS_AMBIGUOUS).filter(|c| c.status == "True").map(said));
    }
    let remedy = format!(
        "kubectl trimtab scan --prometheus URL shows whether a server has usage; the controller has the address in \
         TRIMTAB_PROMETHEUS_URL of deployment/{DEPLOYMENT}"
    );
    if !failed.is_empty() {
        return Line::failed(USAGE, few(&[failed, open].concat()), remedy);
    }
    if !open.is_empty() {
        return Line::warning(USAGE, few(&open), remedy);
    }
    let (n, are) = (working.len(), verb(sources.len(), "is", "are"));
    let sources = sources.into_iter().collect::<Vec<_>>().join(" and ");
    Line::ok(USAGE, format!("{sources} {are} fresh for {n} {}", verb(n, "policy", "policies")))
}

/// The first of these sentences and the number of the others: each of hundreds of policies may say the same.
fn few(said: &[String]) -> String {
    let shown = said.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    match said.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

fn condition<'p>(policy: &'p OptimizationPolicy, kind: &str) -> Option<&'p Condition> {
    policy.status.as_ref()?.conditions.iter().find(|c| c.type_ == kind)
}

/// Who leads, by the Lease.
pub(super) fn leader(facts: &Facts, now: Timestamp) -> Line {
    let operator = match &facts.operator {
        Err(why) => return Line::not_checked(LEADER, why),
        Ok(operator) => operator,
    };
    let remedy = format!("kubectl get pods -n {} -l app.kubernetes.io/name=trimtab", facts.own);
    match (health::absence(operator, now), operator.holder()) {
        (Some(absence), _) if absence.is_certain => Line::failed(LEADER, absence.text, remedy),
        (Some(absence), _) => Line::warning(LEADER, absence.text, remedy),
        (None, Some(o)) => {
            Line::ok(LEADER, format!("{} leads, renewed {} ago", o.holder, words::since(o.renewed, now)))
        }
        (None, None) => Line::not_checked(LEADER, "nothing is known of it"),
    }
}

/// Whether this plugin and the controller are of one release; `plugin` is the version of the plugin.
pub(super) fn version(facts: &Facts, plugin: &str) -> Line {
    let controller = match &facts.controller {
        Err(why) => return Line::not_checked(VERSION, why),
        Ok(None) => {
            return Line::not_checked(VERSION, format!("there is no Deployment {}/{DEPLOYMENT}", facts.own));
        }
        Ok(Some(controller)) => controller,
    };
    match &controller.version {
        None => Line::not_checked(VERSION, format!("the image {:?} names no version", controller.image)),
        Some(version) if version == plugin => Line::ok(VERSION, format!("plugin and controller are {plugin}")),
        Some(version) => Line::warning(
            VERSION,
            format!("the controller is {version}, and this plugin {plugin}: they may judge differently"),
            use_plugin_of(version),
        ),
    }
}
