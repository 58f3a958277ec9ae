//! What has really happened, which no view shows, and what must never happen. In: a request that takes effect. Out: what is
//! wrong with it.

use trimtab_api::remediation::outcome::{ActionResult, StepPhase};
use trimtab_engine::parts::Phase;
use trimtab_remediation::{Request, effect::Effect, run::Run};

use super::{Cluster, Val};

/// What has happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ghost {
    /// Changes that took effect: the step, and whether they restored something.
    pub writes: Vec<(String, bool)>,
    /// Pods that were evicted.
    pub evicted: Vec<u8>,
}

impl Ghost {
    /// Takes note of `request`, which took effect on `before`, and says what is wrong with it.
    pub fn took_effect(&mut self, before: &Cluster, request: &Request) -> Option<&'static str> {
        match request {
            Request::WriteStatus(run) => self.written(before, run),
            Request::Effect(Effect::Patch(patch)) => {
                let key = (patch.step.clone(), patch.is_undo);
                let thing = before.things().into_iter().find(|t| t.uid.to_string() == patch.object.uid).copied()?;
                let run = before.run();
                if patch.is_undo {
                    if !thing.ours {
                        return Some("what somebody else has set was taken for the action's own and undone");
                    }
                    if !run.is_some_and(Run::is_undoing) {
                        return Some("something was undone before the status said so");
                    }
                    let began = self.first_value(before, &patch.object.uid);
                    if began.is_some_and(|began| began != Val::of(&patch.to)) {
                        return Some("something was restored that is not the former value");
                    }
                } else {
                    if self.writes.contains(&key) {
                        return Some("a change took effect twice");
                    }
                    let step = |run: &Run| run.steps.iter().find(|step| step.name == patch.step).cloned();
                    let version = run.and_then(step).and_then(|step| step.snapshot.first()?.version.clone());
                    if version.is_none_or(|version| version.parse::<u8>().unwrap() < thing.edited) {
                        return Some("a change was sent over what somebody did since it was announced");
                    }
                    let announced = |run: &Run| {
                        let step = run.steps.iter().find(|step| step.name == patch.step);
                        step.is_some_and(|s| s.phase == StepPhase::Running && !s.snapshot.is_empty())
                            && run.undo.expires_at.is_some()
                            && (!before.config.temporary || run.undo.due_at.is_some())
                            && run.phase() == Phase::Changing
                    };
                    if !run.is_some_and(announced) {
                        return Some("a change was made before the status announced it and its undo");
                    }
                }
                self.writes.push(key);
                None
            }
            Request::Effect(Effect::Evict(eviction)) => {
                let pod = before.pods.iter().find(|pod| pod.uid.to_string() == eviction.uid)?;
                let planned = |run: &Run| {
                    run.steps
                        .iter()
                        .flat_map(|step| step.pods.iter().flatten())
                        .any(|planned| planned.uid == eviction.uid)
                };
                if !before.run().is_some_and(planned) {
                    return Some("a pod was evicted that the plan does not name");
                }
                if pod.node != 0 {
                    return Some("a pod was evicted from another node");
                }
                if !pod.terminating {
                    self.evicted.push(pod.uid);
                }
                None
            }
            Request::Release => self.lost(before),
            _ => None,
        }
    }

    /// The value that the first step has found.
    fn first_value(&self, before: &Cluster, uid: &str) -> Option<Val> {
        let run = before.run()?;
        let field = run.steps.iter().flat_map(|step| &step.snapshot).find(|field| field.uid.as_deref() == Some(uid))?;
        Some(Val::of(&field.former.as_deref().map(|text| serde_json::from_str(text).unwrap())))
    }

    fn written(&self, before: &Cluster, next: &Run) -> Option<&'static str> {
        let last = before.run();
        if let Some(last) = last {
            if last.is_undoing() && !next.is_undoing() && next.undo.ended.is_none() {
                return Some("a run went forward again from its way back");
            }
            if last.undo.ended.is_some() && last != next {
                return Some("a run that was undone was written again");
            }
            if last.started != next.started || (last.started.is_some() && last.digest != next.digest) {
                return Some("what a run is about was changed while it was under way");
            }
            if let (Some(old), Some(new)) = (&last.undo.due_at, &next.undo.due_at)
                && new.0 > old.0
            {
                return Some("the time of the undo was put off");
            }
        }
        match next.result {
            Some(ActionResult::Undone | ActionResult::UndoRefused) if next.undo.ended.is_some() => self.lost(before),
            Some(ActionResult::Succeeded) if last.is_some_and(|last| last.result.is_none()) => {
                self.untrue(before, next)
            }
            _ => None,
        }
    }

    /// What the action has left behind, though it is over.
    fn lost(&self, cluster: &Cluster) -> Option<&'static str> {
        let run = cluster.run()?;
        let is_kept = run.phase() == Phase::Ended && run.undo.due_at.is_none() && run.undo.cause.is_none();
        let left = |uid: &str| {
            let thing = cluster.things().into_iter().find(|thing| thing.uid.to_string() == uid);
            let first = self.first_value(cluster, uid);
            thing.is_some_and(|thing| thing.ours && first.is_some_and(|first| first != thing.value))
        };
        let fields = run.steps.iter().flat_map(|step| &step.snapshot);
        let mut uids = fields.filter_map(|field| field.uid.as_deref());
        (!is_kept && uids.any(left)).then_some("it is over, and something that it set is still there")
    }

    fn untrue(&self, cluster: &Cluster, run: &Run) -> Option<&'static str> {
        let planned = run.steps.iter().flat_map(|step| step.pods.iter().flatten());
        let mut left = planned.filter(|pod| cluster.pods.iter().any(|p| p.uid.to_string() == pod.uid && p.node == 0));
        left.next().map(|_| "it says that it is done, and a pod of the plan is still on the node")
    }
}
