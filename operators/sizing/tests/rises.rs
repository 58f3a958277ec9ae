//! A memory level that was never seen before and lasts.

#![allow(clippy::unwrap_used, missing_docs)]

use trimtab_sizing::{ContainerHistory, ContainerInput, Profile, SizingRules, decide};

/// A level that lasts is followed, however far above the past it is: the request never falls below current use.
#[test]
fn memory_in_use_for_hours_is_never_undercut() {
    const MIB: f64 = 1_048_576.0;
    for (factor, hours) in [(2.0, 6), (8.0, 4), (8.0, 72), (32.0, 72)] {
        let (start, days) = (1_700_006_400, 12);
        let mut history = ContainerHistory::new();
        let total = days * 24 + hours;
        for hour in 0..total {
            let level = if hour >= days * 24 { 180.0 * factor } else { 180.0 };
            history.observe_memory(start + hour * 3600, level * MIB);
            history.observe_cpu(start + hour * 3600, 0.1, 1);
        }
        let now = start + total * 3600;
        let decision = decide(&SizingRules::of(Profile::Balanced), &ContainerInput::of(&history), now);
        let target = decision.memory.target.unwrap() as f64 / MIB;
        assert!(target >= 180.0 * factor, "{factor} times for {hours} h: {target} MiB");
    }
}
