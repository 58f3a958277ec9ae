//! Whether kube-state-metrics is scraped by a job without `honor_labels`, so that its pods are in `exported_…` labels.
//!
//! In: what reads found. Out: whether to query such series, and whether there are any. Pure.

/// What is known so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exported {
    there: bool,
    absent: bool,
}

impl Exported {
    /// Series with such labels were returned among others. Returns whether that is news.
    pub(crate) fn seen(&mut self) -> bool {
        !std::mem::replace(&mut self.there, true)
    }

    /// They were queried, and this many were returned. Returns whether that is news.
    pub(crate) fn probed(&mut self, series: u64) -> bool {
        if series > 0 {
            return self.seen();
        }
        self.absent = true;
        false
    }

    /// Whether there are any.
    pub(crate) fn is_there(self) -> bool {
        self.there
    }

    /// Whether to query them where nothing else reports restarts: a server without any is queried once.
    pub(crate) fn worth_asking(self) -> bool {
        self.there || !self.absent
    }
}
