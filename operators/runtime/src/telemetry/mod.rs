//! Logs, traces, redaction of secrets.
//!
//! In: a format, a filter, an optional OTLP endpoint. Out: a global subscriber that writes to standard error (standard
//! output is for results): text for people on a terminal, one JSON object per line elsewhere. With an OTLP endpoint,
//! spans are exported over HTTP and each log line inside a span carries its `trace_id`; without one, there is no
//! exporter.

mod dumps;
mod format;
mod otlp;
mod redact;

use std::{fmt, io::IsTerminal, str::FromStr, time::Duration};

use format::WithTrace;
use opentelemetry_sdk::trace::SdkTracerProvider;
use redact::RedactingWriter;
pub use redact::{Redactor, redact_url};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::{
    errors::{Class, Explain, Severity},
    timeout::with_timeout,
};

/// Libraries whose own logs repeat what this program reports better, or that would log their own export. The client's
/// builder is one: it logs each failed request again. Its other parts warn of things that nobody else reports. The
/// watcher is another: it warns at every attempt where it is forbidden, which a program without a feature's rights is for
/// good.
const QUIET: &str = "hyper=info,hyper_util=info,h2=info,tower=info,rustls=info,reqwest=info,opentelemetry=warn,\
                     opentelemetry_sdk=warn,opentelemetry_otlp=warn,kube_lease_manager=off,\
                     kube_client::client::builder=off,kube_runtime::watcher=error";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(format!("`{other}` is not one of auto, text, json")),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// What to log and where to trace.
#[derive(Clone, Debug, Default)]
pub struct TelemetryOptions {
    /// How lines look.
    pub format: LogFormat,
    /// A level (`info`) or directives (`info,trimtab_runtime=debug`). Without it: the variable `TRIMTAB_LOG`, else
    /// `info`.
    pub filter: Option<String>,
    /// Base URL of an OTLP/HTTP collector, for example `http://otel-collector:4318`. Without it: the standard variables
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, else no traces.
    pub otlp_endpoint: Option<String>,
    /// Masks secrets in every line.
    pub redactor: Redactor,
}

/// Logging cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("log filter `{filter}`: {message}")]
    Filter {
        /// As given.
        filter: String,
        /// What is wrong.
        message: String,
    },
    /// The exporter cannot be created.
    #[error("OTLP exporter: {message}")]
    Otlp {
        /// What is wrong.
        message: String,
    },
    /// Logging is set up already.
    #[error("logging is already set up")]
    Again,
}

impl Explain for TelemetryError {
    fn class(&self) -> Class {
        Class::User
    }
    fn severity(&self) -> Severity {
        Severity::Error
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Filter { .. } => "LogFilterInvalid",
            Self::Otlp { .. } => "OtlpInvalid",
            Self::Again => "TelemetryAlreadyStarted",
        }
    }
    fn what_to_do(&self) -> String {
        match self {
            Self::Filter { .. } => "Use a level such as `info`, or directives such as `info,trimtab_world=debug`.",
            Self::Otlp { .. } => "Check OTEL_EXPORTER_OTLP_ENDPOINT and its neighbours, or unset them.",
            Self::Again => "Start it once, in `main`.",
        }
        .to_owned()
    }
}

/// The exporter behind the global subscriber.
#[derive(Debug, Default)]
#[must_use = "call `shutdown` before the process ends, or the last spans are lost"]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Whether spans are exported.
    pub fn traces(&self) -> bool {
        self.provider.is_some()
    }

    /// Sends pending spans, for at most `within`.
    pub async fn shutdown(self, within: Duration) {
        let Some(provider) = self.provider else { return };
        // The provider blocks its thread.
        let flush = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(within));
        match with_timeout("flush traces", within, flush).await {
            Ok(Ok(Ok(()))) => {}
            other => tracing::warn!(?other, "the last traces were not sent"),
        }
    }
}

/// Sets the global subscriber. With an OTLP endpoint, call it inside a Tokio runtime and after a TLS provider is
/// installed.
///
/// # Errors
/// [`TelemetryError`]; nothing is set then.
pub fn init(options: &TelemetryOptions) -> Result<Telemetry, TelemetryError> {
    let filter = filter(options.filter.clone().or_else(|| std::env::var("TRIMTAB_LOG").ok()))?;
    let provider = otlp::provider(options.otlp_endpoint.as_deref())?;
    let writer = RedactingWriter::new(std::io::stderr, options.redactor.clone());
    let terminal = std::io::stderr().is_terminal();
    let logs = lines(options.format, terminal, provider.is_some(), writer).with_filter(filter);
    tracing_subscriber::registry()
        .with(logs)
        // Spans are exported whatever the log level is: each layer has a filter of its own.
        .with(provider.as_ref().map(otlp::layer))
        .try_init()
        .map_err(|_| TelemetryError::Again)?;
    Ok(Telemetry { provider })
}

fn filter(directives: Option<String>) -> Result<EnvFilter, TelemetryError> {
    let directives = directives.filter(|d| !d.trim().is_empty()).unwrap_or_else(|| "info".to_owned());
    // A word alone that is no level would be a target, and all else would be silent.
    if let Some(word) = directives.split(',').map(str::trim).find(|word| is_misspelt(word)) {
        let message = format!("`{word}` is no level: they are off, error, warn, info, debug and trace");
        return Err(TelemetryError::Filter { filter: directives, message });
    }
    // The given directives come last, so that they override the quiet list.
    EnvFilter::try_new(format!("{QUIET},{directives}"))
        .map_err(|e| TelemetryError::Filter { filter: directives, message: e.to_string() })
}

/// Whether a directive is one word, and neither a level nor the path of a module.
fn is_misspelt(word: &str) -> bool {
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric());
    is_word && word.parse::<LevelFilter>().is_err()
}

/// The layer that writes lines.
fn lines<W>(format: LogFormat, terminal: bool, traces: bool, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'w> tracing_subscriber::fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let json = format == LogFormat::Json || (format == LogFormat::Auto && !terminal);
    // A line that cannot be written is lost. Reporting that on the same broken pipe would panic.
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).log_internal_errors(false);
    if json {
        let event =
            tracing_subscriber::fmt::format().json().flatten_event(true).with_current_span(true).with_span_list(false);
        layer.json().event_format(WithTrace::new(event, traces, true)).boxed()
    } else {
        let event = tracing_subscriber::fmt::format().with_ansi(terminal);
        layer.with_ansi(terminal).event_format(WithTrace::new(event, traces, false)).boxed()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
