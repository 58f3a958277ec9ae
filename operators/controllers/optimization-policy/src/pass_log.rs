//! The log line of a pass. In: its figures, and the number of workloads of the pass before it. Out: one line, at INFO
//! only if there is something to know: most passes of a quiet cluster change nothing.

/// A pass that takes this long is news, in seconds.
const SLOW_S: f64 = 60.0;

/// The figures of a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    /// What it covered, in one word.
    pub extent: &'static str,
    /// How many workloads policies are responsible for.
    pub workloads: usize,
    /// How many Recommendations it wrote or deleted, or tried to.
    pub writes: usize,
    /// How many of them have to be tried again.
    pub failed: usize,
    /// How long it took.
    pub seconds: f64,
}

impl Done {
    /// Logs it. `before` is the number of workloads of the pass before it in this term, if there was one.
    pub(crate) fn log(&self, before: Option<usize>) {
        let Self { extent, workloads, writes, failed, seconds } = *self;
        if self.is_news(before) {
            tracing::info!(extent, workloads, writes, failed, seconds, "pass done");
        } else {
            tracing::debug!(extent, workloads, writes, failed, seconds, "pass done");
        }
    }

    /// Whether it is the first one, changed something, failed in something, or was slow.
    fn is_news(&self, before: Option<usize>) -> bool {
        self.writes > 0 || self.failed > 0 || before != Some(self.workloads) || self.seconds >= SLOW_S
    }
}

#[cfg(test)]
mod tests {
    use super::Done;

    #[test]
    fn a_pass_that_changed_nothing_is_no_news() {
        let quiet = Done { extent: "all", workloads: 3, writes: 0, failed: 0, seconds: 0.2 };
        for (done, before, news) in [
            (quiet, Some(3), false),
            (quiet, None, true),
            (quiet, Some(2), true),
            (Done { writes: 1, ..quiet }, Some(3), true),
            (Done { failed: 1, ..quiet }, Some(3), true),
            (Done { seconds: 60.0, ..quiet }, Some(3), true),
        ] {
            assert_eq!(done.is_news(before), news, "{done:?} {before:?}");
        }
    }
}
