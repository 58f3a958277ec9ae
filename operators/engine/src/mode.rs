//! The mode annotation of a workload and its namespace: how far Trimtab may go.
//!
//! In: the values of the annotation. Out: the stricter mode of the two. No annotation means nothing stricter than the
//! policy.

use trimtab_api::mode::Mode;
use trimtab_core::text::cut;

/// How much of an unreadable annotation is shown.
const MAX_SHOWN: usize = 64;

/// An annotation whose value is none of the three modes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableMode {
    /// Whether it is on the namespace, rather than on the workload.
    pub on_namespace: bool,
    /// Its value.
    pub value: String,
}

/// The mode of one object.
fn said(annotation: Option<&str>, on_namespace: bool) -> Result<Mode, UnreadableMode> {
    let unreadable = || UnreadableMode { on_namespace, value: cut(annotation.unwrap_or_default(), MAX_SHOWN) };
    Mode::said(annotation).ok_or_else(unreadable)
}

/// The stricter mode of the workload and its namespace, and whether it comes from the namespace. `workload` and
/// `namespace`: the values of their annotations [`trimtab_api::names::MODE_ANNOTATION`], if they have one.
///
/// # Errors
/// If an annotation is none of the three modes: an unreadable request to be left alone must not be ignored.
pub fn mode(workload: Option<&str>, namespace: Option<&str>) -> Result<(Mode, bool), UnreadableMode> {
    let (own, around) = (said(workload, false)?, said(namespace, true)?);
    Ok((own.min(around), around < own))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_stricter_counts() {
        use Mode::{Apply, Off, Recommend};
        for (workload, namespace, expected) in [
            (None, None, (Apply, false)),
            (Some("Apply"), None, (Apply, false)),
            (None, Some("Recommend"), (Recommend, true)),
            (Some("Apply"), Some("Recommend"), (Recommend, true)),
            (Some("Recommend"), Some("Apply"), (Recommend, false)),
            (Some("Recommend"), Some("Recommend"), (Recommend, false)),
            (Some("Off"), Some("Recommend"), (Off, false)),
            (Some("Apply"), Some("Off"), (Off, true)),
        ] {
            assert_eq!(mode(workload, namespace).unwrap(), expected, "{workload:?} {namespace:?}");
        }
        let unreadable = mode(Some("off"), None).unwrap_err();
        assert_eq!(unreadable, UnreadableMode { on_namespace: false, value: "off".to_owned() });
        assert!(mode(Some("Off"), Some("")).unwrap_err().on_namespace);
    }
}
