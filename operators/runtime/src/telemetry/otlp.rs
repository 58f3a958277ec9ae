//! Export of spans over OTLP/HTTP. In: an endpoint, or the standard variables. Out: a tracer provider, or none.

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    runtime::Tokio,
    trace::{SdkTracerProvider, span_processor_with_async_runtime::BatchSpanProcessor},
};
use tracing::Subscriber;
use tracing_subscriber::registry::LookupSpan;

use super::TelemetryError;

/// The variables that turn export on, as the OpenTelemetry specification names them.
const VARIABLES: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// A provider if an endpoint is configured.
pub(super) fn provider(endpoint: Option<&str>) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    let by_variable = VARIABLES.iter().any(|v| std::env::var(v).is_ok_and(|value| !value.is_empty()));
    let endpoint = endpoint.filter(|e| !e.is_empty());
    if endpoint.is_none() && !by_variable {
        return Ok(None);
    }
    let mut exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
    if let Some(base) = endpoint {
        exporter = exporter.with_endpoint(format!("{}/v1/traces", base.trim_end_matches('/')));
    }
    let exporter = exporter.build().map_err(|e| TelemetryError::Otlp { message: e.to_string() })?;
    let resource = Resource::builder()
        .with_service_name("trimtab")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        // On the Tokio runtime: the HTTP client needs one, the processor with a thread of its own has none.
        .with_span_processor(BatchSpanProcessor::builder(exporter, Tokio).build())
        .with_resource(resource)
        .build();
    Ok(Some(provider))
}

/// The layer that exports the spans of this program, but not those of libraries.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl tracing_subscriber::Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    use tracing_subscriber::{Layer, filter};
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("trimtab"))
        .with_filter(filter::filter_fn(|meta| meta.is_span() && meta.target().starts_with("trimtab")))
}
