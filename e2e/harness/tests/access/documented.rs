//! The documented decisions are admitted by the guard for those the docs name, and refused to those who may only edit.
//! In: the commands and the table of `docs/approval.md` and `docs/recommendation.md`, verbatim. Each is sent as shown,
//! with the name and the digest of an object of this test.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use trimtab_e2e::repository;

use super::{
    act::proposal_with,
    commands,
    stage::{API, Stage, WEB, carried_out},
};

/// A policy's proposal, with an earlier one in force.
async fn object(stage: &Stage, name: &str) -> Result<()> {
    let made = json!({"metadata": {"labels": {"trimtab.dev/policy": "services"}}, "spec": {"policyRef": {"name": "services"}}});
    stage.put("trimtab", name, proposal_with(made)).await?;
    stage.status("trimtab", name, json!({"proposalDigest": WEB, "rollout": carried_out()})).await
}

/// A word of a documented command as it would be typed for `name` by ben.
fn typed(word: &str, name: &str) -> String {
    let word = word.replace("ada@example.com", "ben").replace("deploy-web", name).replace("$DIGEST", WEB);
    match word.split_once("sha256:").filter(|(_, rest)| !rest.starts_with(&WEB["sha256:".len()..])) {
        Some((before, rest)) => {
            format!("{before}{WEB}{}", rest.trim_start_matches(|c: char| c.is_ascii_hexdigit() || c == '…'))
        }
        None => word,
    }
}

/// The rows of the table of decisions: the purpose, and the patch.
fn rows(page: &str) -> Vec<(String, Value)> {
    let table =
        page.lines().skip_while(|line| *line != "| to | set |").skip(2).take_while(|line| line.starts_with('|'));
    let patch = |set: &str| {
        let digest = if set.contains("`status.rollout.proposalDigest`") { API } else { WEB };
        let decision = set.split_once("decision: ").map(|(_, rest)| rest.split('`').next().unwrap_or_default());
        let approval = decision.map(|d| json!({"decision": d, "approver": "ben", "proposalDigest": digest}));
        json!({"spec": {"approval": approval}})
    };
    let cells = table.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[1].to_owned(), patch(cells[2]))).collect()
}

pub async fn what_the_docs_say_is_admitted(stage: &Stage) -> Result<()> {
    let page = |name: &str| std::fs::read_to_string(repository().join("docs").join(name));
    let mut sent = 0;
    for text in [page("approval.md")?, page("recommendation.md")?] {
        for command in commands::fenced(&text).into_iter().filter(|c| c.words[1] == "patch") {
            sent += 1;
            let name = format!("documented-{sent}");
            object(stage, &name).await?;
            let words: Vec<String> = command.words[1..].iter().map(|word| typed(word, &name)).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            ensure!(stage.kubectl("eve", &words).await.is_err(), "an editor may not: {words:?}");
            stage.kubectl("ben", &words).await.with_context(|| format!("{words:?}"))?;
            let object = stage.seen("Recommendation", &name).await?.context("it is gone")?;
            ensure!(object["spec"]["approval"]["proposalDigest"] == WEB, "{}", object["spec"]);
        }
    }
    ensure!(sent >= 2, "{sent} commands");
    let rows = rows(&page("approval.md")?);
    ensure!(rows.len() == 6, "{rows:?}");
    object(stage, "documented").await?;
    // In the documented order, each of them decides something else than the one before.
    for (what, patch) in rows {
        ensure!(stage.merge("eve", "documented", patch.clone()).await.is_err(), "an editor may not {what}");
        stage.merge("ben", "documented", patch.clone()).await.with_context(|| what.clone())?;
        let object = stage.seen("Recommendation", "documented").await?.context("it is gone")?;
        let digest = &object["spec"]["approval"]["proposalDigest"];
        ensure!(*digest == patch["spec"]["approval"]["proposalDigest"], "{what}: {}", object["spec"]);
        if what.starts_with("withdraw") {
            // The change before the last one is in force.
            let mut undone = carried_out();
            undone["result"] = json!("RolledBack");
            undone["original"] = json!([{"name": "app", "requests": {"cpu": "2"}}]);
            stage.status("trimtab", "documented", json!({"rollout": undone})).await?;
        }
    }
    Ok(())
}
