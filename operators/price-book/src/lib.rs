//! The PriceBook controller: says of each book whether it can be used, and if not, what is wrong with it.
//!
//! In: the books on the shelf. Out: their statuses, written only when they say something else than before.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use trimtab_api::{
    PriceBook, PriceBookStatus,
    conditions::{reasons, runbook, types},
};
use trimtab_core::conditions::{Observation, merge};
use trimtab_pricing::object;
use trimtab_runtime::{
    ApplyError, Leadership, Metrics, Writer,
    shelf::{Shelf, Undecodable},
};

/// The longest list of problems in a message.
const PROBLEMS: usize = 10;

/// The status of a book. Pure.
pub fn status(book: &PriceBook, now: Timestamp) -> PriceBookStatus {
    let before = book.status.clone().unwrap_or_default();
    let generation = book.metadata.generation;
    let (entries, observed) = match object::book(book) {
        Ok(checked) => {
            let entries = checked.book().nodes.len();
            let message = format!("{entries} prices of nodes from {}", book.spec.source);
            (entries, vec![Observation::yes(types::READY, reasons::ACCEPTED, message)])
        }
        Err(problems) => {
            let mut message = problems.iter().take(PROBLEMS).cloned().collect::<Vec<_>>().join("; ");
            if problems.len() > PROBLEMS {
                message.push_str(&format!("; and {} more", problems.len() - PROBLEMS));
            }
            let stalled = Observation::yes(types::STALLED, reasons::INVALID_ENTRY, message.clone());
            (0, vec![Observation::no(types::READY, reasons::INVALID_ENTRY, message), stalled])
        }
    };
    PriceBookStatus {
        observed_generation: generation,
        conditions: merge(&before.conditions, &observed, runbook, generation, now),
        entries: i32::try_from(entries).unwrap_or(i32::MAX),
    }
}

/// The status of a book that cannot be read. Pure.
fn unreadable(broken: &Undecodable, now: Timestamp) -> serde_json::Value {
    let message = format!("the object cannot be read as a PriceBook: {}", broken.error);
    let observed = [
        Observation::no(types::READY, reasons::INVALID_ENTRY, message.clone()),
        Observation::yes(types::STALLED, reasons::INVALID_ENTRY, message),
    ];
    let generation = broken.metadata.generation;
    let conditions = merge(&[], &observed, runbook, generation, now);
    serde_json::json!({"observedGeneration": generation, "conditions": conditions, "entries": 0})
}

/// Keeps the statuses of all books true until `shutdown`, while this instance leads.
pub async fn run(
    books: Shelf<PriceBook>,
    writer: Writer,
    metrics: std::sync::Arc<Metrics>,
    mut leadership: Leadership,
    now: fn() -> Timestamp,
    shutdown: CancellationToken,
) {
    let mut changes = books.changes();
    // Books that do not decode, with the error that their status tells: what it says cannot be read back.
    let mut undecodable: HashMap<String, String> = HashMap::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = leadership.acquired() => {}
        }
        let entries = books.entries();
        undecodable.retain(|name, _| entries.iter().any(|((_, n), entry)| n == name && entry.is_err()));
        for ((_, name), entry) in entries {
            let written = match entry {
                Ok(book) => {
                    let after = status(&book, now());
                    if book.status.as_ref() == Some(&after) {
                        continue;
                    }
                    let mut object = PriceBook::clone(&book);
                    object.status = Some(after);
                    writer.apply_status(&object).await.map(drop)
                }
                Err(broken) if undecodable.get(&name) == Some(&broken.error) => continue,
                Err(broken) => {
                    let status = unreadable(&broken, now());
                    undecodable.insert(name, broken.error.clone());
                    writer.apply_undecodable_status::<PriceBook>(&broken.metadata, status).await
                }
            };
            if let Err(error) = written
                && !matches!(error, ApplyError::NotFound { .. } | ApplyError::NotLeader)
            {
                tracing::warn!(%error, "status of a price book could not be written");
                metrics.count_error("price-book", "status", &error);
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}
