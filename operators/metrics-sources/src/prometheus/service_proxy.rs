//! A Prometheus in the cluster, reached through the API server: `/api/v1/namespaces/NS/services/NAME:PORT/proxy`.
//!
//! In: a client of the API server and the Service. Out: the Service's own responses. For programs outside the cluster,
//! which have a kubeconfig and no route to a Service.

use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use kube::{Client, client::Body};
use url::Url;

use super::config::PrometheusConfig;
use crate::error::SourceError;

/// The route to a Service through the API server. It needs the verb `create` on `services/proxy`.
#[derive(Clone)]
pub struct ServiceProxy {
    /// The client whose API server forwards requests.
    pub client: Client,
    /// The namespace of the Service.
    pub namespace: String,
    /// Its name.
    pub service: String,
    /// The number or name of its port.
    pub port: String,
    /// Whether the Service speaks TLS.
    pub tls: bool,
}

impl ServiceProxy {
    /// The path prefix before the Service's own.
    fn prefix(&self) -> String {
        let scheme = if self.tls { "https:" } else { "" };
        format!("/api/v1/namespaces/{}/services/{scheme}{}:{}/proxy", self.namespace, self.service, self.port)
    }

    /// Posts a form to the path of `url`.
    pub(super) async fn post(
        &self,
        config: &PrometheusConfig,
        url: &Url,
        mut headers: HeaderMap,
        form: String,
    ) -> Result<reqwest::Response, SourceError> {
        let server = || config.server.clone();
        let unreachable = |why: String| SourceError::Unreachable { server: server(), why };
        // The API server would take it for the credentials of the caller.
        headers.remove(header::AUTHORIZATION);
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut request = Request::post(format!("{}{}{query}", self.prefix(), url.path()))
            .body(Body::from(form.into_bytes()))
            .map_err(|error| unreachable(error.to_string()))?;
        *request.headers_mut() = headers;
        let answer = tokio::time::timeout(config.request_timeout, self.client.send(request)).await;
        let answer = answer
            .map_err(|_| SourceError::Timeout { server: server(), after_s: config.request_timeout.as_secs() })?
            .map_err(|error| unreachable(format!("through the API server: {error}")))?;
        let stream = |body: Body| reqwest::Body::wrap_stream(body.into_data_stream());
        Ok(reqwest::Response::from(answer.map(stream)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::{Arc, Mutex};

    use http::Response;

    use super::*;
    use crate::{PrometheusSettings, PrometheusSource, UsageSource};

    #[tokio::test]
    async fn the_api_server_is_asked_and_never_given_the_token_of_prometheus() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let has_token = request.headers().contains_key(header::AUTHORIZATION);
            noted.lock().unwrap().push((request.uri().to_string(), has_token));
            async {
                let text =
                    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[5,"4"]}]}}"#;
                Ok::<_, tower::BoxError>(Response::new(Body::from(text.as_bytes().to_vec())))
            }
        });
        let mut settings = PrometheusSettings::new("http://mimir.metrics:8080/prometheus");
        settings.bearer = Some(crate::Bearer::Token("a-secret-token".into()));
        let proxy = |tls| ServiceProxy {
            client: Client::new(service.clone(), "default"),
            namespace: "metrics".to_owned(),
            service: "mimir".to_owned(),
            port: "8080".to_owned(),
            tls,
        };
        for tls in [false, true] {
            let config = PrometheusConfig::check(settings.clone()).unwrap();
            let source = PrometheusSource::through(config, proxy(tls)).unwrap();
            assert_eq!(source.check(5).await.unwrap().newest_sample_s, Some(4));
        }
        let seen = seen.lock().unwrap().clone();
        let path =
            |service: &str| format!("/api/v1/namespaces/metrics/services/{service}:8080/proxy/prometheus/api/v1/query");
        assert_eq!(seen, [(path("mimir"), false), (path("https:mimir"), false)]);
    }
}
