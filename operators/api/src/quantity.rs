//! Resource quantities and percentages as they are written in a spec: strings with a schema of their own.
//!
//! In: JSON strings or integers, as Kubernetes accepts for quantities. Out: newtypes that keep what was written; parsing
//! into numbers happens once, when a spec is validated.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use trimtab_core::quantity::{QuantityError, bytes};

/// The pattern of a non-negative Kubernetes quantity: a decimal number with an optional suffix or exponent.
pub const QUANTITY_PATTERN: &str = r"^[0-9]{1,15}(\.[0-9]{1,9})?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]{1,2})?$";

/// Whether a quantity is beyond 64 bits: the pattern admits such amounts, and nothing can calculate with them.
pub fn is_too_large(text: &str) -> bool {
    bytes(text) == Err(QuantityError::TooLarge)
}

/// The pattern of a percentage of replicas: `1%` to `100%`. A step with 0% would have no effect.
pub const INT_OR_PERCENT_PATTERN: &str = "^(100|[1-9][0-9]?)%$";

fn string_or_integer<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Integer(i64),
    }
    Ok(match Either::deserialize(d)? {
        Either::Text(s) => s,
        Either::Integer(n) => n.to_string(),
    })
}

/// A Kubernetes resource quantity such as `250m`, `2` or `512Mi`.
///
/// It replaces the type of k8s-openapi, which has no pattern and adds forty lines of text to each schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Quantity(pub String);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        string_or_integer(d).map(Self)
    }
}

impl JsonSchema for Quantity {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "maxLength": 32,
            "pattern": QUANTITY_PATTERN,
            // The pattern excludes negative strings, and this excludes negative integers.
            "minimum": 0,
        })
    }
}

/// A number of replicas, or a percentage of them such as `20%`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum IntOrPercent {
    /// A number of replicas.
    Int(i32),
    /// A percentage of the replicas, such as `20%`.
    Percent(String),
}

impl<'de> Deserialize<'de> for IntOrPercent {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = string_or_integer(d)?;
        Ok(text.parse().map_or(Self::Percent(text), Self::Int))
    }
}

impl JsonSchema for IntOrPercent {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "IntOrPercent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "maxLength": 4,
            "pattern": INT_OR_PERCENT_PATTERN,
            "minimum": 1,
            "maximum": 100_000,
        })
    }
}
