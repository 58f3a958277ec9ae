//! What must hold for the faults: one check a row.

use anyhow::{Result, bail, ensure};

use super::snapshot::{GI, MI, Snapshot, factors, says, size, within};

/// Name of the row, and its check.
pub type Row = (&'static str, fn(&Snapshot) -> Result<()>);

pub const FAULTS: &[Row] = &[
    ("F1 fixed: an old kill under a former limit", fixed),
    ("F1 nodeoom: a kill far under the limit", nodeoom),
    ("F2 ratio: a limit that holds the peak", ratio),
    ("F2 units: 400m of memory", units),
    ("F2 huge: no limit above the largest node", huge),
    ("F2 all: a limit that grows is a risk factor", growing_limits),
    ("F2 all: no request beyond twice the greatest use", bounded),
    ("F3 web: another cluster's living pods", foreign),
    ("F3 pair: two servers that scrape the same", pair),
    ("F3 twin: a pod of the same name on another cluster's node", twin),
    ("F3 both: two clusters under one name", both),
    ("F3 ended: pods of another cluster that are no more", ended),
    ("F3 blurred: two clusters that no label tells apart", blurred),
    ("F4 nightly: a peak between the steps", nightly),
    ("F4 short: runs of two minutes", short),
    ("F1 nightoom: kills of pods that are not started again", nightoom),
    ("F4 glitch: one reading above what the limit lets it use", glitch),
    ("F4 young: an hour of CPU beside weeks of memory", young),
    ("F4 leak: growth of three days", |s| keeps(s, "adv/deploy-leak", GI)),
    ("F5 kafka: -Xmx in a variable of another name", |s| keeps(s, "adv/sts-kafka", 2 * GI)),
    ("F5 elastic: a JVM by its image", |s| keeps(s, "adv/sts-elastic", 4 * GI)),
    ("F5 jvmref: the annotation", |s| keeps(s, "adv/deploy-jvmref", 2560 * MI)),
    ("F5 gomem: GOMEMLIMIT", |s| keeps(s, "adv/deploy-gomem", 1200 * MI)),
    ("F5 postgres: shared_buffers", |s| keeps(s, "adv/deploy-postgres", 2 * GI)),
    ("F5 redis: maxmemory", |s| keeps(s, "adv/deploy-redis", 2 * GI)),
    ("F5 mariadb: a flag in a variable", |s| keeps(s, "adv/deploy-mariadb", 2 * GI)),
    ("F5 golimit: a variable that holds the limit", |s| keeps(s, "adv/deploy-golimit", 2 * GI)),
    ("F5 above: told more than its limit", above),
    ("F6 kube-state-metrics: kills of others", exported),
    ("F7 web: an injected sidecar", injected),
    ("F7 meshed: a sidecar whose injector is known", meshed),
    ("F8 zeros: requests and limits of 0", zeros),
    ("F8 zerolim: a limit of 0", zerolim),
    ("F9 bootloop: kills without a sample", bootloop),
    ("F11 tiny: less than the minimum", tiny),
    ("F12 broken: readings that are no amounts", broken),
];

fn fixed(s: &Snapshot) -> Result<()> {
    let (key, seen) = ("adv/deploy-fixed", s.seen("adv/deploy-fixed"));
    let proposed = s.must_propose(key)?;
    within("memory request in Mi", proposed.memory / MI, 300..=400, &seen)?;
    within("memory limit in Mi", proposed.memory_limit / MI, 300..=2048, &seen)
}

fn nodeoom(s: &Snapshot) -> Result<()> {
    let (key, seen) = ("adv/deploy-nodeoom", s.seen("adv/deploy-nodeoom"));
    let proposed = s.must_propose(key)?;
    within("memory request in Mi", proposed.memory / MI, 300..=420, &seen)?;
    within("memory limit in Mi", proposed.memory_limit / MI, 300..=8192, &seen)?;
    names_factor(s, key, "KilledByNode")?;
    says(&s.said(key, "Deployment adv/nodeoom"), &["node ran out of memory"])
}

fn ratio(s: &Snapshot) -> Result<()> {
    let (key, seen) = ("adv/deploy-ratio", s.seen("adv/deploy-ratio"));
    let proposed = s.must_propose(key)?;
    within("memory request in Mi", proposed.memory / MI, 500..=650, &seen)?;
    within("memory limit in Mi", proposed.memory_limit / MI, 1024..=1024, &seen)
}

fn units(s: &Snapshot) -> Result<()> {
    let (key, seen) = ("adv/deploy-units", s.seen("adv/deploy-units"));
    let proposed = s.must_propose(key)?;
    within("memory request in Mi", proposed.memory / MI, 200..=270, &seen)?;
    within("memory limit in MB", proposed.memory_limit / 1_000_000, 1500..=1500, &seen)?;
    names_factor(s, key, "WrongUnit")?;
    says(&s.said(key, "Deployment adv/units"), &["400m"])
}

fn huge(s: &Snapshot) -> Result<()> {
    let key = "adv/deploy-huge";
    within("memory limit in Gi", s.must_propose(key)?.memory_limit / GI, 2..=128, &s.seen(key))
}

/// An error unless the recommendation has this risk factor.
fn names_factor(s: &Snapshot, key: &str, reason: &str) -> Result<()> {
    let found = s.recommendation(key).map(factors).unwrap_or_default();
    ensure!(found.iter().any(|f| f == reason), "{found:?} does not hold {reason}; {}", s.seen(key));
    Ok(())
}

fn growing_limits(s: &Snapshot) -> Result<()> {
    let mut grown = 0;
    for (key, data) in s.recommendations() {
        for (before, after) in pairs(data) {
            if before.memory_limit > 0 && after.memory_limit > before.memory_limit {
                names_factor(s, key, "MemoryLimitIncrease")?;
                grown += 1;
            }
            if before.cpu_limit > 0 && after.cpu_limit > before.cpu_limit {
                names_factor(s, key, "CpuLimitIncrease")?;
            }
        }
    }
    // That of `bootloop` does.
    ensure!(grown > 0, "no memory limit grows");
    Ok(())
}

/// The containers' present and proposed sizes.
fn pairs(data: &serde_json::Value) -> Vec<(super::snapshot::Size, super::snapshot::Size)> {
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let current = list(&data["status"]["current"]);
    list(&data["spec"]["proposal"]["containers"])
        .iter()
        .filter_map(|after| Some((size(current.iter().find(|c| c["name"] == after["name"])?), size(after))))
        .collect()
}

fn bounded(s: &Snapshot) -> Result<()> {
    for (key, data) in s.recommendations() {
        let evidence = data["status"]["evidence"]["containers"].as_array().cloned().unwrap_or_default();
        let current = data["status"]["current"].as_array().cloned().unwrap_or_default();
        for container in data["spec"]["proposal"]["containers"].as_array().into_iter().flatten() {
            let used = evidence.iter().find(|e| e["name"] == container["name"]);
            let peak = used.and_then(|e| trimtab_core::quantity::bytes(e["memoryPeak"].as_str()?).ok()).unwrap_or(0);
            let before = current.iter().find(|c| c["name"] == container["name"]).map(size).unwrap_or_default();
            let after = size(container);
            let grows = after.memory > before.memory && peak > 32 * MI;
            ensure!(!grows || after.memory <= 2 * peak, "{key}: used {}Mi at most; {}", peak / MI, s.seen(key));
        }
    }
    Ok(())
}

fn foreign(s: &Snapshot) -> Result<()> {
    let (key, seen) = ("adv-mc/deploy-web", s.seen("adv-mc/deploy-web"));
    let proposed = s.must_propose(key)?;
    within("CPU request in m", proposed.cpu, 50..=120, &seen)?;
    within("memory request in Mi", proposed.memory / MI, 100..=200, &seen)?;
    let (reason, message) = s.condition("advice", "MetricsAmbiguous")?;
    ensure!(reason == "ForeignSeries", "{reason}: {message}");
    says(&message, &["cluster=\"prod\""])?;
    says(&message, &["--prometheus-cluster"])
}

fn pair(s: &Snapshot) -> Result<()> {
    let (key, seen) = ("adv/deploy-pair", s.seen("adv/deploy-pair"));
    let proposed = s.must_propose(key)?;
    within("CPU request in m", proposed.cpu, 100..=160, &seen)?;
    within("memory request in Mi", proposed.memory / MI, 200..=300, &seen)
}

fn twin(s: &Snapshot) -> Result<()> {
    let (key, seen) = ("adv-mc/sts-twin", s.seen("adv-mc/sts-twin"));
    let proposed = s.must_propose(key)?;
    within("CPU request in m", proposed.cpu, 50..=120, &seen)?;
    within("memory request in Mi", proposed.memory / MI, 100..=200, &seen)
}

fn both(s: &Snapshot) -> Result<()> {
    let skipped = s.skipped("StatefulSet adv-mc/both");
    let told =
        |(reason, message): &(String, String)| reason == "MetricsAmbiguous" && message.contains("--prometheus-cluster");
    ensure!(skipped.as_ref().is_some_and(told), "{skipped:?}");
    says(&s.condition("advice", "MetricsAmbiguous")?.1, &["StatefulSet adv-mc/both"])
}

fn ended(s: &Snapshot) -> Result<()> {
    let (key, seen) = ("adv-mc/deploy-ended", s.seen("adv-mc/deploy-ended"));
    let proposed = s.must_propose(key)?;
    within("CPU request in m", proposed.cpu, 50..=120, &seen)?;
    within("memory request in Mi", proposed.memory / MI, 100..=200, &seen)?;
    says(&s.condition("advice", "MetricsAmbiguous")?.1, &["that have ended"])
}

fn blurred(s: &Snapshot) -> Result<()> {
    let skipped = s.skipped("StatefulSet adv-mc/blurred");
    ensure!(skipped.as_ref().is_some_and(|(reason, _)| reason == "MetricsAmbiguous"), "{skipped:?}");
    says(&s.condition("advice", "MetricsAmbiguous")?.1, &["StatefulSet adv-mc/blurred"])
}

fn broken(s: &Snapshot) -> Result<()> {
    let key = "adv/deploy-broken";
    let used =
        s.recommendation(key).map(|data| data["status"]["evidence"]["containers"][0].clone()).unwrap_or_default();
    let p50 = trimtab_core::quantity::cpu_millis(used["cpuP50"].as_str().unwrap_or_default()).unwrap_or(0);
    // A daily wave of a tenth is in the true rate of 50m.
    within("p50 in m", p50, 45..=56, &used.to_string())?;
    within("memory request in Mi", s.must_propose(key)?.memory / MI, 300..=400, &s.seen(key))
}

fn nightly(s: &Snapshot) -> Result<()> {
    let key = "adv/cronjob-nightly";
    let Some(proposed) = s.proposed(key, "job") else { return few(s, key) };
    within("memory limit in Mi", proposed.memory_limit / MI, 800..=1536, &s.seen(key))?;
    within("CPU request in m", proposed.cpu, 800..=1500, &s.seen(key))?;
    few(s, key)
}

fn nightoom(s: &Snapshot) -> Result<()> {
    let key = "adv/cronjob-nightoom";
    let Some(proposed) = s.proposed(key, "job") else { return Ok(()) };
    within("memory limit in Mi", proposed.memory_limit / MI, 1024..=2048, &s.seen(key))?;
    within("memory request in Mi", proposed.memory / MI, 1024..=2048, &s.seen(key))
}

fn glitch(s: &Snapshot) -> Result<()> {
    let key = "adv/deploy-glitch";
    let Some(proposed) = s.proposed(key, "app") else { return Ok(()) };
    ensure!(
        proposed.cpu <= 500 || s.recommendation(key).is_some_and(|r| r["status"]["risk"]["level"] == "High"),
        "{}",
        s.seen(key)
    );
    names_factor(s, key, "ImplausibleUse")
}

fn young(s: &Snapshot) -> Result<()> {
    let key = "adv/deploy-young";
    let Some(proposed) = s.proposed(key, "app") else { return Ok(()) };
    within("CPU request in m", proposed.cpu, 1000..=1000, &s.seen(key))
}

fn short(s: &Snapshot) -> Result<()> {
    let key = "adv/cronjob-short";
    let Some(proposed) = s.proposed(key, "job") else { return few(s, key) };
    within("memory limit in Mi", proposed.memory_limit / MI, 300..=1536, &s.seen(key))?;
    within("CPU request in m", proposed.cpu, 900..=1500, &s.seen(key))?;
    few(s, key)
}

/// Where little was seen of runs, it is a risk factor and lowers confidence.
fn few(s: &Snapshot, key: &str) -> Result<()> {
    let Some(data) = s.recommendation(key) else { return Ok(()) };
    let evidence = &data["status"]["evidence"]["containers"][0];
    let samples = evidence["memorySamples"].as_i64().unwrap_or(0);
    if samples < 100 {
        ensure!(data["status"]["confidencePercent"].as_i64().unwrap_or(100) < 90, "{}", s.seen(key));
        names_factor(s, key, "FewSamples")?;
    }
    Ok(())
}

/// No memory limit below what the process was configured to use.
fn keeps(s: &Snapshot, key: &str, least: u64) -> Result<()> {
    let proposed = s.must_propose(key)?;
    ensure!(proposed.memory_limit >= least, "limit {}Mi; {}", proposed.memory_limit / MI, s.seen(key));
    Ok(())
}

fn above(s: &Snapshot) -> Result<()> {
    let key = "adv/deploy-above";
    let (proposed, seen) = (s.must_propose(key)?, s.seen(key));
    ensure!(proposed.memory >= 512 * MI && proposed.memory_limit >= 512 * MI, "{seen}");
    names_factor(s, key, "ToldAboveLimit")?;
    says(&s.said(key, "Deployment adv/above"), &["is configured to use 2Gi"])
}

fn exported(s: &Snapshot) -> Result<()> {
    let key = "adv-mon/deploy-kube-state-metrics";
    let seen = s.seen(key);
    let Some(proposed) = s.proposed(key, "kube-state-metrics") else { bail!("{seen}") };
    within("memory request in Mi", proposed.memory / MI, 120..=200, &seen)?;
    let evidence = &s.recommendation(key).unwrap()["status"]["evidence"]["containers"][0];
    ensure!(evidence["oomKills"] == 0 && evidence["restarts"] == 0, "{evidence}");
    says(&s.condition("advice", "MetricsAmbiguous")?.1, &["exported_pod"])
}

fn injected(s: &Snapshot) -> Result<()> {
    let key = "adv-inj/deploy-web";
    s.must_propose(key)?;
    let said = s.said(key, "Deployment adv-inj/web");
    says(&said, &["container mesh-proxy is injected"])?;
    // Its usage is shown, and why it is not sized.
    says(&said, &["memory peaked at 736Mi"])?;
    says(&said, &["no annotation is known"])?;
    let found = factors(s.recommendation(key).unwrap());
    ensure!(!found.iter().any(|f| f == "QosClassChange"), "its pods are Burstable already: {}", s.seen(key));
    Ok(())
}

fn meshed(s: &Snapshot) -> Result<()> {
    let key = "adv-inj/deploy-meshed";
    s.must_propose(key)?;
    ensure!(s.proposed(key, "istio-proxy").is_none(), "the template cannot hold it: {}", s.seen(key));
    let said = s.said(key, "Deployment adv-inj/meshed");
    // It requests 100m and 128Mi, and uses 300m and 400Mi.
    for words in [
        "sidecar.istio.io/proxycpu: \"3",
        "sidecar.istio.io/proxymemory: \"4",
        "sidecar.istio.io/proxymemorylimit: \"1gi\"",
    ] {
        says(&said, &[words])?;
    }
    let savings = &s.recommendation(key).unwrap()["status"]["savings"]["monthly"];
    ensure!(savings.as_str().is_some_and(|amount| !amount.starts_with('-')), "as if it were applied: {savings}");
    Ok(())
}

fn zeros(s: &Snapshot) -> Result<()> {
    let (key, seen) = ("adv/deploy-zeros", s.seen("adv/deploy-zeros"));
    let proposed = s.must_propose(key)?;
    within("memory request in Mi", proposed.memory / MI, 300..=420, &seen)?;
    within("CPU request in m", proposed.cpu, 50..=100, &seen)?;
    ensure!(proposed.memory_limit == 0 && proposed.cpu_limit == 0, "no limit was set: {seen}");
    Ok(())
}

fn zerolim(s: &Snapshot) -> Result<()> {
    let (key, seen) = ("adv/deploy-zerolim", s.seen("adv/deploy-zerolim"));
    let proposed = s.must_propose(key)?;
    within("memory request in Mi", proposed.memory / MI, 300..=420, &seen)?;
    ensure!(proposed.memory_limit == 0, "no limit was set: {seen}");
    Ok(())
}

fn bootloop(s: &Snapshot) -> Result<()> {
    let key = "adv/deploy-bootloop";
    let proposed = s.must_propose(key)?;
    within("memory request in Mi", proposed.memory / MI, 65..=128, &s.seen(key))?;
    within("memory limit in Mi", proposed.memory_limit / MI, 65..=128, &s.seen(key))?;
    names_factor(s, key, "OomKilled")?;
    says(&s.said(key, "Deployment adv/bootloop"), &["raised above 64Mi"])
}

fn tiny(s: &Snapshot) -> Result<()> {
    let key = "adv/deploy-tiny";
    let Some(proposed) = s.proposed(key, "app") else { return Ok(()) };
    ensure!(proposed.cpu <= 5 && proposed.memory <= 8 * MI, "{}", s.seen(key));
    Ok(())
}
