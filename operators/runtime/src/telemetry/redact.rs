//! Keeps secrets out of logs. In: known secret values, and lines or URLs that may contain them. Out: the same with
//! `***` in their place.

use std::{borrow::Cow, io, sync::Arc};

use parking_lot::RwLock;
use tracing_subscriber::fmt::MakeWriter;
use url::Url;

const MASK: &str = "***";
/// Shorter values would mask ordinary words; a secret that short protects nothing.
const SHORTEST: usize = 4;

/// The secret values that this process has read. Cheap to clone; register each value when it is read.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Vec<String>>>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Knows no secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on `secret` is masked wherever it occurs in a log line: verbatim, escaped as in JSON or Rust's debug
    /// output or both, or percent-encoded as in a URL. Values of fewer than 4 bytes are not masked.
    pub fn register(&self, secret: &str) {
        let secret = secret.trim();
        if secret.len() < SHORTEST {
            return;
        }
        let json = |text: &str| serde_json::to_string(text).unwrap_or_default().trim_matches('"').to_owned();
        let debug = secret.escape_debug().to_string();
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let forms = [
            secret.to_owned(),
            json(secret),
            // A field in debug form, inside a JSON line.
            json(&debug),
            debug,
            encoded.replace('+', "%20"),
            encoded,
        ];
        let mut secrets = self.0.write();
        for form in forms {
            if !secrets.contains(&form) {
                secrets.push(form);
            }
        }
        // A secret that contains another is masked as a whole.
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
    }

    /// `text` with every registered secret masked.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in self.0.read().iter() {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), MASK));
            }
        }
        text
    }
}

/// A URL without user, password and the values of query parameters that are named like secrets: fit for logs,
/// conditions and events. In text that is not a URL, anything before an `@` is masked.
pub fn redact_url(url: &str) -> String {
    const SECRET_NAMES: [&str; 6] = ["token", "password", "passwd", "secret", "key", "sig"];
    let Ok(mut parsed) = Url::parse(url) else {
        return match url.rsplit_once('@') {
            Some((before, host)) => {
                let scheme = before.split_once("://").map_or(String::new(), |(s, _)| format!("{s}://"));
                format!("{scheme}{MASK}@{host}")
            }
            None => url.to_owned(),
        };
    };
    let is_secret = |name: &str| SECRET_NAMES.iter().any(|s| name.to_ascii_lowercase().contains(s));
    let userinfo = !parsed.username().is_empty() || parsed.password().is_some();
    let query = parsed.query_pairs().any(|(name, _)| is_secret(&name));
    if !userinfo && !query {
        return url.to_owned();
    }
    if userinfo {
        // Both fail only for URLs that cannot have a user.
        let _ = parsed.set_password(None);
        let _ = parsed.set_username("");
    }
    if query {
        let pairs: Vec<String> = parsed
            .query()
            .unwrap_or_default()
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
                _ => pair.to_owned(),
            })
            .collect();
        parsed.set_query(Some(&pairs.join("&")));
    }
    parsed.to_string()
}

/// A writer that masks secrets. The log formatter writes each line as a whole, so none is split between two writes.
#[derive(Clone)]
pub(super) struct RedactingWriter<M> {
    inner: M,
    redactor: Redactor,
}

impl<M> RedactingWriter<M> {
    pub(super) fn new(inner: M, redactor: Redactor) -> Self {
        Self { inner, redactor }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for RedactingWriter<M> {
    type Writer = Line<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { inner: self.inner.make_writer(), redactor: self.redactor.clone() }
    }
}

/// The writer of one line.
pub(super) struct Line<W> {
    inner: W,
    redactor: Redactor,
}

impl<W: io::Write> io::Write for Line<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.inner.write_all(self.redactor.redact(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn masks_every_form_of_a_secret() {
        let r = Redactor::new();
        r.register("pa\"ss w/rd");
        r.register("pa\"ss w/rd-and-more\n");
        r.register("abc");
        r.register("");
        for (line, masked) in [
            ("x=pa\"ss w/rd;", "x=***;"),
            (r#"{"x":"pa\"ss w/rd"}"#, r#"{"x":"***"}"#),
            ("http://u:pa%22ss%20w%2Frd@h", "http://u:***@h"),
            ("q=pa%22ss+w%2Frd", "q=***"),
            ("pa\"ss w/rd-and-more", "***"),
            ("abc is too short", "abc is too short"),
        ] {
            assert_eq!(r.redact(line), masked);
        }
    }

    #[test]
    fn urls_lose_their_credentials_only() {
        for (url, clean) in [
            ("https://user:pass@prom.example:9090/api?x=1", "https://prom.example:9090/api?x=1"),
            ("https://user@prom.example/", "https://prom.example/"),
            ("https://prom.example", "https://prom.example"),
            ("https://h/p?api_key=abc&dedup=true", "https://h/p?api_key=***&dedup=true"),
            ("not a url", "not a url"),
            ("http://us er:p@host:bad", "http://***@host:bad"),
        ] {
            assert_eq!(redact_url(url), clean);
        }
    }
}
