//! How far Trimtab may go with a workload, as an annotation on it or on its namespace says.
//!
//! In: what annotations say. Out: a [`Mode`]. Pure.

/// How far Trimtab may go. The stricter is the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// The workload is left alone.
    Off,
    /// Changes are proposed and not carried out.
    Recommend,
    /// Approved changes are carried out.
    Apply,
}

impl Mode {
    /// What the annotation [`MODE_ANNOTATION`](crate::names::MODE_ANNOTATION) says; where there is none, nothing stricter than
    /// the policy is asked for. `None` for a word that is none of the three: it may be a wish to be left alone.
    pub fn said(annotation: Option<&str>) -> Option<Self> {
        match annotation {
            None | Some("Apply") => Some(Self::Apply),
            Some("Recommend") => Some(Self::Recommend),
            Some("Off") => Some(Self::Off),
            Some(_) => None,
        }
    }
}
