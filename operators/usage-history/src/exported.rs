//! Whether kube-state-metrics is scraped by a job that does not honour labels, so that its pods stand in `exported_…` labels.
//!
//! In: what reads saw. Out: whether it is worth asking for such series, and whether there are any. Pure.

/// What is known of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exported {
    there: bool,
    absent: bool,
}

impl Exported {
    /// Series with such labels came along with others. Answers whether that is news.
    pub(crate) fn seen(&mut self) -> bool {
        !std::mem::replace(&mut self.there, true)
    }

    /// They were asked for, and so many came. Answers whether that is news.
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

    /// Whether to ask for them where nothing else tells of restarts: a server without any is asked once.
    pub(crate) fn worth_asking(self) -> bool {
        self.there || !self.absent
    }
}
