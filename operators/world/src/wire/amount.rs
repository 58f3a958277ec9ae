//! Quantities on the wire, parsed while they are read.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};
use trimtab_core::quantity::{self, QuantityError};

use crate::row::{ResourceAmounts, Resources};

/// How a quantity is read.
pub(crate) trait Unit {
    /// Reads one.
    fn parse(text: &str) -> Result<u64, QuantityError>;
}

/// Millicores; also thousandths of a plain number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Millis;

/// Bytes; also plain counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole;

impl Unit for Millis {
    fn parse(text: &str) -> Result<u64, QuantityError> {
        quantity::cpu_millis(text)
    }
}

impl Unit for Whole {
    fn parse(text: &str) -> Result<u64, QuantityError> {
        quantity::bytes(text)
    }
}

/// A quantity in a unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount<U>(pub(crate) u64, PhantomData<U>);

struct AmountVisitor<U>(PhantomData<U>);

impl<U: Unit> de::Visitor<'_> for AmountVisitor<U> {
    type Value = Amount<U>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resource quantity")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount<U>, E> {
        U::parse(text).map(|n| Amount(n, PhantomData)).map_err(|e| E::custom(format_args!("{text:?}: {e}")))
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<Amount<U>, E> {
        self.visit_str(&n.to_string())
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> Result<Amount<U>, E> {
        self.visit_str(&n.to_string())
    }

    fn visit_f64<E: de::Error>(self, n: f64) -> Result<Amount<U>, E> {
        self.visit_str(&n.to_string())
    }
}

impl<'de, U: Unit> Deserialize<'de> for Amount<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor(PhantomData))
    }
}

/// The CPU and memory of a resource list.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ResourceList {
    cpu: Option<Amount<Millis>>,
    memory: Option<Amount<Whole>>,
}

impl ResourceList {
    pub(crate) fn amounts(self) -> ResourceAmounts {
        ResourceAmounts { cpu: self.cpu.map(|a| a.0), memory: self.memory.map(|a| a.0) }
    }
}

/// `resources` of a container, a pod or a container's status.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Requirements {
    requests: Option<ResourceList>,
    limits: Option<ResourceList>,
}

impl Requirements {
    /// As written, with zeros.
    pub(crate) fn row(self) -> Resources {
        let requests = self.requests.unwrap_or_default().amounts();
        let limits = self.limits.unwrap_or_default().amounts();
        Resources {
            cpu_request: requests.cpu,
            cpu_limit: limits.cpu,
            memory_request: requests.memory,
            memory_limit: limits.memory,
        }
    }
}
