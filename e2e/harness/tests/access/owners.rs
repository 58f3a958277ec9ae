//! Recommendations with an owner: the garbage collector deletes them together with it, which no guard stops. So nothing is
//! rejected there that could be lost before Trimtab has recorded it.

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    act::{Act::*, Case, approval, proposal, proposal_with, refused, rejected},
    stage::{Stage, WEB},
};

const OWNED: &str = "this recommendation has an owner (metadata.ownerReferences), and could be deleted with it before Trimtab has recorded the rejection: try again in a moment";
const DECIDED: &str = "a recommendation with a decision that Trimtab has not recorded yet cannot get an owner";

/// Proposals of eve: with an owner, the same as Trimtab protects it, and rejected without an owner.
pub async fn objects(stage: &Stage) -> Result<()> {
    stage.plane.kubectl(&["create", "configmap", "owner", "-n", "shop"]).await?;
    let uid = stage.plane.kubectl(&["get", "cm", "owner", "-n", "shop", "-o", "jsonpath={.metadata.uid}"]).await?;
    let owned = json!({"metadata": {"annotations": {"trimtab.dev/requested-by": "eve"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}]}});
    for name in ["with-owner", "with-owner-freed", "with-owner-protected"] {
        stage.put("eve", name, proposal_with(owned.clone())).await?;
        stage.status("trimtab", name, json!({"proposalDigest": WEB})).await?;
    }
    let protected = json!({"metadata": {"finalizers": ["trimtab.dev/settle"]}});
    stage.merge("trimtab", "with-owner-protected", protected).await?;
    stage.put("eve", "without-owner", proposal()).await?;
    stage.status("trimtab", "without-owner", json!({"proposalDigest": WEB})).await?;
    stage.merge("ada", "without-owner", rejected("ada", WEB)).await?;
    Ok(())
}

fn as_cat(object: &mut Value) {
    object["spec"]["approval"] = approval("cat", WEB);
    object["spec"]["approval"]["decision"] = json!("Rejected");
}

pub fn cases() -> Vec<Case> {
    let no = |who: &str| rejected(who, WEB);
    let owners = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0"}]);
    let owner = json!({"metadata": {"ownerReferences": owners}});
    let add = json!([{"op": "add", "path": "/metadata/ownerReferences", "value": owners}]);
    let owned = |what, who, act| refused(what, who, "with-owner", act, OWNED);
    let denied = |what, who, act| refused(what, who, "without-owner", act, DECIDED);
    vec![
        owned("rejected where an owner may go", "ada", Merge(no("ada"))),
        owned("rejected where an owner may go, in a dry run", "ada", Merge(no("ada"))).dry(),
        owned("rejected where an owner may go, by server-side apply", "ben", Force(no("ben"))),
        owned("rejected where an owner may go, by a replace", "cat", Put(as_cat)),
        owned("rejected where an owner may go, by an administrator", "root", Merge(no("admin"))),
        denied("given an owner after it was rejected", "eve", Merge(owner.clone())),
        denied("given an owner after it was rejected, in a dry run", "eve", Merge(owner.clone())).dry(),
        denied("given an owner after it was rejected, by JSON patch", "eve", Json(add)),
        denied("given an owner after it was rejected, by server-side apply", "eve", Force(owner.clone())),
        denied("given an owner after it was rejected, by an administrator", "root", Merge(owner)),
    ]
}

pub async fn what_is_protected_can_be_rejected(stage: &Stage) -> Result<()> {
    stage.merge("ada", "with-owner-protected", rejected("ada", WEB)).await?;
    // Without its owner it cannot be deleted with it.
    stage.merge("eve", "with-owner-freed", json!({"metadata": {"ownerReferences": null}})).await?;
    stage.merge("ada", "with-owner-freed", rejected("ada", WEB)).await?;
    // An approval has no effect before Trimtab has set the finalizer.
    stage.merge("ada", "with-owner", json!({"spec": {"approval": approval("ada", WEB)}})).await?;
    Ok(())
}
