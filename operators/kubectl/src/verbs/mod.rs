//! The verbs: each reads what it needs, displays it, and writes at most what it announces.

mod around;
mod decide;
mod doctor;
mod export;
mod files;
mod follow;
mod import;
mod kinds;
mod lint;
mod past;
mod record;
mod scan;
mod show;
mod stop;
mod undo;
mod uninstall;
mod why;
mod workload;

use std::{future::Future, time::Duration};

use trimtab_api::{GROUP, VERSION};
use trimtab_core::WorkloadKind;

use crate::{
    Surroundings,
    cli::{Cli, ImportFrom, Place, Verb},
    cluster::Session,
    completion::{self, Wanted},
    problem::Problem,
    screen::Screen,
    target::short,
    words,
};

/// How long a user who presses Tab waits for names.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs one verb to its end.
///
/// # Errors
/// [`Problem`] with what went wrong.
pub fn run(cli: Cli, around: Surroundings) -> Result<(), Problem> {
    let place = cli.place;
    match cli.verb {
        Verb::Completion(args) => Screen::new().say(&completion::script(args.shell)),
        Verb::Version => {
            Screen::new().say(&format!("kubectl-trimtab {} ({GROUP}/{VERSION})", env!("CARGO_PKG_VERSION")))
        }
        Verb::Lint(args) => lint::lint(&args),
        verb => block_on(async move {
            let mut session = Session::open(&place, around)?;
            if is_about_the_installation(&verb) {
                session.locate(matches!(verb, Verb::Status(_) | Verb::Doctor(_))).await?;
            }
            match verb {
                Verb::Status(args) => show::status(&session, &args).await,
                Verb::Doctor(args) => doctor::doctor(&session, &args).await,
                Verb::Recommendations(args) => show::recommendations(&session, &args).await,
                Verb::Explain(args) => show::explain(&session, &args).await,
                Verb::Scan(args) => scan::scan(&session, &args).await,
                Verb::Try(args) => scan::try_out(&session, &args).await,
                Verb::Import(args) => match args.from {
                    ImportFrom::Vpa => import::vpa(&session, &args).await,
                },
                Verb::Export(args) => export::export(&session, &args).await,
                Verb::Diff(args) => show::diff(&session, &args).await,
                Verb::Approve(args) => decide::approve(&session, &args).await,
                Verb::Reject(args) => decide::reject(&session, &args).await,
                Verb::Undo(args) => undo::undo(&session, &args).await,
                Verb::Uninstall(args) => uninstall::uninstall(&session, &args).await,
                Verb::Halt(args) => stop::halt(&session, &args).await,
                Verb::Resume => stop::resume(&session).await,
                Verb::Completion(_) | Verb::Version | Verb::Lint(_) => Ok(()),
            }
        }),
    }
}

/// Whether a verb needs Trimtab's own namespace, and not only for a note.
fn is_about_the_installation(verb: &Verb) -> bool {
    matches!(verb, Verb::Status(_) | Verb::Doctor(_) | Verb::Uninstall(_) | Verb::Halt(_) | Verb::Resume)
}

fn block_on(verb: impl Future<Output = Result<(), Problem>>) -> Result<(), Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Problem::Failed(format!("cannot start: {e}")))?;
    runtime.block_on(verb)
}

/// Answers kubectl, which asks for completions of the last of these words. Errors are not reported: the answer is then
/// empty.
///
/// # Errors
/// When the answer cannot be written.
pub fn complete(words: &[String]) -> Result<(), Problem> {
    let found = match completion::wanted(words) {
        Wanted::Words(found) => found,
        Wanted::File => return Screen::new().say(&completion::files()),
        Wanted::Recommendation { prefix, namespace } => {
            let place = Place { namespace, ..Place::default() };
            let mut found = Vec::new();
            block_on(async {
                // The clock is not needed here.
                let around = Surroundings { now: || jiff::Timestamp::UNIX_EPOCH };
                let names = async {
                    let session = Session::open(&place, around).ok()?;
                    session.list(session.scope()).await.ok()
                };
                if let Ok(Some(recs)) = tokio::time::timeout(PATIENCE, names).await {
                    let names = recs.iter().map(|rec| {
                        let target = &rec.spec.target_ref;
                        // Words like KIND/NAME complete the same way.
                        match (prefix.contains('/'), WorkloadKind::of(&target.api_version, &target.kind)) {
                            (true, Some(kind)) => format!("{}/{}", short(kind), target.name),
                            _ => words::name(rec).to_owned(),
                        }
                    });
                    found.extend(names.filter(|n| n.starts_with(&prefix)));
                }
                Ok(())
            })?;
            found
        }
    };
    Screen::new().say(&completion::answer(&found))
}
