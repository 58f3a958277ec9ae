//! Which fault strikes when. In: the writes of one run, as they arrive. Out: what goes wrong at each.

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use bytes::Bytes;

use crate::{fault::Fault, writes::Numbering};

/// What the proxy asks of the plan's runner.
#[derive(Debug)]
pub enum Command {
    /// Kill the process and start it again at once.
    Kill,
    /// Let a user reject.
    Reject,
    /// Let somebody propose something else for the same workload, and approve that.
    Propose,
    /// Delete the binding of the guard.
    OpenGap,
    /// Restore it.
    CloseGap,
}

/// A received write.
#[derive(Clone, Debug)]
pub struct Written {
    /// When.
    pub at: Instant,
    /// Its label; `None` where it does not belong to the watched rollout.
    pub label: Option<String>,
    /// Method and path.
    pub request: String,
    /// The status of the API server's answer; `None` where it was not forwarded.
    pub code: Option<u16>,
}

/// The proxy's state during one run.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) fault: Option<(String, Fault)>,
    pub(crate) struck: bool,
    /// How often the proxy still gives its own answer.
    pub(crate) left: usize,
    /// Remaining kills, one at each of the next writes.
    pub(crate) kills: usize,
    pub(crate) killed_at: Vec<String>,
    pub(crate) numbering: Numbering,
    pub(crate) written: Vec<Written>,
    /// Paths and queries of the first pages of lists.
    pub(crate) lists: HashSet<String>,
    /// The same before a write, for the next process.
    pub(crate) stale: HashMap<String, Bytes>,
    pub(crate) snapshot: HashMap<String, Bytes>,
    pub(crate) watches: usize,
    pub(crate) stop_unreadable: bool,
}

/// What goes wrong at a write with this label.
pub(crate) fn choose(state: &mut State, label: &str) -> Fault {
    if state.kills > 0 && !state.killed_at.iter().any(|at| at == label) {
        state.kills -= 1;
        state.killed_at.push(label.to_owned());
        return Fault::KilledAfter;
    }
    let Some((at, fault)) = state.fault.clone() else { return Fault::None };
    if at != label {
        return Fault::None;
    }
    if fault.answer().is_some() {
        state.struck = true;
        let strikes = state.left > 0;
        state.left = state.left.saturating_sub(1);
        return if strikes { fault } else { Fault::None };
    }
    if std::mem::replace(&mut state.struck, true) {
        return Fault::None;
    }
    match fault {
        Fault::StopUnreadable => {
            state.stop_unreadable = true;
            Fault::None
        }
        Fault::KilledTwice | Fault::KilledAtEach => {
            state.kills = if fault == Fault::KilledTwice { 1 } else { usize::MAX };
            state.killed_at.push(label.to_owned());
            Fault::KilledAfter
        }
        other => other,
    }
}
