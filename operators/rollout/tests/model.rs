//! The machine under a model checker: every order of its steps, the server's responses, crashes, and actions of people
//! and nodes, in small clusters. Checks every reachable state, and that a quiet world brings each to its end.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod fake;

use fake::{Config, DeliveryKind, Scene, action::Action, state::State};
use stateright::{Checker, Model, Property};
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{LazyLock, Mutex},
    time::Instant,
};
use trimtab_api::rollout::Stage;

struct Small {
    config: Config,
    budget: u8,
}

impl Model for Small {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self.config, self.budget)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken.is_none() {
            actions.extend(state.actions());
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(state.after(action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing that should not be", |_, s: &State| s.broken.is_none()),
            Property::always("a quiet world comes to an end", |_, s: &State| s.broken.is_some() || comes_to_rest(s)),
            Property::sometimes("applied", |_, s: &State| ended(s, "Applied")),
            Property::sometimes("rolled back", |_, s: &State| ended(s, "RolledBack")),
            Property::sometimes("superseded", |_, s: &State| ended(s, "Superseded")),
        ]
    }
}

fn ended(state: &State, result: &str) -> bool {
    let ended = |of| state.real.end(of).and_then(|(_, r)| r).is_some_and(|r| format!("{r:?}") == result);
    (0..state.real.config.machines()).any(ended)
}

/// Hashes of states from which a quiet world is known to reach rest.
static AT_REST: LazyLock<Mutex<HashSet<u64>>> = LazyLock::new(Mutex::default);

fn comes_to_rest(state: &State) -> bool {
    let hash = |s: &State| {
        let mut h = DefaultHasher::new();
        s.hash(&mut h);
        h.finish()
    };
    let mut path = Vec::new();
    let mut state = state.clone();
    for _ in 0..400 {
        let key = hash(&state);
        if AT_REST.lock().unwrap().contains(&key) || at_rest(&state) {
            path.push(key);
            AT_REST.lock().unwrap().extend(path);
            return true;
        }
        path.push(key);
        match state.quiet() {
            Some(action) => state = state.after(action),
            None => return false,
        }
        if state.broken.is_some() {
            return false;
        }
    }
    false
}

/// Whether nothing more happens: each Recommendation ended, was never started, or is gone.
fn at_rest(state: &State) -> bool {
    if state.quiet() != Some(Action::Tick) {
        return false;
    }
    let machines = 0..state.real.config.machines();
    let later = machines.clone().fold(state.after(Action::Tick), |state, of| state.after(Action::Look(of)));
    if later.machines.iter().any(|m| m.sent.is_some() || m.answer.is_some()) {
        return false;
    }
    if state.real.left_behind().is_some() {
        return false;
    }
    let ended = |of| !matches!(state.real.end(of), Some((stage, _)) if stage != Stage::Ended);
    machines.clone().all(|of| ended(of) && state.real.rec(of).is_none_or(|rec| !rec.deleted))
}

/// The last actions of a quiet world, and its final state.
fn undisturbed(mut state: State) -> String {
    let mut actions = Vec::new();
    while let Some(action) = state.quiet().filter(|_| actions.len() < 60 && state.broken.is_none()) {
        state = state.after(action);
        actions.push(action);
    }
    let c = &state.real;
    let sent: Vec<_> = state.machines.iter().map(|m| (&m.sent, &m.session)).collect();
    format!(
        "{actions:?}\npods: {:?}\ntemplate {:?}-{}, entry {:?}, history {:?}\nrecs {:#?}\nsent {sent:#?}, broken {:?}, {:?}",
        c.pods, c.template, c.edits, c.entry, c.history, c.recs, state.broken, state.ghost
    )
}

fn check(name: &str, config: Config, budget: u8) -> usize {
    let start = Instant::now();
    let checker = Small { config, budget }.checker().threads(2).spawn_bfs().join();
    println!("{name}: {} states, {:.1} s", checker.unique_state_count(), start.elapsed().as_secs_f64());
    for (property, path) in checker.discoveries() {
        if !["applied", "rolled back", "superseded"].contains(&property) {
            let last = path.last_state().clone();
            panic!(
                "{name}: {property}: {:?}\nactions: {:?}\nthen, undisturbed: {}",
                last.broken,
                path.into_actions(),
                undisturbed(last.clone())
            );
        }
    }
    checker.assert_properties();
    checker.unique_state_count()
}

const ADMISSION: Config = Config {
    pods: 2,
    delivery: DeliveryKind::Admission,
    evict: false,
    pause: true,
    all_at_once: false,
    scene: Scene::Stays,
};

#[test]
fn two_pods_any_two_disturbances() {
    check("2 pods, Admission", ADMISSION, 2);
}

#[test]
fn delivery_by_template() {
    check("2 pods, Template", Config { delivery: DeliveryKind::Template, ..ADMISSION }, 2);
}

#[test]
fn delivery_by_hand() {
    check("2 pods, Manual, no pause", Config { delivery: DeliveryKind::Manual, pause: false, ..ADMISSION }, 2);
}

#[test]
fn eviction() {
    check("2 pods, Admission, Evict", Config { evict: true, ..ADMISSION }, 2);
    check("2 pods, Template, Evict", Config { evict: true, delivery: DeliveryKind::Template, ..ADMISSION }, 1);
}

#[test]
fn three_and_four_pods() {
    check("3 pods, 3 steps", Config { pods: 3, ..ADMISSION }, 1);
    check("4 pods, 3 steps", Config { pods: 4, ..ADMISSION }, 1);
    check("4 pods, all at once", Config { pods: 4, all_at_once: true, pause: false, ..ADMISSION }, 1);
}

/// One Recommendation that is deleted and recreated, whose policy is deleted, whose pods are refused.
const GOES: Config = Config { scene: Scene::Goes, pause: false, all_at_once: true, ..ADMISSION };

/// One of a policy and one of a person for the same workload, both of which may be deleted.
const TWO: Config = Config { scene: Scene::Two, pods: 1, ..GOES };

#[test]
fn a_recommendation_that_goes() {
    check("2 pods, Admission, one that goes", Config { pause: true, all_at_once: false, ..GOES }, 2);
    check("2 pods, Template, one that goes", Config { delivery: DeliveryKind::Template, ..GOES }, 1);
    check("2 pods, Manual, one that goes", Config { delivery: DeliveryKind::Manual, ..GOES }, 2);
}

#[test]
fn two_recommendations_at_one_workload() {
    check("1 pod, Admission, two at once", TWO, 1);
    check("2 pods, Admission, two at once", Config { pods: 2, ..TWO }, 1);
    check("2 pods, Template, two at once", Config { pods: 2, delivery: DeliveryKind::Template, ..TWO }, 1);
}

/// Part of `make torture`.
#[test]
#[ignore = "takes too long for every change: make torture"]
fn more_disturbances_of_those_that_go() {
    check("1 pod, Admission, two at once, 2 disturbances", TWO, 2);
    check("2 pods, Template, one that goes", Config { delivery: DeliveryKind::Template, ..GOES }, 2);
    check("1 pod, Admission, one that goes, 3 disturbances", Config { pods: 1, ..GOES }, 3);
    check("2 pods, Admission, one that goes, 3 disturbances", GOES, 3);
}
