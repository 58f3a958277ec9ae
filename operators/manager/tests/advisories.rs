//! What `make deny` says of advisories, and when it fails. In: a stand-in for cargo-deny, with chosen answers where it reads
//! the database and where it may not. Out: the last line and the exit code of `.ci/deny`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

/// As cargo-deny 0.20.2 answers: a summary on standard output, and errors of its own without one.
const STAND_IN: &str = r#"#!/usr/bin/env bash
case "$*" in
  *"check bans licenses sources") exit "$OTHERS" ;;
  *--offline*) answer=$OFFLINE ;;
  *) answer=$ONLINE ;;
esac
case $answer in
  ok) echo "advisories ok" ;;
  failed) echo "error[vulnerability]: a hole in a crate" >&2; echo "advisories FAILED"; exit 1 ;;
  *) echo "2026-11-21 12:00:00 [ERROR] failed to fetch the database" >&2; exit 1 ;;
esac
"#;

/// Runs the script where cargo-deny, if `directory` has it, answers so.
fn deny(directory: &Path, online: &str, offline: &str, others: &str) -> Output {
    Command::new("bash")
        .arg(support::root().join(".ci/deny"))
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", directory.display()))
        .env("HOME", directory)
        .envs([("ONLINE", online), ("OFFLINE", offline), ("OTHERS", others)])
        .output()
        .unwrap()
}

#[test]
fn it_fails_for_what_applies_and_not_for_a_database_out_of_reach() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("cargo-deny");
    fs::write(&program, STAND_IN).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for (online, offline, code, says) in [
        ("ok", "unreachable", 0, "advisories: checked: none applies"),
        ("failed", "unreachable", 1, "advisories: checked: some apply"),
        ("unreachable", "ok", 0, "out of reach now (failed to fetch the database): none applies"),
        ("unreachable", "failed", 1, "out of reach now (failed to fetch the database): some apply"),
        ("unreachable", "unreachable", 0, "advisories: not checked, because their database is out of reach ("),
    ] {
        let output = deny(directory.path(), online, offline, "0");
        let told = if code == 0 { &output.stdout } else { &output.stderr };
        let told = String::from_utf8_lossy(told);
        assert_eq!(output.status.code(), Some(code), "{online}, {offline}: {output:?}");
        assert!(told.lines().last().is_some_and(|line| line.contains(says)), "{online}, {offline}: {output:?}");
        assert_eq!(told.contains("a hole in a crate"), code == 1, "{online}, {offline}: {output:?}");
    }
    assert_eq!(deny(directory.path(), "ok", "ok", "4").status.code(), Some(4), "what deny.toml forbids");
}

#[test]
fn without_cargo_deny_nothing_is_checked_and_told() {
    if ["/usr/bin", "/bin"].iter().any(|bin| Path::new(bin).join("cargo-deny").exists()) {
        return println!("SKIPPED without_cargo_deny_nothing_is_checked_and_told: cargo-deny is in /usr/bin");
    }
    let directory = tempfile::tempdir().unwrap();
    let output = deny(directory.path(), "", "", "0");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(told.starts_with("advisories: not checked, because cargo-deny is not installed: cargo install"), "{told}");
}
