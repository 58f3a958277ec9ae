use super::*;

#[test]
fn a_missing_right_to_a_custom_resource_is_said_with_the_right_to_give() {
    let WorkloadKind::Custom(hidden) = WorkloadKind::named("Hidden.v1.example.com").unwrap() else { unreachable!() };
    let because = |reason| unseen_because(&Missing { kind: Kind::Custom(hidden), namespace: None, reason });
    let forbidden = |on: &str| Refusal::Forbidden { verb: "list", on: on.to_owned() };
    assert_eq!(
        because(forbidden("hiddens.example.com")),
        "Hidden is named by --workload-kinds but not sized, Forbidden: verb list on hiddens.example.com: grant the \
         controller list and watch on hiddens of apiGroup example.com"
    );
    for reason in [forbidden("/apis/example.com/v1"), Refusal::NotScalable("Hidden is in no namespace".to_owned())] {
        let text = format!("Hidden is named by --workload-kinds but not sized, {reason}");
        assert_eq!(because(reason), text);
    }
}
