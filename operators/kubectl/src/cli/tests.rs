#![allow(clippy::unwrap_used)]
use clap::{CommandFactory, Parser};

use super::Cli;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn wrong_usage_is_told_from_right() {
    for (line, right) in [
        ("status", true),
        ("recs -A", true),
        ("rec -n shop --risk low,Medium --min-savings -2.5", true),
        ("recs -A -n shop", false),
        ("recs --risk none", false),
        ("approve", false),
        ("approve a b", true),
        ("approve a --all", false),
        ("approve --all --max-risk Low -y", true),
        ("approve a --max-risk Low", false),
        ("approve --all --watch", false),
        ("approve a --dry-run=server", true),
        ("approve a --dry-run=client", false),
        ("reject", false),
        ("reject a --reason=", false),
        ("undo a", true),
        ("undo a --as ada --as-group leads --as-group shop", true),
        ("--as ada status", true),
        ("uninstall", true),
        ("uninstall -y --namespace-too --leave-sizes --dry-run=server", true),
        ("uninstall --check", true),
        ("uninstall --check --yes", false),
        ("uninstall --check --dry-run=server", false),
        ("uninstall deploy-web", false),
        ("completion tcsh", false),
        ("why sts/db", true),
        ("scan -A --prometheus http://x --history 14d --profile balanced -o html", true),
        ("scan --history 12h", false),
        ("scan --history soon", false),
        ("scan -o yaml", false),
        ("try", false),
        ("try -f a.yaml -f - -o csv", true),
        ("import vpa web -n shop", true),
        ("import krr", false),
        ("doctor", true),
        ("doctor -o yaml --trimtab-namespace tools", true),
        ("doctor deploy", false),
        ("lint", false),
        ("lint a.yaml dir -", true),
        ("export", true),
        ("export -A --format helm-values --min-confidence 90 --max-risk medium --policy p", true),
        ("export --format kustomize", false),
        ("export --format kustomize --output dir", true),
        ("export --format xml", false),
        ("export --min-confidence 101", false),
        ("", false),
    ] {
        let words = std::iter::once("kubectl-trimtab").chain(line.split_whitespace());
        assert_eq!(Cli::try_parse_from(words).is_ok(), right, "{line}");
    }
}
