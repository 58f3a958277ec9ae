//! What a kind of change consists of: the run that its status records, the requests that only it makes, and what it
//! remembers. In: values of these. Out: what the engine has to know of them.

use std::{fmt::Debug, hash::Hash};

use trimtab_api::{approval::Approver, undo::Undo};

/// Where a run is, whatever it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Something is being changed.
    Changing,
    /// What was changed is being watched.
    Watched,
    /// The former values are being restored.
    Undoing,
    /// It has ended, with whatever result.
    Ended,
}

/// How messages name the requests that all kinds of change make, each as the object of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// A run: `rollout`.
    pub run: &'static str,
    /// The place that is reserved for a run.
    pub place: &'static str,
    /// The last look before an end is written.
    pub last_look: &'static str,
    /// The status that has the run.
    pub status: &'static str,
    /// The finalizer.
    pub finalizer: &'static str,
    /// The decision record.
    pub record: &'static str,
    /// What a person can do about a status that contradicts itself.
    pub unreadable: &'static str,
    /// The reason under which such a status is reported.
    pub unreadable_reason: &'static str,
}

/// A kind of change: a type without values that names its parts. Many changes are carried out at once, so each part may
/// pass from one thread to another.
pub trait Parts: Copy + Debug + Default + Eq + Hash + 'static {
    /// The durable record of one run, in the status of its object.
    type Run: Clone + Debug + PartialEq + Send + Sync;
    /// Tells the writes of one run's status from each other.
    type Stage: Clone + Debug + Eq + Hash + Send + Sync;
    /// What a last look compares with what was seen.
    type Seen: Clone + Debug + Eq + Hash + Send + Sync;
    /// What has to outlive the object.
    type Record: Clone + Debug + PartialEq + Send + Sync;
    /// A request that changes something other than Trimtab's own records.
    type Effect: Clone + Debug + PartialEq + Send + Sync;
    /// Identifies such a request, regardless of the object version that it carries.
    type EffectKey: Clone + Debug + Eq + Hash + Send + Sync;
    /// What a session remembers for this kind alone. Losing it costs repeated requests, and no more.
    type Memory: Clone + Debug + Default + Eq + Hash + Send + Sync;

    /// How messages name its requests.
    const WORDS: Words;

    /// The digest of what the run applies.
    fn digest(run: &Self::Run) -> &str;

    /// The uid of what the run changes.
    fn target_uid(run: &Self::Run) -> &str;

    /// Where the run is.
    fn phase(run: &Self::Run) -> Phase;

    /// What tells a write of this status from others of the run.
    fn stage(run: &Self::Run) -> Self::Stage;

    /// Whether such a write reports the end.
    fn is_end(stage: &Self::Stage) -> bool;

    /// Who approved the run.
    fn approved_by(run: &Self::Run) -> &Approver;

    /// Why the run is being undone, or was.
    fn undoes(run: &Self::Run) -> Option<&Undo>;

    /// The key of `effect`.
    fn key(effect: &Self::Effect) -> Self::EffectKey;

    /// The request in words, as the object of a sentence.
    fn words(key: &Self::EffectKey) -> &'static str;

    /// Whether a refusal of this request says something against the change. It does not where the request only takes
    /// something back.
    fn is_of_the_change(key: &Self::EffectKey) -> bool;
}
