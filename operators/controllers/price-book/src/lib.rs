//! The PriceBook controller: reports for each book whether it is usable, and if not, why.
//!
//! In: the books in the store. Out: their statuses, written only when they change, and again after a failure.

use std::{
    future::{pending, ready},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::time::sleep;
use trimtab_api::{
    PriceBook, PriceBookStatus,
    conditions::{reasons, types},
    runbooks::Runbooks,
};
use trimtab_core::{
    conditions::{Observation, merge},
    text::count,
};
use trimtab_pricing::object;
use trimtab_runtime::{
    ApplyError, Metrics, Terms, Writer,
    backoff::Backoff,
    metrics::Outcome,
    store::{Entry, Key, Store},
    undecodable::{Told, Undecodable},
};

/// This controller's name in metrics and field managers.
pub const CONTROLLER: &str = "price-book";

/// Maximum number of problems listed in a message.
const PROBLEMS: usize = 10;

/// The status of a book, whose messages lead to `runbooks`. Pure.
pub fn status(book: &PriceBook, runbooks: &Runbooks, now: Timestamp) -> PriceBookStatus {
    let before = book.status.clone().unwrap_or_default();
    let generation = book.metadata.generation;
    let (entries, observed) = match object::book(book) {
        Ok(checked) => {
            let entries = checked.book().nodes.len();
            let message = format!("{} from {}", count(entries, "node price"), book.spec.source);
            (entries, vec![Observation::yes(types::READY, reasons::ACCEPTED, message)])
        }
        Err(problems) => {
            let mut message = problems.iter().take(PROBLEMS).cloned().collect::<Vec<_>>().join("; ");
            if problems.len() > PROBLEMS {
                message.push_str(&format!("; and {} more", problems.len() - PROBLEMS));
            }
            (0, unusable(message).to_vec())
        }
    };
    PriceBookStatus {
        observed_generation: generation,
        conditions: merge(&before.conditions, &observed, |reason| runbooks.page(reason), generation, now),
        entries: i32::try_from(entries).unwrap_or(i32::MAX),
    }
}

/// The status of a book that does not decode. Pure.
fn unreadable(broken: &Undecodable, runbooks: &Runbooks, now: Timestamp) -> serde_json::Value {
    let observed = unusable(broken.message::<PriceBook>());
    let page = |reason: &str| runbooks.page(reason);
    let mut status = broken.status(&merge(&[], &observed, page, broken.metadata.generation, now));
    status["entries"] = 0.into();
    status
}

/// Only a person can make the book usable.
fn unusable(message: String) -> [Observation; 2] {
    [
        Observation::no(types::READY, reasons::INVALID_ENTRY, message.clone()),
        Observation::yes(types::STALLED, reasons::INVALID_ENTRY, message),
    ]
}

/// Keeps the statuses of all books up to date during the terms in which this instance leads. Messages lead to
/// `runbooks`.
pub async fn run(
    books: Store<PriceBook>,
    writer: Writer,
    runbooks: Runbooks,
    metrics: Arc<Metrics>,
    mut terms: Terms,
    now: fn() -> Timestamp,
) {
    let reconcile = metrics.controller(CONTROLLER, 1);
    let (mut changes, mut told) = (books.changes(), Told::default());
    // Passes in a row that failed.
    let mut failed = 0_u32;
    while terms.begin(ready(())).await {
        let pass = reconcile.start();
        let is_well = write_all(&books.entries(), &writer, &runbooks, &metrics, &mut told, now).await;
        pass.finish(if is_well { Outcome::Success } else { Outcome::Error });
        failed = if is_well { 0 } else { failed.saturating_add(1) };
        let again =
            async { if is_well { pending().await } else { sleep(Backoff::default().delay(failed, 1.0)).await } };
        let next = async {
            tokio::select! {
                changed = changes.changed() => changed.is_ok(),
                () = again => true,
            }
        };
        let Some(true) = terms.before_shutdown(next).await else { return };
    }
}

/// Writes the statuses that are not as they should be. Returns whether all of them are now.
async fn write_all(
    entries: &[(Key, Entry<PriceBook>)],
    writer: &Writer,
    runbooks: &Runbooks,
    metrics: &Metrics,
    told: &mut Told,
    now: fn() -> Timestamp,
) -> bool {
    let mut is_well = true;
    told.keep(entries);
    for (key, entry) in entries {
        let written = match entry {
            Ok(book) => {
                let after = status(book, runbooks, now());
                if book.status.as_ref() == Some(&after) {
                    continue;
                }
                let mut object = PriceBook::clone(book);
                object.status = Some(after);
                writer.apply_status(&object).await
            }
            Err(broken) if !told.is_news(key, broken) => continue,
            Err(broken) => {
                writer.apply_undecodable_status::<PriceBook>(broken, unreadable(broken, runbooks, now())).await
            }
        };
        match (written, entry) {
            (Ok(()), Err(broken)) => told.note(key.clone(), broken),
            (Ok(()), Ok(_)) | (Err(ApplyError::NotFound { .. } | ApplyError::NotLeader), _) => {}
            (Err(error), _) => {
                tracing::warn!(%error, "status of a price book could not be written; retrying");
                metrics.count_error(CONTROLLER, "status", &error);
                is_well = false;
            }
        }
    }
    is_well
}

#[cfg(test)]
mod tests;
