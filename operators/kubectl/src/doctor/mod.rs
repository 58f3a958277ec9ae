//! `doctor`: whether an installation is as it should be, a line for each check, each with what to do.
//!
//! In: what was read of the cluster, and why the rest could not be. Out: lines, for people or as data, and an exit code.
//! Pure. What may not be read is not checked: that is no fault of the installation.

mod absent;
mod approvers;
mod checks;
mod controller;
mod elsewhere;
mod flags;
mod guard;
mod kinds;
mod metrics;
mod rights;
mod stuck;

use jiff::Timestamp;
use serde::Serialize;
use trimtab_api::{OptimizationPolicy, Recommendation};
use trimtab_core::text::count;

use crate::{
    health::{Crds, Guard, Lead, Read},
    paint::{Paint, Tint},
    table::{Cell, table},
};

pub use approvers::{APPROVE, Approvers, GROUPS};
pub use controller::{Controller, DEPLOYMENT};
pub use elsewhere::{Installed, Labelled};
pub use kinds::{NamedKind, VERBS, plural};
pub use metrics::{KINDS, Metrics, REVIEWS, Told};
pub use rights::{Feature, Needed, needed, of_secret};

/// The release of this plugin, with whose CRDs and policies those of the cluster are compared.
const PLUGIN: &str = env!("CARGO_PKG_VERSION");

/// How many objects of a kind a line names. Of more it says how many there are.
const NAMED: usize = 3;

/// Everything that is checked.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The version of the API server, and its address.
    pub server: String,
    /// Trimtab's namespace.
    pub own: String,
    /// The installed CRDs.
    pub crds: Read<Crds>,
    /// The approval guard.
    pub guard: Read<Guard>,
    /// Whether the server has policies that change requests.
    pub has_mutating: Read<bool>,
    /// The policy that records who proposes something.
    pub requester: Read<Guard>,
    /// The policy that gives new pods their sizes.
    pub sizes: Read<Guard>,
    /// The permissions that Trimtab's account lacks.
    pub missing: Read<Vec<Needed>>,
    /// The custom resources that the controller is told to size.
    pub kinds: Read<Vec<NamedKind>>,
    /// Who may approve.
    pub approvers: Approvers,
    /// All policies.
    pub policies: Read<Vec<OptimizationPolicy>>,
    /// All Recommendations.
    pub recommendations: Read<Vec<Recommendation>>,
    /// What leads to `/metrics`.
    pub metrics: Metrics,
    /// The Trimtabs of all namespaces.
    pub installed: Installed,
    /// Who leads.
    pub operator: Read<Lead>,
    /// The controller's Deployment; `None` where there is none.
    pub controller: Read<Option<Controller>>,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It is not known, or does not apply here.
    NotChecked,
    /// It is as it should be.
    Ok,
    /// It works, and should be looked at.
    Warning,
    /// It does not work.
    Failed,
}

impl Status {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::NotChecked => "not checked",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }

    fn tint(self) -> Tint {
        match self {
            Self::NotChecked => Tint::Faint,
            Self::Ok => Tint::Good,
            Self::Warning => Tint::Warn,
            Self::Failed => Tint::Bad,
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What was checked.
    pub check: String,
    /// What was found.
    pub status: Status,
    /// The same in words.
    pub message: String,
    /// What to do about it; none where nothing has to be done.
    pub remedy: Option<String>,
}

impl Line {
    fn new(check: &str, status: Status, message: impl Into<String>) -> Self {
        Self { check: check.to_owned(), status, message: message.into(), remedy: None }
    }

    fn ok(check: &str, message: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, message)
    }

    fn not_checked(check: &str, message: impl Into<String>) -> Self {
        Self::new(check, Status::NotChecked, message)
    }

    fn warning(check: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(check, Status::Warning, message) }
    }

    fn failed(check: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(check, Status::Failed, message) }
    }
}

/// The one line where the API server does not answer.
pub fn unreachable(why: &str) -> Line {
    Line::failed(checks::SERVER, why, "kubectl version, with the same kubeconfig and context")
}

/// A line for each check, in the order in which things depend on each other. Where Trimtab is not installed, nothing
/// else is said.
pub fn lines(facts: &Facts, now: Timestamp) -> Vec<Line> {
    let server = Line::ok(checks::SERVER, facts.server.clone());
    if let Some(absent) = absent::line(facts, now) {
        return vec![server, absent];
    }
    let mut lines = vec![server];
    let compared = [checks::crds(&facts.crds), guard::line(facts), checks::requester(facts), checks::sizes(facts)];
    lines.extend(compared.map(|line| checks::compared(line, facts, PLUGIN)));
    lines.extend(Feature::ALL.map(|feature| checks::rights(facts, feature)));
    lines.extend([
        kinds::line(&facts.kinds),
        approvers::line(&facts.approvers),
        checks::usage(&facts.policies),
        stuck::line(facts),
        metrics::line(facts),
        checks::leader(facts, now),
        elsewhere::line(facts, now),
        checks::version(facts, PLUGIN),
    ]);
    lines
}

/// The exit code: 0 where all is well, 1 with warnings, 2 where something failed.
pub fn exit_code(lines: &[Line]) -> u8 {
    match lines.iter().map(|line| line.status).max() {
        Some(Status::Failed) => 2,
        Some(Status::Warning) => 1,
        Some(Status::Ok | Status::NotChecked) | None => 0,
    }
}

/// The lines for people.
pub fn text(lines: &[Line], paint: Paint) -> String {
    let row = |line: &Line| {
        let remedy = line.remedy.as_ref().map(|remedy| format!(". To do: {remedy}")).unwrap_or_default();
        vec![
            line.check.as_str().into(),
            Cell::tinted(line.status.text(), line.status.tint()),
            format!("{}{remedy}", line.message).into(),
        ]
    };
    table(&["CHECK", "STATUS", "FOUND"], &lines.iter().map(row).collect::<Vec<_>>(), paint)
}

/// One line: how many checks found what.
pub fn summary(lines: &[Line]) -> String {
    let of = |status: Status| {
        let n = lines.iter().filter(|line| line.status == status).count();
        (n > 0).then(|| format!("{n} {}", status.text()))
    };
    let found = [Status::Failed, Status::Warning, Status::Ok, Status::NotChecked].into_iter().filter_map(of);
    format!("{}: {}", count(lines.len(), "check"), found.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
