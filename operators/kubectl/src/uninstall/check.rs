//! `uninstall --check`: what is under way, what would stay, and what is in the way. Pure.
//!
//! In: the existing objects, Recommendations and AppliedSizes, and why `uninstall` would refuse. Out: words.

use trimtab_api::{
    AppliedSizes, names::FINALIZER, recommendation::Recommendation, recommendation_status::RecommendationStatus,
};
use trimtab_core::text::count;

use super::{
    Object,
    kinds::{KINDS, Kind, Part},
    listed, size, some, waits,
};
use crate::{carried::rollout, progress, words};

/// What was found.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Trimtab's objects.
    pub objects: &'a [Object],
    /// All Recommendations.
    pub recs: &'a [Recommendation],
    /// All AppliedSizes.
    pub sizes: &'a [AppliedSizes],
    /// The namespaces that are being deleted.
    pub leaving: &'a [String],
    /// Why `uninstall` would refuse, if it would.
    pub refused: &'a [String],
}

impl Found<'_> {
    /// All of it, a paragraph for each matter.
    pub fn text(&self) -> String {
        let parts = [
            paragraph("Under way:", self.under_way()),
            paragraph(
                "In force. Only kubectl trimtab uninstall restores the former values; with --leave-sizes, or if Trimtab is \
                 removed in another way, this stays:",
                self.in_force(),
            ),
            paragraph(
                "Kept by the finalizer trimtab.dev/settle, also if they, their CRD or their namespace are deleted. A running \
                 Trimtab removes it, or kubectl trimtab uninstall --leave-sizes:",
                self.finalizers(),
            ),
            paragraph("Being deleted, and not gone:", self.deleting()),
            paragraph(
                "Entries in AppliedSizes, which only Trimtab or kubectl trimtab uninstall removes:",
                self.entries(),
            ),
            paragraph("Objects that are deleted together with their CRD:", self.of_crds()),
            paragraph(
                "Everything that kubectl trimtab uninstall deletes, in this order:",
                Some(listed(self.objects, false)).filter(|all| !all.is_empty()).into_iter().collect(),
            ),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    /// What has to be dealt with before `uninstall`, a line each; nothing, if it can begin and finds no rollout.
    pub fn in_the_way(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let rollouts = self.under_way().len();
        if rollouts > 0 {
            let (n, is, it, has) = match rollouts {
                1 => (count(1, "rollout"), "is", "it", "has"),
                n => (count(n, "rollout"), "are", "they", "have"),
            };
            lines.push(format!(
                "{n} {is} under way: wait until {it} {has} ended, or uninstall undoes what {it} changed"
            ));
        }
        lines.extend(self.refused.iter().cloned());
        // What others keep, nobody here releases.
        let others = |rec: &&Recommendation| {
            is_deleted(rec) && rec.metadata.finalizers.iter().flatten().any(|finalizer| finalizer != FINALIZER)
        };
        lines.extend(self.recs.iter().filter(others).map(|rec| waits(rec, None)));
        lines
    }

    fn under_way(&self) -> Vec<String> {
        let none = RecommendationStatus::default();
        let line = |rec: &Recommendation| {
            let r = rollout(rec).filter(|r| r.is_under_way())?;
            let status = rec.status.as_ref().unwrap_or(&none);
            Some(format!(
                "  {} {}: {}",
                words::full_name(rec),
                words::target(rec),
                progress::under_way(r, status, None)
            ))
        };
        self.recs.iter().filter_map(line).collect()
    }

    fn in_force(&self) -> Vec<String> {
        let line = |rec: &Recommendation| {
            let r = rollout(rec).filter(|r| r.is_in_force() && !r.is_under_way())?;
            Some(format!("  {}", size(rec, r, true)))
        };
        self.recs.iter().filter_map(line).collect()
    }

    fn finalizers(&self) -> Vec<String> {
        let kept: Vec<String> = self.recs.iter().filter(|rec| is_kept(rec)).map(words::full_name).collect();
        if kept.is_empty() { kept } else { vec![format!("  {}", some(&kept))] }
    }

    fn deleting(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.recs.iter().filter(|rec| is_deleted(rec)).map(|rec| format!("  {}", waits(rec, None))).collect();
        let others =
            self.objects.iter().filter(|object| object.terminating && object.kind.part != Part::Recommendations);
        lines.extend(others.map(|object| format!("  {} {}", object.kind.kind, object.full_name())));
        for namespace in self.leaving {
            let inside = |rec: &&Recommendation| rec.metadata.namespace.as_ref() == Some(namespace) && is_kept(rec);
            let kept = self.recs.iter().filter(inside).count();
            if kept > 0 {
                lines.push(format!("  Namespace {namespace}: {} in it", count(kept, "Recommendation")));
            }
        }
        lines
    }

    fn entries(&self) -> Vec<String> {
        let line = |sizes: &AppliedSizes| {
            let namespace = sizes.metadata.namespace.as_deref().unwrap_or_default();
            let (sized, decided) = (sizes.spec.workloads.len(), sizes.spec.history.len());
            (sized + decided > 0).then(|| {
                format!(
                    "  {namespace}: {} for new pods, decisions about {}",
                    count(sized, "size"),
                    count(decided, "workload")
                )
            })
        };
        self.sizes.iter().filter_map(line).collect()
    }

    fn of_crds(&self) -> Vec<String> {
        let own = [Part::Policies, Part::Recommendations, Part::Records];
        let line = |kind: &'static Kind| {
            let n = self.objects.iter().filter(|object| object.kind == kind).count();
            (n > 0).then(|| format!("  {}: {n}", kind.resource()))
        };
        KINDS.iter().filter(|kind| own.contains(&kind.part)).filter_map(line).collect()
    }
}

fn is_kept(rec: &Recommendation) -> bool {
    rec.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER)
}

fn is_deleted(rec: &Recommendation) -> bool {
    rec.metadata.deletion_timestamp.is_some()
}

/// Lines below a heading; `None` where there are none.
fn paragraph(heading: &str, lines: Vec<String>) -> Option<String> {
    (!lines.is_empty()).then(|| format!("{heading}\n{}", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::testkit::{rec, rollout};

    const NOTHING: Found<'static> = Found { objects: &[], recs: &[], sizes: &[], leaving: &[], refused: &[] };

    fn object(kind: &str, namespace: Option<&str>, name: &str) -> Object {
        let kind = KINDS.iter().find(|k| k.kind == kind).unwrap();
        Object { kind, namespace: namespace.map(str::to_owned), name: name.to_owned(), terminating: false }
    }

    fn with(metadata: Value, rolled: Value) -> Recommendation {
        let status = if rolled.is_null() { json!({}) } else { json!({"rollout": rollout(rolled)}) };
        rec(json!({"metadata": metadata, "status": status}))
    }

    #[test]
    fn what_is_under_way_and_what_would_stay_is_named() {
        let recs = [
            with(json!({"finalizers": [FINALIZER]}), json!({"stage": "Ended", "result": "Applied", "delivered": true})),
            with(json!({"name": "deploy-api", "finalizers": [FINALIZER]}), json!({})),
            with(json!({"name": "deploy-waits"}), Value::Null),
        ];
        let sizes: AppliedSizes =
            serde_json::from_value(json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "AppliedSizes",
            "metadata": {"name": "trimtab", "namespace": "shop"},
            "spec": {"workloads": {}, "history": {"Deployment/web": {}}}}))
            .unwrap();
        let mut crd = object("CustomResourceDefinition", None, "recommendations.trimtab.dev");
        crd.terminating = true;
        let objects = [object("Recommendation", Some("shop"), "deploy-web"), crd];
        let leaving = ["shop".to_owned(), "other".to_owned()];
        let found = Found { objects: &objects, recs: &recs, sizes: &[sizes], leaving: &leaving, ..NOTHING };
        let text = found.text();
        for part in [
            "Under way:\n  shop/deploy-api Deployment/web: step 2/3, pods 4/10: watching",
            "this stays:\n  shop/deploy-web Deployment/web keeps app: requests cpu 120m, memory 256Mi; limits memory 256Mi, \
             until its pods are recreated",
            "uninstall --leave-sizes:\n  shop/deploy-web, shop/deploy-api\n",
            "not gone:\n  CustomResourceDefinition recommendations.trimtab.dev\n  Namespace shop: 2 Recommendations in it\n",
            "  shop: 0 sizes for new pods, decisions about 1 workload\n",
            "with their CRD:\n  recommendations.trimtab.dev: 1\n",
            "in this order:\n  recommendations.trimtab.dev: shop/deploy-web\n  customresourcedefinitions",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert_eq!(
            found.in_the_way(),
            ["1 rollout is under way: wait until it has ended, or uninstall undoes what it changed"]
        );
    }

    #[test]
    fn what_is_in_force_is_in_nobodys_way_while_trimtab_runs() {
        let applied =
            with(json!({"finalizers": [FINALIZER]}), json!({"stage": "Ended", "result": "Applied", "delivered": true}));
        let found = Found { recs: &[applied], ..NOTHING };
        assert_eq!(found.in_the_way(), Vec::<String>::new());
        let refused = ["no running Trimtab can settle it".to_owned()];
        assert_eq!(Found { refused: &refused, ..found }.in_the_way(), refused);
        let theirs =
            with(json!({"finalizers": ["example.com/keep"], "deletionTimestamp": "2026-11-21T11:00:00Z"}), Value::Null);
        let kept = Found { recs: &[theirs], ..NOTHING }.in_the_way();
        assert_eq!(kept, ["shop/deploy-web: somebody else's finalizer keeps it: example.com/keep"]);
        assert!(NOTHING.in_the_way().is_empty());
    }
}
