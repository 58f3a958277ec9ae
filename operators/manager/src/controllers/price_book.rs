//! Reports for each PriceBook whether it is usable. In: what is shared. Out: a task.

use tokio::task::JoinHandle;
use trimtab_price_book::CONTROLLER;

use crate::{process::Process, shared::Shared};

/// Starts it.
pub fn start(shared: &Shared) -> JoinHandle<()> {
    let Process { args, metrics, now, .. } = &shared.process;
    let (books, writer) = (shared.caches.books.clone(), shared.writer(CONTROLLER));
    let runbooks = args.runbook_url.clone();
    tokio::spawn(trimtab_price_book::run(books, writer, runbooks, metrics.clone(), shared.terms(), *now))
}
