//! A program's requests to the API server, by the audit log. Pure.

use std::collections::BTreeMap;

use trimtab_e2e::AuditEvent;

/// Requests of one program in one time span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requests {
    /// How many, by `verb resource[/subresource]`; pages after the first of a list are `page`.
    pub counts: BTreeMap<String, usize>,
    /// Writes, those of Leases left out.
    pub writes: usize,
    /// Answers of 400 and above.
    pub failed: usize,
}

/// Counts the requests among `events`.
pub fn count<'e>(events: impl IntoIterator<Item = &'e AuditEvent>) -> Requests {
    let mut requests = Requests::default();
    for event in events {
        // A watch is logged when it begins, and again when it ends.
        if (event.verb == "watch") != (event.stage == "ResponseStarted") {
            continue;
        }
        let next_page = event.verb == "list" && event.uri.contains("continue=");
        let verb = if next_page { "page" } else { event.verb.as_str() };
        *requests.counts.entry(format!("{verb} {}", event.target())).or_default() += 1;
        requests.writes += usize::from(event.is_write() && event.resource != "leases");
        requests.failed += usize::from(event.code >= 400);
    }
    requests
}

/// Kinds that were listed or watched, but not each once.
pub fn list_faults(at_start: &Requests) -> Vec<String> {
    let of = |verb: &str, resource: &str| at_start.counts.get(&format!("{verb} {resource}")).copied().unwrap_or(0);
    let resources: std::collections::BTreeSet<&str> =
        at_start.counts.keys().filter_map(|k| k.strip_prefix("list ").or_else(|| k.strip_prefix("watch "))).collect();
    let faults = resources.into_iter().filter_map(|resource| {
        let (lists, watches) = (of("list", resource), of("watch", resource));
        // A streaming list is only a watch. A server with newly added CRDs ends their watches once, and they resume
        // where they were, without a list.
        let good = (1..=2).contains(&watches) && lists <= 1;
        (!good).then(|| format!("{resource}: {lists} lists, {watches} watches"))
    });
    faults.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use jiff::Timestamp;

    use super::*;

    fn event(verb: &str, resource: &str, stage: &str, uri: &str) -> AuditEvent {
        AuditEvent {
            time: Timestamp::UNIX_EPOCH,
            stage: stage.into(),
            verb: verb.into(),
            user: "u".into(),
            user_agent: "trimtab/1".into(),
            group: String::new(),
            resource: resource.into(),
            subresource: String::new(),
            namespace: String::new(),
            name: String::new(),
            uri: uri.into(),
            code: 200,
            request_object: None,
        }
    }

    #[test]
    fn pages_watches_and_leases_are_told_apart() {
        let done = "ResponseComplete";
        let events = [
            event("list", "pods", done, "/api/v1/pods?limit=500"),
            event("list", "pods", done, "/api/v1/pods?limit=500&continue=abc"),
            event("watch", "pods", "ResponseStarted", "/api/v1/pods?watch=true"),
            event("watch", "pods", done, "/api/v1/pods?watch=true"),
            event("patch", "leases", done, "/x"),
            event("patch", "recommendations", done, "/x"),
        ];
        let got = count(&events);
        let expected = ["list pods", "page pods", "patch leases", "patch recommendations", "watch pods"]
            .map(|k| (k.to_owned(), 1));
        assert_eq!(got.counts, BTreeMap::from(expected));
        assert_eq!((got.writes, got.failed), (1, 0));
        assert!(list_faults(&got).is_empty());
    }

    #[test]
    fn a_second_list_or_an_absent_watch_is_a_fault() {
        let done = "ResponseComplete";
        let twice = [
            event("list", "pods", done, "/p"),
            event("list", "pods", done, "/p"),
            event("watch", "pods", "ResponseStarted", "/p"),
            event("list", "nodes", done, "/n"),
        ];
        let faults = list_faults(&count(&twice));
        assert_eq!(faults, ["nodes: 1 lists, 0 watches", "pods: 2 lists, 1 watches"]);
    }
}
