//! metrics-server: the API `metrics.k8s.io` that `kubectl top` reads.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use crate::{Plane, Process, eventually, free_port, paths};

const API: &str = "v1beta1.metrics.k8s.io";

/// A running metrics-server.
#[derive(Debug)]
pub struct MetricsServer {
    process: Process,
}

impl MetricsServer {
    /// Starts it, registers its API and waits until that is available. Usage of a node's pods is available after two
    /// scrapes of the node, 10 s apart, which is the minimum: add the nodes first.
    ///
    /// # Errors
    /// When the API is not available within 60 s.
    pub async fn start(plane: &Plane) -> Result<Self> {
        let port = free_port()?;
        let pki = plane.dir().join("pki");
        let mut command = Command::new(paths::plane_bin()?);
        command.arg("metrics-server");
        for flag in ["--kubeconfig", "--authentication-kubeconfig", "--authorization-kubeconfig"] {
            command.arg(flag).arg(plane.kubeconfig_path());
        }
        command
            .args(["--bind-address", "127.0.0.1", "--secure-port", &port.to_string()])
            .arg("--tls-cert-file")
            .arg(pki.join("serving.crt"))
            .arg("--tls-private-key-file")
            .arg(pki.join("serving.key"))
            .args(["--kubelet-preferred-address-types", "InternalIP", "--kubelet-use-node-status-port"])
            // It refuses a resolution below 10 s, and one that is not above the timeout.
            .args(["--kubelet-insecure-tls", "--kubelet-request-timeout", "5s", "--metric-resolution", "10s"]);
        let process = Process::spawn("metrics-server", &mut command, plane.dir())?;
        let server = Self { process };
        server.register(plane, port).await?;
        Ok(server)
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    // The aggregator itself resolves a Service of type ExternalName, so no cluster network is needed.
    async fn register(&self, plane: &Plane, port: u16) -> Result<()> {
        let client = plane.client().await?;
        let params = PatchParams::apply("e2e").force();
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "metrics-server"},
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
        });
        let services: Api<Service> = Api::namespaced(client.clone(), "kube-system");
        services.patch("metrics-server", &params, &Patch::Apply(&service)).await?;
        let registration = json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": API},
            "spec": {
                "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
                "insecureSkipTLSVerify": true,
                "service": {"name": "metrics-server", "namespace": "kube-system", "port": port},
            },
        });
        let registrations: Api<APIService> = Api::all(client);
        registrations.patch(API, &params, &Patch::Apply(&registration)).await?;
        eventually(Duration::from_secs(60), "metrics.k8s.io available", async || {
            let status = registrations.get(API).await?.status.context("no status")?;
            let conditions = status.conditions.unwrap_or_default();
            let available = conditions.iter().any(|c| c.type_ == "Available" && c.status == "True");
            ensure!(available, "{conditions:?}; {}", crate::process::tail(&self.process.log()));
            Ok(())
        })
        .await
    }
}
