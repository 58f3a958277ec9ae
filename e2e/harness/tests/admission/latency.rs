//! The policy's cost for each created pod: the same however many entries there are.
//!
//! 3,000 because an object of 5,000 entries with requests and limits exceeds etcd's limit (1.5 MiB).

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::{
    bed::Bed,
    shape::{app, applied, namespace, pod_of_replica_set, usual, workload},
};

const ROUNDS: usize = 120;

pub async fn is_small(bed: &Bed) -> Result<()> {
    let web = workload("6f1e2d3c-0a1b-4c2d-8e9f-001122334455", &[usual()]);
    let mut all = serde_json::Map::new();
    for i in 0..2999 {
        all.insert(format!("Deployment/w{i}"), web.clone());
    }
    all.insert("Deployment/web".to_owned(), web.clone());
    bed.make(&[
        namespace("lat-0"),
        namespace("lat-1"),
        applied("lat-1", "trimtab", json!({"Deployment/web": web})),
        namespace("lat-3000"),
        applied("lat-3000", "trimtab", json!(all)),
    ])
    .await?;
    bed.sees("lat-3000").await?;
    let mut series = [
        ("no object", "lat-0", "web", vec![]),
        ("1 entry", "lat-1", "web", vec![]),
        ("3000 entries, none of its own", "lat-3000", "api", vec![]),
        ("3000 entries", "lat-3000", "web", vec![]),
    ];
    for _ in 0..ROUNDS {
        // Alternating, so that a busy moment of the machine affects all.
        for (_, namespace, deployment, times) in &mut series {
            let pod = pod_of_replica_set(namespace, deployment, &json!([app(&usual().from)]));
            let start = Instant::now();
            let has = bed.dry_run(namespace, &pod).await?;
            times.push(start.elapsed());
            let sized = *namespace != "lat-0" && *deployment == "web";
            ensure!(has["app"] == if sized { usual().to } else { usual().from }, "{has:?}");
        }
    }
    let medians: Vec<Duration> = series
        .iter_mut()
        .map(|(what, _, _, times)| {
            times.sort();
            let median = times[times.len() / 2];
            println!("creating a pod, {what}: median {:.2} ms", median.as_secs_f64() * 1000.0);
            median
        })
        .collect();
    ensure!(medians[3] <= medians[1] * 3 + Duration::from_millis(5), "3,000 entries cost more than one: {medians:?}");
    ensure!(medians[3] <= medians[0] * 5 + Duration::from_millis(20), "the policy costs too much: {medians:?}");
    Ok(())
}
