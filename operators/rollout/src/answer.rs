//! Responses to requests. In: the request and its response. Out: what the session remembers of it, and whether the
//! response itself requires a wait.

use jiff::Timestamp;
use trimtab_api::{
    conditions::recommendation as reasons,
    rollout::{RolloutResult, Stage},
};

use crate::{
    ask::{Response, Standing, Step},
    known::may_evict,
    session::{Key, Refusal, Session, growing},
    text::{after, cut},
    view::View,
};

/// Retry interval while a person has to act, in seconds: missing permissions, a disruption budget, the emergency stop.
const PERSON_S: i64 = 10;

/// What a response means.
pub(crate) enum Answered {
    /// Decide the next step from the view.
    GoOn,
    /// The view is stale: wait for a newer one.
    LookAgain(Step),
}

/// Handles `response` to the request `asked`.
pub(crate) fn take_in(view: &View, session: &mut Session, asked: &Key, response: Response, now: Timestamp) -> Answered {
    match response {
        Response::Done => done(view, session, asked),
        // An earlier attempt succeeded and its response was lost: the status is already written.
        Response::Stale if ended(view) && matches!(asked, Key::Status(Stage::Ended, _)) => session.done(asked),
        // The view now shows who holds the place.
        Response::Stale if matches!(asked, Key::Reserve(_)) => {}
        Response::Stale => {
            let what = asked.words();
            let standing = present(view, format!("{what}: somebody else changed the object; retrying"));
            return Answered::LookAgain(Step::Wait { until: Some(after(now, 1)), standing });
        }
        Response::Unknown { message } => {
            let words = |until| format!("{}: no response ({message}); retrying at {until}", asked.words());
            session.rest(asked.clone(), now, growing, reasons::NO_ANSWER, words);
        }
        Response::Halted { message } => {
            session.rest(Key::All, now, |_| PERSON_S, reasons::HALTED, |_| message.clone());
        }
        Response::NoBudget { message } => {
            let words =
                |until| format!("{}: blocked by a disruption budget ({message}); retrying at {until}", asked.words());
            session.rest(asked.clone(), now, |_| PERSON_S, reasons::NO_DISRUPTION_BUDGET, words);
        }
        Response::Refused { reason, message } => refused(view, session, asked, &reason, &message, now),
    }
    Answered::GoOn
}

fn done(view: &View, session: &mut Session, asked: &Key) {
    session.done(asked);
    if let Key::Remember(record) = asked {
        session.remembered = Some(record.clone());
    }
    let undone = view.rollout.as_ref().filter(|r| r.stage == Stage::Undoing);
    if let (Key::Put | Key::Drop, Some(rollout)) = (asked, undone) {
        session.taken_back = Some(rollout.proposal_digest.clone());
    }
}

fn refused(view: &View, session: &mut Session, asked: &Key, reason: &str, message: &str, now: Timestamp) {
    let forward = view.rollout.as_ref().filter(|r| !matches!(r.stage, Stage::Undoing | Stage::Ended));
    let said = format!("{}: {reason}: {message}", asked.words());
    let change = !asked.is_record() && *asked != Key::Drop;
    if let Some(rollout) = forward
        && change
        && !rights_missing(reason, message)
    {
        if let Key::Resize(uid) = asked
            && never_fits(message)
            && may_evict(view, rollout)
        {
            session.never_fits.push((rollout.proposal_digest.clone(), uid.clone()));
            return;
        }
        let why = match asked {
            Key::Put | Key::Patch => reasons::DELIVERY_REFUSED,
            _ if never_fits(message) => reasons::RESIZE_INFEASIBLE,
            _ => reasons::RESIZE_REFUSED,
        };
        let digest = rollout.proposal_digest.clone();
        session.refusal = Some(Refusal { digest, reason: why.to_owned(), message: cut(&said) });
        return;
    }
    let undoing = view.rollout.as_ref().is_some_and(|r| r.stage == Stage::Undoing);
    let (why, what) = if undoing && change {
        (reasons::UNDO_BLOCKED, "the former values cannot be restored")
    } else if rights_missing(reason, message) {
        (reasons::FORBIDDEN, "Trimtab lacks a permission")
    } else {
        (reasons::WRITE_REFUSED, "the API server refused it")
    };
    let words = |until| format!("{what}: {said}; retrying at {until}");
    session.rest(asked.clone(), now, |tries| growing(tries).max(PERSON_S), why, words);
}

/// Whether the size can never fit the node. An API server that knows node capacity says so before the kubelet does.
fn never_fits(message: &str) -> bool {
    let words = message.to_lowercase();
    ["infeasible", "nodecapacity", "enough allocatable"].iter().any(|w| words.contains(w))
}

/// Whether Trimtab lacks an RBAC permission. Admission returns `Forbidden` too (quotas, limit ranges, nodes without
/// room, webhooks), but no permission helps there: this very change is refused. An authorizer says what the user
/// cannot do.
fn rights_missing(reason: &str, message: &str) -> bool {
    reason == "Unauthorized" || (message.contains("User \"") && message.contains("\" cannot "))
}

fn ended(view: &View) -> bool {
    view.rollout.as_ref().is_some_and(|r| r.stage == Stage::Ended)
}

/// The standing while it waits for a newer view.
fn present(view: &View, sentence: String) -> Standing {
    let Some(rollout) = &view.rollout else { return Standing::RollingOut(sentence) };
    match (rollout.stage, rollout.result) {
        (Stage::Watching | Stage::Verifying, _) => Standing::Verifying(sentence),
        (Stage::Undoing, _) => Standing::Undoing(sentence),
        // It was about to be undone.
        (Stage::Ended, Some(RolloutResult::Applied)) if rollout.proposal_digest == view.digest => {
            Standing::Undoing(sentence)
        }
        _ => Standing::RollingOut(sentence),
    }
}

#[cfg(test)]
mod tests {
    use super::rights_missing;

    #[test]
    fn a_refusal_by_admission_is_no_missing_right() {
        let rights = r#"pods "web-quota-1" is forbidden: User "system:serviceaccount:trimtab-system:trimtab" cannot patch resource "pods/resize" in API group "" in the namespace "shop""#;
        let cases = [
            ("Forbidden", rights, true),
            ("Forbidden", r#"pods "web-1" is forbidden: exceeded quota: team, requested: requests.cpu=500m"#, false),
            ("Forbidden", r#"pods "web-1" is forbidden: maximum cpu usage per Container is 1, but limit is 2"#, false),
            ("Forbidden", "the webhook says no", false),
            ("Forbidden", r#"pods "web-1" is forbidden: node didn't have enough allocatable resources"#, false),
            ("AdmissionDenied", "the operator cannot do this in API group apps", false),
            ("Unauthorized", "token expired", true),
            ("Invalid", "Pod QOS Class may not change as a result of resizing", false),
            ("Invalid", "spec: Forbidden: only cpu and memory resources are mutable", false),
        ];
        for (reason, message, expected) in cases {
            assert_eq!(rights_missing(reason, message), expected, "{reason}: {message}");
        }
    }
}
