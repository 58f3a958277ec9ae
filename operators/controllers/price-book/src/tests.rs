#![allow(clippy::unwrap_used)]

use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use trimtab_runtime::Leadership;
use trimtab_testkit::{Server, Then};

use super::*;

#[test]
fn a_book_that_cannot_be_read_says_so_and_has_no_prices() {
    let mut broken = Undecodable { metadata: Default::default(), error: "no number".to_owned() };
    broken.metadata.generation = Some(2);
    let pages = Runbooks::at("https://wiki.example.org/ops").unwrap();
    let status: PriceBookStatus = serde_json::from_value(unreadable(&broken, &pages, Timestamp::UNIX_EPOCH)).unwrap();
    assert_eq!((status.observed_generation, status.entries), (Some(2), 0));
    let told: Vec<_> =
        status.conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str(), c.reason.as_str())).collect();
    assert_eq!(told, [("Ready", "False", "InvalidEntry"), ("Stalled", "True", "InvalidEntry")]);
    let message = &status.conditions[0].message;
    assert!(message.starts_with("the object cannot be read as a PriceBook: no number"), "{message}");
    assert!(message.ends_with("https://wiki.example.org/ops/InvalidEntry.md"), "{message}");
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn book(name: &str, nodes: Value) -> Value {
    json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "PriceBook", "metadata": {"name": name},
        "spec": {"currency": "EUR", "source": "a contract", "asOf": "2026-07-01", "nodes": nodes}})
}

#[test]
fn one_price_is_singular() {
    let says = |nodes: Value| {
        let book: PriceBook = serde_json::from_value(book("contract", nodes)).unwrap();
        status(&book, &Runbooks::default(), now()).conditions[0].message.clone()
    };
    let node = |name: &str, class: &str| json!({"name": name, "instanceType": class, "hourly": "0.1"});
    assert_eq!(says(json!([node("m5", "m5.large")])), "1 node price from a contract");
    let two = says(json!([node("m5", "m5.large"), node("m6", "m6i.large")]));
    assert_eq!(two, "2 node prices from a contract");
}

#[tokio::test(start_paused = true)]
async fn a_status_that_could_not_be_written_is_written_later_and_passes_are_counted() {
    let server = Server::new(now);
    server.put("pricebooks", book("sound", json!([{"name": "m5", "instanceType": "m5.large", "hourly": "0.1"}])));
    server.put("pricebooks", book("unreadable", json!("none")));
    for verb in ["apply", "patch"] {
        server.at(1, verb, "pricebooks/status", Then::refuse(500, "InternalError", "later"));
    }
    let (client, metrics, stop) = (server.client(), Metrics::new("1", None), CancellationToken::new());
    let books = Store::start(client.clone(), 500, |book: &PriceBook| Some(book.clone()), stop.clone());
    let writer = Writer::new(client, "trimtab-price-book", Leadership::always());
    let terms = Terms::new(Leadership::always(), stop.clone());
    let task = tokio::spawn(run(books, writer, Runbooks::default(), metrics.clone(), terms, now));
    for (name, entries, ready) in [("sound", 1, "True"), ("unreadable", 0, "False")] {
        let told = |server: &Server| {
            let status = server.get("pricebooks", "", name)?.get("status")?.clone();
            let ready_now = &status["conditions"][0]["status"];
            (status["entries"] == entries && ready_now == ready).then_some(())
        };
        server.until(name, Duration::from_secs(60), told).await.unwrap();
    }
    stop.cancel();
    task.await.unwrap();
    let text = metrics.encode();
    let passes = |result: &str| {
        let series = format!("controller_runtime_reconcile_total{{controller=\"price-book\",result=\"{result}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&series)?.parse::<u64>().ok()).unwrap()
    };
    assert_eq!(passes("error"), 1, "{text}");
    assert!(passes("success") >= 1, "{text}");
    let refused = server.writes().iter().filter(|asked| asked.code == Some(500)).count();
    assert_eq!((refused, server.writes().len()), (2, 4), "each once in vain, and once more");
}
