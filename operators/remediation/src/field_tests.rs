use serde_json::json;

use super::*;
use crate::testkit::{node, other};

const PATH: &str = "/spec/unschedulable";

fn stored(set_by: Option<&str>) -> FormerField {
    FormerField {
        object: "nodes/n1".to_owned(),
        uid: Some("n-1".to_owned()),
        path: PATH.to_owned(),
        former: None,
        written: Some("true".to_owned()),
        set_by: set_by.map(str::to_owned),
        version: Some("7".to_owned()),
        secret_name: None,
    }
}

#[test]
fn a_change_is_sent_once_and_only_to_what_was_announced() {
    use Ahead::{Announce, Applied, Changed, InDoubt, Send, Theirs};
    let stored = stored(None);
    let kept = Kept::read("s", &stored).unwrap();
    for (value, writer, version, tried, expected) in [
        (None, Writer::Nobody, "7", None, Send),
        (None, Writer::Nobody, "7", Some(Tried::InDoubt), Send),
        (None, Writer::Nobody, "8", None, InDoubt),
        (None, Writer::Nobody, "8", Some(Tried::InDoubt), InDoubt),
        (None, Writer::Nobody, "8", Some(Tried::Refuted), Announce),
        (None, Writer::Nobody, "8", Some(Tried::Accepted), Changed),
        (None, other("kubectl"), "8", None, Changed),
        (Some(json!(true)), Writer::ThisAction, "8", None, Applied),
        (Some(json!(true)), Writer::ThisAction, "8", Some(Tried::Refuted), Applied),
        (Some(json!(true)), other("kubectl"), "8", None, Theirs),
        (Some(json!(true)), Writer::Nobody, "8", None, Theirs),
        (Some(json!("x")), Writer::Nobody, "7", None, Changed),
    ] {
        let mut observed = node("n1");
        observed.version = version.to_owned();
        let live = Field { subresource: String::new(), path: PATH.to_owned(), value, writer };
        assert_eq!(ahead(&kept, &observed, &live, tried), expected, "{live:?} at {version}, {tried:?}");
    }
}

#[test]
fn where_somebody_owns_the_field_its_owner_tells_and_the_version_does_not_count() {
    let by = other("kubectl");
    let stored = stored(by.kept().as_deref());
    let kept = Kept::read("s", &stored).unwrap();
    let mut observed = node("n1");
    observed.version = "99".to_owned();
    let mut live = Field { subresource: String::new(), path: PATH.to_owned(), value: None, writer: by };
    assert_eq!(ahead(&kept, &observed, &live, None), Ahead::Send);
    live.writer = other("argocd");
    assert_eq!(ahead(&kept, &observed, &live, None), Ahead::Changed);
}

#[test]
fn the_former_value_comes_back_only_where_the_field_is_as_this_action_left_it() {
    let (former, first, last) = (Some(json!(2)), Some(json!(4)), Some(json!(6)));
    let answer = |value, writer| {
        let live = Field { subresource: "scale".to_owned(), path: "/spec/replicas".to_owned(), value, writer };
        back(&former, &[&first, &last], &live)
    };
    assert_eq!(answer(former.clone(), other("kubectl")), Back::Restored);
    assert_eq!(answer(last.clone(), Writer::ThisAction), Back::Send);
    assert_eq!(answer(first.clone(), Writer::ThisAction), Back::Send);
    for (value, writer, says) in [
        (
            Some(json!(3)),
            other("kubectl"),
            "kubectl at 2027-01-15T08:00:00Z has set it to 3, this action had set it to 6",
        ),
        (last.clone(), other("kubectl"), "kubectl at 2027-01-15T08:00:00Z has set it to 6 as well"),
        (None, Writer::Nobody, "somebody has removed it, this action had set it to 6"),
    ] {
        assert_eq!(answer(value, writer), Back::Refused(says.to_owned()));
    }
}

#[test]
fn what_cannot_be_read_again_is_said() {
    let mut wrong = stored(None);
    wrong.written = Some("{".to_owned());
    let said = Kept::read("s", &wrong).unwrap_err();
    assert!(said.contains("nodes/n1 /spec/unschedulable of step s"), "{said}");
    wrong.uid = None;
    assert!(Kept::read("s", &wrong).unwrap_err().contains("no uid"));
}
