//! Nothing that is shipped differs from Git after it is applied to a real API server, by Argo CD's own code, in each of its
//! ways to compare; and a second server-side apply changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use trimtab_e2e::{Plane, PlaneOptions, plane_bin, repository};

/// The output of a command that succeeds.
async fn run(command: &mut Command) -> Result<String> {
    let out = command.kill_on_drop(true).output().await?;
    let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    ensure!(out.status.success(), "{command:?}: {stdout}\n{stderr}");
    Ok(stdout.into_owned())
}

#[tokio::test]
async fn nothing_that_is_shipped_is_out_of_sync() -> Result<()> {
    let gitops = repository().join("e2e/gitops");
    let program = run(&mut Command::new(repository().join("e2e/gitops.sh"))).await?;
    let plane = Plane::start(PlaneOptions::default()).await?;
    let live = tempfile::tempdir()?;
    let home = tempfile::tempdir()?;
    let kubectl = format!("{} kubectl", tokio::task::spawn_blocking(plane_bin).await??.display());
    let mut record = Command::new(gitops.join("record.sh"));
    record.arg(live.path()).env("KUBECONFIG", plane.kubeconfig_path()).env("KUBECTL", kubectl).env("HOME", home.path());
    run(&mut record).await?;
    let mut test = Command::new(program.trim());
    test.args(["-test.v", "-test.run", "OutOfSync"]).current_dir(&gitops).env("LIVE_OBJECTS", live.path());
    let said = run(&mut test).await?;
    let compared = said.lines().find(|line| line.starts_with("drift: ")).context(said.clone())?;
    println!("{compared}");
    ensure!(compared.ends_with(" 0 not recorded") && !said.contains("SKIPPED"), "{said}");
    Ok(())
}
