//! What goes wrong between Trimtab and the API server. In: nothing. Out: the kinds of faults, and the client's view of
//! those that are answers.

use serde_json::{Value, json};

/// What goes wrong at one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing.
    None,
    /// The process is killed before the write is forwarded.
    KilledBefore,
    /// The write is forwarded and the process killed before it sees the reply.
    KilledAfter,
    /// The write is forwarded, its connection is cut, and the process continues.
    ReplyLost,
    /// The write is forwarded, and the reply is 504.
    DoneBut504,
    /// Not forwarded: 409.
    Conflict,
    /// Not forwarded: 429 with `Retry-After`.
    Throttled,
    /// Not forwarded: 500, twice.
    Error500,
    /// Not forwarded: 503, one time more than the client retries by itself.
    Unavailable503,
    /// Not forwarded: 403.
    Forbidden,
    /// The emergency stop cannot be read at the write before this one.
    StopUnreadable,
    /// All watches are cut, then the write is forwarded.
    WatchesCut,
    /// Pod events are delayed for some seconds from this write on.
    PodsStalled,
    /// Events of all watches are delayed for some seconds from this write on.
    AllStalled,
    /// Events of all watches are delayed, and a user rejects meanwhile.
    RejectedUnseen,
    /// Killed one write later, and restarted on a server that is behind by that write: lists are as they were before
    /// it, watches catch up some seconds later.
    StaleServer,
    /// Killed at this write and again at the first write of the next process.
    KilledTwice,
    /// Killed after every write, from this one on.
    KilledAtEach,
    /// The write is forwarded, and before its reply somebody else's proposal for the same workload is created and
    /// approved.
    SecondProposal,
    /// The binding of the approval guard is deleted before the write, and restored after it was forwarded.
    GuardGap,
}

impl Fault {
    /// All faults that strike at a write.
    pub const ALL: [Self; 19] = [
        Self::KilledBefore,
        Self::KilledAfter,
        Self::ReplyLost,
        Self::DoneBut504,
        Self::Conflict,
        Self::Throttled,
        Self::Error500,
        Self::Unavailable503,
        Self::Forbidden,
        Self::StopUnreadable,
        Self::WatchesCut,
        Self::PodsStalled,
        Self::AllStalled,
        Self::RejectedUnseen,
        Self::StaleServer,
        Self::KilledTwice,
        Self::KilledAtEach,
        Self::SecondProposal,
        Self::GuardGap,
    ];

    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "undisturbed",
            Self::KilledBefore => "killed before the write",
            Self::KilledAfter => "killed before the reply",
            Self::ReplyLost => "reply lost",
            Self::DoneBut504 => "done, answered 504",
            Self::Conflict => "409 conflict",
            Self::Throttled => "429 with Retry-After",
            Self::Error500 => "500 twice",
            Self::Unavailable503 => "503 seven times",
            Self::Forbidden => "403",
            Self::StopUnreadable => "emergency stop unreadable",
            Self::WatchesCut => "all watches cut",
            Self::PodsStalled => "pods seen late",
            Self::AllStalled => "everything seen late",
            Self::RejectedUnseen => "rejected while nothing is seen",
            Self::StaleServer => "restarted on a stale server",
            Self::KilledTwice => "killed twice",
            Self::KilledAtEach => "killed after every write",
            Self::SecondProposal => "second proposal approved",
            Self::GuardGap => "guard gap",
        }
    }

    /// How often it strikes, and with which answer, if it is one.
    pub fn answer(self) -> Option<(usize, u16, Value)> {
        let status = |code: u16, reason: &str, message: &str| {
            json!({"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
                "message": message, "reason": reason, "code": code})
        };
        let busy = "the server is currently unable to handle the request";
        let (times, code, reason, message) = match self {
            Self::Conflict => {
                let message = "Operation cannot be fulfilled: the object has been modified; please apply your changes to \
                               the latest version and try again";
                (1, 409, "Conflict", message)
            }
            Self::Throttled => (1, 429, "TooManyRequests", "too many requests, please try again later"),
            Self::Error500 => (2, 500, "InternalError", "Internal error occurred: etcdserver: request timed out"),
            Self::Unavailable503 => (7, 503, "ServiceUnavailable", busy),
            Self::Forbidden => {
                let message = "it is forbidden: User \"system:serviceaccount:trimtab-system:trimtab\" cannot patch resource \
                               in API group \"\": RBAC is being renewed";
                (1, 403, "Forbidden", message)
            }
            _ => return None,
        };
        Some((times, code, status(code, reason, message)))
    }
}
