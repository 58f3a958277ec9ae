//! What the API server does with a request, preconditions and all. In: the cluster and a request. Out: the cluster after it, and
//! the answer.

use std::sync::Arc;

use trimtab_engine::{change::Change, protocol::Cause, protocol::Response};
use trimtab_remediation::{
    Acting, Request,
    effect::{Effect, Eviction, Patch},
};

use super::{By, Cluster, Status, Thing, Val};

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Done,
    Stale,
    Unknown,
    Refused,
    NoBudget,
    NotYet,
    Halted,
}

impl Answer {
    pub fn response(self) -> Response {
        let message = String::from("said");
        let refused = |cause| Response::Refused { cause, reason: "Invalid".to_owned(), message: "said".to_owned() };
        match self {
            Self::Done => Response::Done,
            Self::Stale => Response::Stale,
            Self::Unknown => Response::Unknown { message },
            Self::Refused => refused(Cause::Other),
            Self::NoBudget => Response::NoBudget { message },
            Self::NotYet => refused(Cause::NotYet { after_s: 10 }),
            Self::Halted => Response::Halted { message },
        }
    }
}

impl Cluster {
    pub fn thing_mut(&mut self, uid: &str) -> &mut Thing {
        if self.web.uid.to_string() == uid { &mut self.web } else { &mut self.node }
    }

    /// Does `request`, which was made from the version `seen` of the action.
    pub fn serve(&mut self, request: &Request, seen: u8) -> Answer {
        let Some(ra) = &mut self.ra else { return Answer::Stale };
        match request {
            Request::Reserve { .. } | Request::GiveBack => Answer::Done,
            Request::Confirm(expected) => {
                let present = self.view(None).map(|view| Acting::seen(&view));
                if present.as_ref() == Some(expected) { Answer::Done } else { Answer::Stale }
            }
            Request::WriteStatus(run) if ra.version == seen => {
                (ra.status, ra.version) = (Some(Status(Arc::new((**run).clone()))), ra.version + 1);
                Answer::Done
            }
            Request::WriteStatus(_) => Answer::Stale,
            Request::Protect if ra.deleted => Answer::Stale,
            Request::Protect => {
                (ra.protected, ra.version) = (true, ra.version + 1);
                Answer::Done
            }
            Request::Release if ra.version != seen => Answer::Stale,
            Request::Release => {
                (ra.protected, ra.version) = (false, ra.version + 1);
                if ra.deleted {
                    self.ra = None;
                }
                Answer::Done
            }
            Request::Remember(_) => panic!("an action records nothing elsewhere"),
            Request::Effect(_) if self.halted => Answer::Halted,
            Request::Effect(Effect::Patch(patch)) => self.patch(patch),
            Request::Effect(Effect::Evict(eviction)) => self.evict(eviction),
        }
    }

    fn patch(&mut self, patch: &Patch) -> Answer {
        // The tests are those of the body that is sent.
        let body = patch.body();
        let tests = |path: &str| {
            let all = body.as_array().unwrap().iter();
            all.filter(|op| op["op"] == "test" && op["path"] == path).map(|op| op["value"].clone()).next()
        };
        let thing = self.thing_mut(&patch.object.uid);
        let is_same = tests("/metadata/uid") == Some(thing.uid.to_string().into())
            && tests("/metadata/resourceVersion") == Some(thing.version.to_string().into())
            && tests(&patch.path).is_none_or(|value| Some(value) == thing.value.json());
        if !is_same {
            return Answer::Stale;
        }
        let value = Val::of(&patch.to);
        *thing = Thing {
            value,
            by: if value == Val::Absent { By::Nobody } else { By::Us },
            ours: true,
            version: thing.version + 1,
            ..*thing
        };
        Answer::Done
    }

    fn evict(&mut self, eviction: &Eviction) -> Answer {
        let blocked = self.no_budget;
        // The driver reads the node of the pod just before it sends the eviction.
        let is_it = |pod: &&mut super::FakePod| {
            pod.uid.to_string() == eviction.uid && format!("n{}", pod.node) == eviction.node
        };
        match self.pods.iter_mut().find(is_it) {
            None => Answer::Stale,
            Some(pod) if pod.terminating => Answer::Done,
            Some(_) if blocked => Answer::NoBudget,
            Some(pod) => {
                pod.terminating = true;
                Answer::Done
            }
        }
    }
}
