//! A password for Prometheus that is not there when the program starts, as where a Secret is made after the Deployment.
//! Policies name the file and say what is wrong; the program leads and goes on; the password is taken up when it is there.

use std::{fs, time::Instant};

use anyhow::{Result, ensure};
use trimtab_e2e::{PlaneOptions, PrometheusOptions, eventually};

use super::{
    stage::{REREAD, Stage},
    support::SOON,
};

pub async fn comes_later() -> Result<()> {
    let stage = Stage::start(PlaneOptions::default()).await?;
    let cluster = &stage.guarded.cluster;
    let (prometheus, data) = stage.prometheus(PrometheusOptions::default()).await?;
    let password = data.path().join("password");
    let path = password.display().to_string();
    let args = [
        "--interval",
        "10s",
        "--prometheus-url",
        prometheus.url(),
        "--prometheus-user",
        "ada",
        "--prometheus-password-file",
        &path,
    ];
    let mut trimtab = stage.guarded.run("trimtab", &args)?;
    // Only an instance that leads writes this.
    let told = eventually(SOON, "the policy names the file", async || {
        let (status, reason, message) = cluster.condition("shop", "MetricsAvailable").await?;
        ensure!(status == "False" && reason == "MetricsUnavailable", "{status} {reason}: {message}");
        Ok(message)
    })
    .await?;
    println!("{told}");
    ensure!(told.contains(&format!("cannot read {path}, which --prometheus-password-file names: ")), "{told}");
    ensure!(told.contains("check the configured file or Secret"), "{told}");
    ensure!(cluster.recommendations("shop").await?.is_empty(), "nothing was read");

    fs::write(&password, "p@ss\n")?;
    let written = Instant::now();
    stage.recommended(REREAD).await?;
    println!("taken up {:.0} s after it was written", written.elapsed().as_secs_f64());
    ensure!(trimtab.process.exited()?.is_none(), "{}", trimtab.log());
    let log = trimtab.log();
    let warnings = log.matches("the credentials for Prometheus cannot be used").count();
    ensure!(warnings == 1 && log.contains("new credentials for Prometheus are used"), "{warnings} warnings: {log}");
    Ok(())
}
