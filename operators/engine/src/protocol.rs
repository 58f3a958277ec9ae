//! The requests of a change and the responses to them. Requests are data, with their preconditions.

use jiff::Timestamp;

use crate::{parts::Parts, standing::Standing};

/// One request of a change of kind `C`. The driver reads the emergency stop just before it sends a
/// [`Request::Effect`]; no other changes anything but Trimtab's own records.
#[derive(Clone, Debug, PartialEq)]
pub enum Request<C: Parts> {
    /// Reserves a place for a run that is about to begin: within the policy's limits, and on a target that no other run is
    /// changing or has in force. `Stale` if there is none. Once the start is announced, the place stays taken until a
    /// later version of the object shows the outcome.
    Reserve {
        /// The uid of the target.
        uid: String,
    },
    /// Releases that place, because the run does not begin after all.
    GiveBack,
    /// Reads once more from the API server what was seen, before a run is reported as ended: what its end claims must be
    /// true when written, since nothing checks again. `Stale` if it differs.
    Confirm(C::Seen),
    /// Writes the run into the status, before anything that it announces is done. The precondition is the object's uid and
    /// the resourceVersion that the view was built from.
    WriteStatus(Box<C::Run>),
    /// Sets the finalizer on the object: a deletion then waits until what it changed is settled.
    Protect,
    /// Records the decisions that have to outlive the object: what it shows of them is about to go.
    Remember(Box<C::Record>),
    /// Removes the finalizer from the object: nothing needs it any more.
    Release,
    /// Changes something, as only this kind of change does.
    Effect(C::Effect),
}

/// Identifies a request, regardless of the object version that it carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key<C: Parts> {
    /// Reserves a place at the target with this uid.
    Reserve(String),
    /// Releases that place.
    GiveBack,
    /// A last look at this.
    Confirm(C::Seen),
    /// A status write.
    Status(C::Stage),
    /// The finalizer is set or removed.
    Finalizer,
    /// This decision record, as text: it only has to be told from others.
    Remember(String),
    /// A request that only this kind of change makes.
    Effect(C::EffectKey),
}

impl<C: Parts> Key<C> {
    /// The key of `request`.
    pub fn of(request: &Request<C>) -> Self {
        match request {
            Request::Reserve { uid } => Self::Reserve(uid.clone()),
            Request::GiveBack => Self::GiveBack,
            Request::Confirm(seen) => Self::Confirm(seen.clone()),
            Request::WriteStatus(run) => Self::Status(C::stage(run)),
            Request::Protect | Request::Release => Self::Finalizer,
            Request::Remember(record) => Self::Remember(as_text::<C>(record)),
            Request::Effect(effect) => Self::Effect(C::key(effect)),
        }
    }

    /// Whether it changes nothing but Trimtab's own records: the emergency stop does not block it, and a refusal says
    /// nothing against the change.
    pub fn is_record(&self) -> bool {
        !matches!(self, Self::Effect(_))
    }

    /// The request in words, as the object of a sentence.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Reserve(_) | Self::GiveBack => C::WORDS.place,
            Self::Confirm(_) => C::WORDS.last_look,
            Self::Status(_) => C::WORDS.status,
            Self::Finalizer => C::WORDS.finalizer,
            Self::Remember(_) => C::WORDS.record,
            Self::Effect(key) => C::words(key),
        }
    }
}

/// A decision record as text.
pub(crate) fn as_text<C: Parts>(record: &C::Record) -> String {
    format!("{record:?}")
}

/// The response to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// Succeeded. The driver shows its effect in the next view, even if the watches lag behind.
    Done,
    /// A precondition failed, or the object is gone: decide again from a new view.
    Stale,
    /// The server refuses it, and a retry would not help: admission, quota, validation, missing permissions. Only with
    /// [`Cause::NotYet`] it asks for one.
    Refused {
        /// What it is about, as far as anything follows from that.
        cause: Cause,
        /// Why, in one CamelCase word.
        reason: String,
        /// The server's message.
        message: String,
    },
    /// A disruption budget does not allow the eviction at the moment.
    NoBudget {
        /// The server's message.
        message: String,
    },
    /// No response, or an inconclusive one: the request may have taken effect or not.
    Unknown {
        /// What is known.
        message: String,
    },
    /// The emergency stop is on or cannot be read: nothing was sent.
    Halted {
        /// Who set it, and why.
        message: String,
    },
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Trimtab lacks a permission. The change itself may be fine.
    Permission,
    /// What would have to carry it, such as the node of a pod, can never give what is asked for. An API server that knows
    /// its capacity says so before it does itself.
    Node,
    /// The server has not done it, and asks to be asked again after so many seconds (`Retry-After`): it is busy, or its own
    /// knowledge is not up to date, as that of a disruption budget.
    NotYet {
        /// The seconds.
        after_s: u32,
    },
    /// Anything else: admission, quota, validation.
    Other,
}

/// What a driver does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<C: Parts> {
    /// Send this, then step again with the response and a new view.
    Ask(Request<C>),
    /// Nothing to send now. Step again at `until`, or when anything in the view changes.
    Wait {
        /// When to step again at the latest.
        until: Option<Timestamp>,
        /// Its standing, for the conditions.
        standing: Standing,
    },
    /// The view is older than what the server has: nothing is to be said of it. Step again at `until`, or when anything in
    /// the view changes.
    LookAgain {
        /// When to step again at the latest.
        until: Timestamp,
    },
}
