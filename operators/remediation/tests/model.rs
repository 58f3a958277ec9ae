//! The machine under a model checker: every order of its steps, the server's answers, crashes, and what people do, in small
//! clusters. Checks every reachable state, and that a quiet world brings each to its end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod fake;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{LazyLock, Mutex},
    time::Instant,
};

use fake::{
    Config, Does,
    state::{Event, State},
};
use stateright::{Checker, Model, Property};
use trimtab_api::remediation::outcome::ActionResult;

struct Small {
    config: Config,
    budget: u8,
}

impl Model for Small {
    type State = State;
    type Action = Event;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self.config, self.budget)]
    }

    fn actions(&self, state: &State, events: &mut Vec<Event>) {
        if state.broken.is_none() {
            events.extend(state.events());
        }
    }

    fn next_state(&self, state: &State, event: Event) -> Option<State> {
        Some(state.after(event))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing that should not be", |_, s: &State| s.broken.is_none()),
            Property::always("a quiet world comes to an end", |_, s: &State| s.broken.is_some() || comes_to_rest(s)),
            Property::sometimes("succeeded", |_, s: &State| s.result() == Some(ActionResult::Succeeded)),
            Property::sometimes("undone", |_, s: &State| s.result() == Some(ActionResult::Undone)),
        ]
    }
}

/// Hashes of states from which a quiet world is known to come to an end.
static AT_REST: LazyLock<Mutex<HashSet<u64>>> = LazyLock::new(Mutex::default);

fn comes_to_rest(state: &State) -> bool {
    let hash = |s: &State| {
        let mut h = DefaultHasher::new();
        s.hash(&mut h);
        h.finish()
    };
    let (mut path, mut state) = (Vec::new(), state.clone());
    for _ in 0..300 {
        let key = hash(&state);
        path.push(key);
        if state.is_over() || AT_REST.lock().unwrap().contains(&key) {
            AT_REST.lock().unwrap().extend(path);
            return true;
        }
        match state.quiet() {
            Some(event) => state = state.after(event),
            None => return false,
        }
        if state.broken.is_some() {
            return false;
        }
    }
    false
}

/// The last events of a quiet world, and its final state.
fn undisturbed(mut state: State) -> String {
    let mut events = Vec::new();
    while let Some(event) = state.quiet().filter(|_| events.len() < 60 && state.broken.is_none() && !state.is_over()) {
        state = state.after(event);
        events.push(event);
    }
    format!("{events:?}\n{:?}\n{:?} {:#?}\nsent {:?}", state.broken, state.real, state.real.run(), state.sent)
}

fn check(name: &str, config: Config, budget: u8) -> usize {
    let start = Instant::now();
    let checker = Small { config, budget }.checker().threads(2).spawn_bfs().join();
    println!("{name}: {} states, {:.1} s", checker.unique_state_count(), start.elapsed().as_secs_f64());
    for (property, path) in checker.discoveries() {
        if !["succeeded", "undone"].contains(&property) {
            let last = path.last_state().clone();
            panic!(
                "{name}: {property}: {:?}\nevents: {:?}\nthen, undisturbed: {}",
                last.broken,
                path.into_actions(),
                undisturbed(last.clone())
            );
        }
    }
    checker.assert_properties();
    checker.unique_state_count()
}

const SCALE: Config = Config { does: Does::Scale, temporary: false, stop: false, cordoned: false, pods: 0 };

/// Every configuration that differs in what can go wrong.
fn each(disturbances: u8) -> usize {
    let temporary = Config { temporary: true, ..SCALE };
    [
        ("scale", SCALE),
        ("scale for ten minutes", temporary),
        ("scale, stop on failure", Config { stop: true, ..SCALE }),
        ("cordon for ten minutes", Config { does: Does::Cordon, ..temporary }),
        ("drain of two pods", Config { does: Does::Drain, pods: 2, ..SCALE }),
        ("drain of a node that was cordoned", Config { does: Does::Drain, pods: 1, cordoned: true, ..SCALE }),
        ("cordon, drain", Config { does: Does::CordonThenDrain, pods: 1, ..SCALE }),
        ("scale, cordon for ten minutes", Config { does: Does::ScaleThenCordon, ..temporary }),
    ]
    .into_iter()
    .map(|(name, config)| check(name, config, disturbances))
    .sum()
}

#[test]
fn any_disturbance_anywhere() {
    assert!(each(1) > 50_000);
}

/// Part of `make torture`.
#[test]
#[ignore = "takes too long for every change: make torture"]
fn any_two_disturbances_anywhere() {
    assert!(each(2) > 1_000_000);
}
