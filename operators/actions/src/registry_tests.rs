use std::collections::BTreeSet;

use trimtab_api::risk::RiskLevel::{self, Critical, High, Low, Medium};

use super::{all, named, on_by_default};
use crate::{
    action::{Action, LONGEST_HOURS, OLDEST_SERVER, Scope, Shape, Standing, Targets, Undo},
    kinds::Kind,
    request::{Purpose, Receiver, Request},
    right::{On, Right, Verb},
};

/// What the catalogue says, transcribed by hand: name, undo (Y exact, P partial, H none and harmless, N none, - nothing),
/// risk floor and highest risk, most hours if temporary, on by default.
#[rustfmt::skip]
const CATALOGUE: [(&str, char, RiskLevel, RiskLevel, u8, bool); 52] = [
    ("ScaleWorkload", 'Y', Low, High, 0, true),
    ("RestartWorkload", 'H', Medium, Medium, 0, true),
    ("RollbackWorkload", 'Y', Medium, Medium, 0, true),
    ("PauseRollout", 'Y', Low, Low, 0, true),
    ("ResumeRollout", 'Y', Low, Low, 0, true),
    ("UnstickStatefulSet", 'N', High, High, 0, true),
    ("AbortRollout", 'Y', Medium, Medium, 0, true),
    ("EvictPod", 'H', Low, Low, 0, true),
    ("DeletePod", 'N', High, Critical, 0, true),
    ("IsolatePod", 'Y', Medium, Medium, 0, true),
    ("SetResources", 'Y', Medium, Medium, 0, true),
    ("ResizePods", 'Y', Medium, Medium, 0, true),
    ("SetImage", 'Y', High, High, 0, true),
    ("SetEnvironment", 'Y', High, High, 0, true),
    ("SetProbe", 'Y', Medium, Medium, 0, true),
    ("PatchHorizontalPodAutoscaler", 'Y', Medium, Medium, 24, true),
    ("RelaxPodDisruptionBudget", 'Y', High, High, 24, true),
    ("RaiseQuota", 'Y', High, High, 24, true),
    ("RerunJob", 'P', Low, Low, 0, true),
    ("SuspendCronJob", 'Y', Low, Low, 0, true),
    ("ResumeCronJob", 'Y', Low, Low, 0, true),
    ("TriggerCronJob", 'P', Low, Low, 0, true),
    ("SetConfigMapKey", 'Y', High, High, 0, true),
    ("RestoreObject", 'Y', High, High, 0, true),
    ("RefreshPullSecret", 'Y', High, High, 0, false),
    ("RestoreRoleBinding", 'Y', High, High, 0, false),
    ("RemoveFinalizer", 'N', Critical, Critical, 0, false),
    ("SetWebhookFailurePolicy", 'Y', Critical, Critical, 24, false),
    ("PatchCustomResource", 'Y', High, High, 0, false),
    ("CordonNode", 'Y', Low, Low, 0, true),
    ("UncordonNode", 'Y', Medium, Medium, 0, true),
    ("DrainNode", 'P', High, High, 0, true),
    ("TaintNode", 'Y', Medium, High, 0, true),
    ("UntaintNode", 'Y', High, High, 0, true),
    ("MarkOutOfService", 'Y', Critical, Critical, 0, false),
    ("RequestNodeRemediation", 'P', Critical, Critical, 0, false),
    ("LabelNode", 'Y', Medium, Medium, 0, true),
    ("ExpandVolume", 'N', Medium, Medium, 0, true),
    ("SnapshotVolume", 'Y', Low, Low, 0, true),
    ("RecreateVolumeClaim", 'P', Critical, Critical, 0, false),
    ("DeleteOrphanedVolumeClaim", 'P', High, High, 0, false),
    ("PatchNetworkPolicy", 'Y', High, High, 0, true),
    ("RemoveNetworkPolicy", 'Y', High, High, 0, true),
    ("PatchServiceSelector", 'Y', Medium, Medium, 0, true),
    ("PatchServicePort", 'Y', Medium, Medium, 0, true),
    ("PatchIngressBackend", 'Y', Medium, Medium, 0, true),
    ("RenewCertificate", 'H', Medium, Medium, 0, true),
    ("SuspendGitOps", 'Y', High, High, 4, true),
    ("ReconcileGitOps", '-', Low, Low, 0, true),
    ("SilenceAlert", 'Y', Low, Low, 0, true),
    ("CollectDiagnostics", '-', Low, Low, 0, true),
    ("Notify", '-', Low, Low, 0, true),
];

#[test]
fn the_registry_says_what_the_catalogue_says() {
    let letter = |undo: Undo| match undo {
        Undo::Exact(_) => 'Y',
        Undo::Partial(_) => 'P',
        Undo::None { harmless: true } => 'H',
        Undo::None { harmless: false } => 'N',
        Undo::Nothing => '-',
    };
    for (name, undo, floor, highest, hours, is_on) in CATALOGUE {
        let action = named(name).unwrap_or_else(|| panic!("no {name}"));
        let found =
            (letter(action.undo), action.risk.floor, action.risk.highest(), action.temporary_hours.unwrap_or(0));
        assert_eq!(found, (undo, floor, highest, hours), "{name}");
        assert_eq!(action.is_on_by_default(), is_on, "{name}");
    }
    assert_eq!(all().count(), CATALOGUE.len());
    assert_eq!(on_by_default().count(), CATALOGUE.iter().filter(|row| row.5).count());
    assert!(named("scaleWorkload").is_none() && named("").is_none());
}

/// Whether a text is a word in CamelCase.
fn is_camel(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(|c| c.is_ascii_alphanumeric())
}

#[test]
fn names_are_unique_words() {
    let names: BTreeSet<&str> = all().map(|action| action.name).collect();
    assert_eq!(names.len(), all().count());
    for action in all() {
        let reasons: BTreeSet<&str> = action.risk.cases.iter().map(|case| case.reason).collect();
        let params: BTreeSet<&str> = action.params.iter().map(|param| param.name).collect();
        assert_eq!((reasons.len(), params.len()), (action.risk.cases.len(), action.params.len()), "{}", action.name);
        assert!(is_camel(action.name) && reasons.into_iter().all(is_camel), "{}", action.name);
        for name in params {
            let is_one = name.starts_with(|c: char| c.is_ascii_lowercase());
            assert!(is_one && name.chars().all(|c| c.is_ascii_alphanumeric()), "{}: {name}", action.name);
        }
        let member = action.member();
        assert_eq!(member.is_some(), !action.params.is_empty(), "{}", action.name);
        assert!(member.is_none_or(|member| member.eq_ignore_ascii_case(action.name)), "{}", action.name);
    }
}

#[test]
fn files_of_one_family_follow_each_other() {
    let mut families: Vec<_> = all().map(|action| action.family).collect();
    families.dedup();
    let distinct: BTreeSet<_> = families.iter().copied().collect();
    assert_eq!(families.len(), distinct.len(), "{families:?}");
}

#[test]
fn every_text_is_a_sentence() {
    for action in all() {
        let mut texts = vec![action.summary, action.outcome];
        texts.extend(action.preconditions);
        texts.extend(match action.undo {
            Undo::Exact(how) | Undo::Partial(how) => Some(how),
            Undo::None { .. } | Undo::Nothing => None,
        });
        texts.extend(match action.standing {
            Standing::On => None,
            Standing::OnDespite(why) | Standing::Off(why) => Some(why),
        });
        for text in texts {
            let begins = text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '.');
            assert!(begins && text.ends_with('.') && text.len() > 10, "{}: {text:?}", action.name);
            assert!(!text.contains("  ") && !text.contains('\n'), "{}: {text:?}", action.name);
        }
        assert!(!action.preconditions.is_empty(), "{} starts whatever the state is", action.name);
        for request in action.requests {
            assert!(request.what.len() > 4 && !request.what.ends_with('.'), "{}: {}", action.name, request.what);
        }
    }
}

#[test]
fn versions_are_those_that_exist() {
    for action in all() {
        assert!((OLDEST_SERVER..=40).contains(&action.least_server), "{}", action.name);
        assert!(action.version >= 1, "{}", action.name);
    }
}

#[test]
fn what_is_critical_is_off_or_says_why_it_is_not() {
    for action in all() {
        let is_critical = action.risk.highest() == Critical;
        match action.standing {
            Standing::On => assert!(!is_critical, "{}", action.name),
            Standing::OnDespite(_) => assert!(is_critical && action.risk.floor < Critical, "{}", action.name),
            Standing::Off(_) => assert!(action.risk.floor >= High, "{} is off, and not risky", action.name),
        }
        let cases = action.risk.cases.iter();
        assert!(
            cases.into_iter().all(|case| case.level > action.risk.floor),
            "{}: a case below its floor",
            action.name
        );
    }
}

#[test]
fn what_is_temporary_ends_within_a_day_and_exactly() {
    for action in all().filter(|action| action.temporary_hours.is_some()) {
        let hours = action.temporary_hours.unwrap_or(0);
        assert!((1..=LONGEST_HOURS).contains(&hours), "{}", action.name);
        assert!(matches!(action.undo, Undo::Exact(_)), "{}: nothing would end it", action.name);
    }
}

fn writes(action: &Action, purpose: Purpose) -> impl Iterator<Item = &Request> {
    action.requests.iter().filter(move |request| request.purpose == purpose)
}

#[test]
fn every_write_can_be_undone_or_the_registry_says_that_it_cannot() {
    for action in all() {
        assert!(action.requests.iter().all(|request| !request.verb.reads() && request.verb != Verb::Bind));
        assert!(writes(action, Purpose::Act).next().is_some(), "{} does nothing", action.name);
        let has_own = writes(action, Purpose::Undo).next().is_some();
        match action.undo {
            // Each object that is made is deleted, each that is deleted is made, and a patch is undone by a patch.
            Undo::Exact(_) => {
                for done in writes(action, Purpose::Act) {
                    let inverse = match done.verb {
                        Verb::Create => Verb::Delete,
                        Verb::Delete => Verb::Create,
                        _ => continue,
                    };
                    // Another server has a path for the whole and one for each.
                    let same = |undo: &&Request| match (undo.to, done.to) {
                        (Receiver::Other(_), Receiver::Other(_)) => true,
                        (a, b) => a == b,
                    };
                    let undone = writes(action, Purpose::Undo).filter(same).any(|undo| undo.verb == inverse);
                    assert!(undone, "{}: what undoes {done:?}?", action.name);
                }
            }
            Undo::Partial(_) => {}
            Undo::None { .. } | Undo::Nothing => assert!(!has_own, "{}", action.name),
        }
    }
}

#[test]
fn nothing_to_undo_is_only_what_nobody_depends_on() {
    let of = |undo: Undo| all().filter(move |action| action.undo == undo).map(|action| action.name).collect::<Vec<_>>();
    assert_eq!(of(Undo::Nothing), ["ReconcileGitOps", "CollectDiagnostics", "Notify"]);
    assert_eq!(of(Undo::None { harmless: true }), ["RestartWorkload", "EvictPod", "RenewCertificate"]);
}

/// The resources of a request of the Kubernetes API, each with its subresource.
fn resources(request: &Request) -> Vec<(&'static str, String)> {
    let Receiver::Api { group, resources, subresource } = request.to else { return Vec::new() };
    let of = |name: &&str| if subresource.is_empty() { (*name).to_owned() } else { format!("{name}/{subresource}") };
    resources.iter().map(|name| (group, of(name))).collect()
}

fn allows(right: &Right, verb: Verb, group: &str, name: &str) -> bool {
    right.verbs.contains(&verb)
        && match right.on {
            On::All { group: its, resources } => its == group && resources.contains(&name),
            On::Named { group: its, resource, .. } => its == group && resource == name,
            On::Chosen { .. } => false,
        }
}

#[test]
fn every_request_has_its_right_and_every_right_to_write_its_request() {
    for action in all() {
        for request in action.requests {
            for (group, name) in resources(request) {
                let is_allowed = action.rights.iter().any(|right| allows(right, request.verb, group, &name));
                assert!(is_allowed, "{}: no right to {:?} {name}", action.name, request.verb);
            }
            if let Receiver::Chosen { by, subresource } = request.to {
                let is_allowed = action
                    .rights
                    .iter()
                    .any(|right| right.verbs.contains(&request.verb) && right.on == On::Chosen { by, subresource });
                assert!(is_allowed, "{}: no right to {request:?}", action.name);
            }
        }
        for right in action.rights {
            for verb in right.verbs.iter().filter(|verb| !verb.reads() && **verb != Verb::Bind) {
                let is_sent = |group: &str, name: &str| {
                    let same = action.requests.iter().filter(|request| request.verb == *verb);
                    same.flat_map(resources).any(|(its, its_name)| its == group && its_name == name)
                };
                match right.on {
                    On::All { group, resources } => {
                        for name in resources {
                            assert!(is_sent(group, name), "{}: nobody sends {verb:?} {name}", action.name);
                        }
                    }
                    On::Named { group, resource, .. } => {
                        assert!(is_sent(group, resource), "{}: nobody sends {verb:?} {resource}", action.name);
                    }
                    On::Chosen { by, subresource } => {
                        let to = Receiver::Chosen { by, subresource };
                        let is_sent = action.requests.iter().any(|request| request.verb == *verb && request.to == to);
                        assert!(is_sent, "{}: nobody sends {verb:?} to {by:?}", action.name);
                    }
                }
            }
        }
    }
}

/// A right stands once: two rules with the same resource and verb would hide which of them is needed.
#[test]
fn no_right_stands_twice() {
    for action in all() {
        let mut seen = BTreeSet::new();
        for right in action.rights {
            assert!(!right.verbs.is_empty(), "{}", action.name);
            let On::All { group, resources } = right.on else { continue };
            for (name, verb) in resources.iter().flat_map(|name| right.verbs.iter().map(move |verb| (name, verb))) {
                assert!(seen.insert((group, *name, *verb)), "{}: {verb:?} {name} twice", action.name);
            }
        }
    }
}

#[test]
fn targets_fit_the_scope() {
    let of_cluster =
        |kind: &Kind| ["Node", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"].contains(&kind.kind);
    for action in all() {
        let kinds = action.targets.kinds();
        assert_eq!(kinds.is_empty(), action.targets == Targets::Chosen, "{}", action.name);
        assert!(kinds.iter().all(|kind| of_cluster(kind) == (action.scope == Scope::Cluster)), "{}", action.name);
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len(), "{}", action.name);
        for kind in kinds {
            assert!(!["Namespace", "CustomResourceDefinition", "PersistentVolume"].contains(&kind.kind));
            assert!(is_camel(kind.kind) && !kind.group.contains('/'), "{}: {kind:?}", action.name);
        }
    }
}

#[test]
fn words_to_choose_from_are_words() {
    for (action, param) in all().flat_map(|action| action.params.iter().map(move |param| (action, param))) {
        if let Shape::Choice(words) = param.shape {
            assert!(words.len() > 1 && words.iter().all(|word| is_camel(word)), "{}.{}", action.name, param.name);
        }
    }
}
