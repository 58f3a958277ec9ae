//! Sends one query and streams its response: everything that touches the network.
//!
//! In: a checked configuration, an API path and form fields. Out: a response with status 200, or a typed error without secrets.

use std::error::Error as _;

use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use crate::error::SourceError;

use super::answer;
use super::config::{Bearer, Ca, PrometheusConfig, bearer_value};
use super::service_proxy::ServiceProxy;

/// Maximum number of bytes read of a refusal's body.
const MAX_REFUSAL: usize = 64 << 10;
/// Shorter values are words such as `true`, and hiding them would only garble messages.
const SECRET_LENGTH: usize = 6;

/// A connection pool to one server, or the route to one that has no address here.
pub(super) struct Http {
    client: reqwest::Client,
    proxy: Option<ServiceProxy>,
}

/// A streaming body with a count of its bytes.
pub(super) struct Body<'h> {
    config: &'h PrometheusConfig,
    /// As read for this request.
    token: Option<SecretString>,
    response: reqwest::Response,
    /// Bytes read so far.
    pub(super) bytes: u64,
}

impl Http {
    pub(super) fn new(config: &PrometheusConfig, proxy: Option<ServiceProxy>) -> Result<Self, SourceError> {
        let unusable = |why: String| SourceError::Credentials { server: config.server.clone(), why };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("trimtab/", env!("CARGO_PKG_VERSION")))
            // A redirect leads to a login page or, worse, sends our headers to another host.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(config.request_timeout.min(std::time::Duration::from_secs(10)))
            .pool_max_idle_per_host(2)
            // The rules of this library for the environment are not those of kubectl.
            .no_proxy();
        let proxy_url = config.proxy.as_ref().map(|url| url.expose_secret());
        if let Some(url) = proxy_url {
            // Names are resolved by the proxy.
            let url = url.strip_prefix("socks5://").map_or_else(|| url.to_owned(), |rest| format!("socks5h://{rest}"));
            let proxy = reqwest::Proxy::all(url).map_err(|_| unusable("the proxy is not a URL".to_owned()))?;
            builder = builder.proxy(proxy);
        }
        if let Some(ca) = &config.ca {
            let pem = match ca {
                Ca::Pem(pem) => pem.clone(),
                Ca::File(path) => std::fs::read_to_string(path)
                    .map_err(|error| unusable(format!("CA file {}: {error}", path.display())))?,
            };
            let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|_| unusable("the CA is not PEM text".to_owned()))?;
            if certificates.is_empty() {
                return Err(unusable("the CA holds no certificate".to_owned()));
            }
            builder = builder.tls_certs_only(certificates);
        } else if config.base.scheme() == "http" && proxy_url.is_none_or(|url| !url.starts_with("https://")) {
            // No certificates to trust, and no need for the image to have system certificates.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| unusable(root_cause(&error)))?;
        Ok(Self { client, proxy })
    }

    /// Posts `fields` to `path` and waits for the head of the response.
    pub(super) async fn post<'h>(
        &self,
        config: &'h PrometheusConfig,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Body<'h>, SourceError> {
        let (headers, token) = headers(config).await?;
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let url = address(config, path);
        let response = match &self.proxy {
            Some(proxy) => proxy.post(config, &url, headers, form).await?,
            None => {
                let sent = self.client.post(url).headers(headers).body(form).timeout(config.request_timeout);
                sent.send().await.map_err(|error| failure(config, error, 0))?
            }
        };
        let status = response.status().as_u16();
        let mut body = Body { config, token, response, bytes: 0 };
        if let Some(encoding) = body.response.headers().get(header::CONTENT_ENCODING).filter(|e| *e != "identity") {
            let why = format!("a body encoded as {encoding:?}, which was not requested");
            return Err(SourceError::Nonsense { server: config.server.clone(), why });
        }
        if status == 200 {
            return Ok(body);
        }
        let mut text = Vec::new();
        // A refusal with a truncated body is still that refusal.
        while let Ok(Some(chunk)) = body.chunk().await {
            text.extend_from_slice(&chunk[..chunk.len().min(MAX_REFUSAL - text.len())]);
            if text.len() >= MAX_REFUSAL {
                break;
            }
        }
        Err(answer::refusal(&config.server, status, body.hide(&text).as_bytes(), config.max_points))
    }
}

impl Body<'_> {
    /// The next bytes; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, SourceError> {
        match self.response.chunk().await {
            Ok(chunk) => {
                self.bytes += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
                Ok(chunk)
            }
            Err(error) => Err(failure(self.config, error, self.bytes)),
        }
    }

    /// Judges the envelope of the response, see [`answer::judge`].
    pub(super) fn judge(&self, envelope: &[u8], result_type: &str) -> Result<(), SourceError> {
        let (server, max_points) = (&self.config.server, self.config.max_points);
        answer::judge(server, envelope, result_type, max_points).or_else(|_| {
            // Judges it again, with the text that an error may repeat.
            answer::judge(server, self.hide(envelope).as_bytes(), result_type, max_points)
        })
    }

    /// A server's message without our secrets, should it repeat them.
    fn hide(&self, text: &[u8]) -> String {
        let headers = self.config.headers.iter().map(|(_, value)| value);
        let parameters = self.config.query_parameters.iter().map(|(_, value)| value);
        let mut text = String::from_utf8_lossy(text).into_owned();
        for secret in headers.chain(parameters).chain(self.token.as_ref()) {
            let secret = secret.expose_secret();
            let secret = secret.strip_prefix("Basic ").unwrap_or(secret);
            if secret.len() >= SECRET_LENGTH && text.contains(secret) {
                text = text.replace(secret, "***");
            }
        }
        text
    }
}

fn address(config: &PrometheusConfig, path: &str) -> Url {
    let mut url = config.base.clone();
    url.set_path(&format!("{}{path}", config.base.path()));
    if !config.query_parameters.is_empty() {
        // In the URL and not in the form, since proxies before the server read them there.
        url.query_pairs_mut()
            .extend_pairs(config.query_parameters.iter().map(|(name, value)| (name, value.expose_secret())));
    }
    url
}

async fn headers(config: &PrometheusConfig) -> Result<(HeaderMap, Option<SecretString>), SourceError> {
    let unusable = |why: String| SourceError::Credentials { server: config.server.clone(), why };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    for (name, value) in &config.headers {
        let mut value = HeaderValue::from_str(value.expose_secret())
            .map_err(|_| unusable(format!("the value of header {name} is malformed")))?;
        value.set_sensitive(true);
        headers.insert(name.clone(), value);
    }
    let token = match &config.bearer {
        None => None,
        Some(Bearer::Token(token)) => Some(token.clone()),
        Some(Bearer::File(path)) => {
            let text = tokio::fs::read_to_string(path)
                .await
                .map_err(|error| unusable(format!("token file {}: {error}", path.display())))?;
            Some(SecretString::from(text.trim()))
        }
    };
    if let Some(token) = &token {
        let value = bearer_value(token.expose_secret()).ok_or_else(|| {
            let place = match &config.bearer {
                Some(Bearer::File(path)) => format!("the bearer token in {}", path.display()),
                _ => "the bearer token".to_owned(),
            };
            unusable(format!("{place} is empty or malformed"))
        })?;
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok((headers, token))
}

fn failure(config: &PrometheusConfig, error: reqwest::Error, bytes: u64) -> SourceError {
    let server = config.server.clone();
    // The URL carries the query parameters.
    let error = error.without_url();
    if error.is_timeout() {
        return SourceError::Timeout { server, after_s: config.request_timeout.as_secs() };
    }
    let why = root_cause(&error);
    if is_tls(&error) {
        return SourceError::Tls { server, why };
    }
    if bytes > 0 || error.is_body() || error.is_decode() {
        return SourceError::Truncated { server, bytes };
    }
    SourceError::Unreachable { server, why }
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = cause.to_string();
        next = cause.source();
    }
    text
}

fn is_tls(error: &reqwest::Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        if cause.is::<rustls::Error>() {
            return true;
        }
        // The source of an io::Error is that of the error it wraps, so the wrapped error has to be checked itself.
        next = match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    false
}
