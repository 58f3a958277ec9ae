//! The PriceBook controller: reports for each book whether it is usable, and if not, why.
//!
//! In: the books in the store. Out: their statuses, written only when they change.

use std::{future::ready, sync::Arc};

use jiff::Timestamp;
use trimtab_api::{
    PriceBook, PriceBookStatus,
    conditions::{reasons, runbook, types},
};
use trimtab_core::conditions::{Observation, merge};
use trimtab_pricing::object;
use trimtab_runtime::{
    ApplyError, Metrics, Terms, Writer,
    store::{Entry, Key, Store},
    undecodable::{Told, Undecodable},
};

/// This controller's name in metrics and field managers.
pub const CONTROLLER: &str = "price-book";

/// Maximum number of problems listed in a message.
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
            (0, unusable(message).to_vec())
        }
    };
    PriceBookStatus {
        observed_generation: generation,
        conditions: merge(&before.conditions, &observed, runbook, generation, now),
        entries: i32::try_from(entries).unwrap_or(i32::MAX),
    }
}

/// The status of a book that does not decode. Pure.
fn unreadable(broken: &Undecodable, now: Timestamp) -> serde_json::Value {
    let observed = unusable(broken.message::<PriceBook>());
    let mut status = broken.status(&merge(&[], &observed, runbook, broken.metadata.generation, now));
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

/// Keeps the statuses of all books up to date during the terms in which this instance leads.
pub async fn run(
    books: Store<PriceBook>,
    writer: Writer,
    metrics: Arc<Metrics>,
    mut terms: Terms,
    now: fn() -> Timestamp,
) {
    let mut changes = books.changes();
    let mut told = Told::default();
    while terms.begin(ready(())).await {
        write_all(&books.entries(), &writer, &metrics, &mut told, now).await;
        let Some(Ok(())) = terms.before_shutdown(changes.changed()).await else { return };
    }
}

async fn write_all(
    entries: &[(Key, Entry<PriceBook>)],
    writer: &Writer,
    metrics: &Metrics,
    told: &mut Told,
    now: fn() -> Timestamp,
) {
    told.keep(entries);
    for (key, entry) in entries {
        let written = match entry {
            Ok(book) => {
                let after = status(book, now());
                if book.status.as_ref() == Some(&after) {
                    continue;
                }
                let mut object = PriceBook::clone(book);
                object.status = Some(after);
                writer.apply_status(&object).await
            }
            Err(broken) if !told.is_news(key, broken) => continue,
            Err(broken) => {
                told.note(key.clone(), broken);
                writer.apply_undecodable_status::<PriceBook>(broken, unreadable(broken, now())).await
            }
        };
        if let Err(error) = written
            && !matches!(error, ApplyError::NotFound { .. } | ApplyError::NotLeader)
        {
            tracing::warn!(%error, "status of a price book could not be written");
            metrics.count_error(CONTROLLER, "status", &error);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_book_that_cannot_be_read_says_so_and_has_no_prices() {
        let mut broken = Undecodable { metadata: Default::default(), error: "no number".to_owned() };
        broken.metadata.generation = Some(2);
        let status: PriceBookStatus = serde_json::from_value(unreadable(&broken, Timestamp::UNIX_EPOCH)).unwrap();
        assert_eq!((status.observed_generation, status.entries), (Some(2), 0));
        let told: Vec<_> =
            status.conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str(), c.reason.as_str())).collect();
        assert_eq!(told, [("Ready", "False", "InvalidEntry"), ("Stalled", "True", "InvalidEntry")]);
        let message = &status.conditions[0].message;
        assert!(message.starts_with("the object cannot be read as a PriceBook: no number"), "{message}");
    }
}
