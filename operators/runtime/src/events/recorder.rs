//! Creates events of `events.k8s.io`, and counts repeats.
//!
//! In: an object, an [`Event`], the time. Out: a new event, or a higher count in the one that was created for the same
//! reason a short while ago. The recorder of kube names an event after its object without a bound: the API server
//! refuses each event about an object with a long name.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::{
        core::v1::ObjectReference,
        events::v1::{Event as Created, EventSeries},
    },
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};

use super::{Event, NOTE_BYTES, cut};

/// The longest name that the API server accepts.
pub(super) const NAME_BYTES: usize = 253;
/// How long after its last occurrence an event is still the same one. API servers keep events for an hour.
const SAME: SignedDuration = SignedDuration::from_mins(6);

/// What identifies an object: its kind, namespace, name and uid.
type Named = [Option<String>; 4];

/// What repeats of an event have in common: whether it is a warning, reason, action, and both objects.
type Common = (bool, &'static str, &'static str, Named, Option<Named>);

/// The events that one controller created lately.
pub(super) struct Recorder {
    client: Client,
    controller: String,
    instance: String,
    created: HashMap<Common, Created>,
}

impl Recorder {
    pub(super) fn new(client: Client, controller: String, instance: String) -> Self {
        Self { client, controller, instance, created: HashMap::new() }
    }

    /// Creates an event about `object`, or counts it as a repeat.
    ///
    /// # Errors
    /// The API server refuses it or does not answer; then nothing is counted.
    pub(super) async fn publish(
        &mut self,
        event: &Event,
        object: &ObjectReference,
        now: Timestamp,
    ) -> Result<(), kube::Error> {
        self.created
            .retain(|_, event| last(event).is_some_and(|at| at.saturating_add(SAME).is_ok_and(|end| end > now)));
        let common = (event.warning, event.reason, event.action, named(object), event.related.as_ref().map(named));
        // Objects outside of namespaces have their events in this one.
        let api: Api<Created> = Api::namespaced(self.client.clone(), object.namespace.as_deref().unwrap_or("default"));
        let created = match self.created.get(&common) {
            Some(former) => {
                let count = former.series.as_ref().map_or(1, |series| series.count).saturating_add(1);
                let series = Some(EventSeries { count, last_observed_time: MicroTime(now) });
                let repeated = Created { series, ..former.clone() };
                let name = former.metadata.name.as_deref().unwrap_or_default();
                api.patch(name, &PatchParams::default(), &Patch::Merge(&repeated)).await?;
                repeated
            }
            None => {
                let new = self.new_event(event, object, now);
                api.create(&PostParams::default(), &new).await?;
                new
            }
        };
        self.created.insert(common, created);
        Ok(())
    }

    fn new_event(&self, event: &Event, object: &ObjectReference, now: Timestamp) -> Created {
        let about = object.name.as_deref().unwrap_or(&self.controller);
        Created {
            metadata: ObjectMeta {
                name: Some(name(about, now)),
                namespace: object.namespace.clone(),
                ..ObjectMeta::default()
            },
            type_: Some(if event.warning { "Warning" } else { "Normal" }.to_owned()),
            reason: Some(event.reason.to_owned()),
            action: Some(event.action.to_owned()),
            note: Some(cut(&event.note, NOTE_BYTES).into_owned()),
            regarding: Some(object.clone()),
            related: event.related.clone(),
            event_time: Some(MicroTime(now)),
            reporting_controller: Some(self.controller.clone()),
            reporting_instance: Some(self.instance.clone()),
            ..Created::default()
        }
    }
}

/// When an event last occurred.
fn last(event: &Created) -> Option<Timestamp> {
    event.series.as_ref().map(|series| series.last_observed_time.0).or(event.event_time.as_ref().map(|at| at.0))
}

fn named(object: &ObjectReference) -> Named {
    [object.kind.clone(), object.namespace.clone(), object.name.clone(), object.uid.clone()]
}

/// The name of a new event about the object called `about`: as much of that as fits before the time, which makes it
/// unique. Whom the event is about is in its fields, in full.
fn name(about: &str, now: Timestamp) -> String {
    let time = format!(".{:x}", now.as_nanosecond());
    let fits = &about[..about.floor_char_boundary(NAME_BYTES.saturating_sub(time.len()))];
    // What comes before a dot has to end in a letter or a digit.
    format!("{}{time}", fits.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()))
}
