//! How actions are carried out, for the machine of the engine. In: a view, and the run in its status. Out: what only actions can
//! decide.

use jiff::Timestamp;
use trimtab_api::{
    conditions::{recommendation::NO_ANSWER, remediation as reasons},
    remediation::outcome::StepStatus,
};
use trimtab_engine::{change::Change, header::Header, parts::Parts, protocol::Cause, standing::Standing};

use crate::{
    acting::{Acting, Key, Seen, SeenField, Session, Stage, Step},
    drain,
    effect::EffectKey,
    field::Tried,
    forward, leave,
    observed::Look,
    rest,
    run::Run,
    standing, status, turn_back, undo,
    view::View,
};

impl Change for Acting {
    type View = View;
    type Target = Vec<Look>;

    fn header(view: &View) -> Header<'_> {
        view.header()
    }

    fn run(view: &View) -> Option<&Run> {
        view.run.as_ref()
    }

    fn with_run(view: &View, run: &Run) -> View {
        View { run: Some(run.clone()), ..view.clone() }
    }

    /// The targets of all steps. Whether one of them is gone matters step by step.
    fn target<'a>(view: &'a View, _: &Run) -> Option<&'a Vec<Look>> {
        Some(&view.world)
    }

    fn fault(run: &Run) -> Option<String> {
        run.fault()
    }

    fn seen(view: &View) -> Seen {
        view.run.as_ref().map(|run| seen(view, run)).unwrap_or_default()
    }

    fn to_record(_: &View) -> Option<()> {
        None
    }

    fn position(_: &View, run: &Run) -> String {
        run.current().map_or_else(|| "the watch after the last step".to_owned(), |at| forward::position(run, at))
    }

    fn standing(run: &Run) -> Standing {
        standing::of(run)
    }

    fn undoing(view: &View, run: &Run, reason: &str, message: &str, now: Timestamp) -> Run {
        status::undoing(view, run, reason, message, now)
    }

    fn disturbed(view: &View, _: &Run, _: &Vec<Look>) -> Option<(&'static str, String)> {
        turn_back::asked(view)
    }

    fn stuck(view: &View, run: &Run, session: &Session, now: Timestamp) -> Option<(&'static str, String)> {
        turn_back::stuck(view, run, session, now)
    }

    fn over(run: &Run, now: Timestamp) -> Option<(&'static str, String)> {
        turn_back::due(run, now)
    }

    fn leave(view: &View, session: &Session, now: Timestamp) -> Step {
        leave::decide(view, session, now)
    }

    fn rest(view: &View, _: &Session, now: Timestamp) -> Step {
        rest::decide(view, now)
    }

    fn left_behind(view: &View, run: &Run, session: &Session, now: Timestamp) -> Step {
        undo::decide(view, run, session, now)
    }

    fn forward(view: &View, run: &Run, _: &Vec<Look>, session: &Session, now: Timestamp) -> Step {
        forward::decide(view, run, session, now)
    }

    fn undo(view: &View, run: &Run, _: &Vec<Look>, session: &Session, now: Timestamp) -> Step {
        undo::decide(view, run, session, now)
    }

    fn accepted(_: &View, session: &mut Session, asked: &EffectKey, now: Timestamp) {
        match asked {
            EffectKey::Field { .. } => session.memory.note(asked, Tried::Accepted),
            EffectKey::Evict(_) => {
                let words = |until| format!("a pod was evicted and does not end yet; it is evicted again at {until}");
                session.rest_accepted(Key::Effect(asked.clone()), now, NO_ANSWER, words);
            }
        }
    }

    fn written(view: &View, session: &mut Session, stage: &Stage) {
        let before = view.run.as_ref().map(Acting::stage).unwrap_or_default();
        session.memory.written(&before, stage);
    }

    fn not_accepted(_: &View, session: &mut Session, asked: &EffectKey, is_certain: bool) {
        if matches!(asked, EffectKey::Field { .. }) {
            session.memory.note(asked, if is_certain { Tried::Refuted } else { Tried::InDoubt });
        }
    }

    fn refused(_: &View, _: &Run, _: &mut Session, asked: &EffectKey, _: Cause) -> Option<&'static str> {
        Some(match asked {
            EffectKey::Field { .. } => reasons::REQUEST_REFUSED,
            EffectKey::Evict(_) => reasons::EVICTION_BLOCKED,
        })
    }
}

/// What the end of `run` makes a claim about.
fn seen(view: &View, run: &Run) -> Seen {
    let field = |uid: &str, path: &str| -> SeenField {
        let live = view.world.iter().find_map(|look| look.of(uid)?.field(path));
        let value = live.and_then(|live| live.value.as_ref()).map(ToString::to_string);
        (uid.to_owned(), path.to_owned(), value)
    };
    let kept = run.kept().filter(|(at, _)| run.has_begun(*at)).filter_map(|(_, kept)| kept.ok());
    let mut fields: Vec<SeenField> = kept.map(|kept| field(kept.uid, &kept.stored.path)).collect();
    fields.sort();
    fields.dedup();
    let of_step = |(at, step): (usize, &StepStatus)| {
        let observed = view.look(at).here()?;
        Some(drain::left(step.pods.as_ref()?, observed).into_iter().map(|pod| pod.uid.clone()).collect::<Vec<_>>())
    };
    Seen { fields, pods: run.steps.iter().enumerate().filter_map(of_step).flatten().collect() }
}
