//! What must hold for the gaps: one check a row.

use anyhow::{Result, ensure};

use super::{
    faults::Row,
    snapshot::{MI, Snapshot, factors, says, size},
};

pub const GAPS: &[Row] = &[
    ("G1 container: a name that matches nothing", container_name),
    ("G1 annotation: a name that nobody knows", annotation_name),
    ("G1 noproxy: an annotation for a container that is not there", annotation_container),
    ("G1 mislaid: a mode on the pod template", mislaid),
    ("G2 vpa-owned: a VPA on the same workload", vpa),
    ("G3 logs: one busy node", one_busy_node),
    ("G4 own: pods that no supported kind owns", unowned),
    ("G5 pinned: Guaranteed with whole cores", pinned),
    ("G6 gpu: savings that cannot be realised", gpu),
    ("G7 all: nothing that frees nothing", worthless),
    ("G7 nothing: no requests at all", nothing),
    ("G8 asleep: scaled to zero", asleep),
];

fn container_name(s: &Snapshot) -> Result<()> {
    let (reason, message) = s.condition("typo", "NamesUnmatched")?;
    ensure!(reason == "ContainerNotFound", "{reason}: {message}");
    says(&message, &["istio-poxy"])?;
    says(&message, &["istio-proxy"])?;
    ensure!(s.event("typo", &["ContainerNotFound", "istio-poxy"]), "no event; {}", s.said_of_policy("typo"));
    Ok(())
}

fn annotation_name(s: &Snapshot) -> Result<()> {
    let (reason, message) = s.condition("advice", "NamesUnmatched")?;
    ensure!(reason == "UnknownAnnotation", "{reason}: {message}");
    says(&message, &["trimtab.dev/min-memmory"])?;
    says(&message, &["trimtab.dev/min-memory?"])?;
    ensure!(s.event("advice", &["UnknownAnnotation", "misspelt"]), "no event; {}", s.said_of_policy("advice"));
    stays(s, "misspelt", "Trimtab does not read annotation trimtab.dev/min-memmory")
}

fn annotation_container(s: &Snapshot) -> Result<()> {
    ensure!(s.event("advice", &["ContainerNotFound", "noproxy"]), "no event; {}", s.said_of_policy("advice"));
    stays(s, "noproxy", "annotation trimtab.dev/min-memory names container \"istio-poxy\"")
}

fn mislaid(s: &Snapshot) -> Result<()> {
    stays(s, "mislaid", "Trimtab does not read trimtab.dev/mode=\"Off\" as an annotation of its pod template")
}

/// It requests 1Gi and uses less: an annotation that may protect it keeps it unchanged, and is named.
fn stays(s: &Snapshot, name: &str, fault: &str) -> Result<()> {
    let skipped = s.skipped(&format!("Deployment adv/{name}"));
    let (reason, message) = skipped.ok_or_else(|| anyhow::anyhow!("not skipped; {}", s.said_of_policy("advice")))?;
    ensure!(reason == "InvalidAnnotation", "{reason}: {message}");
    says(&message, &[&format!("Deployment adv/{name}: {fault}")])?;
    let key = format!("adv/deploy-{name}");
    ensure!(s.recommendation(&key).is_none(), "{}", s.seen(&key));
    Ok(())
}

fn vpa(s: &Snapshot) -> Result<()> {
    let skipped = s.skipped("Deployment adv/vpa-owned");
    ensure!(skipped.as_ref().is_some_and(|(reason, _)| reason == "ManagedByVpa"), "{skipped:?}");
    Ok(())
}

fn one_busy_node(s: &Snapshot) -> Result<()> {
    let key = "adv/ds-logs";
    let Some(data) = s.recommendation(key) else { return Ok(()) };
    let costs = data["status"]["savings"]["monthly"].as_str().is_some_and(|m| m.starts_with('-'));
    if costs {
        ensure!(factors(data).iter().any(|f| f == "UnevenUsage"), "{}", s.seen(key));
        says(&data["status"]["explanation"].to_string(), &["of its pods (7 of 8) use less"])?;
    }
    Ok(())
}

fn unowned(s: &Snapshot) -> Result<()> {
    let counted = ["ReplicaSet", "None"].map(|owner| s.unowned("own", owner));
    ensure!(counted == [Some(2), Some(1)], "{counted:?}; {}", s.said_of_policy("own"));
    let (reason, message) = s.condition("own", "Ready")?;
    ensure!(reason == "NoWorkloads", "{reason}: {message}");
    says(&message, &["2 of kind ReplicaSet, 1 without an owner"])
}

fn pinned(s: &Snapshot) -> Result<()> {
    let key = "adv/deploy-pinned";
    let Some(proposed) = s.proposed(key, "app") else { return Ok(()) };
    let guaranteed = proposed.cpu == proposed.cpu_limit && proposed.memory == proposed.memory_limit;
    ensure!(guaranteed && proposed.cpu % 1000 == 0, "{}", s.seen(key));
    Ok(())
}

fn gpu(s: &Snapshot) -> Result<()> {
    let key = "adv/deploy-gpu";
    let Some(data) = s.recommendation(key) else { return Ok(()) };
    let savings = &data["status"]["savings"];
    ensure!(savings["realisableMonthly"] == "0.00" && savings["notRealisable"]["reason"] == "GpuNode", "{savings}");
    says(&data["status"]["explanation"].to_string(), &["gpu"])
}

fn worthless(s: &Snapshot) -> Result<()> {
    for (key, data) in s.recommendations() {
        let current = data["status"]["current"].as_array().cloned().unwrap_or_default();
        let proposed = data["spec"]["proposal"]["containers"].as_array().cloned().unwrap_or_default();
        let same_requests = proposed.iter().all(|after| {
            let before = current.iter().find(|c| c["name"] == after["name"]);
            before.is_some_and(|before| before["requests"] == after["requests"])
        });
        let lowers = proposed.iter().any(|after| {
            let before = current.iter().find(|c| c["name"] == after["name"]).map(size).unwrap_or_default();
            size(after).memory_limit < before.memory_limit || size(after).cpu_limit < before.cpu_limit
        });
        let frees_nothing = matches!(data["status"]["savings"]["monthly"].as_str(), Some("0.00" | "0" | "-0.00"));
        ensure!(!(frees_nothing && same_requests && lowers), "{key}: {}", s.seen(key));
    }
    Ok(())
}

fn nothing(s: &Snapshot) -> Result<()> {
    let key = "adv/deploy-nothing";
    let Some(proposed) = s.proposed(key, "app") else { return Ok(()) };
    // It has nothing set and uses 150Mi: a request is useful, a limit that nobody asked for is not.
    ensure!(proposed.memory >= 150 * MI && proposed.memory_limit == 0 && proposed.cpu_limit == 0, "{}", s.seen(key));
    Ok(())
}

fn asleep(s: &Snapshot) -> Result<()> {
    let skipped = s.skipped("Deployment adv/asleep");
    ensure!(skipped.as_ref().is_some_and(|(reason, _)| reason == "ScaledToZero"), "{skipped:?}");
    Ok(())
}
