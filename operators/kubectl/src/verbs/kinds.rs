//! The kinds that people decide on, as the verbs read them and tell of them.
//!
//! In: a cluster, and what was typed. Out: objects, and lines on the screen. What is decided and followed in the same way for
//! every kind stands in [`super::decide`], [`super::record`] and [`super::follow`].

use trimtab_api::{
    Approvable, optimization_policy::OptimizationPolicySpec, recommendation::Recommendation,
    remediation::spec::RemediationAction,
};

use super::{past, workload};
use crate::{
    action_text,
    carried::earlier_in_force,
    cluster::{Session, answer},
    course::{Course, Goal},
    decided_on::{DecidedOn, name_in},
    decision_text, irreversible,
    problem::Problem,
    progress,
    refusal::{Tried, is_unknown_kind},
    undo, words,
};

/// A kind that people decide on and follow.
pub(super) trait Told: DecidedOn {
    /// What its course is told with, beside the object.
    type Beside;

    /// The object that people mean by this text.
    async fn meant(session: &Session, text: &str) -> Result<Self, Problem>;

    /// What a decision on each of them is about, a line each.
    async fn lines(session: &Session, objects: &[Self]) -> Vec<String>;

    /// Tells what will hold them up once they are approved. `scope`: the namespace that they are in, or all.
    async fn tell_held(session: &Session, scope: Option<&str>, objects: &[Self]);

    /// Why it would not begin once it is approved.
    fn never_begins(&self) -> Option<String>;

    /// Why it could not be undone.
    fn is_for_good(&self) -> Option<String>;

    /// Tells what a rejection takes back, and returns whether it does.
    fn tell_taken_back(&self, session: &Session) -> Result<bool, Problem>;

    /// Reads what its course is told with.
    async fn beside(&self, session: &Session) -> Option<Self::Beside>;

    /// How far it is, for somebody who waits for the end.
    fn course(&self, digest: Option<&str>, goal: Goal, beside: Option<&Self::Beside>) -> Course;
}

impl Told for Recommendation {
    type Beside = OptimizationPolicySpec;

    async fn meant(session: &Session, text: &str) -> Result<Self, Problem> {
        session.find_recommendation(text).await
    }

    async fn lines(session: &Session, recs: &[Self]) -> Vec<String> {
        let present = workload::present_of_each(session, recs).await;
        recs.iter().zip(&present).map(|(rec, present)| decision_text::line(rec, present)).collect()
    }

    async fn tell_held(session: &Session, scope: Option<&str>, recs: &[Self]) {
        past::tell(session, scope, recs).await;
    }

    fn never_begins(&self) -> Option<String> {
        irreversible::removal(self)
    }

    fn is_for_good(&self) -> Option<String> {
        irreversible::warning(self)
    }

    fn tell_taken_back(&self, session: &Session) -> Result<bool, Problem> {
        if let Some(digest) = earlier_in_force(self) {
            let (namespace, name) = (self.metadata.namespace.as_deref().unwrap_or_default(), words::name(self));
            let of = words::short(digest);
            session.screen.note(&format!(
                "note: an earlier proposal of {namespace}/{name}, {of}, is in force and stays; kubectl trimtab undo {name} -n \
                 {namespace} takes it back"
            ));
            return Ok(false);
        }
        let Ok(consequences) = undo::preview(self) else { return Ok(false) };
        session.screen.say(&format!("{} is in force: this takes it back.\n{consequences}", words::full_name(self)))?;
        Ok(true)
    }

    async fn beside(&self, session: &Session) -> Option<OptimizationPolicySpec> {
        session.policy(self).await
    }

    fn course(&self, digest: Option<&str>, goal: Goal, policy: Option<&OptimizationPolicySpec>) -> Course {
        let course = progress::course(self, digest, policy);
        match goal {
            Goal::Applied => course,
            Goal::Undone => progress::of_undo(course, self, false),
            Goal::EarlierUndone => progress::of_undo(course, self, true),
        }
    }
}

impl Told for RemediationAction {
    type Beside = ();

    async fn meant(session: &Session, text: &str) -> Result<Self, Problem> {
        let kind = Self::KIND;
        let named = name_in::<Self>(text).filter(|name| !name.is_empty() && !name.contains('/'));
        let name = named.ok_or_else(|| Problem::Usage(format!("{text:?} does not name a {kind}")))?;
        let namespace = session.namespace();
        match session.objects(namespace).get(name).await {
            Ok(action) => Ok(action),
            // Not every cluster has the kind, and no other file of this release brings it.
            Err(error) if answer(&error).is_some_and(is_unknown_kind) => {
                Err(Problem::Failed(format!("the cluster does not know the kind {kind}")))
            }
            Err(error) => Err(session.problem(error, Tried::Read(&format!("{kind} {namespace}/{name}")))),
        }
    }

    async fn lines(_: &Session, actions: &[Self]) -> Vec<String> {
        actions.iter().map(action_text::line).collect()
    }

    /// The gates of a plan are in its status before it is approved.
    async fn tell_held(session: &Session, _: Option<&str>, actions: &[Self]) {
        for action in actions {
            for gate in action.gates() {
                let name = words::full_name(action);
                session
                    .screen
                    .note(&format!("note: {name} is held by {} ({}): {}", gate.gate, gate.reason, gate.message));
            }
        }
    }

    fn never_begins(&self) -> Option<String> {
        None
    }

    /// The plan says so.
    fn is_for_good(&self) -> Option<String> {
        let notes = self.status.as_ref()?.plan.as_ref()?.notes.join("; ");
        (self.spec.accept_irreversible && !notes.is_empty())
            .then(|| format!("{} cannot be undone: {notes}", words::full_name(self)))
    }

    fn tell_taken_back(&self, session: &Session) -> Result<bool, Problem> {
        if !self.is_undoable() {
            return Ok(false);
        }
        session.screen.say(&format!("{} has begun: this undoes what it has done", words::full_name(self)))?;
        Ok(true)
    }

    async fn beside(&self, _: &Session) -> Option<()> {
        None
    }

    fn course(&self, digest: Option<&str>, goal: Goal, _: Option<&()>) -> Course {
        let course = action_text::course(self, digest);
        match goal {
            Goal::Applied => course,
            Goal::Undone | Goal::EarlierUndone => action_text::of_undo(course),
        }
    }
}
