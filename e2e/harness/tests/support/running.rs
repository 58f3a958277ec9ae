//! Trimtab's controller as a process of the test, with its endpoints.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use anyhow::{Result, ensure};
use trimtab_e2e::{Process, Trimtab, eventually, free_port, trimtab_bin};

/// A running controller; it ends with this value.
pub struct Running {
    pub process: Process,
    pub port: u16,
    host: IpAddr,
    http: reqwest::Client,
}

impl Running {
    /// Starts `trimtab controller ARGS` on the cluster of `kubeconfig`; its log is `DIR/NAME.log`.
    pub fn start(kubeconfig: &Path, dir: &Path, name: &str, args: &[&str]) -> Result<Self> {
        Self::start_with(kubeconfig, dir, name, args, &[])
    }

    /// The same without `--namespace` among the arguments.
    pub fn start_as_installed(kubeconfig: &Path, dir: &Path, name: &str, args: &[&str]) -> Result<Self> {
        Self::start_program(&trimtab_bin()?, kubeconfig, dir, name, args)
    }

    /// The same with another build of the program.
    pub fn start_program(program: &Path, kubeconfig: &Path, dir: &Path, name: &str, args: &[&str]) -> Result<Self> {
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let all = ["controller", "--admin-address", &address];
        let process = Trimtab::of(program, kubeconfig, &all).args(args).start(name, dir)?;
        Self::serving(process, Ipv4Addr::LOCALHOST.into(), port)
    }

    /// The same with environment variables.
    pub fn start_with(kubeconfig: &Path, dir: &Path, name: &str, args: &[&str], env: &[(&str, &str)]) -> Result<Self> {
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let all = ["controller", "--namespace", "default", "--admin-address", &address];
        let trimtab = Trimtab::new(kubeconfig, &all)?.args(args);
        let trimtab = env.iter().fold(trimtab, |t, (name, value)| t.env(name, value));
        let process = trimtab.start(name, dir)?;
        Self::serving(process, Ipv4Addr::LOCALHOST.into(), port)
    }

    /// One that was started in another way, and serves its endpoints at this address.
    pub fn serving(process: Process, host: IpAddr, port: u16) -> Result<Self> {
        Ok(Self { process, port, host, http: reqwest::Client::builder().timeout(Duration::from_secs(5)).build()? })
    }

    /// Status and body of `GET PATH`.
    pub async fn get(&self, path: &str) -> Result<(u16, String)> {
        let url = format!("http://{}{path}", SocketAddr::new(self.host, self.port));
        let answer = self.http.get(url).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// Waits until `/readyz` says so.
    pub async fn ready(&self, within: Duration) -> Result<()> {
        eventually(within, "trimtab is ready", async || {
            let (code, body) = self.get("/readyz").await?;
            ensure!(code == 200, "{code} {body}");
            Ok(())
        })
        .await
    }

    /// The value of a series of `/metrics`, named as written there.
    pub async fn metric(&self, series: &str) -> Result<f64> {
        let (_, text) = self.get("/metrics").await?;
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Ok(line.ok_or_else(|| anyhow::anyhow!("no series {series}"))?.parse()?)
    }

    pub fn log(&self) -> String {
        self.process.log()
    }
}
