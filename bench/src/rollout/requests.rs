//! What one account asked the API server for, by its audit log. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_e2e::AuditEvent;

/// The name of a ServiceAccount as a user.
pub fn account(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}

/// Seconds from one time to another.
pub fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// The requests of `user` to resize a pod, refused ones included.
pub fn resizes<'a>(events: &'a [AuditEvent], user: &'a str) -> impl Iterator<Item = &'a AuditEvent> {
    events.iter().filter(move |e| e.user == user && e.target() == "pods/resize")
}

/// When `user` resized pods, in seconds since `begun`, sorted.
pub fn resized_after(events: &[AuditEvent], user: &str, begun: Timestamp) -> Vec<f64> {
    let done = resizes(events, user).filter(|e| e.code == 200);
    let mut times: Vec<f64> = done.map(|e| seconds(begun, e.time)).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The requests of `user` per workload, by verb and resource, watches left out. Writes of a status are told apart by
/// their field manager, because several controllers write parts of one; and answers of 400 and above by their code.
pub fn per_workload(events: &[AuditEvent], user: &str, workloads: usize) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for event in events.iter().filter(|e| e.user == user && e.verb != "watch") {
        let manager = event.uri.split(['?', '&']).find_map(|part| part.strip_prefix("fieldManager="));
        let by = manager.filter(|_| event.subresource == "status").map(|name| format!(" by {name}"));
        let code = (event.code >= 400).then(|| format!(" ({})", event.code));
        let words = [by, code].map(Option::unwrap_or_default).concat();
        let request = format!("{} {}{words}", event.verb, event.target());
        *counts.entry(request).or_default() += 1.0 / workloads as f64;
    }
    counts
}

/// For each Recommendation that `approver` approved: seconds until `user` had resized the first pod of its workload.
pub fn first_pods(events: &[AuditEvent], approver: &str, user: &str) -> BTreeMap<String, f64> {
    let mut first = BTreeMap::new();
    for approval in events.iter().filter(|e| e.user == approver && e.is_write() && e.code == 200) {
        let workload = format!("{}-", approval.name.strip_prefix("deploy-").unwrap_or(&approval.name));
        let of = |e: &&AuditEvent| e.namespace == approval.namespace && e.name.starts_with(&workload) && e.code == 200;
        if let Some(resize) = resizes(events, user).filter(of).map(|e| e.time).min() {
            first.insert(format!("{}/{}", approval.namespace, approval.name), seconds(approval.time, resize));
        }
    }
    first
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn event(user: &str, verb: &str, (resource, subresource): (&str, &str), name: &str, at_s: i64) -> AuditEvent {
        let manager = format!("{user}-{subresource}");
        AuditEvent {
            time: Timestamp::from_second(at_s).unwrap(),
            stage: "ResponseComplete".into(),
            verb: verb.into(),
            user: user.into(),
            user_agent: String::new(),
            group: String::new(),
            resource: resource.into(),
            subresource: subresource.into(),
            namespace: "w-00".into(),
            name: name.into(),
            uri: format!("/apis/x/{name}?&force=true&fieldManager={manager}"),
            code: 200,
            request_object: None,
        }
    }

    #[test]
    fn requests_are_those_of_one_account_and_statuses_are_told_apart() {
        let status = ("recommendations", "status");
        let events = [
            event("t", "patch", status, "deploy-a", 1),
            AuditEvent { uri: "/x?fieldManager=other".into(), ..event("t", "patch", status, "deploy-a", 1) },
            event("t", "patch", ("pods", "resize"), "a-1", 1),
            event("t", "patch", ("pods", "resize"), "a-2", 2),
            event("t", "watch", ("pods", ""), "", 3),
            AuditEvent { code: 409, ..event("t", "patch", ("pods", "resize"), "a-2", 3) },
            event("kwok", "patch", ("pods", "status"), "a-1", 3),
        ];
        let expected = [
            ("patch pods/resize", 1.0),
            ("patch pods/resize (409)", 0.5),
            ("patch recommendations/status by other", 0.5),
            ("patch recommendations/status by t-status", 0.5),
        ];
        let expected = expected.map(|(request, count)| (request.to_owned(), count));
        assert_eq!(per_workload(&events, "t", 2), BTreeMap::from(expected));
    }

    #[test]
    fn the_first_pod_is_that_of_the_approved_workload_and_refused_resizes_are_none() {
        let refused = AuditEvent { code: 409, ..event("t", "patch", ("pods", "resize"), "a-x-1", 11) };
        let events = [
            event("me", "patch", ("recommendations", ""), "deploy-a", 10),
            refused,
            event("t", "patch", ("pods", "resize"), "ab-x-1", 12),
            event("t", "patch", ("pods", "resize"), "a-x-2", 14),
            event("t", "patch", ("pods", "resize"), "a-x-1", 13),
        ];
        assert_eq!(first_pods(&events, "me", "t"), BTreeMap::from([("w-00/deploy-a".to_owned(), 3.0)]));
        let begun = Timestamp::from_second(10).unwrap();
        assert_eq!(resized_after(&events, "t", begun), [2.0, 3.0, 4.0]);
        assert_eq!(resizes(&events, "t").count(), 4);
    }
}
