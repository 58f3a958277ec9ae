//! Batch: scheduled workloads.

use super::{
    Change, Container, Kind, Pool, Workload,
    workload::{daily, level},
};
use crate::model::{Burst, Cpu, Schedule};

/// CronJobs, under a policy with the profile Savings.
pub fn workloads() -> Vec<Workload> {
    vec![weekly_invoices(), sync_inventory()]
}

/// Runs once a week, and then needs more than it requests.
fn weekly_invoices() -> Workload {
    let cpu = Cpu { weekend: 1.0, ..daily(1.4, 0.0, 0.08) };
    let app = Container::new("invoices", "registry.example.com/batch/weekly-invoices:1.9.0", (500, 2_048))
        .limits(None, Some(2_048))
        .uses(cpu, level(680.0, 0.0));
    let schedule = Schedule::Weekly { weekday: 0, hour: 2, run_minutes: 180 };
    Workload::new("batch", "weekly-invoices", Kind::CronJob(schedule), Pool::Rack)
        .with(app)
        // With two runs nothing is lowered, where the source reports runs.
        .recommended(Change::Up, Change::Any)
}

/// Runs every hour for some minutes, with spikes.
fn sync_inventory() -> Workload {
    let burst = Some(Burst { per_day: 90.0, minutes: 2, cores: 0.5 });
    let app = Container::new("sync", "registry.example.com/batch/sync-inventory:0.14.2", (1_000, 1_024))
        .limits(None, Some(1_024))
        .uses(Cpu { weekend: 1.0, burst, ..daily(0.12, 0.0, 0.3) }, level(170.0, 0.0));
    let schedule = Schedule::Hourly { minute: 7, run_minutes: 14 };
    Workload::new("batch", "sync-inventory", Kind::CronJob(schedule), Pool::Rack)
        .with(app)
        .recommended(Change::Down, Change::Down)
}
