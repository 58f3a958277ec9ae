//! The health of an installation: who leads, the emergency stop, the approval guard, the CRDs.
//!
//! In: what was read, or why it could not be. Out: words. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use serde::{Serialize, Serializer};

use crate::{account::Account, paint::Tint, table::Cell, words};

/// Who leads, by the Lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lead {
    /// This instance, unless that has expired.
    Held(Operator),
    /// The Lease names nobody: who led has ended or given it up.
    Released,
    /// There is no Lease.
    Absent,
}

impl Lead {
    /// Whom the Lease names, also if that has expired.
    pub fn holder(&self) -> Option<&Operator> {
        match self {
            Self::Held(operator) => Some(operator),
            Self::Released | Self::Absent => None,
        }
    }
}

impl From<Option<Lease>> for Lead {
    fn from(found: Option<Lease>) -> Self {
        found.map_or(Self::Absent, Self::from)
    }
}

impl From<Lease> for Lead {
    fn from(lease: Lease) -> Self {
        let spec = lease.spec.unwrap_or_default();
        let Some(holder) = spec.holder_identity.filter(|h| !h.is_empty()) else { return Self::Released };
        // One that was never renewed is as old as it is held, or as it exists.
        let times = [spec.renew_time, spec.acquire_time].into_iter().flatten().map(|time| time.0);
        let renewed = times.chain(lease.metadata.creation_timestamp.map(|time| time.0)).next();
        let renewed = renewed.unwrap_or(Timestamp::UNIX_EPOCH);
        let lasts = SignedDuration::from_secs(i64::from(spec.lease_duration_seconds.unwrap_or(0)));
        Self::Held(Operator { holder, renewed, expires: renewed.checked_add(lasts).unwrap_or(renewed) })
    }
}

/// As data, it is the holder.
impl Serialize for Lead {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.holder().serialize(to)
    }
}

/// The instance that a Lease names.
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
    /// What they accept that this release refuses, or may refuse that it accepts, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
}

/// What applies the CRDs, also where somebody edited them.
pub(crate) const APPLY_CRDS: &str = "kubectl apply --server-side --force-conflicts -f crds/";

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
    /// Whether that is certain. Without leader election nobody takes the Lease, and a Trimtab may run all the same.
    pub is_certain: bool,
    /// What is known of it.
    pub text: String,
}

/// Where there is no Lease.
const ABSENT: &str = "there is no Lease trimtab-controller: Trimtab is not installed there, has never led, or runs without leader \
     election";
/// Where it names nobody. Whoever waits for it takes it within seconds.
const RELEASED: &str = "the Lease trimtab-controller is released: the Trimtab that led has ended or given up the lead, and none has \
     taken it since";

/// Whether no Trimtab runs, by its Lease.
pub fn absence(lead: &Lead, now: Timestamp) -> Option<Absence> {
    let unseen = |why: &str| Some(Absence { is_certain: false, text: format!("no running Trimtab is seen ({why})") });
    match lead {
        Lead::Absent => unseen(ABSENT),
        Lead::Released => unseen(RELEASED),
        Lead::Held(o) if o.expires < now => {
            let ago = words::since(o.expires, now);
            Some(Absence {
                is_certain: true,
                text: format!("no Trimtab is running ({} led until {ago} ago)", o.holder),
            })
        }
        Lead::Held(_) => None,
    }
}

fn unknown(why: &str) -> Cell {
    Cell::tinted(format!("not known: {why}"), Tint::Warn)
}

/// Who leads.
pub(crate) fn operator(lead: &Fact<Lead>, now: Timestamp) -> Cell {
    match lead {
        Fact::Unknown(why) => unknown(why),
        Fact::Known(Lead::Absent) => Cell::tinted(format!("not seen: {ABSENT}"), Tint::Bad),
        Fact::Known(Lead::Released) => Cell::tinted(format!("not seen: {RELEASED}"), Tint::Bad),
        Fact::Known(Lead::Held(o)) if o.expires < now => {
            Cell::tinted(format!("gone: {} led until {} ago", o.holder, words::since(o.expires, now)), Tint::Bad)
        }
        Fact::Known(Lead::Held(o)) => {
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
            format!("{}, which {RELEASE} needs: {APPLY_CRDS}", lack.as_deref().unwrap_or("they are altered")),
            Tint::Bad,
        ),
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
