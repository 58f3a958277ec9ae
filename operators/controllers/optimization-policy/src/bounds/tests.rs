#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::testkit::annotations;

#[test]
fn the_stricter_mode_counts_and_an_unreadable_one_is_an_error() {
    let of = |text: &str| if text.is_empty() { annotations(&[]) } else { annotations(&[(MODE_ANNOTATION, text)]) };
    for (workload, namespace, expected) in [
        ("", "", Some(Mode::Apply)),
        ("Apply", "Recommend", Some(Mode::Recommend)),
        ("Off", "Apply", Some(Mode::Off)),
        ("Apply", "Off", Some(Mode::Off)),
        ("", "Recommend", Some(Mode::Recommend)),
        ("off", "", None),
        ("Apply", "nope", None),
    ] {
        assert_eq!(mode(&of(workload), &of(namespace)).ok(), expected, "{workload:?} {namespace:?}");
    }
}

#[test]
fn bounds_are_narrowed_never_widened() {
    let mut rules = SizingRules::default();
    rules.cpu.min_millicores = 100;
    rules.cpu.max_millicores = Some(1000);
    for (pairs, expected) in [
        (vec![], (100, Some(1000))),
        (vec![(MIN_CPU_ANNOTATION, "200m"), (MAX_CPU_ANNOTATION, "500m")], (200, Some(500))),
        (vec![(MIN_CPU_ANNOTATION, "10m"), (MAX_CPU_ANNOTATION, "8")], (100, Some(1000))),
        (vec![(MIN_CPU_ANNOTATION, "150m, app=300m")], (300, Some(1000))),
        (vec![(MIN_CPU_ANNOTATION, "app=300m,150m,other=400m")], (300, Some(1000))),
        (vec![(MIN_CPU_ANNOTATION, "other = 300m")], (100, Some(1000))),
    ] {
        let narrowed = narrowed(&rules, &annotations(&pairs), "app").unwrap();
        assert_eq!((narrowed.cpu.min_millicores, narrowed.cpu.max_millicores), expected, "{pairs:?}");
    }
}

#[test]
fn an_annotation_that_makes_no_sense_says_so() {
    for (key, value) in [
        (MIN_CPU_ANNOTATION, ""),
        (MIN_CPU_ANNOTATION, "lots"),
        (MIN_CPU_ANNOTATION, "0,5"),
        (MAX_CPU_ANNOTATION, "-1"),
        (MAX_CPU_ANNOTATION, "512Mi"),
        (MIN_MEMORY_ANNOTATION, "512m"),
        (MIN_MEMORY_ANNOTATION, "512"),
        (MAX_MEMORY_ANNOTATION, "app="),
        (MAX_MEMORY_ANNOTATION, "1Gi,,"),
        (MAX_MEMORY_ANNOTATION, "other=much"),
    ] {
        let error = narrowed(&SizingRules::default(), &annotations(&[(key, value)]), "app").unwrap_err();
        assert!(error.to_string().starts_with(&format!("annotation {key}: {value:?} is not an amount of")), "{error}");
    }
    let long = "x".repeat(10_000);
    let error = narrowed(&SizingRules::default(), &annotations(&[(MIN_CPU_ANNOTATION, &long)]), "app").unwrap_err();
    assert!(error.to_string().len() < 250);
}
