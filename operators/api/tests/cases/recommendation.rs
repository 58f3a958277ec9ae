//! Rules of a Recommendation, and of changes to one and to a UsageProfile.

use super::{Case, Change};

/// What `WEB` stands for in the specs below.
pub const WEB: &str = "type: RightSize, targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}";

pub const RECOMMENDATION: &[Case] = &[
    (
        "each container of a proposal must set",
        "{WEB, proposal: {containers: [{name: c, limits: {memory: 1Gi}}]}}",
        "{WEB, proposal: {containers: [{name: c}]}}",
    ),
    (
        "requests.cpu must not be above limits.cpu",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 1000m}, limits: {cpu: 1}}]}}",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 1001m}, limits: {cpu: 1}}]}}",
    ),
    (
        "requests.memory must not be above limits.memory",
        "{WEB, proposal: {containers: [{name: c, requests: {memory: 1Gi}, limits: {memory: 1Gi}}]}}",
        "{WEB, proposal: {containers: [{name: c, requests: {memory: 1Gi}, limits: {memory: 1G}}]}}",
    ),
    (
        "memory is a fraction of a byte",
        "{WEB, proposal: {containers: [{name: c, requests: {memory: 512M}}]}}",
        "{WEB, proposal: {containers: [{name: c, requests: {memory: 512m}}]}}",
    ),
    (
        "type RightSize requires a Deployment",
        "{type: RightSize, targetRef: {apiVersion: batch/v1, kind: CronJob, name: n}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
        "{type: RightSize, targetRef: {apiVersion: batch/v1, kind: Deployment, name: n}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
    ),
    (
        "type RightSize requires a Deployment",
        "{type: RightSize, targetRef: {apiVersion: apps.kruise.io/v1alpha1, kind: CloneSet, name: n}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
        "{type: RightSize, targetRef: {apiVersion: apps/v1, kind: CloneSet, name: n}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
    ),
    (
        "type RightSize requires a Deployment",
        "{type: Idle, targetRef: {apiVersion: v1, kind: Pod, name: n}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
        "{type: RightSize, targetRef: {apiVersion: v1, kind: Pod, name: n}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
    ),
];

pub const CHANGES: &[Change] = &[
    (
        "type, targetRef.kind, targetRef.name and the group of targetRef.apiVersion are immutable",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
        "{WEB, policyRef: {name: p}, proposal: {containers: [{name: c, requests: {cpu: 2}}]}}",
        "{type: RightSize, targetRef: {apiVersion: apps/v1, kind: Deployment, name: other}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
    ),
    (
        "proposal and approval cannot be changed in the same request",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 1}}]}, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}}",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 2}}]}, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}}",
    ),
    (
        "proposal and approval cannot be changed in the same request",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 1}}]}, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}}",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 2}}]}, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}}",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 2}}]}, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:bb'}}",
    ),
    (
        "approver cannot be changed without",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 1}}]}, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}}",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 1}}]}, approval: {decision: Rejected, approver: bob, proposalDigest: 'sha256:aa'}}",
        "{WEB, proposal: {containers: [{name: c, requests: {cpu: 1}}]}, approval: {decision: Approved, approver: bob, proposalDigest: 'sha256:aa'}}",
    ),
];

pub const PROFILE_CHANGES: &[Change] = &[(
    "targetRef.kind and targetRef.name are immutable",
    "{targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}",
    "{targetRef: {apiVersion: apps/v1, kind: Deployment, name: web, uid: u}}",
    "{targetRef: {apiVersion: apps/v1, kind: StatefulSet, name: web}}",
)];
