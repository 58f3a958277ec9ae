//! Crashes, lost responses, conflicts and stale watches, at any request of a whole rollout, including one that is
//! rejected or deleted: it ends as if nothing had happened. With any other events in any order: no forbidden request,
//! and it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod fake;

use fake::{Config, DeliveryKind, Scene, Size, act::Sent, action::Action, cluster::Entry, size_of, state::State};
use proptest::prelude::*;
use trimtab_api::rollout::Stage;

const FAULTS: [Action; 6] = [
    Action::Lose { of: 0, done: true },
    Action::Lose { of: 0, done: false },
    Action::Conflict(0),
    Action::Crash { done: true },
    Action::Crash { done: false },
    Action::Lag,
];

/// The visible end state: pods, template, entry, decision record, and the Recommendation's standing, if it exists.
#[derive(Debug, PartialEq)]
struct End {
    pods: Vec<(u8, Size, bool)>,
    template: Size,
    entry: Option<Entry>,
    /// The size that a person rejected last, and the digest that was undone last, with the number of times.
    history: (Option<Size>, Option<(String, i32)>),
    is_there: bool,
    rollout: Option<(Stage, String, i32)>,
}

fn end(state: &State) -> End {
    let c = &state.real;
    let status = c.rec(0).and_then(|rec| rec.status());
    let history = c.history.as_ref().map(|h| &h.0);
    let rejected = history.and_then(|h| h.rejected.last()).map(|r| size_of(&r.containers));
    let undone = history.and_then(|h| h.undone.last()).map(|u| (u.proposal_digest.clone(), u.rollbacks));
    End {
        pods: c.pods.iter().map(|p| (p.name, p.size, p.ready)).collect(),
        template: c.template,
        entry: c.entry,
        history: (rejected, undone),
        is_there: c.rec(0).is_some(),
        rollout: status.map(|r| (r.stage, format!("{:?}", r.result), r.rollbacks)),
    }
}

/// When something happens: once this many pods have the new size, or after the end.
#[derive(Clone, Copy, Debug)]
enum When {
    Pods(usize),
    AtTheEnd,
}

/// What people do meanwhile.
#[derive(Clone, Copy, Debug)]
enum People {
    LetItBe,
    Reject(When),
    Delete(When),
    /// Reject it while it is rolled out, and delete it after that.
    RejectAndDelete,
    DeletePolicy(usize),
}

impl People {
    /// What they do now.
    fn act(self, state: &State) -> Option<Action> {
        let rec = state.real.rec(0)?;
        let changed = state.real.pods.iter().filter(|p| p.size == Size::New).count();
        let ended = matches!(state.real.end(0), Some((Stage::Ended, _)));
        let now = |when| match when {
            When::Pods(count) => changed >= count,
            When::AtTheEnd => ended,
        };
        let (approved, policy) = (rec.approval.is_some_and(|a| a.yes), !state.real.no_policy);
        match self {
            Self::Reject(when) => (approved && now(when)).then_some(Action::Reject(0)),
            Self::Delete(when) => (!rec.deleted && now(when)).then_some(Action::DeleteRec(0)),
            Self::RejectAndDelete if approved => (changed >= 2).then_some(Action::Reject(0)),
            Self::RejectAndDelete => (!rec.deleted && ended).then_some(Action::DeleteRec(0)),
            Self::DeletePolicy(count) => (policy && changed >= count).then_some(Action::DeletePolicy),
            Self::LetItBe => None,
        }
    }

    fn delete(self) -> bool {
        matches!(self, Self::Delete(_) | Self::RejectAndDelete)
    }
}

/// Runs a rollout in a quiet world, with the faults in `plan` at the requests that it names, and counts requests.
fn run(config: Config, people: People, plan: &[(usize, Action)]) -> (State, usize) {
    let mut state = State::new(config, 0);
    let (mut requests, mut quiet_looks) = (0, 0);
    for _ in 0..2_000 {
        let ended = if people.delete() {
            state.real.rec(0).is_none()
        } else {
            matches!(state.real.end(0), Some((Stage::Ended, _)))
        };
        if let Some(action) = people.act(&state) {
            state = state.after(action);
        }
        let mut action = state.quiet().expect("a quiet world goes on");
        if action == Action::Serve(0) {
            if let Some((_, fault)) = plan.iter().find(|(at, _)| *at == requests) {
                if *fault == Action::Lag {
                    state = state.after(Action::Lag);
                } else {
                    action = *fault;
                }
            }
            requests += 1;
        }
        // A stale watch stays stale for one request.
        if state.lag.is_some() && action == Action::CatchUp && state.machines[0].sent.is_some() {
            action = Action::Serve(0);
        }
        quiet_looks = if action == Action::Tick {
            quiet_looks + 1
        } else if state.machines[0].sent.is_some() {
            0
        } else {
            quiet_looks
        };
        state = state.after(action);
        assert_eq!(state.broken, None, "{config:?} {people:?} {plan:?}");
        if quiet_looks > 3 && ended {
            return (state, requests);
        }
    }
    panic!("no end: {config:?} {people:?} {plan:?}: {:?}", end(&state));
}

fn configs() -> Vec<(Config, People)> {
    use {People as P, When::*};
    let mut all = Vec::new();
    let rejected = [P::Reject(Pods(1)), P::Reject(Pods(3)), P::Reject(AtTheEnd)];
    let gone = [P::Delete(Pods(1)), P::Delete(Pods(3)), P::Delete(AtTheEnd), P::RejectAndDelete, P::DeletePolicy(2)];
    for delivery in [DeliveryKind::Admission, DeliveryKind::Template, DeliveryKind::Manual] {
        for people in [P::LetItBe].into_iter().chain(rejected).chain(gone) {
            for all_at_once in [false, true] {
                let config =
                    Config { pods: 4, delivery, evict: false, pause: !all_at_once, all_at_once, scene: Scene::Goes };
                all.push((config, people));
            }
        }
    }
    all
}

#[test]
fn a_fault_at_every_request_changes_nothing_about_the_end() {
    let mut plans = 0;
    for (config, people) in configs() {
        let (undisturbed, requests) = run(config, people, &[]);
        let restored = undisturbed.real.pods.iter().all(|p| p.size == Size::Former);
        assert_eq!(restored, !matches!(people, People::LetItBe), "{config:?} {people:?}");
        assert_eq!(undisturbed.real.rec(0).is_none(), people.delete(), "{config:?} {people:?}");
        let no = undisturbed.real.history.as_ref().is_some_and(|h| !h.0.rejected.is_empty());
        assert_eq!(no, matches!(people, People::RejectAndDelete | People::Reject(_)), "{config:?} {people:?}");
        for at in 0..requests {
            for fault in FAULTS {
                let (faulty, _) = run(config, people, &[(at, fault)]);
                assert_eq!(end(&faulty), end(&undisturbed), "{config:?} {people:?} {fault:?} at request {at}");
                plans += 1;
            }
        }
    }
    println!("{plans} plans with one fault");
    assert!(plans >= 3_500, "{plans}");
}

fn any_config() -> impl Strategy<Value = Config> {
    let delivery = prop_oneof![Just(DeliveryKind::Admission), Just(DeliveryKind::Template), Just(DeliveryKind::Manual)];
    let scene = prop_oneof![Just(Scene::Stays), Just(Scene::Goes), Just(Scene::Two)];
    let flags = any::<(bool, bool, bool)>();
    (2..=4_u8, delivery, scene, flags).prop_map(|(pods, delivery, scene, (evict, pause, all_at_once))| Config {
        pods,
        delivery,
        evict,
        pause,
        all_at_once,
        scene,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn many_faults_change_nothing_about_the_end(
        which in 0..54_usize,
        plan in prop::collection::vec((0..30_usize, prop::sample::select(FAULTS.to_vec())), 0..12),
    ) {
        let (config, people) = configs()[which];
        let (undisturbed, _) = run(config, people, &[]);
        let (faulty, _) = run(config, people, &plan);
        prop_assert_eq!(end(&faulty), end(&undisturbed));
    }

    #[test]
    fn whatever_happens_nothing_is_done_that_should_not_be(
        config in any_config(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 10..160),
    ) {
        let mut state = State::new(config, 8);
        let mut actions = Vec::new();
        for pick in picks {
            let action = *pick.get(&state.actions());
            actions.push(action);
            state = state.after(action);
            prop_assert_eq!(state.broken, None, "{:?}", actions);
        }
        for _ in 0..800 {
            let Some(action) = state.quiet() else { break };
            state = state.after(action);
            prop_assert_eq!(state.broken, None, "{:?}", actions);
        }
        for of in 0..config.machines() {
            let at_rest = matches!(state.real.end(of), None | Some((Stage::Ended, _)));
            prop_assert!(at_rest && state.real.rec(of).is_none_or(|rec| !rec.deleted), "{:?}: {:?}", end(&state), actions);
        }
        prop_assert!(!state.machines.iter().any(|m| matches!(m.sent, Some(Sent::Resize { .. }))), "still writing");
    }
}
