//! When changes may start.
//!
//! In: nothing. Out: the type of `spec.windows` of a policy. What a schedule comes to is decided in `trimtab-gates`.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Duration, cel_seconds};

/// Whether a window lets changes happen or forbids them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WindowKind {
    /// Changes may start inside. With any such window, none start outside.
    Allow,
    /// No change starts inside; wins over `Allow`.
    Deny,
}

/// When changes may start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.schedule.matches('^[-0-9A-Za-z*/,?#]+( +[-0-9A-Za-z*/,?#]+){4}$')")
    .message("schedule must have five fields, as in '0 22 * * MON-FRI': minute, hour, day of month, month, day of week"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.duration"), " >= 60 && ", cel_seconds!("self.duration"), " <= 604800"))
    .message("duration must be between 1m and 168h: for a window that is always open, leave windows out"))]
pub struct Window {
    /// `Allow`: changes may start inside, and with any such window none start outside. `Deny`: no change starts inside;
    /// it wins over `Allow`.
    pub kind: WindowKind,
    /// When it opens: a cron expression with five fields (minute, hour, day of month, month, day of week), such as
    /// `0 22 * * MON-FRI`.
    #[schemars(length(min = 9, max = 100))]
    pub schedule: String,
    /// How long it stays open. Between `1m` and `168h`. A change that is under way when it closes is finished.
    pub duration: Duration,
    /// The IANA time zone of the schedule, such as `Europe/Berlin`.
    #[serde(default = "default_time_zone")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"))]
    pub time_zone: String,
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}
