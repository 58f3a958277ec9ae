//! Crashes, lost answers, conflicts and watches that are behind, at any request of a whole rollout: it ends as if nothing had
//! happened. And whatever else happens in whatever order: nothing that should not be, and an end.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod fake;

use fake::{Config, DeliveryKind, Scene, Size, act::Sent, action::Action, cluster::Entry, state::State};
use proptest::prelude::*;
use trimtab_api::recommendation_rollout::Stage;

const FAULTS: [Action; 6] = [
    Action::Lose { of: 0, done: true },
    Action::Lose { of: 0, done: false },
    Action::Conflict(0),
    Action::Crash { done: true },
    Action::Crash { done: false },
    Action::Lag,
];

/// What a person sees of the end: pods, template, entry, and where the Recommendation stands.
type End = (Vec<(u8, Size, bool)>, Size, Option<Entry>, Option<(Stage, String, i32)>);

fn end(state: &State) -> End {
    let c = &state.real;
    let pods = c.pods.iter().map(|p| (p.name, p.size, p.ready)).collect();
    let status = c.rec(0).and_then(|rec| rec.status());
    let rollout = status.map(|r| (r.stage, format!("{:?}", r.result), r.rollbacks));
    (pods, c.template, c.entry, rollout)
}

/// When a person rejects: never, once so many pods have the new size, or after the end.
#[derive(Clone, Copy, Debug)]
enum Rejects {
    Never,
    Pods(usize),
    AtTheEnd,
}

/// Carries a rollout out in a quiet world, with the faults of `plan` at the requests that it names, and counts requests.
fn run(config: Config, rejects: Rejects, plan: &[(usize, Action)]) -> (State, usize) {
    let mut state = State::new(config, 0);
    let (mut requests, mut quiet_looks) = (0, 0);
    for _ in 0..2_000 {
        let changed = state.real.pods.iter().filter(|p| p.size == Size::New).count();
        let ended = matches!(state.real.end(0), Some((Stage::Ended, _)));
        let now = match rejects {
            Rejects::Never => false,
            Rejects::Pods(count) => changed >= count,
            Rejects::AtTheEnd => ended,
        };
        if now && state.real.rec(0).unwrap().approval.is_some_and(|a| a.yes) {
            state = state.after(Action::Reject(0));
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
        // A watch that is behind stays so for one request.
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
        assert_eq!(state.broken, None, "{config:?} {rejects:?} {plan:?}");
        if quiet_looks > 3 && ended {
            return (state, requests);
        }
    }
    panic!("no end: {config:?} {rejects:?} {plan:?}: {:?}", end(&state));
}

fn configs() -> Vec<(Config, Rejects)> {
    let mut all = Vec::new();
    for delivery in [DeliveryKind::Admission, DeliveryKind::Template, DeliveryKind::Manual] {
        for rejects in [Rejects::Never, Rejects::Pods(1), Rejects::Pods(3), Rejects::AtTheEnd] {
            for all_at_once in [false, true] {
                let config =
                    Config { pods: 4, delivery, evict: false, pause: !all_at_once, all_at_once, scene: Scene::Stays };
                all.push((config, rejects));
            }
        }
    }
    all
}

#[test]
fn a_fault_at_every_request_changes_nothing_about_the_end() {
    let mut plans = 0;
    for (config, rejects) in configs() {
        let (undisturbed, requests) = run(config, rejects, &[]);
        let restored = undisturbed.real.pods.iter().all(|p| p.size == Size::Former);
        assert_eq!(restored, !matches!(rejects, Rejects::Never), "{config:?} {rejects:?}");
        for at in 0..requests {
            for fault in FAULTS {
                let (faulty, _) = run(config, rejects, &[(at, fault)]);
                assert_eq!(end(&faulty), end(&undisturbed), "{config:?} {rejects:?} {fault:?} at request {at}");
                plans += 1;
            }
        }
    }
    println!("{plans} plans with one fault");
    assert!(plans >= 1_000, "{plans}");
}

fn any_config() -> impl Strategy<Value = Config> {
    let delivery = prop_oneof![Just(DeliveryKind::Admission), Just(DeliveryKind::Template), Just(DeliveryKind::Manual)];
    (2..=4_u8, delivery, any::<(bool, bool, bool)>()).prop_map(|(pods, delivery, (evict, pause, all_at_once))| Config {
        pods,
        delivery,
        evict,
        pause,
        all_at_once,
        scene: Scene::Stays,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn many_faults_change_nothing_about_the_end(
        which in 0..24_usize,
        plan in prop::collection::vec((0..30_usize, prop::sample::select(FAULTS.to_vec())), 0..12),
    ) {
        let (config, rejects) = configs()[which];
        let (undisturbed, _) = run(config, rejects, &[]);
        let (faulty, _) = run(config, rejects, &plan);
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
        for _ in 0..400 {
            let Some(action) = state.quiet() else { break };
            state = state.after(action);
            prop_assert_eq!(state.broken, None, "{:?}", actions);
        }
        prop_assert!(matches!(state.real.end(0), None | Some((Stage::Ended, _))), "{:?}: {:?}", end(&state), actions);
        prop_assert!(!matches!(state.machines[0].sent, Some(Sent::Resize { .. })), "still writing");
    }
}
