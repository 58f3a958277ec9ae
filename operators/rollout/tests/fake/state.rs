//! The machine in that cluster: what it sees, what it sent, what it remembers; and one action after the other.

use super::{
    Cluster, Config, Node, Size,
    act::{Answer, Sent},
    digest, now,
};
use jiff::SignedDuration;
use trimtab_api::{
    recommendation::Decision,
    recommendation_rollout::{RolloutResult, Stage, Verdict},
};
use trimtab_rollout::{
    Session,
    ask::{Request, Response, Step},
    step,
    view::View,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The machine looks and decides.
    Look,
    /// The server does what was sent, and the answer arrives.
    Serve,
    /// It is done, or not, and no answer arrives.
    Lose {
        done: bool,
    },
    /// The server answers that a precondition does not hold.
    Conflict,
    /// The server refuses it for good.
    Refuse,
    /// The process ends. What it sent arrives, or not.
    Crash {
        done: bool,
    },
    /// From now on the machine sees the cluster as it is now.
    Lag,
    /// And now as it is.
    CatchUp,
    /// A long time passes.
    Tick,
    /// A node did what a resize asked for.
    Settle(u8),
    /// A node has no room for it, or never will.
    Defer(u8),
    Infeasible(u8),
    Unready(u8),
    Ready(u8),
    Replace(u8),
    /// The workload's own rollout brings one pod.
    Roll(u8),
    Withdraw,
    Reject,
    Approve,
    EditProposal,
    EditTemplate,
    /// Somebody puts the former size into the template by hand.
    RevertTemplate,
    DropEntry,
    Suspend,
    Resume,
    GuardLost,
    GuardBack,
    Halt,
    Unhalt,
    Fail,
    Inconclusive,
    Pass,
    Recreate,
    Delete,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub real: Cluster,
    /// What the machine sees, where that is older.
    pub lag: Option<Box<Cluster>>,
    pub session: Session,
    pub sent: Option<Sent>,
    pub answer: Option<Answer>,
    /// How many more disturbances there are.
    pub budget: u8,
    /// Digests that came to an end.
    pub ended: Vec<String>,
    /// The first thing that should not have happened.
    pub broken: Option<&'static str>,
    /// Whether the last look found nothing to do.
    pub waits: bool,
}

impl State {
    pub fn new(config: Config, budget: u8) -> Self {
        Self {
            real: Cluster::new(config),
            lag: None,
            session: Session::default(),
            sent: None,
            answer: None,
            budget,
            ended: Vec::new(),
            broken: None,
            waits: false,
        }
    }

    /// Everything that can happen now.
    pub fn actions(&self) -> Vec<Action> {
        let mut all = vec![Action::Look, Action::Serve, Action::CatchUp, Action::Tick];
        all.extend([Action::Resume, Action::GuardBack, Action::Unhalt, Action::Pass, Action::Approve]);
        for i in 0..self.real.config.pods {
            all.extend([Action::Settle(i), Action::Ready(i), Action::Roll(i)]);
        }
        if self.budget > 0 {
            all.extend(DISTURBANCES);
            for i in 0..self.real.config.pods {
                all.extend([Action::Defer(i), Action::Infeasible(i), Action::Unready(i), Action::Replace(i)]);
            }
        }
        all.retain(|a| self.possible(*a));
        all
    }

    fn possible(&self, action: Action) -> bool {
        let c = &self.real;
        let pod = |i: u8| c.pods.get(usize::from(i));
        match action {
            Action::Look => self.sent.is_none(),
            Action::Serve | Action::Lose { .. } | Action::Conflict => self.sent.is_some(),
            Action::Refuse => matches!(self.sent, Some(Sent::Resize { .. } | Sent::Put { .. } | Sent::Patch { .. })),
            Action::Crash { done } => !done || self.sent.is_some(),
            // Time passes between looks only: that is where the machine asks what time it is.
            Action::Tick => self.sent.is_none() && self.answer.is_none() && self.waits,
            Action::Lag => self.lag.is_none(),
            Action::CatchUp => self.lag.is_some(),
            Action::Settle(i) => pod(i).is_some_and(|p| matches!(p.node, Node::InProgress | Node::Deferred { .. })),
            Action::Defer(i) | Action::Infeasible(i) => pod(i).is_some_and(|p| p.node == Node::InProgress),
            Action::Unready(i) => pod(i).is_some_and(|p| p.ready),
            Action::Ready(i) => pod(i).is_some_and(|p| !p.ready),
            Action::Replace(i) => pod(i).is_some(),
            Action::Roll(i) => pod(i).is_some_and(|p| p.made_from != (c.template, c.edits)),
            Action::Withdraw => c.approval.is_some(),
            Action::Reject => c.approval != Some((false, c.proposal)),
            Action::Approve => c.approval.is_none_or(|(_, size)| size != c.proposal),
            Action::EditProposal => c.proposal == Size::New,
            Action::EditTemplate => c.target.is_some() && c.template != Size::Edited,
            Action::RevertTemplate => c.target.is_some() && c.template == Size::New,
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
            Action::Recreate | Action::Delete => c.target.is_some(),
        }
    }

    /// The state after `action`.
    pub fn after(&self, action: Action) -> Self {
        let mut next = self.clone();
        if costs(action) {
            next.budget = next.budget.saturating_sub(1);
        }
        next.act(action);
        next
    }

    fn act(&mut self, action: Action) {
        let c = &mut self.real;
        self.waits = self.waits && action == Action::Tick;
        match action {
            Action::Look => self.look(),
            Action::Serve => self.serve(true),
            Action::Lose { done } => {
                if done {
                    self.serve(false);
                }
                (self.sent, self.answer) = (None, Some(Answer::Unknown));
            }
            Action::Conflict => (self.sent, self.answer) = (None, Some(Answer::Stale)),
            Action::Refuse => (self.sent, self.answer) = (None, Some(Answer::Refused)),
            Action::Crash { done } => {
                if done {
                    self.serve(false);
                }
                // A new process lists everything anew, so it sees what there is.
                (self.session, self.sent, self.answer, self.lag) = (Session::default(), None, None, None);
            }
            Action::Lag => self.lag = Some(Box::new(c.clone())),
            Action::CatchUp => self.lag = None,
            Action::Tick => {
                c.age();
                if let Some(lag) = &mut self.lag {
                    lag.age();
                }
                self.session = forgetful(std::mem::take(&mut self.session));
                self.waits = false;
            }
            Action::Settle(i) => c.pods[usize::from(i)].node = Node::Settled,
            Action::Defer(i) => c.pods[usize::from(i)].node = Node::Deferred { long: false },
            Action::Infeasible(i) => c.pods[usize::from(i)].node = Node::Infeasible,
            Action::Unready(i) => c.pods[usize::from(i)].ready = false,
            Action::Ready(i) => c.pods[usize::from(i)].ready = true,
            Action::Replace(i) | Action::Roll(i) => c.replace(usize::from(i)),
            Action::Withdraw => c.approval = None,
            Action::Reject => c.approval = Some((false, c.proposal)),
            Action::Approve => c.approval = Some((true, c.proposal)),
            Action::EditProposal => c.proposal = Size::Next,
            Action::EditTemplate => (c.template, c.edits) = (Size::Edited, c.edits + 1),
            Action::RevertTemplate => c.template = Size::Former,
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
                c.target = c.target.map(|uid| uid + 1);
                for i in 0..c.pods.len() {
                    c.replace(i);
                }
            }
            Action::Delete => {
                c.target = None;
                c.pods.clear();
            }
        }
    }

    pub fn seen(&self) -> &Cluster {
        self.lag.as_deref().unwrap_or(&self.real)
    }

    fn look(&mut self) {
        let view = self.seen().view();
        let answer = self.answer.take().map(response);
        let (session, next) = step(&view, std::mem::take(&mut self.session), answer, now());
        self.session = session;
        if let Step::Ask(request) = next {
            self.broken = self.broken.or(forbidden(&view, &request));
            self.sent = Some(Sent::of(&request, self.seen()));
        } else {
            self.waits = true;
        }
    }

    fn serve(&mut self, answered: bool) {
        let Some(sent) = self.sent.take() else { return };
        let end = matches!(&sent, Sent::Write(s, _) if s.0.stage == Stage::Ended);
        let wrong = self.real.wrong(&sent, &self.ended);
        let answer = self.real.serve(&sent);
        if answer == Answer::Done {
            self.broken = self.broken.or(wrong);
            if let (Sent::Write(status, _), true) = (&sent, end)
                && !self.ended.contains(&status.0.proposal_digest)
                && status.0.result != Some(RolloutResult::Superseded)
            {
                self.ended.push(status.0.proposal_digest.clone());
            }
            if let (Some(lag), true) = (&mut self.lag, answered) {
                // The driver shows the effect of what was done, whatever the watch says.
                lag.apply(&sent);
            }
        }
        if answered {
            self.answer = Some(answer);
        }
    }

    /// What happens when nobody disturbs any more: everything recovers, nodes do their work, time passes.
    pub fn quiet(&self) -> Option<Action> {
        let order = [Action::CatchUp, Action::Resume, Action::GuardBack, Action::Unhalt, Action::Pass, Action::Serve];
        let nodes = (0..self.real.config.pods).flat_map(|i| [Action::Roll(i), Action::Settle(i), Action::Ready(i)]);
        let first = order.into_iter().chain(nodes).find(|a| self.possible(*a));
        first.or_else(
            || if self.waits { Some(Action::Tick) } else { self.possible(Action::Look).then_some(Action::Look) },
        )
    }
}

/// What a disturbance can be, beside those of single pods.
const DISTURBANCES: [Action; 20] = [
    Action::Lose { done: true },
    Action::Lose { done: false },
    Action::Conflict,
    Action::Refuse,
    Action::Crash { done: true },
    Action::Crash { done: false },
    Action::Lag,
    Action::Withdraw,
    Action::Reject,
    Action::EditProposal,
    Action::EditTemplate,
    Action::RevertTemplate,
    Action::DropEntry,
    Action::Suspend,
    Action::GuardLost,
    Action::Halt,
    Action::Fail,
    Action::Inconclusive,
    Action::Recreate,
    Action::Delete,
];

pub fn costs(action: Action) -> bool {
    DISTURBANCES.contains(&action)
        || matches!(action, Action::Defer(_) | Action::Infeasible(_) | Action::Unready(_) | Action::Replace(_))
}

fn response(answer: Answer) -> Response {
    let message = String::new();
    match answer {
        Answer::Done => Response::Done,
        Answer::Stale => Response::Stale,
        Answer::Unknown => Response::Unknown { message },
        Answer::Halted => Response::Halted { message },
        Answer::NoBudget => Response::NoBudget { message },
        Answer::Refused => Response::Refused { reason: "Invalid".to_owned(), message },
    }
}

/// What this session is after a time so long that every delay is over: it looks at a world in which nothing is to be done.
fn forgetful(session: Session) -> Session {
    let mut idle = Cluster::new(Config {
        pods: 1,
        delivery: super::DeliveryKind::Manual,
        evict: false,
        pause: false,
        all_at_once: true,
    });
    idle.approval = None;
    let later = now().checked_add(SignedDuration::from_secs(super::LONG)).unwrap();
    step(&idle.view(), session, None, later).0
}

/// What is wrong with asking for `request` by what this view shows.
fn forbidden(view: &View, request: &Request) -> Option<&'static str> {
    if view.approval_known.is_err() {
        let after_end = matches!(&view.rollout, Some(r) if r.stage == Stage::Ended);
        return Some(if after_end {
            "written after the end, without knowing the approval"
        } else {
            "written without knowing the approval"
        });
    }
    let approved =
        view.approval.as_ref().is_some_and(|a| a.decision == Decision::Approved && a.proposal_digest == view.digest);
    let stage = view.rollout.as_ref().map(|r| r.stage);
    let forward = match request {
        Request::WriteStatus(status) => {
            !matches!(status.stage, Stage::Undoing | Stage::Ended) || status.result == Some(RolloutResult::Applied)
        }
        Request::DropSizes | Request::Protect | Request::Remember(_) | Request::Release => false,
        _ => stage != Some(Stage::Undoing),
    };
    let same = match request {
        Request::WriteStatus(status) => status.proposal_digest == view.digest,
        _ => view.rollout.as_ref().is_some_and(|r| r.proposal_digest == view.digest),
    };
    if forward && !(approved && same) {
        return Some("a change without a valid approval for this digest");
    }
    let gates = if stage.is_none_or(|s| s == Stage::Ended) { &view.start_gates } else { &view.forward_gates };
    (forward && !gates.is_empty()).then_some("a change in spite of a closed gate")
}

/// The digest of the first proposal.
pub fn first() -> String {
    digest(Size::New)
}
