//! When changes may start.
//!
//! In: nothing. Out: the type of `spec.windows` of a policy. `trimtab-gates` evaluates the schedules.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Duration, cel_seconds};

/// Whether a window allows or denies changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WindowKind {
    /// Changes may start in this window. If there is any such window, no change starts outside.
    Allow,
    /// No change starts in this window. It takes precedence over `Allow`.
    Deny,
}

/// A recurring time window in which changes may or may not start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.schedule.matches('^[-0-9A-Za-z*/,?#]+( +[-0-9A-Za-z*/,?#]+){4}$')")
    .message("schedule must have five fields, as in '0 22 * * MON-FRI': minute, hour, day of month, month, day of week"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.duration"), " >= 60 && ", cel_seconds!("self.duration"), " <= 604800"))
    .message("duration must be between 1m and 168h: to allow changes at any time, remove windows"))]
pub struct Window {
    /// Whether changes may start in this window. `Allow`: changes may start in it, and if there is any such window,
    /// no change starts outside. `Deny`: no change starts in it. `Deny` takes precedence over `Allow`.
    pub kind: WindowKind,
    /// When the window opens: a cron expression with five fields (minute, hour, day of month, month, day of week),
    /// such as `0 22 * * MON-FRI`.
    #[schemars(length(min = 9, max = 100))]
    pub schedule: String,
    /// How long the window stays open. Between `1m` and `168h`. A rollout that is in progress when it closes
    /// continues.
    pub duration: Duration,
    /// The IANA time zone of the schedule, such as `Europe/Berlin`.
    #[serde(default = "default_time_zone")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"))]
    pub time_zone: String,
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}
