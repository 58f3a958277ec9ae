//! The result of a decision on one container.
//!
//! In: nothing. Out: the types that the decision passes on for judging, recording and explaining: a container's sizes
//! with the decision behind them, or why it is left unchanged.

use trimtab_sizing::{ContainerDecision, RefuseReason, Sizes};

use crate::{amount, injectors::Injector, sized::SizedContainer};

/// A container with the decision on it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Its sizes, now and proposed.
    pub sized: SizedContainer,
    /// The decision behind them, or why there is none.
    pub decision: Result<ContainerDecision, Left>,
}

/// Why a container is left unchanged.
#[derive(Clone, Debug, PartialEq)]
pub enum Left {
    /// It is an init container: its usage lasts seconds and is rarely measured. It is counted, not sized.
    Init,
    /// The policy excludes containers of this name.
    Excluded,
    /// It was never measured.
    Unmeasured,
    /// It was injected into the pods at admission: the template does not contain it, so its size cannot be made to last
    /// there. Its ideal size is advice to a person.
    Injected(Box<Injected>),
}

/// What is known of an injected container.
#[derive(Clone, Debug, PartialEq)]
pub struct Injected {
    /// The decision on it; `None` if nothing was measured or no advice may be given.
    pub decision: Option<ContainerDecision>,
    /// The size that fits it, or why there is none.
    pub fit: Result<Fit, NoFit>,
}

/// A size for an injected container, for a person to set.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// What injects it.
    pub injector: &'static Injector,
    /// The advised size.
    pub to: Sizes,
}

impl Fit {
    /// The annotations of the workload's pod template that set it. They include unchanged amounts: an injector may drop
    /// its defaults, or change them.
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
    /// It was never measured.
    Unmeasured,
    /// The policy excludes containers of this name.
    Excluded,
    /// Its injector is unknown, and so is how its size is set.
    UnknownInjector,
    /// Its size fits already.
    Fits,
    /// The decision is a refusal.
    Refused(RefuseReason),
    /// The namespace has no room for pods with it.
    NoRoom,
}
