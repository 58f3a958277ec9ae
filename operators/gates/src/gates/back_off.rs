//! Whether what was undone may be tried again.

use jiff::SignedDuration;
use trimtab_rollout::start::back_off_s;

use crate::{
    facts::Facts,
    gate::{Closing, Gate, Reason, closing},
};

pub(super) const GATE: Gate = Gate {
    name: "BackOff",
    forward: false,
    reasons: &[
        Reason {
            word: "RolledBackBefore",
            when: "this very proposal was carried out and undone",
            opens: "another proposal",
        },
        Reason {
            word: "BackingOff",
            when: "changes of the workload were undone n times in a row, the last less than 24 h · 2^(n−1) ago, at most 30 days",
            opens: "the time that the message names",
        },
    ],
    question: ask,
};

fn ask(facts: &Facts<'_>) -> Option<Closing> {
    let (name, past) = (facts.target_name(), facts.past);
    if past.rolled_back_digest == Some(facts.digest) {
        let why = "the same is not tried again; another proposal will be";
        return closing("RolledBackBefore", format!("this proposal ({}) was undone on {name}: {why}", facts.digest));
    }
    let ended = past.ended.filter(|_| past.rollbacks > 0)?;
    let until = ended.checked_add(SignedDuration::from_secs(back_off_s(past.rollbacks))).ok()?;
    if facts.now >= until {
        return None;
    }
    let times = past.rollbacks;
    closing(
        "BackingOff",
        format!("changes of {name} were undone {times} times in a row, last at {ended}; the next may start at {until}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, ago, asked};

    #[test]
    fn the_same_never_and_another_after_a_growing_while() {
        const DAY: i64 = 24 * 3600;
        for (rollbacks, since, digest, expected) in [
            (0, 0, None, None),
            (1, DAY - 1, Some("sha256:other"), Some("BackingOff")),
            (1, DAY, Some("sha256:other"), None),
            (2, 2 * DAY - 1, None, Some("BackingOff")),
            (2, 2 * DAY, None, None),
            (5, 16 * DAY - 1, None, Some("BackingOff")),
            (5, 16 * DAY, None, None),
            (6, 30 * DAY - 1, None, Some("BackingOff")),
            (6, 30 * DAY, None, None),
            (1000, 30 * DAY, None, None),
            (u32::MAX, 30 * DAY - 1, None, Some("BackingOff")),
            (1, 400 * DAY, Some("sha256:this"), Some("RolledBackBefore")),
        ] {
            let mut scene = Scene::new();
            scene.past.ended = Some(ago(since));
            (scene.past.rollbacks, scene.past.rolled_back_digest) = (rollbacks, digest);
            let found = asked(&GATE, &scene).map(|(reason, _)| reason);
            assert_eq!(found.as_deref(), expected, "{rollbacks} rollbacks, {since} s ago, {digest:?}");
        }
    }
}
