//! What fields of shared types mean in a RemediationAction, where their own descriptions speak of a proposal of sizes.
//!
//! In: the schema of a field. Out: the same with other descriptions. Types and bounds stay as they are.

use schemars::Schema;

fn describe(schema: &mut Schema, field: &str, text: &str) {
    if let Some(field) = schema.pointer_mut(field).and_then(|field| field.as_object_mut()) {
        field.insert("description".to_owned(), text.into());
    }
}

/// Of `spec.approval`.
pub(crate) fn approval(schema: &mut Schema) {
    describe(
        schema,
        "/properties/proposalDigest",
        "The digest of the plan, copied from `status.proposalDigest`. The approval has no effect if it does not match the \
         current plan.",
    );
}

/// Of `status.approval`.
pub(crate) fn honoured(schema: &mut Schema) {
    describe(schema, "/properties/rule", "The rule that allowed the decision, such as the approver's RBAC permission.");
    describe(schema, "/properties/proposalDigest", "The digest of the plan.");
    describe(schema, "/properties/targetUid", "Not set: the digest covers the UIDs of all targets.");
}

/// Of `status.risk`.
pub(crate) fn risk(schema: &mut Schema) {
    describe(
        schema,
        "/properties/proposalDigest",
        "The digest of the plan that was assessed. While it differs from `status.proposalDigest`, the risk counts as High.",
    );
}

/// Of lists of checks.
pub(crate) fn checks(schema: &mut Schema) {
    describe(
        schema,
        "/items/properties/name",
        "The name of the check, such as `Readiness`, or `Query/NAME` for a query of `spec.verify`.",
    );
    describe(schema, "/items/properties/verdict", "The result of the check.");
}

/// Of `status.undo.cause`.
pub(crate) fn undo(schema: &mut Schema) {
    describe(
        schema,
        "/properties/nothingToRestore",
        "Whether nothing that the action had written was still there when the undo ended, so that there was nothing to \
         restore.",
    );
}
