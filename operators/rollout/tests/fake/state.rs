//! The machines in that cluster, in one process: what each sees, sent and remembers; and the effect of each action.

use super::{
    Cluster, Config, DeliveryKind, Node, Scene, Size,
    act::{Answer, Sent},
    action::Action,
    cluster::{Approval, Rec},
    forbidden::forbidden,
    ghost::Ghost,
    now,
};
use jiff::SignedDuration;
use std::{mem::take, sync::LazyLock};
use trimtab_api::{
    rollout::{RolloutResult, Stage},
    verification::Verdict,
};
use trimtab_engine::{
    header::Place,
    machine::step,
    protocol::{Cause, Response},
};
use trimtab_rollout::{Request, Session, Step, view::View};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub real: Cluster,
    /// The older cluster that the machines see, if their watches are stale.
    pub lag: Option<Box<Cluster>>,
    pub machines: Vec<Machine>,
    /// How many more disturbances may happen.
    pub budget: u8,
    pub ghost: Ghost,
    /// The first thing that should not have happened.
    pub broken: Option<&'static str>,
}

/// The process's state for one Recommendation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Machine {
    pub session: Session,
    pub sent: Option<Sent>,
    pub answer: Option<Answer>,
    /// Whether the last step found nothing to do.
    pub waits: bool,
    /// Digests whose rollout has ended since the object was created.
    pub ended: Vec<String>,
    /// The workload reserved for it, until the Recommendation differs from its state then. See limiter.rs.
    reserved: Option<Box<(String, Rec)>>,
    /// Whether the start was announced with that place.
    announced: bool,
    /// The cluster at the final check before an end, until that end is written.
    confirmed: Option<Box<Cluster>>,
}

impl State {
    pub fn new(config: Config, budget: u8) -> Self {
        Self {
            real: Cluster::new(config),
            lag: None,
            machines: (0..config.machines()).map(|_| Machine::default()).collect(),
            budget,
            ghost: Ghost::default(),
            broken: None,
        }
    }

    /// Everything that can happen now.
    pub fn actions(&self) -> Vec<Action> {
        let mut all = self.real.config.actions();
        all.retain(|a| (self.budget > 0 || !a.disturbs()) && self.possible(*a));
        all
    }

    fn machine(&self, of: u8) -> &Machine {
        &self.machines[usize::from(of)]
    }

    fn machine_mut(&mut self, of: u8) -> &mut Machine {
        &mut self.machines[usize::from(of)]
    }

    fn possible(&self, action: Action) -> bool {
        let c = &self.real;
        let pod = |i: u8| c.pods.get(usize::from(i));
        let rec = |of: u8| c.rec(of);
        let sent = |of: u8| self.machine(of).sent.as_ref();
        match action {
            Action::Look(of) => sent(of).is_none(),
            Action::Serve(of) | Action::Lose { of, .. } | Action::Conflict(of) => sent(of).is_some(),
            Action::Refuse(of) => matches!(sent(of), Some(Sent::Resize { .. } | Sent::Put { .. } | Sent::Patch { .. })),
            Action::Crash { done } => !done || self.machines.iter().any(|m| m.sent.is_some()),
            // Time only passes between steps: that is when a machine reads the clock.
            Action::Tick => self.machines.iter().all(|m| m.sent.is_none() && m.answer.is_none() && m.waits),
            Action::Lag => self.lag.is_none(),
            Action::CatchUp => self.lag.is_some(),
            Action::Settle(i) => pod(i).is_some_and(|p| matches!(p.node, Node::InProgress | Node::Deferred { .. })),
            Action::Defer(i) | Action::Infeasible(i) => pod(i).is_some_and(|p| p.node == Node::InProgress),
            Action::Unready(i) => pod(i).is_some_and(|p| p.ready),
            Action::Ready(i) => pod(i).is_some_and(|p| !p.ready),
            Action::Replace(i) => pod(i).is_some() && c.target.is_some() && !c.refused,
            Action::Roll(i) => c.target.is_some() && pod(i).is_some_and(|p| p.made_from != (c.template, c.edits)),
            Action::Withdraw(of) => rec(of).is_some_and(|r| r.approval.is_some_and(|a| a.person)),
            Action::Reject(of) => {
                let no = |r: &Rec| r.approval.is_none_or(|a| a.yes || a.size != r.proposal);
                rec(of).is_some_and(no)
            }
            Action::Approve(of) => {
                let unapproved = |r: &Rec| {
                    let undone = r.status().is_some_and(|s| s.result == Some(RolloutResult::RolledBack));
                    let open = |a: Approval| (undone && !a.yes) || (!a.person && !c.policy_says_yes(of, r));
                    r.approval.is_none_or(|a| a.size != r.proposal || open(a))
                };
                rec(of).is_some_and(unapproved)
            }
            Action::EditProposal(of) => rec(of).is_some_and(|r| r.proposal != Size::Next),
            Action::EditTemplate => c.target.is_some() && c.template != Size::Edited,
            // Of a recreated workload it is somebody's own template that they change.
            Action::RevertTemplate => c.target == Some(1) && !matches!(c.template, Size::Former | Size::Edited),
            Action::DropEntry => c.entry.is_some(),
            Action::Suspend => !c.suspended,
            Action::Resume => c.suspended,
            Action::GuardLost => c.guard,
            Action::GuardBack => !c.guard,
            Action::Halt => !c.halted,
            Action::Unhalt => c.halted,
            Action::Fail => c.verdict != Verdict::Fail,
            Action::Inconclusive => c.verdict == Verdict::Pass,
            Action::Pass => c.verdict != Verdict::Pass,
            Action::Recreate | Action::Delete | Action::Adopt => c.target.is_some(),
            // Of a patched template that somebody changed and that is gone, nobody can know which pods it gave their size.
            Action::Orphan => c.target.is_some() && !c.unpatched,
            Action::Return => c.target.is_none() && !c.pods.is_empty(),
            Action::DeleteRec(of) => rec(of).is_some_and(|r| !r.deleted),
            Action::DeletePolicy => !c.no_policy,
            Action::Remake => rec(0).is_none() && c.config.scene != Scene::Stays,
            Action::CannotCreate => !c.refused && c.delivered(),
        }
    }

    /// The state after `action`.
    pub fn after(&self, action: Action) -> Self {
        let mut next = self.clone();
        if action.disturbs() {
            next.budget = next.budget.saturating_sub(1);
        }
        next.act(action);
        if next.real.shared() {
            next.broken = next.broken.or(Some("a workload belongs to two Recommendations"));
        }
        next
    }

    fn act(&mut self, action: Action) {
        if !matches!(action, Action::Look(_) | Action::Tick) {
            self.machines.iter_mut().for_each(|m| m.waits = false);
        }
        let c = &mut self.real;
        match action {
            Action::Look(of) => self.look(of),
            Action::Serve(of) => self.serve(of, true),
            Action::Lose { of, done } => {
                if done {
                    self.serve(of, false);
                }
                let m = self.machine_mut(of);
                (m.sent, m.answer) = (None, Some(Answer::Unknown));
            }
            Action::Conflict(of) => {
                let m = self.machine_mut(of);
                (m.sent, m.answer) = (None, Some(Answer::Stale));
            }
            Action::Refuse(of) => {
                let m = self.machine_mut(of);
                (m.sent, m.answer) = (None, Some(Answer::Refused));
            }
            Action::Crash { done } => {
                for of in 0..self.real.config.machines() {
                    if done {
                        self.serve(of, false);
                    }
                    // A new process relists everything, so it sees the current objects and who holds which workload.
                    let ended = take(&mut self.machine_mut(of).ended);
                    *self.machine_mut(of) = Machine { ended, ..Machine::default() };
                }
                self.lag = None;
            }
            Action::Lag => self.lag = Some(Box::new(c.clone())),
            Action::CatchUp => self.lag = None,
            Action::Tick => {
                c.age();
                if let Some(lag) = &mut self.lag {
                    lag.age();
                }
                for m in &mut self.machines {
                    m.session = forgetful(take(&mut m.session));
                    m.waits = false;
                    if let Some(reserved) = &mut m.reserved {
                        reserved.1.age(true);
                    }
                }
            }
            Action::Settle(i) => c.pods[usize::from(i)].node = Node::Settled,
            Action::Defer(i) => c.pods[usize::from(i)].node = Node::Deferred { long: false },
            Action::Infeasible(i) => c.pods[usize::from(i)].node = Node::Infeasible,
            Action::Unready(i) => c.pods[usize::from(i)].ready = false,
            Action::Ready(i) => c.pods[usize::from(i)].ready = true,
            Action::Replace(i) | Action::Roll(i) => c.replace(usize::from(i)),
            Action::Withdraw(of) => self.decide(of, None),
            Action::Reject(of) => self.decide(of, Some(false)),
            Action::Approve(of) => self.decide(of, Some(true)),
            Action::EditProposal(of) => {
                let rec = c.rec_mut(of).unwrap();
                (rec.proposal, rec.no_at_deletion) = (Size::Next, false);
            }
            Action::EditTemplate => {
                c.unpatched |= c.template != Size::Former;
                (c.template, c.edits) = (Size::Edited, c.edits + 1);
            }
            Action::RevertTemplate => (c.template, c.unpatched) = (Size::Former, true),
            Action::DropEntry => c.entry = None,
            Action::Suspend => c.suspended = true,
            Action::Resume => c.suspended = false,
            Action::GuardLost => c.guard = false,
            Action::GuardBack => c.guard = true,
            Action::Halt => c.halted = true,
            Action::Unhalt => c.halted = false,
            Action::Fail => c.verdict = Verdict::Fail,
            Action::Inconclusive => c.verdict = Verdict::Inconclusive,
            Action::Pass => c.verdict = Verdict::Pass,
            Action::Recreate => {
                c.create();
                for i in 0..c.pods.len() {
                    c.replace(i);
                }
            }
            Action::Adopt | Action::Return => c.create(),
            Action::Orphan => c.target = None,
            Action::Delete => {
                c.target = None;
                c.pods.clear();
            }
            Action::DeleteRec(of) => self.delete(of),
            Action::DeletePolicy => c.no_policy = true,
            Action::Remake => {
                c.fresh += 1;
                c.recs[0] = Some(Rec::new(c.fresh, Size::New, false));
                c.no_policy = false;
            }
            Action::CannotCreate => c.refused = true,
        }
        self.real.refused &= self.real.delivered();
    }

    /// A person decides on the proposal, or withdraws the decision.
    fn decide(&mut self, of: u8, yes: Option<bool>) {
        let rec = self.real.rec_mut(of).unwrap();
        let decision = |yes| Approval { yes, size: rec.proposal, person: true, long: false };
        rec.taken_back = rec.approval.filter(|a| yes.is_none() && !a.yes);
        (rec.approval, rec.no_at_deletion) = (yes.map(decision), false);
        if yes == Some(true) {
            self.ghost.approved(rec.proposal);
        }
    }

    fn delete(&mut self, of: u8) {
        let rec = self.real.rec_mut(of).unwrap();
        rec.deleted = true;
        rec.no_at_deletion = rec.finalizer && rec.approval.is_some_and(|a| !a.yes && a.size == rec.proposal);
        if !rec.finalizer {
            let rec = self.real.recs[usize::from(of)].take().unwrap();
            self.gone(of, &rec);
        }
    }

    /// `rec` is gone.
    fn gone(&mut self, of: u8, rec: &Rec) {
        self.broken = self.broken.or(self.real.left(of, rec));
        self.ghost.gone(of, rec, &self.real);
        self.machine_mut(of).ended.clear();
    }

    pub fn seen(&self) -> &Cluster {
        self.lag.as_deref().unwrap_or(&self.real)
    }

    /// Whether, to the process's knowledge, the workload belongs to another Recommendation than `of`, whatever uid it
    /// has by now.
    fn taken(&self, of: u8) -> bool {
        (0..self.real.config.machines())
            .filter(|other| *other != of)
            .any(|other| self.machine(other).reserved.is_some() || self.seen().rec(other).and_then(Rec::hold).is_some())
    }

    fn look(&mut self, of: u8) {
        let seen = self.seen();
        if self.machine(of).reserved.as_ref().is_some_and(|r| Some(&r.1) != seen.rec(of)) {
            (self.machine_mut(of).reserved, self.machine_mut(of).announced) = (None, false);
            self.machines.iter_mut().for_each(|m| m.waits = false);
        }
        let seen = self.seen();
        let taken = self.taken(of);
        let machine = self.machine(of);
        let announced = machine.announced;
        let place = machine.reserved.as_ref().map(|place| Place { uid: place.0.clone(), announced });
        let Some(view) = seen.view(of, taken, place) else {
            // Nothing is kept of what is gone.
            let ended = take(&mut self.machine_mut(of).ended);
            *self.machine_mut(of) = Machine { ended, waits: true, ..Machine::default() };
            return;
        };
        let machine = self.machine_mut(of);
        let answer = machine.answer.take().map(response);
        let (session, next) = step(&view, take(&mut machine.session), answer, now());
        machine.session = session;
        let request = match next {
            Step::Ask(request) => request,
            Step::LookAgain { .. } => {
                machine.waits = true;
                return;
            }
            Step::Wait { standing, .. } => {
                machine.waits = true;
                self.broken = self.broken.or(self.seen().untrue(of, &standing));
                return;
            }
        };
        machine.waits = false;
        self.broken = self.broken.or(forbidden(&view, &request));
        match &request {
            Request::Reserve { uid } => {
                let rec = self.seen().rec(of).unwrap().clone();
                let taken = self.taken(of);
                let machine = self.machine_mut(of);
                if !taken {
                    machine.reserved = Some(Box::new((uid.clone(), rec)));
                }
                machine.answer = Some(if taken { Answer::Stale } else { Answer::Done });
                return;
            }
            Request::GiveBack => {
                let machine = self.machine_mut(of);
                (machine.reserved, machine.answer) = (None, Some(Answer::Done));
                self.machines.iter_mut().for_each(|m| m.waits = false);
                return;
            }
            Request::WriteStatus(status) => {
                let was_under_way = view.rollout.as_ref().is_some_and(|r| r.is_under_way());
                if status.is_under_way() && !was_under_way && status.stage != Stage::Undoing {
                    let machine = self.machine_mut(of);
                    machine.announced = true;
                    if machine.reserved.as_ref().is_none_or(|place| place.0 != status.target_uid) {
                        self.broken = self.broken.or(Some("a rollout began without a place"));
                    }
                }
                let says = matches!(status.result, Some(RolloutResult::Applied | RolloutResult::RolledBack));
                if status.stage == Stage::Ended && says && self.machine(of).confirmed.is_none() {
                    self.broken = self.broken.or(Some("an end was written without a last look"));
                }
            }
            _ => self.machine_mut(of).confirmed = None,
        }
        self.machine_mut(of).sent = Some(Sent::of(&request, of, self.seen()));
    }

    fn serve(&mut self, of: u8, answered: bool) {
        let Some(sent) = self.machine_mut(of).sent.take() else { return };
        // Changes after the final check cannot be known.
        let confirmed = self.machine_mut(of).confirmed.take().filter(|_| matches!(&sent, Sent::Write(..)));
        // What is written may already be about a workload that went since.
        let target = self.real.target;
        let confirmed = confirmed.map(|seen| Box::new(Cluster { target, ..*seen }));
        let wrong = confirmed.as_deref().unwrap_or(&self.real).wrong(of, &sent, &self.machine(of).ended, &self.ghost);
        let before = self.real.rec(of).cloned();
        let answer = self.real.serve(of, &sent);
        let at_the_look = matches!(sent, Sent::Confirm(_)).then(|| Box::new(self.real.clone()));
        let machine = &mut self.machines[usize::from(of)];
        if answer == Answer::Done {
            machine.confirmed = at_the_look;
            self.broken = self.broken.or(wrong);
            if let Sent::Write(status, _) = &sent {
                self.ghost.written(of, before.as_ref().and_then(Rec::status), &status.0);
            }
            if let Sent::Write(status, _) = &sent
                && matches!(status.0.result, Some(RolloutResult::Applied | RolloutResult::RolledBack))
                && !machine.ended.contains(&status.0.proposal_digest)
            {
                machine.ended.push(status.0.proposal_digest.clone());
            }
            if let (Some(lag), true) = (&mut self.lag, answered) {
                // The driver shows the effect of a completed request, even if the watch lags.
                lag.apply(of, &sent);
            }
        }
        if answered {
            machine.answer = Some(answer);
        }
        if let (Some(rec), None) = (before, self.real.rec(of)) {
            self.gone(of, &rec);
        }
    }

    /// The next event without further disturbances: everything recovers, nodes do their work, time passes.
    pub fn quiet(&self) -> Option<Action> {
        let machines = 0..self.real.config.machines();
        let order = [Action::CatchUp, Action::Resume, Action::GuardBack, Action::Unhalt, Action::Pass];
        let served = machines.clone().map(Action::Serve);
        let nodes = (0..self.real.config.pods).flat_map(|i| [Action::Roll(i), Action::Settle(i), Action::Ready(i)]);
        let first = order.into_iter().chain(served).chain(nodes).find(|a| self.possible(*a));
        let look = || machines.clone().find(|of| !self.machine(*of).waits).map_or(Action::Tick, Action::Look);
        first.or_else(|| Some(look()).filter(|a| self.possible(*a)))
    }
}

fn response(answer: Answer) -> Response {
    let message = String::new();
    match answer {
        Answer::Done => Response::Done,
        Answer::Stale => Response::Stale,
        Answer::Unknown => Response::Unknown { message },
        Answer::Halted => Response::Halted { message },
        Answer::NoBudget => Response::NoBudget { message },
        Answer::Refused => Response::Refused { cause: Cause::Other, reason: "Invalid".to_owned(), message },
    }
}

/// A rollout under way about which nothing is known, so that nothing is done.
static IDLE: LazyLock<View> = LazyLock::new(|| {
    let delivery = DeliveryKind::Manual;
    let config = Config { pods: 1, delivery, evict: false, pause: false, all_at_once: true, scene: Scene::Stays };
    let mut idle = Cluster::new(config);
    idle.rec_mut(0).unwrap().finalizer = true;
    let mut view = idle.view(0, false, Some(Place { uid: "target-1".to_owned(), announced: false })).unwrap();
    let Step::Ask(Request::WriteStatus(begun)) = step(&view, Session::default(), None, now()).1 else {
        panic!("it begins")
    };
    idle.guard = false;
    view = idle.view(0, false, None).unwrap();
    view.rollout = Some(*begun);
    view
});

/// This session after a time so long that every delay is over.
fn forgetful(session: Session) -> Session {
    if session == Session::default() {
        return session;
    }
    let later = now().checked_add(SignedDuration::from_secs(super::LONG)).unwrap();
    step(&*IDLE, session, None, later).0
}
