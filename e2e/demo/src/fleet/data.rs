//! Data: workloads that must not be slow or restart.

use super::{
    Change, Container, Kind, Pool, Workload,
    workload::{daily, level},
};

/// Databases, under a policy with the profile Resilient.
pub fn workloads() -> Vec<Workload> {
    vec![orders_db(), session_cache()]
}

/// A database with one replica: nothing takes over during a change.
fn orders_db() -> Workload {
    let app = Container::new("postgres", "docker.io/library/postgres:17.5", (1_500, 6_144))
        .limits(Some(3_000), Some(6_144))
        .uses(daily(0.12, 0.3, 0.15), level(2_300.0, 150.0));
    Workload::new("data", "orders-db", Kind::StatefulSet(1), Pool::Gcp)
        .with(app)
        .recommended(Change::Down, Change::Down)
}

/// A cache whose PodDisruptionBudget leaves no room.
fn session_cache() -> Workload {
    let app = Container::new("redis", "docker.io/library/redis:7.4.2", (500, 2_048))
        .limits(None, Some(2_048))
        .uses(daily(0.04, 0.05, 0.1), level(520.0, 60.0));
    let mut w = Workload::new("data", "session-cache", Kind::StatefulSet(3), Pool::Gcp)
        .with(app)
        .recommended(Change::Down, Change::Down);
    w.min_available = Some(3);
    w
}
