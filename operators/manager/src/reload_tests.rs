#![allow(clippy::unwrap_used)]
use std::path::Path;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use trimtab_runtime::client::install_tls_provider;
use trimtab_testkit::{Server, Then};

use super::*;

const OWN: &str = "trimtab-system";
const SECRET: &str = "trimtab-prometheus";

/// The `Authorization` of each request.
type Heard = Arc<Mutex<Vec<String>>>;

/// A Prometheus without samples.
async fn prometheus_server() -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, heard) = (format!("http://{}", listener.local_addr().unwrap()), Heard::default());
    let all = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, all.clone()));
        }
    });
    (url, heard)
}

async fn answer(stream: TcpStream, heard: Heard) {
    const NOTHING: &str = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    let mut stream = BufReader::new(stream);
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => value.clone_into(&mut authorization),
            Some(_) => {}
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    heard.lock().push(authorization);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", NOTHING.len());
    stream.write_all(format!("{head}{NOTHING}").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// A source for `args`, as it is after its first read.
async fn reload(args: PrometheusArgs, cluster: &Server) -> Reload {
    install_tls_provider();
    let (client, redactor) = (cluster.client(), Redactor::new());
    let credentials = Credentials::read(&args, &client, OWN).await.unwrap();
    let first = prometheus::source(&args, &credentials, &redactor).unwrap().unwrap();
    let source = Arc::new(ReplaceableSource::new(Arc::new(first)));
    Reload { args, client, namespace: OWN.to_owned(), redactor, source, credentials, failed: false }
}

fn args(url: &str) -> PrometheusArgs {
    PrometheusArgs {
        prometheus_url: Some(url.to_owned()),
        prometheus_timeout: Duration::from_secs(5),
        ..PrometheusArgs::default()
    }
}

/// Looks again, sends a query, and returns its `Authorization`.
async fn authorization(reload: &mut Reload, heard: &Heard) -> String {
    reload.look().await;
    reload.source.check(0).await.unwrap();
    heard.lock().pop().unwrap()
}

fn put(cluster: &Server, data: serde_json::Value) {
    let metadata = json!({"name": SECRET, "namespace": OWN});
    cluster.put("secrets", json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}));
}

#[tokio::test]
async fn a_new_token_in_the_secret_is_used_and_one_that_cannot_be_used_is_not() {
    let ((url, heard), cluster) = (prometheus_server().await, Server::new(Timestamp::now));
    put(&cluster, json!({"bearerToken": "Zmlyc3Q="}));
    let mut reload =
        reload(PrometheusArgs { prometheus_secret: Some(SECRET.to_owned()), ..args(&url) }, &cluster).await;
    assert_eq!(authorization(&mut reload, &heard).await, "Bearer first");

    put(&cluster, json!({"bearerToken": "c2Vjb25k"}));
    assert_eq!(authorization(&mut reload, &heard).await, "Bearer second");

    // A key that nobody knows, an API server without an answer, and a Secret that is gone.
    put(&cluster, json!({"bearerToken": "dGhpcmQ=", "tokn": "dGhpcmQ="}));
    assert_eq!(authorization(&mut reload, &heard).await, "Bearer second");
    assert!(reload.failed);
    cluster.always("get", "secrets", Then::refuse(403, "Forbidden", "no"));
    assert_eq!(authorization(&mut reload, &heard).await, "Bearer second");
    cluster.heal();
    cluster.delete("secrets", OWN, SECRET);
    assert_eq!(authorization(&mut reload, &heard).await, "Bearer second");

    put(&cluster, json!({"username": "YWRh", "password": "cEBzcw=="}));
    assert_eq!(authorization(&mut reload, &heard).await, "Basic YWRhOnBAc3M=");
    assert!(!reload.failed);
}

#[tokio::test]
async fn a_new_password_and_new_certificates_in_files_are_used() {
    let ((url, heard), cluster) = (prometheus_server().await, Server::new(Timestamp::now));
    let dir = TempDir::new().unwrap();
    let (password, ca) = (dir.path().join("password"), dir.path().join("ca.pem"));
    let write = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
    write(&password, "p@ss\n");
    write(&ca, include_str!("../../metrics-sources/tests/ca.pem"));
    let args = PrometheusArgs {
        prometheus_user: Some("ada".to_owned()),
        prometheus_password_file: Some(password.clone()),
        prometheus_ca_file: Some(ca.clone()),
        ..args(&url)
    };
    assert!(Credentials::may_change(&args) && !Credentials::may_change(&PrometheusArgs::default()));
    assert!(!Credentials::may_change(&self::args(&url)) && Credentials::may_change(&self::args("https://p")));
    let mut reload = reload(args, &cluster).await;
    assert_eq!(authorization(&mut reload, &heard).await, "Basic YWRhOnBAc3M=");
    write(&password, "other");
    assert_eq!(authorization(&mut reload, &heard).await, "Basic YWRhOm90aGVy");

    // Half-written certificates would let nobody be trusted: both stay until they are whole.
    write(&ca, "-----BEGIN CERTIFICATE-----\nMIIB");
    write(&password, "p@ss");
    assert_eq!(authorization(&mut reload, &heard).await, "Basic YWRhOm90aGVy");
    assert!(reload.failed);
    write(&ca, include_str!("../../metrics-sources/tests/ca.pem"));
    assert_eq!(authorization(&mut reload, &heard).await, "Basic YWRhOnBAc3M=");
    std::fs::remove_file(&ca).unwrap();
    assert_eq!(authorization(&mut reload, &heard).await, "Basic YWRhOnBAc3M=");
    assert!(reload.failed && cluster.asked().is_empty(), "files need no API server");
}
