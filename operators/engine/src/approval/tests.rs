#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{gate::closed, testkit::NOW};

const DIGEST: &str = "sha256:this";
const APPLIED: &str = "sha256:applied";

fn person(decision: Decision, digest: &str) -> Approval {
    Approval { decision, approver: "anna".to_owned(), reason: None, proposal_digest: digest.to_owned() }
}

fn noted(decision: Decision, by: Approver, digest: &str) -> HonouredApproval {
    HonouredApproval {
        decision,
        by,
        rule: "as it was".to_owned(),
        proposal_digest: digest.to_owned(),
        since: Time("2026-11-20T00:00:00Z".parse().unwrap()),
        target_uid: None,
    }
}

fn ask(
    spec: Option<&Approval>,
    auto: Option<&Result<String, String>>,
    earlier: Option<&HonouredApproval>,
    under_way: bool,
    guarded: bool,
) -> Result<Option<HonouredApproval>, ClosedGate> {
    let guard = if guarded { Ok(()) } else { Err(closed("Approval", "ApprovalGuardMissing", "it is gone")) };
    let auto = auto.map(|answer| Auto { policy: "services", answer });
    honoured(&Question { spec, auto, earlier, under_way, guard, ..question() })
}

fn question() -> Question<'static> {
    Question {
        spec: None,
        digest: DIGEST,
        applied: Some(APPLIED),
        guard: Ok(()),
        auto: None,
        target_uid: Some("w-1"),
        earlier: None,
        under_way: false,
        now: NOW.parse().unwrap(),
    }
}

#[test]
fn a_person_counts_before_the_policy_and_only_for_this_digest() {
    use Decision::{Approved, Rejected};
    let (yes, no) = (Ok("confidence 95 %".to_owned()), Err("too risky".to_owned()));
    for (spec, auto, expected) in [
        (None, None, None),
        (None, Some(&no), None),
        (None, Some(&yes), Some((Approved, Approver::policy("services")))),
        (Some(person(Approved, DIGEST)), None, Some((Approved, Approver::person("anna")))),
        (Some(person(Approved, DIGEST)), Some(&no), Some((Approved, Approver::person("anna")))),
        (Some(person(Rejected, DIGEST)), Some(&yes), Some((Rejected, Approver::person("anna")))),
        (Some(person(Approved, "sha256:other")), None, None),
        (Some(person(Rejected, "sha256:other")), Some(&yes), Some((Approved, Approver::policy("services")))),
    ] {
        let found = ask(spec.as_ref(), auto, None, false, true).unwrap();
        assert_eq!(found.as_ref().map(|a| (a.decision, a.by.clone())), expected, "{spec:?} {auto:?}");
        if let Some(found) = found {
            assert_eq!((found.proposal_digest.as_str(), found.since.0.to_string().as_str()), (DIGEST, NOW));
        }
    }
}

#[test]
fn what_is_in_force_of_an_earlier_proposal_can_be_said_no_to_and_not_approved() {
    use Decision::{Approved, Rejected};
    let yes = Ok("confidence 95 %".to_owned());
    let no = person(Rejected, APPLIED);
    let found = ask(Some(&no), Some(&yes), None, false, true).unwrap().unwrap();
    assert_eq!((found.decision, &found.by, &*found.proposal_digest), (Rejected, &Approver::person("anna"), APPLIED));
    assert_eq!(ask(Some(&no), None, Some(&found), false, true).unwrap(), Some(found.clone()), "it stays as written");
    assert!(ask(Some(&no), None, None, false, false).is_err(), "without the guard anybody may have said so");
    assert_eq!(ask(Some(&person(Approved, APPLIED)), None, None, false, true).unwrap(), None);
}

#[test]
fn what_was_honoured_stays_as_it_was_written() {
    let yes = Ok("confidence 96 %".to_owned());
    let before = noted(Decision::Approved, Approver::policy("services"), DIGEST);
    assert_eq!(ask(None, Some(&yes), Some(&before), false, true).unwrap(), Some(before));
    // Another digest, decision or approver: a new record.
    for before in [
        noted(Decision::Approved, Approver::policy("services"), "sha256:other"),
        noted(Decision::Rejected, Approver::policy("services"), DIGEST),
        noted(Decision::Approved, Approver::policy("others"), DIGEST),
    ] {
        let found = ask(None, Some(&yes), Some(&before), false, true).unwrap().unwrap();
        assert_eq!(found.rule, "confidence 96 %", "{before:?}");
    }
}

#[test]
fn a_figure_that_moves_does_not_undo_half_a_rollout() {
    let no = Err("confidence is 89 %".to_owned());
    let before = noted(Decision::Approved, Approver::policy("services"), DIGEST);
    assert_eq!(ask(None, Some(&no), Some(&before), true, true).unwrap(), Some(before.clone()));
    // Before it starts the figures do count, and so does a policy that no longer approves anything.
    assert_eq!(ask(None, Some(&no), Some(&before), false, true).unwrap(), None);
    assert_eq!(ask(None, None, Some(&before), true, true).unwrap(), None);
    // A withdrawn approval of a person is not kept, nor is one of another policy or digest. A person may share the
    // policy's name.
    for before in [
        noted(Decision::Approved, Approver::person("services"), DIGEST),
        noted(Decision::Approved, Approver::person("policy/services"), DIGEST),
        noted(Decision::Approved, Approver::person("anna"), DIGEST),
        noted(Decision::Approved, Approver::policy("others"), DIGEST),
        noted(Decision::Approved, Approver::policy("services"), "sha256:other"),
    ] {
        assert_eq!(ask(None, Some(&no), Some(&before), true, true).unwrap(), None, "{before:?}");
    }
    let rejected = person(Decision::Rejected, DIGEST);
    let found = ask(Some(&rejected), Some(&no), Some(&before), true, true).unwrap();
    assert_eq!(found.map(|a| a.decision), Some(Decision::Rejected));
}

#[test]
fn without_the_guard_nothing_is_honoured_and_nothing_taken_back() {
    let yes = Ok("confidence 95 %".to_owned());
    for (spec, auto, under_way, known) in [
        (None, None, false, true),
        (Some(person(Decision::Approved, "sha256:other")), None, false, true),
        (Some(person(Decision::Approved, DIGEST)), None, false, false),
        (Some(person(Decision::Rejected, DIGEST)), None, false, false),
        (None, Some(&yes), false, false),
        // Somebody may have removed the approval.
        (None, None, true, false),
    ] {
        let found = ask(spec.as_ref(), auto, None, under_way, false);
        match (&found, known) {
            (Ok(None), true) => {}
            (Err(gate), false) => assert_eq!(gate.reason, "ApprovalGuardMissing"),
            _ => assert_eq!(found.is_ok(), known, "{spec:?} {auto:?} {under_way}: {found:?}"),
        }
    }
}

#[test]
fn an_approval_of_a_person_holds_for_the_workload_that_there_was() {
    use Decision::{Approved, Rejected};
    let yes = person(Approved, DIGEST);
    let bound = |question: Question<'_>| honoured(&question).unwrap().unwrap().target_uid;
    let text = |uid: &str| Some(uid.to_owned());
    assert_eq!(bound(Question { spec: Some(&yes), ..question() }), text("w-1"));
    assert_eq!(bound(Question { spec: Some(&yes), target_uid: None, ..question() }), text(""));
    let as_noted = |by: &str, uid: Option<&str>| HonouredApproval {
        target_uid: uid.map(str::to_owned),
        ..noted(Approved, Approver::person(by), DIGEST)
    };
    for (by, recorded, applied, present, expected) in [
        ("anna", Some("w-0"), APPLIED, Some("w-1"), text("w-0")),
        ("anna", Some("w-0"), APPLIED, None, text("w-0")),
        ("anna", Some(""), APPLIED, Some("w-1"), text("")),
        // Of an earlier version: it gets one while it waits, and needs none once it is carried out.
        ("anna", None, APPLIED, Some("w-1"), text("w-1")),
        ("anna", None, APPLIED, None, text("")),
        ("anna", None, DIGEST, Some("w-1"), None),
        ("anna", Some("w-0"), DIGEST, Some("w-1"), text("w-0")),
        // Somebody else approves it anew.
        ("bert", Some("w-0"), APPLIED, Some("w-1"), text("w-1")),
    ] {
        let earlier = as_noted(by, recorded);
        let (spec, earlier) = (Some(&yes), Some(&earlier));
        let found = honoured(&Question { spec, applied: Some(applied), target_uid: present, earlier, ..question() });
        let found = found.unwrap().unwrap();
        assert_eq!(found.target_uid, expected, "{by} {recorded:?} {applied} {present:?}");
        assert_eq!(found.rule == "as it was", by == "anna", "all else stays as it was written");
    }
    // Withdrawn, and seen to be: then the same approval is another one.
    assert_eq!(honoured(&Question { earlier: Some(&as_noted("anna", Some("w-0"))), ..question() }).unwrap(), None);

    let auto = Ok("confidence 95 %".to_owned());
    assert_eq!(bound(Question { spec: Some(&person(Rejected, DIGEST)), ..question() }), None);
    assert_eq!(bound(Question { auto: Some(Auto { policy: "services", answer: &auto }), ..question() }), None);
}
