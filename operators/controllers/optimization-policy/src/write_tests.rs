use trimtab_runtime::apply::Target;

use super::*;

/// An error; whether nothing is left to write, whether it fails the pass as that of a Recommendation, and as that of a
/// status that shows nowhere else why it is not written.
type Case = (ApplyError, bool, bool, bool);

#[test]
fn a_pass_fails_where_trimtab_could_not_work_and_not_where_others_refuse() {
    let text = || "why".to_owned();
    let target = || {
        Box::new(Target {
            verb: "patch",
            group: "trimtab.dev".to_owned(),
            resource: "recommendations".to_owned(),
            namespace: Some("shop".to_owned()),
            name: "deploy-web".to_owned(),
        })
    };
    let cases: Vec<Case> = vec![
        (ApplyError::NotFound { target: target() }, true, false, false),
        (ApplyError::NamespaceNotFound { namespace: text() }, true, false, false),
        (ApplyError::NamespaceTerminating { namespace: text() }, true, false, false),
        (ApplyError::NotLeader, false, false, false),
        (ApplyError::Stale { target: target(), message: text() }, false, false, false),
        (ApplyError::AlreadyExists { target: target() }, false, false, false),
        (ApplyError::Denied { target: target(), message: text() }, false, false, true),
        (ApplyError::QuotaExceeded { target: target(), message: text() }, false, false, true),
        (ApplyError::Conflict { target: target(), owners: Vec::new() }, false, false, true),
        (ApplyError::Invalid { target: target(), message: text() }, false, true, true),
        (ApplyError::KindNotServed { resource: text() }, false, true, true),
        (ApplyError::Forbidden { verb: text(), resource: text(), message: text() }, false, true, true),
        (ApplyError::Throttled { retry_after: None }, false, true, true),
        (ApplyError::Unavailable { message: text() }, false, true, true),
    ];
    for (error, settled, fails, unexpected) in cases {
        let found = (is_settled(&error), fails_the_pass(&error), is_unexpected(&error));
        assert_eq!(found, (settled, fails, unexpected), "{error}");
    }
}
