//! What a policy says about when and how often its changes may start.
//!
//! In: fields of its spec. Out: [`StartLimits`], or the first invalid field. The schema already refuses most of these, but
//! objects stored before a validation rule existed still get here.

use trimtab_api::{limits::Limits, time::Duration, windows::Window};

use crate::{invalid_field::InvalidField, windows::Windows};

/// When and how often changes may start.
#[derive(Clone, Debug)]
pub struct StartLimits {
    /// Whether the policy is suspended.
    pub suspended: bool,
    /// When changes may start.
    pub windows: Windows,
    /// How many changes may be under way at the same time.
    pub max_concurrent: u32,
    /// How many changes may begin within an hour.
    pub max_per_hour: u32,
    /// The cooldown of a workload after a change, in seconds.
    pub cooldown_s: i64,
}

impl Default for StartLimits {
    /// The limits for a change without a policy: the default of every field, no windows.
    fn default() -> Self {
        // A test checks that the defaults of the API are valid; the fallbacks here are never used.
        Self::read(false, &[], &Limits::default()).unwrap_or_else(|_| Self {
            suspended: false,
            windows: Windows::default(),
            max_concurrent: 1,
            max_per_hour: 1,
            cooldown_s: 24 * 3600,
        })
    }
}

impl StartLimits {
    /// The limits of a policy: its `suspend`, `windows` and `limits`.
    ///
    /// # Errors
    /// The first invalid field.
    pub fn read(suspended: bool, windows: &[Window], limits: &Limits) -> Result<Self, InvalidField> {
        Ok(Self {
            suspended,
            windows: Windows::read(windows)?,
            max_concurrent: at_least_one("limits.maxConcurrentRollouts", limits.max_concurrent_rollouts)?,
            max_per_hour: at_least_one("limits.maxRolloutsPerHour", limits.max_rollouts_per_hour)?,
            cooldown_s: seconds("limits.cooldown", &limits.cooldown)?,
        })
    }
}

/// The seconds of `duration`, which the policy has at the path `field`.
///
/// # Errors
/// If it is not a duration.
pub fn seconds(field: &str, duration: &Duration) -> Result<i64, InvalidField> {
    duration.seconds().ok_or_else(|| InvalidField::new(field, &duration.0, "a duration such as 10m or 24h"))
}

fn at_least_one(field: &str, value: i32) -> Result<u32, InvalidField> {
    let fault = || InvalidField::new(field, value.to_string(), "a number of at least 1");
    u32::try_from(value).ok().filter(|n| *n > 0).ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_policy_the_defaults_of_the_schema_count() {
        let own = StartLimits::default();
        assert_eq!((own.max_concurrent, own.max_per_hour, own.cooldown_s), (5, 60, 86_400));
        assert!(!own.suspended && own.windows.is_empty());
        let none = Limits { max_concurrent_rollouts: 0, ..Limits::default() };
        let fault = StartLimits::read(false, &[], &none).map_err(|fault| fault.to_string()).err();
        assert_eq!(fault.as_deref(), Some("limits.maxConcurrentRollouts: \"0\" is not a number of at least 1"));
    }
}
