//! What the reconciler has to know of a kind of object. In: rows of objects, and statuses to write. Out: what identifies
//! an object, the run that its status records, and what a status says that was not said before. Pure.

use std::hash::Hash;

use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{Resource, core::DynamicObject};
use serde_json::Value;
use trimtab_api::conditions::types;
use trimtab_engine::{change::Change, parts::Parts};
use trimtab_runtime::{events::Event, store::Key};

use crate::limiter::LastChange;

/// The durable record of one change of `R`.
pub type Run<R> = <<R as Reconciled>::Change as Parts>::Run;

/// The metadata of an object, as far as the reconciler goes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The name.
    pub name: &'a str,
    /// The uid.
    pub uid: &'a str,
    /// The version, the precondition of writes decided on it.
    pub version: u64,
    /// Whether the object is being deleted.
    pub is_deleted: bool,
    /// Whether it has Trimtab's finalizer, so that a deletion waits.
    pub is_protected: bool,
}

impl Meta<'_> {
    /// The reference to the object, of kind `R`, in events.
    pub fn reference<R: Resource<DynamicType = ()>>(&self) -> ObjectReference {
        ObjectReference {
            api_version: Some(R::api_version(&()).into_owned()),
            kind: Some(R::kind(&()).into_owned()),
            namespace: Some(self.namespace.to_owned()),
            name: Some(self.name.to_owned()),
            uid: Some(self.uid.to_owned()),
            ..ObjectReference::default()
        }
    }
}

/// A kind of object whose approved changes are carried out.
pub trait Reconciled: Send + Sync + Sized + 'static {
    /// The kind in the API. Its objects live in namespaces.
    type Resource: Resource<DynamicType = ()>;
    /// The change that an object asks for.
    type Change: Change;
    /// What is kept in memory of an object.
    type Row: Clone + Send + Sync + 'static;
    /// What this controller writes to a status.
    type Status: Send + 'static;
    /// Whose limits count for a change, such as its policy.
    type Group: Clone + Eq + Hash + Send + 'static;
    /// What others have to know of the end of a change at their target.
    type End: Clone + Send + 'static;

    /// The metadata of the object.
    fn meta(row: &Self::Row) -> Meta<'_>;

    /// The conditions in its status.
    fn conditions(row: &Self::Row) -> &[Condition];

    /// The run in its status, under way or ended.
    fn run(row: &Self::Row) -> Option<&Run<Self>>;

    /// Whose limits count for its change.
    fn group(row: &Self::Row) -> Self::Group;

    /// `run` of the object under `key`, as it counts for limits and holds its target.
    fn last_change(key: &Key, run: &Run<Self>) -> Option<LastChange<Self::End>>;

    /// The group and the run of an object as it is stored, whether or not it decodes as its kind.
    fn stored(object: &DynamicObject) -> (Self::Group, Option<Run<Self>>);

    /// Shows in `row` an own write of `status`, which gave the object `version`.
    fn show_status(row: &mut Self::Row, version: u64, status: &Self::Status);

    /// Shows in `row` that the finalizer was set or removed, and the object's `version` since.
    fn show_finalizer(row: &mut Self::Row, version: u64, is_protected: bool);

    /// The conditions in a status to write.
    fn written_conditions(status: &Self::Status) -> &[Condition];

    /// The body of its server-side apply: every field of this controller, so that absent ones are removed.
    fn body(row: &Self::Row, status: &Self::Status) -> Value;

    /// Whether `status` is to be written: it differs from that in `row`, and nobody else has to write before.
    fn differs(row: &Self::Row, status: &Self::Status) -> bool;

    /// Whether it says something new to whoever follows the object, rather than another number.
    fn is_news(row: &Self::Row, status: &Self::Status) -> bool;

    /// Whether nobody has decided on the object, and no run of it was ever begun.
    fn is_undecided(row: &Self::Row, status: &Self::Status) -> bool;

    /// The event of a transition of `Ready` from the reason `before` to `after`, which `message` explains; `None` if it is
    /// not worth one.
    fn event(before: Option<&str>, after: &str, message: &str) -> Option<Event>;
}

/// Reason and message of `Ready`.
pub fn ready(conditions: &[Condition]) -> Option<(&str, &str)> {
    conditions.iter().find(|c| c.type_ == types::READY).map(|c| (c.reason.as_str(), c.message.as_str()))
}
