//! What a decision on one container comes to.
//!
//! In: nothing. Out: the types that deciding hands to what judges, writes down and explains: its sizes with the decision that
//! they come from, or why it is left as it is.

use trimtab_sizing::{ContainerDecision, RefuseReason, Sizes};

use crate::{amount, injectors::Injector, sized::SizedContainer};

/// A container with the decision on it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Its sizes, now and proposed.
    pub sized: SizedContainer,
    /// The decision that they come from, or why there is none.
    pub decision: Result<ContainerDecision, Left>,
}

/// Why a container is left as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Left {
    /// It is an init container: what it uses is over in seconds and hardly ever measured. It is counted, not sized.
    Init,
    /// The policy leaves containers of this name alone.
    Excluded,
    /// Nothing was ever measured of it.
    Unmeasured,
    /// It was injected into the pods at admission: the template does not have it, so its size cannot be made to last there.
    /// What it would need is advice to a person.
    Injected(Box<Injected>),
}

/// What is known of an injected container.
#[derive(Clone, Debug, PartialEq)]
pub struct Injected {
    /// The decision on it; none where nothing was measured or nothing may be said.
    pub decision: Option<ContainerDecision>,
    /// The size that fits it, or why there is none.
    pub fit: Result<Fit, NoFit>,
}

/// A size for an injected container, for a person to set.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// What injects it.
    pub injector: &'static Injector,
    /// What it would have.
    pub to: Sizes,
}

impl Fit {
    /// The annotations of the workload's pod template that say it. Amounts that stay are among them: an injector may drop its
    /// defaults, or change them.
    pub fn annotations(&self) -> Vec<(&'static str, String)> {
        let values = [
            self.to.cpu_request.map(amount::cpu),
            self.to.cpu_limit.map(amount::cpu),
            self.to.memory_request.map(amount::memory),
            self.to.memory_limit.map(amount::memory),
        ];
        self.injector.keys.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

/// Why no size is given for an injected container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFit {
    /// Nothing was ever measured of it.
    Unmeasured,
    /// The policy leaves containers of this name alone.
    Excluded,
    /// What injects it is not known, so neither is how its size is set.
    UnknownInjector,
    /// It has what it needs.
    Fits,
    /// The decision says nothing.
    Refused(RefuseReason),
    /// The namespace has no room for pods with it.
    NoRoom,
}
