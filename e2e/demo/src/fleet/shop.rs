//! The shop: customer-facing services.

use super::{
    Autoscaler, Change, Container, Expect, Kind, Pool, Shows, Workload,
    workload::{daily, level},
};
use crate::model::{Burst, Cpu, Memory};

/// Services of the shop, under a policy with the profile Balanced.
pub fn workloads() -> Vec<Workload> {
    vec![storefront(), checkout(), cart(), search(), catalog(), payments(), image_resizer(), gift_cards(), promotions()]
}

/// Sized for a sale that is long over.
fn storefront() -> Workload {
    let web = Container::new("web", "registry.example.com/shop/storefront:4.18.2", (1_000, 1_024))
        .limits(Some(2_000), Some(2_048))
        .uses(daily(0.04, 0.16, 0.15), level(260.0, 60.0));
    let mut w = Workload::new("shop", "storefront", Kind::Deployment(3), Pool::Aws)
        .with(web)
        .recommended(Change::Down, Change::Down);
    w.rolled_out_days_ago = Some(5);
    w
}

/// With a sidecar that a mesh injected.
fn checkout() -> Workload {
    let app = Container::new("app", "registry.example.com/shop/checkout:2.7.0", (500, 768))
        .limits(None, Some(768))
        .uses(daily(0.06, 0.12, 0.12), level(230.0, 30.0));
    let proxy = Container::new("istio-proxy", "registry.example.com/mesh/proxyv2:1.24.1", (100, 128))
        .limits(Some(2_000), Some(1_024))
        .uses(daily(0.004, 0.01, 0.1), level(44.0, 6.0));
    Workload::new("shop", "checkout", Kind::Deployment(2), Pool::Aws)
        .with(app)
        .with(proxy)
        .recommended(Change::Down, Change::Down)
}

/// Leaks, and is OOM-killed every other day.
fn cart() -> Workload {
    let app = Container::new("app", "registry.example.com/shop/cart:1.31.4", (150, 192))
        .limits(None, Some(256))
        .uses(daily(0.05, 0.07, 0.1), Memory::Leak { low: 110.0, high: 256.0, hours: 41 });
    let mut w = Workload::new("shop", "cart", Kind::Deployment(2), Pool::GcpSpot)
        .with(app)
        .recommended(Change::Any, Change::Up)
        .showing(Shows::OomKills);
    w.behaviour = Some("oom-once");
    w
}

/// Throttled by its CPU limit in the afternoons.
fn search() -> Workload {
    let cpu = Cpu { weekend: 0.8, ..daily(0.32, 0.33, 0.08) };
    let app = Container::new("search", "registry.example.com/shop/search:7.2.1", (400, 1_024))
        .limits(Some(500), Some(1_024))
        .uses(cpu, level(840.0, 20.0));
    Workload::new("shop", "search", Kind::Deployment(2), Pool::Aws)
        .with(app)
        .recommended(Change::Up, Change::Any)
        .showing(Shows::Throttling)
}

/// A Java service whose heap follows the memory limit.
fn catalog() -> Workload {
    let app = Container::new("catalog", "registry.example.com/shop/catalog:5.0.3", (1_000, 2_048))
        .limits(None, Some(2_048))
        .env("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=75 -XX:+UseG1GC")
        .uses(daily(0.08, 0.2, 0.2), level(1_450.0, 60.0));
    Workload::new("shop", "catalog", Kind::Deployment(2), Pool::Gcp)
        .with(app)
        .recommended(Change::Down, Change::Keep)
        .showing(Shows::RuntimeHeap)
}

/// Scaled by an HPA on CPU utilisation: its CPU request is the HPA's reference.
fn payments() -> Workload {
    let app = Container::new("payments", "registry.example.com/shop/payments:3.3.9", (400, 640))
        .limits(None, Some(640))
        .uses(daily(0.1, 0.14, 0.1), level(180.0, 20.0));
    let mut w = Workload::new("shop", "payments", Kind::Deployment(3), Pool::GcpSpot)
        .with(app)
        .recommended(Change::Keep, Change::Down)
        .showing(Shows::Autoscaler);
    w.autoscaler = Some(Autoscaler { most: 10, percent: 70 });
    w
}

/// Requests far less than it needs.
fn image_resizer() -> Workload {
    let burst = Some(Burst { per_day: 40.0, minutes: 4, cores: 0.25 });
    let app = Container::new("resizer", "registry.example.com/shop/image-resizer:0.9.12", (200, 256))
        .limits(None, Some(1_024))
        .uses(Cpu { burst, ..daily(0.3, 0.35, 0.12) }, level(400.0, 110.0));
    Workload::new("shop", "image-resizer", Kind::Deployment(2), Pool::AwsSpot)
        .with(app)
        .recommended(Change::Up, Change::Up)
}

/// Deployed this morning.
fn gift_cards() -> Workload {
    let app = Container::new("app", "registry.example.com/shop/gift-cards:0.1.0", (300, 256))
        .limits(None, Some(256))
        .uses(daily(0.02, 0.02, 0.1), level(90.0, 5.0));
    let mut w = Workload::new("shop", "gift-cards", Kind::Deployment(1), Pool::Rack).with(app);
    w.history_hours = 6;
    w.expect = Expect::Skipped("InsufficientHistory");
    w
}

/// Needs most of its memory when a campaign begins, and none began in the last two weeks: no measurement shows it.
fn promotions() -> Workload {
    let app = Container::new("app", "registry.example.com/shop/promotions:3.4.1", (400, 1_536))
        .limits(None, Some(1_536))
        .uses(daily(0.04, 0.06, 0.12), level(410.0, 40.0));
    let mut w = Workload::new("shop", "promotions", Kind::Deployment(4), Pool::Rack)
        .with(app)
        .recommended(Change::Down, Change::Down);
    w.needs_memory = Some(1_000);
    w
}
