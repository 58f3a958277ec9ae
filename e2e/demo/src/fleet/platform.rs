//! The platform: services that other teams depend on.

use super::{
    Change, Container, Expect, Kind, Pool, Workload,
    workload::{daily, level},
};
use crate::model::Cpu;

/// Services of the platform, under the same policy as the shop.
pub fn workloads() -> Vec<Workload> {
    vec![ledger(), queue_worker(), notifications(), intranet(), reports(), node_logger()]
}

/// Owned by Argo CD: its template belongs to Git.
fn ledger() -> Workload {
    let app = Container::new("ledger", "registry.example.com/platform/ledger:11.4.0", (1_500, 2_048))
        .limits(Some(3_000), Some(2_048))
        .uses(daily(0.1, 0.25, 0.15), level(520.0, 60.0));
    let mut w = Workload::new("platform", "ledger", Kind::Deployment(2), Pool::Rack)
        .with(app)
        .recommended(Change::Down, Change::Down);
    w.annotations.push(("argocd.argoproj.io/tracking-id", "ledger:apps/Deployment:platform/ledger".to_owned()));
    w
}

/// Works through a queue that is never empty, and was sized carefully.
fn queue_worker() -> Workload {
    let cpu = Cpu { weekend: 1.0, ..daily(0.45, 0.0, 0.03) };
    let app = Container::new("worker", "registry.example.com/platform/queue-worker:6.1.5", (520, 480))
        .limits(None, Some(480))
        .uses(cpu, level(395.0, 0.0));
    let mut w = Workload::new("platform", "queue-worker", Kind::Deployment(2), Pool::Rack).with(app);
    w.expect = Expect::RightSized;
    w
}

/// With an init container that migrates a schema, which is not sized by the service's usage.
fn notifications() -> Workload {
    let app = Container::new("app", "registry.example.com/platform/notifications:2.0.8", (600, 1_024))
        .limits(None, Some(1_024))
        .uses(daily(0.03, 0.08, 0.2), level(210.0, 40.0));
    let mut w = Workload::new("platform", "notifications", Kind::Deployment(2), Pool::Rack)
        .with(app)
        .recommended(Change::Down, Change::Down);
    w.init = Some(
        Container::new("migrate", "registry.example.com/platform/notifications-migrate:2.0.8", (200, 256))
            .limits(None, Some(512)),
    );
    w
}

/// Nobody uses it.
fn intranet() -> Workload {
    let cpu = Cpu { weekend: 1.0, ..daily(0.001, 0.0, 0.2) };
    let app = Container::new("wiki", "registry.example.com/platform/intranet:1.2.0", (1_000, 1_024))
        .limits(None, Some(1_024))
        .uses(cpu, level(46.0, 0.0));
    Workload::new("platform", "intranet", Kind::Deployment(1), Pool::Rack)
        .with(app)
        .recommended(Change::Down, Change::Down)
}

/// Its owners opted out.
fn reports() -> Workload {
    let app = Container::new("reports", "registry.example.com/platform/reports:8.5.1", (1_000, 2_048))
        .limits(None, Some(2_048))
        .uses(daily(0.05, 0.1, 0.2), level(400.0, 80.0));
    let mut w = Workload::new("platform", "reports", Kind::Deployment(1), Pool::Rack).with(app);
    w.annotations.push(("trimtab.dev/mode", "Off".to_owned()));
    w.expect = Expect::Skipped("OptedOut");
    w
}

/// On every node.
fn node_logger() -> Workload {
    let app = Container::new("logger", "registry.example.com/platform/node-logger:3.2.2", (200, 256))
        .limits(Some(500), Some(256))
        .uses(daily(0.018, 0.012, 0.15), level(74.0, 8.0));
    Workload::new("platform", "node-logger", Kind::DaemonSet, Pool::Everywhere)
        .with(app)
        .recommended(Change::Down, Change::Down)
}
