#![allow(clippy::unwrap_used, clippy::panic)]
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;

/// Answers by the token: `good`, `poor`, `down`, `hang`; others are unknown. Counts calls, total and concurrent.
#[derive(Clone, Default)]
struct Fake {
    asked: Arc<AtomicUsize>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Reviewer for Fake {
    fn review<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Verdict, String>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.now.fetch_sub(1, Ordering::SeqCst);
            match token {
                "good" => Ok(Verdict::Allowed),
                "poor" => Ok(Verdict::Forbidden("eve".to_owned())),
                "down" => Err("connection refused".to_owned()),
                "hang" => std::future::pending().await,
                _ => Ok(Verdict::Unknown),
            }
        })
    }
}

fn access() -> (Arc<Access>, Fake) {
    let fake = Fake::default();
    (Access::new(fake.clone()), fake)
}

#[tokio::test(start_paused = true)]
async fn each_answer_has_its_refusal() {
    let (access, fake) = access();
    for none in [None, Some(""), Some("good"), Some("Basic good"), Some("Bearer"), Some("Bearer  ")] {
        assert_eq!(access.admit(none).await, Err(Refusal::NoToken), "{none:?}");
    }
    assert_eq!(fake.asked.load(Ordering::SeqCst), 0, "nobody is asked about nothing");
    assert_eq!(access.admit(Some("Bearer good")).await, Ok(()));
    assert_eq!(access.admit(Some("bearer good")).await, Ok(()));
    assert_eq!(access.admit(Some("Bearer bad")).await, Err(Refusal::Unknown));
    let poor = access.admit(Some("Bearer poor")).await.unwrap_err();
    assert_eq!(poor.to_string(), "eve may not get the path /metrics: bind the ClusterRole trimtab-metrics-reader");
    let down = access.admit(Some("Bearer down")).await.unwrap_err();
    assert!(matches!(&down, Refusal::Unavailable(why) if why == "connection refused"), "{down}");
    let hang = access.admit(Some("Bearer hang")).await.unwrap_err();
    assert!(matches!(&hang, Refusal::Unavailable(why) if why.contains("5")), "{hang}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_counts_for_ten_seconds_and_no_answer_for_none() {
    let (access, fake) = access();
    let asked = async |token: &str| {
        let before = fake.asked.load(Ordering::SeqCst);
        let _ = access.admit(Some(&format!("Bearer {token}"))).await;
        fake.asked.load(Ordering::SeqCst) - before
    };
    for token in ["good", "poor", "bad"] {
        assert_eq!((asked(token).await, asked(token).await), (1, 0), "{token}");
    }
    tokio::time::advance(Duration::from_secs(9)).await;
    assert_eq!(asked("good").await, 0);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!((asked("good").await, asked("good").await), (1, 0));
    assert_eq!((asked("down").await, asked("down").await), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn many_tokens_neither_fill_the_memory_nor_push_out_one_that_counts_nor_all_ask_at_once() {
    let (access, fake) = access();
    access.admit(Some("Bearer good")).await.unwrap();
    let tries = (0..500).map(|i| {
        let access = access.clone();
        tokio::spawn(async move { access.admit(Some(&format!("Bearer guess-{i}"))).await })
    });
    for tried in tries.collect::<Vec<_>>() {
        assert_eq!(tried.await.unwrap(), Err(Refusal::Unknown));
    }
    assert_eq!(access.known.lock().len(), MOST);
    assert_eq!(fake.most.load(Ordering::SeqCst), AT_ONCE);
    assert_eq!(fake.asked.load(Ordering::SeqCst), 501);
    access.admit(Some("Bearer good")).await.unwrap();
    assert_eq!(fake.asked.load(Ordering::SeqCst), 501, "it is still known");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_not_kept() {
    let (access, _) = access();
    access.admit(Some("Bearer good")).await.unwrap();
    assert!(!access.known.lock().contains_key(b"good".as_slice()));
    assert_eq!(format!("{access:?}"), "Access");
}

#[test]
fn a_review_asks_about_the_user_and_the_path() {
    let user: UserInfo =
        serde_json::from_value(json!({"username": "system:serviceaccount:monitoring:prometheus", "uid": "7",
        "groups": ["system:authenticated"], "extra": {"a": ["b"]}}))
        .unwrap();
    let asked = serde_json::to_value(asks(user)).unwrap();
    assert_eq!(
        asked["spec"],
        json!({"user": "system:serviceaccount:monitoring:prometheus", "uid": "7", "groups": ["system:authenticated"],
            "extra": {"a": ["b"]}, "nonResourceAttributes": {"path": "/metrics", "verb": "get"}})
    );
}

/// A fake API server that answers reviews: `good` may read, `poor` may not, and the review of `denied` is forbidden.
fn api_server() -> Client {
    let service = tower::service_fn(|request: http::Request<kube::client::Body>| async move {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect_bytes().await.unwrap();
        let asked: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let token = asked["spec"]["token"].as_str().unwrap_or_default();
        let status = match path.as_str() {
            _ if token == "denied" => None,
            "/apis/authentication.k8s.io/v1/tokenreviews" if token == "bad" => {
                Some(json!({"error": "invalid bearer token"}))
            }
            "/apis/authentication.k8s.io/v1/tokenreviews" => {
                Some(json!({"authenticated": true, "user": {"username": token, "groups": ["g"]}}))
            }
            "/apis/authorization.k8s.io/v1/subjectaccessreviews" => {
                assert_eq!(asked["spec"]["nonResourceAttributes"], json!({"path": "/metrics", "verb": "get"}));
                assert_eq!(asked["spec"]["groups"], json!(["g"]));
                Some(json!({"allowed": asked["spec"]["user"] == "good"}))
            }
            other => panic!("{other}"),
        };
        let (code, answer) = match status {
            Some(status) => (201, json!({"metadata": {}, "spec": asked["spec"], "status": status})),
            None => (
                403,
                json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 403,
                "reason": "Forbidden", "message": "tokenreviews.authentication.k8s.io is forbidden"}),
            ),
        };
        let body = kube::client::Body::from(answer.to_string().into_bytes());
        Ok::<_, std::convert::Infallible>(http::Response::builder().status(code).body(body).unwrap())
    });
    Client::new(service, "default")
}

#[tokio::test]
async fn the_api_server_is_asked_whose_token_it_is_and_what_they_may() {
    assert!(Access::of(MetricsAuth::None, &api_server()).is_none());
    let access = Access::of(MetricsAuth::TokenReview, &api_server()).unwrap();
    assert_eq!(access.admit(Some("Bearer good")).await, Ok(()));
    assert_eq!(access.admit(Some("Bearer poor")).await, Err(Refusal::Forbidden("poor".to_owned())));
    assert_eq!(access.admit(Some("Bearer bad")).await, Err(Refusal::Unknown));
    let denied = access.admit(Some("Bearer denied")).await.unwrap_err().to_string();
    assert!(
        denied.contains("cannot review") && denied.contains("tokenreviews.authentication.k8s.io is forbidden"),
        "{denied}"
    );
    assert!(!denied.contains("Status {"), "the answer is not dumped: {denied}");
}

#[test]
fn words_are_read_as_they_are_shown() {
    for auth in [MetricsAuth::None, MetricsAuth::TokenReview] {
        assert_eq!(auth.to_string().parse(), Ok(auth));
    }
    assert_eq!("Basic".parse::<MetricsAuth>().unwrap_err(), "`Basic` is not one of None, TokenReview");
}
