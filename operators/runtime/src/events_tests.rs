#![allow(clippy::unwrap_used, clippy::expect_used)]

use http::{Method, Request, Response};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::client::Body;
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::BoxError;

use super::*;

type Asked = Arc<Mutex<Vec<(Method, Value)>>>;

fn recorder(code: u16, leadership: Leadership) -> (Events, Asked, Arc<Metrics>) {
    let asked: Asked = Arc::default();
    let record = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request<Body>| {
        let record = Arc::clone(&record);
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect_bytes().await?;
            record.lock().push((parts.method, serde_json::from_slice(&bytes).unwrap()));
            let answer = if code < 400 { bytes.to_vec() } else { b"{}".to_vec() };
            Ok::<_, BoxError>(Response::builder().status(code).body(Body::from(answer)).unwrap())
        }
    });
    let metrics = Metrics::new("1", None);
    let client = Client::new(service, "default");
    (Events::new(client, "price-book", "host_1", leadership, Arc::clone(&metrics)), asked, metrics)
}

fn object(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name, "namespace": "shop", "uid": name}})).unwrap()
}

fn counted(metrics: &Metrics, result: &str, n: u32) -> bool {
    let line = format!("trimtab_events_total{{controller=\"price-book\",result=\"{result}\"}} {n}");
    metrics.encode().lines().any(|l| l == line)
}

#[tokio::test]
async fn repeats_become_one_event_with_a_count() {
    let (events, asked, metrics) = recorder(200, Leadership::always());
    for _ in 0..2 {
        events.publish(&object("a"), Event::warning("PriceMissing", "Pricing", "no price for m5.large"));
    }
    events.flush(Duration::from_secs(5)).await;
    let asked = asked.lock().clone();
    assert_eq!(asked.iter().map(|(m, _)| m.clone()).collect::<Vec<_>>(), [Method::POST, Method::PATCH]);
    assert_eq!(asked[0].1["reportingController"], "trimtab-price-book");
    assert_eq!(asked[0].1["type"], "Warning");
    assert_eq!(asked[0].1["note"], "no price for m5.large");
    assert_eq!(asked[1].1["series"]["count"], 2);
    assert!(counted(&metrics, "published", 2), "{}", metrics.encode());
}

#[tokio::test]
async fn an_event_about_an_object_with_a_long_name_is_not_lost() {
    let (events, asked, metrics) = recorder(200, Leadership::always());
    // The name of the event is cut after the dot, where a name must not end.
    let long = |end: &str| format!("{}.{}{end}", "a".repeat(235), "b".repeat(16));
    for end in ["c", "d", "c"] {
        events.publish(&object(&long(end)), Event::normal("Updated", "Update", "x"));
    }
    events.flush(Duration::from_secs(5)).await;
    let asked = asked.lock().clone();
    let name = |n: usize| asked[n].1["metadata"]["name"].as_str().unwrap();
    for n in 0..3 {
        let (object, time) = name(n).split_once('.').unwrap();
        assert!(name(n).len() <= recorder::NAME_BYTES && object == "a".repeat(235), "{}", name(n));
        assert!(time.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase()), "{time}");
    }
    assert_eq!(asked.iter().map(|(m, _)| m.clone()).collect::<Vec<_>>(), [Method::POST, Method::POST, Method::PATCH]);
    assert_ne!(name(0), name(1), "names that begin alike");
    assert_eq!(name(0), name(2), "a repeat");
    // It is found by its object.
    for (n, end) in [(0, "c"), (1, "d"), (2, "c")] {
        let regarding = &asked[n].1["regarding"];
        assert_eq!((&regarding["kind"], &regarding["namespace"]), (&json!("ConfigMap"), &json!("shop")));
        assert_eq!(regarding["name"], long(end));
    }
    assert!(counted(&metrics, "published", 3), "{}", metrics.encode());
}

#[tokio::test]
async fn a_flapping_object_is_held_back_and_others_are_not() {
    let (events, asked, metrics) = recorder(200, Leadership::always());
    for _ in 0..30 {
        events.publish(&object("flaps"), Event::normal("Updated", "Update", "x"));
    }
    events.publish(&object("flaps"), Event::warning("Failed", "Update", "x"));
    events.publish(&object("other"), Event::normal("Updated", "Update", "x"));
    events.flush(Duration::from_secs(5)).await;
    assert_eq!(asked.lock().len(), 22);
    assert!(counted(&metrics, "limited", 10));
}

#[tokio::test]
async fn failures_are_counted_and_nothing_is_sent_without_the_lease() {
    let (events, _, metrics) = recorder(403, Leadership::always());
    events.publish(&object("a"), Event::normal("Updated", "Update", "x"));
    events.flush(Duration::from_secs(5)).await;
    assert!(counted(&metrics, "failed", 1));

    let (events, asked, metrics) = recorder(200, Leadership::never());
    events.publish(&object("a"), Event::normal("Updated", "Update", "x"));
    events.flush(Duration::from_secs(5)).await;
    assert!(asked.lock().is_empty());
    assert!(counted(&metrics, "dropped", 1));
}

#[test]
fn budgets_refill_with_time_and_full_ones_are_forgotten() {
    let at = |s: i64| Timestamp::from_second(1_700_000_000 + s).unwrap();
    let key = || ("a".to_owned(), false);
    let mut limiter = Limiter::default();
    let burst = (0..100).filter(|_| limiter.allow(key(), at(0))).count();
    assert_eq!(burst, 20);
    assert!(!limiter.allow(key(), at(59)));
    assert!(limiter.allow(key(), at(61)));
    assert!(!limiter.allow(key(), at(61)));
    // A clock that goes back neither refills nor panics.
    assert!(!limiter.allow(key(), at(-1000)));
    assert!(limiter.allow(key(), at(-935)));

    for i in 0..Limiter::ENTRIES * 2 {
        limiter.allow((i.to_string(), false), at(i64::try_from(i).unwrap() * 120));
    }
    assert!(limiter.buckets.len() <= Limiter::ENTRIES, "{}", limiter.buckets.len());
}

#[test]
fn a_cut_note_ends_in_an_ellipsis() {
    let short = cut(&"x".repeat(NOTE_BYTES + 1), NOTE_BYTES).into_owned();
    assert_eq!((short.len(), short.ends_with("x…")), (NOTE_BYTES, true));
}

proptest! {
    #[test]
    fn notes_are_cut_between_characters(note in "\\PC{0,700}", bytes in 0usize..1100) {
        let short = cut(&note, bytes);
        prop_assert!(short.len() <= bytes);
        if note.len() <= bytes {
            prop_assert_eq!(short.as_ref(), note.as_str());
        } else {
            prop_assert!(note.starts_with(short.strip_suffix('…').unwrap_or(&short)));
            // No more is lost than one character and the ellipsis.
            prop_assert!(bytes < 3 || short.len() + 4 > bytes);
        }
    }
}
