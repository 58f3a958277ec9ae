//! What happens at a chosen request. In: requests in their order. Out: the fault of each, or none.

use std::{fmt, sync::Arc};

use tokio::sync::Notify;

use crate::{Server, request::Asked};

/// What happens at a chosen request.
#[derive(Clone)]
pub enum Then {
    /// It is refused, and has no effect.
    Refuse {
        /// The code, such as 409.
        code: u16,
        /// The reason, such as `Conflict`.
        reason: String,
        /// The message.
        message: String,
    },
    /// It takes effect, and its answer is lost.
    LoseReply,
    /// It waits until it is released.
    Hold(Arc<Notify>),
    /// Something else happens before it takes effect.
    Meanwhile(Arc<dyn Fn(&Server) + Send + Sync>),
    /// Something else happens once it took effect, before it is answered.
    Afterwards(Arc<dyn Fn(&Server) + Send + Sync>),
}

impl Then {
    /// It is refused.
    pub fn refuse(code: u16, reason: &str, message: &str) -> Self {
        Self::Refuse { code, reason: reason.to_owned(), message: message.to_owned() }
    }

    /// `act` happens before it takes effect.
    pub fn meanwhile(act: impl Fn(&Server) + Send + Sync + 'static) -> Self {
        Self::Meanwhile(Arc::new(act))
    }

    /// `act` happens once it took effect.
    pub fn afterwards(act: impl Fn(&Server) + Send + Sync + 'static) -> Self {
        Self::Afterwards(Arc::new(act))
    }
}

impl fmt::Debug for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refuse { .. } => "Refuse",
            Self::LoseReply => "LoseReply",
            Self::Hold(_) => "Hold",
            Self::Meanwhile(_) => "Meanwhile",
            Self::Afterwards(_) => "Afterwards",
        })
    }
}

#[derive(Debug)]
struct Fault {
    verb: String,
    resource: String,
    /// How many matching requests it still lets pass; `None`: it strikes at each.
    left: Option<usize>,
    then: Then,
}

/// The faults to come.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, nth: Option<usize>, verb: &str, resource: &str, then: Then) {
        let left = nth.map(|nth| nth.saturating_sub(1));
        self.0.push(Fault { verb: verb.to_owned(), resource: resource.to_owned(), left, then });
    }

    /// The fault of this request. Each counts all requests that it matches.
    pub(crate) fn choose(&mut self, asked: &Asked) -> Option<Then> {
        let (mut chosen, mut spent) = (None, None);
        for (at, fault) in self.0.iter_mut().enumerate() {
            let (resource, name) = fault.resource.split_once(' ').unwrap_or((&fault.resource, ""));
            let matches = [(fault.verb.as_str(), asked.verb), (resource, &asked.resource), (name, &asked.name)];
            if !matches.iter().all(|(wanted, is)| wanted.is_empty() || wanted == is) {
                continue;
            }
            match fault.left.as_mut() {
                Some(left) if *left > 0 => *left -= 1,
                _ if chosen.is_some() => {}
                left => {
                    spent = left.is_some().then_some(at);
                    chosen = Some(fault.then.clone());
                }
            }
        }
        if let Some(at) = spent {
            self.0.remove(at);
        }
        chosen
    }
}
