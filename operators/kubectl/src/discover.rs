//! Finding a Prometheus in the cluster, by the labels of its common installations.
//!
//! In: Services. Out: candidates, the likeliest first, each with the port and the path of its query API. Pure.

use k8s_openapi::api::core::v1::{Service, ServicePort};

/// A way to recognise the Service of a Prometheus-compatible server.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Labels that it has, all of them.
    labels: &'static [(&'static str, &'static str)],
    /// The prefix of `/api/v1`.
    path: &'static str,
    /// Its common name.
    product: &'static str,
}

/// Most specific first. The first eight are those by which KRR finds a Prometheus, the others those of Thanos,
/// VictoriaMetrics and Mimir. Servers with the data of one cluster come before those that may hold several.
const KNOWN: &[Known] = &[
    known(&[("app", "kube-prometheus-stack-prometheus")], "", "Prometheus"),
    known(&[("app", "prometheus"), ("component", "server")], "", "Prometheus"),
    known(&[("app", "prometheus-server")], "", "Prometheus"),
    known(&[("app", "prometheus-operator-prometheus")], "", "Prometheus"),
    known(&[("app", "rancher-monitoring-prometheus")], "", "Prometheus"),
    known(&[("app", "prometheus-prometheus")], "", "Prometheus"),
    known(&[("app", "prometheus-k8s")], "", "Prometheus"),
    known(&[("app.kubernetes.io/name", "prometheus"), ("app.kubernetes.io/component", "server")], "", "Prometheus"),
    known(&[("app.kubernetes.io/name", "prometheus")], "", "Prometheus"),
    known(&[("operated-prometheus", "true")], "", "Prometheus"),
    known(&[("app.kubernetes.io/name", "vmsingle")], "", "VictoriaMetrics"),
    known(&[("app.kubernetes.io/name", "victoria-metrics-single")], "", "VictoriaMetrics"),
    known(&[("app.kubernetes.io/name", "vmselect")], "/select/0/prometheus", "VictoriaMetrics"),
    known(&[("app", "vmselect")], "/select/0/prometheus", "VictoriaMetrics"),
    known(&[("app.kubernetes.io/component", "query-frontend"), ("app.kubernetes.io/name", "thanos")], "", "Thanos"),
    known(&[("app.kubernetes.io/component", "query"), ("app.kubernetes.io/name", "thanos")], "", "Thanos"),
    known(&[("app.kubernetes.io/name", "thanos-query")], "", "Thanos"),
    known(&[("app.kubernetes.io/name", "mimir"), ("app.kubernetes.io/component", "gateway")], "/prometheus", "Mimir"),
    known(&[("app.kubernetes.io/name", "mimir"), ("app.kubernetes.io/component", "nginx")], "/prometheus", "Mimir"),
    known(
        &[("app.kubernetes.io/name", "mimir"), ("app.kubernetes.io/component", "query-frontend")],
        "/prometheus",
        "Mimir",
    ),
];

const fn known(labels: &'static [(&'static str, &'static str)], path: &'static str, product: &'static str) -> Known {
    Known { labels, path, product }
}

/// Ports on which query APIs listen, by name and by number; gRPC and peers' ports are none of them.
const PORT_NAMES: [&str; 8] =
    ["http-web", "web", "http", "http-query", "http-metrics", "https", "http-legacy", "metrics"];
const PORTS: [i32; 7] = [9090, 9091, 80, 8080, 8428, 8429, 8481];

/// A server that may be the cluster's Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The namespace of its Service.
    pub namespace: String,
    /// The Service.
    pub service: String,
    /// The port, by number.
    pub port: i32,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// The prefix of `/api/v1`.
    pub path: &'static str,
    /// What it is, by its labels.
    pub product: &'static str,
}

impl Candidate {
    /// Its address inside the cluster.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}.{}.svc:{}{}", self.service, self.namespace, self.port, self.path)
    }
}

/// The servers among these Services, the likeliest first.
pub fn candidates(services: &[Service]) -> Vec<Candidate> {
    let mut found: Vec<(usize, bool, Candidate)> = Vec::new();
    for service in services {
        let labels = service.metadata.labels.clone().unwrap_or_default();
        let has = |known: &Known| known.labels.iter().all(|(k, v)| labels.get(*k).is_some_and(|have| have == v));
        let Some((rank, known)) = KNOWN.iter().enumerate().find(|(_, known)| has(known)) else { continue };
        let Some(spec) = &service.spec else { continue };
        if spec.type_.as_deref() == Some("ExternalName") {
            continue;
        }
        let Some(port) = port(spec.ports.as_deref().unwrap_or_default()) else { continue };
        let named = |text: Option<&String>, word: &str| text.is_some_and(|t| t == word);
        let candidate = Candidate {
            namespace: service.metadata.namespace.clone().unwrap_or_default(),
            service: service.metadata.name.clone().unwrap_or_default(),
            port: port.port,
            tls: port.port == 443 || named(port.name.as_ref(), "https"),
            path: known.path,
            product: known.product,
        };
        // A headless Service names individual replicas; one with an address balances over the ready ones.
        let headless = spec.cluster_ip.as_deref() == Some("None");
        found.push((rank, headless, candidate));
    }
    found.sort_by(|(a, ah, ac), (b, bh, bc)| {
        (a, ah, &ac.namespace, &ac.service).cmp(&(b, bh, &bc.namespace, &bc.service))
    });
    found.into_iter().map(|(_, _, candidate)| candidate).collect()
}

fn port(ports: &[ServicePort]) -> Option<&ServicePort> {
    let tcp = || ports.iter().filter(|p| p.protocol.as_deref().is_none_or(|p| p == "TCP"));
    PORT_NAMES
        .iter()
        .find_map(|name| tcp().find(|p| p.name.as_deref() == Some(name)))
        .or_else(|| PORTS.iter().find_map(|number| tcp().find(|p| p.port == *number)))
        .or_else(|| tcp().next().filter(|_| ports.len() == 1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::{Service, candidates};

    fn service(name: &str, labels: Value, ports: Value, cluster_ip: &str) -> Service {
        serde_json::from_value(json!({"metadata": {"name": name, "namespace": "monitoring", "labels": labels},
            "spec": {"ports": ports, "clusterIP": cluster_ip}}))
        .unwrap()
    }

    #[test]
    fn common_installations_are_found_the_likeliest_first() {
        let web = json!([{"name": "http-web", "port": 9090}, {"name": "reloader-web", "port": 8080}]);
        let all = [
            service(
                "thanos-query",
                json!({"app.kubernetes.io/component": "query", "app.kubernetes.io/name": "thanos"}),
                json!([{"name": "grpc", "port": 10901}, {"name": "http", "port": 9090}]),
                "10.0.0.9",
            ),
            service("prometheus-operated", json!({"operated-prometheus": "true"}), web.clone(), "None"),
            service("kps-prometheus", json!({"app": "kube-prometheus-stack-prometheus"}), web, "10.0.0.8"),
            service(
                "vmselect-main",
                json!({"app.kubernetes.io/name": "vmselect"}),
                json!([{"name": "http", "port": 8481}]),
                "None",
            ),
            service("grafana", json!({"app.kubernetes.io/name": "grafana"}), json!([{"port": 80}]), "10.0.0.7"),
            service(
                "mimir-nginx",
                json!({"app.kubernetes.io/name": "mimir", "app.kubernetes.io/component": "nginx"}),
                json!([{"name": "http-metric", "port": 80}]),
                "10.0.0.6",
            ),
        ];
        let urls: Vec<String> = candidates(&all).iter().map(|c| format!("{} {}", c.product, c.url())).collect();
        assert_eq!(
            urls,
            [
                "Prometheus http://kps-prometheus.monitoring.svc:9090",
                "Prometheus http://prometheus-operated.monitoring.svc:9090",
                "VictoriaMetrics http://vmselect-main.monitoring.svc:8481/select/0/prometheus",
                "Thanos http://thanos-query.monitoring.svc:9090",
                "Mimir http://mimir-nginx.monitoring.svc:80/prometheus",
            ]
        );
    }

    #[test]
    fn a_service_without_a_query_port_is_none() {
        let labels = json!({"app": "prometheus-server"});
        for ports in [json!([]), json!([{"port": 1}, {"port": 2}]), json!([{"port": 9090, "protocol": "UDP"}])] {
            assert!(candidates(&[service("p", labels.clone(), ports.clone(), "10.0.0.1")]).is_empty(), "{ports}");
        }
        let tls = candidates(&[service("p", labels, json!([{"name": "https", "port": 443}]), "10.0.0.1")]);
        assert_eq!(tls[0].url(), "https://p.monitoring.svc:443");
    }
}
