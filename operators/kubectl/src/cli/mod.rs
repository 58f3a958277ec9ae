//! The command line of `kubectl trimtab`.
//!
//! Out: plain values. Checks that need a file or a server are not made here.

mod args;
mod doctor;
mod export;
mod lint;
mod place;
mod uninstall;

use clap::{Parser, Subcommand};

pub use args::{
    ApproveArgs, CompletionArgs, DiffArgs, DryRun, ExplainArgs, HaltArgs, ImportArgs, ImportFrom, ListArgs, Output,
    Profile, PrometheusArgs, RejectArgs, ReportOutput, ScanArgs, Shell, StatusArgs, TryArgs, UndoArgs,
};
pub use doctor::DoctorArgs;
pub use export::{ExportArgs, ExportFormat};
pub use lint::LintArgs;
pub use place::Place;
pub use uninstall::UninstallArgs;

/// View what workloads really need, decide on recommendations, and watch rollouts.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-trimtab",
    version,
    max_term_width = 100,
    after_help = "Before you install Trimtab or apply a policy:
  kubectl trimtab scan                             what workloads use and should request
  kubectl trimtab try -f policy.yaml               what a policy would do
  kubectl trimtab import vpa -A                    policies equivalent to your VPAs
  kubectl trimtab lint policy.yaml                 whether a file is valid, without a cluster

Typical use:
  kubectl trimtab doctor                           is everything installed as it should be?
  kubectl trimtab status                           is everything healthy, and what can be saved?
  kubectl trimtab recommendations -n shop          what each workload should request
  kubectl trimtab explain deploy/web -n shop       why, with confidence, risk and blocking gates
  kubectl trimtab approve deploy/web -n shop -w    approve it, and watch the rollout
  kubectl trimtab undo deploy/web -n shop          restore the former values
  kubectl trimtab halt --reason 'a bad night'      emergency stop: no more changes to pods

Exit codes: 0 success, 1 error, 2 wrong usage.
Output is coloured only on a terminal, and never if NO_COLOR is set."
)]
pub struct Cli {
    /// The cluster and namespace to read.
    #[command(flatten)]
    pub place: Place,
    /// The command to run.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show a summary: the state of the controller, problems, rollouts in progress, and possible savings.
    #[command(after_help = "Examples:
  kubectl trimtab status                 the whole cluster
  kubectl trimtab status -n shop         recommendations in one namespace
  kubectl trimtab status -o json         for a script
  kubectl trimtab status -w              follow all rollouts in progress until they end")]
    Status(StatusArgs),
    /// Check the installation: CRDs, admission policies, permissions, usage source, leader and version, with what to do.
    #[command(after_help = doctor::HELP)]
    Doctor(DoctorArgs),
    /// List the recommended requests of each workload, highest savings first.
    #[command(
        visible_aliases = ["recs", "rec"],
        after_help = "Examples:
  kubectl trimtab recs -A                                  all recommendations
  kubectl trimtab recs -n shop -o wide                     with workload, policy and message
  kubectl trimtab recs -A --min-savings 5 --risk Low       low-risk savings
  kubectl trimtab recs -A --status PendingApproval         what waits for approval
  kubectl trimtab recs -n shop -w                          keep watching

CONF% is the lower bound of the share of past days on which the size would have been sufficient."
    )]
    Recommendations(ListArgs),
    /// Explain a recommendation: current and proposed values, evidence, usage, risk, gates, approval, rollout, and
    /// what would change the decision. If there is no Recommendation, explain why.
    #[command(
        visible_alias = "why",
        after_help = "Examples:
  kubectl trimtab explain deploy/web -n shop
  kubectl trimtab why sts/db -n shop                       why there is no Recommendation
  kubectl trimtab explain deploy-web -n shop --prometheus-url http://localhost:9090
  kubectl trimtab explain deploy-web -n shop -w            follow its rollout until it ends

The usage chart is read from Prometheus if --prometheus-url is set, otherwise from the workload's
UsageProfile. To connect to Prometheus in the cluster:
  kubectl port-forward -n monitoring service/prometheus 9090

For a workload without a Recommendation, this command reads the policies and analyzes the usage
itself, with the code of the controller. Without a URL, it looks for Prometheus in the cluster."
    )]
    Explain(Box<ExplainArgs>),
    /// Show what workloads use and should request, without installing anything in the cluster.
    #[command(after_help = "Examples:
  kubectl trimtab scan                                     all namespaces except those of Kubernetes
  kubectl trimtab scan -n shop
  kubectl trimtab scan -o html > report.html               also csv and json
  kubectl trimtab scan --prometheus http://localhost:9090 --profile Resilient --history 28d

Nothing is written to the cluster, and Trimtab's CRDs are not needed. Prometheus, Thanos,
VictoriaMetrics or Mimir is found by the labels of its Service and queried through the API server,
which requires the verb create on services/proxy. To use another server, set --prometheus.

P50, P95, P99 and MAX of CPU are calculated from all samples. DAILY PEAK is the median of the daily
memory peaks. CONF% is the lower bound of the share of past days on which the size would have been
sufficient.")]
    Scan(Box<ScanArgs>),
    /// Show what a policy would select, propose and take over from other policies, without applying it.
    #[command(after_help = "Examples:
  kubectl trimtab try -f policy.yaml
  kubectl trimtab try -f policy.yaml -o csv > what-if.csv
  kubectl trimtab import vpa -n shop | kubectl trimtab try -f -

The file is validated as in the API server and the controller. Nothing is written.")]
    Try(Box<TryArgs>),
    /// Check manifests of Trimtab in files, without a cluster, as the API server and the controller check them.
    #[command(after_help = lint::HELP)]
    Lint(LintArgs),
    /// Write recommendations as CSV or JSON, as patches, as a kustomize component, or as Helm values.
    #[command(after_help = export::HELP)]
    Export(ExportArgs),
    /// Convert VerticalPodAutoscalers to equivalent policies. Differences are listed as comments.
    #[command(after_help = "Examples:
  kubectl trimtab import vpa -n shop > policies.yaml
  kubectl trimtab import vpa web -n shop
  kubectl trimtab import vpa -A

Nothing is written to the cluster. Review the policies with kubectl trimtab try -f FILE, apply
them, and delete the VPAs before you approve anything.")]
    Import(ImportArgs),
    /// Approve a proposal in your own name. Trimtab then rolls it out, a few pods at a time.
    #[command(after_help = "Examples:
  kubectl trimtab approve deploy-web -n shop
  kubectl trimtab approve deploy-web -n shop --watch       exit code 0 only if it was applied
  kubectl trimtab approve deploy-web deploy-api -n shop --reason 'agreed with the team'
  kubectl trimtab approve -A --all --policy services --min-confidence 90 --max-risk Low
  kubectl trimtab approve deploy-web -n shop --dry-run=server

You approve the proposal that is shown, by its digest. If it changes in the meantime, nothing is
approved. This requires the verb approve on recommendations.trimtab.dev, which the ClusterRole
trimtab-approver grants.")]
    Approve(ApproveArgs),
    /// Reject a proposal. It stays rejected until it changes.
    #[command(after_help = "Examples:
  kubectl trimtab reject deploy-web -n shop --reason 'a sale begins on Friday'

If the proposal is being rolled out or is in force, it is also undone, as with
kubectl trimtab undo.")]
    Reject(RejectArgs),
    /// Show the change to the workload as a diff.
    #[command(after_help = "Examples:
  kubectl trimtab diff deploy-web -n shop

The left side is the workload as it is now in the cluster, not as it was when the proposal was
created.")]
    Diff(DiffArgs),
    /// Undo a change that is in progress or applied. Pods get their former values one after the other.
    #[command(after_help = "Examples:
  kubectl trimtab undo deploy/web -n shop --reason 'latency rose'
  kubectl trimtab undo deploy/web -n shop --watch
  kubectl trimtab undo rec/deploy-web -n shop               only this Recommendation

This finds the Recommendation that is in force or in progress for the workload, whatever its name.
If there were several changes, each undo reverts one of them.")]
    Undo(UndoArgs),
    /// Start the emergency stop for the whole cluster: Trimtab makes no changes to pods or workloads until you
    /// resume.
    #[command(after_help = "Examples:
  kubectl trimtab halt --reason 'incident 4711'

Rollouts pause where they are, and nothing is undone. The emergency stop is the ConfigMap
trimtab-halt in the namespace of Trimtab.")]
    Halt(HaltArgs),
    /// End the emergency stop.
    #[command(after_help = "Examples:
  kubectl trimtab resume

Rollouts continue where they paused.")]
    Resume,
    /// Remove Trimtab from the cluster: undo the changes in force, then delete everything that belongs to Trimtab.
    #[command(after_help = "Examples:
  kubectl trimtab uninstall --check              what is in the way, and what would stay
  kubectl trimtab uninstall --dry-run=server     what would be deleted, and whether you may
  kubectl trimtab uninstall
  kubectl trimtab uninstall --yes --namespace-too
  kubectl trimtab uninstall --leave-sizes        if Trimtab is not running and cannot undo

With --leave-sizes it also releases what was deleted before, and waits for a Trimtab that no longer
runs.

Policies are deleted first, so that nothing new is proposed. Then Recommendations are deleted:
Trimtab restores the former values of the pods before each one, and you see which one waits for
what. You can press Ctrl-C while waiting, and run the command again to continue. Then the
controller, the admission policies, the remaining objects, the RBAC roles and the CRDs are deleted.
The namespace is kept unless you set --namespace-too.")]
    Uninstall(UninstallArgs),
    /// Print a completion script for a shell.
    #[command(after_help = "Examples:
  source <(kubectl trimtab completion bash)
  kubectl trimtab completion zsh > \"${fpath[1]}/_kubectl-trimtab\"
  kubectl trimtab completion fish > ~/.config/fish/completions/kubectl-trimtab.fish

These complete kubectl-trimtab. For `kubectl trimtab`, kubectl calls a program named
kubectl_complete-trimtab:
  ln -s \"$(command -v kubectl-trimtab)\" /usr/local/bin/kubectl_complete-trimtab")]
    Completion(CompletionArgs),
    /// Print the version.
    Version,
}

#[cfg(test)]
mod tests;
