//! The health of an installation: who leads, the emergency stop, the approval guard, the CRDs.
//!
//! In: what was read, or why it could not be. Out: words. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use serde::Serialize;

use crate::{account::Account, paint::Tint, table::Cell, words};

/// The leader, by the Lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    /// The leading instance.
    pub holder: String,
    /// When it last renewed.
    pub renewed: Timestamp,
    /// When that expires.
    pub expires: Timestamp,
}

impl Operator {
    /// The one that holds the Lease; `None` where nobody does.
    pub fn holding(lease: Lease) -> Option<Self> {
        let spec = lease.spec?;
        let holder = spec.holder_identity.filter(|holder| !holder.is_empty())?;
        let renewed = spec.renew_time?.0;
        let lasts = SignedDuration::from_secs(i64::from(spec.lease_duration_seconds.unwrap_or(0)));
        Some(Self { holder, renewed, expires: renewed.checked_add(lasts).unwrap_or(renewed) })
    }
}

/// The emergency stop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmergencyStop {
    /// Who ordered it.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Since when, as written.
    pub since: Option<String>,
}

impl EmergencyStop {
    /// `on, by ada since …: reason`.
    pub fn text(&self) -> String {
        let part =
            |lead: &str, text: &Option<String>| text.as_deref().map(|t| format!("{lead}{t}")).unwrap_or_default();
        format!("on{}{}{}", part(", by ", &self.by), part(" since ", &self.since), part(": ", &self.reason))
    }
}

/// Whether an admission policy is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Guard {
    /// Whether it is.
    pub in_force: bool,
    /// What is missing or altered, if anything is.
    pub lacks: Option<String>,
    /// The earlier release whose guard it is, if it is one: decisions are guarded then, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// What to do about it.
    #[serde(skip)]
    pub remedy: Option<String>,
    /// The account that it names, if it is the approval guard.
    #[serde(skip)]
    pub account: Option<Account>,
    /// The command that brings it back, if Helm installed it.
    #[serde(skip)]
    pub helm: Option<String>,
}

impl Guard {
    /// One that is in force.
    pub fn in_force() -> Self {
        Self { in_force: true, ..Self::default() }
    }

    /// One that is not, since it `lacks` something.
    pub fn lacking(lacks: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { lacks: Some(lacks.into()), remedy: Some(remedy.into()), ..Self::default() }
    }
}

/// Whether the installed CRDs have what this release needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Crds {
    /// Whether they have.
    pub current: bool,
    /// Which are missing or lack something, if any do.
    pub lack: Option<String>,
    /// What they accept that this release refuses, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
}

/// Something that was read, or why it could not be.
pub type Read<T> = Result<T, String>;

/// A fact, or why it is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Fact<T> {
    /// It was read.
    Known(T),
    /// It could not be read.
    Unknown(String),
}

impl<T: Clone> From<&Read<T>> for Fact<T> {
    fn from(read: &Read<T>) -> Self {
        match read {
            Ok(value) => Self::Known(value.clone()),
            Err(why) => Self::Unknown(why.clone()),
        }
    }
}

/// No running Trimtab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// Whether that is certain. Without leader election nobody holds the Lease, and a Trimtab may run all the same.
    pub is_certain: bool,
    /// What is known of it.
    pub text: String,
}

/// Where the Lease is missing, or was released, as by a Trimtab that ended or gave up the lead.
const NOBODY: &str = "nobody holds the Lease trimtab-controller: Trimtab is not installed there, does not lead, or runs without leader \
     election";

/// Whether no Trimtab runs, by its Lease.
pub fn absence(operator: Option<&Operator>, now: Timestamp) -> Option<Absence> {
    match operator {
        None => Some(Absence { is_certain: false, text: format!("no running Trimtab is seen ({NOBODY})") }),
        Some(o) if o.expires < now => {
            let ago = words::since(o.expires, now);
            Some(Absence {
                is_certain: true,
                text: format!("no Trimtab is running ({} led until {ago} ago)", o.holder),
            })
        }
        Some(_) => None,
    }
}

fn unknown(why: &str) -> Cell {
    Cell::tinted(format!("not known: {why}"), Tint::Warn)
}

/// Who leads.
pub(crate) fn operator(operator: &Fact<Option<Operator>>, now: Timestamp) -> Cell {
    match operator {
        Fact::Unknown(why) => unknown(why),
        Fact::Known(None) => Cell::tinted(format!("not seen: {NOBODY}"), Tint::Bad),
        Fact::Known(Some(o)) if o.expires < now => {
            Cell::tinted(format!("gone: {} led until {} ago", o.holder, words::since(o.expires, now)), Tint::Bad)
        }
        Fact::Known(Some(o)) => {
            Cell::tinted(format!("{} leads, seen {} ago", o.holder, words::since(o.renewed, now)), Tint::Good)
        }
    }
}

/// The emergency stop.
pub(crate) fn emergency_stop(emergency_stop: &Fact<Option<EmergencyStop>>) -> Cell {
    match emergency_stop {
        Fact::Unknown(why) => unknown(why),
        Fact::Known(None) => Cell::tinted("off", Tint::Good),
        Fact::Known(Some(emergency_stop)) => Cell::tinted(emergency_stop.text(), Tint::Bad),
    }
}

/// The approval guard.
pub(crate) fn guard(guard: &Fact<Guard>) -> Cell {
    match guard {
        Fact::Unknown(why) => unknown(why),
        Fact::Known(Guard { in_force: true, .. }) => Cell::tinted("in force", Tint::Good),
        Fact::Known(Guard { release: Some(release), .. }) => Cell::tinted(
            format!(
                "that of release {release}: if Trimtab is newer, rollouts wait until policies/ of its release are applied"
            ),
            Tint::Warn,
        ),
        Fact::Known(Guard { lacks, .. }) => Cell::tinted(
            format!("not in force, so no approval is honoured: {}", lacks.as_deref().unwrap_or("it is altered")),
            Tint::Bad,
        ),
    }
}

/// The admission policy of sizes. Without it, changes are still made, and persist by other means.
pub(crate) fn sizes_admission(sizes: &Fact<Guard>) -> Cell {
    match sizes {
        Fact::Unknown(why) => Cell::tinted(format!("sizes by admission: not known: {why}"), Tint::Warn),
        Fact::Known(Guard { in_force: true, .. }) => Cell::tinted("sizes by admission: in force", Tint::Good),
        Fact::Known(Guard { lacks, .. }) => Cell::tinted(
            format!("sizes by admission: not in force: {}", lacks.as_deref().unwrap_or("it is altered")),
            Tint::Warn,
        ),
    }
}

/// The CRDs.
pub(crate) fn crds(crds: &Fact<Crds>) -> Cell {
    const RELEASE: &str = concat!("trimtab ", env!("CARGO_PKG_VERSION"));
    match crds {
        Fact::Unknown(why) => unknown(why),
        Fact::Known(Crds { current: true, .. }) => Cell::tinted(format!("as {RELEASE} needs them"), Tint::Good),
        Fact::Known(Crds { lack, .. }) => Cell::tinted(
            format!(
                "{}, which {RELEASE} needs: kubectl apply --server-side -f crds/",
                lack.as_deref().unwrap_or("they are altered")
            ),
            Tint::Bad,
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Operator, absence};
    use crate::testkit::now;

    #[test]
    fn a_trimtab_that_is_gone_is_told_from_one_that_is_not_seen() {
        let until = |expires: &str| Operator {
            holder: "trimtab-1".to_owned(),
            renewed: "2026-11-21T11:59:00Z".parse().unwrap(),
            expires: expires.parse().unwrap(),
        };
        assert_eq!(absence(Some(&until("2026-11-21T12:00:10Z")), now()), None);
        let gone = absence(Some(&until("2026-11-21T11:59:49Z")), now()).unwrap();
        assert_eq!(gone.text, "no Trimtab is running (trimtab-1 led until 11s ago)");
        assert!(gone.is_certain);
        assert!(absence(None, now()).is_some_and(|a| !a.is_certain && a.text.contains("nobody holds the Lease")));
    }
}
