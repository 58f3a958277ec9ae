//! A reader may stop: `trimtab … | head -1` ends silently, without a panic.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output, Stdio};

/// A pipe whose reader is closed.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn run(arguments: &[&str], out: Stdio, err: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trimtab"));
    command.args(arguments).env("KUBECONFIG", "/nowhere/kubeconfig").env_remove("KUBERNETES_SERVICE_HOST");
    command.stdin(Stdio::null()).stdout(out).stderr(err).output().unwrap()
}

#[test]
fn an_answer_that_nobody_reads_is_no_error() {
    for arguments in [
        &["crds"] as &[&str],
        &["--help"],
        &["kubectl", "version"],
        &["kubectl", "completion", "bash"],
        &["kubectl", "try", "--help"],
    ] {
        let ended = run(arguments, closed(), Stdio::piped());
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success() && said.is_empty(), "{arguments:?}: {} {said}", ended.status);
    }
}

#[test]
fn an_error_that_nobody_reads_keeps_its_exit_code() {
    for (arguments, code) in [
        (&["kubectl", "try", "-f", "/nowhere/policy.yaml"] as &[&str], 1),
        (&["kubectl", "status"], 1),
        (&["kubectl", "approve"], 2),
        (&["replay", "--series", "/nowhere/series"], 1),
        (&["controller"], 1),
    ] {
        let ended = run(arguments, closed(), closed());
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}");
    }
}
