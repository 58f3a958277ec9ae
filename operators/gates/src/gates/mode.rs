//! Whether the mode annotations of the workload and its namespace allow the change.

use trimtab_api::mode::Mode;

use trimtab_rollout::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    input::{Input, Surroundings},
    mode::mode,
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Mode",
    reasons: &[
        Reason {
            word: "OptedOut",
            when: "the workload or its namespace says `trimtab.dev/mode: Off`",
            opens: "taking the annotation off, or `Apply`",
        },
        Reason {
            word: "RecommendOnly",
            when: "the workload or its namespace says `trimtab.dev/mode: Recommend`",
            opens: "taking the annotation off, or `Apply`",
        },
        Reason {
            word: "InvalidAnnotation",
            when: "`trimtab.dev/mode` says none of `Off`, `Recommend` and `Apply`",
            opens: "fixing the annotation",
        },
    ],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let (workload, namespace) = (input.workload?, input.namespace?);
    let place = |on_namespace: bool| {
        if on_namespace { format!("namespace {}", namespace.name) } else { input.target_name() }
    };
    match mode(&workload.annotations, &namespace.annotations) {
        Ok((Mode::Apply, _)) => None,
        Ok((Mode::Recommend, around)) => blocked(
            "RecommendOnly",
            format!("{} says trimtab.dev/mode: Recommend: set it to Apply to have changes applied", place(around)),
        ),
        Ok((Mode::Off, around)) => {
            blocked("OptedOut", format!("{} says trimtab.dev/mode: Off and is left alone", place(around)))
        }
        Err(unreadable) => blocked(
            "InvalidAnnotation",
            format!(
                "trimtab.dev/mode of {} is {:?}: write Off, Recommend or Apply",
                place(unreadable.on_namespace),
                unreadable.value
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked, labels};

    #[test]
    fn closed_unless_both_let_changes_be_applied() {
        for (workload, namespace, expected) in [
            (None, None, None),
            (Some("Apply"), Some("Apply"), None),
            (Some("Recommend"), None, Some(("RecommendOnly", "Deployment web says"))),
            (Some("Apply"), Some("Off"), Some(("OptedOut", "namespace shop says"))),
            (Some("off"), None, Some(("InvalidAnnotation", "of Deployment web is \"off\""))),
            (None, Some("Yes"), Some(("InvalidAnnotation", "of namespace shop is \"Yes\""))),
        ] {
            let mut scene = Scene::new();
            let said = |v: Option<&'static str>| labels(v.map(|v| ("trimtab.dev/mode", v)).as_slice());
            scene.workload.annotations = said(workload);
            scene.namespace.annotations = said(namespace);
            let found = asked(&GATE, &scene);
            assert_eq!(found.as_ref().map(|f| &*f.0), expected.map(|e| e.0), "{workload:?} {namespace:?}");
            if let (Some((_, message)), Some((_, part))) = (found, expected) {
                assert!(message.contains(part), "{message}");
            }
        }
    }
}
