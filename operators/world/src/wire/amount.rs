//! Quantities and counts on the wire, parsed during deserialisation.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};
use trimtab_core::quantity::{self, QuantityError};

use crate::row::{ResourceAmounts, Resources};

/// A count. Negative ones do not occur; no cluster has more than 32 bits of anything.
pub(crate) fn count(n: Option<i64>, unset: u32) -> u32 {
    n.map_or(unset, |n| u32::try_from(n.max(0)).unwrap_or(u32::MAX))
}

/// The parser of a quantity.
pub(crate) trait Unit {
    /// Parses one.
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

/// The CPU and memory of a resource list, and whether it names an accelerator.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ResourceList {
    cpu: Option<Amount<Millis>>,
    memory: Option<Amount<Whole>>,
    accelerator: bool,
}

/// Substrings of the extended resources of accelerators: `nvidia.com/gpu`, `nvidia.com/mig-1g.5gb`, `google.com/tpu`,
/// `aws.amazon.com/neuron`, `habana.ai/gaudi`, `xilinx.com/fpga-…`.
const ACCELERATORS: [&str; 6] = ["gpu", "mig-", "tpu", "neuron", "gaudi", "fpga"];

fn is_accelerator(resource: &str) -> bool {
    resource.split_once('/').is_some_and(|(_, name)| ACCELERATORS.iter().any(|part| name.contains(part)))
}

/// A key of a resource list, compared without allocating: there are several in each container of each pod.
enum Key {
    Cpu,
    Memory,
    Accelerator,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

struct KeyVisitor;

impl de::Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a resource")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Key, E> {
        Ok(match name {
            "cpu" => Key::Cpu,
            "memory" => Key::Memory,
            name if is_accelerator(name) => Key::Accelerator,
            _ => Key::Other,
        })
    }
}

struct ListVisitor;

impl<'de> de::Visitor<'de> for ListVisitor {
    type Value = ResourceList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of quantities")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<ResourceList, A::Error> {
        let mut list = ResourceList::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Cpu => list.cpu = map.next_value()?,
                Key::Memory => list.memory = map.next_value()?,
                Key::Accelerator => list.accelerator |= map.next_value::<Amount<Whole>>()?.0 > 0,
                Key::Other => drop(map.next_value::<de::IgnoredAny>()?),
            }
        }
        Ok(list)
    }
}

impl<'de> Deserialize<'de> for ResourceList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ListVisitor)
    }
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
    /// Whether it requests an accelerator, such as a GPU.
    pub(crate) fn accelerator(self) -> bool {
        [self.requests, self.limits].into_iter().flatten().any(|list| list.accelerator)
    }

    /// As written, including zeros.
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
