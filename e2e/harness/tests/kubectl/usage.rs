//! Usage is explained, and wrong usage is reported.

use std::{os::unix::fs::symlink, process::Command};

use anyhow::{Result, ensure};
use trimtab_e2e::trimtab_bin;

use super::bed::*;

/// Commands that need no cluster, and errors found before one is contacted.
#[tokio::test]
async fn usage_is_taught_and_wrong_usage_is_told() -> Result<()> {
    let dir = trimtab_e2e::WorkDir::new("kubectl")?;
    let program = dir.path().join("kubectl-trimtab");
    symlink(trimtab_bin()?, &program)?;
    let plugin = Plugin { program, kubeconfig: dir.path().join("none") };
    plugin.says(0, &["version"], &["kubectl-trimtab ", "trimtab.dev/v1alpha1"]).await?;
    plugin.says(0, &["--help"], &["Usage: kubectl trimtab [OPTIONS] <COMMAND>", "Typical use:"]).await?;
    for verb in [
        "status",
        "doctor",
        "recommendations",
        "explain",
        "lint",
        "export",
        "approve",
        "reject",
        "diff",
        "undo",
        "halt",
        "resume",
        "completion",
    ] {
        plugin.says(0, &[verb, "--help"], &["Examples:\n  ", &format!("kubectl trimtab {verb}")]).await.or_else(
            |e| match verb {
                // Its examples use the short name.
                "recommendations" | "completion" => Ok(String::new()),
                _ => Err(e),
            },
        )?;
    }
    for shell in ["bash", "zsh", "fish"] {
        plugin.says(0, &["completion", shell], &["kubectl-trimtab", "recommendations"]).await?;
    }
    // A shell that uses the script: a verb's flags, and the values of a flag.
    let script = dir.path().join("completion.bash");
    std::fs::write(&script, plugin.run(&["completion", "bash"]).await?.stdout)?;
    for (words, expected) in [
        ("app", "approve"),
        ("status --wa", "--watch"),
        ("recs --output js", "json"),
        ("export --format ku", "kustomize"),
    ] {
        let ask = format!(
            "source {}; COMP_WORDS=(kubectl-trimtab {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _kubectl__trimtab kubectl-trimtab \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let said = Command::new("bash").args(["-c", &ask]).output()?;
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), expected, "{words}: {said:?}");
    }
    for (args, says) in [
        (vec![], "Usage: kubectl trimtab"),
        (vec!["frobnicate"], "unrecognized subcommand"),
        (vec!["recs", "--risk", "none"], "expected Low, Medium, High or Critical"),
        (vec!["recs", "-A", "-n", "shop"], "cannot be used with"),
        (vec!["approve"], "required"),
        (vec!["approve", "a", "--min-confidence", "90"], "cannot be used with"),
        (vec!["reject", "a", "--reason", ""], "the reason is empty"),
        (vec!["completion", "tcsh"], "possible values"),
        (vec!["lint"], "required"),
        (vec!["export", "--format", "xml"], "possible values"),
    ] {
        plugin.says(2, &args, &[says]).await?;
    }
    // The kubeconfig that KUBECONFIG names does not exist.
    plugin.says(1, &["recs"], &["error: ", "--kubeconfig"]).await?;
    plugin.says(1, &["recs", "--context", "ghost"], &["error: ", "--context"]).await?;
    let direct = Plugin { program: trimtab_bin()?, kubeconfig: dir.path().join("none") };
    direct.says(0, &["kubectl", "version"], &["kubectl-trimtab "]).await?;
    direct.says(2, &["kubectl", "approve"], &["Usage: trimtab kubectl approve"]).await?;
    // A reader that stops, as head does, is no error.
    let mut command = plugin.command(&["completion", "bash"]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    let end = tokio::task::spawn_blocking(move || child.wait_with_output()).await??;
    ensure!(end.status.success() && end.stderr.is_empty(), "{end:?}");
    Ok(())
}
