//! `trimtab-torture`: all plans, or some of them. In: flags (see `--help`). Out: a table on stdout; exit code 1 if a
//! rollout ended differently from the undisturbed one.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use trimtab_torture::{
    session::{Choice, LANES, session},
    table::table,
};

/// Tests rollouts with faults between Trimtab and a real API server.
#[derive(Parser)]
struct Args {
    /// Run only this number of plans, spread over all kinds
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Run only plans whose description contains this text, such as "killed twice at `sizes put`"
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// The number of plans that run at the same time
    #[arg(long, value_name = "N", default_value_t = LANES)]
    lanes: usize,
    /// The directory for the logs of failed plans
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let choice = Choice { sample: args.sample, only: args.only, lanes: args.lanes.max(1) };
    let result = session(&choice, |n, of, tried| {
        let end = if tried.wrong.is_empty() { "as undisturbed" } else { "OTHERWISE" };
        eprintln!("{n}/{of} {:5.1} s {end}: {}", tried.took.as_secs_f64(), tried.plan.words());
        if let Some(dir) = args.logs.as_ref().filter(|_| !tried.wrong.is_empty()) {
            let text = format!("{}\n{}\n{}\n", tried.plan.words(), tried.wrong.join("\n"), tried.log);
            if let Err(error) =
                std::fs::create_dir_all(dir).and_then(|()| std::fs::write(dir.join(format!("{n}.log")), text))
            {
                eprintln!("torture: {}: {error}", dir.display());
            }
        }
    })
    .await;
    match result {
        Ok(session) => {
            println!("{}", table(&session));
            if session.tried.iter().all(|t| t.wrong.is_empty()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("torture: {error:#}");
            ExitCode::FAILURE
        }
    }
}
