//! Places: which Recommendation holds a workload, and how many rollouts of a policy are under way.

use trimtab_testkit::{Server, Then};

use crate::{
    bed::{Bed, ready, rec, stage},
    fixtures::{self, NEW},
};

fn message(server: &Server, name: &str) -> String {
    rec(server, name).map(|rec| ready(&rec)["message"].to_string()).unwrap_or_default()
}

/// The Recommendations that announced a rollout, in the order in which they did.
fn begun(bed: &Bed) -> Vec<String> {
    let writes = bed.server.writes().into_iter();
    let mut names: Vec<String> = writes
        .filter(|w| w.resource == "recommendations/status" && stage(w) == "Resizing" && w.code == Some(200))
        .map(|w| w.name)
        .collect();
    names.dedup();
    names
}

#[tokio::test(start_paused = true)]
async fn of_two_for_one_workload_one_begins_and_the_other_waits_until_it_is_settled() {
    let bed = Bed::start(&["web"]).await;
    let first = bed.proposed("web").await;
    fixtures::by_hand(&bed.server, "web", "second", "300m");
    bed.stands("second", "PendingApproval").await;
    fixtures::approve_at_once(&bed.server, &[&first, "second"]);
    let began = bed.until("one has begun", |_| begun(&bed).first().cloned()).await;
    let (waits, cpu) = if began == first { ("second", "300m") } else { (first.as_str(), NEW) };
    bed.stands(waits, "Blocked").await;
    bed.until("it says for which one it waits", |server| {
        let text = message(server, waits);
        (text.contains("is changing") && text.contains(&format!("Recommendation {began} "))).then_some(())
    })
    .await;
    bed.stands(&began, "Applied").await;
    bed.until("it says whose size is in force", |server| {
        let text = message(server, waits);
        (text.contains("in force") && text.contains(&format!("Recommendation {began} "))).then_some(())
    })
    .await;
    assert_eq!(begun(&bed), std::slice::from_ref(&began), "only one has begun");
    // A deletion says nothing against the change, so no back-off follows.
    bed.server.delete("recommendations", "shop", &began);
    bed.stands(waits, "Applied").await;
    assert!(rec(&bed.server, &began).is_none(), "it was settled first");
    assert_eq!(bed.sizes("web"), [cpu, cpu]);
}

#[tokio::test(start_paused = true)]
async fn a_place_is_given_back_when_the_rollout_does_not_begin_after_all() {
    let bed = Bed::start(&["web"]).await;
    let first = bed.proposed("web").await;
    fixtures::by_hand(&bed.server, "web", "second", "300m");
    bed.stands("second", "PendingApproval").await;
    // The approval is taken back at the moment of the announcement, which is therefore refused.
    let name = first.clone();
    let act = Then::meanwhile(move |server| {
        fixtures::undecide(server, &name);
        fixtures::decide(server, "second", "Approved");
    });
    bed.server.at(1, "apply", "recommendations/status", act);
    bed.decide(&first, "Approved");
    bed.stands("second", "Applied").await;
    assert_eq!(begun(&bed), ["second"]);
    assert_eq!(bed.sizes("web"), ["300m", "300m"]);
    bed.stands(&first, "PendingApproval").await;
}

#[tokio::test(start_paused = true)]
async fn a_second_workload_waits_while_the_policy_lets_only_one_change() {
    let bed = Bed::start(&["api", "web"]).await;
    let names = [bed.proposed("api").await, bed.proposed("web").await];
    fixtures::approve_at_once(&bed.server, &[&names[0], &names[1]]);
    let began = bed.until("one has begun", |_| begun(&bed).first().cloned()).await;
    let waits = names.iter().find(|name| **name != began).unwrap();
    bed.stands(waits, "Blocked").await;
    bed.until("it says what limits it", |server| {
        message(server, waits).contains("limits.maxConcurrentRollouts").then_some(())
    })
    .await;
    for name in &names {
        bed.stands(name, "Applied").await;
    }
    let story = bed.story();
    let at = |line: String| story.iter().position(|l| *l == line).unwrap();
    assert!(
        at(format!("status {began} Ended")) < at(format!("status {waits} Resizing")),
        "never both at once: {story:#?}"
    );
}
