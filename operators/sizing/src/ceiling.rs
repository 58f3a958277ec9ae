//! The ceiling over every proposal: how far a request may be raised above the greatest use ever seen.
//!
//! In: the greatest use, and sizes before and after. Out: whether a change stays below it. Whatever the rules, the
//! history, an old kill or an odd unit lead to, this is checked last, once, for everything that is proposed.

use crate::{
    bounds::MOST_RATIO,
    input::{NodeRoom, Sizes},
};

/// A request is never raised above this multiple of the greatest use seen, plus [`CPU_ALWAYS`] or [`MEMORY_ALWAYS`].
pub const MOST_OVER_USE: f64 = 3.0;
/// Always allowed regardless of use, millicores: very small containers are erratic.
pub const CPU_ALWAYS: i64 = 20;
/// Always allowed regardless of use, bytes: amounts are rounded to MiB.
pub const MEMORY_ALWAYS: i64 = 16 << 20;

/// The greatest proven use: CPU in cores, memory in bytes. An OOM kill at the container's own limit also proves use.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Use {
    /// CPU, cores.
    pub cores: f64,
    /// Memory, bytes.
    pub bytes: f64,
}

impl Use {
    /// The most CPU that a request may be raised to, millicores.
    #[must_use]
    pub fn most_cpu(self) -> i64 {
        // The casts saturate, and NaN becomes 0.
        ((self.cores * 1000.0 * MOST_OVER_USE).ceil() as i64).saturating_add(CPU_ALWAYS)
    }

    /// The most memory that a request may be raised to, bytes.
    #[must_use]
    pub fn most_memory(self) -> i64 {
        ((self.bytes * MOST_OVER_USE).ceil() as i64).saturating_add(MEMORY_ALWAYS)
    }

    /// Whether this change of CPU request and limit is allowed.
    #[must_use]
    pub fn admits_cpu(self, from: Sizes, to: Sizes, node: NodeRoom) -> bool {
        admits((from.cpu_request, to.cpu_request), (from.cpu_limit, to.cpu_limit), self.most_cpu(), node.cpu)
    }

    /// Whether this change of memory request and limit is allowed.
    #[must_use]
    pub fn admits_memory(self, from: Sizes, to: Sizes, node: NodeRoom) -> bool {
        admits(
            (from.memory_request, to.memory_request),
            (from.memory_limit, to.memory_limit),
            self.most_memory(),
            node.memory,
        )
    }
}

/// Whether a request and a limit may change like this, each from the first amount to the second. A request that is
/// raised or newly set stays within `most`. A limit that is raised stays within the most that goes with the larger of
/// `most` and the new request, and within the largest node unless the new request is above that. A limit that is newly
/// set is always allowed: before, there was no bound at all.
fn admits(
    request: (Option<i64>, Option<i64>),
    limit: (Option<i64>, Option<i64>),
    most: i64,
    node: Option<i64>,
) -> bool {
    let request_fits = request.1.is_none_or(|to| to <= request.0.unwrap_or(0).max(most));
    let needed = request.1.unwrap_or(0);
    let most_limit = (most.max(needed) as f64 * MOST_RATIO) as i64;
    let limit_fits = limit
        .0
        .zip(limit.1)
        .is_none_or(|(from, to)| to <= from || (to <= most_limit && node.is_none_or(|node| to <= node.max(needed))));
    request_fits && limit_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: i64 = 1 << 20;

    #[test]
    fn what_is_far_above_use_is_not_admitted() {
        let used = Use { cores: 0.1, bytes: (100 * MIB) as f64 };
        let memory = |request, limit| Sizes {
            memory_request: Some(request * MIB),
            memory_limit: Some(limit * MIB),
            ..Sizes::default()
        };
        let node = NodeRoom { cpu: Some(4000), memory: Some(1000 * MIB) };
        for (what, from, to, admitted) in [
            ("raised within the multiple", memory(50, 500), memory(300, 500), true),
            ("raised above it", memory(50, 500), memory(400, 500), false),
            ("lowered, however far above use", memory(900, 900), memory(800, 800), true),
            ("kept, however far above use", memory(900, 900), memory(900, 900), true),
            ("a limit raised above the node", memory(50, 100), memory(300, 1200), false),
            ("a limit above the node that stays", memory(50, 8000), memory(300, 8000), true),
            ("a limit raised out of proportion", memory(50, 100), memory(60, 1500), false),
            ("a limit newly set", Sizes { memory_limit: None, ..memory(50, 0) }, memory(60, 1500), true),
            ("a limit removed", memory(50, 100), Sizes { memory_limit: None, ..memory(60, 0) }, true),
        ] {
            assert_eq!(used.admits_memory(from, to, node), admitted, "{what}");
        }
        let cpu = |request| Sizes { cpu_request: Some(request), ..Sizes::default() };
        assert!(used.admits_cpu(cpu(50), cpu(320), node) && !used.admits_cpu(cpu(50), cpu(321), node));
        assert!(
            used.admits_cpu(Sizes::default(), cpu(320), node) && !used.admits_cpu(Sizes::default(), cpu(321), node)
        );
    }
}
