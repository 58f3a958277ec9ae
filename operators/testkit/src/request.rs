//! What a request asks for. In: method, address, headers and body of an HTTP request. Out: an [`Asked`]. Pure; knows no
//! kind: the plural in the path names the resource, whatever its group.

use http::{Method, header::CONTENT_TYPE, request::Parts};
use jiff::Timestamp;
use serde_json::Value;

/// A request as the server understood it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// `get`, `list`, `watch`, `create`, `update`, `delete`; `apply` for a server-side apply, `patch` for other patches.
    pub verb: &'static str,
    /// The plural, with `/subresource` if there is one.
    pub resource: String,
    /// Empty for a cluster-scoped object, and for a list over all namespaces.
    pub namespace: String,
    /// Empty for a list, and for a creation whose name is in the body.
    pub name: String,
    /// The field manager.
    pub manager: String,
    /// The body; null without one.
    pub body: Value,
    /// When it arrived, by the clock of the server.
    pub at: Timestamp,
    /// The code of the answer; `None`: not answered, or the answer was lost.
    pub code: Option<u16>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) strategic: bool,
}

impl Asked {
    /// Reads a request that arrived at `at`; `None` if the server does not serve such paths.
    pub(crate) fn read(parts: &Parts, body: &[u8], at: Timestamp) -> Option<Self> {
        let path: Vec<&str> = parts.uri.path().split('/').filter(|part| !part.is_empty()).collect();
        let rest = match path.as_slice() {
            ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            rest => ("", rest),
        };
        let (resource, name) = match rest {
            [plural] => ((*plural).to_owned(), ""),
            [plural, name] => ((*plural).to_owned(), *name),
            [plural, name, subresource] => (format!("{plural}/{subresource}"), *name),
            _ => return None,
        };
        let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let query: Vec<(String, String)> = query.into_owned().collect();
        let value = |key: &str| query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        let form = parts.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let verb = match parts.method {
            Method::GET if value("watch") == Some("true") => "watch",
            Method::GET if name.is_empty() => "list",
            Method::GET => "get",
            Method::POST => "create",
            Method::PUT => "update",
            Method::DELETE => "delete",
            Method::PATCH if form.starts_with("application/apply-patch") => "apply",
            Method::PATCH => "patch",
            _ => return None,
        };
        Some(Self {
            verb,
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            manager: value("fieldManager").unwrap_or("unknown").to_owned(),
            body: serde_json::from_slice(body).unwrap_or_default(),
            at,
            code: None,
            strategic: form.starts_with("application/strategic-merge-patch"),
            query,
        })
    }

    /// Whether it may change something.
    pub fn is_write(&self) -> bool {
        !matches!(self.verb, "get" | "list" | "watch")
    }

    /// Verb, resource and name in a line.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.verb, self.resource, self.name)
    }

    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    pub(crate) fn plural(&self) -> &str {
        self.resource.split('/').next().unwrap_or_default()
    }

    pub(crate) fn subresource(&self) -> &str {
        self.resource.split_once('/').map_or("", |(_, subresource)| subresource)
    }

    /// Whether an object is in this list or watch.
    pub(crate) fn covers(&self, namespace: &str, object: &Value) -> bool {
        let has = |selector: Option<&str>, of: &dyn Fn(&str) -> Option<String>| {
            let mut terms = selector.unwrap_or_default().split(',').filter(|term| !term.is_empty());
            terms.all(|term| {
                term.split_once('=').is_some_and(|(k, v)| of(k).as_deref() == Some(v.trim_start_matches('=')))
            })
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let label = |key: &str| text(&object["metadata"]["labels"][key]);
        let field = |path: &str| object.pointer(&format!("/{}", path.replace('.', "/"))).and_then(text);
        (self.namespace.is_empty() || self.namespace == namespace)
            && has(self.value("labelSelector"), &label)
            && has(self.value("fieldSelector"), &field)
    }
}
