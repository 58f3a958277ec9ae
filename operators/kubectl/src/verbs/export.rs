//! `export`: reads Recommendations, and workloads where the containers of a proposal are not known; writes files.

use std::collections::BTreeSet;

use trimtab_api::recommendation::Recommendation;
use trimtab_core::text::count;

use super::{files, workload};
use crate::{
    cli::{ExportArgs, ExportFormat, Output},
    cluster::Session,
    decision::Bounds,
    export::{self, Patched},
    listing,
    problem::Problem,
    report, words,
};

/// `export`.
pub async fn export(session: &Session, args: &ExportArgs) -> Result<(), Problem> {
    let bounds = Bounds { policy: args.policy.clone(), min_confidence: args.min_confidence, max_risk: args.max_risk };
    let mut recs = session.listed(session.scope()).await?;
    recs.retain(|rec| bounds.admit(rec));
    listing::sort(&mut recs);
    if recs.is_empty() {
        let place = session.scope().map_or_else(|| "the cluster".to_owned(), |n| format!("namespace {n}"));
        session.screen.note(&format!("no Recommendation in {place} matches"));
    }
    let report = || export::report(&recs, session.server(), words::moment(session.now()));
    let text = match args.format {
        ExportFormat::Csv => report::csv(&report()),
        ExportFormat::Json if args.output.is_none() => return session.screen.machine(Output::Json, &report()),
        ExportFormat::Json => serde_json::to_string_pretty(&report())
            .map(|text| text + "\n")
            .map_err(|e| Problem::Failed(format!("cannot write the output: {e}")))?,
        ExportFormat::Patches => export::patches(&patched(session, &recs).await).map_err(Problem::Failed)?,
        ExportFormat::Kustomize => return components(session, args, &recs).await,
        ExportFormat::HelmValues => export::helm_values(&chosen(session, &recs)).map_err(Problem::Failed)?,
    };
    match &args.output {
        Some(path) => files::write(path, &text),
        None if text.is_empty() => Ok(()),
        None => session.screen.say(&text),
    }
}

/// Those whose proposals belong into manifests. Says which do not.
fn chosen<'a>(session: &Session, recs: &'a [Recommendation]) -> Vec<&'a Recommendation> {
    let (chosen, notes) = export::chosen(recs);
    notes.iter().for_each(|note| session.screen.note(note));
    chosen
}

/// Those whose workloads can be patched. Says which cannot.
async fn patched<'a>(session: &Session, recs: &'a [Recommendation]) -> Vec<Patched<'a>> {
    let mut patched = Vec::new();
    for rec in chosen(session, recs) {
        let sidecars = match export::unpatchable(rec) {
            Some(why) => Err(why),
            None => sidecars(session, rec).await,
        };
        match sidecars {
            Ok(sidecars) => patched.push(Patched { rec, sidecars }),
            Err(why) => session.screen.note(&export::left_out(rec, &why)),
        }
    }
    patched
}

/// Which of its containers are sidecars: by its status, else by the workload.
async fn sidecars(session: &Session, rec: &Recommendation) -> Result<BTreeSet<String>, String> {
    if let Some(known) = export::sidecars(rec) {
        return Ok(known);
    }
    let (namespace, target) = (rec.metadata.namespace.as_deref().unwrap_or_default(), &rec.spec.target_ref);
    match workload::read(session, namespace, target).await {
        Ok(workload) => Ok(export::init_containers(&target.kind, &workload.data)),
        Err(error) => {
            let what = format!("{} {namespace}/{}", target.kind, target.name);
            Err(format!("which of its containers are sidecars is not known: {}", session.unread(error, &what)))
        }
    }
}

async fn components(session: &Session, args: &ExportArgs, recs: &[Recommendation]) -> Result<(), Problem> {
    let Some(directory) = &args.output else {
        return Err(Problem::Usage("kustomize writes a directory: use --output DIR".to_owned()));
    };
    let written = export::components(&patched(session, recs).await).map_err(Problem::Failed)?;
    for (path, text) in &written {
        files::write(&directory.join(path), text)?;
    }
    session.screen.note(&format!("wrote {} to {}", count(written.len(), "file"), directory.display()));
    Ok(())
}
