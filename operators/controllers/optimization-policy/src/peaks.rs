//! Usage far above a lowered request: work of some hours a day, or of some days a fortnight, for which overall usage
//! does not call and for which the node may have no room when it comes.
//!
//! In: what was seen, and sizes before and after. Out: how often usage was above the request, and the text on it. Pure.

use trimtab_sizing::{Evidence, Sizes, cell::DayCell};

use crate::{
    amount,
    sized::SizedContainer,
    text::{count, share},
};

/// A 99th percentile of CPU above this multiple of a lowered request is reported.
const CPU_TIMES: f64 = 2.0;
/// CPU usage below this many cores is negligible, whatever the request.
const CPU_TRIFLE: f64 = 0.05;
/// One pod of many is reported if it used this multiple of a lowered request, at least so many cores, and for at least
/// this share of its time.
const ONE_TIMES: f64 = 4.0;
const ONE_LEAST_CORES: f64 = 0.2;
const ONE_PERCENT: f64 = 10.0;
/// A memory peak above this multiple of a lowered request is reported.
const MEMORY_TIMES: f64 = 1.5;
/// One above this multiple may exceed what its node has left: a pod without reclaimable memory is evicted, or killed.
const MEMORY_FAR: f64 = 2.0;

/// Records how often usage was above the requests of `to` in `cells`, the days of the window, which combine the samples
/// of so many `pods`.
pub fn measure(evidence: &mut Evidence, to: Sizes, cells: &[DayCell], pods: u32) {
    evidence.cpu_over_percent = to.cpu_request.map_or(0.0, |request| {
        let (mut over, mut all) = (0.0, 0.0);
        for cell in cells {
            let samples = f64::from(cell.cpu_samples);
            over += cell.cpu.share_over(request as f64 / 1000.0) * samples;
            all += samples;
        }
        if all > 0.0 { over * 100.0 / all } else { 0.0 }
    });
    evidence.cpu_over_of_one_percent = (evidence.cpu_over_percent * f64::from(pods.max(1))).min(100.0);
    let days_over = to.memory_request.map_or(0, |request| {
        cells.iter().filter_map(DayCell::memory_peak).filter(|peak| *peak > request as f64).count()
    });
    evidence.memory_days_over = u32::try_from(days_over).unwrap_or(u32::MAX);
}

/// Peaks far above a lowered request, of CPU and of memory: what the container did, in words.
pub fn above_request(sized: &SizedContainer, e: &Evidence) -> [Option<String>; 2] {
    let cpu = lowered(sized.from.cpu_request, sized.to.cpu_request)
        .filter(|to| e.cpu_p99 >= CPU_TRIFLE && e.cpu_p99 * 1000.0 > *to as f64 * CPU_TIMES || one_pod_is_far_above(*to, e))
        .map(|to| {
            if one_pod_is_far_above(to, e) && e.cpu_p99 * 1000.0 <= to as f64 * CPU_TIMES {
                return format!(
                    "used up to {} of CPU, more than four times the proposed request of {}: {} of all readings were above that, which \
                     would be {} of those of one pod, if one does the work",
                    amount::measured_cpu(e.cpu_peak),
                    amount::cpu(to),
                    share(e.cpu_over_percent, 1),
                    share(e.cpu_over_of_one_percent, 0),
                );
            }
            format!(
                "used up to {} of CPU, more than twice the proposed request of {}, and was above that {} of the time",
                amount::measured_cpu(e.cpu_peak),
                amount::cpu(to),
                // One sample in a hundred is above twice the request, so at least as many are above it.
                share(e.cpu_over_percent.max(1.0), 0),
            )
        });
    let memory = lowered(sized.from.memory_request, sized.to.memory_request)
        .filter(|to| e.memory_peak > *to as f64 * MEMORY_TIMES)
        .map(|to| {
            format!(
                "used up to {} of memory, more than one and a half times the proposed request of {}, and was above that on {} in \
                 the history window",
                amount::measured_memory(e.memory_peak),
                amount::memory(to),
                count(e.memory_days_over.max(1), "day"),
            )
        });
    [cpu, memory]
}

/// Whether memory usage was so far above a lowered request that a node may not have it: CPU is shared then, and memory
/// is not.
pub fn memory_is_far_above_request(sized: &SizedContainer, e: &Evidence) -> bool {
    lowered(sized.from.memory_request, sized.to.memory_request).is_some_and(|to| e.memory_peak > to as f64 * MEMORY_FAR)
}

/// A request after lowering; `None` if it is not lowered.
fn lowered(from: Option<i64>, to: Option<i64>) -> Option<i64> {
    from.zip(to).filter(|(from, to)| to < from).map(|(_, to)| to)
}

/// Whether one pod of many may do most of the work: percentiles over all of them hide it.
fn one_pod_is_far_above(to: i64, e: &Evidence) -> bool {
    e.cpu_peak >= ONE_LEAST_CORES
        && e.cpu_peak * 1000.0 > to as f64 * ONE_TIMES
        && e.cpu_over_of_one_percent > e.cpu_over_percent
        && e.cpu_over_of_one_percent >= ONE_PERCENT
}

#[cfg(test)]
mod tests;
