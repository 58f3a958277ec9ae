//! Money as it is written in objects: a decimal string and a currency. Floats are never used for it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The pattern of an amount: up to twelve digits and nine decimals, without an exponent.
pub const AMOUNT_PATTERN: &str = r"^[0-9]{1,12}(\.[0-9]{1,9})?$";

/// A non-negative amount of money as a decimal string, such as `"0.096"`. Its currency is a field of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(pub String);

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "maxLength": 22, "pattern": AMOUNT_PATTERN})
    }
}

/// An ISO 4217 currency code such as `USD`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(pub String);

impl Default for Currency {
    fn default() -> Self {
        Self("USD".to_owned())
    }
}

impl JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "maxLength": 3, "pattern": "^[A-Z]{3}$"})
    }
}
