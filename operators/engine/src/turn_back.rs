//! What causes an undo. In: a view of a run going forward. Out: the reason of the undo and its message, if any.

use jiff::Timestamp;
use trimtab_api::{approval::Decision, conditions::recommendation as reasons};

use crate::{change::Change, checks, session::Session};

/// Why the former values have to be restored.
pub(crate) fn why<C: Change>(
    view: &C::View,
    run: &C::Run,
    target: &C::Target,
    session: &Session<C>,
    now: Timestamp,
) -> Option<(String, String)> {
    let shown = decided::<C>(view, run)
        .or_else(|| C::disturbed(view, run, target))
        .or_else(|| checks::failed(C::header(view).checks).map(|message| (reasons::CHECKS_FAILED, message)));
    let said = |(reason, message): (&str, String)| (reason.to_owned(), message);
    if let Some(shown) = shown {
        return Some(said(shown));
    }
    if let Some(refusal) = session.refusal.as_ref().filter(|r| r.digest == C::digest(run)) {
        return Some((refusal.reason.clone(), refusal.message.clone()));
    }
    C::stuck(view, run, session, now).map(said)
}

/// What people decided since, or a policy, if it speaks against the run.
fn decided<C: Change>(view: &C::View, run: &C::Run) -> Option<(&'static str, String)> {
    let (header, word) = (C::header(view), C::WORDS.run);
    if header.digest != C::digest(run) {
        return Some((reasons::PROPOSAL_CHANGED, format!("the proposal changed during its {word}")));
    }
    if header.decided(Decision::Rejected) {
        let by = header.approval.map_or_else(|| "somebody".to_owned(), |a| a.by.to_string());
        return Some((reasons::REJECTED, format!("{by} rejected it during its {word}")));
    }
    if let Some(policy) = header.policy_deleted {
        let message = format!("policy {policy} was deleted during the {word}, and its verification rules with it");
        return Some((reasons::POLICY_DELETED, message));
    }
    if !header.decided(Decision::Approved) {
        let message = format!("the approval of {} was withdrawn, or is no longer valid", C::approved_by(run));
        return Some((reasons::APPROVAL_WITHDRAWN, message));
    }
    None
}
