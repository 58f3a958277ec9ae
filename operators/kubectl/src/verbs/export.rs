//! `export`: reads Recommendations, and workloads where the containers of a proposal are not known; writes files,
//! and removes those of an earlier export where that is wanted.

use std::{collections::BTreeSet, fs, io, path::Path};

use trimtab_api::recommendation::Recommendation;
use trimtab_core::text::count;

use super::{files, workload};
use crate::{
    bounds::Bounds,
    cli::{ExportArgs, ExportFormat, Output},
    cluster::Session,
    export::{self, File, Patched},
    listing,
    problem::Problem,
    report, words,
};

/// `export`.
pub async fn export(session: &Session, args: &ExportArgs) -> Result<(), Problem> {
    let bounds = Bounds { policy: args.policy.clone(), min_confidence: args.min_confidence, max_risk: args.max_risk };
    if args.prune && args.format != ExportFormat::Kustomize {
        return Err(Problem::Usage("--prune removes files of --format kustomize".to_owned()));
    }
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
        ExportFormat::Patches => export::patches(&patched(session, &recs).await.0).map_err(Problem::Failed)?,
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

/// Those whose workloads can be patched, and how many could not be read. Says which cannot be patched, and why.
async fn patched<'a>(session: &Session, recs: &'a [Recommendation]) -> (Vec<Patched<'a>>, usize) {
    let (mut patched, mut unread) = (Vec::new(), 0);
    for rec in chosen(session, recs) {
        if let Some(why) = export::unpatchable(rec) {
            session.screen.note(&export::left_out(rec, &why));
            continue;
        }
        match sidecars(session, rec).await {
            Ok(sidecars) => patched.push(Patched { rec, sidecars }),
            Err(why) => {
                unread += 1;
                session.screen.note(&export::left_out(rec, &why));
            }
        }
    }
    (patched, unread)
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
    let (patched, unread) = patched(session, recs).await;
    let written = export::components(&patched).map_err(Problem::Failed)?;
    let failed = |what: &str, error: &io::Error| Problem::Failed(format!("cannot {what}: {error}"));
    let found = there(directory, session.scope())
        .map_err(|error| failed(&format!("read the directory {}", directory.display()), &error))?;
    for (path, text) in &written {
        files::write(&directory.join(path), text)?;
    }
    session.screen.note(&format!("wrote {} to {}", count(written.len(), "file"), directory.display()));
    // Last, so that no component names a file that is gone.
    let left = export::left_over(&found, &written);
    if left.is_empty() {
        return Ok(());
    }
    let names = format!("{} of an earlier export: {}", count(left.len(), "file"), left.join(", "));
    if unread > 0 || !args.prune {
        let why = if args.prune { "kept, because something could not be read" } else { "kept; --prune removes them" };
        session.screen.note(&format!("{names}: {why}"));
        return Ok(());
    }
    for path in &left {
        let file = directory.join(path);
        fs::remove_file(&file).map_err(|error| failed(&format!("remove {}", file.display()), &error))?;
        // One that is not empty stays.
        let _ = file.parent().map(fs::remove_dir);
    }
    session.screen.note(&format!("removed {names}"));
    Ok(())
}

/// The YAML files in the directories that an export of this namespace, or of all, writes to. A file that
/// cannot be read is not one of an export, and neither is a link.
fn there(directory: &Path, scope: Option<&str>) -> io::Result<Vec<File>> {
    let mut found = Vec::new();
    for namespace in entries(directory)? {
        let name = namespace.file_name().to_string_lossy().into_owned();
        if scope.is_some_and(|scope| scope != name) || !namespace.file_type()?.is_dir() {
            continue;
        }
        for file in entries(&namespace.path())? {
            let path = file.path();
            if file.file_type()?.is_file() && path.extension().is_some_and(|e| e == "yaml") {
                let text = files::read(&path.to_string_lossy()).1.unwrap_or_default();
                found.push((format!("{name}/{}", file.file_name().to_string_lossy()), text));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What is in a directory; nothing where there is none.
fn entries(directory: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
