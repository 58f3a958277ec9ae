#![allow(clippy::unwrap_used, clippy::expect_used)]

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    client::{connect, install_tls_provider},
    metrics::Metrics,
};

/// A certificate authority that nobody uses.
const CA: &str = include_str!("../../metrics-sources/tests/ca.pem");

/// Options with a kubeconfig of two clusters; `more` is added to the first.
fn options(more: &str) -> (ClientOptions, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters:\n\
         - {{name: one, cluster: {{server: 'https://api.example.com:6443'{more}}}}}\n\
         - {{name: two, cluster: {{server: 'https://user:pw@127.0.0.1:6443'}}}}\n\
         users: [{{name: u, user: {{token: t}}}}]\ncontexts:\n\
         - {{name: a, context: {{cluster: one, user: u, namespace: shop}}}}\n\
         - {{name: near, context: {{cluster: two, user: nobody}}}}\n\
         - {{name: lost, context: {{cluster: three, user: u}}}}\n"
    );
    std::fs::write(&path, text).unwrap();
    (ClientOptions { kubeconfig: Some(path), ..ClientOptions::default() }, dir)
}

fn context(options: &ClientOptions, name: &str) -> ClientOptions {
    ClientOptions { context: Some(name.to_owned()), ..options.clone() }
}

fn variables(https: &str, except: &str) -> Variables {
    Variables::read(|name| match name {
        "HTTPS_PROXY" => Some(https.to_owned()),
        "NO_PROXY" => Some(except.to_owned()),
        _ => None,
    })
}

#[tokio::test]
async fn kubeconfigs_and_contexts_are_read() {
    install_tls_provider();
    let (options, _dir) = options("");
    let connection = connect(&options, Metrics::new("1", None)).unwrap();
    assert_eq!(connection.namespace, "shop");
    assert_eq!(connection.server, "https://api.example.com:6443/");

    let auth = config(&options).unwrap().auth_info;
    assert_eq!((auth.impersonate, auth.impersonate_groups), (None, None));
    assert!(auth.token.is_some());
    for (groups, expected) in [(vec![], None), (vec!["leads".to_owned()], Some(vec!["leads".to_owned()]))] {
        let other = ClientOptions { user: Some("ada".to_owned()), groups, ..options.clone() };
        let auth = config(&other).unwrap().auth_info;
        assert_eq!((auth.impersonate.as_deref(), auth.impersonate_groups), (Some("ada"), expected));
    }
    let near = context(&options, "near");
    assert_eq!(connect(&near, Metrics::new("1", None)).unwrap().server, "https://127.0.0.1:6443/", "fit for logs");
    let near = config(&near).unwrap();
    assert_eq!(near.default_namespace, "default");
    assert!(near.auth_info.token.is_none(), "a user who does not exist is nobody");

    for (name, says) in [("b", "b"), ("lost", "three")] {
        let error = connect(&context(&options, name), Metrics::new("1", None)).err().unwrap();
        assert_eq!(error.reason(), "KubeconfigInvalid");
        let text = error.to_string();
        assert!(text.contains(options.kubeconfig.as_ref().unwrap().to_str().unwrap()) && text.contains(says), "{text}");
    }
}

#[test]
fn certificates_and_the_rest_of_a_cluster_are_read() {
    let (plain, _dir) = options("");
    let config = |options: &ClientOptions| config(options).unwrap();
    assert!(config(&plain).root_cert.is_none() && config(&plain).root_cert_file.is_none());

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    std::fs::write(&file, CA).unwrap();
    let (named, _dir) = options(&format!(", certificate-authority: '{}'", file.display()));
    let found = config(&named);
    assert_eq!(found.root_cert.as_ref().map(Vec::len), Some(1));
    assert_eq!(found.root_cert_file, Some(file), "a file is read again");

    // Other sections are skipped, and data take precedence over a file.
    let data = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCkFBQUEKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo=";
    let (inline, _dir) = options(&format!(", certificate-authority: /nowhere, certificate-authority-data: {data}"));
    let found = config(&inline);
    assert_eq!((found.root_cert.as_ref().map(Vec::len), found.root_cert_file), (Some(0), None));

    let (missing, _dir) = options(", certificate-authority: /nowhere");
    assert!(super::config(&missing).unwrap_err().to_string().contains("/nowhere"));
    let (other, _dir) =
        options(", insecure-skip-tls-verify: true, tls-server-name: api, disable-compression: true, proxy-url: ''");
    let found = config(&other);
    assert!(found.accept_invalid_certs && found.disable_compression && found.proxy_url.is_none());
    assert_eq!(found.tls_server_name.as_deref(), Some("api"));
}

#[test]
fn the_kubeconfig_names_a_proxy_or_the_variables_do() {
    let proxy = |options: &ClientOptions, variables: Variables| {
        let options = ClientOptions { proxies: variables, ..options.clone() };
        config(&options).map(|config| config.proxy_url.map(|url| url.to_string()))
    };
    let (plain, _dir) = options("");
    let of = |url: &str| Some(url.to_owned());
    assert_eq!(proxy(&plain, Variables::default()).unwrap(), None);
    assert_eq!(proxy(&plain, variables("proxy:3128", "")).unwrap(), of("http://proxy:3128/"));
    // The list is about the API server, not about the proxy, and may have empty entries.
    assert_eq!(proxy(&plain, variables("proxy:3128", "proxy,")).unwrap(), of("http://proxy:3128/"));
    assert_eq!(proxy(&plain, variables("proxy:3128", "localhost,,.example.com,")).unwrap(), None);
    assert_eq!(proxy(&context(&plain, "near"), variables("proxy:3128", "")).unwrap(), None);
    let (named, _dir) = options(", proxy-url: 'socks5://jump:1080'");
    assert_eq!(proxy(&named, variables("proxy:3128", "*")).unwrap(), of("socks5://jump:1080/"), "as in kubectl");

    let error = proxy(&plain, variables("socks4://s3cret@proxy", "")).unwrap_err();
    assert_eq!((error.reason(), error.to_string().contains("s3cret")), ("ProxyInvalid", false), "{error}");
    let (named, _dir) = options(", proxy-url: 'proxy:3128'");
    let error = proxy(&named, Variables::default()).unwrap_err();
    assert!(error.to_string().contains("proxy-url of the kubeconfig"), "{error}");
}

/// What the first request of a client with these options sends to a proxy, which is `answer`ed by a test.
async fn asked<T>(options: ClientOptions, listener: TcpListener, answer: impl AsyncFn(TcpStream) -> T) -> T {
    install_tls_provider();
    let client = connect(&options, Metrics::new("1", None)).unwrap().client;
    let asking = tokio::spawn(async move { Api::<Pod>::default_namespaced(client).get("web").await });
    let (stream, _) = listener.accept().await.unwrap();
    let heard = answer(stream).await;
    asking.abort();
    heard
}

#[tokio::test]
async fn the_api_server_is_asked_through_an_http_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (options, _dir) = options("");
    let options = ClientOptions { proxies: variables(&format!("http://ada:p%40ss@{address}"), ""), ..options };
    let heard = asked(options, listener, async |mut stream: TcpStream| {
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n") {
            heard.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(heard).unwrap()
    })
    .await;
    assert!(heard.starts_with("CONNECT api.example.com:6443 HTTP/1.1\r\n"), "{heard}");
    // ada:p@ss
    assert!(heard.contains("Proxy-Authorization: Basic YWRhOnBAc3M=\r\n"), "{heard}");
}

#[tokio::test]
async fn the_api_server_is_asked_through_a_socks_proxy_that_resolves_its_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (options, _dir) = options(&format!(", proxy-url: 'socks5://{address}'"));
    let (host, port) = asked(options, listener, async |mut stream: TcpStream| {
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).await.unwrap();
        assert_eq!(greeting, [5, 1, 0], "no authentication");
        stream.write_all(&[5, 0]).await.unwrap();
        let mut head = [0; 5];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(head[..4], [5, 1, 0, 3], "a connection to a name");
        let mut host = vec![0; usize::from(head[4])];
        stream.read_exact(&mut host).await.unwrap();
        (String::from_utf8(host).unwrap(), stream.read_u16().await.unwrap())
    })
    .await;
    assert_eq!((host.as_str(), port), ("api.example.com", 6443));
}
