//! A write of an action, as it is documented and as the rights are compared with it.
//!
//! In: nothing. Out: the verb, what it is sent to, and what it changes there.

use crate::right::{Choice, Verb};

/// What a request is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// The Kubernetes API, for one of these resources, whichever fits the target.
    Api {
        /// The API group; empty for the core group.
        group: &'static str,
        /// The resources, in the plural.
        resources: &'static [&'static str],
        /// The subresource; empty if it is the object itself.
        subresource: &'static str,
    },
    /// The Kubernetes API, for a resource that the installer names.
    Chosen {
        /// Where the installer names it.
        by: Choice,
        /// The subresource; empty if it is the object itself.
        subresource: &'static str,
    },
    /// Another server: its path. A create is a POST.
    Other(&'static str),
}

/// Whether a request does the action or undoes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It does the action. An undo sends the same kind of request with the former values, if there is no other.
    Act,
    /// It is sent by an undo alone.
    Undo,
}

/// A write of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The verb.
    pub verb: Verb,
    /// What it is sent to.
    pub to: Receiver,
    /// What it changes there, without a full stop.
    pub what: &'static str,
    /// Whether it does the action or undoes it.
    pub purpose: Purpose,
}

impl Request {
    /// A patch of an object.
    pub(crate) const fn patch(group: &'static str, resources: &'static [&'static str], what: &'static str) -> Self {
        Self::new(Verb::Patch, Receiver::Api { group, resources, subresource: "" }, what)
    }

    /// A new object.
    pub(crate) const fn create(group: &'static str, resources: &'static [&'static str], what: &'static str) -> Self {
        Self::new(Verb::Create, Receiver::Api { group, resources, subresource: "" }, what)
    }

    /// The end of an object, with its uid as precondition.
    pub(crate) const fn delete(group: &'static str, resources: &'static [&'static str], what: &'static str) -> Self {
        Self::new(Verb::Delete, Receiver::Api { group, resources, subresource: "" }, what)
    }

    /// A write of a resource that the installer names.
    pub(crate) const fn chosen(verb: Verb, by: Choice, what: &'static str) -> Self {
        Self::new(verb, Receiver::Chosen { by, subresource: "" }, what)
    }

    /// A request to another server.
    pub(crate) const fn other(verb: Verb, path: &'static str, what: &'static str) -> Self {
        Self::new(verb, Receiver::Other(path), what)
    }

    const fn new(verb: Verb, to: Receiver, what: &'static str) -> Self {
        Self { verb, to, what, purpose: Purpose::Act }
    }

    /// The same for a subresource.
    pub(crate) const fn of(mut self, name: &'static str) -> Self {
        self.to = match self.to {
            Receiver::Api { group, resources, .. } => Receiver::Api { group, resources, subresource: name },
            Receiver::Chosen { by, .. } => Receiver::Chosen { by, subresource: name },
            other @ Receiver::Other(_) => other,
        };
        self
    }

    /// The same for an undo alone.
    pub(crate) const fn undoes(mut self) -> Self {
        self.purpose = Purpose::Undo;
        self
    }

    /// The method of HTTP.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self.verb {
            Verb::Get | Verb::List => "GET",
            Verb::Create | Verb::Bind => "POST",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }
}
