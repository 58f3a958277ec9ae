//! The machine in that cluster, in one process: what it sees, sent and remembers; and the effect of each event.

use std::hash::{Hash, Hasher};

use trimtab_api::remediation::outcome::ActionResult;
use trimtab_engine::{
    header::Place,
    machine::step,
    parts::Phase,
    protocol::{Key, Step},
};
use trimtab_remediation::{Acting, Request, Session, effect::Effect};

use super::{By, Cluster, Config, Thing, Val, ghost::Ghost, server::Answer};

/// A request that has no answer yet, with the version of the action that it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub request: Request,
    pub seen: u8,
}

impl Eq for Sent {}

impl Hash for Sent {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (Key::of(&self.request), self.seen).hash(h);
        if let Request::WriteStatus(run) = &self.request {
            super::Status(std::sync::Arc::new((**run).clone())).hash(h);
        }
        if let Request::Effect(Effect::Patch(patch)) = &self.request {
            patch.version.hash(h);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The machine makes a step.
    Look,
    /// The server answers.
    Serve,
    /// Its answer is lost.
    Lose {
        done: bool,
    },
    /// It refuses.
    Refuse,
    /// It asks to wait.
    NotYet,
    /// The process dies and another begins, at once or long after.
    Crash {
        done: bool,
        long: bool,
    },
    Tick,
    Lag,
    CatchUp,
    /// Somebody edits the object of the step: to another value, to the one that the action sets, or back.
    Other(u8),
    Same(u8),
    Back(u8),
    /// Something else changes the object of the step.
    Noise(u8),
    /// Pods become ready, or not.
    Ready,
    /// The pod at this place is gone; or another of its name comes up on another node.
    PodGone(u8),
    PodMoved(u8),
    /// A new pod comes up on the node.
    PodNew,
    NoBudget,
    Budget,
    Worse,
    Withdraw,
    Cancel,
    UndoNow,
    Delete,
    Halt,
    Unhalt,
    GuardLost,
    GuardBack,
}

impl Event {
    /// Whether it is more than the undisturbed course of things.
    pub fn disturbs(self) -> bool {
        use Event::{Budget, CatchUp, GuardBack, Look, PodGone, Ready, Serve, Tick, Unhalt};
        !matches!(self, Look | Serve | Tick | CatchUp | Ready | PodGone(_) | Budget | Unhalt | GuardBack)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub real: Cluster,
    /// The older cluster that the machine sees, if its view is stale.
    pub lag: Option<Box<Cluster>>,
    pub session: Session,
    pub sent: Option<Sent>,
    pub answer: Option<Answer>,
    pub place: Option<(String, bool)>,
    /// Whether the last step found nothing to do.
    pub waits: bool,
    pub budget: u8,
    pub ghost: Ghost,
    /// The first thing that should not have happened.
    pub broken: Option<&'static str>,
}

/// The last unit of time that is explored.
const LAST: u8 = 12;

impl State {
    pub fn new(config: Config, budget: u8) -> Self {
        Self {
            real: Cluster::new(config),
            lag: None,
            session: Session::default(),
            sent: None,
            answer: None,
            place: None,
            waits: false,
            budget,
            ghost: Ghost::default(),
            broken: None,
        }
    }

    /// Everything that can happen now.
    pub fn events(&self) -> Vec<Event> {
        use Event::*;
        let things = 0..u8::try_from(self.real.things().len()).unwrap();
        let pods = 0..u8::try_from(self.real.pods.len()).unwrap();
        let mut all = vec![Look, Serve, Refuse, NotYet, Tick, Lag, CatchUp, Ready, NoBudget, Budget, Worse, Withdraw];
        all.extend([Cancel, UndoNow, Delete, Halt, Unhalt, PodNew, GuardLost, GuardBack]);
        all.extend([false, true].map(|done| Lose { done }));
        all.extend([(false, false), (true, false), (true, true)].map(|(done, long)| Crash { done, long }));
        all.extend(things.flat_map(|at| [Other(at), Same(at), Back(at), Noise(at)]));
        all.extend(pods.flat_map(|at| [PodGone(at), PodMoved(at)]));
        all.retain(|event| (self.budget > 0 || !event.disturbs()) && self.is_possible(*event));
        all
    }

    fn is_possible(&self, event: Event) -> bool {
        use Event::*;
        let c = &self.real;
        let ra = c.ra.as_ref();
        let is_effect = matches!(self.sent.as_ref().map(|sent| &sent.request), Some(Request::Effect(_)));
        let thing = |at: u8| *c.things()[usize::from(at)];
        let drains = c.config.does.steps().contains(&"DrainNode");
        match event {
            Look => self.sent.is_none() && ra.is_some() && (!self.waits || self.answer.is_some()),
            Serve | Lose { .. } => self.sent.is_some(),
            Refuse | NotYet => is_effect,
            Crash { done, long } => (!done || self.sent.is_some()) && (!long || c.time + 4 <= LAST),
            Tick => self.waits && self.sent.is_none() && self.answer.is_none() && c.time < LAST,
            Lag => self.lag.is_none() && ra.is_some(),
            CatchUp => self.lag.is_some(),
            Other(at) => !matches!(thing(at).value, Val::Number(9)) && matches!(thing(at).value, Val::Number(_)),
            Same(at) => c.run().is_some() && thing(at).value != wanted(&thing(at)),
            Back(at) => thing(at).value == wanted(&thing(at)),
            Noise(_) => true,
            Ready => c.web.value != Val::Number(c.web.ready),
            PodGone(at) => c.pods[usize::from(at)].terminating,
            PodMoved(at) => c.pods[usize::from(at)].node == 0,
            PodNew => drains && c.pods.len() < 3,
            NoBudget => drains && !c.no_budget,
            Budget => c.no_budget,
            Worse => !c.worse,
            Withdraw => ra.is_some_and(|ra| ra.approved),
            Cancel => ra.is_some_and(|ra| !ra.cancel),
            UndoNow => ra.is_some_and(|ra| !ra.undo_now),
            Delete => ra.is_some_and(|ra| !ra.deleted),
            Halt => !c.halted,
            Unhalt => c.halted,
            GuardLost => c.guard,
            GuardBack => !c.guard,
        }
    }

    /// The state after `event`.
    pub fn after(&self, event: Event) -> Self {
        let mut next = self.clone();
        if event.disturbs() {
            next.budget = next.budget.saturating_sub(1);
        }
        next.act(event);
        next
    }

    fn act(&mut self, event: Event) {
        use Event::*;
        if !matches!(event, Look) {
            self.waits = false;
        }
        match event {
            Look => self.look(),
            Serve => {
                let answer = self.serve();
                self.answer = answer;
            }
            Lose { done } => {
                if done {
                    self.serve();
                }
                (self.sent, self.answer) = (None, Some(Answer::Unknown));
            }
            Refuse => (self.sent, self.answer) = (None, Some(Answer::Refused)),
            NotYet => (self.sent, self.answer) = (None, Some(Answer::NotYet)),
            Crash { done, long } => {
                if done {
                    self.serve();
                }
                (self.sent, self.answer, self.lag, self.place) = (None, None, None, None);
                self.session = Session::default();
                self.real.time += if long { 4 } else { 0 };
            }
            Tick => self.real.time += 1,
            Lag => self.lag = Some(Box::new(self.real.clone())),
            CatchUp => self.lag = None,
            Other(at) => {
                self.edit(at, |thing| Thing { value: Val::Number(9), by: By::Person(thing.edits + 1), ..thing })
            }
            Same(at) => {
                self.edit(at, |thing| Thing { value: wanted(&thing), by: By::Person(thing.edits + 1), ..thing })
            }
            Back(at) => self.edit(at, |thing| match thing.value {
                Val::Number(_) => Thing { value: Val::Number(2), by: By::Person(thing.edits + 1), ..thing },
                // Who removes a field leaves no mark.
                _ => Thing { value: Val::Absent, by: By::Nobody, ..thing },
            }),
            Noise(at) => {
                let uid = self.real.things()[usize::from(at)].uid.to_string();
                self.real.thing_mut(&uid).version += 1;
            }
            Ready => {
                if let Val::Number(n) = self.real.web.value {
                    self.real.web.ready = n;
                }
            }
            PodGone(at) => {
                self.real.pods.remove(usize::from(at));
            }
            PodMoved(at) => {
                self.real.made += 1;
                let uid = 100 + self.real.made;
                let pod = &mut self.real.pods[usize::from(at)];
                (pod.uid, pod.node, pod.terminating) = (uid, 1, false);
            }
            PodNew => {
                self.real.made += 1;
                let uid = 100 + self.real.made;
                self.real.pods.push(super::FakePod { name: uid, uid, node: 0, terminating: false });
            }
            NoBudget => self.real.no_budget = true,
            Budget => self.real.no_budget = false,
            Worse => self.real.worse = true,
            Withdraw | Cancel | UndoNow | Delete => {
                let Some(ra) = &mut self.real.ra else { return };
                ra.version += 1;
                match event {
                    Withdraw => ra.approved = false,
                    Cancel => ra.cancel = true,
                    UndoNow => ra.undo_now = true,
                    _ => ra.deleted = true,
                }
                if ra.deleted && !ra.protected {
                    self.real.ra = None;
                }
            }
            Halt => self.real.halted = true,
            Unhalt => self.real.halted = false,
            GuardLost => self.real.guard = false,
            GuardBack => self.real.guard = true,
        }
    }

    fn edit(&mut self, at: u8, change: impl Fn(Thing) -> Thing) {
        let uid = self.real.things()[usize::from(at)].uid.to_string();
        let thing = self.real.thing_mut(&uid);
        let next = change(*thing);
        *thing = Thing {
            version: thing.version + 1,
            ours: false,
            edits: thing.edits + 1,
            edited: thing.version + 1,
            ..next
        };
    }

    fn look(&mut self) {
        let seen = self.lag.as_deref().unwrap_or(&self.real);
        let place = self.place.clone().map(|(uid, announced)| Place { uid, announced });
        let Some(view) = seen.view(place) else { return };
        let version = seen.ra.as_ref().map_or(0, |ra| ra.version);
        let answer = self.answer.take().map(Answer::response);
        let now = self.real.now();
        let (session, next) = step::<Acting>(&view, std::mem::take(&mut self.session), answer, now);
        self.session = session;
        match next {
            Step::Ask(request) => (self.sent, self.waits) = (Some(Sent { request, seen: version }), false),
            Step::Wait { .. } => self.waits = true,
            Step::LookAgain { .. } => {
                // The watches catch up.
                (self.waits, self.lag) = (self.lag.is_none(), None);
            }
        }
    }

    fn serve(&mut self) -> Option<Answer> {
        let Sent { request, seen } = self.sent.take()?;
        let before = self.real.clone();
        let answer = self.real.serve(&request, seen);
        match &request {
            Request::Reserve { uid } => self.place = Some((uid.clone(), false)),
            Request::GiveBack => self.place = None,
            Request::WriteStatus(_) => {
                if let Some(place) = &mut self.place {
                    place.1 = true;
                }
            }
            _ => {}
        }
        if answer == Answer::Done {
            // The driver shows its own writes in the next view.
            self.lag = None;
            let wrong = self.ghost.took_effect(&before, &request);
            self.broken = self.broken.or(wrong);
        }
        Some(answer)
    }

    /// What happens next where nothing disturbs any more.
    pub fn quiet(&self) -> Option<Event> {
        use Event::*;
        let natural = [CatchUp, Unhalt, GuardBack, Budget, Serve, Look, Ready];
        let pods = (0..u8::try_from(self.real.pods.len()).unwrap()).map(PodGone);
        let mut all = natural.into_iter().chain(pods);
        all.find(|event| self.is_possible(*event)).or(self.real.ra.is_some().then_some(Tick))
    }

    /// Whether nothing more is to come: it has ended, and is undone if it was to be.
    pub fn is_over(&self) -> bool {
        let Some(ra) = &self.real.ra else { return true };
        let comes_back = |run: &trimtab_remediation::run::Run| run.is_undoable() && run.undo.due_at.is_some();
        self.waits && ra.run().is_some_and(|run| run.phase() == Phase::Ended && !comes_back(run)) && !ra.deleted
    }

    /// Its result.
    pub fn result(&self) -> Option<ActionResult> {
        self.real.run().and_then(|run| run.result)
    }
}

/// What the action sets the field to.
fn wanted(thing: &Thing) -> Val {
    match thing.value {
        Val::Number(_) => Val::Number(4),
        Val::Absent | Val::True => Val::True,
    }
}
