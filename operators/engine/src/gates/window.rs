//! Whether the policy's windows allow a change to start now.

use crate::{
    gate::{Blocked, Gate, Reason, blocked},
    input::{Common, General},
    windows::shown,
};

/// The gate.
pub const fn gate<I: General>() -> Gate<I> {
    Gate {
        name: "Window",
        reasons: &[Reason {
            word: "WindowClosed",
            when: "a Deny window is open, or there are Allow windows and none of them is",
            opens: "the time that the message names",
        }],
        check: |input| check(&I::common(input)),
    }
}

fn check(common: &Common<'_>) -> Option<Blocked> {
    let closed = common.limits.windows.open(common.now).err()?;
    let why =
        if closed.denied { "a Deny window of the policy is open" } else { "no Allow window of the policy is open" };
    let until = match closed.until {
        Some(at) => format!("changes may start from {}", shown(at, &closed.time_zone)),
        None => "no time at which changes may start was found: check the policy's windows".to_owned(),
    };
    blocked("WindowClosed", format!("{why}; {until}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use trimtab_api::windows::WindowKind::{Allow, Deny};

    use super::*;
    use crate::{
        testkit::{Scene, asked, window},
        windows::Windows,
    };

    #[test]
    fn closed_outside_and_says_when_it_opens_in_the_windows_own_time() {
        let night = window(Allow, "0 22 * * *", "4h", "Europe/Berlin");
        let freeze = window(Deny, "0 0 20 12 *", "168h", "America/New_York");
        let mut scene = Scene::new();
        scene.limits.windows = Windows::read(&[night, freeze]).unwrap();
        for (now, expected) in [
            (
                "2026-11-21T20:59:59Z",
                Some(
                    "no Allow window of the policy is open; changes may start from Sat 2026-11-21 22:00 Europe/Berlin",
                ),
            ),
            ("2026-11-21T21:00:00Z", None),
            ("2026-11-22T00:59:59Z", None),
            (
                "2026-11-22T01:00:00Z",
                Some(
                    "no Allow window of the policy is open; changes may start from Sun 2026-11-22 22:00 Europe/Berlin",
                ),
            ),
            (
                "2026-12-21T21:00:00Z",
                Some(
                    "a Deny window of the policy is open; changes may start from Sun 2026-12-27 16:00 America/New_York",
                ),
            ),
        ] {
            scene.now = now.parse().unwrap();
            assert_eq!(asked(&gate(), &scene).map(|(_, message)| message).as_deref(), expected, "{now}");
        }
    }
}
