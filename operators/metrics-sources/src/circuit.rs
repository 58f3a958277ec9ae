//! A circuit breaker: after repeated failures a server gets no requests except an occasional probe.
//!
//! In: failures, successes and the time. Out: whether a request may be sent. Pure: the time is an argument, in
//! milliseconds of any clock that does not run backwards.

/// Failures in a row that open the circuit.
pub const FAILURES_TO_OPEN: u32 = 5;
/// Milliseconds between probes of an open circuit: at most two a minute.
pub const PROBE_EVERY_MS: i64 = 30_000;

/// The circuit breaker's answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send it, and report its outcome.
    Go,
    /// Do not send it.
    Wait {
        /// Failures in a row.
        failures: u32,
        /// Milliseconds until the next probe may be sent.
        retry_in_ms: i64,
        /// The last failure.
        last: String,
    },
}

/// The circuit breaker of one server.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    failures: u32,
    /// While open: when the next probe may be sent.
    probe_at_ms: Option<i64>,
    last: String,
}

impl Circuit {
    /// Whether requests are held back.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.probe_at_ms.is_some()
    }

    /// Requests permission to send. While the circuit is open, one request every [`PROBE_EVERY_MS`] is let through as a
    /// probe; a probe whose outcome is never reported (a cancelled read) blocks nothing.
    pub fn admit(&mut self, now_ms: i64) -> Verdict {
        match self.probe_at_ms {
            Some(at) if now_ms < at => {
                Verdict::Wait { failures: self.failures, retry_in_ms: at - now_ms, last: self.last.clone() }
            }
            Some(_) => {
                self.probe_at_ms = Some(now_ms + PROBE_EVERY_MS);
                Verdict::Go
            }
            None => Verdict::Go,
        }
    }

    /// The server answered, even if with a refusal: the circuit closes.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The server failed: `why` is for people.
    pub fn failed(&mut self, now_ms: i64, why: &str) {
        self.failures = self.failures.saturating_add(1);
        why.clone_into(&mut self.last);
        if self.failures >= FAILURES_TO_OPEN {
            self.probe_at_ms = Some(now_ms + PROBE_EVERY_MS);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[derive(Debug)]
    enum Step {
        Fail(i64),
        Succeed,
        Go(i64),
        Wait(i64, i64),
    }
    use Step::{Fail, Go, Succeed, Wait};

    fn five_failures() -> Vec<Step> {
        vec![Fail(1), Fail(2), Fail(3), Fail(4), Fail(5)]
    }

    #[test]
    fn the_circuit_opens_probes_and_closes() {
        let table: [(&str, Vec<Step>, bool); 6] = [
            ("closed at first", vec![Go(0)], false),
            ("four failures are not enough", vec![Fail(1), Fail(2), Fail(3), Fail(4), Go(5)], false),
            ("five are", [five_failures(), vec![Wait(6, 29_999)]].concat_steps(), true),
            (
                "a success in between counts them anew",
                vec![Fail(1), Fail(2), Fail(3), Fail(4), Succeed, Fail(5), Go(6)],
                false,
            ),
            (
                "one probe every half minute, also when its outcome is never told",
                [five_failures(), vec![Go(30_005), Wait(30_006, 29_999), Go(60_005), Wait(60_005, 30_000)]]
                    .concat_steps(),
                true,
            ),
            (
                "a failed probe keeps it open, a good one closes it",
                [five_failures(), vec![Go(30_005), Fail(31_000), Wait(60_999, 1), Go(61_000), Succeed, Go(61_001)]]
                    .concat_steps(),
                false,
            ),
        ];
        for (name, steps, open) in table {
            let mut circuit = Circuit::default();
            for step in &steps {
                match step {
                    Fail(at) => circuit.failed(*at, "MetricsTimeout"),
                    Succeed => circuit.succeeded(),
                    Go(at) => assert_eq!(circuit.admit(*at), Verdict::Go, "{name}: {step:?}"),
                    Wait(at, left) => match circuit.admit(*at) {
                        Verdict::Wait { retry_in_ms, last, .. } => {
                            assert_eq!((retry_in_ms, last.as_str()), (*left, "MetricsTimeout"), "{name}: {step:?}");
                        }
                        Verdict::Go => panic!("{name}: {step:?}: let through"),
                    },
                }
            }
            assert_eq!(circuit.is_open(), open, "{name}");
        }
    }

    trait ConcatSteps {
        fn concat_steps(self) -> Vec<Step>;
    }
    impl ConcatSteps for [Vec<Step>; 2] {
        fn concat_steps(self) -> Vec<Step> {
            self.into_iter().flatten().collect()
        }
    }
}
