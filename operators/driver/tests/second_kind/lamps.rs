//! The controller of lamps, and the wall with their sockets. In: lamps. Out: what is lit.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use parking_lot::Mutex;
use tokio::sync::watch;
use trimtab_api::approval::{Approver, Decision, HonouredApproval};
use trimtab_core::conditions::merge;
use trimtab_driver::{
    controller::{Controller, LimiterOf, Sent},
    reconciled::Reconciled,
};
use trimtab_engine::{
    protocol::{Cause, Request, Response},
    standing::{Standing, conditions},
};
use trimtab_runtime::store::{Key, Store, complete};

use crate::{
    change::{DIGEST, Lighting, Run, View},
    lamp::{Lamp, Status},
};

#[derive(Clone, Debug, Default)]
pub struct Wall {
    /// The sockets with a lamp that is lit.
    pub lit: BTreeSet<String>,
    pub hours: u32,
    pub is_watched: bool,
    /// How many records were made, if they are made without end.
    pub records: Option<u64>,
    /// Whether nobody may light a lamp.
    pub forbids: bool,
}

pub struct Lamps {
    pub rows: Store<Lamp>,
    pub wall: Arc<watch::Sender<Wall>>,
    pub limiter: Arc<Mutex<LimiterOf<Lamps>>>,
    /// What was done, in order: `on`, `off`, and the stage of each run that was written.
    pub done: Arc<Mutex<Vec<String>>>,
}

impl Controller for Lamps {
    type Observed = View;
    type Pending = ();
    type Wakes = watch::Receiver<Wall>;

    const NAME: &'static str = "lamps";
    const AT_ONCE: u16 = 4;

    fn rows(&self) -> &Store<Lamp> {
        &self.rows
    }

    fn limiter(&self) -> &Mutex<LimiterOf<Self>> {
        &self.limiter
    }

    async fn loaded(&self) {
        complete(&mut [self.rows.changes()]).await;
    }

    fn wakes(&self) -> watch::Receiver<Wall> {
        self.wall.subscribe()
    }

    async fn due(&self, wakes: &mut watch::Receiver<Wall>) -> Vec<Key> {
        wakes.changed().await.unwrap();
        self.rows.keys_where(|_| true)
    }

    fn recall(&self, _: &[(Key, Arc<Lamp>)], _: Timestamp) {}

    fn saw(&self, key: &Key, lamp: Option<&Lamp>, _: Timestamp) -> Vec<Key> {
        lamp.map(|_| key.clone()).into_iter().collect()
    }

    fn changed(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    async fn observe(&self, lamp: &Lamp, _: &Mutex<()>, _: Timestamp) -> View {
        let meta = Self::meta(lamp);
        let (key, socket) = ((meta.namespace.to_owned(), meta.name.to_owned()), &lamp.spec.socket);
        let (limiter, wall) = (self.limiter.lock(), self.wall.borrow());
        View {
            approval: lamp.spec.approved_by.as_deref().map(|name| HonouredApproval {
                decision: Decision::Approved,
                by: Approver::person(name),
                rule: String::new(),
                proposal_digest: DIGEST.to_owned(),
                since: Time(Timestamp::UNIX_EPOCH),
                target_uid: None,
            }),
            is_deleted: meta.is_deleted,
            is_protected: meta.is_protected,
            place: limiter.place(&key),
            is_taken: limiter.other(socket, &key).is_some(),
            socket: socket.clone(),
            run: Self::run(lamp).cloned(),
            is_lit: wall.lit.contains(socket),
            hours: wall.hours,
            is_watched: wall.is_watched,
            record: wall.records,
        }
    }

    fn view(view: &View) -> &View {
        view
    }

    fn limits(_: &View) -> (u32, u32) {
        (10, 10)
    }

    fn status(&self, lamp: &Lamp, _: &View, new: Option<&Run>, standing: &Standing, now: Timestamp) -> Status {
        let generation = lamp.metadata.generation;
        let conditions = merge(Self::conditions(lamp), &conditions(standing), |_| None, generation, now);
        Status { run: new.or(Self::run(lamp)).cloned(), conditions }
    }

    async fn confirm(&self, lamp: &Lamp, seen: &bool) -> Response {
        let is_lit = self.wall.borrow().lit.contains(&lamp.spec.socket);
        if is_lit == *seen { Response::Done } else { Response::Stale }
    }

    async fn remember(&self, _: &Lamp, record: &u64) -> Response {
        self.wall.send_modify(|wall| wall.records = Some(record + 1));
        Response::Done
    }

    /// Takes long enough that everybody else has seen by then what they can see.
    async fn effect(&self, lamp: &Lamp, on: &bool) -> Sent {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if self.wall.borrow().forbids {
            let (reason, message) = ("Forbidden".to_owned(), "nobody may light a lamp".to_owned());
            return Sent::plain(Response::Refused { cause: Cause::Permission, reason, message });
        }
        let socket = lamp.spec.socket.clone();
        self.wall.send_modify(|wall| {
            _ = if *on { wall.lit.insert(socket) } else { wall.lit.remove(&socket) };
        });
        self.done.lock().push(if *on { "on" } else { "off" }.to_owned());
        Sent::plain(Response::Done)
    }

    fn keep((): &mut (), _: &bool, _: u64) {}

    fn is_caught_up((): &()) -> bool {
        true
    }

    fn answered(&self, _: &Lamp, _: &Request<Lighting>, _: &Response) {}

    fn wrote(&self, _: &Lamp, run: &Run) {
        self.done.lock().push(run.stage.clone());
    }
}
