//! Watches the cluster of the current kubeconfig and prints its objects, what is missing, and the memory used: `cargo
//! run --release -p trimtab-world --example watch [SECONDS]`.

use std::time::{Duration, Instant};

use kube::Client;
use trimtab_world::{Options, World};

fn process(field: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|l| l.strip_prefix(field)).unwrap_or("?").trim().to_owned()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    let client = Client::try_default().await?;
    println!("before: {}", process("VmRSS:"));
    let started = Instant::now();
    let streaming_lists = std::env::var_os("STREAMING_LISTS").is_some();
    let world = World::start(client, Options { streaming_lists, ..Options::default() }, std::future::pending());
    let mut changes = world.changes();
    world.wait_synced().await;
    println!("synced in {:?}; resident {}, peak {}", started.elapsed(), process("VmRSS:"), process("VmHWM:"));
    println!("{:?}\nmissing {:?}\nmalformed {:?}", world.counts(), world.missing(), world.malformed());
    let end = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let _ = changes.take();
    while let Ok(dirty) = tokio::time::timeout_at(end, changes.next()).await {
        println!("{dirty:?} missing {:?} resident {}", world.missing(), process("VmRSS:"));
    }
    println!("at the end: {:?} missing {:?} resident {}", world.counts(), world.missing(), process("VmRSS:"));
    Ok(())
}
