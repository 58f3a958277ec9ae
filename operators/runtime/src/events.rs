//! Kubernetes events: one recorder per controller, in the background.
//!
//! In: an object and an [`Event`]. Out: an event of `events.k8s.io`, eventually. Publishing never waits and never
//! fails a pass: what cannot be sent is counted in `trimtab_events_total` and logged once until it works again.
//! Repeats become one event with a count. Each object has a budget, so that a flapping one cannot flood the API
//! server. Nothing is sent while another instance leads.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{Client, Resource};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

mod recorder;

use self::recorder::Recorder;
use crate::{
    lease::Leadership,
    metrics::{EventLabels, Metrics},
    one_line,
    timeout::with_timeout,
};

/// The most bytes the API server accepts in a note.
pub const NOTE_BYTES: usize = 1024;
/// Events that may wait; more are dropped and counted.
const QUEUE: usize = 1024;
/// Time for one event, retries included.
const DEADLINE: Duration = Duration::from_secs(10);

/// Something worth reporting about an object. Controllers have one constructor function for each of their events, so
/// that reasons and actions are written once.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    warning: bool,
    reason: &'static str,
    action: &'static str,
    note: String,
    related: Option<ObjectReference>,
}

impl Event {
    /// Type `Normal`. `reason` and `action` are CamelCase words; `note` is for people and cut at [`NOTE_BYTES`].
    pub fn normal(reason: &'static str, action: &'static str, note: impl Into<String>) -> Self {
        Self { warning: false, reason, action, note: note.into(), related: None }
    }

    /// Type `Warning`.
    pub fn warning(reason: &'static str, action: &'static str, note: impl Into<String>) -> Self {
        Self { warning: true, ..Self::normal(reason, action, note) }
    }

    /// Names a second object that the event is about.
    #[must_use]
    pub fn related(self, object: ObjectReference) -> Self {
        Self { related: Some(object), ..self }
    }

    /// The reason, for tests and logs.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The note, as given.
    pub fn note(&self) -> &str {
        &self.note
    }
}

enum Message {
    Publish(Box<(ObjectReference, Event)>),
    Flush(oneshot::Sender<()>),
}

/// Publishes the events of one controller. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    sender: mpsc::Sender<Message>,
    limiter: Arc<Mutex<Limiter>>,
    controller: String,
    metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("controller", &self.controller).finish_non_exhaustive()
    }
}

impl Events {
    /// A recorder for `controller` (shown as `trimtab-<controller>`) in the process `instance`. Its task ends when the
    /// last clone is dropped.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn new(
        client: Client,
        controller: &str,
        instance: &str,
        leadership: Leadership,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let worker = Worker {
            recorder: Recorder::new(client, format!("trimtab-{controller}"), instance.to_owned()),
            leadership,
            controller: controller.to_owned(),
            metrics: Arc::clone(&metrics),
            failing: AtomicBool::new(false),
        };
        tokio::spawn(worker.run(receiver));
        Self { sender, limiter: Arc::default(), controller: controller.to_owned(), metrics }
    }

    /// Publishes an event about `object`. Returns at once.
    pub fn publish<K: Resource<DynamicType = ()>>(&self, object: &K, event: Event) {
        self.publish_to(object.object_ref(&()), event);
    }

    /// Publishes an event about the object that `reference` names. Returns at once.
    pub fn publish_to(&self, reference: ObjectReference, event: Event) {
        let key = key_of(&reference, event.warning);
        let allowed = self.limiter.lock().allow(key, Timestamp::now());
        if !allowed {
            count(&self.metrics, &self.controller, "limited");
            tracing::debug!(reason = event.reason, object = ?reference.name, "event held back, too many for this object");
        } else if self.sender.try_send(Message::Publish(Box::new((reference, event)))).is_err() {
            count(&self.metrics, &self.controller, "dropped");
        }
    }

    /// Waits until everything published so far is sent or given up, for at most `within`.
    pub async fn flush(&self, within: Duration) {
        let (done, wait) = oneshot::channel();
        let flushed = async {
            if self.sender.send(Message::Flush(done)).await.is_ok() {
                let _ = wait.await;
            }
        };
        if with_timeout("flush events", within, flushed).await.is_err() {
            tracing::warn!(controller = %self.controller, "events were not sent");
        }
    }
}

fn count(metrics: &Metrics, controller: &str, result: &'static str) {
    metrics.events.get_or_create(&EventLabels { controller: controller.to_owned(), result }).inc();
}

/// Identifies the object, by uid if there is one. Warnings have a budget of their own.
fn key_of(reference: &ObjectReference, warning: bool) -> (String, bool) {
    let name = || {
        let part = |p: &Option<String>| p.clone().unwrap_or_default();
        format!("{}/{}/{}", part(&reference.kind), part(&reference.namespace), part(&reference.name))
    };
    (reference.uid.clone().unwrap_or_else(name), warning)
}

struct Worker {
    recorder: Recorder,
    leadership: Leadership,
    controller: String,
    metrics: Arc<Metrics>,
    failing: AtomicBool,
}

impl Worker {
    async fn run(mut self, mut receiver: mpsc::Receiver<Message>) {
        while let Some(message) = receiver.recv().await {
            match message {
                Message::Publish(published) => {
                    let (reference, event) = *published;
                    self.send(&reference, event).await;
                }
                // The caller may have stopped waiting.
                Message::Flush(done) => drop(done.send(())),
            }
        }
    }

    async fn send(&mut self, reference: &ObjectReference, event: Event) {
        if !self.leadership.is_leader() {
            return count(&self.metrics, &self.controller, "dropped");
        }
        let publishing = self.recorder.publish(&event, reference, Timestamp::now());
        let error = match with_timeout("publish event", DEADLINE, publishing).await {
            Ok(Ok(())) => {
                self.failing.store(false, Ordering::Relaxed);
                return count(&self.metrics, &self.controller, "published");
            }
            Ok(Err(error)) => one_line::text(&error),
            Err(timeout) => timeout.to_string(),
        };
        count(&self.metrics, &self.controller, "failed");
        if self.failing.swap(true, Ordering::Relaxed) {
            tracing::debug!(controller = %self.controller, reason = %event.reason, %error, "event not published");
        } else {
            tracing::warn!(
                controller = %self.controller, reason = %event.reason, %error,
                "event not published; further failures are only counted until one succeeds"
            );
        }
    }
}

/// At most `bytes` of `note`, cut between characters, with an ellipsis if something was cut.
pub fn cut(note: &str, bytes: usize) -> std::borrow::Cow<'_, str> {
    const ELLIPSIS: &str = "…";
    if note.len() <= bytes {
        return note.into();
    }
    let end = note.floor_char_boundary(bytes.saturating_sub(ELLIPSIS.len()));
    let mut short = note[..end].to_owned();
    if short.len() + ELLIPSIS.len() <= bytes {
        short.push_str(ELLIPSIS);
    }
    short.into()
}

/// A token bucket per object: [`Limiter::BURST`] at once, then one every [`Limiter::REFILL_SECONDS`].
#[derive(Debug, Default)]
struct Limiter {
    buckets: HashMap<(String, bool), Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    seen: Timestamp,
}

impl Bucket {
    fn at(self, now: Timestamp) -> f64 {
        let elapsed = now.duration_since(self.seen).as_secs_f64().max(0.0);
        (self.tokens + elapsed / Limiter::REFILL_SECONDS).min(Limiter::BURST)
    }
}

impl Limiter {
    /// A rollout in steps emits fewer.
    const BURST: f64 = 20.0;
    /// As slow as the repeats that client-go lets through are aggregated.
    const REFILL_SECONDS: f64 = 60.0;
    /// Full buckets are dropped when there are more than this.
    const ENTRIES: usize = 4096;

    fn allow(&mut self, key: (String, bool), now: Timestamp) -> bool {
        if self.buckets.len() >= Self::ENTRIES {
            self.buckets.retain(|_, bucket| bucket.at(now) < Self::BURST);
        }
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: Self::BURST, seen: now });
        let tokens = bucket.at(now);
        let allowed = tokens >= 1.0;
        *bucket = Bucket { tokens: if allowed { tokens - 1.0 } else { tokens }, seen: now };
        allowed
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
