//! Recommendations that go without being settled, and what they leave in AppliedSizes.

use serde_json::json;

use crate::{
    bed::{Bed, rec},
    fixtures::{FORMER, NEW},
};

/// An approver takes the finalizer away, and it is gone before Trimtab sees that.
fn torn_out(bed: &Bed, name: &str) {
    let object = ("recommendations", "shop", name);
    bed.server.edit(object, "kubectl-patch", |rec| rec["metadata"]["finalizers"] = json!([]));
    bed.server.delete("recommendations", "shop", name);
    assert_eq!(rec(&bed.server, name), None);
}

#[tokio::test(start_paused = true)]
async fn new_pods_get_the_size_of_the_template_once_nothing_could_undo_theirs() {
    let bed = Bed::start(&["web", "api"]).await;
    let (web, api) = (bed.approved("web").await, bed.approved("api").await);
    bed.stands(&web, "Applied").await;
    bed.stands(&api, "Applied").await;
    torn_out(&bed, &web);
    bed.until("its entry is gone", |_| bed.entry("web").is_none().then_some(())).await;
    // What they had before was known to the Recommendation alone.
    assert_eq!(bed.sizes("web"), [NEW, NEW]);
    bed.later(120).await;
    assert!(bed.entry("api").is_some(), "that of another one stays");
    bed.decide(&api, "Rejected");
    bed.stands(&api, "RolledBack").await;
    assert_eq!(bed.sizes("api"), [FORMER, FORMER]);
}
