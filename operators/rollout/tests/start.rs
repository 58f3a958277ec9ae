//! Exactly the gates that block the start of a rollout are reported.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use points::{NOW, at, gate};
use trimtab_rollout::{
    Session,
    ask::{Standing, Step},
    step,
    view::View,
};

fn closed(view: &View) -> Vec<(String, String)> {
    match step(view, Session::default(), None, NOW).1 {
        Step::Wait { standing: Standing::Blocked(gates), .. } => {
            gates.into_iter().map(|gate| (gate.gate, gate.message)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_workload_that_is_not_measured_because_a_gate_is_closed_is_no_gate() {
    let mut view = at("not begun");
    view.protected = false;
    view.baseline = Err("not yet".to_owned());
    let unmeasured = closed(&view);
    assert_eq!(unmeasured.len(), 1);
    assert!(unmeasured[0].0 == "Baseline" && unmeasured[0].1.ends_with("not yet"), "{unmeasured:?}");

    type Hold = fn(&mut View);
    let held: [(&str, Hold); 3] = [
        ("Window", |view| view.start_gates = vec![gate("Window", "WindowClosed")]),
        ("Policy", |view| view.forward_gates = vec![gate("Policy", "PolicySuspended")]),
        ("Target", |view| view.target = None),
    ];
    for (expected, hold) in held {
        let mut view = view.clone();
        hold(&mut view);
        let names: Vec<String> = closed(&view).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [expected]);
    }
}
