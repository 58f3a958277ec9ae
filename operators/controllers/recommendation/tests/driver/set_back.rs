//! A mutating webhook or an autoscaler sets pods back to the size that they had: Trimtab does not fight it.

use serde_json::json;
use trimtab_testkit::Then;

use crate::{
    bed::{Bed, ready},
    fixtures::{FORMER, NEW},
};

/// After a resize both pods have this CPU request, whatever was asked for.
fn sets_back(cpu: &'static str) -> Then {
    Then::afterwards(move |server| {
        for pod in ["web-1-a", "web-1-b"] {
            server.edit(("pods", "shop", pod), "autoscaler", |pod| {
                pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!(cpu);
            });
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_set_back_is_tried_a_few_times_and_undone() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    bed.server.always("patch", "pods/resize", sets_back(FORMER));
    bed.decide(&name, "Approved");
    let undone = bed.stands(&name, "RolledBack").await;
    let undo = undone["status"]["rollout"]["undo"].clone();
    assert_eq!(undo["reason"], "ResizeSetBack");
    let message = undo["message"].as_str().unwrap();
    assert!(message.contains("pod web-1-a was resized 5 times"), "{message}");
    assert!(message.contains("mutating webhooks") && message.contains("VerticalPodAutoscaler"), "{message}");
    assert_eq!(bed.resized(), ["web-1-a"; 5]);
    let resizes: Vec<_> = bed.server.writes().into_iter().filter(|asked| asked.resource == "pods/resize").collect();
    let pauses = resizes.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at).as_secs());
    let pauses: Vec<i64> = pauses.collect();
    assert!(pauses.iter().zip([1, 2, 4, 8]).all(|(pause, least)| *pause >= least), "{pauses:?}");
    bed.later(3600).await;
    assert_eq!(bed.resized().len(), 5, "it is not tried again");
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_is_set_back_goes_on_with_pauses_until_it_succeeds() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.stands(&name, "Applied").await;
    let before = bed.resized().len();
    bed.server.always("patch", "pods/resize", sets_back(NEW));
    bed.decide(&name, "Rejected");
    let blocked = ready(&bed.stands(&name, "UndoBlocked").await)["message"].to_string();
    assert!(blocked.contains("something else set its size back"), "{blocked}");
    bed.later(300).await;
    let tried = bed.resized().len() - before;
    assert!((4..60).contains(&tried), "{tried} resizes in five minutes");
    bed.server.heal();
    bed.stands(&name, "RolledBack").await;
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
}
