//! Labels and annotations on the wire.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess},
};

use crate::{intern::Interner, row::Labels};

/// A filter on keys.
pub(crate) trait Keep {
    /// Whether `key` is kept.
    fn keep(key: &str) -> bool;
}

/// Every key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct All;

/// Annotations of namespaces and pods: Trimtab's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own;

/// Annotations of workloads: Trimtab's own and ownership marks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks;

impl Keep for All {
    fn keep(_: &str) -> bool {
        true
    }
}

impl Keep for Own {
    fn keep(key: &str) -> bool {
        key.starts_with("trimtab.dev/")
    }
}

impl Keep for Marks {
    fn keep(key: &str) -> bool {
        ["trimtab.dev/", "argocd.argoproj.io/", "meta.helm.sh/"].iter().any(|prefix| key.starts_with(prefix))
            || key == "kubectl.kubernetes.io/default-container"
    }
}

/// A map of strings of which only some keys are kept; others, such as last-applied configurations, are never stored.
#[derive(Clone, Debug)]
pub(crate) struct Pairs<K>(Vec<(String, String)>, PhantomData<K>);

impl<K> Default for Pairs<K> {
    fn default() -> Self {
        Self(Vec::new(), PhantomData)
    }
}

impl<K> Pairs<K> {
    /// Whether `key` is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(k, _)| k == key)
    }

    pub(crate) fn row(&self, interner: &mut Interner) -> Labels {
        if self.0.is_empty() {
            return Labels::default();
        }
        self.0.iter().map(|(k, v)| (interner.text(k), interner.text(v))).collect()
    }
}

struct PairsVisitor<K>(PhantomData<K>);

impl<'de, K: Keep> de::Visitor<'de> for PairsVisitor<K> {
    type Value = Pairs<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of strings")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Pairs<K>, E> {
        Ok(Pairs::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<K>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if K::keep(&key) {
                pairs.push((key, map.next_value::<Option<String>>()?.unwrap_or_default()));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Pairs(pairs, PhantomData))
    }
}

impl<'de, K: Keep> Deserialize<'de> for Pairs<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor(PhantomData))
    }
}
