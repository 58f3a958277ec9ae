//! The change: a lamp is lit. In: a view of one lamp and its socket. Out: the next step.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::{Deserialize, Serialize};
use trimtab_api::{
    approval::{Approver, HonouredApproval},
    conditions::recommendation as reasons,
    undo::Undo,
};
use trimtab_engine::{
    change::Change,
    gate::closed,
    header::{Header, Place},
    parts::{Parts, Phase, Words},
    protocol::{Cause, Request},
    session,
    standing::Standing,
    steps::{blocked, write},
    text::after,
};

pub const DIGEST: &str = "sha256:lit";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lighting;

type Session = session::Session<Lighting>;
type Step = trimtab_engine::protocol::Step<Lighting>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// `Changing`, `Watched`, `Undoing` or `Ended`.
    pub stage: String,
    pub by: Approver,
    pub socket: String,
    pub started: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
}

impl Run {
    fn at(&self, stage: &str) -> Self {
        Self { stage: stage.to_owned(), ..self.clone() }
    }
}

#[derive(Clone, Debug)]
pub struct View {
    pub approval: Option<HonouredApproval>,
    pub is_deleted: bool,
    pub is_protected: bool,
    pub place: Option<Place>,
    /// Whether another lamp holds the socket.
    pub is_taken: bool,
    pub socket: String,
    pub run: Option<Run>,
    pub is_lit: bool,
    /// How long it burns: a number in a message.
    pub hours: u32,
    /// Whether it is watched without end once it is lit.
    pub is_watched: bool,
    /// What is to be recorded next, without end.
    pub record: Option<u64>,
}

impl Parts for Lighting {
    type Run = Run;
    type Stage = String;
    type Seen = bool;
    type Record = u64;
    type Effect = bool;
    type EffectKey = bool;
    type Memory = ();

    const WORDS: Words = Words {
        run: "lighting",
        place: "the socket",
        last_look: "the last look at the lamp",
        status: "the run of the Lamp",
        finalizer: "the finalizer of the Lamp",
        record: "the record",
        unreadable: "remove the status",
        unreadable_reason: "StatusUnreadable",
    };

    fn digest(_: &Run) -> &str {
        DIGEST
    }

    fn target_uid(run: &Run) -> &str {
        &run.socket
    }

    fn phase(run: &Run) -> Phase {
        match run.stage.as_str() {
            "Changing" => Phase::Changing,
            "Watched" => Phase::Watched,
            "Undoing" => Phase::Undoing,
            _ => Phase::Ended,
        }
    }

    fn stage(run: &Run) -> String {
        run.stage.clone()
    }

    fn is_end(stage: &String) -> bool {
        stage == "Ended"
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
        "the lamp"
    }

    fn is_of_the_change(on: &bool) -> bool {
        *on
    }
}

impl Change for Lighting {
    type View = View;
    type Target = bool;

    fn header(view: &View) -> Header<'_> {
        Header {
            digest: DIGEST,
            approval: view.approval.as_ref(),
            approval_known: Ok(()),
            is_deleted: view.is_deleted,
            is_protected: view.is_protected,
            place: view.place.as_ref(),
            policy_deleted: None,
            forward_gates: &[],
            checks: &[],
        }
    }

    fn run(view: &View) -> Option<&Run> {
        view.run.as_ref()
    }

    fn with_run(view: &View, run: &Run) -> View {
        View { run: Some(run.clone()), ..view.clone() }
    }

    fn target<'a>(view: &'a View, _: &Run) -> Option<&'a bool> {
        Some(&view.is_lit)
    }

    fn fault(_: &Run) -> Option<String> {
        None
    }

    fn seen(view: &View) -> bool {
        view.is_lit
    }

    fn to_record(_: &View) -> Option<u64> {
        None
    }

    fn position(_: &View, _: &Run) -> String {
        "the only step".to_owned()
    }

    fn standing(run: &Run) -> Standing {
        match Self::phase(run) {
            Phase::Changing | Phase::Watched => Standing::RollingOut("it is being lit".to_owned()),
            Phase::Undoing => Standing::Undoing("it is being put out".to_owned()),
            Phase::Ended if run.undo.is_some() => Standing::RolledBack("it was put out".to_owned()),
            Phase::Ended => Standing::Applied("it is lit".to_owned()),
        }
    }

    fn undoing(_: &View, run: &Run, reason: &str, message: &str, now: Timestamp) -> Run {
        let (reason, message) = (reason.to_owned(), message.to_owned());
        let undo = Undo { reason, message, since: Time(now), nothing_to_restore: false };
        Run { undo: Some(undo), ..run.at("Undoing") }
    }

    fn disturbed(_: &View, _: &Run, _: &bool) -> Option<(&'static str, String)> {
        None
    }

    fn stuck(_: &View, _: &Run, _: &Session, _: Timestamp) -> Option<(&'static str, String)> {
        None
    }

    fn leave(view: &View, session: &Session, now: Timestamp) -> Step {
        match &view.run {
            Some(run) if Self::phase(run) == Phase::Undoing => Self::undo(view, run, &view.is_lit, session, now),
            Some(run) if view.is_lit => write(Self::undoing(view, run, reasons::DELETED, "it is being deleted", now)),
            _ => Step::Ask(Request::Release),
        }
    }

    fn rest(view: &View, _: &Session, now: Timestamp) -> Step {
        if let Some(record) = view.record {
            return Step::Ask(Request::Remember(Box::new(record)));
        }
        match (&view.approval, &view.run) {
            (Some(_), None) if view.is_taken => {
                blocked(vec![closed("Socket", "SocketTaken", "another lamp is in it")], after(now, 15))
            }
            (Some(approval), None) => write(Run {
                stage: "Changing".to_owned(),
                by: approval.by.clone(),
                socket: view.socket.clone(),
                started: Time(now),
                undo: None,
            }),
            (None, None) => Step::Wait { until: None, standing: Standing::Pending },
            (_, Some(run)) if run.undo.is_some() => Step::Wait { until: None, standing: Self::standing(run) },
            (_, Some(_)) => {
                let standing = Standing::Applied(format!("it burns for {} hours", view.hours));
                Step::Wait { until: None, standing }
            }
        }
    }

    fn left_behind(_: &View, run: &Run, _: &Session, _: Timestamp) -> Step {
        write(run.at("Ended"))
    }

    fn forward(view: &View, run: &Run, is_lit: &bool, _: &Session, _: Timestamp) -> Step {
        match Self::phase(run) {
            _ if !is_lit => Step::Ask(Request::Effect(true)),
            Phase::Changing => write(run.at("Watched")),
            _ if view.is_watched => {
                let standing = Standing::Verifying(format!("it burns for {} hours", view.hours));
                Step::Wait { until: None, standing }
            }
            _ => write(run.at("Ended")),
        }
    }

    fn undo(_: &View, run: &Run, is_lit: &bool, _: &Session, _: Timestamp) -> Step {
        if *is_lit { Step::Ask(Request::Effect(false)) } else { write(run.at("Ended")) }
    }

    fn accepted(_: &View, _: &mut Session, _: &bool, _: Timestamp) {}

    fn refused(_: &View, _: &Run, _: &mut Session, _: &bool, _: Cause) -> Option<&'static str> {
        Some("LampRefused")
    }
}
