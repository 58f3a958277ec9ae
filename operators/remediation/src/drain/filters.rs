//! What a drain does with a pod: the filters of `kubectl drain`, in its order. In: a pod and the flags. Out: its fate.

use trimtab_api::remediation::params::nodes::DrainNode;
use trimtab_core::selector::Selector;

use crate::observed::Pod;

/// What is lost with a pod that has an emptyDir volume.
pub const EMPTY_DIR_LOST: &str = "the data of emptyDir volumes is lost";
/// What is lost with a pod that has no controller.
pub const NOT_CREATED_AGAIN: &str = "nobody creates them again";

/// What a drain does with a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is evicted; what is lost with it.
    Evict(Vec<&'static str>),
    /// It stays.
    Stay,
    /// It needs a flag that is not set; which, as the end of a sentence. While there is one such pod, none is evicted.
    Refuse(&'static str),
}

/// What is done with `pod`. The first filter that keeps it decides.
pub fn fate(pod: &Pod, params: &DrainNode) -> Fate {
    let label = |key: &str| pod.labels.get(key).map(String::as_str);
    if let Some(selector) = &params.pod_selector
        && !Selector::from(selector).matches(label)
    {
        return Fate::Stay;
    }
    let mut lost = Vec::new();
    if let Some(controller) = pod.controller.as_ref().filter(|c| c.kind == "DaemonSet" && !pod.has_ended()) {
        if controller.exists {
            return if params.ignore_daemon_sets {
                Fate::Stay
            } else {
                Fate::Refuse("a DaemonSet would create it again at once; set ignoreDaemonSets to leave it there")
            };
        }
        if !params.force {
            return Fate::Refuse("its DaemonSet does not exist; set force to evict it");
        }
        lost.push(NOT_CREATED_AGAIN);
    }
    if pod.is_mirror {
        return Fate::Stay;
    }
    if pod.has_empty_dir && !pod.has_ended() {
        if !params.delete_empty_dir_data {
            return Fate::Refuse("its emptyDir volume would be lost; set deleteEmptyDirData to accept that");
        }
        lost.push(EMPTY_DIR_LOST);
    }
    if pod.controller.is_none() && !pod.has_ended() {
        if !params.force {
            return Fate::Refuse("it has no controller that creates it again; set force to evict it");
        }
        lost.push(NOT_CREATED_AGAIN);
    }
    Fate::Evict(lost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        observed::{Controller, PodPhase},
        testkit::pod,
    };

    fn of(change: impl FnOnce(&mut Pod), flags: &str) -> Fate {
        let mut one = pod("web-1", "n1");
        change(&mut one);
        let has = |flag: &str| flags.contains(flag);
        let params = DrainNode {
            ignore_daemon_sets: has("daemons"),
            delete_empty_dir_data: has("data"),
            force: has("force"),
            ..DrainNode::default()
        };
        fate(&one, &params)
    }

    fn daemon(exists: bool) -> impl Fn(&mut Pod) {
        move |pod| pod.controller = Some(Controller { kind: "DaemonSet".to_owned(), name: "log".to_owned(), exists })
    }

    fn is_refused(fate: &Fate, flag: &str) -> bool {
        matches!(fate, Fate::Refuse(why) if why.contains(flag))
    }

    #[test]
    fn a_pod_of_a_controller_goes_and_others_need_a_flag() {
        assert_eq!(of(|_| (), ""), Fate::Evict(vec![]));
        let bare = |pod: &mut Pod| pod.controller = None;
        assert!(is_refused(&of(bare, "daemons data"), "force"));
        assert_eq!(of(bare, "force"), Fate::Evict(vec![NOT_CREATED_AGAIN]));
        let data = |pod: &mut Pod| pod.has_empty_dir = true;
        assert!(is_refused(&of(data, "force"), "deleteEmptyDirData"));
        assert_eq!(of(data, "data"), Fate::Evict(vec![EMPTY_DIR_LOST]));
    }

    #[test]
    fn pods_of_daemon_sets_stay_or_refuse_and_force_does_not_evict_them() {
        assert!(is_refused(&of(daemon(true), "force data"), "ignoreDaemonSets"));
        assert_eq!(of(daemon(true), "daemons"), Fate::Stay);
        assert!(is_refused(&of(daemon(false), "daemons"), "force"));
        assert_eq!(of(daemon(false), "force"), Fate::Evict(vec![NOT_CREATED_AGAIN]));
    }

    #[test]
    fn mirror_pods_stay_whatever_the_flags_and_finished_pods_always_go() {
        let mirror = |pod: &mut Pod| (pod.is_mirror, pod.controller) = (true, None);
        assert_eq!(of(mirror, ""), Fate::Stay);
        assert_eq!(of(mirror, "force data daemons"), Fate::Stay);
        for phase in [PodPhase::Succeeded, PodPhase::Failed] {
            let ended = |pod: &mut Pod| {
                daemon(true)(pod);
                (pod.phase, pod.has_empty_dir) = (phase, true);
            };
            assert_eq!(of(ended, ""), Fate::Evict(vec![]));
            let bare = |pod: &mut Pod| (pod.phase, pod.controller) = (phase, None);
            assert_eq!(of(bare, ""), Fate::Evict(vec![]));
        }
    }

    #[test]
    fn what_the_selector_leaves_out_stays_and_needs_no_flag() {
        let selector = serde_json::from_str(r#"{"matchLabels":{"app":"api"}}"#).ok();
        let params = DrainNode { pod_selector: selector, ..DrainNode::default() };
        let mut one = pod("web-1", "n1");
        one.controller = None;
        assert_eq!(fate(&one, &params), Fate::Stay);
        one.labels.insert("app".to_owned(), "api".to_owned());
        assert!(matches!(fate(&one, &params), Fate::Refuse(_)));
    }
}
