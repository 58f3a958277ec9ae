//! What every error can say about itself: who has to act, its severity, its one-word reason, and what to do.
//!
//! In: an error enum of any crate. Out: labels for metrics, reasons for conditions and events, text for people.

/// Who has to act after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A person has to change something (a spec, a permission, an owner). Retrying alone will not help.
    User,
    /// The system failed (network, overload, a stale read). Retrying may help.
    System,
}

impl Class {
    /// The value of the `class` label: `user` or `system`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::System => "system",
        }
    }
}

/// How bad an error is for the people who run the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Expected in normal operation, for example a namespace that is deleted during a pass.
    Info,
    /// One object is not processed, or processed late.
    Warning,
    /// A whole controller or dependency does not work.
    Error,
}

impl Severity {
    /// The value of the `severity` label: `info`, `warning` or `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Implemented by the error enums of every step, so that one piece of code counts, logs and shows them.
pub trait Explain: std::error::Error {
    /// Who has to act.
    fn class(&self) -> Class;

    /// How bad it is. One object is affected unless an implementation says otherwise.
    fn severity(&self) -> Severity {
        Severity::Warning
    }

    /// A CamelCase word, stable across releases: it becomes the `reason` of a condition or event.
    fn reason(&self) -> &'static str;

    /// One or two sentences for the person who reads the condition.
    fn what_to_do(&self) -> String;

    /// The error and its causes in one line, outermost first, without repetition.
    fn chain(&self) -> String
    where
        Self: Sized,
    {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(err) = cause {
            let part = err.to_string();
            // Many errors repeat their source in their own text.
            if !text.contains(&part) {
                text.push_str(": ");
                text.push_str(&part);
            }
            cause = err.source();
        }
        text
    }
}
