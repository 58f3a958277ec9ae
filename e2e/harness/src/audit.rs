//! The audit log as typed events: who asked the API server for what.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;

/// Events of tests are shorter than this, in bytes.
const LONGEST_LINE: u64 = 1024 * 1024;

/// The audit log of a plane. The API server writes an event before it answers, so everything a client has been told is
/// in it.
#[derive(Debug, Clone)]
pub struct AuditLog {
    path: PathBuf,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// When the request came in.
    pub time: Timestamp,
    /// `ResponseComplete`; `ResponseStarted` for an open watch; `Panic`.
    pub stage: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// The user.
    pub user: String,
    /// The user agent.
    pub user_agent: String,
    /// API group; empty for the core group.
    pub group: String,
    /// Plural name; empty for a request that is not for a resource.
    pub resource: String,
    /// `status`, `resize`, … or empty.
    pub subresource: String,
    /// Empty for cluster-scoped resources.
    pub namespace: String,
    /// Empty for lists and for server-generated names.
    pub name: String,
    /// Path and query.
    pub uri: String,
    /// HTTP status of the response; 0 if there is none yet.
    pub code: u16,
    /// The request body, if the policy records it.
    pub request_object: Option<serde_json::Value>,
}

impl AuditEvent {
    /// Whether it requests a change; dry runs do not.
    pub fn is_write(&self) -> bool {
        matches!(self.verb.as_str(), "create" | "update" | "patch" | "delete" | "deletecollection")
            && !self.uri.contains("dryRun=All")
            && !self.is_review()
    }

    /// `resource` or `resource/subresource`.
    pub fn target(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }

    // SubjectAccessReviews and the like are created but not stored.
    fn is_review(&self) -> bool {
        matches!(self.group.as_str(), "authorization.k8s.io" | "authentication.k8s.io")
    }
}

impl AuditLog {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// A mark for [`AuditLog::since`]: the end of the last complete line.
    ///
    /// # Errors
    /// When the plane writes no audit log.
    pub fn mark(&self) -> Result<u64> {
        let no_log = || format!("no audit log {}", self.path.display());
        let mut file = std::fs::File::open(&self.path).with_context(no_log)?;
        let end = file.metadata()?.len();
        let from = end.saturating_sub(LONGEST_LINE);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.take(end - from).read_to_end(&mut tail)?;
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Ok(from + u64::try_from(whole)?)
    }

    /// All events, in the order in which they were written.
    ///
    /// # Errors
    /// When there is no log, or a line is not an event.
    pub fn events(&self) -> Result<Vec<AuditEvent>> {
        self.since(0)
    }

    /// The events after a mark.
    ///
    /// # Errors
    /// When there is no log, or a line is not an event.
    pub fn since(&self, mark: u64) -> Result<Vec<AuditEvent>> {
        let mut file =
            std::fs::File::open(&self.path).with_context(|| format!("no audit log {}", self.path.display()))?;
        file.seek(SeekFrom::Start(mark))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // Anything after the last newline is still being written.
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        complete.lines().map(parse).collect()
    }
}

/// The writes of one program among `events`, counted by `verb resource[/subresource]`. `user_agent` is a prefix.
pub fn writes_by(events: &[AuditEvent], user_agent: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in events.iter().filter(|e| e.is_write() && e.user_agent.starts_with(user_agent)) {
        *counts.entry(format!("{} {}", event.verb, event.target())).or_default() += 1;
    }
    counts
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    stage: String,
    verb: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    user: RawUser,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    object_ref: RawRef,
    response_status: Option<RawStatus>,
    request_received_timestamp: Timestamp,
    request_object: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawUser {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawRef {
    api_group: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct RawStatus {
    #[serde(default)]
    code: u16,
}

fn parse(line: &str) -> Result<AuditEvent> {
    let raw: Raw = serde_json::from_str(line).with_context(|| format!("not an audit event: {line}"))?;
    Ok(AuditEvent {
        time: raw.request_received_timestamp,
        stage: raw.stage,
        verb: raw.verb,
        user: raw.user.username,
        user_agent: raw.user_agent,
        group: raw.object_ref.api_group,
        resource: raw.object_ref.resource,
        subresource: raw.object_ref.subresource,
        namespace: raw.object_ref.namespace,
        name: raw.object_ref.name,
        uri: raw.request_uri,
        code: raw.response_status.map_or(0, |s| s.code),
        request_object: raw.request_object,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn line(verb: &str, uri: &str, group: &str) -> String {
        format!(
            r#"{{"stage":"ResponseComplete","verb":"{verb}","requestURI":"{uri}","user":{{"username":"u"}},"userAgent":"trimtab/1","objectRef":{{"resource":"pods","apiGroup":"{group}","subresource":"resize"}},"responseStatus":{{"code":200}},"requestReceivedTimestamp":"2026-01-01T00:00:00.5Z"}}"#
        )
    }

    #[test]
    fn writes_are_counted_and_dry_runs_and_reviews_are_not() {
        let lines = [
            line("patch", "/x", ""),
            line("patch", "/x", ""),
            line("get", "/x", ""),
            line("patch", "/x?dryRun=All", ""),
            line("create", "/x", "authorization.k8s.io"),
        ];
        let events: Vec<_> = lines.iter().map(|l| parse(l).unwrap()).collect();
        assert_eq!(writes_by(&events, "trimtab/"), BTreeMap::from([("patch pods/resize".to_owned(), 2)]));
        assert!(writes_by(&events, "other").is_empty());
    }

    #[test]
    fn a_line_that_is_being_written_is_left_for_later() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{}\n{{\"stage\":", line("get", "/x", ""))).unwrap();
        let log = AuditLog::new(file.path().into());
        assert_eq!(log.events().unwrap().len(), 1);
        // Later lines about it come after a mark that is set now.
        let mark = log.mark().unwrap();
        std::fs::write(file.path(), format!("{}\n{}\n", line("get", "/x", ""), line("list", "/x", ""))).unwrap();
        let verbs: Vec<String> = log.since(mark).unwrap().into_iter().map(|e| e.verb).collect();
        assert_eq!(verbs, ["list"]);
    }
}
