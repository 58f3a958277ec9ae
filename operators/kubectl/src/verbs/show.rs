//! The verbs that only read: `status`, `recommendations`, `explain`, `diff`.

use std::{collections::BTreeMap, pin::pin};

use futures::{StreamExt, future::join_all};
use kube::runtime::{
    WatchStreamExt,
    watcher::{self, Event, watcher},
};
use serde_json::{Value, json};
use trimtab_api::recommendation::Recommendation;

use super::{
    follow::{Followed, refused, to_its_end},
    past, why, workload,
};
use crate::{
    cli::{DiffArgs, ExplainArgs, ListArgs, Output, StatusArgs},
    cluster::{Session, answer},
    course::Goal,
    diff,
    explain::{self, Beside, UsageKnown},
    listing::{self, Filter},
    lookup::Found,
    overview::{self, Seen},
    problem::Problem,
    refusal::Tried,
    table::{Cell, Widths, table},
    usage, words,
};

/// `status`.
pub async fn status(session: &Session, args: &StatusArgs) -> Result<(), Problem> {
    let mut scope = session.is_namespace_named().then(|| session.namespace().to_owned());
    let mut found = session.list(scope.as_deref()).await;
    if scope.is_none() && found.as_ref().err().and_then(answer).is_some_and(|s| s.code == 403) {
        // A user who may not list everywhere is shown their own namespace.
        scope = Some(session.namespace().to_owned());
        found = session.list(scope.as_deref()).await;
    }
    let recommendations = found.map_err(|e| session.problem(e, Tried::Read("Recommendations")))?;
    if args.watch {
        return follow_all(session, &recommendations).await;
    }
    let (operator, emergency_stop, guard, sizes_admission, crds, policies) = futures::join!(
        session.operator(),
        session.emergency_stop(),
        session.guard(),
        session.sizes_admission(),
        session.crds(),
        session.policies()
    );
    let named = guard.as_ref().ok().and_then(|guard| guard.account.as_ref());
    let elsewhere = named.and_then(|account| account.elsewhere(session.own()));
    let overview = overview::overview(&Seen {
        operator,
        emergency_stop,
        guard,
        sizes_admission,
        crds,
        policies,
        recommendations,
        scope,
    });
    if args.output.is_machine() {
        return session.screen.machine(args.output, &overview);
    }
    session.screen.say(&overview::screen(&overview, session.now(), session.screen.paint))?;
    if let Some(why) = elsewhere {
        let own = session.own();
        session.screen.note(&format!("warning: {why}. If it does run in {own}, no approval is honoured"));
    }
    Ok(())
}

async fn follow_all(session: &Session, recs: &[Recommendation]) -> Result<(), Problem> {
    let rolling: Vec<Followed> = recs
        .iter()
        .filter(|rec| overview::is_rolling(rec))
        .map(|rec| Followed { named: true, ..Followed::of(rec, None, Goal::Applied) })
        .collect();
    if rolling.is_empty() {
        return session.screen.say("no rollout is in progress");
    }
    join_all(rolling.iter().map(|what| to_its_end::<Recommendation>(session, what))).await.into_iter().collect()
}

/// `recommendations`.
pub async fn recommendations(session: &Session, args: &ListArgs) -> Result<(), Problem> {
    if !args.names.is_empty() {
        session.one_namespace()?;
    }
    let filter = Filter::from(args);
    let mut recs = session.listed(session.scope()).await?;
    if let Some(absent) = args.names.iter().find(|name| !recs.iter().any(|r| words::name(r) == name.as_str())) {
        return Err(Problem::Failed(format!("there is no Recommendation {}/{absent}", session.namespace())));
    }
    recs.retain(|rec| filter.admits(rec));
    listing::sort(&mut recs);
    if args.output.is_machine() {
        if !args.watch {
            let items = recs.iter().map(plain).collect::<Result<Vec<_>, _>>()?;
            return session.screen.machine(args.output, &json!({"apiVersion": "v1", "kind": "List", "items": items}));
        }
        for rec in &recs {
            session.screen.machine(args.output, &plain(rec)?)?;
        }
        return go_on(session, args, &filter, &recs, &Widths::default()).await;
    }
    let wide = args.output == Output::Wide;
    let namespaces = session.scope().is_none();
    let headings = listing::headings(namespaces, wide);
    let rows: Vec<Vec<Cell>> = recs.iter().map(|rec| listing::row(rec, namespaces, wide, session.now())).collect();
    if rows.is_empty() && !args.watch {
        let place = session.scope().map_or_else(|| "the cluster".to_owned(), |n| format!("namespace {n}"));
        session
            .screen
            .note(&format!("no Recommendation in {place} matches; kubectl trimtab status says why there may be none"));
        return Ok(());
    }
    let shown: &[&str] = if args.no_headers { &[] } else { &headings };
    let text = table(shown, &rows, session.screen.paint);
    if !text.is_empty() {
        session.screen.say(&text)?;
    }
    if args.watch { go_on(session, args, &filter, &recs, &Widths::of(&headings, &rows)).await } else { Ok(()) }
}

/// Prints each Recommendation again when its displayed values have changed.
async fn go_on(
    session: &Session,
    args: &ListArgs,
    filter: &Filter,
    recs: &[Recommendation],
    widths: &Widths,
) -> Result<(), Problem> {
    let version = |rec: &Recommendation| rec.metadata.resource_version.clone();
    let mut shown: BTreeMap<String, Option<String>> =
        recs.iter().map(|rec| (words::full_name(rec), version(rec))).collect();
    let api = session.recommendations(session.scope());
    let mut stream = pin!(watcher(api, watcher::Config::default()).default_backoff());
    while let Some(event) = stream.next().await {
        let rec = match event {
            Ok(Event::Apply(rec) | Event::InitApply(rec)) => rec,
            Ok(Event::Delete(rec)) => {
                shown.remove(&words::full_name(&rec));
                continue;
            }
            Ok(Event::Init | Event::InitDone) => continue,
            Err(error) => {
                refused(session, error, "Recommendations")?;
                continue;
            }
        };
        if !filter.admits(&rec) || shown.insert(words::full_name(&rec), version(&rec)) == Some(version(&rec)) {
            continue;
        }
        if args.output.is_machine() {
            session.screen.machine(args.output, &plain(&rec)?)?;
        } else {
            let row = listing::row(&rec, session.scope().is_none(), args.output == Output::Wide, session.now());
            session.screen.say(&widths.row(&row, session.screen.paint))?;
        }
    }
    Ok(())
}

/// The object without fields that only the API server's own machinery reads, as kubectl shows it.
fn plain(rec: &Recommendation) -> Result<Value, Problem> {
    let mut rec = rec.clone();
    rec.metadata.managed_fields = None;
    serde_json::to_value(rec).map_err(|e| Problem::Failed(format!("cannot write a Recommendation: {e}")))
}

/// `explain`.
pub async fn explain(session: &Session, args: &ExplainArgs) -> Result<(), Problem> {
    session.one_namespace()?;
    let rec = match session.find(&args.name).await? {
        Found::Recommendation(rec) => *rec,
        Found::Workload(id) => return why::explain(session, args, &id).await,
    };
    if args.output.is_machine() && !args.watch {
        return session.screen.machine(args.output, &plain(&rec)?);
    }
    if args.watch {
        let digest = rec.spec.approval.as_ref().map(|a| a.proposal_digest.clone());
        let under_way = overview::is_rolling(&rec);
        // A rollout under way is followed, whatever was decided since.
        let followed = Followed::of(&rec, digest.filter(|_| !under_way), Goal::Applied);
        return to_its_end::<Recommendation>(session, &followed).await;
    }
    let (policy, emergency_stop, usage, present, back_off) = futures::join!(
        session.policy(&rec),
        session.emergency_stop(),
        used(session, args, &rec),
        workload::present(session, &rec),
        past::back_off(session, &rec)
    );
    let emergency_stop = emergency_stop.ok().flatten();
    let beside = Beside {
        policy: policy.as_ref(),
        present: &present,
        usage: &usage,
        emergency_stop: emergency_stop.as_ref(),
        back_off: back_off.as_ref(),
        now: session.now(),
    };
    session.screen.say(&explain::explain(&rec, &beside, session.screen.paint))
}

async fn used(session: &Session, args: &ExplainArgs, rec: &Recommendation) -> Result<UsageKnown, String> {
    if let Some(url) = args.prometheus.prometheus_url.as_deref().filter(|url| !url.is_empty()) {
        return usage::from_prometheus(&args.prometheus, url, rec, session.now()).await;
    }
    match session.profile(rec).await {
        Ok(Some(profile)) => usage::from_profile(&profile),
        Ok(None) => {
            Err("No usage source was given: use --prometheus-url, or set TRIMTAB_PROMETHEUS_URL, for a chart. (There \
             is no UsageProfile of this workload either.)"
                .to_owned())
        }
        Err(why) => Err(format!("No usage source was given with --prometheus-url, and {why}.")),
    }
}

/// `diff`.
pub async fn diff(session: &Session, args: &DiffArgs) -> Result<(), Problem> {
    session.one_namespace()?;
    let rec = session.find_recommendation(&args.name).await?;
    let target = &rec.spec.target_ref;
    let what = format!("{} {}/{}", target.kind, session.namespace(), target.name);
    let workload = workload::read(session, session.namespace(), target).await;
    let workload = workload.map_err(|e| session.problem(e, Tried::Read(&what)))?;
    if target.uid.is_some() && target.uid != workload.metadata.uid {
        session.screen.note(&format!("note: {what} was recreated after the proposal; Trimtab does not apply it"));
    }
    let found = diff::diff(&rec, &workload.data, session.screen.paint);
    session.screen.say(&found.text)?;
    if !found.differs {
        session.screen.note(&format!("{what} has what is proposed"));
    }
    Ok(())
}
