//! What people see of an action from its start to its end: the requests, in order, and what the status says of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod fake;

use fake::{
    By, Cluster, Config, Does, Val,
    server::Answer,
    state::{Event, State},
};
use trimtab_api::remediation::{
    outcome::{ActionResult, ActionVerdict, StepPhase},
    status::RemediationActionStatus,
};
use trimtab_engine::{
    machine::step,
    protocol::Step,
    standing::{Standing, conditions_in},
};
use trimtab_remediation::{Acting, REASONS, Request, Session, effect::Effect, locks, retention, run::Run};

const SCALE: Config = Config { does: Does::Scale, temporary: false, stop: false, cordoned: false, pods: 0 };
const DRAIN: Config = Config { does: Does::Drain, pods: 2, ..SCALE };

/// A request in a few words.
fn words(request: &Request) -> String {
    match request {
        Request::Effect(Effect::Patch(patch)) => {
            let value = patch.to.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
            format!("{}={value}", patch.object.name)
        }
        Request::Effect(Effect::Evict(eviction)) => format!("evict {}", eviction.name),
        Request::WriteStatus(run) => match (&run.undo.cause, run.result) {
            (Some(cause), _) if run.is_undoing() => format!("Undoing {}", cause.reason),
            (_, Some(result)) => format!("{result:?}"),
            _ => run.steps.iter().map(|step| format!("{:?}", step.phase)).collect::<Vec<_>>().join("+"),
        },
        other => format!("{other:?}").split([' ', '(']).next().unwrap_or_default().to_owned(),
    }
}

/// Goes on undisturbed until `until`, or to the end. Returns the requests.
fn go(state: &mut State, until: impl Fn(&State) -> bool) -> Vec<String> {
    let mut asked = Vec::new();
    for _ in 0..300 {
        if until(state) || state.is_over() {
            return asked;
        }
        let Some(event) = state.quiet() else { return asked };
        if event == Event::Serve {
            asked.push(words(&state.sent.as_ref().unwrap().request));
        }
        *state = state.after(event);
        assert_eq!(state.broken, None, "{asked:?}");
    }
    panic!("it comes to no end: {asked:?}");
}

fn to_the_end(state: &mut State) -> Vec<String> {
    go(state, |_| false)
}

fn phase(state: &State, at: usize) -> Option<StepPhase> {
    state.real.run().map(|run| run.steps[at].phase)
}

fn run(state: &State) -> &Run {
    state.real.run().unwrap()
}

/// The reason and the message of `Ready`.
fn ready(state: &State) -> (String, String) {
    let view = state.real.view(None).unwrap();
    let Step::Wait { standing, .. } = step::<Acting>(&view, Session::default(), None, state.real.now()).1 else {
        panic!("it has something to do");
    };
    let ready = conditions_in(&REASONS, &standing).into_iter().find(|c| c.kind == "Ready").unwrap();
    (ready.reason, ready.message)
}

#[test]
fn an_action_is_done_once_watched_and_released() {
    let mut state = State::new(SCALE, 0);
    let asked = to_the_end(&mut state);
    assert_eq!(
        asked,
        ["Protect", "Reserve", "Running", "web=4", "Watching", "Done", "Confirm", "Succeeded", "Release"]
    );
    assert_eq!(state.real.web.value, Val::Number(4));
    assert_eq!(run(&state).verdict, Some(ActionVerdict::Effective));
    assert_eq!(run(&state).effectiveness.as_ref().unwrap().percent, 100);
    assert_eq!(ready(&state).0, "Succeeded");
}

#[test]
fn a_temporary_change_comes_back_by_itself_and_its_time_stands_in_the_status_before_it_is_made() {
    let mut state = State::new(Config { temporary: true, ..SCALE }, 0);
    go(&mut state, |state| phase(state, 0) == Some(StepPhase::Running));
    assert_eq!(state.real.web.value, Val::Number(2), "nothing is changed yet");
    let first = run(&state).undo.clone();
    assert_eq!(first.fields.len(), 1);
    let latest = first.due_at.unwrap().0;
    go(&mut state, |state| phase(state, 0) == Some(StepPhase::Done));
    assert!(run(&state).undo.due_at.as_ref().unwrap().0 < latest, "the end of the step brings it forward");
    let asked = to_the_end(&mut state);
    assert_eq!(asked, ["Confirm", "Succeeded", "Undoing UndoDue", "web=2", "Confirm", "Undone", "Release"]);
    assert_eq!(state.real.web.value, Val::Number(2));
    assert_eq!(run(&state).steps[0].phase, StepPhase::Undone);
    assert_eq!(run(&state).effectiveness.as_ref().unwrap().percent, 0, "what was undone has no effect");
}

#[test]
fn an_undo_that_fell_due_while_nobody_ran_is_the_first_thing_that_a_leader_does() {
    let mut state = State::new(Config { temporary: true, ..SCALE }, 0);
    go(&mut state, |state| state.result() == Some(ActionResult::Succeeded));
    state = state.after(Event::Crash { done: false, long: true }).after(Event::Look);
    assert_eq!(words(&state.sent.as_ref().unwrap().request), "Undoing UndoDue");
}

#[test]
fn an_undo_leaves_alone_what_somebody_else_has_changed_and_says_who() {
    let mut state = State::new(Config { temporary: true, ..SCALE }, 0);
    go(&mut state, |state| state.result() == Some(ActionResult::Succeeded));
    state = state.after(Event::Other(0));
    to_the_end(&mut state);
    assert_eq!(state.real.web.value, Val::Number(9));
    assert_eq!(state.result(), Some(ActionResult::UndoRefused));
    let refused = run(&state).undo.fields[0].refused.clone().unwrap();
    assert_eq!(refused, "kubectl at 2027-01-15T08:00:01Z has set it to 9, this action had set it to 4");
    let (reason, message) = ready(&state);
    assert!(reason == "UndoRefused" && message.contains(&refused), "{reason} {message}");
    assert_eq!(run(&state).steps[0].phase, StepPhase::UndoRefused);
}

#[test]
fn a_drain_cordons_lists_evicts_and_waits_for_pods_that_leave() {
    let mut state = State::new(DRAIN, 0);
    let asked = to_the_end(&mut state);
    let expected = [
        "Protect",
        "Reserve",
        "Running",
        "n0=true",
        "Running",
        "evict web-0",
        "evict web-1",
        "Done",
        "Confirm",
        "Succeeded",
        "Release",
    ];
    assert_eq!(asked, expected);
    assert!(state.real.pods.is_empty() && state.real.node.value == Val::True);
    assert_eq!(run(&state).steps[0].pods.as_ref().unwrap().len(), 2);
}

#[test]
fn a_drain_of_a_node_that_somebody_had_cordoned_does_not_uncordon_it() {
    let mut state = State::new(Config { cordoned: true, ..DRAIN }, 0);
    go(&mut state, |state| !state.ghost.evicted.is_empty());
    state = state.after(Event::Cancel);
    let asked = to_the_end(&mut state);
    assert_eq!(asked, ["Undoing Cancelled", "Confirm", "Undone", "Release"]);
    assert_eq!((state.real.node.value, state.real.node.by), (Val::True, By::Person(0)));
    assert!(run(&state).undo.cause.as_ref().unwrap().nothing_to_restore);
}

#[test]
fn a_cancelled_drain_uncordons_the_node_that_it_had_cordoned() {
    let mut state = State::new(DRAIN, 0);
    go(&mut state, |state| !state.ghost.evicted.is_empty());
    state = state.after(Event::Cancel);
    let asked = to_the_end(&mut state);
    assert_eq!(asked, ["Undoing Cancelled", "n0=nothing", "Confirm", "Undone", "Release"]);
    assert_eq!(state.real.node.value, Val::Absent);
    assert_eq!(state.ghost.evicted.len(), 1, "nothing was evicted after that");
}

#[test]
fn somebody_who_uncordons_the_node_stops_the_drain_and_it_is_not_cordoned_again() {
    let mut state = State::new(DRAIN, 0);
    go(&mut state, |state| !state.ghost.evicted.is_empty());
    state = state.after(Event::Back(0));
    let asked = to_the_end(&mut state);
    assert_eq!(asked, ["Undoing Uncordoned", "Confirm", "Undone", "Release"]);
    assert_eq!((state.real.node.value, state.ghost.evicted.len()), (Val::Absent, 1));
}

#[test]
fn the_same_named_pod_on_another_node_is_not_evicted() {
    let mut state = State::new(DRAIN, 0);
    go(&mut state, |state| phase(state, 0) == Some(StepPhase::Running) && run(state).steps[0].pods.is_some());
    state = state.after(Event::PodMoved(0));
    let asked = to_the_end(&mut state);
    assert_eq!(asked[0], "evict web-1", "{asked:?}");
    assert!(!asked.iter().any(|request| request == "evict web-0"));
    assert_eq!(state.real.pods.len(), 1);
}

#[test]
fn a_pod_without_budget_does_not_keep_the_others_and_time_ends_the_wait() {
    let mut state = State::new(DRAIN, 0);
    go(&mut state, |state| run_of(state).is_some_and(|run| run.steps[0].pods.is_some()));
    state.real.no_budget = true;
    // A quiet world lifts it: here it stays.
    for _ in 0..40 {
        let event = [Event::Serve, Event::Look, Event::Tick].into_iter().find(|event| state.events().contains(event));
        let Some(event) = event else { break };
        state = state.after(event);
        if state.result().is_some() {
            break;
        }
    }
    assert_eq!(state.result(), Some(ActionResult::Undone));
    let cause = run(&state).undo.cause.clone().unwrap();
    assert_eq!(cause.reason, "TimedOut");
    assert!(cause.message.contains("2 pods on the node: shop/web-0, shop/web-1"), "{}", cause.message);
    assert_eq!(state.real.node.value, Val::Absent);
}

fn run_of(state: &State) -> Option<&Run> {
    state.real.run()
}

#[test]
fn what_the_server_asks_to_wait_for_is_held_and_said() {
    let mut state = State::new(DRAIN, 0);
    go(&mut state, |state| run_of(state).is_some_and(|run| run.steps[0].pods.is_some()) && state.sent.is_some());
    assert!(words(&state.sent.as_ref().unwrap().request).starts_with("evict"));
    (state.sent, state.answer) = (None, Some(Answer::NotYet));
    state = state.after(Event::Look);
    assert_eq!(words(&state.sent.as_ref().unwrap().request), "evict web-1", "the next one is tried meanwhile");
    (state.sent, state.answer) = (None, Some(Answer::NotYet));
    state = state.after(Event::Look);
    assert!(state.waits, "both are held");
}

#[test]
fn a_failure_undoes_all_steps_the_last_first_or_leaves_them_where_that_is_asked_for() {
    for (stop, expected, replicas) in [
        (false, vec!["Undoing RequestRefused", "web=2", "Confirm", "Undone", "Release"], 2),
        (true, vec!["Confirm", "Failed", "Release"], 4),
    ] {
        let mut state = State::new(Config { does: Does::ScaleThenCordon, stop, ..SCALE }, 0);
        let cordons = |state: &State| state.sent.as_ref().is_some_and(|sent| words(&sent.request) == "n0=true");
        go(&mut state, cordons);
        state = state.after(Event::Refuse);
        assert_eq!(to_the_end(&mut state), expected);
        assert_eq!((state.real.web.value, state.real.node.value), (Val::Number(replicas), Val::Absent));
        let (_, message) = ready(&state);
        assert!(message.contains("Invalid: said"), "{message}");
        assert_eq!(stop, run(&state).steps[1].phase == StepPhase::Failed);
    }
}

#[test]
fn the_steps_of_node_maintenance_share_one_cordon() {
    let mut state = State::new(Config { does: Does::CordonThenDrain, pods: 1, ..SCALE }, 0);
    let asked = to_the_end(&mut state);
    assert_eq!(asked.iter().filter(|request| *request == "n0=true").count(), 1, "{asked:?}");
    assert_eq!(state.result(), Some(ActionResult::Succeeded));
    let mut state = State::new(Config { does: Does::CordonThenDrain, pods: 1, ..SCALE }, 0);
    go(&mut state, |state| !state.ghost.evicted.is_empty());
    state = state.after(Event::Cancel);
    to_the_end(&mut state);
    assert_eq!(state.real.node.value, Val::Absent, "the undo of the first step uncordons");
}

#[test]
fn what_got_worse_is_undone_whatever_a_failure_is_to_do() {
    let mut state = State::new(Config { stop: true, ..SCALE }, 0);
    go(&mut state, |state| phase(state, 0) == Some(StepPhase::Done));
    state = state.after(Event::Worse);
    assert_eq!(to_the_end(&mut state)[0], "Undoing ChecksFailed");
    assert_eq!(state.real.web.value, Val::Number(2));
}

#[test]
fn an_action_that_nobody_starts_in_time_expires_and_a_cancelled_one_never_starts() {
    let mut state = State::new(SCALE, 0);
    state.real.ra.as_mut().unwrap().approved = false;
    assert_eq!(ready(&state).0, "PendingApproval");
    let asked = to_the_end(&mut state);
    assert_eq!(
        (asked, state.result()),
        (vec!["Confirm".to_owned(), "Expired".to_owned()], Some(ActionResult::Expired))
    );
    let (reason, message) = ready(&state);
    assert!(reason == "Expired" && message.contains("nobody approved it"), "{reason} {message}");
    let mut state = State::new(SCALE, 0).after(Event::Cancel);
    to_the_end(&mut state);
    assert_eq!((state.result(), state.real.web.value), (Some(ActionResult::Cancelled), Val::Number(2)));
}

#[test]
fn locks_are_held_from_the_first_announcement_until_the_undo_is_over() {
    let mut state = State::new(Config { temporary: true, ..SCALE }, 0);
    let held = |state: &State| run_of(state).map_or(0, |run| locks::held(run, state.real.now()).len());
    go(&mut state, |state| phase(state, 0) == Some(StepPhase::Running));
    assert_eq!(held(&state), 2, "the field, and the object while it is under way");
    go(&mut state, |state| state.result() == Some(ActionResult::Succeeded));
    assert_eq!(held(&state), 1, "the field, until it comes back");
    assert_eq!(retention::delete_at(run(&state), &state.real.view(None).unwrap().settings), None);
    to_the_end(&mut state);
    assert_eq!(held(&state), 0);
    let settings = state.real.view(None).unwrap().settings;
    let ended = run(&state).undo.ended.as_ref().unwrap().0;
    assert_eq!(retention::delete_at(run(&state), &settings).unwrap().duration_since(ended).as_hours(), 168);
    let mut lasting = State::new(SCALE, 0);
    to_the_end(&mut lasting);
    assert_eq!(held(&lasting), 0, "what stays holds nothing");
}

#[test]
fn an_undo_can_be_asked_for_until_it_expires() {
    for (late, expected) in [(false, Val::Number(2)), (true, Val::Number(4))] {
        let mut state = State::new(SCALE, 0);
        to_the_end(&mut state);
        if late {
            let mut run = run(&state).clone();
            run.undo.expires_at.as_mut().unwrap().0 = Cluster::at(0);
            let ra = state.real.ra.as_mut().unwrap();
            ra.status = Some(fake::Status(std::sync::Arc::new(run)));
        }
        state = state.after(Event::UndoNow);
        let state = {
            let mut state = state;
            for _ in 0..20 {
                let Some(event) = state.quiet().filter(|event| *event != Event::Tick) else { break };
                state = state.after(event);
            }
            state
        };
        assert_eq!(state.real.web.value, expected, "late: {late}");
        let (reason, message) = ready(&state);
        assert_eq!(
            (reason.as_str(), message.contains("expiresAt")),
            if late { ("Succeeded", true) } else { ("Undone", false) }
        );
    }
}

#[test]
fn a_run_is_read_from_the_status_as_it_was_written() {
    let mut state = State::new(DRAIN, 0);
    to_the_end(&mut state);
    let mut status = RemediationActionStatus::default();
    run(&state).write(&mut status);
    assert_eq!(Run::read(&status).as_ref(), Some(run(&state)));
    assert_eq!(Run::read(&RemediationActionStatus::default()), None);
    let Standing::Over { is_well, .. } =
        (match step::<Acting>(&state.real.view(None).unwrap(), Session::default(), None, state.real.now()).1 {
            Step::Wait { standing, .. } => standing,
            other => panic!("{other:?}"),
        })
    else {
        panic!("it is over");
    };
    assert_eq!(is_well, Some(true));
}

#[test]
fn a_temporary_change_comes_back_even_while_nobody_knows_who_approved_what() {
    let mut state = State::new(Config { temporary: true, ..SCALE }, 0);
    go(&mut state, |state| phase(state, 0) == Some(StepPhase::Done));
    state = state.after(Event::GuardLost);
    // A quiet world brings the guard back: here it stays away.
    for _ in 0..60 {
        let event = [Event::Serve, Event::Look, Event::Tick].into_iter().find(|event| state.events().contains(event));
        let Some(event) = event else { break };
        state = state.after(event);
    }
    assert_eq!((state.result(), state.real.web.value), (Some(ActionResult::Undone), Val::Number(2)));
}

#[test]
fn a_node_that_something_else_changes_meanwhile_is_cordoned_all_the_same() {
    let mut state = State::new(Config { does: Does::Cordon, ..SCALE }, 0);
    let sends = |state: &State| state.sent.as_ref().is_some_and(|sent| words(&sent.request) == "n0=true");
    go(&mut state, sends);
    // The heartbeat of the node, just before the patch arrives.
    state = state.after(Event::Noise(0));
    let asked = to_the_end(&mut state);
    assert_eq!(asked[..3], ["n0=true", "Running", "n0=true"], "it is announced for the new version first");
    assert_eq!((state.result(), state.ghost.writes.len()), (Some(ActionResult::Succeeded), 1));
    // A program that begins anew cannot know whether the patch took effect and was taken back.
    let mut state = State::new(Config { does: Does::Cordon, ..SCALE }, 0);
    go(&mut state, sends);
    state = state.after(Event::Crash { done: true, long: false }).after(Event::Back(0));
    let asked = to_the_end(&mut state);
    assert_eq!(asked[0], "Undoing OutcomeUnknown");
    assert_eq!((state.real.node.value, state.ghost.writes.len()), (Val::Absent, 1));
}
