//! `lint`: files are checked without a cluster, and a real API server refuses the same.

use std::{
    io::Write,
    os::unix::fs::symlink,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use trimtab_e2e::{PlaneOptions, WorkDir, repository, trimtab_bin};

use super::{bed::*, support::Cluster};

fn policy(spec: &str) -> String {
    format!("apiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\nmetadata: {{name: linted}}\nspec: {spec}\n")
}

/// The plugin without a cluster, in a directory of its own.
fn alone(dir: &WorkDir) -> Result<Plugin> {
    let program = dir.path().join("kubectl-trimtab");
    symlink(trimtab_bin()?, &program)?;
    Ok(Plugin { program, kubeconfig: dir.path().join("none") })
}

/// Exit code and output with `text` on standard input.
fn piped(mut command: Command, text: &str) -> Result<(Option<i32>, String)> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("standard input")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[tokio::test]
async fn files_are_checked_without_a_cluster() -> Result<()> {
    let dir = WorkDir::new("lint")?;
    let lint = alone(&dir)?;
    let examples = repository().join("examples");
    lint.says(0, &["lint", examples.to_str().context("a path")?], &["manifests checked: no fault"]).await?;

    let below = dir.path().join("files/teams/shop");
    std::fs::create_dir_all(&below)?;
    let write = |name: &str, text: &str| std::fs::write(dir.path().join("files").join(name), text);
    write("good.yaml", &policy("{targetNamespaces: [shop]}"))?;
    write("teams/shop/bad.yml", &policy("\n  targetNamespaces: [shop]\n  sizing:\n    cpu: {min: 2, max: 1}\n"))?;
    write("teams/web.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n")?;
    write("teams/template.yaml", "{{ if .Values.on }}\nkind: Role\n{{ end }}\n")?;
    write("teams/notes.txt", "not: [YAML")?;
    let files = dir.path().join("files");
    let files = files.to_str().context("a path")?;
    let bad =
        format!("{files}/teams/shop/bad.yml:7: OptimizationPolicy/linted: spec.sizing.cpu: cpu.min is above cpu.max");
    lint.says(1, &["lint", files], &[&bad, "2 manifests checked: 1 fault; 2 other objects skipped"]).await?;
    // Findings go to standard output alone, so that a pipeline has nothing else there.
    let output = lint.run(&["lint", files]).await?;
    ensure!(output.stdout.lines().count() == 1 && output.stdout.starts_with(&bad), "{output:?}");

    // What cannot be read does not hide what can.
    write("broken.yaml", "apiVersion: trimtab.dev/v1alpha1\nkind: [")?;
    let broken = format!("error: cannot read {files}/broken.yaml: this is not YAML");
    lint.says(2, &["lint", files], &[&bad, &broken]).await?;
    lint.says(2, &["lint", "/nowhere.yaml"], &["error: cannot read /nowhere.yaml"]).await?;
    lint.says(2, &["lint"], &["required"]).await?;

    let (code, said) = piped(lint.command(&["lint", "-"]), &policy("{targetNamespace: [shop]}"))?;
    let says = "standard input:4: OptimizationPolicy/linted: spec.targetNamespace: unknown field; did you mean targetNamespaces?";
    ensure!(code == Some(1) && said.starts_with(says), "{code:?} {said}");
    let (code, said) = piped(lint.command(&["lint", "-"]), "")?;
    ensure!(code == Some(0) && said.is_empty(), "{code:?} {said}");
    Ok(())
}

/// Whatever lint refuses by schema or rule, the API server refuses with the same field or in the same words; and what only
/// the controller refuses, the API server stores.
#[tokio::test]
async fn the_api_server_refuses_the_same() -> Result<()> {
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    let lint = plugin(&cluster, cluster.plane.kubeconfig_path())?;
    let file = cluster.plane.dir().join("linted.yaml");
    let path = file.to_str().context("a path")?;
    for (spec, linted, refused) in [
        ("{targetNamespaces: [shop]}", None, None),
        ("{targetNamespaces: [shop], priority: null}", None, None),
        (
            "{targetNamespace: [shop]}",
            Some("spec.targetNamespace: unknown field"),
            Some("unknown field \"spec.targetNamespace\""),
        ),
        (
            "{targetNamespaces: [shop], sizing: {profile: Cautious}}",
            Some("\"Cautious\" is not one of Savings, Balanced, Resilient"),
            Some("spec.sizing.profile: Unsupported value: \"Cautious\""),
        ),
        (
            "{targetNamespaces: [shop], history: {window: 2w}}",
            Some("spec.history.window: \"2w\" does not match"),
            Some("spec.history.window: Invalid value: \"2w\""),
        ),
        (
            "{targetNamespaces: [a, b, a]}",
            Some("spec.targetNamespaces[2]: duplicate"),
            Some("spec.targetNamespaces[2]: Duplicate"),
        ),
        (
            "{targetNamespaces: [shop], autoApprove: {maxRiskLevel: Low}}",
            Some("spec.autoApprove.minConfidencePercent: required"),
            Some("spec.autoApprove.minConfidencePercent: Required value"),
        ),
        (
            "{targetNamespaces: ['*']}",
            Some("targetNamespaces must contain names of namespaces, not patterns"),
            Some("targetNamespaces must contain names of namespaces, not patterns"),
        ),
        (
            "{targetNamespaces: [shop], windows: [{kind: Allow, schedule: '0 22 * * *', timeZone: Europe/Berlim, duration: 4h}]}",
            Some("spec: windows[0].timeZone: \"Europe/Berlim\" is not an IANA time zone"),
            None,
        ),
    ] {
        std::fs::write(&file, policy(spec))?;
        lint.says(i32::from(linted.is_some()), &["lint", path], &[linted.unwrap_or("1 manifest checked: no fault")])
            .await?;
        let create = ["create", "--dry-run=server", "--validate=strict", "-f", path];
        match (cluster.plane.kubectl(&create).await, refused) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => {
                ensure!(format!("{error:#}").contains(part), "{spec}: {part:?} is not in {error:#}")
            }
            (answer, _) => anyhow::bail!("{spec}: {answer:?}, and lint said {linted:?}"),
        }
    }
    // Of metadata, both say the same in the same words.
    for (metadata, words) in [
        (
            "{name: Linted}",
            "metadata.name: Invalid value: \"Linted\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
             characters, '-' or '.', and must start and end with an alphanumeric character",
        ),
        (
            "{name: linted, labels: {a b: c}}",
            "metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must \
             start and end with an alphanumeric character",
        ),
        (
            "{name: linted, labels: {a: b c}}",
            "metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric \
             characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        ),
        ("{name: linted, labels: {Example.com/a: c}}", "prefix part a lowercase RFC 1123 subdomain must consist of"),
        (
            "{name: linted, annotations: {a/b/c: d}}",
            "metadata.annotations: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters",
        ),
        ("{name: linted, finalizers: [a b]}", "metadata.finalizers: Invalid value: \"a b\": name part must consist of"),
    ] {
        let text = policy("{targetNamespaces: [shop]}").replace("{name: linted}", metadata);
        std::fs::write(&file, text)?;
        lint.says(1, &["lint", path], &[words]).await?;
        let create = ["create", "--dry-run=server", "--validate=strict", "-f", path];
        match cluster.plane.kubectl(&create).await {
            Err(error) => ensure!(format!("{error:#}").contains(words), "{metadata}: {words:?} is not in {error:#}"),
            Ok(answer) => anyhow::bail!("{metadata}: the API server accepts it: {answer:?}"),
        }
    }
    Ok(())
}
