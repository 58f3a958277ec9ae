//! The parts of an explanation that are events: who decided, what blocks it, its progress.

use jiff::Timestamp;
use trimtab_api::{
    Approvable,
    approval::Decision,
    gates::ClosedGate,
    recommendation::Recommendation,
    rollout::{RolloutStatus, Stage},
    verification::Verdict,
};
use trimtab_core::text::{count, printable};

use super::{Beside, figures};
use crate::{
    decision::{Decidable, Subject, standing},
    paint::{Paint, Tint},
    progress,
    table::{Cell, table},
    words,
};

/// `kubectl trimtab VERB REC -n NAMESPACE`.
fn command(verb: &str, rec: &Recommendation) -> String {
    let namespace = rec.metadata.namespace.as_deref().unwrap_or_default();
    format!("kubectl trimtab {verb} {} -n {namespace}", words::name(rec))
}

/// Who decided, whether that counts, and the command to decide.
pub fn approval(rec: &Recommendation, now: Timestamp) -> String {
    let status = rec.status.as_ref();
    let mut lines = Vec::new();
    let digest = rec.shown_digest();
    let given = rec.spec.approval.as_ref();
    let current = given.filter(|a| Some(a.proposal_digest.as_str()) == digest);
    if let Some(a) = given {
        let reason = a.reason.as_deref().map(|r| format!(": {}", printable(r))).unwrap_or_default();
        lines.push(format!("{:?} by {}{reason}", a.decision, printable(&a.approver)));
        if current.is_none() {
            lines.push(format!(
                "That was for the proposal {}, which is not the current one: it has no effect.",
                words::short(&a.proposal_digest)
            ));
        }
    }
    let honoured = status.and_then(|s| s.approval.as_ref());
    if let Some(h) = honoured {
        let age = words::since(h.since.0, now);
        lines.push(format!("Honoured for {age}: {:?} by {} ({})", h.decision, h.by, h.rule));
    }
    let in_effect = honoured.filter(|h| Some(h.proposal_digest.as_str()) == digest);
    match (digest, current.map(|a| a.decision).or(in_effect.map(|h| h.decision))) {
        (None, _) => lines.push("It cannot be decided on yet: Trimtab has not written its digest.".to_owned()),
        (_, None) => {
            lines.extend(undecided(rec));
        }
        (_, Some(Decision::Approved)) => {
            if in_effect.is_none() {
                lines.push("Trimtab has not honoured it yet.".to_owned());
            }
            lines.push(format!("To take it back: {}", command(if is_in_force(rec) { "undo" } else { "reject" }, rec)));
        }
        (_, Some(Decision::Rejected)) => lines.push(approvable(rec, "To approve it after all:")),
    }
    lines.join("\n")
}

/// What there is to say, and to do, about a proposal on which no decision stands.
fn undecided(rec: &Recommendation) -> Vec<String> {
    if figures::is_in_force(rec) {
        return vec![
            "It is in force by an earlier approval, which is gone. That changes nothing for what is in force."
                .to_owned(),
            format!("To take it back: {}", command("undo", rec)),
        ];
    }
    let mut lines = vec![match words::rejected_before(rec) {
        Some(message) => format!("Nobody has decided on this Recommendation, but on its size: {message}."),
        None => "Nobody has decided on this proposal.".to_owned(),
    }];
    lines.push(approvable(rec, "To approve it:"));
    lines.push(format!("To refuse it:  {} --reason '…'", command("reject", rec)));
    lines
}

/// The command to approve it, or why there is none: of what was rolled back only what a person rejected is applied again.
fn approvable(rec: &Recommendation, label: &str) -> String {
    match standing(rec, Subject::Proposal, Decision::Approved, "") {
        Decidable::Impossible(why) => format!("It cannot be approved: {why}."),
        _ => format!("{label} {}", command("approve", rec)),
    }
}

fn is_in_force(rec: &Recommendation) -> bool {
    crate::undo::preview(rec).is_ok()
}

/// What blocks it at present, and the back-off that is known to, before it is approved.
pub fn gates(rec: &Recommendation, beside: &Beside<'_>, paint: Paint) -> String {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    if let Some(emergency_stop) = beside.emergency_stop {
        let text = format!("{}; kubectl trimtab resume ends it", emergency_stop.text());
        rows.push(vec![Cell::tinted("EmergencyStop", Tint::Bad), "Halted".into(), text.into()]);
    }
    let listed = rec.status.as_ref().map(|s| s.gates.as_slice()).unwrap_or_default();
    let back_off = beside.back_off.filter(|known| listed.iter().all(|g| g.gate != known.gate));
    let said_above = |gate: &ClosedGate| beside.emergency_stop.is_some() && gate.gate == "EmergencyStop";
    for gate in listed.iter().chain(back_off).filter(|gate| !said_above(gate)) {
        let name = Cell::tinted(gate.gate.as_str(), Tint::Warn);
        rows.push(vec![name, gate.reason.as_str().into(), gate.message.as_str().into()]);
    }
    if !rows.is_empty() {
        let others = if back_off.is_some() { "The others are checked before it starts.\n" } else { "" };
        return table(&["CLOSED", "REASON", "WHAT OPENS IT"], &rows, paint) + others;
    }
    match rec.spec.approval.is_some() || rec.status.as_ref().is_some_and(|s| s.approval.is_some()) {
        true => "none is closed".to_owned(),
        false => "none is known to be closed; they are checked when it is approved".to_owned(),
    }
}

/// The rollout under way or the last one, with its checks.
pub fn rollout(rec: &Recommendation, beside: &Beside<'_>, paint: Paint) -> Option<String> {
    let status = rec.status.as_ref()?;
    let r = status.rollout.as_ref()?;
    let mut lines = Vec::new();
    lines.push(progress::course(rec, None, beside.policy).line().to_owned());
    lines.push(format!(
        "Began {}, approved by {}, for the proposal {}{}.",
        words::moment(r.started.0),
        r.approved_by,
        words::short(&r.proposal_digest),
        if Some(r.proposal_digest.as_str()) == rec.shown_digest() { "" } else { ", which is not the current one" }
    ));
    match r.rollbacks {
        ..1 => {}
        1 => lines.push("Rolled back once.".to_owned()),
        n => lines.push(format!("Rolled back {n} times in a row.")),
    }
    if let Some(s) = &status.realised_savings {
        let (currency, since) = (&s.currency.0, words::date(s.since.0));
        let (total, monthly) = (words::amount(&s.total), words::amount(&s.monthly));
        lines.push(if r.is_over() {
            match total.strip_prefix('-') {
                Some(more) => format!("Costs nothing any more; it really cost {more} {currency} more since {since}."),
                None => format!("Saves nothing any more; it really saved {total} {currency} since {since}."),
            }
        } else {
            let pods = count(usize::try_from(s.pods).unwrap_or(0), "pod");
            let month = match monthly.strip_prefix('-') {
                Some(more) => format!("Really costs {more} {currency} more a month with {pods} now"),
                None => format!("Really saves {monthly} {currency} a month with {pods} now"),
            };
            // The sign of the total may be another one: pods come and go, and prices change.
            match (monthly.starts_with('-'), total.strip_prefix('-')) {
                (true, Some(more)) => format!("{month}, {more} {currency} more since {since}."),
                (false, Some(more)) => format!("{month}; it cost {more} {currency} more since {since}."),
                (true, None) => format!("{month}; it saved {total} {currency} since {since}."),
                (false, None) => format!("{month}, {total} {currency} since {since}."),
            }
        });
    }
    let mut text = lines.join("\n") + "\n";
    if !r.checks.is_empty() {
        text.push_str(&checks(r, paint));
    }
    Some(text)
}

fn checks(r: &RolloutStatus, paint: Paint) -> String {
    let row = |c: &trimtab_api::verification::Check| {
        let tint = match c.verdict {
            Verdict::Pass => Tint::Good,
            Verdict::Fail => Tint::Bad,
            Verdict::Inconclusive | Verdict::NotRun => Tint::Warn,
        };
        vec![c.name.as_str().into(), Cell::tinted(format!("{:?}", c.verdict), tint), c.message.as_str().into()]
    };
    let title = if r.stage == Stage::Ended { "LAST CHECK" } else { "CHECK" };
    table(&[title, "VERDICT", "BEFORE AND NOW"], &r.checks.iter().map(row).collect::<Vec<_>>(), paint)
}
