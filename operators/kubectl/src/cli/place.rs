//! The arguments that every verb has: which cluster and which namespace.

use std::path::PathBuf;

use clap::Args;
use trimtab_core::WorkloadKind;

/// The cluster and namespace.
#[derive(Args, Clone, Debug, Default)]
pub struct Place {
    /// The namespace. Default: the namespace of the context.
    #[arg(short, long, global = true, value_name = "NAMESPACE", help_heading = "Cluster")]
    pub namespace: Option<String>,
    /// All namespaces.
    #[arg(short = 'A', long, global = true, conflicts_with = "namespace", help_heading = "Cluster")]
    pub all_namespaces: bool,
    /// The kubeconfig context to use instead of the current one.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Cluster")]
    pub context: Option<String>,
    /// Path to the kubeconfig file. Default: KUBECONFIG, then ~/.kube/config.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Cluster")]
    pub kubeconfig: Option<PathBuf>,
    /// The user to act as, as in kubectl. Decisions are then made in that user's name.
    #[arg(long = "as", global = true, value_name = "USER", help_heading = "Cluster")]
    pub user: Option<String>,
    /// A group to act as, together with --as. May be repeated.
    #[arg(long = "as-group", global = true, value_name = "GROUP", help_heading = "Cluster")]
    pub groups: Vec<String>,
    /// The namespace that Trimtab runs in. It contains its Lease and the emergency stop. Default: trimtab-system; for
    /// status, doctor, halt, resume and uninstall that of its Deployment, if you may list those of all namespaces.
    #[arg(long, global = true, env = "TRIMTAB_NAMESPACE", value_name = "NAMESPACE", help_heading = "Cluster")]
    pub trimtab_namespace: Option<String>,
    /// Kinds of custom resources that are workloads, as set on the controller, such as
    /// CloneSet.v1alpha1.apps.kruise.io. May be repeated.
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
