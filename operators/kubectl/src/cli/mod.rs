//! The command line of `kubectl trimtab`.
//!
//! Out: plain values. Nothing is checked here that needs a file or a server.

mod args;
mod uninstall;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use trimtab_core::WorkloadKind;

pub use args::{
    ApproveArgs, CompletionArgs, DiffArgs, DryRun, ExplainArgs, HaltArgs, ImportArgs, ImportFrom, ListArgs, Output,
    Profile, PrometheusArgs, RejectArgs, ReportOutput, ScanArgs, Shell, StatusArgs, TryArgs, UndoArgs,
};
pub use uninstall::UninstallArgs;

/// See what workloads really need, decide on it, and watch it being carried out.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-trimtab",
    version,
    max_term_width = 100,
    after_help = "Before anything is installed or applied:
  kubectl trimtab scan                             what the cluster's workloads use, and should ask for
  kubectl trimtab try -f policy.yaml               what a policy would do
  kubectl trimtab import vpa -A                    policies that do what your VPAs do

A usual day:
  kubectl trimtab status                           is all well, and what is there to gain?
  kubectl trimtab recommendations -n shop          what each workload should ask for
  kubectl trimtab explain deploy/web -n shop       why, how sure, how risky, what holds it up
  kubectl trimtab approve deploy/web -n shop -w    agree to it, and watch it being carried out
  kubectl trimtab undo deploy/web -n shop          have the former values back
  kubectl trimtab halt --reason 'a bad night'      nobody's pod is touched from now on

Exit codes: 0 all is well, 1 an error, 2 wrong usage.
Colour only on a terminal, and never with NO_COLOR."
)]
pub struct Cli {
    /// Where to look.
    #[command(flatten)]
    pub place: Place,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Which cluster and which namespace.
#[derive(Args, Clone, Debug, Default)]
pub struct Place {
    /// The namespace. Default: that of the context.
    #[arg(short, long, global = true, value_name = "NAMESPACE", help_heading = "Cluster")]
    pub namespace: Option<String>,
    /// All namespaces.
    #[arg(short = 'A', long, global = true, conflicts_with = "namespace", help_heading = "Cluster")]
    pub all_namespaces: bool,
    /// Context of the kubeconfig in place of its current one.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Cluster")]
    pub context: Option<String>,
    /// Kubeconfig file. Default: KUBECONFIG, then ~/.kube/config.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Cluster")]
    pub kubeconfig: Option<PathBuf>,
    /// The namespace in which Trimtab itself runs: its Lease and its emergency stop are there.
    #[arg(
        long,
        global = true,
        env = "TRIMTAB_NAMESPACE",
        default_value = "trimtab-system",
        value_name = "NAMESPACE",
        help_heading = "Cluster"
    )]
    pub trimtab_namespace: String,
    /// Kinds of custom resources that are workloads too, as the controller has them: such as
    /// CloneSet.v1alpha1.apps.kruise.io; may be repeated.
    #[arg(
        long,
        global = true,
        env = "TRIMTAB_WORKLOAD_KINDS",
        value_delimiter = ',',
        value_parser = WorkloadKind::named,
        value_name = "KIND.VERSION.GROUP",
        help_heading = "Cluster"
    )]
    pub workload_kinds: Vec<WorkloadKind>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// One screen: is the operator there, is anything held up, what is under way, what is there to gain.
    #[command(after_help = "Examples:
  kubectl trimtab status                 the whole cluster
  kubectl trimtab status -n shop         the recommendations of one namespace
  kubectl trimtab status -o json         for a script
  kubectl trimtab status -w              every rollout that is under way, until all have ended")]
    Status(StatusArgs),
    /// What each workload should ask for, the greatest savings first.
    #[command(
        visible_aliases = ["recs", "rec"],
        after_help = "Examples:
  kubectl trimtab recs -A                                  all of them
  kubectl trimtab recs -n shop -o wide                     with workload, policy and the message
  kubectl trimtab recs -A --min-savings 5 --risk Low       what is cheap to agree to
  kubectl trimtab recs -A --status PendingApproval         what waits for somebody
  kubectl trimtab recs -n shop -w                          goes on with what changes

CONF% is the lower bound of the share of past days on which the size would have held."
    )]
    Recommendations(ListArgs),
    /// Why: old and new values, evidence, usage, risk, gates, approval, rollout, and what would change the verdict. Where there
    /// is no Recommendation: why not.
    #[command(
        visible_alias = "why",
        after_help = "Examples:
  kubectl trimtab explain deploy/web -n shop
  kubectl trimtab why sts/db -n shop                       why there is no Recommendation
  kubectl trimtab explain deploy-web -n shop --prometheus-url http://localhost:9090
  kubectl trimtab explain deploy-web -n shop -w            follows its rollout until it ends

The usage chart comes from Prometheus where --prometheus-url is given, else from the workload's
UsageProfile. To reach a Prometheus in the cluster:
  kubectl port-forward -n monitoring service/prometheus 9090

For a workload without a Recommendation, the policies are read and its usage is judged here, by the
code of the controller. Prometheus is then looked for in the cluster where no URL is given."
    )]
    Explain(Box<ExplainArgs>),
    /// What workloads use and should ask for, in one look at a cluster in which nothing is installed.
    #[command(after_help = "Examples:
  kubectl trimtab scan                                     all namespaces but those of Kubernetes
  kubectl trimtab scan -n shop
  kubectl trimtab scan -o html > report.html               also csv and json
  kubectl trimtab scan --prometheus http://localhost:9090 --profile Resilient --history 28d

Nothing is written to the cluster, and none of Trimtab's kinds are needed. Prometheus, Thanos,
VictoriaMetrics or Mimir is found by the labels of its Service and asked by way of the API server,
which takes the verb create on services/proxy; or name it with --prometheus.

P50, P95, P99 and MAX of CPU are of all samples; DAILY PEAK is the median of the memory peaks of
each day. CONF% is the lower bound of the share of past days on which the size would have held.")]
    Scan(Box<ScanArgs>),
    /// What a policy would select, propose and take over from other policies, without applying it.
    #[command(after_help = "Examples:
  kubectl trimtab try -f policy.yaml
  kubectl trimtab try -f policy.yaml -o csv > what-if.csv
  kubectl trimtab import vpa -n shop | kubectl trimtab try -f -

The file is checked as the API server and the controller check it. Nothing is written.")]
    Try(Box<TryArgs>),
    /// Write policies that do what VerticalPodAutoscalers do, with what differs as comments.
    #[command(after_help = "Examples:
  kubectl trimtab import vpa -n shop > policies.yaml
  kubectl trimtab import vpa web -n shop
  kubectl trimtab import vpa -A

Nothing is written to the cluster. Look at the policies with kubectl trimtab try -f FILE, apply
them, and delete the VPAs before you approve anything.")]
    Import(ImportArgs),
    /// Agree to a proposal, in your own name. Trimtab then carries it out, a few pods at a time.
    #[command(after_help = "Examples:
  kubectl trimtab approve deploy-web -n shop
  kubectl trimtab approve deploy-web -n shop --watch       exit code 0 only when it was applied
  kubectl trimtab approve deploy-web deploy-api -n shop --reason 'agreed with the team'
  kubectl trimtab approve -A --all --policy services --min-confidence 90 --max-risk Low
  kubectl trimtab approve deploy-web -n shop --dry-run=server

What you agree to is the proposal that is shown, by its digest: if it changes meanwhile, nothing
is approved. It needs the verb approve on recommendations.trimtab.dev, which the ClusterRole
trimtab-approver gives.")]
    Approve(ApproveArgs),
    /// Refuse a proposal. It stays refused until it changes.
    #[command(after_help = "Examples:
  kubectl trimtab reject deploy-web -n shop --reason 'a sale begins on Friday'

Where the proposal is being carried out, or has been, this takes it back, as
kubectl trimtab undo does.")]
    Reject(RejectArgs),
    /// Show the change to the workload as a diff.
    #[command(after_help = "Examples:
  kubectl trimtab diff deploy-web -n shop

The left side is the workload as it is now in the cluster, not as it was when the proposal was
made.")]
    Diff(DiffArgs),
    /// Take back a change that is under way or was applied: every pod gets its former values, one after the other.
    #[command(after_help = "Examples:
  kubectl trimtab undo deploy/web -n shop --reason 'latency rose'
  kubectl trimtab undo deploy/web -n shop --watch
  kubectl trimtab undo rec/deploy-web -n shop               of this Recommendation and no other

It is about the workload: whichever Recommendation has something in force or under way for it is found,
whatever it is called. Where several changes lie upon each other, each undo goes back by one.")]
    Undo(UndoArgs),
    /// Emergency stop for the whole cluster: Trimtab sends nothing that changes a pod or a workload, until it is resumed.
    #[command(after_help = "Examples:
  kubectl trimtab halt --reason 'incident 4711'

Rollouts stay where they are; nothing is undone by it. It is the ConfigMap trimtab-halt in
Trimtab's namespace.")]
    Halt(HaltArgs),
    /// End the emergency stop.
    #[command(after_help = "Examples:
  kubectl trimtab resume

Rollouts go on from where they were.")]
    Resume,
    /// Remove Trimtab from the cluster: what is in force is undone, then everything of Trimtab's is deleted.
    #[command(after_help = "Examples:
  kubectl trimtab uninstall --dry-run=server     what would go, and whether you may
  kubectl trimtab uninstall
  kubectl trimtab uninstall --yes --namespace-too
  kubectl trimtab uninstall --leave-sizes        where no Trimtab runs that could undo anything

Policies go first, so that nothing new is proposed. Then Recommendations: Trimtab gives pods their
former values before each goes, and you see which waits for what. Ctrl-C ends the waiting and breaks
nothing; run it again to go on. Then the controller, the admission policies, what is left of Trimtab's
kinds, its rights, and its CRDs. Its namespace stays unless you say --namespace-too.")]
    Uninstall(UninstallArgs),
    /// Write a completion script for a shell.
    #[command(after_help = "Examples:
  source <(kubectl trimtab completion bash)
  kubectl trimtab completion zsh > \"${fpath[1]}/_kubectl-trimtab\"
  kubectl trimtab completion fish > ~/.config/fish/completions/kubectl-trimtab.fish

These complete kubectl-trimtab. For `kubectl trimtab`, kubectl asks a program named
kubectl_complete-trimtab:
  ln -s \"$(command -v kubectl-trimtab)\" /usr/local/bin/kubectl_complete-trimtab")]
    Completion(CompletionArgs),
    /// Say which version this is.
    Version,
}

#[cfg(test)]
mod tests;
