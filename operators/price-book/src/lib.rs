//! The PriceBook controller: says of each book whether it can be used, and if not, what is wrong with it.
//!
//! In: the books on the shelf. Out: their statuses, written only when they say something else than before.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use trimtab_api::{
    PriceBook, PriceBookStatus,
    conditions::{reasons, types},
};
use trimtab_core::conditions::{Observation, merge};
use trimtab_pricing::object;
use trimtab_runtime::{ApplyError, Leadership, Metrics, Writer, shelf::Shelf};

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
        conditions: merge(&before.conditions, &observed, generation, now),
        entries: i32::try_from(entries).unwrap_or(i32::MAX),
    }
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
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = leadership.acquired() => {}
        }
        for (_, entry) in books.entries() {
            let Ok(book) = entry else { continue };
            let after = status(&book, now());
            if book.status.as_ref() == Some(&after) {
                continue;
            }
            let mut object = PriceBook::clone(&book);
            object.status = Some(after);
            if let Err(error) = writer.apply_status(&object).await
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
