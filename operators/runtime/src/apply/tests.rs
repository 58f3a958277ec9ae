#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::ConfigMap};
use kube::client::Body;
use serde_json::json;
use tower::BoxError;

use super::*;
use crate::errors::{Class, Explain, Severity};

/// A request that the server received.
#[derive(Clone, Debug)]
struct Asked {
    method: Method,
    uri: String,
    content_type: String,
    body: Value,
}

/// A client whose server answers everything with `code` and `body`, and a record of the requests.
fn server(code: u16, body: Value) -> (Client, Arc<Mutex<Vec<Asked>>>) {
    server_text(code, body.to_string())
}

fn server_text(code: u16, body: String) -> (Client, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request<Body>| {
        let (record, body) = (Arc::clone(&record), body.clone());
        async move {
            let (parts, sent) = request.into_parts();
            let bytes = sent.collect_bytes().await?;
            let header = parts.headers.get("content-type").map(|v| v.to_str().unwrap().to_owned());
            record.lock().unwrap().push(Asked {
                method: parts.method,
                uri: parts.uri.to_string(),
                content_type: header.unwrap_or_default(),
                body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            });
            Ok::<_, BoxError>(Response::builder().status(code).body(Body::from(body.into_bytes())).unwrap())
        }
    });
    (Client::new(service, "default"), asked)
}

fn writer(client: Client) -> Writer {
    Writer::new(client, "trimtab-test", Leadership::always())
}

fn deployment() -> Deployment {
    serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "u-1",
            "managedFields": [{"manager": "x"}], "creationTimestamp": "2026-01-01T00:00:00Z"},
        "status": {"replicas": 3},
    }))
    .unwrap()
}

/// The error that an answer of `code` with this status leads to.
async fn error_of(code: u16, reason: &str, message: &str, details: Value) -> ApplyError {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "code": code, "reason": reason, "message": message, "details": details});
    let (client, _) = server(code, status);
    writer(client).apply(&deployment()).await.unwrap_err()
}

#[tokio::test]
async fn apply_sends_the_object_under_its_manager_and_without_its_status() {
    let (client, asked) = server(200, json!({"metadata": {"name": "web", "uid": "u-1", "resourceVersion": "7"}}));
    let applied = writer(client).apply(&deployment()).await.unwrap();
    assert_eq!((applied.uid(), applied.resource_version()), ("u-1", "7"));
    let asked = asked.lock().unwrap()[0].clone();
    assert_eq!(asked.method, Method::PATCH);
    let uri = "/apis/apps/v1/namespaces/shop/deployments/web?&fieldManager=trimtab-test&fieldValidation=Ignore";
    assert_eq!(asked.uri, uri);
    assert_eq!(asked.content_type, "application/apply-patch+yaml");
    let expected = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u-1"}});
    assert_eq!(asked.body, expected);
}

#[tokio::test]
async fn a_status_is_forced_under_a_manager_of_its_own() {
    let (client, asked) = server(200, json!({"metadata": {"name": "web"}}));
    let mut object = deployment();
    object.metadata.resource_version = Some("41".to_owned());
    writer(client).apply_status(&object).await.unwrap();
    let asked = asked.lock().unwrap()[0].clone();
    assert_eq!(
        asked.uri,
        "/apis/apps/v1/namespaces/shop/deployments/web/status?&force=true&fieldManager=trimtab-test-status\
         &fieldValidation=Ignore"
    );
    assert_eq!(asked.body["status"], json!({"replicas": 3}));
    assert_eq!(asked.body["metadata"], json!({"name": "web", "namespace": "shop", "uid": "u-1"}));
}

#[tokio::test]
async fn force_is_for_statuses_only() {
    let (client, asked) = server(200, json!({}));
    let write = Write { force: true, ..write_of(Verb::Apply, &deployment()).unwrap() };
    writer(client).execute::<Value>(&write).await.unwrap();
    assert!(!asked.lock().unwrap()[0].uri.contains("force"));
}

#[tokio::test]
async fn patches_and_deletes_carry_their_preconditions() {
    let precondition = Precondition { uid: Some("u-1".to_owned()), resource_version: Some("9".to_owned()) };
    let base =
        Write { precondition, body: json!({"spec": {"replicas": 2}}), ..write_of(Verb::Merge, &deployment()).unwrap() };
    let (client, asked) = server(200, json!({}));
    let w = writer(client);
    w.execute::<Value>(&base).await.unwrap();
    w.execute::<Value>(&Write { verb: Verb::Strategic, subresource: Some("scale"), ..base.clone() }).await.unwrap();
    w.execute::<Value>(&Write { verb: Verb::Delete, ..base }).await.unwrap();
    let asked = asked.lock().unwrap();
    let merge = json!({"metadata": {"uid": "u-1", "resourceVersion": "9"}, "spec": {"replicas": 2}});
    assert_eq!((asked[0].content_type.as_str(), &asked[0].body), ("application/merge-patch+json", &merge));
    assert!(asked[1].uri.starts_with("/apis/apps/v1/namespaces/shop/deployments/web/scale?"), "{}", asked[1].uri);
    assert_eq!(
        (&asked[2].method, &asked[2].body["preconditions"]),
        (&Method::DELETE, &json!({"uid": "u-1", "resourceVersion": "9"}))
    );
}

#[tokio::test]
async fn create_has_no_preconditions_and_tells_an_existing_object_apart() {
    let details = json!({"name": "web", "kind": "configmaps"});
    let status = json!({"kind": "Status", "status": "Failure", "code": 409, "reason": "AlreadyExists",
        "message": "configmaps \"web\" already exists", "details": details});
    let (client, asked) = server(409, status);
    let object: ConfigMap = serde_json::from_value(json!({"metadata": {"name": "web", "namespace": "shop"}})).unwrap();
    let error = writer(client).create(&object).await.unwrap_err();
    assert_eq!(error.reason(), "AlreadyExists");
    assert_eq!(asked.lock().unwrap()[0].uri, "/api/v1/namespaces/shop/configmaps?&fieldManager=trimtab-test");
}

#[tokio::test]
async fn nothing_is_sent_by_an_instance_that_does_not_lead() {
    let (client, asked) = server(200, json!({}));
    let w = Writer::new(client, "m", Leadership::never());
    assert_eq!(w.apply(&deployment()).await.unwrap_err(), ApplyError::NotLeader);
    assert_eq!(w.delete(&deployment()).await.unwrap_err(), ApplyError::NotLeader);
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_field_conflict_names_the_owners() {
    let causes = json!({"causes": [
        {"reason": "FieldManagerConflict", "message": "conflict with \"argocd-controller\" using apps/v1", "field": ".spec.replicas"},
        {"reason": "FieldManagerConflict", "message": "conflict with \"argocd-controller\" using apps/v1", "field": ".spec.paused"},
        {"reason": "FieldManagerConflict", "message": "conflict with \"hpa\" with subresource \"scale\" using apps/v1", "field": ".spec.x"},
    ]});
    let error = error_of(409, "Conflict", "Apply failed with 3 conflicts", causes).await;
    assert_eq!(error.managers(), ["argocd-controller", "hpa"]);
    assert_eq!((error.class(), error.reason()), (Class::User, "FieldConflict"));
    assert!(error.to_string().contains(".spec.replicas (argocd-controller)"), "{error}");
    assert!(error.what_to_do().contains("argocd-controller, hpa"));
}

/// Each server response, with the error that it becomes and its class.
#[tokio::test]
async fn answers_become_typed_errors() {
    let web = json!({"name": "web", "group": "apps", "kind": "deployments"});
    let rbac = "deployments.apps \"web\" is forbidden: User \"system:serviceaccount:t:t\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"";
    let core =
        "pods is forbidden: User \"u\" cannot create resource \"pods\" in API group \"\" in the namespace \"shop\"";
    let quota = "deployments.apps \"web\" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1";
    let vap =
        "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no";
    let capacity = "pods \"web-1\" is forbidden: node didn't have enough allocatable resources: memory, requested: 8Gi, capacity: 4Gi";
    let path = "forbidden: User \"u\" cannot get path \"/version\"";
    let hook = "admission webhook \"policy.example\" denied the request: no";
    let terminating = json!({"name": "web", "causes": [{"reason": "NamespaceTerminating", "message": "namespace shop is being terminated", "field": "metadata.namespace"}]});
    let namespace = json!({"name": "shop", "kind": "namespaces"});
    let retry = json!({"retryAfterSeconds": 3});
    let none = Value::Null;
    let table = [
        (
            409,
            "Conflict",
            "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified",
            &web,
            "Stale",
            Class::System,
        ),
        (
            409,
            "Conflict",
            "Operation cannot be fulfilled: Precondition failed: UID in precondition: a, UID in object meta: b",
            &web,
            "Stale",
            Class::System,
        ),
        (403, "Forbidden", rbac, &web, "Forbidden", Class::User),
        (403, "Forbidden", core, &none, "Forbidden", Class::User),
        (403, "Forbidden", quota, &web, "QuotaExceeded", Class::User),
        (403, "Forbidden", vap, &web, "AdmissionDenied", Class::User),
        (403, "Forbidden", capacity, &web, "AdmissionDenied", Class::User),
        (403, "Forbidden", path, &none, "Forbidden", Class::User),
        (422, "Invalid", vap, &web, "AdmissionDenied", Class::User),
        (400, "", hook, &none, "AdmissionDenied", Class::User),
        (
            403,
            "Forbidden",
            "deployments.apps \"web\" is forbidden: unable to create new content in namespace shop because it is being terminated",
            &terminating,
            "NamespaceTerminating",
            Class::System,
        ),
        (404, "NotFound", "deployments.apps \"web\" not found", &web, "NotFound", Class::System),
        (404, "NotFound", "namespaces \"shop\" not found", &namespace, "NamespaceNotFound", Class::System),
        (404, "NotFound", "the server could not find the requested resource", &json!({}), "KindNotServed", Class::User),
        (
            422,
            "Invalid",
            "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1",
            &web,
            "Invalid",
            Class::User,
        ),
        (400, "BadRequest", "strict decoding error: unknown field", &none, "Invalid", Class::User),
        (413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728", &none, "TooLarge", Class::User),
        (401, "Unauthorized", "Unauthorized", &none, "Unauthorized", Class::System),
        (429, "TooManyRequests", "too many requests", &retry, "Throttled", Class::System),
        (
            500,
            "InternalError",
            "Internal error occurred: failed calling webhook \"x\"",
            &none,
            "Unavailable",
            Class::System,
        ),
        (503, "ServiceUnavailable", "apiserver is shutting down", &none, "Unavailable", Class::System),
        (504, "Timeout", "request did not complete within the allotted timeout", &none, "Unavailable", Class::System),
        (405, "MethodNotAllowed", "the server does not allow this method", &none, "Unexpected", Class::System),
    ];
    for (code, reason, message, details, expected, class) in table {
        let error = error_of(code, reason, message, details.clone()).await;
        assert_eq!((error.reason(), error.class()), (expected, class), "{code} {message}: {error:?}");
        assert!(!error.what_to_do().is_empty() && !error.to_string().is_empty());
    }
    let ApplyError::Forbidden { verb, resource, .. } = error_of(403, "Forbidden", rbac, web).await else { panic!() };
    assert_eq!((verb.as_str(), resource.as_str()), ("patch", "deployments.apps"));
    let ApplyError::Forbidden { verb, resource, .. } = error_of(403, "Forbidden", core, none).await else { panic!() };
    assert_eq!((verb.as_str(), resource.as_str()), ("create", "pods"));
    let throttled = error_of(429, "TooManyRequests", "x", retry).await;
    assert_eq!(throttled, ApplyError::Throttled { retry_after: Some(Duration::from_secs(3)) });
}

#[tokio::test]
async fn answers_that_are_not_json_are_read_by_their_code() {
    for (code, text, expected) in [
        (404, "404 page not found\n", "KindNotServed"),
        (429, "slow down", "Throttled"),
        (502, "<html>bad gateway</html>", "Unavailable"),
        (403, "no", "Forbidden"),
        (200, "not json", "Encode"),
    ] {
        let (client, _) = server_text(code, text.to_owned());
        let error = writer(client).apply(&deployment()).await.unwrap_err();
        assert_eq!(error.reason(), expected, "{code}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_a_timeout() {
    let service = tower::service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, BoxError>>());
    let w = writer(Client::new(service, "default")).with_deadline(Duration::from_secs(2));
    let error = w.apply(&deployment()).await.unwrap_err();
    assert_eq!(error.to_string(), "apply deployments.apps shop/web did not finish within 2s");
    assert_eq!((error.class(), error.severity()), (Class::System, Severity::Warning));
}

#[tokio::test]
async fn a_broken_connection_is_unavailable_with_its_cause() {
    let service = tower::service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, BoxError>(std::io::Error::other("connection refused").into())
    });
    let error = writer(Client::new(service, "default")).apply(&deployment()).await.unwrap_err();
    assert_eq!(error, ApplyError::Unavailable { message: "connection refused".to_owned() });
}
