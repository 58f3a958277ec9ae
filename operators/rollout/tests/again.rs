//! What was undone, and what is begun again: stories of the small cluster that the model checker does not reach with the
//! disturbances that it has. In: what people do and what fails, in a world that is quiet otherwise. Out: which rollouts
//! begin.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod fake;

use fake::{Config, DeliveryKind, Scene, Size, action::Action, digest, state::State};
use trimtab_api::rollout::{RolloutResult, RolloutStatus};

/// One pod, and the Recommendation of a policy that approves it.
const ONE: Config = Config {
    pods: 1,
    delivery: DeliveryKind::Admission,
    evict: false,
    pause: false,
    all_at_once: true,
    scene: Scene::Goes,
};

fn rollout(state: &State) -> Option<&RolloutStatus> {
    state.real.rec(0)?.status()
}

fn is_applied(state: &State) -> bool {
    rollout(state).is_some_and(|r| r.result == Some(RolloutResult::Applied))
}

fn is_undone(state: &State) -> bool {
    rollout(state).is_some_and(|r| r.result == Some(RolloutResult::RolledBack))
}

/// What happens by itself, time included, until `there`.
fn until(mut state: State, there: impl Fn(&State) -> bool) -> State {
    for _ in 0..400 {
        if there(&state) {
            return state;
        }
        let action = state.quiet().expect("a quiet world goes on");
        state = state.after(action);
        assert_eq!(state.broken, None);
    }
    panic!("it never gets there: {:?}", state.real);
}

/// A long time after nothing happens any more.
fn later(state: State) -> State {
    until(state, |state| state.quiet() == Some(Action::Tick)).after(Action::Tick)
}

/// A check fails in the midst of the next rollout, which is undone.
fn failed(state: State) -> State {
    let midway =
        |state: &State| rollout(state).is_some_and(RolloutStatus::is_under_way) && state.machines[0].sent.is_none();
    let state = until(state, midway).after(Action::Fail).after(Action::Look(0));
    until(state, is_undone)
}

/// The Recommendation is deleted, and its policy creates the next one.
fn recreated(state: State) -> State {
    until(state.after(Action::DeleteRec(0)), |state| state.real.rec(0).is_none()).after(Action::Remake)
}

/// Nothing begins, however long one waits.
fn waits(state: State) -> State {
    let state = later(later(later(state)));
    assert!(rollout(&state).is_none(), "{:?}", rollout(&state));
    state
}

#[test]
fn what_failed_is_not_begun_again_by_the_next_object_whatever_was_undone_after_it() {
    let first = later(failed(State::new(ONE, 0)));
    let second = failed(first.after(Action::EditProposal(0)).after(Action::Approve(0)));
    assert_eq!(rollout(&second).unwrap().proposal_digest, digest(Size::Next));
    let next = recreated(later(second));
    let record = &next.real.history.as_ref().unwrap().0;
    let undone: Vec<&str> = record.undone.iter().map(|undone| undone.proposal_digest.as_str()).collect();
    assert_eq!(undone, [digest(Size::New), digest(Size::Next)]);
    let next = waits(next);
    // A person's approval does not change that a check failed.
    waits(next.after(Action::Approve(0)));
}

#[test]
fn what_a_person_rejected_begins_again_once_a_person_approves_it_and_never_by_a_policy() {
    let mut state = until(State::new(ONE, 0), is_applied);
    for _ in 0..2 {
        state = until(state.after(Action::Reject(0)), is_undone);
        state = until(state.after(Action::Approve(0)), is_applied);
    }
    let withdrawn = until(state.after(Action::Reject(0)), is_undone).after(Action::Withdraw(0));
    // The size is not rejected any more, and the policy approves it.
    let next = waits(recreated(later(withdrawn)));
    until(next.after(Action::Approve(0)), is_applied);
}
