//! What Trimtab may do with a workload, as set by an annotation on the workload or on its namespace.
//!
//! In: the value of an annotation. Out: a [`Mode`]. Pure.

/// What Trimtab may do with a workload. A stricter mode is a smaller value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// The workload is ignored.
    Off,
    /// Changes are proposed but not applied.
    Recommend,
    /// Approved changes are applied.
    Apply,
}

impl Mode {
    /// Parses the annotation [`MODE_ANNOTATION`](crate::names::MODE_ANNOTATION). Without the annotation, the policy
    /// alone decides. Returns `None` for an unknown value, because it may be meant to exclude the workload.
    pub fn said(annotation: Option<&str>) -> Option<Self> {
        match annotation {
            None | Some("Apply") => Some(Self::Apply),
            Some("Recommend") => Some(Self::Recommend),
            Some("Off") => Some(Self::Off),
            Some(_) => None,
        }
    }
}
