//! Reading one HTTP/1.1 request: the subset that Prometheus clients use.

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// A received request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path without the query string; with scheme and host before it where the client takes this server for a proxy.
    pub path: String,
    /// Parameters of the query string and of the form in the body, decoded, in order.
    pub params: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl SeenRequest {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The first parameter of that name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The path without scheme and host.
    pub(super) fn path_at_server(&self) -> &str {
        let behind = self.path.strip_prefix("http://").and_then(|rest| rest.find('/').map(|at| &rest[at..]));
        behind.unwrap_or(&self.path)
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        self.path.contains(text) || self.params.iter().any(|(_, v)| v.contains(text))
    }

    pub(super) fn is_form(&self) -> bool {
        self.header("content-type").is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"))
    }
}

/// The maximum request size: a query with many names is some 100 kB.
const LIMIT: usize = 16 << 20;

pub(crate) async fn read(stream: &mut TcpStream) -> Result<SeenRequest> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        ensure!(bytes.len() < LIMIT && stream.read_buf(&mut bytes).await? > 0, "no request");
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().context("empty")?.split(' ');
    let method = first.next().context("no method")?.to_owned();
    let target = first.next().context("no target")?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = SeenRequest { method, path: String::new(), params: Vec::new(), headers, body: Vec::new() };
    let length: usize = request.header("content-length").map_or(Ok(0), str::parse)?;
    ensure!(length <= LIMIT, "{length} bytes");
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        ensure!(stream.read_buf(&mut body).await? > 0, "the body ends early");
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    request.path = path.to_owned();
    request.params = decode(query.as_bytes());
    if request.is_form() {
        request.params.extend(decode(&body));
    }
    request.body = body;
    Ok(request)
}

pub(super) fn decode(form: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(form).into_owned().collect()
}
