//! For tests: an API server in memory, small and without any knowledge of kinds. In: objects that a test puts, and the
//! requests of a kube client. Out: answers and watches as an API server gives them, a record of all requests, and
//! faults at chosen requests.
//!
//! | module | what it does |
//! |---|---|
//! | [`request`] | what a request asks for |
//! | `objects` | the objects: versions, preconditions, finalizers, subresources |
//! | `fields` | patches, and who owns which field |
//! | [`faults`] | what happens at a chosen request |
//!
//! It runs in the executor of the test and never waits for time, so that tests may pause the clock. There is no
//! validation, no admission and no garbage collection, and most lists are single fields.

pub mod faults;
mod fields;
mod objects;
pub mod request;

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use jiff::Timestamp;
use kube::{Client, client::Body};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::BoxError;

use faults::Faults;
pub use faults::Then;
use objects::{Objects, Place, failure};
pub use request::Asked;

type Sent = UnsyncBoxBody<Bytes, BoxError>;

struct Inner {
    objects: Mutex<Objects>,
    asked: Mutex<Vec<Asked>>,
    faults: Mutex<Faults>,
    /// Resources whose watches report nothing for now.
    lagging: Mutex<BTreeSet<String>>,
    moved: watch::Sender<()>,
    now: fn() -> Timestamp,
}

/// The server. Cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

impl Server {
    /// A server without objects, whose clock is `now`.
    pub fn new(now: fn() -> Timestamp) -> Self {
        Self(Arc::new(Inner {
            objects: Mutex::default(),
            asked: Mutex::default(),
            faults: Mutex::default(),
            lagging: Mutex::default(),
            moved: watch::Sender::new(()),
            now,
        }))
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| server.clone().serve(request));
        Client::new(service, "default")
    }

    async fn serve(self, request: Request<Body>) -> Result<Response<Sent>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await?;
        let Some(asked) = Asked::read(&parts, &body, (self.0.now)()) else {
            return whole(failure(404, "NotFound", "the server has no such path", json!({})));
        };
        let number = {
            let mut all = self.0.asked.lock();
            all.push(asked.clone());
            all.len() - 1
        };
        self.moved();
        let chosen = self.0.faults.lock().choose(&asked);
        match &chosen {
            Some(Then::Meanwhile(act)) => act(&self),
            Some(Then::Hold(released)) => released.notified().await,
            Some(Then::Refuse { .. } | Then::LoseReply | Then::Afterwards(_)) | None => {}
        }
        let lost = matches!(chosen, Some(Then::LoseReply));
        let answer = match &chosen {
            Some(Then::Refuse { code, reason, message }) => {
                failure(*code, reason, message, json!({"name": asked.name, "kind": asked.plural()}))
            }
            _ if asked.verb == "watch" => return Ok(Response::new(self.watch(asked))),
            _ => self.0.objects.lock().answer(&asked),
        };
        if let Some(Then::Afterwards(act)) = &chosen {
            act(&self);
        }
        if !lost && let Some(asked) = self.0.asked.lock().get_mut(number) {
            asked.code = Some(answer.0);
        }
        self.moved();
        if lost { Err("the connection was closed before the answer came".into()) } else { whole(answer) }
    }

    fn moved(&self) {
        self.0.moved.send_replace(());
    }

    /// A stream of the changes after the version that a watch names.
    fn watch(&self, asked: Asked) -> Sent {
        let from = asked.value("resourceVersion").and_then(|v| v.parse::<u64>().ok()).unwrap_or(0);
        let start = (self.clone(), self.0.moved.subscribe(), from, asked);
        let lines = stream::unfold(start, |(server, mut moved, seen, asked)| async move {
            loop {
                moved.borrow_and_update();
                if let Some((version, line)) = server.next_change(&asked, seen) {
                    return Some((Ok(Frame::data(line)), (server, moved, version, asked)));
                }
                moved.changed().await.ok()?;
            }
        });
        StreamBody::new(lines).boxed_unsync()
    }

    fn next_change(&self, asked: &Asked, seen: u64) -> Option<(u64, Bytes)> {
        if self.0.lagging.lock().contains(asked.plural()) {
            return None;
        }
        let objects = self.0.objects.lock();
        let start = objects.changes.partition_point(|change| change.version <= seen);
        let mut rest = objects.changes[start..].iter();
        let change = rest.find(|c| c.place.0 == asked.plural() && asked.covers(&c.place.1, &c.object))?;
        // The type comes first, as from an API server: some clients read the object straight from the text.
        let line = format!("{{\"type\":\"{}\",\"object\":{}}}\n", change.kind, change.object);
        Some((change.version, Bytes::from(line)))
    }

    /// Stores `object` under `plural`, its status included, and returns it as stored. The server fills in what is
    /// missing of uid, generation and date of creation.
    pub fn put(&self, plural: &str, object: Value) -> Value {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        let place = (plural.to_owned(), text("namespace"), text("name"));
        let stored = self.0.objects.lock().put(place, object, "test", (self.0.now)());
        self.moved();
        stored
    }

    /// Changes a stored object as `manager`, or as if its present owners had, if that is empty; nothing happens if there
    /// is no object.
    pub fn edit(&self, (plural, namespace, name): (&str, &str, &str), manager: &str, change: impl FnOnce(&mut Value)) {
        let place = place(plural, namespace, name);
        let mut objects = self.0.objects.lock();
        if let Some(mut object) = objects.get(&place).cloned() {
            change(&mut object);
            objects.put(place, object, manager, (self.0.now)());
        }
        drop(objects);
        self.moved();
    }

    /// Deletes an object, or marks it as deleted as long as it has finalizers.
    pub fn delete(&self, plural: &str, namespace: &str, name: &str) {
        self.0.objects.lock().delete(&place(plural, namespace, name), &Value::Null, (self.0.now)());
        self.moved();
    }

    /// An object as it is now.
    pub fn get(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        self.0.objects.lock().get(&place(plural, namespace, name)).cloned()
    }

    /// All objects of a resource, by namespace and name.
    pub fn all(&self, plural: &str) -> Vec<Value> {
        self.0.objects.lock().of(plural).map(|(_, object)| object.clone()).collect()
    }

    /// All requests so far, in their order.
    pub fn asked(&self) -> Vec<Asked> {
        self.0.asked.lock().clone()
    }

    /// The writes so far, in their order.
    pub fn writes(&self) -> Vec<Asked> {
        self.0.asked.lock().iter().filter(|asked| asked.is_write()).cloned().collect()
    }

    /// Watches of `plural` report nothing more until [`Server::catch_up`]; lists and other requests show all.
    pub fn lag(&self, plural: &str) {
        self.0.lagging.lock().insert(plural.to_owned());
    }

    /// Watches of `plural` report what they missed, and go on.
    pub fn catch_up(&self, plural: &str) {
        self.0.lagging.lock().remove(plural);
        self.moved();
    }

    /// At the `nth` request from now on with this verb and resource, `then`. Both are as in [`Asked`]; an empty one
    /// matches all. After the resource may follow a name: `pods web-1`.
    pub fn at(&self, nth: usize, verb: &str, resource: &str, then: Then) {
        self.0.faults.lock().add(Some(nth), verb, resource, then);
    }

    /// At every such request from now on, `then`.
    pub fn always(&self, verb: &str, resource: &str, then: Then) {
        self.0.faults.lock().add(None, verb, resource, then);
    }

    /// Forgets all faults.
    pub fn heal(&self) {
        *self.0.faults.lock() = Faults::default();
    }

    /// What `look` returns as soon as it returns something.
    ///
    /// # Errors
    /// `what`, if that takes longer than `within`.
    pub async fn until<T>(
        &self,
        what: &str,
        within: Duration,
        mut look: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T, String> {
        let mut moved = self.0.moved.subscribe();
        let found = async {
            loop {
                moved.borrow_and_update();
                if let Some(found) = look(self) {
                    return Some(found);
                }
                moved.changed().await.ok()?;
            }
        };
        let found = tokio::time::timeout(within, found).await;
        found.ok().flatten().ok_or_else(|| format!("not within {within:?}: {what}"))
    }
}

fn place(plural: &str, namespace: &str, name: &str) -> Place {
    (plural.to_owned(), namespace.to_owned(), name.to_owned())
}

fn whole((code, body): (u16, Value)) -> Result<Response<Sent>, BoxError> {
    let body = Full::from(body.to_string()).map_err(|never| match never {}).boxed_unsync();
    Ok(Response::builder().status(code).body(body)?)
}
