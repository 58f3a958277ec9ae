//! Whether a lower memory limit stays above the container's peak usage: below it, the kernel would kill it.

use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    input::{Input, Surroundings},
    sizes::{self, Sized},
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "MemoryDecrease",
    reasons: &[Reason {
        word: "PeakAboveLimit",
        when: "a memory limit would be lowered to or below the highest working set of that container",
        opens: "a proposal with a higher limit",
    }],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let shapes = sizes::shapes(input);
    let lowered = |c: &&Sized<'_>| c.to.memory_limit.unwrap_or(u64::MAX) < c.from.memory_limit.unwrap_or(u64::MAX);
    shapes.iter().flatten().filter(lowered).find_map(|c| {
        let limit = c.to.memory_limit?;
        let (_, peak) = input.memory_peaks.iter().find(|(name, peak)| **name == *c.name && limit <= *peak)?;
        let (limit, peak) = (sizes::memory(limit), sizes::memory(*peak));
        blocked(
            "PeakAboveLimit",
            format!(
                "container {} would be limited to {limit} of memory and has used {peak}: propose a higher limit",
                c.name
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked, size};

    #[test]
    fn closed_where_a_lower_limit_is_not_above_the_peak() {
        const MIB: u64 = 1 << 20;
        for (from, to, peak, expected) in [
            ("512Mi/1Gi", "256Mi/512Mi", Some(("app", 511 * MIB)), false),
            ("512Mi/1Gi", "256Mi/512Mi", Some(("app", 512 * MIB)), true),
            ("512Mi/1Gi", "256Mi/512Mi", Some(("proxy", 512 * MIB)), false),
            ("512Mi/1Gi", "256Mi/512Mi", None, false),
            // A limit where there was none is a decrease.
            ("512Mi/", "256Mi/512Mi", Some(("app", 512 * MIB)), true),
            // A limit that stays, rises or is removed is not a decrease.
            ("512Mi/1Gi", "256Mi/1Gi", Some(("app", 2048 * MIB)), false),
            ("512Mi/1Gi", "512Mi/2Gi", Some(("app", 4096 * MIB)), false),
            ("512Mi/1Gi", "512Mi/", Some(("app", 4096 * MIB)), false),
        ] {
            let mut scene = Scene::new();
            scene.resize("app", "500m/1", from);
            scene.proposal = vec![size("app", "500m/1", to)];
            scene.memory_peaks = peak.map(|(name, bytes)| (name.into(), bytes)).into_iter().collect();
            assert_eq!(asked(&GATE, &scene).is_some(), expected, "{from} {to} {peak:?}");
        }
    }
}
