//! The machine in hostile worlds: long random sequences of events, many of them disturbances. The promises hold at each of them, and
//! a quiet world brings each to its end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod fake;

use fake::{
    ALL, Config,
    state::{Event, State},
};
use proptest::prelude::*;

fn configs() -> impl Strategy<Value = Config> {
    (0..ALL.len(), any::<bool>(), any::<bool>(), any::<bool>(), 0..4_u8)
        .prop_map(|(does, temporary, stop, cordoned, pods)| Config { does: ALL[does], temporary, stop, cordoned, pods })
}

/// Chooses among what can happen. Half of the choices are for the undisturbed course of things, so that runs get far.
fn chosen(events: &[Event], choice: u16) -> Event {
    let calm: Vec<Event> = events.iter().filter(|event| !event.disturbs()).copied().collect();
    let among = if choice.is_multiple_of(2) && !calm.is_empty() { &calm[..] } else { events };
    among[usize::from(choice / 2) % among.len()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_promise_is_broken_and_every_action_comes_to_an_end(
        config in configs(),
        choices in proptest::collection::vec(any::<u16>(), 0..120),
    ) {
        let mut state = State::new(config, 12);
        let mut past = Vec::new();
        for choice in choices {
            let events = state.events();
            if events.is_empty() {
                break;
            }
            let event = chosen(&events, choice);
            past.push(event);
            state = state.after(event);
            prop_assert!(state.broken.is_none(), "{:?}: {past:?}\n{:#?}", state.broken, state.real.run());
        }
        for _ in 0..300 {
            if state.is_over() {
                break;
            }
            let Some(event) = state.quiet() else { break };
            past.push(event);
            state = state.after(event);
            prop_assert!(state.broken.is_none(), "{:?}: {past:?}\n{:#?}", state.broken, state.real.run());
        }
        prop_assert!(state.is_over(), "no end: {past:?}\n{:#?}\n{:?}", state.real, state.session);
        // Whatever became of it: each change took effect once at most, and so did each restoration.
        let mut writes = state.ghost.writes.clone();
        writes.sort();
        let all = writes.len();
        writes.dedup();
        prop_assert_eq!(writes.len(), all, "a write took effect twice");
        let mut evicted = state.ghost.evicted.clone();
        evicted.sort_unstable();
        let all = evicted.len();
        evicted.dedup();
        prop_assert_eq!(evicted.len(), all, "a pod was evicted twice");
    }

    /// Somebody's cordon stays, whatever happens to the action.
    #[test]
    fn what_somebody_else_has_cordoned_is_never_uncordoned(
        mut config in configs(),
        choices in proptest::collection::vec(any::<u16>(), 0..80),
    ) {
        config.cordoned = true;
        let mut state = State::new(config, 6);
        for choice in choices {
            let mut events = state.events();
            // Nobody touches the node but the action.
            events.retain(|event| !matches!(event, Event::Other(_) | Event::Same(_) | Event::Back(_)));
            if events.is_empty() {
                break;
            }
            state = state.after(chosen(&events, choice));
            prop_assert_eq!(state.real.node.value, fake::Val::True);
            prop_assert!(!state.real.node.ours);
        }
    }
}
