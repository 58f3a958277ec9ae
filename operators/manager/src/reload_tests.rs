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
    let redactor = Redactor::new();
    let config = prometheus::by_flags(&args, &redactor).unwrap().unwrap();
    let mut reload = Reload::new(args, &cluster.client(), OWN, &redactor, config);
    reload.look().await;
    reload
}

/// What a read says.
async fn refusal(reload: &Reload) -> String {
    reload.source.check(0).await.unwrap_err().to_string()
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

#[tokio::test]
async fn without_the_secret_at_the_start_reads_say_so_until_it_is_there() {
    let ((url, heard), cluster) = (prometheus_server().await, Server::new(Timestamp::now));
    let args = PrometheusArgs { prometheus_secret: Some(SECRET.to_owned()), ..args(&url) };
    let mut reload = reload(args, &cluster).await;
    let says = refusal(&reload).await;
    for part in [
        url.as_str(),
        "cannot read Secret trimtab-system/trimtab-prometheus, which --prometheus-secret names: ",
        "not found",
        "(read again every minute); check the configured file or Secret",
    ] {
        assert!(says.contains(part), "{says} should contain {part}");
    }
    assert!(!says.contains("ErrorResponse") && !says.contains("Status {"), "a dump: {says}");

    // What is there cannot be used, then it is not text, then it can.
    put(&cluster, json!({"bearerToken": "Zmlyc3Q=", "tokn": "Zmlyc3Q="}));
    reload.look().await;
    let says = refusal(&reload).await;
    assert!(says.contains("Secret trimtab-system/trimtab-prometheus: ") && says.contains("the key \"tokn\""), "{says}");
    put(&cluster, json!({"bearerToken": "//8="}));
    reload.look().await;
    let says = refusal(&reload).await;
    assert!(says.contains("key bearerToken of Secret trimtab-system/trimtab-prometheus is not text"), "{says}");
    assert!(reload.failed && heard.lock().is_empty(), "nothing is sent without the token");
    put(&cluster, json!({"bearerToken": "Zmlyc3Q="}));
    assert_eq!(authorization(&mut reload, &heard).await, "Bearer first");
    assert!(!reload.failed);
}

#[tokio::test]
async fn without_its_files_at_the_start_reads_name_them_until_they_can_be_used() {
    let ((url, heard), cluster) = (prometheus_server().await, Server::new(Timestamp::now));
    let dir = TempDir::new().unwrap();
    let (password, ca) = (dir.path().join("password"), dir.path().join("ca.pem"));
    let args = PrometheusArgs {
        prometheus_user: Some("ada".to_owned()),
        prometheus_password_file: Some(password.clone()),
        prometheus_ca_file: Some(ca.clone()),
        ..args(&url)
    };
    let mut reload = reload(args, &cluster).await;
    let says = refusal(&reload).await;
    let missing = format!("cannot read {}, which --prometheus-password-file names: No such file", password.display());
    assert!(says.contains(&missing), "{says}");
    std::fs::write(&password, "p@ss\n").unwrap();
    reload.look().await;
    let says = refusal(&reload).await;
    assert!(says.contains(&format!("cannot read {}, which --prometheus-ca-file names: ", ca.display())), "{says}");
    std::fs::write(&ca, "no certificate").unwrap();
    reload.look().await;
    let says = refusal(&reload).await;
    assert!(says.contains(&*ca.display().to_string()) && says.contains("the CA "), "{says}");
    std::fs::write(&ca, include_str!("../../metrics-sources/tests/ca.pem")).unwrap();
    assert_eq!(authorization(&mut reload, &heard).await, "Basic YWRhOnBAc3M=");
    assert!(!reload.failed);
}

#[test]
fn wrong_flags_are_found_before_any_file_is_read() {
    let with = |change: fn(&mut PrometheusArgs)| {
        let mut args = PrometheusArgs { prometheus_ca_file: Some("/nowhere/ca.pem".into()), ..args("http://p:9090") };
        change(&mut args);
        prometheus::by_flags(&args, &Redactor::new()).map(|config| config.is_some()).map_err(|e| one_line::text(&*e))
    };
    assert_eq!(with(|_| ()), Ok(true));
    assert_eq!(with(|args| args.prometheus_url = None), Ok(false));
    type Change = fn(&mut PrometheusArgs);
    let table: [(Change, &str); 3] = [
        (|args| args.prometheus_url = Some("p:9090".to_owned()), "only http:// and https://"),
        (|args| args.prometheus_cluster = Some("eu".to_owned()), "cluster label: write name=value"),
        (
            |args| {
                args.prometheus_bearer_file = Some("/nowhere/token".into());
                args.prometheus_user = Some("ada".to_owned());
                args.prometheus_password_file = Some("/nowhere/password".into());
            },
            "exclude each other",
        ),
    ];
    for (change, says) in table {
        let told = with(change).unwrap_err();
        assert!(told.contains(says) && !told.contains('\n'), "{told}");
    }
}
