//! `scan` and `try`: what would be recommended, without installing or applying anything.

use serde_json::json;
use trimtab_api::OptimizationPolicy;
use trimtab_core::{WorkloadId, text::count};
use trimtab_optimization_policy::{
    analyzer::Extent,
    gather,
    preview::{self, Preview},
    validate::{ValidatedPolicy, validate},
};
use trimtab_world::{Kind, Namespaces, World};

use super::{files, past};
use crate::{
    cli::{ReportOutput, ScanArgs, TryArgs},
    cluster::Session,
    engine::viewed,
    policy_file,
    problem::Problem,
    report::{self, Report, Row},
    words,
};

/// The name of the policy that `scan` uses.
const SCAN: &str = "scan";
/// Namespaces of the cluster itself, without user workloads.
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// `scan`.
pub async fn scan(session: &Session, args: &ScanArgs) -> Result<(), Problem> {
    // Without -n it is the whole cluster: a read-only scan has no namespace of one's own.
    let one = session.is_namespace_named().then(|| session.namespace().to_owned());
    let source = session.source(&args.prometheus).await?;
    session.screen.note(&format!("usage from {}", source.found));
    let cluster = session.world(one.clone().map_or(Namespaces::All, |n| Namespaces::Only(vec![n]))).await?;
    let world = &cluster.world;
    let names: Vec<String> = match &one {
        Some(name) => vec![name.clone()],
        None => {
            let all = world.namespaces();
            all.iter().map(|n| n.name.to_string()).filter(|n| !SYSTEM.contains(&n.as_str())).collect()
        }
    };
    if let Some(name) = one.as_ref().filter(|name| world.namespace(name).is_none()) {
        return Err(Problem::Failed(missing(world, name)));
    }
    let policy = scan_policy(args, &names)?;
    let mut analyzer = session.analyzer(world, &source, vec![policy]).await?;
    let preview = analyzer.preview(&Extent::All, session.now()).await;
    let title = one.as_ref().map_or_else(|| "Trimtab scan".to_owned(), |n| format!("Trimtab scan of namespace {n}"));
    let mut report = Report::new(&title, &source.found, words::moment(session.now()), &preview);
    report.notes.extend(report::unmatched(&preview, &[SCAN]));
    if one.is_none() {
        report.notes.push(format!("Not scanned: {}; name one with -n.", SYSTEM.join(", ")));
    }
    report.notes.extend(gather::unseen(world).into_iter().map(|(_, why)| format!("{why}.")));
    // There is only one policy, and it belongs to nobody.
    report.workloads.iter_mut().for_each(|row| row.policy = None);
    write(session, &report, args.output, one.is_none(), false, args.no_headers)
}

/// Why a namespace is missing, as far as that can be seen.
fn missing(world: &World, name: &str) -> String {
    match world.missing().into_iter().find(|missing| missing.kind == Kind::Namespace) {
        Some(missing) => format!("namespace {name} cannot be seen: {}", missing.reason),
        None => format!("there is no namespace {name}"),
    }
}

fn scan_policy(args: &ScanArgs, namespaces: &[String]) -> Result<OptimizationPolicy, Problem> {
    let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": SCAN},
        "spec": {"targetNamespaces": namespaces, "sizing": {"profile": args.profile.as_str()},
            "history": {"window": format!("{}h", args.history_hours)}}});
    serde_json::from_value(object).map_err(|e| Problem::Failed(format!("the scan policy cannot be created: {e}")))
}

/// `try`.
pub async fn try_out(session: &Session, args: &TryArgs) -> Result<(), Problem> {
    let mut tried = Vec::new();
    for file in &args.files {
        let (name, text) = files::read(file);
        let text = text.map_err(|e| Problem::Failed(format!("cannot read {name}: {e}")))?;
        tried.extend(policy_file::read(name, &text).map_err(Problem::Failed)?);
    }
    for policy in tried.iter().filter(|p| p.spec.suspend) {
        session.screen.note(&format!("note: {} is suspended; it is evaluated as if it were not", name(policy)));
    }
    let present = session.installed_policies().await.unwrap_or_else(|why| {
        session.screen.note(&format!("note: which workloads other policies take is not known: {why}"));
        Vec::new()
    });
    let source = session.source(&args.prometheus).await?;
    session.screen.note(&format!("usage from {}", source.found));
    let cluster = session.world(Namespaces::All).await?;
    let world = &cluster.world;
    // A policy in a file replaces the one of the same name.
    let others = present.iter().filter(|p| !tried.iter().any(|t| name(t) == name(p))).cloned();
    let mut all: Vec<OptimizationPolicy> = others.collect();
    for mut policy in tried.clone() {
        // Age decides between policies: a new one counts as the youngest, an existing one keeps its age.
        let before = present.iter().find(|p| name(p) == name(&policy));
        policy.metadata.creation_timestamp = match before {
            Some(before) => before.metadata.creation_timestamp.clone(),
            None => Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(session.now())),
        };
        all.push(policy);
    }
    let names: Vec<&str> = tried.iter().map(name).collect();
    let today = preview::plan(world, valid(&present));
    let alone = preview::plan(world, valid(&tried));
    let mut analyzer = session.analyzer(world, &source, viewed(all)).await?;
    let selected = alone.assigned.keys().cloned().collect();
    let mut preview = analyzer.preview(&Extent::Only(selected, Default::default()), session.now()).await;
    preview.workloads.retain(|w| names.contains(&w.policy.as_str()));
    preview.faults.retain(|(policy, _, _)| names.contains(&policy.as_str()));
    let title = format!("What {} would do", names.join(", "));
    let mut report = Report::new(&title, &source.found, words::moment(session.now()), &preview);
    let had = |id: &WorkloadId| today.assigned.get(id).and_then(|at| today.policies.get(*at)).map(|p| p.name.clone());
    let by_name = |row: &Row| alone.assigned.keys().find(|id| is(row, id));
    for row in &mut report.workloads {
        row.policy_today = by_name(row).and_then(had);
    }
    report.workloads.extend(lost(&preview, alone.assigned.keys(), &names));
    for (policy, missing) in alone.policies.iter().zip(&alone.missing_namespaces) {
        if !missing.is_empty() {
            report.notes.push(format!("{} names namespaces that do not exist: {}", policy.name, missing.join(", ")));
        }
    }
    report.notes.extend(report::unmatched(&preview, &names));
    report.notes.extend(changes_hands(&report));
    report.notes.extend(report::select_nothing(&alone));
    let before = past::decided_before(session, None).await;
    report.notes.extend(report::auto_approved(&preview, &tried, |name| world.namespace(name), &before));
    write(session, &report, args.output, true, true, args.no_headers)
}

fn is(row: &Row, id: &WorkloadId) -> bool {
    *row.namespace == *id.namespace && row.kind == id.kind.as_str() && *row.name == *id.name
}

/// Workloads they select but another policy keeps.
fn lost<'a>(preview: &Preview, selected: impl Iterator<Item = &'a WorkloadId>, names: &[&str]) -> Vec<Row> {
    let keeper = |id: &WorkloadId| {
        let policy = preview.plan.assigned.get(id).and_then(|at| preview.plan.policies.get(*at))?;
        (!names.contains(&policy.name.as_str())).then(|| policy.name.clone())
    };
    selected
        .filter_map(|id| {
            let keeper = keeper(id)?;
            Some(Row::not_taken(id, Some(keeper.clone()), format!("selected, and {keeper} counts")))
        })
        .collect()
}

/// How many workloads move from which policy to which.
fn changes_hands(report: &Report) -> Vec<String> {
    let mut counts: std::collections::BTreeMap<(&str, &str), usize> = Default::default();
    for row in &report.workloads {
        if let (Some(new), Some(old)) = (&row.policy, &row.policy_today)
            && new != old
        {
            *counts.entry((old, new)).or_default() += 1;
        }
    }
    let line =
        |((old, new), n): (&(&str, &str), &usize)| format!("{new} takes over {} from {old}", count(*n, "workload"));
    counts.iter().map(line).collect()
}

fn name(policy: &OptimizationPolicy) -> &str {
    policy.metadata.name.as_deref().unwrap_or_default()
}

fn valid(policies: &[OptimizationPolicy]) -> Vec<ValidatedPolicy> {
    policies.iter().filter_map(|p| validate(p).ok()).collect()
}

fn write(
    session: &Session,
    report: &Report,
    output: ReportOutput,
    namespaces: bool,
    policies: bool,
    no_headers: bool,
) -> Result<(), Problem> {
    match output {
        ReportOutput::Csv => session.screen.say(&report::csv(report)),
        ReportOutput::Html => session.screen.say(&report::html(report)),
        ReportOutput::Json => session.screen.machine(crate::cli::Output::Json, report),
        ReportOutput::Table => {
            let text = report::table(report, namespaces, policies, !no_headers, session.screen.paint);
            if !text.is_empty() {
                session.screen.say(&text)?;
            }
            session.screen.note(&report.summary());
            report.notes.iter().for_each(|note| session.screen.note(note));
            Ok(())
        }
    }
}
