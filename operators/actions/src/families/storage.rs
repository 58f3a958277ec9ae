//! Actions on volume claims and their snapshots.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::{Critical, High, Low, Medium};

use super::{GET, GET_CREATE_DELETE, GET_PATCH, LIST};
use crate::{
    action::{Action, Family, Param, Risk, Shape, Standing, Targets, Undo, optional, required},
    kinds::CLAIM,
    request::Request,
    right::{Right, Verb, all},
};

const BASE: Action =
    Action { family: Family::Storage, targets: Targets::Kinds(&[CLAIM]), standing: Standing::On, ..Action::BASE };

const CLASS: Param = optional("class", Shape::Text);
const SNAPSHOTS: &str = "snapshot.storage.k8s.io";
const TAKE: Request = Request::create(SNAPSHOTS, &["volumesnapshots"], "a snapshot of the claim");
const DELETE: Request = Request::delete("", &["persistentvolumeclaims"], "the claim, by its uid");
const CLASSES: Right = all(SNAPSHOTS, &["volumesnapshotclasses"], LIST);
/// Snapshots that must outlive the claim: they are what is left of it.
const KEPT: Right = all(SNAPSHOTS, &["volumesnapshots"], &[Verb::Get, Verb::Create]);
const CLAIMS: Right = all("", &["persistentvolumeclaims"], GET_CREATE_DELETE);
const VOLUMES: Right = all("", &["persistentvolumes"], GET);

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "ExpandVolume",
        summary: "Raises the size that a volume claim requests.",
        params: &[required("size", Shape::Quantity), optional("max", Shape::Quantity)],
        requests: &[Request::patch("", &["persistentvolumeclaims"], "spec.resources.requests.storage")],
        rights: &[all("", &["persistentvolumeclaims"], GET_PATCH), all("storage.k8s.io", &["storageclasses"], GET)],
        risk: Risk::always(Medium),
        preconditions: &[
            "The StorageClass allows expansion.",
            "The size is larger than the present one, and not above the maximum.",
            "The quota of the namespace has room.",
            "Where a StatefulSet made the claim, the plan says that its template keeps the former size.",
        ],
        outcome: "The claim reports the new capacity.",
        ..BASE
    },
    Action {
        name: "SnapshotVolume",
        summary: "Takes a snapshot of a volume claim.",
        params: &[CLASS],
        requests: &[TAKE, Request::delete(SNAPSHOTS, &["volumesnapshots"], "the snapshot, by its uid").undoes()],
        rights: &[
            all("", &["persistentvolumeclaims"], GET),
            VOLUMES,
            CLASSES,
            all(SNAPSHOTS, &["volumesnapshots"], GET_CREATE_DELETE),
        ],
        undo: Undo::Exact("The snapshot is deleted."),
        risk: Risk::always(Low),
        preconditions: &[
            "A snapshot class of the driver of the volume exists, and it is the default if none is named.",
        ],
        outcome: "The snapshot is ready to use.",
        ..BASE
    },
    Action {
        name: "RecreateVolumeClaim",
        summary: "Deletes a volume claim and creates it again, empty or from a snapshot.",
        params: &[required("snapshot", Shape::Choice(&["Required", "Waived"])), CLASS],
        requests: &[
            TAKE,
            DELETE,
            Request::create("", &["persistentvolumeclaims"], "the claim, with the snapshot as its data source"),
        ],
        rights: &[CLAIMS, VOLUMES, CLASSES, KEPT],
        undo: Undo::Partial(
            "The claim is created once more from the snapshot, on another volume. Without a snapshot, its data is lost.",
        ),
        risk: Risk::always(Critical),
        preconditions: &["No pod mounts the claim.", "The snapshot is ready to use, unless it was waived."],
        outcome: "The new claim is bound.",
        standing: Standing::Off("It deletes data, and what a snapshot holds is only as good as the driver."),
        ..BASE
    },
    Action {
        name: "DeleteOrphanedVolumeClaim",
        summary: "Takes a snapshot of a volume claim that nobody uses and deletes the claim.",
        params: &[required("minAge", Shape::Duration), CLASS],
        requests: &[
            TAKE,
            DELETE,
            Request::create("", &["persistentvolumeclaims"], "the claim, with the snapshot as its data source")
                .undoes(),
        ],
        rights: &[CLAIMS, VOLUMES, CLASSES, KEPT],
        undo: Undo::Partial("The claim is created again from the snapshot, on another volume."),
        risk: Risk::always(High),
        preconditions: &[
            "The claim is older than the stated age.",
            "No pod and no template of a workload names it.",
            "No retention policy of a StatefulSet keeps it.",
            "The snapshot is ready to use.",
        ],
        outcome: "The claim is gone.",
        standing: Standing::Off("It deletes data, and somebody may still want it."),
        ..BASE
    },
];
