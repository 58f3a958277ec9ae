//! The machine with a kind of change that has nothing to do with sizes: a switch that is put on, and off again by an undo.
//! It shows what a kind gets from the engine alone.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    approval::{Approver, Decision, HonouredApproval},
    gates::ClosedGate,
    undo::Undo,
    verification::{Check, Verdict},
};
use trimtab_engine::{
    change::Change,
    checks::check,
    gate::closed,
    header::{Header, Place},
    machine::{once_written, step},
    parts::{Parts, Phase, Words},
    protocol::{Cause, Request, Response, Step},
    session::Session,
    standing::Standing,
    steps::write,
    text::after,
};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);
const DIGEST: &str = "sha256:on";
const UID: &str = "u-1";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Switch;

#[derive(Clone, Debug, PartialEq)]
struct Run {
    phase: Phase,
    by: Approver,
    undo: Option<Undo>,
}

#[derive(Clone, Debug)]
struct View {
    approval: Option<HonouredApproval>,
    protected: bool,
    place: Option<Place>,
    gates: Vec<ClosedGate>,
    checks: Vec<Check>,
    run: Option<Run>,
    /// Whether the switch is on.
    is_on: bool,
}

impl Parts for Switch {
    type Run = Run;
    type Stage = &'static str;
    type Seen = bool;
    type Record = ();
    type Effect = bool;
    type EffectKey = bool;
    type Memory = u8;

    const WORDS: Words = Words {
        run: "switching",
        place: "the turn",
        last_look: "the last look at the switch",
        status: "the status",
        finalizer: "the finalizer",
        record: "the record",
        unreadable: "remove the status",
        unreadable_reason: "StatusUnreadable",
    };

    fn digest(_: &Run) -> &str {
        DIGEST
    }

    fn target_uid(_: &Run) -> &str {
        UID
    }

    fn phase(run: &Run) -> Phase {
        run.phase
    }

    fn stage(run: &Run) -> &'static str {
        name(run)
    }

    fn is_end(stage: &&'static str) -> bool {
        *stage == "Ended"
    }

    fn approved_by(run: &Run) -> &Approver {
        &run.by
    }

    fn undoes(run: &Run) -> Option<&Undo> {
        run.undo.as_ref()
    }

    fn key(effect: &bool) -> bool {
        *effect
    }

    fn words(_: &bool) -> &'static str {
        "the switch"
    }

    fn is_of_the_change(on: &bool) -> bool {
        *on
    }
}

impl Change for Switch {
    type View = View;
    type Target = bool;

    fn header(view: &View) -> Header<'_> {
        Header {
            digest: DIGEST,
            approval: view.approval.as_ref(),
            approval_known: Ok(()),
            is_deleted: false,
            is_protected: view.protected,
            place: view.place.as_ref(),
            policy_deleted: None,
            forward_gates: &view.gates,
            checks: &view.checks,
        }
    }

    fn run(view: &View) -> Option<&Run> {
        view.run.as_ref()
    }

    fn with_run(view: &View, run: &Run) -> View {
        View { run: Some(run.clone()), ..view.clone() }
    }

    fn target<'a>(view: &'a View, _: &Run) -> Option<&'a bool> {
        Some(&view.is_on)
    }

    fn fault(_: &Run) -> Option<String> {
        None
    }

    fn seen(view: &View) -> bool {
        view.is_on
    }

    fn to_record(_: &View) -> Option<()> {
        None
    }

    fn position(_: &View, _: &Run) -> String {
        "the only step".to_owned()
    }

    fn standing(run: &Run) -> Standing {
        Standing::RollingOut(name(run).to_owned())
    }

    fn undoing(_: &View, run: &Run, reason: &str, message: &str, now: Timestamp) -> Run {
        let (reason, message) = (reason.to_owned(), message.to_owned());
        let undo = Undo { reason, message, since: Time(now), nothing_to_restore: false };
        Run { phase: Phase::Undoing, undo: Some(undo), ..run.clone() }
    }

    fn disturbed(_: &View, _: &Run, _: &bool) -> Option<(&'static str, String)> {
        None
    }

    fn stuck(_: &View, _: &Run, _: &Session<Self>, _: Timestamp) -> Option<(&'static str, String)> {
        None
    }

    fn leave(_: &View, _: &Session<Self>, _: Timestamp) -> Step<Self> {
        Step::Ask(Request::Release)
    }

    fn rest(view: &View, _: &Session<Self>, _: Timestamp) -> Step<Self> {
        match (&view.approval, &view.run) {
            (Some(approval), None) => write(Run { phase: Phase::Changing, by: approval.by.clone(), undo: None }),
            _ => Step::Wait { until: None, standing: Standing::Applied(String::new()) },
        }
    }

    fn left_behind(_: &View, run: &Run, _: &Session<Self>, _: Timestamp) -> Step<Self> {
        write(Run { phase: Phase::Ended, ..run.clone() })
    }

    fn forward(_: &View, run: &Run, is_on: &bool, _: &Session<Self>, _: Timestamp) -> Step<Self> {
        match run.phase {
            _ if !is_on => Step::Ask(Request::Effect(true)),
            Phase::Changing => write(Run { phase: Phase::Watched, ..run.clone() }),
            _ => write(Run { phase: Phase::Ended, ..run.clone() }),
        }
    }

    fn undo(_: &View, run: &Run, is_on: &bool, _: &Session<Self>, _: Timestamp) -> Step<Self> {
        if *is_on { Step::Ask(Request::Effect(false)) } else { write(Run { phase: Phase::Ended, ..run.clone() }) }
    }

    fn accepted(_: &View, session: &mut Session<Self>, _: &bool, _: Timestamp) {
        session.memory += 1;
    }

    fn refused(_: &View, _: &Run, _: &mut Session<Self>, _: &bool, _: Cause) -> Option<&'static str> {
        Some("SwitchRefused")
    }
}

fn name(run: &Run) -> &'static str {
    match run.phase {
        Phase::Changing => "Changing",
        Phase::Watched => "Watched",
        Phase::Undoing => "Undoing",
        Phase::Ended => "Ended",
    }
}

fn approved() -> View {
    let approval = HonouredApproval {
        decision: Decision::Approved,
        by: Approver::person("anna"),
        rule: String::new(),
        proposal_digest: DIGEST.to_owned(),
        since: Time(NOW),
        target_uid: None,
    };
    View {
        approval: Some(approval),
        protected: false,
        place: None,
        gates: Vec::new(),
        checks: Vec::new(),
        run: None,
        is_on: false,
    }
}

/// What a server does that has `request` done.
fn done(view: &mut View, request: &Request<Switch>) {
    match request {
        Request::Reserve { uid } => view.place = Some(Place { uid: uid.clone(), announced: false }),
        Request::WriteStatus(run) => {
            view.place = Some(Place { uid: UID.to_owned(), announced: true });
            view.run = Some((**run).clone());
        }
        Request::Protect => view.protected = true,
        Request::Effect(on) => view.is_on = *on,
        Request::GiveBack | Request::Confirm(_) | Request::Remember(_) | Request::Release => {}
    }
}

/// A request in a few words.
fn words(request: &Request<Switch>) -> String {
    match request {
        Request::Effect(on) => if *on { "on" } else { "off" }.to_owned(),
        Request::WriteStatus(run) => match &run.undo {
            Some(undo) if run.phase == Phase::Undoing => format!("Undoing {}", undo.reason),
            _ => name(run).to_owned(),
        },
        other => format!("{other:?}").split([' ', '(']).next().unwrap_or_default().to_owned(),
    }
}

/// Steps until the machine waits, while `answer` gives the responses. Returns the requests, and the standing at the end.
fn follow(
    view: &mut View,
    session: &mut Session<Switch>,
    now: Timestamp,
    answer: impl Fn(&Request<Switch>) -> Response,
) -> (Vec<String>, Standing) {
    let (mut asked, mut response) = (Vec::new(), None);
    for _ in 0..30 {
        let (next, what) = step(view, std::mem::take(session), response.take(), now);
        *session = next;
        match what {
            Step::Ask(request) => {
                let answered = answer(&request);
                if answered == Response::Done {
                    done(view, &request);
                }
                asked.push(words(&request));
                response = Some(answered);
            }
            Step::Wait { standing, .. } => return (asked, standing),
            Step::LookAgain { .. } => panic!("nothing is stale: {asked:?}"),
        }
    }
    panic!("it comes to no end: {asked:?}");
}

fn ok(_: &Request<Switch>) -> Response {
    Response::Done
}

fn reason(standing: &Standing) -> &str {
    match standing {
        Standing::Paused { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_place_is_reserved_the_status_announces_each_change_and_an_end_is_looked_at_once_more() {
    let (mut view, mut session) = (approved(), Session::default());
    let (asked, standing) = follow(&mut view, &mut session, NOW, ok);
    assert_eq!(asked, ["Reserve", "Changing", "Protect", "on", "Watched", "Confirm", "Ended"]);
    assert_eq!(standing, Standing::Applied(String::new()));
    assert_eq!(session.memory, 1, "the kind is told of each effect");
}

#[test]
fn a_withdrawn_approval_a_failed_check_or_a_refusal_puts_it_back() {
    let under_way = || {
        let mut view = approved();
        let run = Run { phase: Phase::Watched, by: Approver::person("anna"), undo: None };
        (view.run, view.is_on, view.protected) = (Some(run), true, true);
        view
    };
    let mut withdrawn = under_way();
    withdrawn.approval = None;
    let mut worse = under_way();
    worse.checks = vec![check("Light", Verdict::Fail, "it is dark")];
    for (mut view, why) in [(withdrawn, "Undoing ApprovalWithdrawn"), (worse, "Undoing ChecksFailed")] {
        let (asked, _) = follow(&mut view, &mut Session::default(), NOW, ok);
        assert_eq!(asked, [why, "off", "Confirm", "Ended"]);
        assert!(!view.is_on);
    }
    let refuses_on = |request: &Request<Switch>| match request {
        Request::Effect(true) => {
            Response::Refused { cause: Cause::Other, reason: "Invalid".to_owned(), message: "no".to_owned() }
        }
        _ => Response::Done,
    };
    let mut view = approved();
    let (asked, _) = follow(&mut view, &mut Session::default(), NOW, refuses_on);
    assert_eq!(asked[3..], ["on", "Undoing SwitchRefused", "Confirm", "Ended"]);
    assert_eq!(view.run.and_then(|run| run.undo).unwrap().message, "the switch: Invalid: no");
}

#[test]
fn the_emergency_stop_holds_back_effects_and_not_the_status() {
    let halted = |request: &Request<Switch>| match request {
        Request::Effect(_) => Response::Halted { message: "by anna".to_owned() },
        _ => Response::Done,
    };
    let (mut view, mut session) = (approved(), Session::default());
    let (asked, standing) = follow(&mut view, &mut session, NOW, halted);
    assert_eq!((asked.last().unwrap().as_str(), reason(&standing)), ("on", "Halted"));
    view.approval = None;
    let (asked, standing) = follow(&mut view, &mut session, NOW, halted);
    assert_eq!(asked, ["Undoing ApprovalWithdrawn", "Confirm", "Ended"], "nothing was switched: {standing:?}");
}

#[test]
fn a_missing_permission_is_no_reason_to_undo_and_the_request_is_repeated_later() {
    let forbidden = |request: &Request<Switch>| match request {
        Request::Effect(_) => {
            Response::Refused { cause: Cause::Permission, reason: "Forbidden".to_owned(), message: "no".to_owned() }
        }
        _ => Response::Done,
    };
    let (mut view, mut session) = (approved(), Session::default());
    let (_, standing) = follow(&mut view, &mut session, NOW, forbidden);
    assert_eq!(reason(&standing), "Forbidden");
    assert_eq!(follow(&mut view, &mut session, after(NOW, 9), ok).0, [""; 0], "it is held back for ten seconds");
    assert_eq!(follow(&mut view, &mut session, after(NOW, 10), ok).0[0], "on");
}

#[test]
fn a_closed_gate_pauses_it_where_it_is() {
    let mut view = approved();
    view.gates = vec![closed("Policy", "PolicySuspended", "it is suspended")];
    let (asked, standing) = follow(&mut view, &mut Session::default(), NOW, ok);
    assert_eq!(asked, ["Reserve", "Changing", "Protect"]);
    let Standing::Paused { reason, message } = standing else { panic!("{standing:?}") };
    assert_eq!(
        (reason.as_str(), message.as_str()),
        ("PolicySuspended", "paused at the only step: Policy: it is suspended")
    );
    let run = view.run.clone().unwrap();
    assert!(matches!(once_written::<Switch>(&view, &run, NOW), Standing::Paused { .. }));
}

#[test]
fn a_server_that_asks_to_wait_is_asked_again_then_and_nothing_is_undone() {
    let busy = |request: &Request<Switch>| match request {
        Request::Effect(_) => Response::Refused {
            cause: Cause::NotYet { after_s: 7 },
            reason: "TooManyRequests".to_owned(),
            message: "come back".to_owned(),
        },
        _ => Response::Done,
    };
    let (mut view, mut session) = (approved(), Session::default());
    let (_, standing) = follow(&mut view, &mut session, NOW, busy);
    assert_eq!(reason(&standing), "TooManyRequests");
    assert_eq!(follow(&mut view, &mut session, after(NOW, 6), ok).0, [""; 0]);
    assert_eq!(follow(&mut view, &mut session, after(NOW, 7), ok).0[0], "on");
}
