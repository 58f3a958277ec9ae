//! What users see: the commands they would type, and their output.
//!
//! In: a cluster in which Trimtab has evaluated everything. Out: [`Tables`] and the [`Place`] with further access.

use std::{fmt, time::Duration};

use anyhow::{Result, ensure};
use kube::{Client, api::Api};
use trimtab_api::{OptimizationPolicy, Recommendation, conditions::types};
use trimtab_e2e::eventually;

use crate::{
    drive::{Cluster, Operator},
    story::Subject,
};

/// How long Trimtab may take for the first pass over this small world.
const FIRST_PASS: Duration = Duration::from_secs(90);

/// One command and what it printed.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it shows.
    pub heading: &'static str,
    /// The command line as people type it.
    pub command: String,
    /// Its output.
    pub output: String,
    /// Whether its columns must fit on a screen of 120 characters.
    pub columns: bool,
}

/// The results, where something was rolled out.
const DONE: &str = "What was approved above was carried out; all others are proposals and change nothing.";

/// The suggested next step: an approval that starts a rollout. That of the database beside it does not: its policy takes
/// the CPU limit away, which running pods cannot lose. `--check` approves it.
pub const NEXT: Subject = Subject { namespace: "data", workload: "session-cache", rec: "sts-session-cache" };

/// Suggested next commands.
fn suggested() -> String {
    let Subject { namespace, rec, .. } = NEXT;
    let commands = [
        ("undo deploy-storefront -n shop --reason 'a test' --watch".to_owned(), "its former size again, pod by pod"),
        ("recs -A".to_owned(), "every proposal, the greatest savings first"),
        (format!("explain {rec} -n {namespace}"), "why, with a chart of usage, and what would change the verdict"),
        (format!("approve {rec} -n {namespace} --watch"), "with the times of real life: half an hour"),
        ("halt --reason 'a test'".to_owned(), "Trimtab changes nothing any more, whoever approved it"),
        ("resume".to_owned(), "it goes on where it stood"),
    ];
    let lines = commands.map(|(command, what)| format!("  kubectl trimtab {command:<45}  {what}\n"));
    format!("\nTry it yourself, as the cluster's administrator:\n{}", lines.concat())
}

/// The same for recorded series.
const TRY_RECORDED: &str = "
Try it yourself, as the cluster's administrator:
  kubectl trimtab recs -A                             every proposal, the greatest savings first
  kubectl trimtab approve REC -n recorded --watch     carries one out, with the times of real life: half an hour
";

/// All of them, in order.
#[derive(Clone, Debug, Default)]
pub struct Tables(pub Vec<Table>);

/// Addresses and paths.
#[derive(Clone, Debug)]
pub struct Place {
    /// Path of the kubeconfig.
    pub kubeconfig: String,
    /// The directory with `kubectl` and `kubectl-trimtab`, where Trimtab was installed as its users install it.
    pub bin: Option<String>,
    /// URL of Prometheus.
    pub prometheus: String,
    /// Path of Trimtab's log, if it was started.
    pub log: Option<String>,
    /// Whether usage comes from recorded series.
    pub recorded: bool,
}

/// Waits until each of these policies has been evaluated.
///
/// # Errors
/// When that takes too long, with what the policies say, or when Trimtab has ended.
pub async fn wait_until_ready(client: &Client, policies: &[String], operator: &mut Operator) -> Result<()> {
    let api: Api<OptimizationPolicy> = Api::all(client.clone());
    let waiting = eventually(FIRST_PASS, "all policies Ready", async || {
        for name in policies {
            let policy = api.get(name).await?;
            let conditions = policy.status.map(|s| s.conditions).unwrap_or_default();
            let ready = conditions.iter().find(|c| c.type_ == types::READY);
            ensure!(
                ready.is_some_and(|c| c.status == "True"),
                "{name}: {}",
                ready.map_or("no condition Ready yet".to_owned(), |c| format!("{}: {}", c.reason, c.message))
            );
        }
        Ok(())
    });
    tokio::select! {
        done = waiting => done,
        error = operator.ended() => Err(error),
    }
}

/// Runs the commands. `simulated`: whether the fleet is the simulated one.
///
/// # Errors
/// When one of them fails.
pub async fn tables(cluster: &Cluster, client: &Client, simulated: bool) -> Result<Tables> {
    let (namespace, name) =
        if simulated { ("shop".to_owned(), "deploy-storefront".to_owned()) } else { first(client).await? };
    let policy = if simulated { "services" } else { "recorded" };
    let skipped = r#"{range .status.skipped[*]}{.reason}{": "}{.workloads}{"\n"}{end}"#;
    let commands: [(&str, bool, Vec<&str>); 6] = [
        ("Nodes", true, vec!["get", "nodes", "-L", "node.kubernetes.io/instance-type,topology.kubernetes.io/region"]),
        ("Policies: which workloads are right-sized, and how", true, vec!["get", "optpol"]),
        ("Prices beside the built-in ones", true, vec!["get", "prices"]),
        ("Recommendations", true, vec!["get", "recommendations", "-A"]),
        ("The evidence behind one of them", false, vec!["describe", "rec", "-n", &namespace, &name]),
        ("Workloads that were skipped, and why", false, vec!["get", "optpol", policy, "-o", "jsonpath"]),
    ];
    let mut tables = Vec::new();
    // Recorded series are all old enough, and none has opted out.
    let shown = if simulated { commands.len() } else { commands.len() - 1 };
    for (heading, columns, mut args) in commands.into_iter().take(shown) {
        let jsonpath = format!("jsonpath={skipped}");
        let mut command = format!("kubectl {}", args.join(" "));
        if let Some(last) = args.last_mut()
            && *last == "jsonpath"
        {
            *last = &jsonpath;
            command = format!("{command}='{skipped}'");
        }
        tables.push(Table { heading, command, output: cluster.kubectl(&args).await?, columns });
    }
    Ok(Tables(tables))
}

/// Any recommendation: the one that saves most stands first nowhere, so the first of the list.
async fn first(client: &Client) -> Result<(String, String)> {
    let all = Api::<Recommendation>::all(client.clone()).list(&Default::default()).await?;
    let first = all.items.into_iter().next();
    ensure!(first.is_some(), "there is no recommendation at all");
    let meta = first.map(|r| r.metadata).unwrap_or_default();
    Ok((meta.namespace.unwrap_or_default(), meta.name.unwrap_or_default()))
}

impl fmt::Display for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|t| write!(f, "\n== {}\n$ {}\n{}\n", t.heading, t.command, t.output.trim_end()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = if self.recorded {
            "CPU and memory usage is played from recorded series, moved to the present."
        } else {
            "CPU and memory usage is simulated: two weeks with hours, weekdays and noise, going on live."
        };
        let done = if self.bin.is_none() || self.recorded { "Nothing is applied: these are proposals." } else { DONE };
        writeln!(f, "\n== Look around\n{usage}\n{done}\n\n  export KUBECONFIG={}", self.kubeconfig)?;
        self.bin.iter().try_for_each(|bin| writeln!(f, "  export PATH={bin}:$PATH"))?;
        writeln!(f, "  export TRIMTAB_PROMETHEUS_URL={}", self.prometheus)?;
        self.log.iter().try_for_each(|log| writeln!(f, "  Trimtab's log: {log}"))?;
        if self.bin.is_some() && self.log.is_some() {
            if self.recorded { f.write_str(TRY_RECORDED)? } else { f.write_str(&suggested())? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{NEXT, suggested};
    use crate::fleet;

    /// The policy of databases takes CPU limits away, and no running pod can lose one: such an approval ends as Blocked.
    #[test]
    fn the_next_step_takes_nothing_away_that_running_pods_cannot_lose() {
        let fleet = fleet::simulated();
        let next = fleet.iter().find(|w| w.namespace == NEXT.namespace && w.name == NEXT.workload).unwrap();
        assert!(!next.containers.is_empty() && next.containers.iter().all(|c| c.cpu_limit.is_none()));
        let text = suggested();
        assert!(text.contains("  kubectl trimtab approve sts-session-cache -n data --watch  "), "{text}");
    }
}
