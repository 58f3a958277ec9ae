//! `export`: what is written can be used as it is: by a spreadsheet, by kubectl, by kustomize.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{bed::*, support::deployment};

#[tokio::test]
async fn what_is_exported_can_be_used_as_it_is() -> Result<()> {
    let world = World::start().await?;
    let ada = world.ada().await?;
    let plane = &world.cluster.plane;
    world.cluster.apply(&[deployment("shop", "web", 1)]).await?;
    world.recommend("shop", "web", pending("12.3", 96, "Low")).await?;
    let mut rejected = pending("40", 81, "Medium");
    rejected["conditions"] = ready("Rejected", "ada rejected it");
    rejected["explanation"] = json!("=1+1");
    world.recommend("shop", "api", rejected).await?;
    world.recommend("mail", "imap", pending("3", 99, "High")).await?;

    // CSV and JSON have all of them, the greatest savings first, within the bounds.
    let csv = ada.run(&["export", "-A"]).await?.stdout;
    let rows: Vec<&str> = csv.lines().collect();
    ensure!(rows[0].starts_with("namespace,kind,workload,container,outcome,policy"), "{csv}");
    ensure!(rows.len() == 4 && rows[1].starts_with("shop,Deployment,api,app,Rejected,services,,500,120,"), "{csv}");
    ensure!(rows[1].ends_with(",\"'=1+1\"") && rows[2].contains(",12.3,USD,96,Low,"), "nothing in it runs: {csv}");
    for (filter, expected) in [
        (vec!["--policy", "services"], 3),
        (vec!["--policy", "others"], 0),
        (vec!["--min-confidence", "96"], 2),
        (vec!["--max-risk", "Medium"], 2),
    ] {
        let lines = ada.run(&[&["export", "-A"], filter.as_slice()].concat()).await?.stdout.lines().count();
        assert_eq!(lines, expected + 1, "{filter:?}");
    }
    let file = plane.dir().join("out/shop.json");
    let path = file.to_str().context("a path")?;
    ada.says(0, &["export", "-n", "shop", "--format", "json", "--output", path], &[]).await?;
    let json: Value = parsed(&std::fs::read_to_string(&file)?)?;
    assert_eq!(json["workloads"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["workloads"][0]["containers"][0]["cpu"]["proposedRequest"], 120);

    // A patch changes sizes and nothing else. What was rejected, and what cannot be looked at, is left out.
    let file = plane.dir().join("web.yaml");
    let path = file.to_str().context("a path")?;
    let args = ["export", "-A", "--format", "patches", "--output", path];
    let notes = ["shop/deploy-api is left out: it is Rejected", "mail/deploy-imap is left out: "];
    ada.says(0, &args, &notes).await?;
    let text = std::fs::read_to_string(&file)?;
    ensure!(text.starts_with("---\n# shop/deploy-web: PendingApproval, saves 12.30 USD a month"), "{text}");
    plane.kubectl(&["patch", "deployment", "web", "-n", "shop", "--patch-file", path]).await?;
    let web = parsed(&plane.kubectl(&["get", "deployment", "web", "-n", "shop", "-o", "json"]).await?)?;
    let container = &web["spec"]["template"]["spec"]["containers"][0];
    assert_eq!((&container["name"], &container["image"]), (&json!("app"), &json!("fake/app:1")));
    let sizes = json!({"requests": {"cpu": "120m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}});
    assert_eq!(container["resources"], sizes);

    // kustomize takes the component over manifests without a namespace, and leaves those of other workloads alone.
    let components = plane.dir().join("trimtab");
    let directory = components.to_str().context("a path")?;
    let args = ["export", "-A", "--format", "kustomize", "--output", directory];
    ada.says(0, &args, &["wrote 2 files to "]).await?;
    let overlay = plane.dir().join("overlay");
    std::fs::create_dir_all(&overlay)?;
    let mut bare = deployment("shop", "web", 1);
    bare["metadata"].as_object_mut().context("metadata")?.remove("namespace");
    let mut other = bare.clone();
    other["metadata"]["name"] = json!("other");
    for (name, object) in [("web.json", &bare), ("other.json", &other)] {
        std::fs::write(overlay.join(name), object.to_string())?;
    }
    std::fs::write(
        overlay.join("kustomization.yaml"),
        "namespace: shop\nresources: [web.json, other.json]\ncomponents: [../trimtab/shop]\n",
    )?;
    let built = plane.kubectl(&["kustomize", overlay.to_str().context("a path")?]).await?;
    let mut sized = 0;
    for document in built.split("\n---\n") {
        let object: Value = serde_yaml::from_str(document)?;
        let container = &object["spec"]["template"]["spec"]["containers"][0];
        ensure!(container["image"] == "fake/app:1", "{built}");
        let is_web = object["metadata"]["name"] == "web";
        ensure!((container["resources"] == sizes) == is_web, "{built}");
        sized += usize::from(is_web);
    }
    assert_eq!(sized, 1, "{built}");
    ada.says(2, &["export", "--format", "kustomize"], &["--output"]).await?;
    ada.says(2, &["export", "--prune"], &["--prune removes files of --format kustomize"]).await?;

    // What an earlier export wrote and this one does not name is told; it is removed where that is asked for, and nothing else.
    let own = components.join("shop/patch-own.yaml");
    std::fs::write(&own, "spec: {}\n")?;
    let none = ["export", "-A", "--policy", "others", "--format", "kustomize", "--output", directory];
    let pruned = [&none[..], &["--prune"]].concat();
    let elsewhere = [&["export", "-n", "mail"][..], &pruned[4..]].concat();
    let output = ada.run(&elsewhere).await?;
    ensure!(!output.stderr.contains("removed"), "of another namespace: {output:?}");
    let left = "2 files of an earlier export: shop/kustomization.yaml, shop/patch-deploy-web.yaml";
    ada.says(0, &none, &["wrote 0 files to ", &format!("{left}: kept; --prune removes them")]).await?;
    ensure!(components.join("shop/patch-deploy-web.yaml").exists(), "nobody asked for it");
    ada.says(0, &pruned, &["wrote 0 files to ", &format!("removed {left}")]).await?;
    ensure!(
        own.exists() && !components.join("shop/patch-deploy-web.yaml").exists(),
        "only what was written is removed"
    );

    let values = ada.run(&["export", "-A", "--format", "helm-values"]).await?.stdout;
    let values: Value = serde_yaml::from_str(&values)?;
    assert_eq!(values["shop"]["deploy/web"]["app"]["resources"], sizes);
    ensure!(values["shop"]["deploy/api"].is_null() && values["mail"]["deploy/imap"].is_object(), "{values}");
    let nothing = ada.run(&["export", "-n", "default", "--format", "patches"]).await?;
    ensure!(
        nothing.stdout.is_empty() && nothing.stderr.contains("no Recommendation in namespace default"),
        "{nothing:?}"
    );
    Ok(())
}
