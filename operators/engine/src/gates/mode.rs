//! Whether the mode annotations of the workload and its namespace allow the change.

use trimtab_api::mode::Mode;

use crate::{
    gate::{Blocked, Gate, Reason, blocked},
    input::{Common, General},
    mode::mode,
};

/// The gate.
pub const fn gate<I: General>() -> Gate<I> {
    Gate {
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
        check: |input| check(&I::common(input)),
    }
}

fn check(common: &Common<'_>) -> Option<Blocked> {
    let (found, namespace) = (common.found?, common.namespace?);
    let place = |on_namespace: bool| {
        if on_namespace { format!("namespace {}", namespace.name) } else { common.target_name() }
    };
    match mode(found.mode, namespace.mode) {
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
    use crate::{
        input::{Around, Found},
        testkit::{Scene, asked},
    };

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
            scene.found = scene.found.map(|found| Found { mode: workload, ..found });
            scene.namespace = scene.namespace.map(|around| Around { mode: namespace, ..around });
            let found = asked(&gate(), &scene);
            assert_eq!(found.as_ref().map(|f| &*f.0), expected.map(|e| e.0), "{workload:?} {namespace:?}");
            if let (Some((_, message)), Some((_, part))) = (found, expected) {
                assert!(message.contains(part), "{message}");
            }
        }
    }
}
